"""Four workers placed by a real Slurm, through what `orderproof submit` writes; a worker killed, a node lost, a task
requeued by hand.

Usage: slurm.py ORDERPROOF FOLDER, with SLURM_CONF set to a Slurm of four nodes on this machine.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from workers_pipeline import PLANNED, WORKERS, Pipeline

orderproof = str(pathlib.Path(sys.argv[1]).absolute())
folder = pathlib.Path(sys.argv[2]).absolute()
folder.mkdir(parents=True, exist_ok=True)

os.environ.update(
    AWS_ACCESS_KEY_ID="placeholder", AWS_SECRET_ACCESS_KEY="placeholder", AWS_REGION="us-east-1"
)


def output(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def wait_for(what, happens, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = happens()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s for {what}")


def job(number):
    """What Slurm knows of a job or a task."""
    shown = output("scontrol", "show", "job", str(number), "--oneliner")
    return dict(re.findall(r"(\w+)=(\S*)", shown.splitlines()[0]))


def process_of(place, task):
    """The process of the worker with this index of the run at this place."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes()
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        is_worker = command.startswith(orderproof.encode()) and str(place).encode() in command
        if is_worker and f"SLURM_ARRAY_TASK_ID={task}\0".encode() in environment:
            return int(path.name)
    raise AssertionError(f"worker {task} has no process")


def run(name, meanwhile):
    """Submits four workers, lets `meanwhile` happen two seconds after the start, and gives what the merge left."""
    pipeline = Pipeline(name, orderproof, folder)
    place = folder / f"{name}-run"
    files = folder / f"{name}-submit"
    try:
        told = output(
            *(orderproof, "submit", str(pipeline.scenario), "--on", "slurm", "--workers", str(WORKERS)),
            *("--run-at", str(place), "--output-dir", str(files), "--program", orderproof, "--go", "--yes"),
        )
        workers, merge = re.search(r"workers: job (\d+), merge: job (\d+)", told).groups()
        wait_for("the start", (place / "go").exists)
        start = json.loads((place / "go").read_text())
        # The file says when sending begins; what happens, happens while orders are sent.
        time.sleep(12)
        meanwhile(workers, place, start)
        ended = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")
        wait_for("the merge", lambda: job(merge).get("JobState") in ended, 180)
        code = int(job(merge)["ExitCode"].split(":")[0])
        log = (files / "orderproof-workers-merge.log").read_text()
        report = json.loads((place / "run.json").read_text())
    finally:
        pipeline.close()
    return code, report, place, log


def sent_by(place):
    """The shards that may have sent each order, from their own journals."""
    senders = {}
    for path in sorted(place.glob("shards/*/ledger.journal")):
        for line in path.read_text().splitlines():
            entry = json.loads(line.split(" ", 1)[1])["entry"]
            for outcome in ("acknowledged", "indeterminate", "rejected"):
                for part in entry.get("outcome", {}).get(outcome, "").split(","):
                    if not part:
                        continue
                    first, _, last = part.partition("-")
                    for order in range(int(first), int(last or first) + 1):
                        senders.setdefault(order, set()).add(path.parent.name)
    return senders


def accounted(report, place):
    planned = report["orders"]["planned"]
    assert planned == PLANNED, planned
    assert sum(report["classes"].values()) == planned, report["classes"]
    senders = sent_by(place)
    assert len(senders) > planned / 2, f"the journals name {len(senders)} orders"
    twice = {order: shards for order, shards in senders.items() if len(shards) > 1}
    assert not twice, f"sent by more than one worker: {twice}"


def case(name, meanwhile, verdict, codes):
    began = time.monotonic()
    code, report, place, log = run(name, meanwhile)
    assert report["verdict"] == verdict, f"{name}: {report['verdict']}\n{log}"
    assert code in codes, f"{name}: exit code {code}\n{log}"
    accounted(report, place)
    print(f"{name}: {verdict}, exit code {code}, {report['classes']} ({time.monotonic() - began:.0f} s)", flush=True)


def nothing(workers, place, start):
    pass


def killed(workers, place, start):
    os.kill(process_of(place, 2), signal.SIGKILL)


def node_lost(workers, place, start):
    task = job(f"{workers}_3")
    node = task["NodeList"]
    worker = process_of(place, 3)
    daemons = output("pgrep", "-f", f"^slurmd -N {node}$").split()
    steps = output("pgrep", "-f", f"slurmstepd: \\[{task['JobId']}\\.").split()
    for process in [*daemons, *steps, worker]:
        os.kill(int(process), signal.SIGKILL)


def requeued(workers, place, start):
    output("scontrol", "update", f"jobid={workers}_1", "requeue=1")
    output("scontrol", "requeue", f"{workers}_1")


if __name__ == "__main__":
    case("whole", nothing, "pass", [0])
    case("killed", killed, "inconclusive", [4])
    # Slurm ends the task as ctrl-c would; the same task, started again, finds its shard taken.
    case("requeued", requeued, "inconclusive", [130])
    case("node-lost", node_lost, "inconclusive", [4])
