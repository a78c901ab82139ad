//! One connection: requests are read as they come, several in a row if the client sends them so, and answered in order.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::behind::{Behind, Raw};
use super::http::{Answer, DateHeader, Head, Parsed, head};
use super::looks::{DeadLetters, SQS, queue_url};
use super::rows::{DYNAMODB, Table};
use super::send::Sends;
use super::server::{DROPPED_PATH, FIGURES_PATH, Shared};
use crate::preflight::STUB_TAG;

/// Bytes read at once.
const READ: usize = 64 << 10;
/// Of the numbers of dropped orders, so many are given in one reply.
const DROPPED_MAX: usize = 1_000_000;

/// Where a request's answer comes from.
enum Way {
    /// From here, at the given instant or at once.
    Here(Answer, Option<Instant>),
    /// From behind, as it is.
    Behind,
    /// From behind, with the stub's letters among the counts of the dead-letter queue.
    Counted,
    /// From behind, with the tag that tells whose queue it is.
    Tagged,
}

/// Answers the requests of one connection until it ends.
pub(super) async fn answer_all(stream: TcpStream, shared: Arc<Shared>, behind: SocketAddr) {
    let mut sends = Sends::new(
        &shared.names.orders_queue,
        &shared.kept,
        &shared.meters,
        shared.reader.clone(),
    );
    let line = Line {
        stream,
        shared: &shared,
        behind: Behind::new(behind),
        date: DateHeader::default(),
        admitted: Vec::new(),
        input: Vec::with_capacity(READ),
        out: Vec::with_capacity(READ),
    };
    if let Err(error) = line.run(&mut sends).await {
        tracing::debug!(%error, "a connection ended");
    }
}

struct Line<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    behind: Behind,
    date: DateHeader,
    /// The name that this connection calls the server by, once that was found to be one of its names.
    admitted: Vec<u8>,
    input: Vec<u8>,
    out: Vec<u8>,
}

impl Line<'_> {
    async fn run(mut self, sends: &mut Sends<'_>) -> std::io::Result<()> {
        loop {
            let mut at = 0;
            let mut asked_on = false;
            while at < self.input.len() {
                let head = match head(&self.input[at..]) {
                    Parsed::Partial => break,
                    Parsed::Bad(status, why) => {
                        let answer = Answer::text(status, format!("{why}\n"));
                        answer.write(&mut self.date, true, &mut self.out);
                        return self.flush().await;
                    }
                    Parsed::Head(head) => head,
                };
                let end = at + head.length + head.body;
                if self.input.len() < end {
                    asked_on = head.waits;
                    break;
                }
                let request = self.input[at..end].to_vec();
                self.answer(&head, &request, sends).await?;
                if head.closes {
                    return self.flush().await;
                }
                at = end;
            }
            self.input.drain(..at);
            if asked_on {
                self.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            self.flush().await?;
            self.input.reserve(READ);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if !self.out.is_empty() {
            self.stream.write_all(&self.out).await?;
            self.out.clear();
        }
        Ok(())
    }

    async fn answer(
        &mut self,
        head: &Head,
        request: &[u8],
        sends: &mut Sends<'_>,
    ) -> std::io::Result<()> {
        // Who may not ask changes nothing.
        if let Some(refused) = self.refused(head, request).await? {
            return self.relay(refused);
        }
        let way = self.way(head, request, sends);
        if let Way::Here(answer, due) = way {
            if let Some(due) = due {
                self.flush().await?;
                sleep_until(due).await;
            }
            answer.write(&mut self.date, head.closes, &mut self.out);
            return Ok(());
        }
        let mut raw = self.behind.ask(request, head.without_body).await?;
        raw = match way {
            Way::Counted => self.counted(raw),
            Way::Tagged => tagged(raw),
            Way::Behind | Way::Here(..) => raw,
        };
        self.relay(raw)
    }

    fn relay(&mut self, raw: Raw) -> std::io::Result<()> {
        self.out.extend_from_slice(&raw.head);
        self.out.extend_from_slice(&raw.body);
        Ok(())
    }

    fn way(&self, head: &Head, request: &[u8], sends: &mut Sends<'_>) -> Way {
        let (target, body) = (&request[head.target.clone()], &request[head.length..]);
        let target = std::str::from_utf8(target).unwrap_or_default();
        let here = |answer: Option<Answer>| answer.map_or(Way::Behind, |it| Way::Here(it, None));
        if let Some(operation) = target.strip_prefix(SQS) {
            return match operation {
                "SendMessage" | "SendMessageBatch" => self.send(operation, body, sends),
                "GetQueueAttributes" => match queue_url(body) {
                    Some(url) if self.dead_letters().is_asked(&url) => Way::Counted,
                    _ => Way::Behind,
                },
                "ListQueueTags" => Way::Tagged,
                _ => here(
                    self.dead_letters()
                        .answer(operation, body, &mut sends.reader),
                ),
            };
        }
        if let Some(operation) = target.strip_prefix(DYNAMODB) {
            let table = Table {
                name: &self.shared.names.table,
                kept: &self.shared.kept,
            };
            return here(table.answer(operation, body, &mut sends.reader));
        }
        if head.get {
            return here(self.page(&request[head.path.clone()]));
        }
        let sends_form = |body: &[u8]| body.windows(18).any(|part| part == b"Action=SendMessage");
        match target.is_empty() && sends_form(body) {
            true => here(Some(Answer::text(
                400,
                "The stub takes sends in SQS's JSON protocol alone: use an SDK of 2024 or later.\n",
            ))),
            false => Way::Behind,
        }
    }

    fn send(&self, operation: &str, body: &[u8], sends: &mut Sends<'_>) -> Way {
        let began = Instant::now();
        let answered = match operation {
            "SendMessage" => sends.single(body),
            _ => sends.batch(body),
        };
        let Some(answer) = answered else {
            return Way::Behind;
        };
        let delay = self.shared.chances.delays(self.shared.meters.request());
        if delay.is_some() {
            self.shared.meters.delayed();
        }
        Way::Here(answer, delay.map(|delay| began + delay))
    }

    fn page(&self, path: &[u8]) -> Option<Answer> {
        if path == FIGURES_PATH.as_bytes() {
            let figures = serde_json::to_value(self.shared.figures()).ok()?;
            return Some(Answer {
                content_type: "application/json",
                ..Answer::value(&figures)
            });
        }
        (path == DROPPED_PATH.as_bytes()).then(|| {
            let mut text = String::new();
            for number in self.shared.dropped(DROPPED_MAX) {
                text.push_str(&number.to_string());
                text.push('\n');
            }
            Answer::text(200, text)
        })
    }

    fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters {
            queue: &self.shared.names.dead_letter_queue,
            visibility_timeout: self.shared.names.dead_letter_visibility,
            kept: &self.shared.kept,
        }
    }

    /// A reply with the counts of the dead-letter queue, the stub's letters among them.
    fn counted(&self, raw: Raw) -> Raw {
        let Ok(mut reply) = serde_json::from_slice::<Value>(&raw.body) else {
            return raw;
        };
        let (shown, hidden) = self.dead_letters().counts();
        for (name, more) in [
            ("ApproximateNumberOfMessages", shown),
            ("ApproximateNumberOfMessagesNotVisible", hidden),
        ] {
            let Some(count) = reply
                .get_mut("Attributes")
                .and_then(|all| all.get_mut(name))
            else {
                continue;
            };
            let behind: usize = count
                .as_str()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            *count = (behind + more).to_string().into();
        }
        raw.with_body(reply.to_string().into_bytes())
    }

    /// The reply to a request that calls the server by a name that is not its own, or comes from a page elsewhere: the
    /// pipeline behind says so, which is asked once for each name.
    async fn refused(&mut self, head: &Head, request: &[u8]) -> std::io::Result<Option<Raw>> {
        let host = &request[head.host.clone()];
        if !head.has_origin && !self.admitted.is_empty() && self.admitted == host {
            return Ok(None);
        }
        let mut asked = b"GET /healthz HTTP/1.1\r\n".to_vec();
        let lines = request[..head.length].split(|byte| *byte == b'\n').skip(1);
        for line in lines {
            let lower = line.to_ascii_lowercase();
            if lower.starts_with(b"host:") || lower.starts_with(b"origin:") {
                asked.extend_from_slice(line);
                asked.push(b'\n');
            }
        }
        asked.extend_from_slice(b"\r\n");
        let raw = self.behind.ask(&asked, false).await?;
        if raw.status != 200 {
            return Ok(Some(raw));
        }
        if !head.has_origin {
            self.admitted = host.to_vec();
        }
        Ok(None)
    }
}

/// A reply with the tags of a queue, the stub's own among them.
fn tagged(raw: Raw) -> Raw {
    let Ok(Value::Object(mut reply)) = serde_json::from_slice(&raw.body) else {
        return raw;
    };
    if raw.status != 200 {
        return raw;
    }
    let tags = reply.entry("Tags").or_insert_with(|| json!({}));
    tags[STUB_TAG] = "orderproof serve --stub".into();
    raw.with_body(Value::Object(reply).to_string().into_bytes())
}
