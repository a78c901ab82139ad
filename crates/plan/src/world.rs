//! The pipeline in virtual time: a loop that hands the instants to the machines, from one event to the next.

mod function;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderproof_core::load::Dispatches;
use orderproof_core::order::OrderPlan;
use orderproof_core::scenario::{ProcessorKind, Scenario};
use orderproof_machines::mapping::{
    Concurrency, Environments, FunctionSettings, Gathering, MessageFilter, Retries,
};
use orderproof_machines::queue::{Message, MessageState, Queue, ReceiveFault, Tally, Total};
use orderproof_machines::table::Meter;
use orderproof_machines::time::{Nanos, nanos};

use crate::admit::rows_of_an_order;
use crate::learn::Failures;
use crate::model::Wall;
use crate::played::{Left, Log, Played};
use crate::poller::Poller;
use crate::progress::Progress;

/// A message as a receive gave it, named as its receipt handle does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receipt {
    slot: u32,
    /// The order's number and one.
    serial: u64,
    receive: u32,
    hidden_until: Nanos,
}

/// What the function does with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// Every record by itself; those that fail are reported.
    EachByItself,
    /// Every record by itself; then an error if one has failed.
    EachThenRaises,
    /// One after the other until one fails.
    UntilOneFails,
}

/// What the function of a scenario does with a batch.
pub(crate) fn behavior_of(scenario: &Scenario) -> Behavior {
    let pipeline = &scenario.pipeline;
    match (&scenario.processor, pipeline.function.processor) {
        (None, ProcessorKind::Lab) => Behavior::UntilOneFails,
        (Some(_), _) if !pipeline.mapping.report_batch_item_failures => Behavior::EachThenRaises,
        _ => Behavior::EachByItself,
    }
}

/// An invocation from its batch to its end.
#[derive(Debug)]
struct Invocation {
    batch: Vec<Receipt>,
    serial: u64,
    retries: Option<Retries>,
    /// Whether it ends before its time-out; none before it has begun.
    within: Option<bool>,
}

/// The pipeline.
pub(crate) struct World<'a> {
    plan: &'a OrderPlan,
    seed: u64,
    speed: f64,
    behavior: Behavior,
    failures: Failures,
    rows: usize,
    reports: bool,
    body: Arc<str>,
    /// Whether each order that was sent is bad: drawn once.
    bad: Vec<bool>,
    filter: Option<MessageFilter>,
    /// Orders whose messages the filter does not let through, ascending.
    sifted: Vec<u64>,
    delay: Nanos,
    visibility: Nanos,
    retention: Nanos,
    limit: Option<u32>,
    maximum_concurrency: u32,

    origin: Instant,
    pub(crate) now: Nanos,
    dispatches: std::iter::Peekable<Dispatches>,
    due: BinaryHeap<Reverse<(Nanos, u64, usize)>>,
    scheduled: u64,

    queue: Queue<()>,
    letters: Queue<()>,
    meter: Meter,
    environments: Environments,
    function: FunctionSettings,

    pub(crate) gathering: Gathering,
    pub(crate) concurrency: Concurrency,
    pub(crate) poller: Poller,
    /// Invocations of which the mapping does not know yet that they have ended.
    pub(crate) started: usize,
    /// How those that have ended did, until the mapping looks.
    pub(crate) ended_badly: Vec<bool>,
    invocations: Vec<Option<Invocation>>,
    free: Vec<usize>,
    pub(crate) spare: Vec<Vec<Receipt>>,
    /// Kept for the next batch.
    serials: Vec<u64>,
    key: String,
    serial: u64,

    pub(crate) log: Log,
}

impl<'a> World<'a> {
    /// The pipeline of a scenario that may be forecast, at its start.
    pub(crate) fn new(
        scenario: &'a Scenario,
        plan: &'a OrderPlan,
        origin: Instant,
        failures: Failures,
    ) -> Self {
        let pipeline = &scenario.pipeline;
        let (mapping, speed) = (pipeline.mapping.clone(), scenario.time_scale);
        let function = pipeline.function.settings();
        let capacity = pipeline.table_capacity;
        let schedule = scenario.schedule();
        let sending = &scenario.sending;
        let total = Total::default();
        let mut body = Vec::new();
        if schedule.count() > 0 {
            plan.write_body(0, &mut body);
        }
        Self {
            plan,
            seed: scenario.seed,
            speed,
            behavior: behavior_of(scenario),
            failures,
            rows: rows_of_an_order(scenario),
            reports: mapping.report_batch_item_failures,
            body: String::from_utf8_lossy(&body).into(),
            bad: Vec::with_capacity(usize::try_from(schedule.count()).expect("bounded")),
            filter: mapping.filter.clone(),
            sifted: Vec::new(),
            delay: nanos(scenario.order.delay.unwrap_or_default()),
            visibility: nanos(pipeline.visibility_timeout),
            retention: nanos(pipeline.orders_retention),
            limit: pipeline
                .redrive_to
                .as_ref()
                .map(|_| pipeline.max_receive_count),
            maximum_concurrency: mapping.maximum_concurrency.max(1),
            origin,
            now: 0,
            dispatches: schedule
                .dispatches(sending.batch, sending.linger)
                .peekable(),
            due: BinaryHeap::new(),
            scheduled: 0,
            queue: Queue::new(false, (), Tally::new(&total)),
            letters: Queue::new(false, (), Tally::new(&total)),
            meter: Meter::new("orders".into(), capacity, speed, origin),
            environments: Environments::new(function.reserved_concurrency, speed, origin),
            function,
            gathering: Gathering::new(&mapping, false),
            concurrency: Concurrency::new(&mapping),
            poller: Poller::Receiving,
            started: 0,
            ended_badly: Vec::new(),
            invocations: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            serials: Vec::new(),
            key: String::new(),
            serial: 0,
            log: Log::new(schedule.count()),
        }
    }

    /// Plays until everything is at an end, or until `patience` after the last send.
    pub(crate) fn play(mut self, scenario: &Scenario, progress: &Progress) -> Played {
        let patience = nanos(scenario.settle_deadline);
        let mut last_send = 0;
        loop {
            let deadline = match self.dispatches.peek() {
                Some(_) => Nanos::MAX,
                None => last_send + patience,
            };
            let Some(next) = self.next_event().filter(|next| *next <= deadline) else {
                break;
            };
            self.look_until(next);
            self.now = next;
            while let Some(dispatch) = self
                .dispatches
                .next_if(|dispatch| nanos(dispatch.due) <= self.now)
            {
                last_send = self.now;
                dispatch.orders().for_each(|k| {
                    self.send(k);
                    progress.sent(1);
                });
            }
            self.work();
            let counts = self.queue.counts();
            let at_rest = counts.total() == 0 && self.dispatches.peek().is_none();
            match at_rest {
                true => _ = self.log.empty_at.get_or_insert(self.now),
                false => self.log.empty_at = None,
            }
        }
        self.end(scenario, last_send)
    }

    fn end(mut self, scenario: &Scenario, last_send: Nanos) -> Played {
        self.look_until(self.now + 1_000_000_000);
        let kept = nanos(scenario.pipeline.dead_letter_retention);
        let expired_dead_letters = self.letters.advance(self.now, kept);
        let letters: Vec<u64> = self.letters.serials().map(|serial| serial - 1).collect();
        let queued: Vec<u64> = self.queue.serials().map(|serial| serial - 1).collect();
        let left = Left {
            letters: &letters,
            expired_dead_letters,
            queued: &queued,
        };
        Played::new(scenario, &self.bad, self.log, last_send, &left)
    }

    /// When something happens next.
    fn next_event(&mut self) -> Option<Nanos> {
        let send = self.dispatches.peek().map(|dispatch| nanos(dispatch.due));
        let due = self.due.peek().map(|Reverse((at, ..))| *at);
        let wanted = match self.poller.wants_messages() {
            true => self.queue.next_event(),
            // Nobody receives; but the queue is not at rest yet.
            false => None,
        };
        let next = [send, due, wanted, self.poller.wakes_at()];
        let next = next.into_iter().flatten().min();
        // Nothing that is over is waited for.
        next.map(|next| next.max(self.now))
    }

    /// Notes how things stand at the end of every second before `next`.
    fn look_until(&mut self, next: Nanos) {
        while self.log.second_ends_at() <= next {
            let end = self.log.second_ends_at();
            let expired = self.queue.advance(end, self.retention);
            self.log.expired(expired, end);
            let counts = self.queue.counts();
            self.log.look(counts, self.environments.running());
        }
    }

    /// Everything that happens at this instant.
    fn work(&mut self) {
        loop {
            while let Some(&Reverse((at, _, slot))) = self.due.peek()
                && at <= self.now
            {
                self.due.pop();
                self.go_on(slot);
            }
            self.poll();
            let is_more = self
                .due
                .peek()
                .is_some_and(|Reverse((at, ..))| *at <= self.now);
            if !is_more {
                return;
            }
        }
    }

    /// Carries out what time has done to the queue.
    fn advance(&mut self) {
        let expired = self.queue.advance(self.now, self.retention);
        self.log.expired(expired, self.now);
    }

    fn at(&self) -> Instant {
        self.origin + Duration::from_nanos(self.now)
    }

    fn send(&mut self, k: u64) {
        self.log.sent();
        // Orders are due in the order of their numbers.
        debug_assert_eq!(self.bad.len() as u64, k);
        self.bad.push(self.plan.is_bad(k));
        if let Some(filter) = &self.filter {
            let mut body = Vec::new();
            self.plan.write_body(k, &mut body);
            if !filter.lets_through(&String::from_utf8_lossy(&body)) {
                self.sifted.push(k);
            }
        }
        self.queue.insert(Message {
            serial: k + 1,
            body: Arc::clone(&self.body),
            extras: None,
            sent_at: self.now,
            first_received_at: 0,
            receive_count: 0,
            received_elsewhere: 0,
            place: match self.delay {
                0 => MessageState::Visible,
                delay => MessageState::Delayed(self.now + delay),
            },
        });
    }

    /// Messages wait to be received.
    pub(crate) fn has_backlog(&mut self) -> bool {
        self.advance();
        self.queue.counts().visible > 0
    }

    /// Takes up to so many messages, and moves those received too often to the dead-letter queue; how many came, of which the
    /// filter may have discarded some.
    pub(crate) fn receive(&mut self, most: usize, batch: &mut Vec<Receipt>) -> usize {
        self.advance();
        let until = self.now + self.visibility;
        let (before, mut dead) = (batch.len(), Vec::new());
        self.queue.take(
            most,
            (self.now, until),
            self.limit,
            &mut dead,
            |_| ReceiveFault::None,
            |taken| {
                batch.push(Receipt {
                    slot: taken.slot,
                    serial: taken.message.serial,
                    receive: taken.message.receive_count,
                    hidden_until: until,
                });
            },
        );
        for mut message in dead {
            message.bury();
            message.place = MessageState::Visible;
            let k = message.serial - 1;
            self.log.dead(k, self.now);
            if !self.bad[k as usize] {
                self.log.meet(Wall::MaxReceiveCount, self.now);
            }
            self.letters.insert(message);
        }
        let came = batch.len() - before;
        self.sift(before, batch);
        came
    }

    /// Deletes what the filter does not let through of a batch, from `first` on.
    fn sift(&mut self, first: usize, batch: &mut Vec<Receipt>) {
        if self.sifted.is_empty() {
            return;
        }
        let mut place = 0;
        let (sifted, queue) = (&self.sifted, &mut self.queue);
        batch.retain(|one| {
            place += 1;
            let is_sifted = place > first && sifted.binary_search(&(one.serial - 1)).is_ok();
            if is_sifted {
                queue.remove(one.slot);
            }
            !is_sifted
        });
    }

    /// Bytes of so many messages, about: all are taken to be as long as the first order's.
    pub(crate) fn bytes_of(&self, messages: usize) -> usize {
        self.body.len() * messages
    }

    /// An empty batch.
    pub(crate) fn new_batch(&mut self) -> Vec<Receipt> {
        self.spare.pop().unwrap_or_default()
    }

    /// No invocation more may run for a while, and messages wait.
    pub(crate) fn is_held_up(&mut self) {
        let wall = match self.concurrency.limit() >= self.maximum_concurrency {
            true => Wall::MaximumConcurrency,
            false => Wall::MappingConcurrency,
        };
        self.log.meet(wall, self.now);
    }
}
