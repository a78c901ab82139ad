//! Who may ask: this machine's own browser for this page's own sake.
//!
//! Nothing is authenticated on loopback, and a browser reaches loopback for pages of any site. A name that is made to point
//! here (DNS rebinding) is still sent as `Host`; a page of another site sends its `Origin`, or its browser says in
//! `Sec-Fetch-PageState` (Fetch Metadata) that the request is not of this one. No answer may be read by other origins, since
//! none carries a CORS header.

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{Method, Request, StatusCode};

/// Why a request is not answered.
pub(super) type Denial = (StatusCode, &'static str);

/// Refuses what is not for this page's own sake.
pub(super) fn admit<B>(request: &Request<B>) -> Result<(), Denial> {
    if *request.method() != Method::GET {
        let words = "only GET is answered: nothing can be changed here";
        return Err((StatusCode::METHOD_NOT_ALLOWED, words));
    }
    let headers = request.headers();
    let host = only(headers, &HOST)?;
    let host = host.ok_or((StatusCode::BAD_REQUEST, "the request has no Host"))?;
    let target = request.uri().authority();
    if target.is_some_and(|target| target.as_str() != host) {
        return Err((StatusCode::BAD_REQUEST, "the request names two hosts"));
    }
    if !is_loopback(host) {
        let words = "this server goes by 127.0.0.1 and localhost only";
        return Err((StatusCode::FORBIDDEN, words));
    }
    let elsewhere = (
        StatusCode::FORBIDDEN,
        "pages of other origins are not answered",
    );
    let origin = only(headers, &ORIGIN)?;
    if origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err(elsewhere);
    }
    let said = |name| only(headers, &HeaderName::from_static(name));
    match said("sec-fetch-site")? {
        // No browser, or an old one.
        None | Some("same-origin" | "none") => Ok(()),
        // A link on another page was followed. That page cannot read the answer.
        Some(_)
            if request.uri().path() == "/"
                && said("sec-fetch-mode")? == Some("navigate")
                && said("sec-fetch-dest")? == Some("document") =>
        {
            Ok(())
        }
        Some(_) => Err(elsewhere),
    }
}

/// The header's value, if it is there; twice is not once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Denial> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(|value| value.to_str());
    match (value, values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err((StatusCode::BAD_REQUEST, "a header is not legible")),
    }
}

/// Whether an authority names this machine; its port is not looked at, which a tunnel may have changed.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost"].contains(&name)
}
