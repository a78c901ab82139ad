//! The order processor as a Lambda function: `process` behind the Lambda Runtime API, writing to the
//! table that `DYNAMODB_ORDERS_TABLE` names (`orders` if it is not set).

use lambda_runtime::{Error, LambdaEvent, service_fn};
use orderproof::processor::process;
use orderproof::store::SdkOrderStore;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = SdkOrderStore::from_environment().await;
    let store = &store;
    let handler = |event: LambdaEvent<_>| async move {
        Ok::<_, std::convert::Infallible>(process(event.payload, store).await)
    };
    lambda_runtime::run(service_fn(handler)).await
}
