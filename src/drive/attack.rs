//! The pool: Goose's users, each with a sender of its own. The only file that names `goose`.
//!
//! Goose has users and no arrival rates, so each user takes the next batch that is due. Goose is set
//! up in code and kept from printing, from taking ctrl-c and from opening ports.

use std::sync::{Arc, Once};
use std::time::Duration;

use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction, TransactionFunction, TransactionResult};
use goose::{GooseAttack, GooseError};

use super::plan::DriveOptions;
use super::pool::{Replies, send_what_is_due};
use super::work::{Shared, Work};
use crate::ledger::Outcome;
use crate::send::SendReply;

/// Users started a second: all of them before Goose looks at its clock again.
const START_RATE: &str = "100000";

/// Runs the pool until the queue of work is closed and empty.
///
/// # Errors
/// When Goose cannot run: a report or a dashboard that cannot be opened, say.
pub(super) async fn attack(
    shared: Arc<Shared>,
    host: &str,
    users: u32,
    options: &DriveOptions,
) -> Result<(), String> {
    take_from_goose_what_is_ours();
    let user_loop: TransactionFunction = Arc::new(move |user| {
        let shared = Arc::clone(&shared);
        Box::pin(async move { one_user(user, &shared).await })
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
        // One client for all users instead of one each; none is used.
        .and_then(|attack| {
            attack.set_client_builder_without_cookies(GooseClientBuilder::new().without_cookies())
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
    #[cfg(feature = "dashboard")]
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
async fn one_user(user: &mut GooseUser, shared: &Shared) -> TransactionResult {
    if shared.queue.is_disconnected() && shared.queue.is_empty() {
        // Goose calls again until it notices, within half a second, that the attack is over.
        tokio::time::sleep(Duration::from_millis(25)).await;
        return Ok(());
    }
    let _presence = Presence(shared);
    send_what_is_due(shared, &mut GooseFigures(user)).await;
    Ok(())
}

/// Goose's own figures.
struct GooseFigures<'a>(&'a mut GooseUser);

impl Replies for GooseFigures<'_> {
    async fn replied(&mut self, work: &Work, acked_at: Duration, reply: &SendReply) {
        tell_goose(self.0, work, acked_at, reply).await;
    }
}

/// One request a batch, timed from the intended instant of its first order.
async fn tell_goose(user: &mut GooseUser, work: &Work, acked_at: Duration, reply: &SendReply) {
    let name = match reply.entries.len() {
        1 => "SendMessage",
        _ => "SendMessageBatch",
    };
    let failed = reply
        .entries
        .iter()
        .find(|entry| entry.outcome != Outcome::Acknowledged);
    let error = failed.and_then(|entry| entry.reason.as_deref());
    let response_time = acked_at.saturating_sub(work.dispatch.first_due);
    let recorded = user
        .record_custom_request_duration(
            "SQS",
            name,
            response_time,
            failed.is_none(),
            reply.status,
            error,
        )
        .await;
    if let Err(error) = recorded {
        tracing::debug!(%error, "Goose did not take a figure");
    }
}

/// A user is there; the last to leave, even by a panic, ends the attack.
struct Presence<'a>(&'a Shared);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if self.0.roll.leave() {
            goose::trigger_killswitch("every order that was due has been sent");
        }
    }
}
