#!/bin/sh
# Submits the workers, and the merge after them: afterany, since also of workers that failed every order is accounted for.
set -eu
cd "$(dirname "$0")"
workers=$(sbatch --parsable workers.sbatch)
merge=$(sbatch --parsable --dependency=afterany:"${workers%%;*}" merge.sbatch)
echo "workers: job $workers, merge: job $merge; its verdict goes to orderproof-thanksgiving-sale-merge.log"
