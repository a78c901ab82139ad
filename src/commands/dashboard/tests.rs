//! Whom the page answers; each refusal beside the near miss that is answered.

use hyper::{Method, Request, StatusCode};

use super::guard::admit;

fn request(method: Method, target: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target);
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

fn status(target: &str, headers: &[(&str, &str)]) -> u16 {
    let refused = admit(&request(Method::GET, target, headers)).err();
    refused.map_or(200, |(status, _)| status.as_u16())
}

#[test]
fn only_loopback_names_are_answered_whatever_the_port() {
    for (host, expected) in [
        ("127.0.0.1:5118", 200),
        ("localhost:5118", 200),
        // Through a tunnel from another port, or at port 80.
        ("localhost:8080", 200),
        ("localhost", 200),
        ("evil.example:5118", 403),
        ("localhost.evil.example:5118", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost:80x", 403),
        ("0.0.0.0:5118", 403),
        ("", 403),
    ] {
        assert_eq!(status("/", &[("host", host)]), expected, "{host}");
    }
    assert_eq!(status("/", &[]), 400, "no host at all");
    let twice = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(status("/", &twice), 400);
    let absolute = "http://evil.example/";
    assert_eq!(status(absolute, &[("host", "localhost")]), 400);
    assert_eq!(status("http://localhost/", &[("host", "localhost")]), 200);
}

#[test]
fn only_this_pages_origin_is_answered() {
    let asked = |origin| status("/events", &[("host", "127.0.0.1:5118"), ("origin", origin)]);
    for (origin, expected) in [
        ("http://127.0.0.1:5118", 200),
        // Another server of this machine is another origin.
        ("http://127.0.0.1:5119", 403),
        ("http://localhost:5118", 403),
        ("https://127.0.0.1:5118", 403),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        assert_eq!(asked(origin), expected, "{origin}");
    }
}

#[test]
fn a_browser_that_says_where_a_request_is_from_is_believed() {
    let asked = |path, site, mode, dest| {
        let headers = [
            ("host", "localhost:5118"),
            ("sec-fetch-site", site),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
        ];
        status(path, &headers)
    };
    for path in ["/", "/samples", "/events"] {
        assert_eq!(asked(path, "same-origin", "cors", "empty"), 200);
        assert_eq!(asked(path, "none", "navigate", "document"), 200);
        assert_eq!(asked(path, "cross-site", "no-cors", "image"), 403);
        assert_eq!(asked(path, "same-site", "cors", "empty"), 403);
    }
    // A link that is followed leads to the page, not into a frame, and not to the figures.
    assert_eq!(asked("/", "cross-site", "navigate", "document"), 200);
    assert_eq!(asked("/", "cross-site", "navigate", "iframe"), 403);
    assert_eq!(asked("/samples", "cross-site", "navigate", "document"), 403);
}

#[test]
fn only_get_is_answered() {
    let headers = [("host", "localhost:5118")];
    for method in [Method::POST, Method::HEAD, Method::OPTIONS, Method::DELETE] {
        let refused = admit(&request(method.clone(), "/", &headers)).unwrap_err();
        assert_eq!(refused.0, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(status("/", &headers), 200);
}
