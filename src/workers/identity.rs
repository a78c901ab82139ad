//! Which worker this is: as the command line says, or else the engine that has started it.

use crate::error::Error;
use crate::load::{Shard, WORKERS_MAX};

/// The variables of engines that say which worker a process is, and of how many; the first that are there count.
const ENGINES: [(&str, &str, &str); 4] = [
    (
        "JOB_COMPLETION_INDEX",
        "WORKER_COUNT",
        "an Indexed Job of Kubernetes",
    ),
    (
        "AWS_BATCH_JOB_ARRAY_INDEX",
        "AWS_BATCH_JOB_ARRAY_SIZE",
        "an array job of AWS Batch",
    ),
    (
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "an array job of Slurm",
    ),
    ("SLURM_PROCID", "SLURM_NTASKS", "a task of Slurm"),
];

/// The worker that `asked` (`i/N`) names, or else the variables of an engine; `variable` reads one of this process's.
///
/// # Errors
/// A usage error when neither says it, or what is said names no worker.
pub fn identity(
    asked: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Shard, Error> {
    if let Some(text) = asked {
        let parts = text.split_once('/');
        let shard = parts.and_then(|(index, of)| shard(index, of));
        return shard.ok_or_else(|| {
            Error::usage(format!(
                "--worker {text:?}: a worker is I/N, I from 0 to N - 1 and N at most {WORKERS_MAX}: the first of four is \
                 --worker 0/4"
            ))
        });
    }
    for (index_name, count_name, engine) in ENGINES {
        let Some(index) = variable(index_name) else {
            continue;
        };
        let Some(count) = variable(count_name) else {
            return Err(Error::usage(format!(
                "{index_name} is set, as {engine} sets it, and {count_name} is not: set {count_name} to the number of \
                 workers, or give --worker I/N"
            )));
        };
        return shard(&index, &count).ok_or_else(|| {
            Error::usage(format!(
                "{index_name}={index:?} and {count_name}={count:?} name no worker: number the workers of {engine} from 0 \
                 on, at most {WORKERS_MAX} of them, or give --worker I/N"
            ))
        });
    }
    Err(Error::usage(
        "--run-at is for a run of several workers, and which of them this is nobody says: give --worker I/N, or start it \
         by an engine that sets JOB_COMPLETION_INDEX and WORKER_COUNT, AWS_BATCH_JOB_ARRAY_INDEX, SLURM_ARRAY_TASK_ID or \
         SLURM_PROCID",
    ))
}

fn shard(index: &str, of: &str) -> Option<Shard> {
    Shard::new(index.parse().ok()?, of.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(asked: Option<&str>, set: &[(&str, &str)]) -> Result<Shard, Error> {
        identity(asked, |name| {
            let value = set.iter().find(|(set, _)| *set == name);
            value.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_option_comes_before_the_engines_and_they_in_their_order() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "1"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_PROCID", "0"),
            ("SLURM_NTASKS", "1"),
        ];
        let shard = |index, of| Ok(Shard::new(index, of).unwrap());
        assert_eq!(found(Some("2/3"), &slurm), shard(2, 3));
        assert_eq!(
            found(None, &slurm),
            shard(1, 4),
            "an array before its tasks"
        );
        assert_eq!(found(None, &slurm[2..]), shard(0, 1));
        let batch = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", "5"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "6"),
        ];
        assert_eq!(found(None, &[&batch[..], &slurm[..]].concat()), shard(5, 6));
        let kubernetes = [("JOB_COMPLETION_INDEX", "7"), ("WORKER_COUNT", "8")];
        let all = [&slurm[..], &batch[..], &kubernetes[..]].concat();
        assert_eq!(found(None, &all), shard(7, 8));
    }

    #[test]
    fn what_names_no_worker_is_refused_with_what_to_write() {
        for (asked, set, told) in [
            (Some("4/4"), &[][..], "--worker 0/4"),
            (Some("1"), &[], "--worker 0/4"),
            (None, &[], "give --worker I/N"),
            (
                None,
                &[("JOB_COMPLETION_INDEX", "0")],
                "set WORKER_COUNT to",
            ),
            (
                None,
                &[
                    ("SLURM_ARRAY_TASK_ID", "4"),
                    ("SLURM_ARRAY_TASK_COUNT", "4"),
                ],
                "from 0",
            ),
            (
                None,
                &[("SLURM_PROCID", "x"), ("SLURM_NTASKS", "4")],
                "name no worker",
            ),
        ] {
            let error = found(asked, set).unwrap_err();
            assert_eq!(error.exit().code(), 2);
            assert!(error.to_string().contains(told), "{told}: {error}");
        }
    }
}
