//! The order processor as a Lambda function: `process` behind the Lambda Runtime API, writing to the
//! table that `DYNAMODB_ORDERS_TABLE` names (`orders` if it is not set). One line of JSON a failed record goes
//! to the function's log: which, and why. With `ORDERPROOF_PROCESSOR=lab` it is the original lab's processor,
//! which fails its whole batch: for a mapping that ignores partial batch responses, as the lab's does.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use orderproof_core::scenario::ProcessorKind;
use orderproof_functions::processor::{KIND_VARIABLE, kind, process, process_like_the_lab};
use orderproof_functions::table::SdkOrderStore;
use tracing_subscriber::EnvFilter;

/// Warnings, and the runtime's span, which has the request id.
const LOGGED: &str = "warn,lambda_runtime::layers::trace=info";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // CloudWatch Logs keeps a time of its own beside each line.
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .without_time()
        .with_env_filter(EnvFilter::new(LOGGED))
        .init();
    let kind = kind(std::env::var(KIND_VARIABLE).ok().as_deref())?;
    let store = SdkOrderStore::from_environment().await;
    let store = &store;
    let handler = |event: LambdaEvent<_>| async move {
        match kind {
            ProcessorKind::Orderproof => Ok(process(event.payload, store).await),
            ProcessorKind::Lab => process_like_the_lab(event.payload, store).await,
        }
    };
    lambda_runtime::run(service_fn(handler)).await
}
