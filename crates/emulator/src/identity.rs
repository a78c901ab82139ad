//! The one question of STS that is answered: who is asking. Nobody is told apart.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::http::service::is_form;

/// The action, as it stands in a form.
const ACTION: &[u8] = b"Action=GetCallerIdentity";

/// Whether a form asks who is asking.
pub(super) fn is_asked(headers: &HeaderMap, body: &[u8]) -> bool {
    is_form(headers) && body.split(|byte| *byte == b'&').any(|pair| pair == ACTION)
}

/// The account's root, whoever it is.
pub(super) fn answer(account_id: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account_id}:root</Arn><UserId>{account_id}</UserId><Account>{account_id}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        uuid::Uuid::new_v4()
    );
    let mut response = Response::new(Full::from(body));
    let xml = HeaderValue::from_static("text/xml");
    response.headers_mut().insert(CONTENT_TYPE, xml);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_that_asks_is_answered() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        let asks = b"Action=GetCallerIdentity&Version=2011-06-15";
        for (kind, body, expected, why) in [
            (Some(&form), &asks[..], true, "it asks"),
            (
                Some(&form),
                b"Version=2011-06-15&Action=GetCallerIdentity",
                true,
                "in any order",
            ),
            (Some(&form), b"Action=AssumeRole", false, "another action"),
            (Some(&form), b"Action=GetCallerIdentityNot", false, "almost"),
            (Some(&json), asks, false, "no form"),
            (None, asks, false, "nobody says what it is"),
        ] {
            let kind = kind.map(|kind| (CONTENT_TYPE, kind.clone()));
            let headers = HeaderMap::from_iter(kind);
            assert_eq!(is_asked(&headers, body), expected, "{why}");
        }
    }
}
