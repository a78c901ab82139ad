//! What most likely did it, and what cures it: one line each, with the number of orders it cost.
//!
//! A cause is given only when it was counted: what the runtime saw of each failed invocation, what was throttled,
//! filtered or ignored. A report that did not count reasons says so.

use super::function::reasons;
use orderproof_core::results::figures::thousands;
use orderproof_core::results::{FailureCount, FailureKind, PipelineCounters, RunReport, file_name};
use orderproof_core::scenario::{ProcessorKind, Resources, TargetSpec};
use orderproof_core::verdict::Class;
use orderproof_core::verify::GROUP_FOLLOWERS;

/// Reasons quoted in one cause.
const QUOTED: usize = 3;

const PARTIAL: &str = "return batchItemFailures, and set ReportBatchItemFailures on the mapping";

/// The known causes that the figures of a run point at; none when every order is in its place, or when the
/// pipeline reported nothing of itself.
pub fn diagnose(report: &RunReport) -> Vec<String> {
    let Some(pipeline) = &report.pipeline else {
        return Vec::new();
    };
    let seen = Seen { report, pipeline };
    let mut causes = Vec::new();
    if let Some(never) = &pipeline.never_started {
        let log = match &never.log {
            Some(log) => format!("in {log}"),
            None => "on its standard error".into(),
        };
        causes.push(format!(
            "{}. Cure: read what it wrote, {log}, and start the command by hand",
            never.summary()
        ));
        return causes;
    }
    causes.extend(seen.wanting());
    causes.extend(seen.followed());
    causes.extend(seen.failed());
    causes.extend(seen.throttled());
    causes.extend(seen.ignored());
    if !report.quiescence.reached && report.scenario.pipeline.redrive_to.is_none() {
        causes.push(
            "the orders queue has no redrive policy, so bad orders are received again and again. Cure: a redrive policy \
             that names the dead-letter queue"
                .into(),
        );
    }
    causes
}

/// A report whose pipeline counted.
struct Seen<'a> {
    report: &'a RunReport,
    pipeline: &'a PipelineCounters,
}

impl Seen<'_> {
    fn count(&self, class: Class) -> u64 {
        self.report.classes.get(&class).copied().unwrap_or_default()
    }

    fn good_orders(&self) -> u64 {
        self.report
            .orders
            .planned
            .saturating_sub(self.report.bad_orders)
    }

    fn good_dead(&self) -> u64 {
        self.count(Class::GoodOrderDeadLettered) + self.count(Class::StoredAndDeadLettered)
    }

    fn is_own_function(&self) -> bool {
        self.report.scenario.processor.is_some()
    }

    /// No order of the run is in the table, which was read to its end, although the function was invoked. What a
    /// planted fault does is no sign of what the function understands.
    fn nothing_stored(&self) -> bool {
        let stored = self
            .report
            .scan
            .items
            .saturating_sub(self.report.foreign_rows.unwrap_or_default());
        self.report.scan.complete
            && stored == 0
            && self.good_orders() > 0
            && self.report.orders.acknowledged > 0
            && self.pipeline.invocations > 0
            && self.report.scenario.faults.is_empty()
    }

    /// Nothing is stored, and nothing was lost: what was answered with success, and is not there, was understood.
    fn nothing_understood(&self) -> bool {
        self.nothing_stored() && self.count(Class::Lost) == 0
    }

    /// What the good orders suffer, if they suffer.
    fn suffering(&self) -> Option<String> {
        let good = self.good_orders();
        if self.nothing_understood() {
            return Some(format!(
                "the function stored no order: none of the {} good orders is in the table",
                thousands(good)
            ));
        }
        match self.good_dead() {
            0 if self.report.quiescence.reached => None,
            0 => Some("the queue did not come to rest".into()),
            _ => Some(self.dead_lettered()),
        }
    }

    fn dead_lettered(&self) -> String {
        let (dead, good) = (self.good_dead(), self.good_orders());
        format!(
            "{} of {} good orders ({}) are in the dead-letter queue",
            thousands(dead),
            thousands(good),
            percent(dead, good)
        )
    }

    /// Good orders that were dead-lettered with a bad one of their message group.
    fn followed(&self) -> Option<String> {
        let findings = self.report.findings.iter();
        let mut followers = findings.filter(|finding| finding.code == GROUP_FOLLOWERS);
        followers.next().map(|finding| finding.message.clone())
    }

    /// What the function called that is not there, where orders suffer.
    fn wanting(&self) -> Option<String> {
        let first = self.pipeline.services.as_ref()?.first()?;
        let wanting = first.wanting.as_deref()?;
        let failed = self.pipeline.failed_invocations + self.pipeline.failed_records > 0;
        let missing = self.count(Class::Lost) + self.count(Class::Incomplete) > 0;
        (failed || missing).then(|| {
            format!(
                "the function called {} of the service {} {} times, {} of them refused; nothing else was missing before it. \
                 {wanting}",
                first.operation,
                first.service,
                thousands(first.calls),
                thousands(first.refused)
            )
        })
    }

    /// What the failures of the function, whole or of single records, have done.
    fn failed(&self) -> Option<String> {
        let these = self.suffering()?;
        let (whole, records) = (
            self.pipeline.failed_invocations,
            self.pipeline.failed_records,
        );
        let mut cause = match (whole, records) {
            // What was lost that way is a cause of its own.
            (0, 0) if self.count(Class::Lost) > 0 => return None,
            (0, 0) if self.nothing_understood() => format!(
                "{these}, and each of its {} invocations succeeded. Cure: have it write to the table that \
                 DYNAMODB_ORDERS_TABLE names at AWS_ENDPOINT_URL{}",
                thousands(self.pipeline.invocations),
                self.see_the_log()
            ),
            (0, 0) => return None,
            // Whom it named is known: these good orders suffer from something else.
            (0, _) if self.pipeline.failed_good_records == Some(0) => return None,
            (0, records) if self.is_own_function() || self.nothing_understood() => format!(
                "{these}: it named {} records as failed, {}. Cure: its own error messages say why{}",
                thousands(records),
                match self.pipeline.failed_good_records {
                    Some(good) => format!("{} of them of good orders", thousands(good)),
                    None => "and whether good orders are among them was not counted".into(),
                },
                self.see_the_log()
            ),
            (0, _) => return None,
            (whole, _) => self.failed_whole(&these, whole),
        };
        if let Some(word) = self.word_on_bad_orders() {
            cause.push_str(&word);
        }
        Some(cause)
    }

    fn failed_whole(&self, these: &str, whole: u64) -> String {
        let of = format!(
            "{} of {} invocations failed whole",
            thousands(whole),
            thousands(self.pipeline.invocations)
        );
        let Some(failures) = self.pipeline.failures.as_deref() else {
            // Of the lab's own function it is known without counting.
            return match self.is_the_lab() && self.pipeline.failed_records == 0 {
                true => format!(
                    "{these}: {of} and none named its bad records (the lab's function raises at the first), so \
                     every bad order failed its whole batch. Cure: {PARTIAL}"
                ),
                false => format!("{these}: {of}; why was not counted by the version that ran this"),
            };
        };
        let failures: Vec<_> = failures
            .iter()
            .filter(|failure| failure.kind != FailureKind::Throttled)
            .cloned()
            .collect();
        let Some(commonest) = failures.first() else {
            return format!("{these}: {of}");
        };
        let why = reasons(&failures, QUOTED);
        let only_with_bad = failures.iter().all(came_with_bad_orders);
        if commonest.kind == FailureKind::Error
            && only_with_bad
            && self.pipeline.failed_records == 0
        {
            let lab = match self.is_the_lab() {
                true => " (the lab's function raises at the first)",
                false => "",
            };
            return format!(
                "{these}: {of}, each with a bad order in its batch: {why}; none named its bad records{lab}, so \
                 every bad order failed its whole batch. Cure: {PARTIAL}"
            );
        }
        format!(
            "{these}: {of}: {why}. Cure: {}{}",
            self.cure(commonest.kind),
            self.see_the_log()
        )
    }

    fn is_the_lab(&self) -> bool {
        let function = &self.report.scenario.pipeline.function;
        !self.is_own_function() && function.processor == ProcessorKind::Lab
    }

    fn cure(&self, kind: FailureKind) -> &'static str {
        match kind {
            FailureKind::Error => "fix the error: batches without a bad order fail, too",
            FailureKind::TimedOut => {
                "give the function more time (pipeline.function.timeout) or less work (mapping.batch_size), and see \
                 what it waits for"
            }
            FailureKind::InvalidResponse => {
                "return {\"batchItemFailures\": [{\"itemIdentifier\": \"...\"}]} with the messageId of each \
                 failed record and of no other: anything else brings the whole batch back"
            }
            FailureKind::FailedStart => {
                "read what its processes wrote; each failure returned its whole batch to the queue"
            }
            FailureKind::Crashed => {
                "read what its processes wrote; each failure returned its whole batch to the queue"
            }
            FailureKind::Throttled => "give the function more concurrency",
        }
    }

    fn see_the_log(&self) -> String {
        match self.is_own_function() {
            true => format!(
                "; its output is in the run's folder, {}/environment-*.log",
                file_name::FUNCTION_LOGS
            ),
            false => String::new(),
        }
    }

    /// Bad orders that were refused as the good ones were show nothing of the function's judgment, unless good ones
    /// were accepted.
    fn word_on_bad_orders(&self) -> Option<String> {
        let bad = self.count(Class::DeadLetteredByDesign);
        let failures = self.pipeline.failures.as_deref().unwrap_or_default();
        let alike = self.pipeline.failed_records == 0
            && failures
                .iter()
                .any(|failure| failure.without_bad_orders.is_some_and(|count| count > 0));
        let good_refused = self.good_dead() > 0
            || self.pipeline.failed_invocations > 0
            || self.pipeline.failed_good_records > Some(0);
        let word = match self.nothing_understood() && good_refused {
            _ if bad == 0 => return None,
            true => {
                "were refused as good ones were: nothing shows that the function distinguishes them"
            }
            false if alike => {
                "may have been refused for the same reason as good ones: batches without a bad order failed, too"
            }
            false => return None,
        };
        Some(format!(". The {} bad orders there {word}", thousands(bad)))
    }

    fn throttled(&self) -> Vec<String> {
        let mut causes = Vec::new();
        if self.good_dead() == 0 {
            return causes;
        }
        let these = self.dead_lettered();
        if self.pipeline.throttled_writes > 0 {
            causes.push(format!(
                "{these}: the table throttled {} writes, and each that its retries did not save cost its order a \
                 receive. Cure: an on-demand table or more write capacity, and a maxReceiveCount of 5 or more",
                thousands(self.pipeline.throttled_writes)
            ));
        }
        if self.pipeline.throttled_invocations > 0 {
            let came_back = self
                .came_back_throttled()
                .map_or_else(String::new, |batches| {
                    format!("; {} batches came back unprocessed", thousands(batches))
                });
            causes.push(format!(
                "{these}: {} invocations were throttled{came_back}, and each batch that found no room cost its \
                 orders a receive. Cure: reserve concurrency for the function, or limit the mapping's \
                 MaximumConcurrency to what there is",
                thousands(self.pipeline.throttled_invocations)
            ));
        }
        causes
    }

    /// Batches that were throttled until they came back, if that was counted.
    fn came_back_throttled(&self) -> Option<u64> {
        let failures = self.pipeline.failures.as_deref()?.iter();
        let throttled = failures.filter(|failure| failure.kind == FailureKind::Throttled);
        Some(throttled.map(|failure| failure.count).sum())
    }

    /// Orders that were lost because what the function said of them, or they themselves, were ignored.
    fn ignored(&self) -> Vec<String> {
        let lost = self.count(Class::Lost);
        if lost == 0 {
            return Vec::new();
        }
        let mut causes = Vec::new();
        let mapping = &self.report.scenario.pipeline.mapping;
        if self.pipeline.filtered_messages > 0 {
            causes.push(format!(
                "the mapping's filter discarded {} messages, {} orders are lost. Cure: remove the filter criteria, \
                 or let every order through",
                thousands(self.pipeline.filtered_messages),
                thousands(lost)
            ));
        }
        if self.pipeline.failed_records > 0 && !mapping.report_batch_item_failures {
            causes.push(format!(
                "the function named {} failed records and the mapping ignored them, {} orders are lost. Cure: set \
                 ReportBatchItemFailures on the mapping",
                thousands(self.pipeline.failed_records),
                thousands(lost)
            ));
        }
        if causes.is_empty() && self.only_success_deletes() {
            let stopped = match self.pipeline.freezes {
                Some(_) => {
                    "work that goes on after the answer (a promise or a thread that nobody awaits) is frozen, as on \
                     Lambda; or an error was swallowed"
                }
                None => "perhaps an error was swallowed",
            };
            // Lambda reads this key alone, in this spelling; a response under another counts as none.
            let names_none = self.pipeline.failed_records == 0;
            let unread = match mapping.report_batch_item_failures && names_none {
                true => {
                    "; or its response named failed records under another key than `batchItemFailures`, such as \
                     `BatchItemFailures`, which is ignored"
                }
                false => "",
            };
            causes.push(format!(
                "the function answered that it had processed {} orders that are not in the table (lost): {stopped}{unread}. \
                 Cure: await every write before the answer, and report what failed",
                thousands(lost)
            ));
        }
        causes
    }

    /// Nothing but the function's own success can have taken a message out of the queues.
    fn only_success_deletes(&self) -> bool {
        let scenario = &self.report.scenario;
        self.is_own_function()
            && scenario.target == TargetSpec::Embedded
            && scenario.faults.is_empty()
            && scenario.pipeline.redrive_to.as_deref()
                == Some(Resources::default().dead_letter_queue.as_str())
    }
}

/// Each of these failures had a bad order in its batch, as far as is known.
fn came_with_bad_orders(failure: &FailureCount) -> bool {
    failure.without_bad_orders == Some(0)
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".into(),
        whole => format!("{:.0}%", 100.0 * part as f64 / whole as f64),
    }
}

#[cfg(test)]
#[path = "diagnosis_tests.rs"]
mod tests;
