//! A fake S3 for tests: objects in memory, and answers that fail in the way a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request that is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nothing is done, and this status and code come back.
    Refused(u16, &'static str),
    /// It is done, and status 500 comes back.
    DoneThen500,
    /// It is done, and no reply comes.
    DoneThenSilence,
    /// It is done, and the connection ends in the middle of the reply's body.
    Torn,
    /// A whole reply with less in it than was asked for.
    Short,
    /// As if no condition had been given.
    WithoutItsCondition,
}

#[derive(Debug, Clone)]
struct Held {
    bytes: Vec<u8>,
    writer: Option<String>,
    version: u64,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Held>,
    versions: u64,
    /// What the next requests of these methods come to.
    wrong: VecDeque<(&'static str, Wrong)>,
    requests: Vec<String>,
}

/// The server. It ends with its runtime.
#[derive(Clone)]
pub(super) struct FakeS3 {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

const BUCKET: &str = "/runs/";

impl FakeS3 {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let fake = Self {
            address: listener.local_addr().expect("an address"),
            state: Arc::default(),
        };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        fake
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request of this method goes wrong so.
    pub(super) fn next(&self, method: &'static str, wrong: Wrong) {
        self.state().wrong.push_back((method, wrong));
    }

    /// Another process has written an object.
    pub(super) fn put(&self, key: &str, bytes: &[u8], writer: &str) {
        self.state()
            .put(key, bytes.to_vec(), Some(writer.to_owned()));
    }

    pub(super) fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.objects.get(key).map(|held| held.bytes.clone())
    }

    /// Method and path of every request.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = Request::read(&mut stream).await {
            let (answer, wrong) = self.state().answer(&request);
            if wrong == Some(Wrong::DoneThenSilence) {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
            let mut bytes = answer.bytes();
            if wrong == Some(Wrong::Torn) {
                bytes.truncate(bytes.len() - answer.body.len() / 2);
            }
            if stream.get_mut().write_all(&bytes).await.is_err() || wrong == Some(Wrong::Torn) {
                return;
            }
        }
    }
}

struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            match line.trim().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None => break,
            };
        }
        let length = headers.get("content-length");
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
        stream.read_exact(&mut body).await.ok()?;
        Some(Self {
            method,
            path,
            headers,
            body,
        })
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn error(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>as told</Message></Error>"
        );
        Self {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} Told\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl State {
    fn put(&mut self, key: &str, bytes: Vec<u8>, writer: Option<String>) {
        self.versions += 1;
        let version = self.versions;
        let held = Held {
            bytes,
            writer,
            version,
        };
        self.objects.insert(key.to_owned(), held);
    }

    fn answer(&mut self, request: &Request) -> (Answer, Option<Wrong>) {
        self.requests
            .push(format!("{} {}", request.method, request.path));
        assert!(
            request.headers.contains_key("x-amz-content-sha256"),
            "S3 asks for the body's digest"
        );
        let next = self.wrong.front();
        let wrong = match next.is_some_and(|(method, _)| *method == request.method) {
            true => self.wrong.pop_front().map(|(_, wrong)| wrong),
            false => None,
        };
        if let Some(Wrong::Refused(status, code)) = wrong {
            return (Answer::error(status, code), wrong);
        }
        let conditions = wrong != Some(Wrong::WithoutItsCondition);
        let mut answer = match request.path.split_once('?') {
            Some((_, query)) => self.list(query),
            None => self.object(request, conditions),
        };
        match wrong {
            Some(Wrong::DoneThen500) => answer = Answer::error(500, "InternalError"),
            Some(Wrong::Short) => answer.body.truncate(answer.body.len() / 2),
            _ => {}
        }
        (answer, wrong)
    }

    fn object(&mut self, request: &Request, conditions: bool) -> Answer {
        let Some(key) = request.path.strip_prefix(BUCKET) else {
            return Answer::error(404, "NoSuchBucket");
        };
        let header = |name: &str| request.headers.get(name).cloned();
        let nothing = |status| Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        };
        match (request.method.as_str(), self.objects.get(key)) {
            ("PUT", Some(_)) if conditions && header("if-none-match").is_some() => {
                Answer::error(412, "PreconditionFailed")
            }
            ("PUT", _) => {
                let writer = header("x-amz-meta-orderproof-writer");
                self.put(key, request.body.clone(), writer);
                nothing(200)
            }
            ("DELETE", _) => {
                self.objects.remove(key);
                nothing(204)
            }
            (_, None) => Answer::error(404, "NoSuchKey"),
            (_, Some(held)) => held.get(header("range"), header("if-match")),
        }
    }

    fn list(&self, query: &str) -> Answer {
        const PAGE: usize = 3;
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .into_iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.replace("%2F", "/"))
        };
        let prefix = value("prefix").expect("a prefix");
        let after = value("continuation-token").unwrap_or_default();
        let keys = self.objects.iter().filter(|(key, _)| {
            key.starts_with(&prefix) && (after.is_empty() || key.as_str() > after.as_str())
        });
        let keys: Vec<_> = keys.collect();
        let shown = &keys[..keys.len().min(PAGE)];
        let more = keys.len() > PAGE;
        let mut body = format!(
            "<?xml version=\"1.0\"?>\n<ListBucketResult><Name>runs</Name><IsTruncated>{more}</IsTruncated>"
        );
        if more {
            body += &format!(
                "<NextContinuationToken>{}</NextContinuationToken>",
                shown[PAGE - 1].0
            );
        }
        for (key, held) in shown {
            body += &format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><ETag>&quot;{}&quot;</ETag></Contents>",
                held.bytes.len(),
                held.version
            );
        }
        Answer {
            status: 200,
            headers: Vec::new(),
            body: (body + "</ListBucketResult>").into_bytes(),
        }
    }
}

impl Held {
    fn get(&self, range: Option<String>, version: Option<String>) -> Answer {
        let etag = format!("\"{}\"", self.version);
        if version.is_some_and(|version| version != etag) {
            return Answer::error(412, "PreconditionFailed");
        }
        let (from, to) = match &range {
            None => (0, usize::MAX),
            Some(range) => {
                let (from, to) = range[6..].split_once('-').expect("a range");
                (
                    from.parse().expect("from"),
                    to.parse::<usize>().expect("to"),
                )
            }
        };
        if range.is_some() && from >= self.bytes.len() {
            return Answer::error(416, "InvalidRange");
        }
        let end = self.bytes.len().min(to.saturating_add(1));
        let mut headers = vec![("etag", etag)];
        headers.extend(
            self.writer
                .clone()
                .map(|writer| ("x-amz-meta-orderproof-writer", writer)),
        );
        Answer {
            status: if range.is_some() { 206 } else { 200 },
            headers,
            body: self.bytes[from..end].to_vec(),
        }
    }
}
