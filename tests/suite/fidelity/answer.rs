//! Holding answers against what was expected, in sentences that are the same on every run.

use std::fmt::Debug;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use super::check::Outcome;

/// What a call gave that should be carried out.
pub fn good<T, E: ProvideErrorMetadata>(
    what: &str,
    result: Result<T, SdkError<E>>,
) -> Result<T, String> {
    result.map_err(|error| format!("{what}: expected success, seen {}", describe(&error)))
}

/// The error of a call that should be refused with one of the SDK's own variants.
pub fn refused<T, E: ProvideErrorMetadata>(
    what: &str,
    result: Result<T, SdkError<E>>,
    variant: &str,
    is_it: impl FnOnce(&E) -> bool,
) -> Result<E, String> {
    match result {
        Ok(_) => Err(format!("{what}: expected {variant}, seen success")),
        Err(SdkError::ServiceError(error)) if is_it(error.err()) => Ok(error.into_err()),
        Err(error) => Err(format!(
            "{what}: expected {variant}, seen {}",
            describe(&error)
        )),
    }
}

/// For refusals the SDK has no variant for: by their code, whether or not it ends in `Exception`.
pub fn refused_as<T, E: ProvideErrorMetadata>(
    what: &str,
    result: Result<T, SdkError<E>>,
    code: &str,
) -> Outcome {
    let is_it = |error: &E| {
        let seen = error.code().unwrap_or_default();
        seen == code || seen.strip_suffix("Exception") == Some(code)
    };
    refused(what, result, code, is_it).map(|_| ())
}

/// Of operations a server has not got at all.
const NO_SUCH_OPERATION: [&str; 3] = [
    "InvalidAction",
    "UnknownOperationException",
    "UnknownOperation",
];

/// For refusals of which no page says the code. That the operation is not there is none.
pub fn refused_somehow<T, E: ProvideErrorMetadata>(
    what: &str,
    result: Result<T, SdkError<E>>,
) -> Outcome {
    match result {
        Ok(_) => Err(format!("{what}: expected a refusal, seen success")),
        Err(SdkError::ServiceError(error))
            if error.raw().status().is_client_error()
                && !NO_SUCH_OPERATION.contains(&error.err().code().unwrap_or_default()) =>
        {
            Ok(())
        }
        Err(error) => Err(format!(
            "{what}: expected a refusal, seen {}",
            describe(&error)
        )),
    }
}

pub fn equal<T: Debug + PartialEq>(what: &str, seen: T, expected: T) -> Outcome {
    match seen == expected {
        true => Ok(()),
        false => Err(format!("{what}: expected {expected:?}, seen {seen:?}")),
    }
}

/// For expectations that are no equation; the sentence says what was expected and seen.
pub fn ensure(holds: bool, sentence: impl Into<String>) -> Outcome {
    match holds {
        true => Ok(()),
        false => Err(sentence.into()),
    }
}

/// What should be there.
pub fn some<T>(what: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{what}: expected one, seen none"))
}

fn describe<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(error) => match error.err().code() {
            Some(code) => format!("the error {code}"),
            None => format!(
                "an error without a code (HTTP {})",
                error.raw().status().as_u16()
            ),
        },
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "a broken connection".to_owned(),
        SdkError::ResponseError(_) => "a reply the SDK cannot read".to_owned(),
        SdkError::ConstructionFailure(_) => "a request the SDK does not send".to_owned(),
        _ => "another failure of the SDK".to_owned(),
    }
}
