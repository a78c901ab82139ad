//! What is shown of a comparison.

use std::time::Duration;

use super::*;
use crate::TextStyle;
use crate::charts::Pair;
use orderproof_core::compare::{Comparison, Options, compare};
use orderproof_core::results::RunReport;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::verdict::{Class, Verdict};

fn spike() -> RunReport {
    World::new(&SPIKE).report()
}

fn compared(base: &RunReport, candidate: &RunReport) -> Comparison {
    compare(
        std::slice::from_ref(base),
        std::slice::from_ref(candidate),
        Options::default(),
    )
    .expect("comparable")
}

#[test]
fn the_text_tells_what_differs_and_opens_with_a_loss() {
    let mut other = spike();
    other.scenario.pipeline.visibility_timeout = Duration::from_secs(77);
    let text = comparison_text(&compared(&spike(), &other), TextStyle::default());
    assert!(
        text.contains("pipeline.visibility_timeout  ") && text.contains("  77s\n"),
        "{text}"
    );
    let mut worse = spike();
    worse.classes.insert(Class::Lost, 3);
    worse.verdict = Verdict::Fail;
    let text = comparison_text(&compared(&spike(), &worse), TextStyle::default());
    assert!(
        text.starts_with("REGRESSED  more orders are lost"),
        "{text}"
    );
}

#[test]
fn every_format_tells_the_same() {
    let mut worse = spike();
    worse.classes.insert(Class::Lost, 3);
    worse.scenario.name = "spike <script>".into();
    let (base, comparison) = (spike(), compared(&spike(), &worse));
    let markdown = comparison_markdown(&comparison);
    let pair = Pair {
        base: &base,
        candidate: &worse,
    };
    let page = comparison_html(&comparison, Some(&pair)).unwrap();
    for text in [&markdown, &page] {
        assert!(text.contains("REGRESSED") && text.contains("end_to_end_p99"));
        assert!(text.contains("effect") && text.contains("nothing was measured by the second"));
        assert!(
            !text.contains("spike <script>"),
            "text of a run never becomes markup"
        );
    }
    assert!(page.contains("compare-latency") && page.contains("compare-percentiles"));
    assert!(!page.contains("http://www.w3.org/1999") && page.len() < 2_000_000);
}
