//! Pages that may call the server and read its replies (CORS): none, unless they are named when the server is started.
//!
//! Source: Fetch Standard, "CORS protocol". Methods and headers are not restricted, because any client that
//! reaches the server may use all of them anyway.

use std::str::FromStr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use hyper::{Response, StatusCode, Uri};

use super::hosts::HostName;

/// An origin whose pages may ask, such as `http://localhost:3000`, or `*` for every one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write scheme and host, and the port if the page has one, such as http://localhost:3000, or * for every page"
)]
pub struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        if text == "*" {
            return Ok(Self(text.to_owned()));
        }
        let uri: Uri = text.parse().map_err(|_| NoOrigin)?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let is_bare = uri.path() == "/" && uri.query().is_none() && !text.ends_with('/');
        let authority = uri.authority().map_or("", |host| host.as_str());
        let is_host = HostName::of_authority(authority).is_ok();
        match is_web && is_bare && is_host {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(NoOrigin),
        }
    }
}

/// The origin of a request, if its pages may ask; a request with several has none.
pub(super) fn allowed(pages: &[Origin], headers: &HeaderMap) -> Option<HeaderValue> {
    if pages.is_empty() {
        return None;
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return None;
    };
    let is_allowed = |page: &Origin| page.0 == "*" || page.0.as_bytes() == origin.as_bytes();
    pages.iter().any(is_allowed).then(|| origin.clone())
}

/// The answer to a browser that asks whether its page may ask.
pub(super) fn may_ask(headers: &HeaderMap) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let answer = response.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(wanted) = wanted {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets the page at `origin` read the answer.
pub(super) fn readable(response: &mut Response<Full<Bytes>>, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
    // What SDKs look at in a reply.
    let read = HeaderValue::from_static("x-amzn-requestid, x-amz-crc32, x-amzn-query-error, date");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, read);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for text in [
            "http://localhost:3000",
            "https://shop.example.com",
            "*",
            "http://[::1]:8080",
        ] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in [
            "localhost:3000",
            "http://localhost:3000/",
            "http://localhost/path",
            "http://u@localhost",
            "ftp://localhost",
            "null",
            "",
            "http://*.example.com:x",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NoOrigin), "{text}");
        }
    }

    #[test]
    fn pages_are_named_exactly_or_all_together() {
        let headers = |origins: &[&str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        let named = ["http://Localhost:3000".parse().unwrap()];
        let all = ["*".parse().unwrap()];
        for (origins, of_named, of_all) in [
            (&["http://localhost:3000"][..], true, true),
            (&["http://localhost:3001"], false, true),
            (&["https://localhost:3000"], false, true),
            (&["http://localhost:3000.evil.example"], false, true),
            (&["null"], false, true),
            (
                &["http://localhost:3000", "http://evil.example"],
                false,
                false,
            ),
            (&[], false, false),
        ] {
            let headers = headers(origins);
            assert_eq!(allowed(&named, &headers).is_some(), of_named, "{origins:?}");
            assert_eq!(allowed(&all, &headers).is_some(), of_all, "{origins:?}");
            assert_eq!(allowed(&[], &headers), None, "nobody asked for it");
        }
    }
}
