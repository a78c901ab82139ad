//! Requests of the Query and JSON protocols, and their replies.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::super::answer::equal;
use super::super::check::Outcome;
use super::super::peer::Peer;

/// What a server answered.
pub struct Reply {
    status: u16,
    body: String,
}

/// The XML of a success.
pub struct Xml(String);

/// Asks SNS.
pub async fn sns(peer: &Peer, action: &str, fields: &[(&str, &str)]) -> Result<Reply, String> {
    let head = [("Action", action), ("Version", "2010-03-31")];
    let pairs = head.iter().chain(fields);
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let body = pairs.join("&");
    let headers = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    ask(peer.doors(), "sns", &headers, body).await
}

fn encoded(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    bytes.collect()
}

/// Asks EventBridge.
pub async fn events(peer: &Peer, operation: &str, body: &Value) -> Result<Reply, String> {
    let target = format!("AWSEvents.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &target),
    ];
    ask(peer.doors(), "events", &headers, body.to_string()).await
}

async fn ask(
    endpoint: &str,
    service: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Reply, String> {
    let broken = |_| "a broken connection".to_owned();
    let authority = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let request = request(authority, service, headers, body);
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|_| "no connection".to_owned())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let reply = sender.send_request(request).await.map_err(broken)?;
    let status = reply.status().as_u16();
    let body = reply
        .into_body()
        .collect()
        .await
        .map_err(broken)?
        .to_bytes();
    connection.abort();
    Ok(Reply {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// With a signature of the right form, by which servers tell services apart; none of those that are asked looks at more.
fn request(
    authority: &str,
    service: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Request<Full<Bytes>> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=fidelity/20261126/us-east-1/{service}/aws4_request, SignedHeaders=host;x-amz-date, \
         Signature={}",
        "0".repeat(64)
    );
    let mut request = Request::post("/")
        .header("host", authority)
        .header("x-amz-date", "20261126T080000Z")
        .header("authorization", authorization);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::from(body)).expect("a request")
}

/// Of operations a server has not got at all.
const NO_SUCH_OPERATION: [&str; 4] = [
    "InvalidAction",
    "UnknownOperationException",
    "UnknownOperation",
    "NotImplemented",
];

impl Reply {
    /// The error's code; empty when there is none.
    fn code(&self) -> String {
        if let Ok(json) = serde_json::from_str::<Value>(&self.body) {
            let kind = json
                .get("__type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            return kind.rsplit('#').next().unwrap_or_default().to_owned();
        }
        let error = inside(&self.body, "Error").next().unwrap_or_default();
        inside(error, "Code").next().unwrap_or_default().to_owned()
    }

    fn described(&self) -> String {
        match (self.status, self.code()) {
            (200, _) => "success".to_owned(),
            (status, code) if code.is_empty() => format!("an error without a code (HTTP {status})"),
            (_, code) => format!("the error {code}"),
        }
    }

    /// The XML of a call that should be carried out.
    pub fn good(self, what: &str) -> Result<Xml, String> {
        match self.status {
            200 => Ok(Xml(self.body)),
            _ => Err(format!(
                "{what}: expected success, seen {}",
                self.described()
            )),
        }
    }

    /// The JSON of a call that should be carried out; null where there is none.
    pub fn json(self, what: &str) -> Result<Value, String> {
        let Xml(body) = self.good(what)?;
        match body.is_empty() {
            true => Ok(Value::Null),
            false => super::json(&body),
        }
    }

    /// For refusals whose code the page names.
    pub fn refused(&self, what: &str, code: &str) -> Outcome {
        match self.status {
            200 => Err(format!("{what}: expected {code}, seen success")),
            _ if self.code() == code => Ok(()),
            _ => Err(format!(
                "{what}: expected {code}, seen {}",
                self.described()
            )),
        }
    }

    /// For refusals of which no page says the code.
    pub fn refused_somehow(&self, what: &str) -> Outcome {
        let code = self.code();
        let is_refusal = (400..500).contains(&self.status);
        match is_refusal && !code.is_empty() && !NO_SUCH_OPERATION.contains(&code.as_str()) {
            true => Ok(()),
            false => Err(format!(
                "{what}: expected a refusal, seen {}",
                self.described()
            )),
        }
    }
}

impl Xml {
    /// The text of the first element called so.
    pub fn text(&self, name: &str) -> Result<String, String> {
        let texts = self.texts(name);
        texts
            .into_iter()
            .next()
            .ok_or_else(|| format!("{name}: expected one, seen none"))
    }

    /// The texts of all elements called so.
    pub fn texts(&self, name: &str) -> Vec<String> {
        inside(&self.0, name).map(unescaped).collect()
    }

    /// The part inside the first element called so; empty when there is none.
    pub fn part(&self, name: &str) -> Self {
        Self(inside(&self.0, name).next().unwrap_or_default().to_owned())
    }

    /// The value of an entry of a map of attributes.
    pub fn attribute(&self, name: &str) -> Result<String, String> {
        let entries = inside(&self.0, "entry").map(|entry| Self(entry.to_owned()));
        for entry in entries {
            if entry.text("key")? == name {
                return entry.text("value");
            }
        }
        Err(format!("{name}: expected one, seen none"))
    }

    /// Whether an attribute has this value.
    pub fn has(&self, name: &str, value: &str) -> Outcome {
        equal(name, self.attribute(name)?.as_str(), value)
    }
}

/// What stands inside the elements called so, outermost first in order; none of these services nests one in its own name.
fn inside<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<_> = xml
        .split(open.as_str())
        .skip(1)
        .filter_map(|part| part.split(close.as_str()).next())
        .collect();
    parts.into_iter()
}

fn unescaped(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
    ];
    let text = named
        .iter()
        .fold(text.to_owned(), |text, (name, character)| {
            text.replace(name, character)
        });
    text.replace("&amp;", "&")
}
