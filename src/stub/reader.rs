//! Whose a message is: which order of which run, if its body is what the scenario says.

use crate::order::{MAX_ORDERS, OrderPlan, RunId};

/// What precedes the number in the lab's body.
const NUMBER: &str = "{\"order_number\": ";

/// Whose a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Order `k` of this run, byte for byte.
    Order { run: RunId, k: u32, bad: bool },
    /// It has the number of an order of some run, and another content than the scenario gives that order.
    Differs,
    /// It has no number that a run gives.
    Stranger,
    /// It is to be held back for a while.
    Delayed,
    /// An order that there is no memory for.
    NoRoom,
}

/// Tells orders by their bodies.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    /// Of the run that was seen last.
    plan: OrderPlan,
    expected: Vec<u8>,
}

impl Reader {
    /// Of orders as this plan has them, of whatever run.
    pub(super) fn new(plan: OrderPlan) -> Self {
        Self {
            plan,
            expected: Vec::new(),
        }
    }

    /// Whose the message with this body is.
    pub(super) fn whose(&mut self, body: &str) -> Whose {
        let Some((run, k)) = number_in(body).and_then(|number| {
            let run = RunId::of_number(number)?;
            Some((run, number % MAX_ORDERS))
        }) else {
            return Whose::Stranger;
        };
        self.plan.run = run;
        self.expected.clear();
        self.plan.write_body(k, &mut self.expected);
        if self.expected != body.as_bytes() {
            return Whose::Differs;
        }
        Whose::Order {
            run,
            k: u32::try_from(k).expect("a run has fewer orders"),
            bad: self.plan.is_bad(k),
        }
    }

    /// The plan of the orders of `run`.
    pub(super) fn plan_of(&mut self, run: RunId) -> &OrderPlan {
        self.plan.run = run;
        &self.plan
    }
}

fn number_in(body: &str) -> Option<u64> {
    let rest = match body.strip_prefix(NUMBER) {
        Some(rest) => rest,
        // Written by somebody else: the same number in another dress is an order whose content differs.
        None => body
            .split_once("\"order_number\"")?
            .1
            .trim_start_matches([' ', ':']),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> OrderPlan {
        OrderPlan::lab(RunId::new(1).unwrap(), seed, 0.5)
    }

    fn body(seed: u64, run: u32, k: u64) -> String {
        let mut plan = plan(seed);
        plan.run = RunId::new(run).unwrap();
        let mut out = Vec::new();
        plan.write_body(k, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_order_is_known_by_its_whole_body() {
        let mut reader = Reader::new(plan(5));
        let run = RunId::new(77).unwrap();
        for k in 0..200 {
            let expected = Whose::Order {
                run,
                k,
                bad: plan(5).is_bad(k.into()),
            };
            assert_eq!(reader.whose(&body(5, 77, k.into())), expected);
        }
        let good = body(5, 77, 3);
        for (message, why) in [
            (body(6, 77, 3), "another seed"),
            (good.replace(", ", ","), "another dress"),
            (good.replacen("{", "{ ", 1), "a space more"),
            (format!("{good} "), "a byte more"),
        ] {
            assert_eq!(reader.whose(&message), Whose::Differs, "{why}");
        }
        for message in [
            "",
            "hello",
            "{\"order_number\": 42}",
            "{\"order_number\": 99999999999999999999}",
            "{\"order_number\": 77000000003",
        ] {
            assert_eq!(reader.whose(message), Whose::Stranger, "{message}");
        }
    }
}
