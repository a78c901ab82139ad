//! `orderproof init`: a commented scenario to start from.

use std::path::Path;

use super::new_file::write_new;
use super::place::{block_on, open};
use super::{Error, Output};
use crate::account::table_key;
use crate::cli::InitArgs;
use crate::exit::Exit;
use crate::folder::read_within;
use crate::scenario::{self, AwsTarget, FoundTable, Overrides, check_endpoint, check_rate};

/// The JSON Schema of scenario files, in the scenario's own folder: a file is the only address that is there on every machine,
/// whatever its network, and says what this very program reads.
const SCHEMA: &str = "orderproof.schema.json";

/// The longest sample, bytes.
const SAMPLE_MAX: u64 = 64 << 20;

/// Writes the scenario; what it would write is checked before.
pub fn init(args: &InitArgs, output: &Output) -> Result<Exit, Error> {
    for (flag, value) in [("--rate", &args.rate), ("--peak", &args.peak)] {
        if value.contains(['"', '\\', '\n', '\r']) {
            return Err(Error::usage(format!(
                "{flag} {value:?}: not a rate; write 50/s or, for --peak, 5x"
            )));
        }
    }
    check_rate(&args.rate)
        .map_err(|problem| Error::usage(format!("--rate: {problem}; write 50/s or 3000/min")))?;
    let mut text = scenario::template(&args.rate, &args.peak);
    if let Some(sample) = &args.from {
        text = guessed(sample, &text, args)?;
    }
    scenario::parse(
        &args.file.display().to_string(),
        &text,
        &Overrides::default(),
    )
    .map_err(|error| {
        Error::usage(format!(
            "with --rate {} and --peak {} what would be written is not valid:\n{error}",
            args.rate, args.peak
        ))
    })?;
    if args.file == Path::new("-") {
        output.print_as_it_is(&text);
        return Ok(Exit::Success);
    }
    let text = format!("#:schema ./{SCHEMA}\n{text}");
    write_new(&args.file, |out| out.write_all(text.as_bytes()))?;
    let beside = match write_schema(&args.file)? {
        true => format!(", and {SCHEMA} beside it, for editors"),
        false => String::new(),
    };
    output.print(&format!(
        "{0}: written{beside}; look through it, then: orderproof run {0}\n",
        args.file.display()
    ));
    Ok(Exit::Success)
}

/// Writes the schema that the scenario's first line names, unless there is one; says whether it did.
fn write_schema(beside: &Path) -> Result<bool, Error> {
    let path = beside.with_file_name(SCHEMA);
    match path.exists() {
        true => Ok(false),
        false => write_new(&path, |out| out.write_all(&scenario::schema())).map(|()| true),
    }
}

/// A scenario with orders like those in the sample, and with the phases of `load`.
fn guessed(sample: &Path, load: &str, args: &InitArgs) -> Result<String, Error> {
    let told = |error: String| Error::usage(format!("{}: {error}", sample.display()));
    let bytes = read_within(sample, SAMPLE_MAX).map_err(|error| {
        told(format!(
            "cannot read: {error}; give a file that holds recorded messages as JSON"
        ))
    })?;
    let text = String::from_utf8(bytes).map_err(|_| told("it is not UTF-8".into()))?;
    let table = args.table.as_ref();
    let table = table.map(|name| found_table(name, args)).transpose()?;
    scenario::scenario_from(&text, load, table.as_ref()).map_err(told)
}

/// The table that is called so at the target, with its key.
fn found_table(name: &str, args: &InitArgs) -> Result<FoundTable, Error> {
    let url = args.endpoint_url.as_deref().map(check_endpoint).transpose();
    let target = AwsTarget {
        endpoint_url: url.map_err(|rule| Error::usage(format!("--endpoint-url: {rule}")))?,
        region: args.region.clone(),
        profile: args.profile.clone(),
        ..AwsTarget::default()
    };
    let key = block_on(async {
        let session = open(&target).await?;
        let key = table_key(&session, name).await;
        key.map_err(|error| {
            Error::usage(format!(
                "--table {name}: {error}; nothing was written (region {}; give --region, --profile or --endpoint-url if it is \
                 elsewhere)",
                session.region()
            ))
        })
    })?;
    Ok(FoundTable {
        name: name.to_owned(),
        key,
    })
}
