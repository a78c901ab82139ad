//! Slurm: an array of workers that is not requeued, and a merge that runs whatever became of them.

use super::{EngineFile, SUBMIT, Submission, command, filled};

const WORKERS: &str = "\
#!/bin/sh
# One task of the array is one worker. A task that is started again sends nothing: its shard is taken (exit code 42).
#SBATCH --job-name={{job}}
#SBATCH --array=0-{{last}}
#SBATCH --ntasks=1
#SBATCH --no-requeue
#SBATCH --output={{job}}-worker-%a.log
exec {{worker}}
";

const MERGE: &str = "\
#!/bin/sh
# Its exit code is the verdict: 0 pass, 3 or 5 fail, 4 inconclusive.
#SBATCH --job-name={{job}}-merge
#SBATCH --ntasks=1
#SBATCH --no-requeue
#SBATCH --output={{job}}-merge.log
exec {{merge}}
";

const SUBMIT_SH: &str = "\
#!/bin/sh
# Submits the workers, and the merge after them: afterany, since also of workers that failed every order is accounted for.
set -eu
cd \"$(dirname \"$0\")\"
workers=$(sbatch --parsable workers.sbatch)
merge=$(sbatch --parsable --dependency=afterany:\"${workers%%;*}\" merge.sbatch)
echo \"workers: job $workers, merge: job $merge; its verdict goes to {{job}}-merge.log\"
";

pub(super) fn files(submission: &Submission) -> Vec<EngineFile> {
    let values = [
        ("job", submission.job()),
        ("last", (submission.workers - 1).to_string()),
        ("worker", command(&submission.program, &submission.worker())),
        ("merge", command(&submission.program, &submission.merge())),
    ];
    let file = |name, template| EngineFile {
        name,
        text: filled(template, &values),
    };
    vec![
        file("workers.sbatch", WORKERS),
        file("merge.sbatch", MERGE),
        file(SUBMIT, SUBMIT_SH),
    ]
}
