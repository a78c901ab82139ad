//! The proxy: a listener for each case, between the program and its pipeline. It reads every request, does to it what
//! the case's seed says, and keeps what its client was told of each order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Result;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use orderproof::order::OrderPlan;
use serde_json::Value;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::acts::{Act, Harmless, Lie, Op};
use super::dice::Dice;
use super::lies::{Liar, Spoken};
use super::plan::{Case, Window};
use super::replies::{harmless, instead, of_request, prepare};
use super::sends::{Parcel, Said, lie, said_instead};
use super::wire::{Delivery, Message, Upstream};

/// What went through the proxy.
#[derive(Default)]
pub struct Log {
    /// What was said of each order, once for each time it was sent.
    pub said: BTreeMap<u64, Vec<Said>>,
    /// Orders whose request arrived after its connection had ended.
    pub late: BTreeSet<u64>,
    /// The bodies of all letters that were really received, whatever was made of them: the run may delete its own.
    pub letters: Vec<String>,
    /// What was said of the stores that is not so.
    pub spoken: Spoken,
    /// How often each strike fell.
    pub struck: Vec<u32>,
    /// The latest true reply, by operation and what it was asked of.
    earlier: HashMap<(Op, String), Vec<u8>>,
    /// A request of the look has been seen.
    looking: bool,
}

struct Shared {
    case: Case,
    plan: OrderPlan,
    pipeline: SocketAddr,
    log: Mutex<Log>,
    dice: Mutex<Dice>,
}

/// A proxy for one case, until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

/// What a client gets.
enum Answer {
    Reply(Message, Delivery),
    /// What the pipeline itself did.
    Hangup,
}

impl Proxy {
    pub fn start(runtime: &Handle, case: &Case, plan: OrderPlan, pipeline: &str) -> Result<Self> {
        let pipeline = pipeline.trim_start_matches("http://").parse();
        let shared = Arc::new(Shared {
            case: case.clone(),
            plan,
            pipeline: pipeline.expect("an address"),
            log: Mutex::new(Log {
                struck: vec![0; case.strikes.len()],
                ..Log::default()
            }),
            dice: Mutex::new(Dice::new(case.seed ^ 0x5eed)),
        });
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let serving = Arc::clone(&shared);
        let listening = runtime.spawn(async move {
            loop {
                match listener.accept().await {
                    // How a connection ends is its client's business.
                    Ok((client, _)) => drop(tokio::spawn(converse(client, Arc::clone(&serving)))),
                    Err(_) => sleep(Duration::from_millis(5)).await,
                }
            }
        });
        Ok(Self {
            address,
            shared,
            listening,
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it; what it has seen.
    pub fn finish(self) -> Log {
        self.listening.abort();
        std::mem::take(&mut *self.shared.log())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn converse(client: TcpStream, shared: Arc<Shared>) -> Result<()> {
    client.set_nodelay(true)?;
    let mut client = BufReader::new(client);
    let mut pipeline = Upstream::new(shared.pipeline);
    while let Some(request) = Message::read(&mut client).await? {
        let answer = shared.answer(request, &mut pipeline).await?;
        let Answer::Reply(reply, delivery) = answer else {
            return Ok(());
        };
        if !reply.deliver(delivery, client.get_mut()).await? {
            return Ok(());
        }
    }
    Ok(())
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("nobody panics with it")
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().expect("nobody panics with it")
    }

    async fn answer(&self, request: Message, pipeline: &mut Upstream) -> Result<Answer> {
        let op = Op::of(request.header("x-amz-target").unwrap_or_default());
        let parcel = match op {
            Op::Send => Parcel::read(&request, self.plan.run),
            _ => None,
        };
        // What sends no order is a question of preflight's.
        let parcel =
            parcel.filter(|parcel| parcel.entries.iter().all(|entry| entry.order.is_some()));
        let op = match (op, &parcel) {
            (Op::Send, None) => Op::Other,
            _ => op,
        };
        let strike = self.strike(op);
        match parcel {
            Some(parcel) => {
                let orders = || parcel.entries.iter().filter_map(|entry| entry.order);
                // It may be in doubt until there is an answer, and for good if there is none.
                orders().for_each(|order| {
                    self.log()
                        .said
                        .entry(order)
                        .or_default()
                        .push(Said::Nothing)
                });
                let (answer, said) = self.send(&request, &parcel, strike, pipeline).await?;
                let mut log = self.log();
                for (entry, said) in parcel.entries.iter().zip(said) {
                    if let Some(last) = entry.order.and_then(|order| log.said.get_mut(&order)) {
                        *last.last_mut().expect("it was just put there") = said;
                    }
                }
                Ok(answer)
            }
            None => self.other(op, &request, strike, pipeline).await,
        }
    }

    /// What happens to the next request for `op`, and how often it has happened before.
    fn strike(&self, op: Op) -> Option<(Act, u64)> {
        let mut log = self.log();
        let (sent, planned) = (log.said.len() as u64, self.case.orders);
        let begun = sent > 0;
        let over = sent >= planned;
        log.looking |= begun && op == Op::Scan;
        let looking = log.looking || (over && op != Op::Send);
        let mut dice = self.dice();
        for (place, strike) in self.case.strikes.iter().enumerate() {
            let open = match strike.window {
                Window::Always => true,
                Window::Sending => !looking && (begun || op == Op::Send),
                Window::Look => looking,
            };
            if strike.op == op
                && open
                && log.struck[place] < strike.times
                && dice.percent(strike.share)
            {
                log.struck[place] += 1;
                return Some((strike.act, u64::from(log.struck[place] - 1)));
            }
        }
        None
    }

    async fn send(
        &self,
        request: &Message,
        parcel: &Parcel,
        strike: Option<(Act, u64)>,
        pipeline: &mut Upstream,
    ) -> Result<(Answer, Vec<Said>)> {
        let nothing = parcel.all(Said::Nothing);
        let Some((act, _)) = strike else {
            let reply = pipeline.ask(request).await?;
            let said = reply.as_ref().map_or(nothing, |reply| parcel.said(reply));
            return Ok((whole(reply), said));
        };
        Ok(match act {
            Act::Drop(how) => (Answer::Reply(Message::json(200, ""), how), nothing),
            Act::Late(ms) => {
                self.send_late(request, parcel, ms);
                (
                    Answer::Reply(Message::json(200, ""), Delivery::Reset),
                    nothing,
                )
            }
            Act::Hand(how) => (handed(pipeline.ask(request).await?, how), nothing),
            Act::Delay(_) | Act::Twice | Act::Harmless(_) => {
                if let Act::Delay(ms) = act {
                    sleep(Duration::from_millis(ms)).await;
                }
                if act == Act::Twice {
                    pipeline.ask(request).await?;
                }
                let reply = pipeline.ask(request).await?;
                let said = reply.as_ref().map_or(nothing, |reply| parcel.said(reply));
                match act {
                    Act::Harmless(kind) => (self.harmless(Op::Send, kind, request, reply), said),
                    _ => (whole(reply), said),
                }
            }
            Act::Instead(other, forwarded) => {
                if forwarded {
                    pipeline.ask(request).await?;
                }
                let (reply, how) = instead(Op::Send, other);
                (Answer::Reply(reply, how), parcel.all(said_instead(other)))
            }
            Act::Lie(kind) => {
                let victims = self.victims(parcel.entries.len());
                let told = lie(parcel, kind, &victims, self.plan.run, &mut self.dice());
                for entries in [&told.forwarded, &told.after] {
                    if let Some(request) = parcel.request(request, entries) {
                        pipeline.ask(&request).await?;
                    }
                }
                (Answer::Reply(told.reply, Delivery::Whole), told.said)
            }
        })
    }

    /// At least one place of so many.
    fn victims(&self, entries: usize) -> BTreeSet<usize> {
        let mut dice = self.dice();
        let mut victims: BTreeSet<usize> = (0..entries).filter(|_| dice.percent(30)).collect();
        if victims.is_empty() {
            victims.insert(dice.below(entries));
        }
        victims
    }

    fn send_late(&self, request: &Message, parcel: &Parcel, ms: u64) {
        let orders = parcel.entries.iter().filter_map(|entry| entry.order);
        self.log().late.extend(orders);
        let (request, pipeline) = (request.clone(), self.pipeline);
        tokio::spawn(async move {
            sleep(Duration::from_millis(ms)).await;
            Upstream::new(pipeline).ask(&request).await
        });
    }

    /// A request that sends nothing.
    async fn other(
        &self,
        op: Op,
        request: &Message,
        strike: Option<(Act, u64)>,
        pipeline: &mut Upstream,
    ) -> Result<Answer> {
        let Some((act, told)) = strike else {
            let reply = self.ask(op, request, pipeline).await?;
            self.remember(op, request, reply.as_ref());
            return Ok(whole(reply));
        };
        Ok(match act {
            Act::Drop(how) => Answer::Reply(Message::json(200, ""), how),
            Act::Late(_) => Answer::Reply(Message::json(200, ""), Delivery::Reset),
            Act::Hand(how) => handed(self.ask(op, request, pipeline).await?, how),
            Act::Delay(ms) => {
                sleep(Duration::from_millis(ms)).await;
                whole(self.ask(op, request, pipeline).await?)
            }
            Act::Twice => {
                self.ask(op, request, pipeline).await?;
                whole(self.ask(op, request, pipeline).await?)
            }
            Act::Instead(other, forwarded) => {
                if forwarded {
                    self.ask(op, request, pipeline).await?;
                }
                let (reply, how) = instead(op, other);
                Answer::Reply(reply, how)
            }
            Act::Harmless(kind) => {
                let asked = prepare(act, request);
                let reply = self.ask(op, &asked, pipeline).await?;
                self.harmless(op, kind, request, reply)
            }
            Act::Lie(lie) => self.lie(op, lie, told, request, pipeline).await?,
        })
    }

    /// The pipeline's reply; what letters it holds is kept.
    async fn ask(
        &self,
        op: Op,
        request: &Message,
        pipeline: &mut Upstream,
    ) -> Result<Option<Message>> {
        let reply = pipeline.ask(request).await?;
        if let (Op::Receive, Some(reply)) = (op, &reply) {
            let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let messages = value["Messages"].as_array().into_iter().flatten();
            let bodies = messages.filter_map(|message| message["Body"].as_str());
            self.log().letters.extend(bodies.map(str::to_owned));
        }
        Ok(reply)
    }

    fn harmless(
        &self,
        op: Op,
        kind: Harmless,
        request: &Message,
        reply: Option<Message>,
    ) -> Answer {
        match reply {
            None => Answer::Hangup,
            Some(reply) => {
                let (reply, how) = harmless(op, kind, request, reply, &mut self.dice());
                Answer::Reply(reply, how)
            }
        }
    }

    async fn lie(
        &self,
        op: Op,
        kind: Lie,
        told: u64,
        request: &Message,
        pipeline: &mut Upstream,
    ) -> Result<Answer> {
        if let Some(made_up) = of_request(kind, told, request) {
            return Ok(Answer::Reply(made_up, Delivery::Whole));
        }
        let asked = prepare(Act::Lie(kind), request);
        let Some(mut reply) = self.ask(op, &asked, pipeline).await? else {
            return Ok(Answer::Hangup);
        };
        match kind {
            Lie::Stale => {
                let earlier = self.log().earlier.get(&subject(op, request)).cloned();
                self.remember(op, request, Some(&reply));
                if let Some(earlier) = earlier {
                    reply.remove("x-amz-crc32");
                    reply.body = earlier;
                }
            }
            Lie::WrongType => {
                reply.remove("content-type");
                reply
                    .headers
                    .push(("Content-Type".into(), "text/html".into()));
            }
            _ if reply.status() == 200 => self.change(op, kind, told, request, &mut reply),
            _ => {}
        }
        Ok(Answer::Reply(reply, Delivery::Whole))
    }

    fn change(&self, op: Op, kind: Lie, told: u64, request: &Message, reply: &mut Message) {
        let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) else {
            return;
        };
        if kind == Lie::ServedAndUnprocessed {
            let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            value["UnprocessedKeys"] = asked["RequestItems"].clone();
        }
        let (mut log, mut dice) = (self.log(), self.dice());
        let mut liar = Liar {
            plan: &self.plan,
            planned: self.case.orders,
            dice: &mut dice,
            spoken: &mut log.spoken,
            told,
        };
        let checksum_stays = liar.change(op, kind, &mut value);
        if !checksum_stays {
            reply.remove("x-amz-crc32");
        }
        reply.body = value.to_string().into_bytes();
    }

    fn remember(&self, op: Op, request: &Message, reply: Option<&Message>) {
        let stale = Act::Lie(Lie::Stale);
        let needed = self
            .case
            .strikes
            .iter()
            .any(|strike| strike.op == op && strike.act == stale);
        if let Some(reply) = reply.filter(|reply| needed && reply.status() == 200) {
            let body = reply.body.clone();
            self.log().earlier.insert(subject(op, request), body);
        }
    }
}

/// What is asked of what: a stale reply answers the same question.
fn subject(op: Op, request: &Message) -> (Op, String) {
    let value: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let names = &value["AttributeNames"];
    let subject = format!("{} {} {names}", value["QueueUrl"], value["TableName"]);
    (op, subject)
}

fn whole(reply: Option<Message>) -> Answer {
    handed(reply, Delivery::Whole)
}

fn handed(reply: Option<Message>, how: Delivery) -> Answer {
    reply.map_or(Answer::Hangup, |reply| Answer::Reply(reply, how))
}
