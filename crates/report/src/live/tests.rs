//! What the page of a run that goes on says, and what it does not.

use super::*;
use orderproof_core::ledger::OutcomeCounts;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::results::{Provenance, TimelineRow, unfinished};
use orderproof_core::scenario::parse_gate_rule;
use orderproof_core::verdict::Verdict;

fn standing() -> LiveState {
    LiveState {
        stage: "Sending",
        sentence: "phase spike, <b>2 of 3</b>".into(),
        about: "spike on embedded".into(),
        passed: 0.25,
        facts: vec![
            ("acknowledged", "1,204".into()),
            ("end-to-end p99", String::new()),
        ],
        seconds_a_point: 1,
        ..LiveState::default()
    }
}

/// A run of which three seconds were seen.
fn so_far(row: impl Fn(u64) -> TimelineRow) -> RunReport {
    let whole = World::new(&SPIKE).report();
    let orders = OutcomeCounts {
        planned: 100,
        acknowledged: 41,
        ..OutcomeCounts::default()
    };
    let rows = (0..3).map(row).collect();
    unfinished(
        &whole.scenario,
        whole.run_id,
        Provenance::default(),
        orders,
        rows,
    )
}

fn row(time_s: u64) -> TimelineRow {
    TimelineRow {
        time_s,
        scheduled_orders: 10,
        offered_orders: 10,
        acknowledged_orders: 9,
        stored_orders: Some(7),
        dead_lettered_orders: Some(1),
        queue_visible_messages: Some(3),
        queue_in_flight_messages: Some(2),
        response_time_p50_us: Some(900),
        response_time_p99_us: Some(1_900),
        response_time_max_us: Some(2_900),
        schedule_lag_max_us: Some(80),
        ..TimelineRow::default()
    }
}

fn ids(news: &News) -> Vec<&str> {
    let ids = news
        .charts
        .iter()
        .map(|chart| chart["id"].as_str().unwrap());
    ids.collect()
}

#[test]
fn the_charts_are_those_of_the_report_with_what_was_seen_so_far() {
    let news = News::of(&standing(), &so_far(row)).unwrap();
    assert_eq!(ids(&news), ["backlog", "rates", "latency", "validity"]);
    let svg = |index: usize| news.charts[index]["svg"].as_str().unwrap();
    assert!(svg(0).contains("waiting in the queue"));
    assert!(!svg(0).contains("backlog by the ledger"), "not known yet");
    assert!(!svg(0).contains("oldest order"), "nor is its age zero");
    for chart in &news.charts {
        let svg = chart["svg"].as_str().unwrap();
        assert!(svg.contains("41 orders acknowledged so far"), "{svg}");
    }
    assert!(svg(1).contains("~stored") && svg(1).contains("dead-lettered"));
    assert!(svg(2).contains("response time p50"));
    assert!(!svg(2).contains("end-to-end"), "not measured is no line");
    assert!(svg(3).contains("largest schedule lag"));
    let known = |time_s| TimelineRow {
        end_to_end_p50_us: Some(5_000),
        end_to_end_p99_us: Some(9_000),
        ..row(time_s)
    };
    let news = News::of(&standing(), &so_far(known)).unwrap();
    assert!(
        news.charts[2]["svg"]
            .as_str()
            .unwrap()
            .contains("end-to-end latency p50")
    );
}

#[test]
fn before_anything_is_seen_nothing_is_drawn_as_zero() {
    let news = News::of(
        &standing(),
        &so_far(|time_s| TimelineRow {
            time_s,
            ..TimelineRow::default()
        }),
    );
    let news = news.unwrap();
    assert!(!ids(&news).contains(&"backlog"), "the queue was not read");
    assert!(!ids(&news).contains(&"latency"));
}

#[test]
fn before_the_end_nothing_looks_like_a_verdict_and_every_text_is_escaped() {
    let news = News::of(&standing(), &so_far(row)).unwrap();
    assert!(
        news.top.contains("&lt;b&gt;2 of 3&lt;/b&gt;"),
        "{}",
        news.top
    );
    assert!(
        news.top.contains("<dd>\u{2013}</dd>"),
        "not measured is a dash"
    );
    for word in [
        "PASS",
        "FAIL",
        "INCONCLUSIVE",
        "class=\"banner pass",
        "banner fail",
        "banner open",
    ] {
        assert!(!news.top.contains(word), "{word}");
    }
    assert!(!news.ended && news.top.contains("No verdict yet"));
}

#[test]
fn at_the_end_the_verdict_stands_with_its_rules_and_its_folder() {
    let mut world = World::new(&SPIKE);
    world.scenario.expect.rules =
        vec![parse_gate_rule("response_time_p99 < 100ms for spike").unwrap()];
    let report = world.report();
    let news = News::judged(&report, "reports/<x>").unwrap();
    assert!(news.ended);
    assert_eq!(ids(&news), ["backlog", "rates", "latency", "validity"]);
    let rates = news.charts[1]["svg"].as_str().unwrap();
    assert!(rates.contains("stored") && !rates.contains("~stored"));
    let word = orderproof_core::results::verdict_word(report.verdict);
    assert!(news.top.contains(word), "{}", news.top);
    assert!(news.top.contains("reports/&lt;x&gt;/report.html"));
    assert!(news.top.contains("id=\"rules\""), "{}", news.top);
    assert_eq!(
        news.top.contains("banner pass"),
        report.verdict == Verdict::Pass
    );
    let news = News::without_verdict("7", "no disk\n<i>");
    assert!(news.ended && news.top.contains("No verdict") && news.top.contains("&lt;i&gt;"));
}

#[test]
fn the_page_loads_nothing_and_may_run_nothing_but_its_own() {
    let page = page("sp<i>ke", "42");
    assert!(page.html.contains("sp&lt;i&gt;ke, run 42"));
    assert!(page.policy.starts_with("default-src 'none'"));
    assert!(page.policy.contains("frame-ancestors 'none'") && !page.policy.contains("unsafe"));
    for outside in ["http://", "https://", "src="] {
        assert!(!page.html.contains(outside), "{outside}");
    }
}
