//! The endpoint: what to connect to, what to sign for and what to call it in a request.

use hyper::Uri;

use super::SendError;

/// An endpoint taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// The `Host` header: the port only where it is not the scheme's own, as signatures have it.
    pub(super) authority: String,
    /// What is signed: the URL requests go to.
    pub(super) url: String,
    /// The URL's path, `/` for SQS itself.
    pub(super) path: String,
}

impl Endpoint {
    pub(super) fn parse(endpoint: &str) -> Result<Self, SendError> {
        let wrong = |cause| SendError::Endpoint {
            endpoint: endpoint.to_owned(),
            cause,
        };
        let uri: Uri = endpoint.parse().map_err(|_| wrong("is not a URL"))?;
        let (tls, own_port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(wrong("does not begin with http:// or https://")),
        };
        let host = uri.host().ok_or_else(|| wrong("names no host"))?;
        if uri.query().is_some() {
            return Err(wrong("carries a query"));
        }
        let port = uri.port_u16().unwrap_or(own_port);
        let authority = if port == own_port {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let path = match uri.path().trim_end_matches('/') {
            "" => "/".to_owned(),
            path => path.to_owned(),
        };
        let scheme = if tls { "https" } else { "http" };
        Ok(Self {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            url: format!("{scheme}://{authority}{path}"),
            authority,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_taken_apart() {
        let cases = [
            (
                "http://127.0.0.1:4566",
                "127.0.0.1:4566",
                4566,
                "http://127.0.0.1:4566/",
            ),
            (
                "https://sqs.eu-west-1.amazonaws.com/",
                "sqs.eu-west-1.amazonaws.com",
                443,
                "https://sqs.eu-west-1.amazonaws.com/",
            ),
            ("https://h:443", "h", 443, "https://h/"),
            ("http://h:443", "h:443", 443, "http://h:443/"),
            ("http://h/under/a/path/", "h", 80, "http://h/under/a/path"),
            ("http://[::1]:9", "[::1]:9", 9, "http://[::1]:9/"),
        ];
        for (text, authority, port, url) in cases {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.authority, authority, "{text}");
            assert_eq!(endpoint.port, port, "{text}");
            assert_eq!(endpoint.url, url, "{text}");
        }
        assert_eq!(Endpoint::parse("http://[::1]:9").unwrap().host, "::1");
        for text in ["", "localhost:4566", "ftp://h", "/path", "http://h/?q=1"] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
