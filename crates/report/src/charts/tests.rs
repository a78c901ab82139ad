//! Every chart on long, short and empty runs.

use super::*;
use crate::render_markdown;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::results::{CloudWatch, CloudWatchMetric, MetricSeries};

/// The charts that every run has.
const ALWAYS: [Chart; 5] = [
    Chart::Rates,
    Chart::Backlog,
    Chart::Latency,
    Chart::Percentiles,
    Chart::Validity,
];

fn drawn(phases: &[(&str, f64, u64, bool)]) {
    let report = World::new(phases).report();
    for chart in Chart::of(&report) {
        let svg = draw_svg(chart, &report).unwrap();
        let figure = chart.figure(&report);
        assert!(svg.contains(&figure.title), "{chart:?} carries its title");
        let named = figure
            .panels
            .iter()
            .flat_map(|panel| &panel.series)
            .filter(|series| !series.name.is_empty());
        for series in named {
            assert!(
                svg.contains(&series.name),
                "{chart:?} names {}",
                series.name
            );
        }
        let samples = figure.panels.iter().all(figure::Panel::has_samples);
        assert_eq!(svg.contains("no samples"), !samples, "{chart:?}");
    }
}

#[test]
fn rows_that_do_not_tell_when_they_were_stored_are_not_none_stored() {
    let mut report = World::new(&SPIKE).report();
    let caption = |report: &RunReport| Chart::Latency.figure(report).caption;
    assert!(
        caption(&report).contains(" orders stored"),
        "{}",
        caption(&report)
    );
    for phase in &mut report.phases {
        phase.end_to_end_us = Default::default();
    }
    assert!(
        caption(&report).contains(", 0 orders stored"),
        "{}",
        caption(&report)
    );
    for row in &mut report.timeline {
        row.stored_orders = None;
    }
    let told = caption(&report);
    assert!(
        told.contains("stored was not measured") && !told.contains(", 0 orders"),
        "{told}"
    );
}

#[test]
fn a_spike_is_drawn() {
    drawn(&SPIKE);
    let report = World::new(&SPIKE).report();
    for chart in Chart::of(&report) {
        let png = image::load_from_memory(&draw_png(chart, &report).unwrap()).unwrap();
        assert_eq!(
            (png.width(), png.height()),
            Frame::Wide.size(&chart.figure(&report)),
            "{chart:?}"
        );
        let colored = png
            .to_rgb8()
            .pixels()
            .filter(|pixel| pixel.0 != [255; 3])
            .count();
        assert!(colored > 2_000, "{chart:?} is not blank: {colored} pixels");
    }
}

#[test]
fn one_second_an_hour_and_nothing_at_all_are_drawn() {
    drawn(&[("baseline", 10.0, 1, false)]);
    drawn(&[("baseline", 2.0, 3_600, false)]);
    drawn(&[("baseline", 0.0, 1, false)]);
    drawn(&[("warm-up", 10.0, 2, true)]);
}

#[test]
fn thinning_hides_no_peak() {
    let mut report = World::new(&[("baseline", 2.0, 3_600, false)]).report();
    report.timeline[1_777].offered_orders = 9_999;
    let figure = Chart::Rates.figure(&report);
    let offered = &figure.panels[0].series[1];
    assert!(offered.points.len() <= 1_000);
    assert!(offered.points.iter().any(|point| point.1 == Some(9_999.0)));
}

#[test]
fn the_step_to_five_times_the_baseline_shows() {
    let figure = Chart::Rates.figure(&World::new(&SPIKE).report());
    let scheduled = &figure.panels[0].series[0].points;
    assert_eq!(
        (scheduled[24].1, scheduled[25].1),
        (Some(200.0), Some(1_000.0))
    );
}

/// A spike as CloudWatch counts it: 27 s into a minute, its last minute without points, one missing.
fn watched() -> RunReport {
    let mut report = World::new(&[
        ("baseline", 200.0, 270, false),
        ("spike", 1_000.0, 300, false),
    ])
    .report();
    let series = |metric, values: [Option<f64>; 9]| MetricSeries {
        metric,
        points: (0i64..)
            .zip(values)
            .filter_map(|(minute, value)| Some((minute * 60 - 27, value?)))
            .collect(),
    };
    let some = |values: [f64; 9]| values.map(Some);
    let mut gap = some([
        200.0, 9_800.0, 12_000.0, 12_000.0, 12_000.0, 40_000.0, 60_000.0, 60_000.0, 58_000.0,
    ]);
    gap[3] = None;
    report.cloudwatch = Some(CloudWatch {
        series: vec![
            series(
                CloudWatchMetric::ThrottledInvocations,
                some([0.0, 0.0, 0.0, 0.0, 0.0, 812.0, 1_240.0, 310.0, 0.0]),
            ),
            series(
                CloudWatchMetric::ConcurrentInvocations,
                some([4.0, 20.0, 21.0, 20.0, 22.0, 100.0, 100.0, 100.0, 96.0]),
            ),
            series(
                CloudWatchMetric::OldestMessageAgeS,
                some([0.0, 0.0, 1.0, 0.0, 0.0, 14.0, 33.0, 21.0, 2.0]),
            ),
            series(CloudWatchMetric::MessagesSent, gap),
            series(CloudWatchMetric::ThrottledWrites, [None; 9]),
        ],
        missing_minutes: 1,
        ..CloudWatch::default()
    });
    report
}

#[test]
fn what_cloudwatch_counted_is_drawn_dashed_and_said_to_be_no_proof() {
    let report = watched();
    let figure = Chart::CloudWatch.figure(&report);
    assert!(figure.title.contains("not proof"));
    let series: Vec<_> = figure
        .panels
        .iter()
        .flat_map(|panel| &panel.series)
        .collect();
    let names: Vec<_> = series.iter().map(|series| series.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "throttled invocations",
            "most invocations at one time",
            "messages sent"
        ],
        "what has no points has no line, and a subject without lines no panel"
    );
    assert!(
        series
            .iter()
            .all(|series| series.line == figure::Line::Dashed)
    );
    assert_eq!(
        series[2].stretches().len(),
        2,
        "a minute without a point is a gap"
    );
    let first = &series[0].points;
    assert_eq!(
        first[..2],
        [(0.0, Some(0.0)), (33.0, Some(0.0))],
        "from the run's start"
    );
    let backlog = Chart::Backlog.figure(&report);
    let ages = &backlog.panels[1].series;
    assert_eq!(ages.len(), 2);
    assert!(ages[1].line == figure::Line::Dashed && ages[1].name.contains("not proof"));
    assert_eq!(
        ages[1].stretches()[0]
            .iter()
            .map(|point| point.1)
            .fold(0.0, f64::max),
        33.0
    );
    let svg = draw_svg(Chart::CloudWatch, &report).unwrap();
    assert!(svg.contains("not proof") && !svg.contains("no samples"));
}

#[test]
fn a_run_without_points_of_cloudwatch_has_no_chart_of_them() {
    let mut report = World::new(&SPIKE).report();
    assert_eq!(Chart::of(&report), ALWAYS);
    report.cloudwatch = Some(CloudWatch::unread("AccessDenied: no"));
    assert_eq!(Chart::of(&report), ALWAYS);
    assert_eq!(Chart::Backlog.figure(&report).panels[1].series.len(), 1);
    assert!(!render_markdown(&report).contains("cloudwatch.png"));
    assert_eq!(Chart::of(&watched()).len(), 6);
    assert!(render_markdown(&watched()).contains("(cloudwatch.png)"));
}

#[test]
fn a_page_knows_where_each_plot_is_and_what_is_drawn_there() {
    let report = World::new(&SPIKE).report();
    for (chart, frame) in ALWAYS
        .into_iter()
        .flat_map(|chart| [(chart, Frame::Wide), (chart, Frame::Narrow)])
    {
        let figure = chart.figure(&report);
        let drawing = drawing(&figure, frame, chart.file_stem()).unwrap();
        let (width, height) = drawing.size;
        assert!(drawing.svg.contains("<svg"), "{chart:?}");
        for (panel, plotted) in figure.panels.iter().zip(&drawing.plotted) {
            let (across, down) = (&plotted.x, &plotted.y);
            assert!(
                0 < across.start && across.start < across.end && across.end < width as i32,
                "{chart:?} {frame:?} {across:?}"
            );
            assert!(
                0 < down.start && down.start + 100 < down.end && down.end < height as i32,
                "{chart:?} {frame:?} {down:?}"
            );
            let x = &plotted.x_axis;
            assert!(!panel.series.is_empty(), "{chart:?}");
            let values = panel.series.iter().flat_map(|series| &series.points);
            for &(place, _) in values {
                assert!((x.from..=x.to + 1e-9).contains(&place), "{chart:?} {place}");
            }
        }
    }
}

#[test]
fn the_p95_of_each_second_is_drawn_where_counts_by_the_second_were_kept() {
    let names = |report: &RunReport| -> Vec<String> {
        let figure = Chart::Latency.figure(report);
        figure.panels[0]
            .named()
            .map(|series| series.name.clone())
            .collect()
    };
    let mut report = World::new(&SPIKE).report();
    report.intervals.clear();
    assert_eq!(
        names(&report),
        ["response time p50", "p99", "max"],
        "an older folder shows none"
    );
    let histogram = report.phases[0].figures.response_time.clone();
    let interval = |time_s| orderproof_core::results::Interval {
        time_s,
        response_time: histogram.clone(),
        service_time: histogram.clone(),
        end_to_end: histogram.clone(),
    };
    report.intervals = vec![interval(1), interval(3)];
    assert_eq!(names(&report), ["response time p50", "p95", "p99", "max"]);
    let figure = Chart::Latency.figure(&report);
    let p95 = &figure.panels[0].series[1].points;
    let expected = histogram.summary().p95_us.map(|us| us as f64);
    assert_eq!(p95.len(), report.timeline.len());
    assert_eq!(
        [p95[0].1, p95[1].1, p95[2].1, p95[3].1],
        [None, expected, None, expected]
    );
}
