//! Arguments of `init`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write, which must not be there yet; - is standard output.
    #[arg(default_value = "orderproof.toml")]
    pub file: PathBuf,

    /// The ordinary day's rate.
    #[arg(long, value_name = "RATE", default_value = "50/s")]
    pub rate: String,

    /// The sale's rate: a rate, or a multiple of the ordinary day's.
    #[arg(long, value_name = "RATE", default_value = "5x")]
    pub peak: String,

    /// Guess the orders from recorded messages: a body, a body a line, a Lambda function's SQS event, or what
    /// `aws sqs receive-message` prints.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,

    /// With --from: the table in which good orders end; its key is read from the target and written down.
    #[arg(long, value_name = "NAME", requires = "from")]
    pub table: Option<String>,

    /// Where that table is, such as http://127.0.0.1:4566 [default: as the AWS SDK finds it].
    #[arg(long, value_name = "URL", requires = "table")]
    pub endpoint_url: Option<String>,

    /// The AWS region [default: as the AWS SDK finds it].
    #[arg(long, value_name = "REGION", requires = "table")]
    pub region: Option<String>,

    /// The profile of the AWS configuration files.
    #[arg(long, value_name = "NAME", requires = "table")]
    pub profile: Option<String>,
}
