//! The traps of the queues beside the orders queue: facts that trip each, and facts that just do not.

use super::Weight::{Caution, Trap as Gin, Unknown, Void, Well};
use super::traps::{Case, Change, nothing, try_all};
use super::*;

const LOCAL: &str = "target.processor=local";
const NOTICES: &str = "pipeline.queues=[\"notices\"]";
const DRAIN: &str =
    "processors.drain={command=[\"drain\"], queue=\"orders-dl-queue\", timeout=\"30s\"}";
const DRAIN_NOTICES: &str =
    "processors.drain={command=[\"drain\"], queue=\"notices\", timeout=\"30s\"}";
const IN_TWENTIES: &str = "processors.drain={command=[\"drain\"], queue=\"notices\", \
                           mapping={batch_size=20, batching_window=\"1s\"}}";

/// Orders end in `refused`, too.
fn letters(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    Box::new(move |facts| {
        let mut refused = queue("refused", 14 * DAY);
        change(&mut refused);
        facts
            .letter_queues
            .insert("refused".into(), Known::Is(refused));
    })
}

/// There is `notices` beside them, which nobody reads here.
fn notices(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    Box::new(move |facts| {
        let mut notices = queue("notices", 14 * DAY);
        change(&mut notices);
        facts
            .further_queues
            .insert("notices".into(), Known::Is(notices));
    })
}

fn further(known: Known<QueueFacts>) -> Change {
    Box::new(move |facts| {
        facts.further_queues.insert("notices".into(), known.clone());
    })
}

/// A mapping feeds the queue to a function of the account.
fn fed(called: &'static str, state: &'static str) -> Change {
    Box::new(move |facts| {
        let mapping = MappingFacts {
            function_arn: "arn:aws:lambda:us-east-1:123456789012:function:sweeper".into(),
            state: state.into(),
            ..mapping()
        };
        let mappings = Known::Is(vec![mapping]);
        facts.further_mappings.insert(called.into(), mappings);
    })
}

/// The same with no function of the account behind the orders queue.
fn alone(change: Change) -> Change {
    Box::new(move |facts| {
        facts.mappings = Known::Is(Vec::new());
        change(facts);
    })
}

fn moves_on(to: &'static str) -> impl Fn(&mut QueueFacts) {
    move |queue| {
        queue.redrive = Some(RedriveFacts {
            target_arn: format!("arn:aws:sqs:us-east-1:123456789012:{to}"),
            max_receive_count: 3,
        });
    }
}

#[test]
fn letters_stay_where_they_are_looked_for() {
    let trap = Trap::DeadLetterRedrive;
    try_all(vec![
        Case(
            &[],
            letters(moves_on("graveyard")),
            trap,
            Gin,
            "refused has a redrive policy of its own, to graveyard",
        ),
        Case(
            &[],
            letters(moves_on("orders-queue")),
            trap,
            Gin,
            "processed once more",
        ),
        Case(
            &[],
            letters(|_| {}),
            trap,
            Well,
            "refused has no redrive policy of its own",
        ),
    ]);
    // The run takes about 84 + 1,080 + 15 s.
    let kept = |seconds| letters(move |queue| queue.retention = Duration::from_secs(seconds));
    let held_back = |seconds| letters(move |queue| queue.delay = Duration::from_secs(seconds));
    let holds = |messages| letters(move |queue| queue.messages = messages);
    try_all(vec![
        Case(
            &[],
            kept(900),
            Trap::Retention,
            Void,
            "refused keeps messages for 900 s",
        ),
        Case(&[], kept(1_300), Trap::Retention, Well, "4.0 d"),
        Case(
            &[],
            held_back(1),
            Trap::Delay,
            Gin,
            "refused holds each message back for 1s",
        ),
        Case(
            &[],
            holds(120_001),
            Trap::DeadLetters,
            Void,
            "refused holds 120001",
        ),
        Case(
            &[],
            holds(120_000),
            Trap::DeadLetters,
            Caution,
            "refused holds about 120000",
        ),
        Case(
            &[],
            letters(|queue| queue.fifo = true),
            Trap::Fifo,
            Caution,
            "refused is a FIFO queue",
        ),
        Case(
            &[],
            letters(|queue| queue.kms_key = Some("alias/own".into())),
            Trap::Encryption,
            Caution,
            "refused is encrypted with alias/own",
        ),
    ]);
    let none = |change: Change, trap| {
        let scenario = scenario(&[]);
        let mut facts = facts();
        change(&mut facts);
        let checks = inspect(&scenario, target(&scenario), &facts);
        !checks.iter().any(|check| check.trap == trap)
    };
    assert!(none(held_back(0), Trap::Delay));
    assert!(none(letters(|_| {}), Trap::Fifo), "a standard queue");
}

#[test]
fn queues_that_the_pipeline_names_are_there() {
    let denied = || Known::Unknown("AccessDenied".to_owned());
    try_all(vec![
        Case(
            &[NOTICES],
            further(Known::Absent),
            Trap::Queues,
            Void,
            "no queue called notices",
        ),
        // Nobody has to read it, so nobody has to be allowed to.
        Case(
            &[NOTICES],
            further(denied()),
            Trap::Queues,
            Unknown,
            "notices: AccessDenied",
        ),
        Case(
            &[LOCAL, NOTICES, DRAIN_NOTICES],
            further(denied()),
            Trap::Queues,
            Void,
            "notices could not be read",
        ),
        Case(
            &[NOTICES],
            notices(|_| {}),
            Trap::Queues,
            Well,
            "notices is there, a standard queue",
        ),
        Case(
            &["target.queues={notices=\"prod-notices\"}", NOTICES],
            further(Known::Absent),
            Trap::Queues,
            Void,
            "no queue called prod-notices",
        ),
    ]);
}

#[test]
fn a_queue_that_feeds_a_function_of_this_process_hides_its_messages_long_enough() {
    let all = &[LOCAL, NOTICES, DRAIN_NOTICES];
    let hides =
        |seconds| notices(move |queue| queue.visibility_timeout = Duration::from_secs(seconds));
    let redriven = |seconds| {
        notices(move |queue| {
            moves_on("graveyard")(queue);
            queue.visibility_timeout = Duration::from_secs(seconds);
        })
    };
    let trap = Trap::Visibility;
    try_all(vec![
        Case(
            all,
            hides(29),
            trap,
            Gin,
            "notices, which feeds processors.drain: messages are hidden for 29s",
        ),
        Case(all, hides(179), trap, Caution, "6 times"),
        Case(
            all,
            hides(180),
            trap,
            Well,
            "notices, which feeds processors.drain",
        ),
        Case(
            all,
            hides(180),
            Trap::Redrive,
            Caution,
            "notices has no redrive policy",
        ),
        Case(
            all,
            redriven(180),
            Trap::Redrive,
            Well,
            "after 5 receives to orders-dl-queue",
        ),
        Case(
            all,
            notices(|queue| queue.messages = 7),
            Trap::QueueEmpty,
            Gin,
            "notices holds about 7 messages already, and processors.drain takes and deletes them",
        ),
        Case(
            all,
            notices(|_| {}),
            Trap::QueueEmpty,
            Well,
            "orders-queue is empty",
        ),
        // What the dead-letter queue's function leaves there is swept.
        Case(
            &[LOCAL, DRAIN],
            nothing(),
            trap,
            Well,
            "orders-dl-queue, which feeds processors.drain",
        ),
        Case(
            &[LOCAL, DRAIN],
            nothing(),
            Trap::Redrive,
            Well,
            "after 5 receives",
        ),
        Case(
            &[LOCAL, DRAIN],
            Box::new(|facts| {
                known(&mut facts.dead_letter_queue).visibility_timeout = Duration::from_secs(5)
            }),
            trap,
            Gin,
            "orders-dl-queue, which feeds processors.drain",
        ),
    ]);
    let twenties = &[LOCAL, NOTICES, IN_TWENTIES];
    try_all(vec![
        Case(
            twenties,
            notices(|queue| queue.fifo = true),
            Trap::Mapping,
            Void,
            "AWS refuses its mapping to processors.drain",
        ),
        Case(
            twenties,
            alone(notices(|_| {})),
            Trap::Mapping,
            Well,
            "in this process",
        ),
    ]);
}

#[test]
fn nobody_else_takes_what_is_looked_for_or_drained() {
    let trap = Trap::Mapping;
    let unread = |loopback| -> Change {
        Box::new(move |facts| {
            facts.place.loopback = loopback;
            let denied = Known::Unknown("AccessDenied".to_owned());
            facts
                .further_mappings
                .insert("orders-dl-queue".into(), denied);
        })
    };
    try_all(vec![
        Case(
            &[],
            fed("orders-dl-queue", "Enabled"),
            trap,
            Gin,
            "it takes letters away before they are looked at",
        ),
        Case(
            &[],
            fed("orders-dl-queue", "Disabled"),
            trap,
            Well,
            "orders-queue feeds",
        ),
        Case(
            &["bad_orders=0%"],
            fed("orders-dl-queue", "Enabled"),
            trap,
            Caution,
            "dead-lettered by mistake",
        ),
        Case(
            &[],
            fed("refused", "Enabled"),
            trap,
            Gin,
            "refused feeds arn:aws:lambda:us-east-1:123456789012:function:sweeper",
        ),
        Case(
            &[LOCAL, DRAIN],
            fed("orders-dl-queue", "Enabled"),
            trap,
            Gin,
            "each message goes there or to processors.drain",
        ),
        Case(
            &[LOCAL, DRAIN],
            alone(nothing()),
            trap,
            Well,
            "in this process",
        ),
        Case(
            &[],
            unread(false),
            trap,
            Unknown,
            "what orders-dl-queue feeds: AccessDenied",
        ),
        Case(&[], unread(true), trap, Well, "orders-queue feeds"),
    ]);
}

#[test]
fn a_letter_ages_anew_in_a_fifo_dead_letter_queue() {
    let alike = |fifo: bool| -> Change {
        Box::new(move |facts| {
            let orders = known(&mut facts.orders_queue);
            orders.fifo = fifo;
            let kept = orders.retention;
            let dead = known(&mut facts.dead_letter_queue);
            (dead.fifo, dead.retention) = (fifo, kept);
        })
    };
    let fifo = &["pipeline.queue=fifo", "order.group={{id}}"];
    try_all(vec![
        Case(
            fifo,
            alike(true),
            Trap::RetentionOrder,
            Well,
            "counts from its move",
        ),
        Case(&[], alike(false), Trap::RetentionOrder, Gin, "expires"),
    ]);
}
