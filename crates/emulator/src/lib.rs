//! SQS, event source mappings, Lambda functions and DynamoDB in one process, for tests and demonstrations.
//!
//! A product, not a mock: an AWS SDK's unmodified client speaks the AWS protocol to it over loopback, and what it loses,
//! it loses for one of AWS's own reasons or because a fault was planted.
//!
//! ```
//! use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
//! use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
//! use orderproof_emulator::{Emulator, KeyKind::S, handler, key};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let aws = Emulator::builder()
//!     .queue("orders")
//!     .table("orders", key("id", S))
//!     .function(handler(|_: SqsEvent| async { Ok::<_, String>(SqsBatchResponse::default()) }))
//!     .start()?;
//!
//! let sqs = aws_sdk_sqs::Client::from_conf(
//!     aws_sdk_sqs::Config::builder()
//!         .behavior_version(BehaviorVersion::latest())
//!         .region(Region::new("us-east-1"))
//!         .credentials_provider(Credentials::new("any", "any", None, None, "a test"))
//!         .endpoint_url(aws.endpoint_url())
//! #       .http_client(aws_smithy_http_client::Builder::new().build_http())
//!         .build(),
//! );
//! let order = sqs.send_message().queue_url(aws.queue_url("orders"));
//! order.message_body("one zPhone").send().await?;
//! while !aws.messages("orders")?.is_empty() {
//!     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
//! }
//! assert_eq!(aws.figures().invocations, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A function is a closure of the program ([`handler`]) or anybody's program that speaks Lambda's Runtime API
//! ([`command`]). [`Emulator`] has a port and threads of its own and nothing global: many run side by side in one
//! process, with or without a runtime around them. `sqs` holds the messages, `doors` brings
//! them there by way of topics, event buses and HTTP, `mapping` feeds them to a function, `runtime`
//! runs programs, `table` keeps the items, and each can be used by itself.
//!
//! Invariants: nothing here knows what is in a message or an item; no AWS SDK is linked; durations that AWS fixes are
//! divided by the emulator's speed, durations that are given are not; a fault strikes only where one of the hooks
//! ([`sqs::QueueFaults`], [`table::TableFaults`], [`doors::DoorFaults`], [`Function::throttled_by`]) is given.

#[cfg(not(unix))]
compile_error!(
    "orderproof-emulator runs functions as processes of Linux or macOS; on Windows, build and run it inside WSL 2"
);

mod http;
mod identity;
mod query;

mod gateway;

pub mod sqs;

pub mod doors;

pub mod mapping;

pub mod runtime;

pub mod table;

pub mod counters;
pub mod failures;
mod words;

pub mod services;

mod builder;
mod emulator;
mod error;
mod function;
pub mod service;

#[cfg(test)]
mod testing;

pub use builder::{Builder, Prepared};
pub use emulator::Emulator;
pub use error::EmulatorError;
pub use function::{Function, command, handler};
pub use gateway::{Gateway, HEALTH_PATH, REQUEST_LOG};
pub use http::{HostName, Hosts, NoHost, NoOrigin, Origin};
pub use table::{KeyKind, key};
