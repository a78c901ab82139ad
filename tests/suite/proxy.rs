//! A proxy between the program and a pipeline, which answers chosen requests as AWS does when it refuses, or
//! not at all. One request at a time on a connection, bodies of a known length only.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Send requests after which the load has surely begun: preflight makes one or two.
const UNDERWAY: u64 = 10;

/// From when on a fault strikes.
#[derive(Clone, Copy)]
pub enum From {
    /// At once.
    Start,
    /// So many send requests have passed.
    Sends(u64),
    /// The run's orders have been sent and its table is being read.
    Verification,
}

/// What is answered in the pipeline's place.
#[derive(Clone, Copy)]
pub enum Answer {
    /// An error of AWS, by its code.
    Error(&'static str),
    /// A reply of 200 with this body.
    Body(&'static str),
    /// The connection ends without an answer.
    Reset,
}

/// Requests that go wrong.
#[derive(Clone, Copy)]
pub struct Fault {
    pub from: From,
    /// How the operation's name begins; all of them if empty.
    pub on: &'static str,
    /// How many of them.
    pub times: u64,
    pub answer: Answer,
}

/// Says of a request whether it passes.
type Guard = Box<dyn FnMut(&Message) -> bool + Send>;

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    guard: Option<Guard>,
    sends: u64,
    verifying: bool,
    struck: u64,
}

pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Passes on to the pipeline at `upstream`, such as `http://127.0.0.1:9324`, until the process ends.
    pub fn to(upstream: &str, faults: impl Into<Vec<Fault>>) -> Self {
        Self::with(
            upstream,
            State {
                faults: faults.into(),
                ..State::default()
            },
        )
    }

    /// The same for requests that `guard` lets pass; to others access is denied.
    pub fn guarded(upstream: &str, guard: impl FnMut(&Message) -> bool + Send + 'static) -> Self {
        Self::with(
            upstream,
            State {
                guard: Some(Box::new(guard)),
                ..State::default()
            },
        )
    }

    fn with(upstream: &str, state: State) -> Self {
        let upstream: SocketAddr = upstream
            .trim_start_matches("http://")
            .parse()
            .expect("an address");
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // How a connection ends is its client's business.
                std::thread::spawn(move || drop(serve(client, upstream, &state)));
            }
        });
        Self { address, state }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on everything passes.
    pub fn heal(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// How many requests went wrong.
    pub fn struck(&self) -> u64 {
        self.state.lock().unwrap().struck
    }
}

impl State {
    /// What is answered to a request, if it does not pass.
    fn answer(&mut self, request: &Message) -> Option<Answer> {
        if let Some(guard) = &mut self.guard
            && !guard(request)
        {
            return Some(Answer::Error("AccessDeniedException"));
        }
        let target = request.header("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        self.sends += u64::from(operation.starts_with("SendMessage"));
        let sends = self.sends;
        self.verifying |= sends >= UNDERWAY && operation == "Scan";
        let verifying = self.verifying;
        let strikes = |fault: &&mut Fault| {
            let begun = match fault.from {
                From::Start => true,
                From::Sends(past) => sends > past,
                From::Verification => verifying,
            };
            begun && fault.times > 0 && operation.starts_with(fault.on)
        };
        let fault = self.faults.iter_mut().find(strikes)?;
        fault.times -= 1;
        self.struck += 1;
        Some(fault.answer)
    }
}

/// A head, up to and with the empty line, and its body.
pub struct Message {
    pub head: String,
    pub body: Vec<u8>,
}

impl Message {
    /// `None` at the end of the connection.
    fn read(stream: &mut impl BufRead) -> Result<Option<Self>> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(None);
            }
        }
        let mut message = Self {
            head,
            body: Vec::new(),
        };
        let length = message.header("content-length").unwrap_or("0");
        message.body = vec![0; length.parse().expect("a length")];
        stream.read_exact(&mut message.body)?;
        Ok(Some(message))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    fn write(&self, stream: &mut TcpStream) -> Result<()> {
        stream.write_all(&[self.head.as_bytes(), &self.body].concat())
    }
}

fn serve(mut client: TcpStream, upstream: SocketAddr, state: &Mutex<State>) -> Result<()> {
    client.set_nodelay(true)?;
    let mut requests = BufReader::new(client.try_clone()?);
    while let Some(request) = Message::read(&mut requests)? {
        let answer = state.lock().unwrap().answer(&request);
        match answer {
            None => {
                let mut pipeline = TcpStream::connect(upstream)?;
                request.write(&mut pipeline)?;
                let Some(reply) = Message::read(&mut BufReader::new(pipeline))? else {
                    return Ok(());
                };
                reply.write(&mut client)?;
            }
            Some(Answer::Error(code)) => refusal(code).write(&mut client)?,
            Some(Answer::Body(body)) => reply(body).write(&mut client)?,
            Some(Answer::Reset) => return Ok(()),
        }
    }
    Ok(())
}

fn reply(body: &str) -> Message {
    Message {
        head: format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ),
        body: body.as_bytes().to_vec(),
    }
}

fn refusal(code: &str) -> Message {
    let body =
        format!(r#"{{"__type":"com.amazon.coral.service#{code}","message":"told by a test"}}"#);
    // SQS adds the code of its older protocol, and that is what the SDKs go by.
    let older = match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        other => other,
    };
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\n\
         x-amzn-query-error: {older};Sender\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Message {
        head,
        body: body.into_bytes(),
    }
}
