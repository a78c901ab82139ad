//! The files for other tools, on a synthetic spike. What their tools make of them is a test with peers.

use std::collections::BTreeSet;

use super::*;
use orderproof_core::order::Id;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::results::{RunReport, SCHEMA_VERSION, file_name, headline, run_schema};
use orderproof_core::verdict::{Finding, Severity};

fn report() -> RunReport {
    World::new(&SPIKE).report()
}

fn rendered(report: &RunReport, format: &str, part: &str) -> String {
    let files = Format::named(format).unwrap().files(report);
    let file = files.iter().find(|file| file.part == part).unwrap();
    String::from_utf8(file.render().unwrap()).unwrap()
}

#[test]
fn every_file_has_a_path_of_its_own_within_the_folder() {
    let mut report = report();
    report.phases[0].figures.name = "../../etc/passwd".into();
    report.phases[1].figures.name = ".._.._etc/passwd".into();
    let files = report_files(&report);
    assert_eq!(files[0].path, file_name::RUN, "itself first");
    let paths: BTreeSet<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths.len(), files.len(), "{paths:?}");
    for path in paths {
        assert!(
            !path.contains("..") && path.matches('/').count() <= 1,
            "{path}"
        );
    }
    let names: BTreeSet<_> = FORMATS.iter().map(|format| format.name).collect();
    assert_eq!(names.len(), FORMATS.len(), "names tell formats apart");
}

#[test]
fn a_percentile_distribution_is_laid_out_as_hdrhistogram_does() {
    let text = rendered(&report(), "hgrm", "end_to_end-spike");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "       Value     Percentile TotalCount 1/(1-Percentile)"
    );
    assert_eq!(lines[1], "");
    assert_eq!(
        lines[2],
        "       0.400 0.000000000000        270           1.00"
    );
    let last = lines
        .iter()
        .rposition(|line| !line.starts_with('#'))
        .unwrap();
    assert_eq!(lines[last], "       1.390 1.000000000000      27000");
    let footer: Vec<_> = lines[last + 1..].iter().map(|line| &line[..10]).collect();
    assert_eq!(
        footer,
        ["#[Mean    ", "#[Max     ", "#[Buckets ", "#[Unit = m"]
    );
    assert!(lines[last + 4].contains("milliseconds; end_to_end, phase spike"));
}

#[test]
fn warm_up_counts_only_in_its_own_distribution() {
    let mut report = report();
    let of_all = |report: &RunReport| {
        let text = rendered(report, "hgrm", "response_time");
        let count = text.split("Total count    =").nth(1).unwrap();
        count.trim_start().split(']').next().unwrap().to_owned()
    };
    let before = of_all(&report);
    let phase = &mut report.phases[1];
    phase.figures.warm_up = true;
    let left = before.parse::<u64>().unwrap() - phase.figures.response_time.count();
    assert_eq!(of_all(&report), left.to_string());
}

#[test]
fn an_interval_log_has_a_line_a_second_and_metric_and_an_old_report_says_it_has_none() {
    let mut report = report();
    let log = rendered(&report, "hdr-log", "");
    assert!(
        log.contains("#[StartTime: ")
            && log.contains("#[BaseTime: ")
            && log.contains("microseconds")
    );
    let lines = log.lines().filter(|line| !line.starts_with('#'));
    let told: Vec<_> = lines
        .map(|line| line.split(",HISTFAAA").next().unwrap())
        .collect();
    let response = told
        .iter()
        .filter(|line| line.starts_with("Tag=response_time,"));
    assert_eq!(response.count(), report.intervals.len());
    assert!(
        told[0].starts_with("Tag=response_time,0.000,1.000,1.2"),
        "{}",
        told[0]
    );

    report.intervals.clear();
    let files = Format::named("hdr-log").unwrap().files(&report);
    let error = files[0].render().unwrap_err().to_string();
    assert!(error.contains("no intervals"), "{error}");
    assert!(
        report_files(&report)
            .iter()
            .all(|file| file.path != file_name::INTERVAL_LOG)
    );
}

#[test]
fn open_metrics_count_every_order_and_end_with_eof() {
    let mut report = report();
    report.scenario.name = "a \"quoted\\ name\nwith a line".into();
    let text = open_metrics(&report);
    assert!(text.ends_with("\n# EOF\n"));
    let labels = r#"scenario="a \"quoted\\ name\nwith a line",run_id="7""#;
    for line in [
        format!("orderproof_verdict{{{labels},verdict=\"pass\"}} 1.0"),
        format!("orderproof_verdict{{{labels},verdict=\"fail\"}} 0.0"),
        format!("orderproof_orders_total{{{labels},class=\"lost\"}} 0"),
        format!("orderproof_sends_total{{{labels},outcome=\"acknowledged\"}} 40000"),
        "# UNIT orderproof_end_to_end_seconds seconds".into(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in:\n{text}");
    }
    let whole = text
        .lines()
        .filter(|line| line.contains("le=\"+Inf\"") && line.contains("phase=\"spike\""));
    let whole: Vec<_> = whole.collect();
    assert_eq!(whole.len(), 4, "one for each measured duration");
    assert!(
        whole
            .iter()
            .any(|line| line.contains("end_to_end_seconds_bucket") && line.ends_with(" 27000"))
    );
    assert_eq!(
        text.matches("le=\"0.0005\"").count(),
        text.matches("le=\"+Inf\"").count()
    );
}

/// A report of which every text is made to break a page.
fn hostile(lists: usize, text: &str) -> RunReport {
    let mut report = report();
    report.scenario.name = text.into();
    report.scenario.question = text.into();
    report.provenance.platform = text.into();
    report.provenance.version = text.into();
    report.provenance.target = text.into();
    report.started_at = text.into();
    report.quiescence.evidence = text.into();
    report.scan.error = Some(text.into());
    report.scan.complete = false;
    report.findings = vec![
        Finding {
            severity: Severity::OrderFailure,
            code: text.into(),
            message: text.into(),
            orders: 7,
            first_ids: vec![Id::Number(u64::MAX); lists.min(100)],
        };
        lists
    ];
    report.phases = vec![report.phases[0].clone(); lists];
    for phase in &mut report.phases {
        phase.figures.name = text.into();
    }
    report
}

#[test]
fn a_page_stays_below_what_a_ci_job_takes_whatever_it_holds() {
    let page = render_markdown(&hostile(3_000, &"<&|`\\*".repeat(1_000)));
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
    for left in ["2,900 more (of 3,000) are left out here.", "cut here"] {
        assert!(page.contains(left), "{left}");
    }
    let small = render_markdown(&report());
    assert!(
        !small.contains("left out") && !small.contains("cut here"),
        "{small}"
    );
}

#[test]
fn no_text_becomes_markup() {
    for (text, never) in [
        ("a | b\n\n| c |", "a | b"),
        ("a \\| b", "a \\\\| b"),
        ("x\n# heading", "\n# heading"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("```<img src=x>", "<img src=x>\n"),
        ("[click](javascript:alert(1))", "](javascript"),
        ("![pixel](http://tracker.example/)", "](http"),
        ("[a][b]", "][b]"),
        ("**bold**", " **bold**"),
        ("&lt;b&gt;", " &lt;b&gt;"),
    ] {
        let page = render_markdown(&hostile(2, text));
        // A code span is no markup.
        let page = page.replace(&format!("`{}`", text.replace('`', "'")), "");
        assert!(!page.contains(never), "{never:?} of {text:?} in:\n{page}");
        let tables = page.lines().filter(|line| line.starts_with('|'));
        for line in tables.filter(|line| line.contains("schedule lag") || line.contains("at rest"))
        {
            assert!(line.trim_end().ends_with('|'), "{line}");
        }
    }
}

#[test]
fn the_schema_is_the_committed_one() {
    let committed = include_str!("../../../docs/run.schema.json");
    let schema = String::from_utf8(run_schema()).unwrap();
    assert!(
        schema == committed,
        "write it again: orderproof schema > docs/run.schema.json"
    );
}

#[test]
fn the_schema_is_as_strict_as_the_reader_and_says_what_fields_mean() {
    let schema: serde_json::Value = serde_json::from_slice(&run_schema()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["schema_version"]["const"],
        SCHEMA_VERSION
    );
    assert_eq!(
        schema["properties"]["classes"]["propertyNames"]["$ref"],
        "#/$defs/Class"
    );
    let row = &schema["$defs"]["TimelineRow"];
    assert_eq!(
        row["properties"]["offered_orders"]["description"],
        "Orders handed to the network."
    );
    assert_eq!(schema["$defs"]["Histogram"]["type"], "string");
    let required = schema["required"].as_array().unwrap();
    assert!(required.iter().any(|field| field == "verdict"));
    assert!(
        !required.iter().any(|field| field == "intervals"),
        "older reports have none"
    );
}

#[test]
fn a_run_that_fails_by_what_nobody_ordered_does_not_say_that_a_performance_rule_is_broken() {
    let failed_by = |severity| {
        let mut report = report();
        report.verdict = orderproof_core::verdict::Verdict::Fail;
        report.findings = vec![Finding {
            severity,
            code: "foreign_rows".into(),
            message: "3 rows are no order of this run".into(),
            orders: 0,
            first_ids: Vec::new(),
        }];
        headline(&report)
    };
    let stranger = failed_by(Severity::OrderFailure);
    assert!(stranger.contains("that no order explains"), "{stranger}");
    let slow = failed_by(Severity::PerformanceFailure);
    assert!(slow.contains("its rule is broken"), "{slow}");
}
