//! Whom a server answers: which names it goes by, and whose pages may ask.
//!
//! Nothing is authenticated on loopback, and a browser reaches loopback too. A page whose name is pointed at 127.0.0.1
//! (DNS rebinding) still sends its own name as `Host`, and a page of any other site sends its `Origin`: both are refused.
//! No request gets leave for its page to read the answer (CORS), so `OPTIONS` is refused as well, unless the page is one of
//! those that are named when the server is started ([`super::pages`]).

use std::net::IpAddr;
use std::str::FromStr;

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, Request, StatusCode, Uri};

use super::Refused;
use super::pages::{self, Origin};

/// The names and addresses a server goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    bound: IpAddr,
    allowed: Vec<HostName>,
    /// Whose pages may ask, and read the answers.
    pages: Vec<Origin>,
    /// A request that calls the server by no name at all is answered.
    nameless: bool,
}

/// A host without a port: a name in lower case, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    /// Such as `orders-sqs.local`, without a dot at its end.
    Name(String),
    /// IPv4 or IPv6.
    Address(IpAddr),
}

/// A text that is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a name or an address without scheme, port and path, such as orders-sqs.local")]
pub struct NoHost;

impl FromStr for HostName {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        match bare {
            Some(bare) => bare
                .parse()
                .map(|v6: std::net::Ipv6Addr| Self::Address(v6.into())),
            None if text.contains(':') => text.parse().map(Self::Address),
            None => return Self::of_name(text),
        }
        .map_err(|_| NoHost)
    }
}

impl HostName {
    fn of_name(text: &str) -> Result<Self, NoHost> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = (1..=253).contains(&name.len()) && name.bytes().all(is_allowed);
        match is_name && name.split('.').all(|label| !label.is_empty()) {
            true => Ok(Self::Name(name.to_ascii_lowercase())),
            false => Err(NoHost),
        }
    }

    /// The host of `host` or `host:port`.
    pub(super) fn of_authority(authority: &str) -> Result<Self, NoHost> {
        let (host, port) = match authority.rfind(']') {
            Some(end) if authority.starts_with('[') => authority.split_at(end + 1),
            Some(_) => return Err(NoHost),
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let is_port = match port.strip_prefix(':') {
            Some(digits) => {
                digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
            }
            None => port.is_empty(),
        };
        match is_port && !host.is_empty() {
            true => host.parse(),
            false => Err(NoHost),
        }
    }
}

impl Hosts {
    /// Those of a server on loopback: every loopback address, `localhost` and the names below it.
    pub fn loopback() -> Self {
        Self::new(std::net::Ipv4Addr::LOCALHOST.into(), Vec::new())
    }

    /// The same with the address a server is bound to and with further names.
    pub fn new(bound: IpAddr, allowed: Vec<HostName>) -> Self {
        Self {
            bound,
            allowed,
            pages: Vec::new(),
            nameless: false,
        }
    }

    /// The same, where these pages may ask and read the answers, whatever their origin.
    #[must_use]
    pub fn answering_pages(mut self, pages: Vec<Origin>) -> Self {
        self.pages = pages;
        self
    }

    /// The origin of a request from a page that may read its answer.
    pub(super) fn page<B>(&self, request: &Request<B>) -> Option<HeaderValue> {
        pages::allowed(&self.pages, request.headers())
    }

    /// The same, where clients are programs written by hand that may send no `Host`; every browser does.
    #[must_use]
    pub(crate) fn or_nameless(mut self) -> Self {
        self.nameless = true;
        self
    }

    /// Refuses a request that calls the server by a name that is not its own, or that comes from a page elsewhere. `local`
    /// is the address its connection came in by.
    pub(super) fn admit<B>(
        &self,
        request: &Request<B>,
        local: Option<IpAddr>,
    ) -> Result<(), Refused> {
        let (method, headers) = (request.method(), request.headers());
        let page = self.page(request);
        let is_answered = match *method {
            Method::OPTIONS => page.is_some(),
            Method::CONNECT | Method::TRACE => false,
            _ => true,
        };
        if !is_answered {
            return Err(Refused::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!(
                    "{} is not answered; pages of other origins get no leave to ask.",
                    method
                ),
            ));
        }
        match only(headers, HOST)? {
            Some(called) => self.admit_call(request.uri(), called, local)?,
            None if self.nameless => {}
            None => return Err(malformed("has no Host header".into())),
        }
        match only(headers, ORIGIN)? {
            None => Ok(()),
            Some(origin) if page.is_some() || self.is_own(origin, local) => Ok(()),
            Some(origin) => Err(forbidden(format!(
                "Pages of {origin:?} are not answered. If the origin is meant, start the server with --allow-host NAME, or, \
                 if its pages are to read the answers, with --cors ORIGIN."
            ))),
        }
    }

    /// Refuses a request to `target` that calls the server `called`, unless that is one of its names.
    fn admit_call(&self, target: &Uri, called: &str, local: Option<IpAddr>) -> Result<(), Refused> {
        let host = HostName::of_authority(called).map_err(|NoHost| {
            malformed(format!(
                "has the Host header {called:?}, which names no host"
            ))
        })?;
        if let Some(target) = target.authority()
            && !target.as_str().eq_ignore_ascii_case(called)
        {
            let target = target.as_str();
            return Err(malformed(format!(
                "is for {target:?} and has the Host header {called:?}"
            )));
        }
        match self.includes(&host, local) {
            true => Ok(()),
            false => Err(forbidden(format!(
                "This server does not go by the name {called:?}: a page whose name leads here could ask under it. If the \
                 name is meant, start it with --allow-host NAME, or call it by localhost."
            ))),
        }
    }

    fn is_own(&self, origin: &str, local: Option<IpAddr>) -> bool {
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        authority
            .and_then(|authority| HostName::of_authority(authority).ok())
            .is_some_and(|host| self.includes(&host, local))
    }

    fn includes(&self, host: &HostName, local: Option<IpAddr>) -> bool {
        if self.allowed.contains(host) {
            return true;
        }
        match host {
            HostName::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            HostName::Address(address) => {
                let address = address.to_canonical();
                // Bound to every address, it goes by the one that this connection came in by.
                let own = match self.bound.is_unspecified() {
                    true => local.map(|local| local.to_canonical()),
                    false => None,
                };
                address.is_loopback()
                    || address == self.bound.to_canonical()
                    || own == Some(address)
            }
        }
    }
}

/// The authority a request calls its server by; empty if it names none.
pub(crate) fn called(headers: &HeaderMap) -> &str {
    let host = headers.get(HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// The value of a header that may be there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Refused> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(malformed(format!("has a {name} header that is not text"))),
        },
        (Some(_), Some(_)) => Err(malformed(format!("has more than one {name} header"))),
    }
}

fn malformed(what: String) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, format!("The request {what}."))
}

fn forbidden(message: String) -> Refused {
    Refused::new(StatusCode::FORBIDDEN, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &[&str], origin: Option<&str>) -> Request<()> {
        let mut request = Request::post("/");
        for host in host {
            request = request.header(HOST, *host);
        }
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        request.body(()).unwrap()
    }

    fn status(hosts: &Hosts, head: &Request<()>) -> u16 {
        let local = Some([192, 168, 1, 5].into());
        let answer = hosts.admit(head, local);
        answer.map_or_else(|refused| refused.status.as_u16(), |()| 200)
    }

    #[test]
    fn a_server_answers_to_its_own_names_and_no_others() {
        let hosts = Hosts::new(
            [127, 0, 0, 1].into(),
            vec!["Orders-SQS.local.".parse().unwrap()],
        );
        let cases = [
            ("127.0.0.1:9324", 200, "as it is served"),
            ("localhost", 200, "without a port"),
            ("LocalHost:80", 200, "upper case, a forwarded port"),
            ("localhost.:9324", 200, "a dot at the end"),
            (
                "orders.localhost:1",
                200,
                "names below localhost stay on this machine",
            ),
            ("[::1]:9324", 200, "IPv6"),
            ("[::ffff:127.0.0.1]", 200, "IPv4 within IPv6"),
            ("127.8.9.10", 200, "loopback is a network"),
            (
                "orders-sqs.local:19324",
                200,
                "allowed, by a forwarded port",
            ),
            ("ORDERS-SQS.LOCAL.", 200, "allowed, written otherwise"),
            ("evil.example", 403, "a name that leads here"),
            ("localhost.evil.example", 403, "begins well"),
            (
                "evil-localhost",
                403,
                "ends well, but is not a name below localhost",
            ),
            ("sqs.local", 403, "a part of an allowed name"),
            ("x.orders-sqs.local", 403, "below an allowed name"),
            (
                "192.168.1.5:9324",
                403,
                "the machine's address, on which it is not served",
            ),
            ("0.0.0.0:9324", 403, "every address leads here, too"),
            ("127.0.0.1.evil.example", 403, "begins like an address"),
            ("2130706433", 403, "127.0.0.1 in one number"),
            ("evil.example:80@127.0.0.1", 400, "userinfo"),
            ("user@localhost", 400, "userinfo"),
            ("localhost:x", 400, "no port"),
            ("localhost:99999", 400, "no port either"),
            ("localhost:1:2", 400, "two ports"),
            ("local host", 400, "no name"),
            ("localhost/evil", 400, "a path"),
            ("[::1", 400, "half an address"),
            ("::1", 400, "an address without its brackets"),
            ("[localhost]", 400, "a name in brackets"),
            ("", 400, "nothing"),
            (".", 400, "no label"),
            ("localhost..", 400, "an empty label"),
        ];
        for (host, expected, why) in cases {
            assert_eq!(
                status(&hosts, &request(&[host], None)),
                expected,
                "{host}: {why}"
            );
        }
        assert_eq!(status(&hosts, &request(&[], None)), 400, "none");
        assert_eq!(
            status(&hosts, &request(&["localhost", "evil.example"], None)),
            400,
            "two"
        );
        assert_eq!(
            status(&hosts, &request(&["localhost", "localhost"], None)),
            400,
            "twice"
        );
    }

    #[test]
    fn pages_of_others_are_refused_whatever_they_call_the_server() {
        let hosts = Hosts::new(
            [127, 0, 0, 1].into(),
            vec!["orders-sqs.local".parse().unwrap()],
        );
        for (origin, expected) in [
            ("http://localhost:3000", 200),
            ("https://orders-sqs.local", 200),
            ("http://[::1]:8080", 200),
            ("http://evil.example", 403),
            ("http://localhost.evil.example", 403),
            ("http://6.6.6.6", 403),
            ("http://user@localhost", 403),
            ("null", 403),
            ("file://", 403),
            ("chrome-extension://localhost", 403),
            ("localhost", 403),
            ("", 403),
        ] {
            let head = request(&["127.0.0.1:9324"], Some(origin));
            assert_eq!(status(&hosts, &head), expected, "{origin}");
        }
        let mut twice = request(&["localhost"], Some("http://localhost"));
        twice
            .headers_mut()
            .append(ORIGIN, "http://evil.example".parse().unwrap());
        assert_eq!(status(&hosts, &twice), 400);
    }

    #[test]
    fn bound_beyond_loopback_it_goes_by_that_address_too() {
        let one = Hosts::new([10, 0, 0, 7].into(), Vec::new());
        let all = Hosts::new([0, 0, 0, 0].into(), Vec::new());
        for (host, of_one, of_all) in [
            ("10.0.0.7:9324", 200, 403),
            ("192.168.1.5:9324", 403, 200),
            ("0.0.0.0", 403, 200),
            ("8.8.8.8", 403, 403),
            ("localhost", 200, 200),
            ("evil.example", 403, 403),
        ] {
            let head = request(&[host], None);
            assert_eq!(status(&one, &head), of_one, "{host}");
            assert_eq!(status(&all, &head), of_all, "{host}");
        }
    }

    #[test]
    fn a_target_that_names_another_host_and_methods_of_browsers_are_refused() {
        let hosts = Hosts::loopback();
        let mut absolute = request(&["localhost:9324"], None);
        *absolute.uri_mut() = "http://localhost:9324/".parse().unwrap();
        assert_eq!(status(&hosts, &absolute), 200);
        *absolute.uri_mut() = "http://evil.example/".parse().unwrap();
        assert_eq!(status(&hosts, &absolute), 400);
        let mut preflight = request(&["localhost"], Some("http://localhost"));
        *preflight.method_mut() = Method::OPTIONS;
        assert_eq!(status(&hosts, &preflight), 405);
    }

    #[test]
    fn where_programs_are_written_by_hand_a_request_may_call_no_name_but_no_wrong_one() {
        let hosts = Hosts::loopback().or_nameless();
        assert_eq!(status(&hosts, &request(&[], None)), 200);
        assert_eq!(status(&hosts, &request(&["evil.example"], None)), 403);
        assert_eq!(
            status(&hosts, &request(&[], Some("http://evil.example"))),
            403
        );
    }

    #[test]
    fn only_bare_hosts_are_allowed_by_hand() {
        for text in [
            "http://x",
            "x:80",
            "a/b",
            "*",
            "x y",
            "",
            "user@x",
            "é.example",
        ] {
            assert_eq!(text.parse::<HostName>(), Err(NoHost), "{text}");
        }
        for text in ["x", "192.168.1.5", "[::1]", "::1", "a_b.c-d."] {
            assert!(text.parse::<HostName>().is_ok(), "{text}");
        }
    }
}
