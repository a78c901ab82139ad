//! What the simulator is asked for: the event's JSON, read and bounded.

use serde::Deserialize;
use serde_json::Value;

use crate::order::{OrderPlan, RunId};
use crate::scenario::parse_percent;

/// Orders sent when the event does not say how many, as the lab's simulator does.
pub const ORDERS_DEFAULT: u64 = 20;

/// The most orders one invocation sends; more is a load test, and `orderproof run` is for that.
pub const ORDERS_MAX: u64 = 10_000;

/// The share of bad orders when the event does not say it: that of `scenarios/lab.toml`.
const BAD_SHARE_DEFAULT: f64 = 0.15;

/// Seeds chosen here stay below 2^53, so that every JSON reader keeps the one it is told.
const SEED_BITS: u64 = (1 << 53) - 1;

/// What is to be sent; what is left out is chosen at random.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// How many orders, `1..=ORDERS_MAX`.
    pub orders: u64,
    /// The seed of their content.
    pub seed: Option<u64>,
    /// The run their numbers belong to.
    pub run_id: Option<RunId>,
    /// The share of bad orders, 0.0 to 1.0.
    pub bad_share: f64,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            orders: ORDERS_DEFAULT,
            seed: None,
            run_id: None,
            bad_share: BAD_SHARE_DEFAULT,
        }
    }
}

/// Why an event asks for nothing that can be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; write an event such as {{\"orders\": 20, \"seed\": 7, \"bad_orders\": \"10%\", \"run_id\": 1234}}, or {{}}"
)]
pub struct RequestError(String);

/// The event as people write it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    orders: Option<u64>,
    seed: Option<u64>,
    run_id: Option<RunId>,
    bad_orders: Option<String>,
}

impl Request {
    /// Reads an event: `{}`, an object of `orders`, `seed`, `run_id` and `bad_orders`, or what a schedule
    /// of EventBridge sends, whose `detail` is read the same way.
    ///
    /// # Errors
    /// When a key is unknown, or a value has the wrong type or is out of its bounds.
    pub fn parse(event: &Value) -> Result<Self, RequestError> {
        let asked = scheduled_detail(event).unwrap_or(event);
        let written: Written = match asked {
            Value::Null => Written::default(),
            Value::Object(_) => serde_json::from_value(asked.clone())
                .map_err(|error| RequestError(format!("the event is refused: {error}")))?,
            other => return Err(RequestError(format!("the event is {other}, no object"))),
        };
        let usual = Self::default();
        let orders = written.orders.unwrap_or(usual.orders);
        if !(1..=ORDERS_MAX).contains(&orders) {
            return Err(RequestError(format!(
                "`orders` is {orders}, and must be within 1..={ORDERS_MAX}"
            )));
        }
        let bad_share = match written.bad_orders {
            Some(text) => parse_percent(&text)
                .map_err(|error| RequestError(format!("`bad_orders`: {error}")))?,
            None => usual.bad_share,
        };
        Ok(Self {
            orders,
            seed: written.seed,
            run_id: written.run_id,
            bad_share,
        })
    }

    /// The orders' plan; `random` decides what was left out.
    pub fn plan(&self, random: [u64; 2]) -> OrderPlan {
        let any_run = 1 + (random[0] >> 32) as u32 % RunId::MAX;
        OrderPlan::lab(
            self.run_id
                .or(RunId::new(any_run))
                .expect("the remainder is below the largest run id"),
            self.seed.unwrap_or(random[1] & SEED_BITS),
            self.bad_share,
        )
    }
}

/// The `detail` of an event that a schedule of EventBridge sent.
fn scheduled_detail(event: &Value) -> Option<&Value> {
    let source = event.get("source")?.as_str()?;
    let is_schedule = ["aws.events", "aws.scheduler"].contains(&source);
    (is_schedule && event.get("detail-type")? == "Scheduled Event")
        .then(|| event.get("detail").unwrap_or(&Value::Null))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn scheduled(source: &str, detail: Value) -> Value {
        json!({"version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "source": source,
            "account": "123456789012", "time": "2026-11-24T00:00:00Z", "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/sale"], "detail": detail})
    }

    #[test]
    fn an_event_is_read_and_what_is_left_out_has_its_usual_value() {
        let usual = Request::default();
        let five = Request { orders: 5, ..usual };
        let all = Request {
            orders: 10_000,
            seed: Some(u64::MAX),
            run_id: RunId::new(9),
            bad_share: 0.25,
        };
        let cases = [
            (json!({}), usual, "nothing"),
            (json!(null), usual, "no payload"),
            (json!({"orders": 5}), five, "some"),
            (json!({"seed": null}), usual, "null is left out"),
            (scheduled("aws.events", json!({})), usual, "a rule"),
            (
                scheduled("aws.scheduler", json!({"orders": 5})),
                five,
                "a schedule that asks",
            ),
            (
                json!({"orders": 10_000, "seed": u64::MAX, "run_id": 9, "bad_orders": "25%"}),
                all,
                "all of it, at its upper bounds",
            ),
        ];
        for (event, expected, why) in cases {
            assert_eq!(Request::parse(&event), Ok(expected), "{why}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_named() {
        let cases = [
            (
                json!({"order": 5}),
                "unknown field `order`",
                "a misspelled key",
            ),
            (json!({"orders": 0}), "`orders` is 0", "nothing to send"),
            (json!({"orders": 10_001}), "1..=10000", "one too many"),
            (
                json!({"orders": "5"}),
                "invalid type",
                "a text for a number",
            ),
            (json!({"orders": -5}), "-5", "a negative number"),
            (json!({"run_id": 0}), "run id 0", "no run id"),
            (
                json!({"run_id": 9_007_199}),
                "run id 9007199",
                "a run id whose numbers pass 2^53",
            ),
            (
                json!({"bad_orders": "10"}),
                "`bad_orders`",
                "a share without its unit",
            ),
            (
                json!({"bad_orders": 0.1}),
                "invalid type",
                "a number, which may mean either",
            ),
            (json!([1]), "no object", "a list"),
            (
                scheduled("aws.s3", json!({})),
                "unknown field",
                "another service's event",
            ),
            (
                scheduled("aws.events", json!({"order": 5})),
                "unknown field `order`",
                "a schedule's detail is as strict",
            ),
        ];
        for (event, expected, why) in cases {
            let error = Request::parse(&event).expect_err(why).to_string();
            assert!(error.contains(expected), "{why}: {error}");
            assert!(error.contains(r#"{"orders": 20"#), "{why}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_asked_for_is_planned_and_the_rest_is_in_range(seed: Option<u64>, random: [u64; 2]) {
            let run_id = RunId::new(77);
            let asked = Request { seed, run_id, ..Request::default() }.plan(random);
            prop_assert_eq!(asked.run.get(), 77);
            prop_assert_eq!(asked.seed, seed.unwrap_or(random[1] & SEED_BITS));
            let chosen = Request::default().plan(random);
            prop_assert!(RunId::new(chosen.run.get()).is_some());
            prop_assert!(chosen.seed < 1 << 53);
        }
    }
}
