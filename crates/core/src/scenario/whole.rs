//! What the parts of a scenario must be to each other.

use std::collections::{BTreeMap, BTreeSet};

use super::orders::is_labs_beside_others;
use super::queues::check_end;
use super::section::Section;
use super::{
    AwsTarget, Fault, FaultKind, FaultPlace, Pipeline, ProcessorCommand, ProcessorPlace,
    QueueProcessor, Sending, TargetSpec,
};
use crate::fault::why_hidden;
use crate::order::spec::{OrderSpec, STORED};
use crate::order::{Door, Model};

/// The parts that have to do with each other.
pub(super) struct Parts<'a> {
    pub(super) target: &'a TargetSpec,
    pub(super) sending: &'a Sending,
    pub(super) order: &'a OrderSpec,
    pub(super) pipeline: &'a Pipeline,
    pub(super) faults: &'a [Fault],
    pub(super) processor: Option<&'a ProcessorCommand>,
    pub(super) processors: &'a BTreeMap<String, QueueProcessor>,
}

impl Parts<'_> {
    /// Makes a violation of each rule that they break together.
    pub(super) fn check(&self, file: &Section<'_>) {
        self.check_faults(file);
        self.check_places(file);
        self.check_consumer(file);
        self.check_door(file);
        self.check_queues(file);
        self.check_target_names(file);
        self.check_order(file);
    }

    /// Faults strike where they can be planted, and orders that they can find.
    fn check_faults(&self, file: &Section<'_>) {
        let refuse = |fault: &Fault, why: &str, hint: &str| {
            file.problem("fault", format!("{} {why}", fault.kind.as_str()), hint);
        };
        let first =
            |is: &dyn Fn(&FaultKind) -> bool| self.faults.iter().find(|fault| is(&fault.kind));
        let elsewhere = |kind: &FaultKind| kind.place() != FaultPlace::Harness;
        if *self.target != TargetSpec::Embedded
            && let Some(fault) = first(&elsewhere)
        {
            let why = "can only be planted in the embedded pipeline";
            refuse(fault, why, "leave out the fault or the target");
        }
        let door = &self.sending.to;
        let at_the_queue = |kind: &FaultKind| kind.place() == FaultPlace::Wire;
        let at_the_door = |kind: &FaultKind| kind.place() == FaultPlace::Door;
        if !door.is_queue()
            && let Some(fault) = first(&at_the_queue)
        {
            let why = format!(
                "strikes requests to the queue, and orders are sent to {}",
                door.in_words()
            );
            refuse(
                fault,
                &why,
                "write a fault of what they are sent to, such as door_swallows",
            );
        }
        if door.is_queue()
            && let Some(fault) = first(&at_the_door)
        {
            let why = "strikes what stands in front of the queue, and orders are sent to the queue itself";
            refuse(
                fault,
                why,
                "write to = \"sns\", \"eventbridge\" or \"http\" under [sending]",
            );
        }
        let in_writes = |kind: &FaultKind| {
            let scans = [FaultKind::ScanStale, FaultKind::ScanTruncated];
            kind.place() == FaultPlace::Table && !scans.contains(kind)
        };
        if self.processor.is_some()
            && let Some(fault) = first(&in_writes)
        {
            let why =
                "is planted in the built-in processor's writes, and [processor] writes by itself";
            refuse(fault, why, "leave out the fault or [processor]");
        }
        let of_the_lab = |kind: &FaultKind| *kind == FaultKind::PriceDrifts;
        if !is_labs_beside_others(self.order)
            && let Some(fault) = first(&of_the_lab)
        {
            let why = "changes the price of the lab's order, and [order] describes another";
            refuse(fault, why, "leave out the fault or [order]");
        }
        let of_groups = |kind: &FaultKind| kind.is_of_groups();
        if !self.pipeline.fifo
            && let Some(fault) = first(&of_groups)
        {
            let why = "is of message groups, which a standard queue does not keep in order";
            refuse(
                fault,
                why,
                "write [pipeline] queue = \"fifo\", or leave out the fault",
            );
        }
        let by_body = |kind: &FaultKind| kind.place().finds_by_body();
        if let Some(fault) = first(&by_body)
            && let Ok(model) = Model::through(self.order.clone(), self.sending.to.clone())
            && let Some(why) = why_hidden(&model)
        {
            let hint = "put {{id}} into the body, or leave out the fault";
            refuse(fault, &format!("cannot find its orders: {why}"), hint);
        }
    }

    /// Functions run where they are fed.
    fn check_places(&self, file: &Section<'_>) {
        let runs_here = |target: &AwsTarget| target.processor == ProcessorPlace::Local;
        if self.target.aws().is_none_or(runs_here) {
            return;
        }
        for (key, is_there) in [
            ("processor", self.processor.is_some()),
            ("processors", !self.processors.is_empty()),
        ] {
            if is_there {
                let hint = format!(
                    "give --processor local (processor = \"local\" under [target]) to run them here, or leave out [{key}]"
                );
                file.problem(key, "the functions of this target run elsewhere", hint);
            }
        }
    }

    /// The built-in processor knows the lab's order alone.
    fn check_consumer(&self, file: &Section<'_>) {
        let is_built_in = match self.target {
            TargetSpec::Embedded => self.processor.is_none(),
            TargetSpec::Aws(target) => {
                target.processor == ProcessorPlace::Local && self.processor.is_none()
            }
        };
        if is_built_in && !is_labs_beside_others(self.order) {
            file.problem(
                "processor",
                "is missing: the built-in processor knows the lab's order alone, and [order] describes another",
                "write the function that processes it: [processor] command = [\"python3\", \"-m\", \
                 \"awslambdaric\", \"handler.handler\"]",
            );
        }
    }

    /// Only a FIFO queue keeps an order that could be judged, and that of good orders alone is.
    fn check_order(&self, file: &Section<'_>) {
        for (name, end) in &self.order.ends {
            let Some(at) = end.rows.iter().position(|row| row.ordered_by.is_some()) else {
                continue;
            };
            let key = format!("ends.{name}.rows[{at}].ordered_by");
            if !self.pipeline.fifo {
                file.problem(
                    &key,
                    "the orders queue is a standard queue, which keeps no order",
                    "write [pipeline] queue = \"fifo\", or leave it out",
                );
            }
            if name != STORED {
                file.problem(
                    &key,
                    "the order within groups is judged by the rows of `stored`",
                    "leave it out, or write it in [[ends.stored.rows]]",
                );
            }
        }
    }

    /// The target's own names of the queues are those of the pipeline's kind.
    fn check_target_names(&self, file: &Section<'_>) {
        let Some(target) = self.target.aws() else {
            return;
        };
        let names = &target.resources;
        for (key, own, name) in [
            (
                "orders_queue",
                &self.pipeline.orders_queue,
                &names.orders_queue,
            ),
            (
                "dead_letter_queue",
                &self.pipeline.dead_letter_queue,
                &names.dead_letter_queue,
            ),
        ] {
            // What [pipeline] says is looked at there.
            if name != own {
                check_end(file, &format!("target.{key}"), name, self.pipeline.fifo);
            }
        }
    }

    /// What the embedded pipeline's own topic, bus and server can be.
    fn check_embedded_door(&self, file: &Section<'_>) {
        let refuse = |key: &str, rule: &str, hint: &str| file.problem(key, rule, hint);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let (key, name) = match &self.sending.to {
            Door::Sqs | Door::Http(_) => ("", ""),
            Door::Sns(topic) => ("sending.topic", topic.topic.as_str()),
            Door::Eventbridge(bus) => ("sending.bus", bus.bus.as_str()),
        };
        if !name.chars().all(plain) {
            let rule = "is not a name, and in the embedded pipeline there are no ARNs";
            refuse(key, rule, "write letters, digits, `-` and `_`");
        }
        let Door::Http(server) = &self.sending.to else {
            return;
        };
        if server.method != "POST" {
            let rule = "the embedded pipeline's server takes POST alone";
            refuse("sending.http.method", rule, "leave it out");
        }
        if server.url.contains("{{") || server.url.contains('?') {
            let rule = "the embedded pipeline's server takes orders at one path";
            refuse(
                "sending.http.url",
                rule,
                "write it without placeholders and query: url = \"/orders\"",
            );
        }
        if server.body.is_some() {
            let rule = "the embedded pipeline's server puts what it is sent on the queue as it is";
            refuse("sending.http.body", rule, "write it as [order] envelope");
        }
    }

    /// What orders are sent to goes with the queue, and with who reads it.
    fn check_door(&self, file: &Section<'_>) {
        let door = &self.sending.to;
        let built_in = match self.target {
            TargetSpec::Embedded => self.processor.is_none(),
            TargetSpec::Aws(target) => {
                target.processor == ProcessorPlace::Local && self.processor.is_none()
            }
        };
        if built_in && door.wraps() && is_labs_beside_others(self.order) {
            file.problem(
                "sending.to",
                format!("the built-in processor does not look into the envelope of {}", door.in_words()),
                "write raw = true under [sending], or name a function that does: [processor] command",
            );
        }
        if *self.target == TargetSpec::Embedded {
            self.check_embedded_door(file);
        }
        let fifo = |name: &str| name.ends_with(".fifo");
        match door {
            Door::Sns(topic) if fifo(&topic.topic) != self.pipeline.fifo => file.problem(
                "sending.topic",
                match self.pipeline.fifo {
                    true => "only a FIFO topic feeds a FIFO queue",
                    false => "a FIFO topic feeds a FIFO queue, and this one is standard",
                },
                match self.pipeline.fifo {
                    true => "write a topic whose name ends in .fifo: topic = \"orders.fifo\"",
                    false => "write a topic whose name does not end in .fifo, or [pipeline] queue = \"fifo\"",
                },
            ),
            Door::Eventbridge(_) | Door::Http(_) if self.pipeline.fifo => file.problem(
                "sending.to",
                "the groups of orders are not known behind it: a rule has one constant group, a server makes its own",
                "write to = \"sns\" or \"sqs\", or leave out [pipeline] queue",
            ),
            _ => {}
        }
    }

    /// A further function is fed from a queue that is there, and from no other's.
    fn check_queues(&self, file: &Section<'_>) {
        let pipeline = self.pipeline;
        let letters = self.order.ends.values().flat_map(|end| &end.letters);
        let known: BTreeSet<&str> = letters
            .filter_map(|letter| letter.queue.as_deref())
            .chain(self.order.queues.iter().map(String::as_str))
            .chain(pipeline.redrive_to.as_deref())
            .chain([pipeline.dead_letter_queue.as_str()])
            .collect();
        for (name, processor) in self.processors {
            let queue = processor.queue.as_str();
            if queue == pipeline.orders_queue {
                file.problem(
                    "processors",
                    format!(
                        "processors.{name} would take orders from [processor] or the built-in one"
                    ),
                    "name another queue of the pipeline",
                );
            } else if !known.contains(queue) {
                let known: Vec<_> = known.iter().copied().collect();
                file.problem(
                    "processors",
                    format!("processors.{name} is fed from {queue:?}, which is not a queue of this pipeline"),
                    format!("write one of {}, or name it: [pipeline] queues = [{queue:?}]", known.join(", ")),
                );
            }
        }
    }
}

#[cfg(test)]
#[path = "whole_tests.rs"]
mod tests;
