//! Goose's users, each of which holds a thread that sends. The only file that names `goose`.
//!
//! Goose has users and no arrival rates. A user starts its thread, awaits it and records a figure for each request; no order
//! passes through Goose. Only to a server orders go by Goose's own client: there each user takes the next one that is due.
//! Goose is set up in code and kept from printing, from taking ctrl-c and from opening ports.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{
    GooseRequest, GooseUser, Scenario, Transaction, TransactionError, TransactionFunction,
    TransactionResult,
};
use goose::{GooseAttack, GooseError};

use super::plan::DriveOptions;
use super::pool::{Carrier, send_what_is_due};
use super::thread::{SendingThread, Sent};
use super::work::{Shared, Work};
use crate::ledger::Outcome;
use crate::order::Door;
use crate::send::{
    AnySender, Batch, Failure, Prepared, REPLY_BYTES_MAX, Reason, SendReply, Sender,
};

/// Users started a second: all of them before Goose looks at its clock again.
const START_RATE: &str = "100000";

/// Figures that wait for Goose, of each thread: about a second's of the fastest one. What comes while as many wait Goose does
/// not hear of, as nothing that it does may hold up sending.
const FIGURES_MAX: usize = 16_384;

/// What the users do.
pub(super) enum Users {
    /// Each starts one of the threads that wait, and hears of what it sends.
    Holders {
        door: Door,
        waiting: Mutex<Vec<SendingThread>>,
        started: Arc<Mutex<Vec<JoinHandle<Sent>>>>,
    },
    /// Each sends what is due.
    Senders(Arc<Shared>),
}

/// Runs the pool until the queue of work is closed and empty.
///
/// # Errors
/// When Goose cannot run: a report or a dashboard that cannot be opened, say.
pub(super) async fn attack(
    all: Users,
    host: &str,
    users: u32,
    options: &DriveOptions,
) -> Result<(), String> {
    take_from_goose_what_is_ours();
    let door = match &all {
        Users::Holders { door, .. } => door,
        Users::Senders(shared) => &shared.door,
    };
    let client = client(users, door).map_err(|error| cause(&error))?;
    let all = Arc::new((all, AtomicU32::new(users)));
    let user_loop: TransactionFunction = Arc::new(move |user| {
        let all = Arc::clone(&all);
        user.client = client.clone();
        Box::pin(async move { one_user(user, &all.0, &all.1).await })
    });
    let scenario = Scenario::new("orders").register_transaction(Transaction::new(user_loop));
    // With its dashboard on, Goose saves a report of its own accord, into the working directory unless
    // told otherwise; this folder goes away with it.
    let scratch = match options.goose_dashboard {
        Some(_) => Some(tempfile::tempdir().map_err(|error| error.to_string())?),
        None => None,
    };
    let mut configuration = configuration(host, users, options);
    configuration.output_dir = scratch
        .as_ref()
        .map(|folder| folder.path().to_string_lossy().into_owned());
    let attack = GooseAttack::initialize_with_config(configuration)
        // One client for all users instead of one each, until each takes ours, so that nothing is ever asked by it: that is
        // why it may do without certificate roots, which a machine need not have.
        .and_then(|attack| {
            let unused = GooseClientBuilder::new().without_cookies();
            attack.set_client_builder_without_cookies(unused.accept_invalid_certs(true))
        })
        .map_err(|error| error.to_string())?
        .register_scenario(scenario);
    let result: Result<_, GooseError> = attack.execute().await;
    result.map(drop).map_err(|error| error.to_string())
}

fn configuration(host: &str, users: u32, options: &DriveOptions) -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(host.to_owned());
    configuration.users = Some(users as usize);
    configuration.increase_rate = Some(START_RATE.to_owned());
    configuration.quiet = 1;
    configuration.no_print_metrics = true;
    // Also keeps a line about launched users off standard output.
    configuration.no_reset_metrics = false;
    configuration.no_transaction_metrics = true;
    configuration.no_scenario_metrics = true;
    configuration.no_telnet = true;
    configuration.report_file = options
        .goose_report
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    #[cfg(feature = "goose-dashboard")]
    if let Some(address) = options.goose_dashboard {
        configuration.dashboard = true;
        configuration.dashboard_host = Some(address.ip().to_string());
        configuration.dashboard_port = Some(address.port());
    }
    configuration
}

/// Goose installs a logger that prints and a ctrl-c handler that ends the process with code 1 on the
/// second press. The first of either in a process stays, so ours come first.
fn take_from_goose_what_is_ours() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = log::set_logger(&ToTracing);
        // Refused if the program has a handler, as it should; otherwise ctrl-c does what it would have
        // done without any.
        let _ = ctrlc::set_handler(|| std::process::exit(130));
    });
}

/// What Goose logs is a diagnostic of ours.
struct ToTracing;

impl log::Log for ToTracing {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            tracing::debug!(from = record.target(), "{}", record.args());
        }
    }

    fn flush(&self) {}
}

/// One user's whole life.
async fn one_user(user: &mut GooseUser, all: &Users, there: &AtomicU32) -> TransactionResult {
    let service = |door: &Door| match door {
        Door::Sqs => ("SQS", "SendMessage", "SendMessageBatch"),
        Door::Sns(_) => ("SNS", "Publish", "PublishBatch"),
        Door::Eventbridge(_) => ("EventBridge", "PutEvents", "PutEvents"),
        Door::Http(_) => ("HTTP", "order", "orders"),
    };
    match all {
        Users::Holders {
            door,
            waiting,
            started,
        } => {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(thread) = next else {
                return ended().await;
            };
            let _presence = Presence(there);
            let (figures, told) = flume::bounded(FIGURES_MAX);
            match thread.start(Figures(figures)) {
                Ok(thread) => started
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(thread),
                // Its senders never come, which the drive notices.
                Err(error) => tracing::debug!(%error, "no thread"),
            }
            while let Ok(figure) = told.recv_async().await {
                tell_goose(user, service(door), &figure).await;
            }
        }
        Users::Senders(shared) => {
            if shared.queue.is_disconnected() && shared.queue.is_empty() {
                return ended().await;
            }
            let _presence = Presence(there);
            send_what_is_due(shared, &mut ByGoose(user)).await;
        }
    }
    Ok(())
}

/// Goose calls a user again until it notices, within half a second, that the attack is over.
async fn ended() -> TransactionResult {
    tokio::time::sleep(Duration::from_millis(25)).await;
    Ok(())
}

/// The name of a service, and of what it is asked for: with one order, with several.
type Service = (&'static str, &'static str, &'static str);

/// What Goose hears of one request.
struct Figure {
    orders: usize,
    response_time: Duration,
    status: Option<u16>,
    acknowledged: bool,
    error: Option<Reason>,
}

/// Tells the user that holds a thread of each request.
#[derive(Clone)]
struct Figures(flume::Sender<Figure>);

impl Carrier for Figures {
    fn replied(&mut self, work: &Work, acked_at: Duration, reply: &SendReply) {
        let mut entries = reply.entries.iter();
        let failed = entries.find(|entry| entry.outcome != Outcome::Acknowledged);
        // A user that Goose has ended hears of nothing, and one that does not keep up not of everything.
        let _ = self.0.try_send(Figure {
            orders: reply.entries.len(),
            // From the intended instant of the first order.
            response_time: acked_at.saturating_sub(work.dispatch.first_due),
            status: reply.status,
            acknowledged: failed.is_none(),
            error: failed.and_then(|entry| entry.reason.clone()),
        });
    }
}

/// Sends by Goose's own client, which counts what it sends by itself.
struct ByGoose<'a>(&'a mut GooseUser);

impl Carrier for ByGoose<'_> {
    async fn send(&mut self, sender: &mut AnySender, batch: &Batch) -> SendReply {
        match sender {
            AnySender::Server(sender) => sender.send_by(batch, |it| via_goose(self.0, it)).await,
            sender => sender.send(batch).await,
        }
    }
}

/// A request through Goose's own client, which counts it by itself.
async fn via_goose(user: &mut GooseUser, prepared: Prepared) -> Result<(u16, Bytes), Failure> {
    let unbuilt = |_| Failure::not_sent("not sent: cannot build");
    let name = format!("{} an order", prepared.method);
    let request = user
        .client
        .request(prepared.method, &prepared.url)
        .headers(prepared.headers)
        .body(prepared.body);
    let request = GooseRequest::builder()
        .name(name.as_str())
        .set_request_builder(request)
        .build();
    let asked = user.request(request).await.map_err(|error| match *error {
        TransactionError::Reqwest(error) if error.is_builder() => unbuilt(error),
        _ => Failure::in_doubt("Goose gave up the request"),
    })?;
    let mut response = asked.response.map_err(|error| match error {
        error if error.is_builder() => unbuilt(error),
        error if error.is_connect() => Failure::not_sent("not sent: no connection"),
        error if error.is_timeout() => Failure::in_doubt("no reply in time"),
        _ => Failure::in_doubt("connection lost"),
    })?;
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > REPLY_BYTES_MAX => {
                return Err(Failure::in_doubt("reply too long"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok((status, body.freeze())),
            Err(_) => return Err(Failure::in_doubt("connection lost in the reply")),
        }
    }
}

/// An error with what is behind it.
fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

/// The client of Goose's users: nothing is asked again, nor anywhere else than where it is sent to. The machine's certificate
/// roots are read only where orders go to a server by HTTPS.
fn client(users: u32, door: &Door) -> Result<reqwest::Client, reqwest::Error> {
    let mut client = reqwest::Client::builder();
    if !matches!(door, Door::Http(server) if server.url.starts_with("https:")) {
        client = client.tls_certs_only([]);
    }
    client
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .http1_only()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(users as usize)
        .build()
}

/// Records one request.
async fn tell_goose(user: &mut GooseUser, (service, single, several): Service, figure: &Figure) {
    let name = match figure.orders {
        1 => single,
        _ => several,
    };
    let recorded = user
        .record_custom_request_duration(
            service,
            name,
            figure.response_time,
            figure.acknowledged,
            figure.status,
            figure.error.as_deref(),
        )
        .await;
    if let Err(error) = recorded {
        tracing::debug!(%error, "Goose did not take a figure");
    }
}

/// A user is there; the last to leave, even by a panic, ends the attack.
struct Presence<'a>(&'a AtomicU32);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if self.0.fetch_sub(1, Ordering::AcqRel) == 1 {
            goose::trigger_killswitch("every order that was due has been sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Dispatch;
    use crate::send::EntryOutcome;

    #[test]
    fn a_user_that_does_not_keep_up_holds_up_nobody_and_memory_stays_bounded() {
        let (figures, told) = flume::bounded(3);
        let mut figures = Figures(figures);
        let dispatch = Dispatch {
            first: 0,
            count: 1,
            due: Duration::ZERO,
            first_due: Duration::ZERO,
        };
        let work = Work::new(dispatch, &mut std::iter::once((0, Duration::ZERO)));
        let reply = SendReply {
            entries: vec![EntryOutcome::indeterminate("no reply in time")],
            status: None,
        };
        for _ in 0..5 {
            figures.replied(&work, Duration::from_millis(7), &reply);
        }
        assert_eq!(told.len(), 3);
        let first = told.recv().expect("one");
        assert_eq!(first.response_time, Duration::from_millis(7));
        assert!(!first.acknowledged);
        // Once there is room it hears of what comes then.
        figures.replied(&work, Duration::from_millis(9), &reply);
        assert_eq!(
            told.drain().last().expect("one").response_time,
            Duration::from_millis(9)
        );
    }
}
