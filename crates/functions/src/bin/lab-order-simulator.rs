//! The order simulator as a Lambda function: sends the orders its event asks for, 20 by default, to the
//! queue that `ORDERS_QUEUE_URL` names, and fails if any of them was not acknowledged. One line of JSON a
//! request goes to the function's log.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use orderproof_aws::send::SdkSender;
use orderproof_functions::simulator::{BatchLine, QUEUE_VARIABLE, queue_url, simulate};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A send that takes longer is given up and counts as unknown.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Kept of the invocation's time for the last request and the answer: half of it, and no more than this.
const RESERVE_MAX: Duration = Duration::from_secs(7);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let queue_url = queue_url(std::env::var(QUEUE_VARIABLE).ok())?;
    let sender = SdkSender::from_environment(&queue_url, ATTEMPT_TIMEOUT).await;
    let sender = &sender;
    let handler = |event: LambdaEvent<Value>| async move {
        let left = event.context.deadline().duration_since(SystemTime::now());
        let left = left.unwrap_or_default();
        let give_up_at = Instant::now() + left - RESERVE_MAX.min(left / 2);
        let log = |line: &BatchLine| tell(&event.context.request_id, line);
        let simulated = simulate(&event.payload, &mut sender.clone(), give_up_at, log).await;
        simulated.map_err(|error| error.to_string())
    };
    lambda_runtime::run(service_fn(handler)).await
}

fn tell(request_id: &str, line: &BatchLine) {
    let level = match line.failed.is_empty() {
        true => "INFO",
        false => "WARN",
    };
    let line =
        json!({"level": level, "message": "batch sent", "requestId": request_id, "batch": line});
    println!("{line}");
}
