//! What most likely did it, and what cures it: one line each, with the number of orders it cost.

use super::figures::thousands;
use super::{RunReport, file_name};
use crate::scenario::ProcessorKind;
use crate::verify::Class;

/// The known causes that the figures of a run point at; none when every order is in its place, or when the
/// pipeline told nothing of itself.
pub fn diagnose(report: &RunReport) -> Vec<String> {
    let Some(pipeline) = &report.pipeline else {
        return Vec::new();
    };
    let count = |class: Class| report.classes.get(&class).copied().unwrap_or_default();
    let settings = &report.scenario.pipeline;
    let good_dead = count(Class::GoodOrderDeadLettered) + count(Class::StoredAndDeadLettered);
    let lost = count(Class::Lost);
    let mut causes = Vec::new();
    if good_dead > 0 {
        let good = report.orders.planned.saturating_sub(report.bad_orders);
        let these = format!(
            "{} of {} good orders ({}) are in the dead-letter queue",
            thousands(good_dead),
            thousands(good),
            percent(good_dead, good)
        );
        let whole = pipeline.failed_invocations;
        if pipeline.crashes > 0 {
            causes.push(format!(
                "{these}: {} processes of the function crashed or never came up, and each took its batch along. \
                 Cure: see what they wrote, in the folder {}",
                thousands(pipeline.crashes),
                file_name::FUNCTION_LOGS
            ));
        } else if whole > 0 && pipeline.failed_records == 0 {
            let lab = match settings.function.processor {
                ProcessorKind::Lab => " (the lab's function raises at the first)",
                ProcessorKind::Orderproof => "",
            };
            causes.push(format!(
                "{these}: {} of {} invocations failed whole and none named its bad records{lab}, so every bad \
                 order took its batch along. Cure: return batchItemFailures, and set ReportBatchItemFailures on \
                 the mapping",
                thousands(whole),
                thousands(pipeline.invocations)
            ));
        }
        if pipeline.throttled_writes > 0 {
            causes.push(format!(
                "{these}: the table throttled {} writes, and each cost its order a receive. Cure: an on-demand \
                 table or more write capacity, and a maxReceiveCount of 5 or more",
                thousands(pipeline.throttled_writes)
            ));
        }
        if pipeline.throttled_invocations > 0 {
            causes.push(format!(
                "{these}: {} invocations were throttled, and each cost its orders a receive. Cure: reserve \
                 concurrency for the function, or limit the mapping's MaximumConcurrency to what there is",
                thousands(pipeline.throttled_invocations)
            ));
        }
    }
    if lost > 0 && pipeline.filtered_messages > 0 {
        causes.push(format!(
            "the mapping's filter discarded {} messages, {} orders are lost. Cure: remove the filter criteria, or \
             let every order through",
            thousands(pipeline.filtered_messages),
            thousands(lost)
        ));
    }
    if lost > 0 && pipeline.failed_records > 0 && !settings.mapping.report_batch_item_failures {
        causes.push(format!(
            "the function named {} failed records and the mapping ignored them, {} orders are lost. Cure: set \
             ReportBatchItemFailures on the mapping",
            thousands(pipeline.failed_records),
            thousands(lost)
        ));
    }
    if !report.quiescence.reached && settings.redrive_to.is_none() {
        causes.push(
            "the orders queue has no redrive policy, so bad orders are received for ever. Cure: a redrive policy \
             that names the dead-letter queue"
                .into(),
        );
    }
    causes
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".into(),
        whole => format!("{:.0}%", 100.0 * part as f64 / whole as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::PipelineCounters;
    use crate::report::tests::{SPIKE, World};

    /// A report with these classes and counters, and a change of its settings.
    fn diagnosed(
        classes: &[(Class, u64)],
        counters: PipelineCounters,
        change: impl FnOnce(&mut RunReport),
    ) -> Vec<String> {
        let mut report = World::new(&SPIKE).report();
        report.classes.extend(classes.iter().copied());
        report.pipeline = Some(counters);
        change(&mut report);
        diagnose(&report)
    }

    fn counted(change: impl FnOnce(&mut PipelineCounters)) -> PipelineCounters {
        let mut counters = PipelineCounters {
            invocations: 100,
            ..PipelineCounters::default()
        };
        change(&mut counters);
        counters
    }

    #[test]
    fn each_cause_is_told_with_its_number_and_its_cure_and_its_near_miss_is_not() {
        let dead = [
            (Class::GoodOrderDeadLettered, 3_000),
            (Class::StoredAndDeadLettered, 600),
        ];
        let lost = [(Class::Lost, 45)];
        let flag_off = |report: &mut RunReport| {
            report.scenario.pipeline.mapping.report_batch_item_failures = false;
        };
        let whole = || counted(|counters| counters.failed_invocations = 60);
        let causes = diagnosed(&dead, whole(), |_| {});
        assert_eq!(causes.len(), 1);
        assert!(
            causes[0].starts_with(
                "3,600 of 36,000 good orders (10%) are in the dead-letter queue: 60 of 100"
            ) && causes[0].ends_with("set ReportBatchItemFailures on the mapping"),
            "{causes:?}"
        );
        let named = counted(|counters| {
            counters.failed_invocations = 60;
            counters.failed_records = 1;
        });
        assert_eq!(
            diagnosed(&dead, named, |_| {}),
            [""; 0],
            "records were named"
        );
        assert_eq!(
            diagnosed(&[], whole(), |_| {}),
            [""; 0],
            "no good order suffered"
        );

        let crashed = counted(|counters| {
            counters.failed_invocations = 60;
            counters.crashes = 12;
        });
        let causes = diagnosed(&dead, crashed.clone(), |_| {});
        assert_eq!(causes.len(), 1, "{causes:?}");
        assert!(
            causes[0].contains("12 processes of the function"),
            "{causes:?}"
        );
        assert_eq!(diagnosed(&[], crashed, |_| {}), [""; 0]);

        let throttled = counted(|counters| counters.throttled_writes = 7);
        assert!(diagnosed(&dead, throttled.clone(), |_| {})[0].contains("throttled 7 writes"));
        assert_eq!(diagnosed(&[], throttled, |_| {}), [""; 0]);
        let invocations = counted(|counters| counters.throttled_invocations = 8);
        assert!(diagnosed(&dead, invocations, |_| {})[0].contains("8 invocations were throttled"));
        let filtered = counted(|counters| counters.filtered_messages = 45);
        assert!(diagnosed(&lost, filtered.clone(), |_| {})[0].contains("discarded 45 messages"));
        assert_eq!(
            diagnosed(&[], filtered, |_| {}),
            [""; 0],
            "what it discarded was no order"
        );
        let records = counted(|counters| counters.failed_records = 45);
        assert!(diagnosed(&lost, records.clone(), flag_off)[0].contains("ignored them, 45 orders"));
        assert_eq!(diagnosed(&lost, records, |_| {}), [""; 0], "the flag is on");
        let no_redrive = |report: &mut RunReport| {
            report.scenario.pipeline.redrive_to = None;
            report.quiescence.reached = false;
        };
        assert!(diagnosed(&[], counted(|_| {}), no_redrive)[0].contains("no redrive policy"));
    }
}
