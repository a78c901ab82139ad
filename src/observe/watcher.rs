//! The verifier's thread: it samples the queues from before the first send, then settles and observes.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::look::{observe, set_activity};
use super::{Activity, ObservePlan, Rest};
use crate::clock;
use crate::records::Counts;
use crate::store::{Stores, Target};
use crate::verify::{FunctionStart, Observation, QueueSample, Quiescence, Settling, StoredTimes};

/// Between two samples while orders are sent.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Between two samples while settling, counts being exact.
const SETTLE_EVERY: Duration = Duration::from_millis(200);
/// The same on AWS, where counts change slowly and requests cost money.
const SETTLE_EVERY_AWS: Duration = Duration::from_secs(5);

/// The longest that is waited for messages to go through all of their receives because the queue says so: as long as
/// SQS can hide one. Whoever needs more sets the deadline.
const RECEIVES_PATIENCE: Duration = Duration::from_secs(43_200);

/// What was seen of a run.
pub struct Seen {
    /// What the stores held.
    pub observation: Observation,
    /// When rows were stored.
    pub times: StoredTimes,
    /// The queues' counts along the way.
    pub samples: Vec<QueueSample>,
    /// When they could not be read, since the run's start.
    pub failed_samples: Vec<Duration>,
    /// How far the wall clock was stepped meanwhile: the rows' own instants are off by that.
    pub clock_step: Duration,
}

/// Samples the queues from its start on; then settles and observes when asked to.
pub struct Watcher {
    ask: oneshot::Sender<Ask>,
    view: WatcherView,
    thread: JoinHandle<Option<Seen>>,
}

/// What the watcher does once the drive has ended.
enum Ask {
    /// Settle and observe.
    Observe(Box<ObservePlan>),
    /// End; others look. With the run's start.
    Stop(Instant),
}

/// What one look at the queues showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueueLook {
    /// When.
    pub taken_at: Instant,
    /// The counts; `at` is since the watcher's start.
    pub sample: QueueSample,
    /// Dead letters that were there at the first look.
    pub dead_letters_before: u64,
    /// Orders that had been acknowledged just before.
    pub acknowledged: u64,
}

/// What a live view may read while the watcher works.
#[derive(Clone)]
pub struct WatcherView {
    latest: Arc<Mutex<Option<QueueLook>>>,
    activity: Arc<Mutex<Activity>>,
    acknowledged: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl WatcherView {
    /// Of nobody who looks: there are no counts.
    pub fn of_nobody() -> Self {
        Self {
            latest: Arc::default(),
            activity: Arc::default(),
            acknowledged: Arc::new(|| 0),
        }
    }

    /// The latest look at the queues that showed their counts.
    pub fn latest(&self) -> Option<QueueLook> {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the watcher is at.
    pub fn activity(&self) -> Activity {
        self.activity
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Watcher {
    /// Starts sampling the queues of `target`.
    ///
    /// # Errors
    /// When the machine gives no thread or runtime.
    pub fn start(target: Target) -> std::io::Result<Self> {
        Self::beside(target, || 0)
    }

    /// The same beside a run that sends; `acknowledged` says how many orders the queue has taken so far.
    ///
    /// # Errors
    /// As [`Watcher::start`].
    pub fn beside(
        target: Target,
        acknowledged: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (ask, asked) = oneshot::channel();
        let view = WatcherView {
            latest: Arc::default(),
            activity: Arc::default(),
            acknowledged: Arc::new(acknowledged),
        };
        let shown = view.clone();
        let thread = std::thread::Builder::new()
            .name("watcher".into())
            .spawn(move || runtime.block_on(watch(&Stores::new(&target), asked, &shown)))?;
        Ok(Self { ask, view, thread })
    }

    /// What a live view may read.
    pub fn view(&self) -> WatcherView {
        self.view.clone()
    }

    /// Waits for rest, reads the stores, and ends. Blocks until then.
    ///
    /// # Panics
    /// When the watcher's thread has panicked.
    pub fn settle_and_observe(self, plan: ObservePlan) -> Seen {
        self.ended(Ask::Observe(Box::new(plan)))
    }

    /// Ends without a look at the stores, with what was sampled of the queues: the observation is empty.
    ///
    /// # Panics
    /// When the watcher's thread has panicked.
    pub fn stop(self, start: Instant) -> Seen {
        self.ended(Ask::Stop(start))
    }

    fn ended(self, ask: Ask) -> Seen {
        let asked = self.ask.send(ask).is_ok();
        let seen = self
            .thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        seen.filter(|_| asked)
            .expect("the watcher answers when asked")
    }
}

/// A sample on the monotonic clock, before the run's start is known.
type RawSample = (Instant, Counts, Counts);

async fn watch(
    stores: &Stores,
    mut asked: oneshot::Receiver<Ask>,
    view: &WatcherView,
) -> Option<Seen> {
    let began = Instant::now();
    let began_wall = clock::wall();
    let mut clock_step = Duration::ZERO;
    let mut samples: Vec<RawSample> = Vec::new();
    let mut failed: Vec<Instant> = Vec::new();
    let mut ticks = interval(SAMPLE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let asked = loop {
        tokio::select! {
            asked = &mut asked => break asked.ok()?,
            _ = ticks.tick() => {
                clock_step = clock_step.max(clock::step_between(began, began_wall));
                let acknowledged = (view.acknowledged)();
                match stores.counts().await {
                    Ok((orders, dead)) => {
                        keep(&mut samples, view, (began, acknowledged), orders, dead);
                    }
                    Err(_) => failed.push(Instant::now()),
                }
            }
        }
    };
    let mut plan = match asked {
        Ask::Observe(plan) => *plan,
        Ask::Stop(start) => {
            let nothing = (Observation::default(), StoredTimes::default());
            let step = clock_step.max(clock::step_between(began, began_wall));
            return Some(seen(nothing, (samples, failed), start, step));
        }
    };
    if plan.folder.is_some() {
        believe_the_queue(stores, &mut plan).await;
    }
    let quiescence = settle(stores, &plan, (&mut samples, &mut failed), view, began).await;
    let observed = observe(stores, &plan, quiescence, &view.activity).await;
    let step = clock_step.max(clock::step_between(began, began_wall));
    Some(seen(observed, (samples, failed), plan.start, step))
}

/// Waits for rest, as a watcher that nobody looks at.
pub(super) async fn settled(
    stores: &Stores,
    mut plan: ObservePlan,
    began: Instant,
) -> (ObservePlan, Quiescence) {
    let view = WatcherView::of_nobody();
    believe_the_queue(stores, &mut plan).await;
    let (mut samples, mut failed) = (Vec::new(), Vec::new());
    let looks = (&mut samples, &mut failed);
    let quiescence = settle(stores, &plan, looks, &view, began).await;
    (plan, quiescence)
}

/// What was seen, its instants since the run's start.
fn seen(
    (observation, times): (Observation, StoredTimes),
    (samples, failed): (Vec<RawSample>, Vec<Instant>),
    start: Instant,
    clock_step: Duration,
) -> Seen {
    let samples = samples
        .into_iter()
        .filter_map(|(at, orders, dead)| {
            let at = at.checked_duration_since(start)?;
            Some(sample_at(at, orders, dead))
        })
        .collect();
    let failed_samples = failed
        .into_iter()
        .filter_map(|at| at.checked_duration_since(start))
        .collect();
    Seen {
        observation,
        times,
        samples,
        failed_samples,
        clock_step,
    }
}

/// A queue outside this process may be slower than the scenario says: the slower of the two counts.
async fn believe_the_queue(stores: &Stores, plan: &mut ObservePlan) {
    match stores.delivery().await {
        Ok(delivery) => {
            plan.visibility_timeout = plan.visibility_timeout.max(delivery.visibility_timeout);
            let count = delivery.max_receive_count.unwrap_or_default();
            plan.max_receive_count = plan.max_receive_count.max(count);
            // Orders that cannot be processed go through all of their receives.
            let receives = plan.max_receive_count.saturating_add(1);
            let all_receives = plan.visibility_timeout.saturating_mul(receives);
            plan.patience = plan.patience.max(all_receives.min(RECEIVES_PATIENCE));
        }
        // Then the counts cannot be read either, and there is no rest.
        Err(error) => tracing::warn!(%error, "the queue's settings are taken from the scenario"),
    }
}

fn sample_at(at: Duration, orders: Counts, dead: Counts) -> QueueSample {
    QueueSample {
        at,
        visible: orders.visible,
        in_flight: orders.in_flight,
        delayed: orders.delayed,
        dead_letters: dead.total(),
    }
}

fn keep(
    samples: &mut Vec<RawSample>,
    view: &WatcherView,
    (began, acknowledged): (Instant, u64),
    orders: Counts,
    dead: Counts,
) -> Instant {
    let now = Instant::now();
    samples.push((now, orders, dead));
    let mut latest = view.latest.lock().unwrap_or_else(PoisonError::into_inner);
    // A queue that is shared may hold those of others.
    let before = latest.map_or(dead.total(), |look| look.dead_letters_before);
    *latest = Some(QueueLook {
        taken_at: now,
        sample: sample_at(now.duration_since(began), orders, dead),
        dead_letters_before: before,
        acknowledged,
    });
    now
}

async fn settle(
    stores: &Stores,
    plan: &ObservePlan,
    (samples, failed): (&mut Vec<RawSample>, &mut Vec<Instant>),
    view: &WatcherView,
    began: Instant,
) -> Quiescence {
    let exact = stores.exact_counts();
    let mut settling = Settling::new(
        plan.last_send,
        plan.patience,
        exact,
        plan.visibility_timeout,
    );
    let mut ticks = interval(if exact {
        SETTLE_EVERY
    } else {
        SETTLE_EVERY_AWS
    });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let acknowledged = (view.acknowledged)();
        let mut counts = stores.counts().await;
        // What it still holds is on its way to the queue.
        let inside = plan.door.as_ref().and_then(|ask| ask().inside);
        if let Ok((orders, _)) = &mut counts {
            orders.delayed += inside.unwrap_or(0);
        }
        // What is kept as a sample and what proves rest is told of the same instant: a reader can compare them.
        let mut now = Instant::now();
        if let Ok((orders, dead)) = counts {
            now = keep(samples, view, (began, acknowledged), orders, dead);
        } else {
            failed.push(Instant::now());
        }
        let counts =
            counts
                .map(|(orders, _)| orders)
                .map_err(|error| match plan.folder.is_some() {
                    true => error.while_observing(),
                    false => error.to_string(),
                });
        let start = plan.function.as_ref().map(|function| function());
        let not_started = start.as_ref().and_then(FunctionStart::why);
        let not_started = not_started.map(str::to_owned);
        if let Some(start) = start {
            settling.function(start);
        }
        let at = now.saturating_duration_since(plan.start);
        let seen = counts.as_ref().ok().copied();
        if let Some(quiescence) = settling.sample(at, counts) {
            return quiescence;
        }
        let rest = Rest {
            taken_at: now,
            progress: settling.progress(at),
            counts: seen,
            not_started,
        };
        set_activity(&view.activity, Activity::Settling(rest));
    }
}
