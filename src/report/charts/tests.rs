//! Every chart on long, short and empty runs.

use super::*;
use crate::report::tests::{SPIKE, World};

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
fn a_spike_is_drawn() {
    drawn(&SPIKE);
    let report = World::new(&SPIKE).report();
    for chart in Chart::of(&report) {
        let png = image::load_from_memory(&draw_png(chart, &report).unwrap()).unwrap();
        assert_eq!((png.width(), png.height()), SIZE, "{chart:?}");
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
