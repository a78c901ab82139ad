"""Runs the steps of the sample workflow and of action.yml as GitHub's runner does, with a real orderproof.

    run_action.py ORDERPROOF

Each `run` step is a bash of its own with the environment its `env` gives it; outputs, the job's page, `if`, skipped
steps and the job's end are as on the runner. `uses` of somebody else's action is checked and skipped. Only the
expressions these two files contain are understood; any other is an error.
"""

import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.S)
PINNED = re.compile(r"^actions/(checkout|cache|cache/restore|cache/save|upload-artifact)@[0-9a-f]{40}$")


class Job:
    """The contexts of a job, or of the composite action within it."""

    def __init__(self, inputs, folder, binary, ref="refs/heads/main"):
        self.inputs, self.folder, self.binary, self.ref = inputs, folder, binary, ref
        self.outputs, self.outcomes, self.uploaded, self.kept = {}, {}, [], []
        self.failed, self.code = False, 0

    def value(self, expression):
        """What an expression of these files comes to."""
        text = expression.strip()
        for operator in (" || ", " && "):
            if operator in text:
                left, right = text.split(operator, 1)
                left = self.value(left)
                short = bool(left) if operator == " || " else not left
                return left if short else self.value(right)
        for operator in (" != ", " == "):
            if operator in text:
                left, right = (self.value(side) for side in text.split(operator, 1))
                return (left == right) == (operator == " == ")
        if match := re.fullmatch(r"'([^']*)'", text):
            return match[1]
        if text == "always()":
            return True
        if match := re.fullmatch(r"inputs\.([\w-]+)", text):
            return self.inputs[match[1]]
        if match := re.fullmatch(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
            return self.outputs.get(match[1], {}).get(match[2], "")
        if match := re.fullmatch(r"steps\.([\w-]+)\.outcome", text):
            return self.outcomes[match[1]]
        if match := re.fullmatch(r"hashFiles\('([^']+)'\)", text):
            return "hash" if list(self.folder.glob(match[1])) else ""
        known = {"github.ref": self.ref, "runner.os": "Linux", "runner.arch": "X64", "github.run_id": "1",
                 "github.server_url": "https://github.com", "github.action_repository": ""}
        if text in known:
            return known[text]
        raise ValueError(f"an expression this does not know: {text}")

    def text(self, template):
        """A text with its expressions filled in."""
        return EXPRESSION.sub(lambda match: str(self.value(match[1])), str(template))

    def wanted(self, step):
        condition = step.get("if")
        if condition is None:
            return not self.failed
        condition = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(condition).strip(), flags=re.S)
        told = self.value(condition)
        return bool(told) and ("always()" in condition or not self.failed)

    def end(self, step, code, outputs):
        if "id" in step:
            self.outputs[step["id"]] = outputs
            self.outcomes[step["id"]] = "failure" if code else "success"
        if code and not self.failed:
            self.failed, self.code = True, code

    def skip(self, step):
        if "id" in step:
            self.outcomes[step["id"]] = "skipped"

    def run(self, step, files):
        """A `run` step: a script in a bash of its own."""
        script = step["run"]
        assert not EXPRESSION.search(script), f"{step.get('name')}: an expression within a script is an injection"
        output = files / "output"
        output.write_text("")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(files),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(files / "summary.md"),
            "RUNNER_TEMP": str(files),
        } | {name: self.text(value) for name, value in step.get("env", {}).items()}
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(bash, cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        (files / "log").open("a").write(done.stdout)
        lines = (line.split("=", 1) for line in output.read_text().splitlines())
        self.end(step, done.returncode, dict(lines))

    def steps(self, steps, files):
        for step in steps:
            if not self.wanted(step):
                self.skip(step)
            elif "run" in step:
                self.run(step, files)
            elif step["uses"] == "./":
                self.composite(step, files)
            else:
                self.others(step)

    def others(self, step):
        """Somebody else's action: known, pinned, and not run."""
        assert PINNED.match(step["uses"]), f"{step['uses']} is not known, or not pinned to a commit"
        given = {name: self.text(value) for name, value in step.get("with", {}).items()}
        if "upload-artifact" in step["uses"]:
            self.uploaded.append(given)
        if "actions/cache@" in step["uses"]:
            self.kept.append(given)
        self.end(step, 0, {})

    def composite(self, step, files):
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        given = {name: self.text(value) for name, value in step.get("with", {}).items()}
        unknown = set(given) - set(action["inputs"])
        assert not unknown, f"inputs the action does not have: {unknown}"
        inputs = {}
        for name, about in action["inputs"].items():
            assert name in given or not about.get("required"), f"{name} is required"
            inputs[name] = given.get(name, about.get("default", ""))
        within = Job(inputs, self.folder, self.binary, self.ref)
        assert all("shell" in step for step in action["runs"]["steps"] if "run" in step)
        within.steps(action["runs"]["steps"], files)
        self.uploaded += within.uploaded
        self.kept += within.kept
        outputs = {name: within.text(output["value"]) for name, output in action["outputs"].items()}
        self.end(step, within.code, outputs)


def play(binary, given, built=False):
    """Runs the sample workflow with further inputs of the action; gives the job and what it left."""
    folder = Path(tempfile.mkdtemp(prefix="workflow-"))
    files = Path(tempfile.mkdtemp(prefix="runner-"))
    (folder / "scenarios").symlink_to(ROOT / "scenarios")
    workflow = yaml.safe_load((ROOT / "examples/ci/orderproof.yml").read_text())
    job = Job({}, folder, binary)
    steps = workflow["jobs"]["orders"]["steps"]
    for step in steps:
        if step.get("uses") == "./":
            step["with"] |= given
            if not built:
                step["with"]["binary"] = str(binary)
    job.steps(steps, files)
    log, summary = files / "log", files / "summary.md"
    job.log = log.read_text() if log.exists() else ""
    job.summary = summary.read_text() if summary.exists() else ""
    job.verdict = job.outputs.get("orders", {}).get("verdict", "")
    return job


def expect(what, job, code, verdict, words=()):
    told = f"exit code {job.code}, verdict {job.verdict or 'none'}"
    good = (job.code, job.verdict, job.failed) == (code, verdict, code != 0)
    missing = [word for word in words if word not in job.log + job.summary]
    if not good or missing:
        sys.exit(f"{what}: {told}, expected {code} and {verdict}; missing {missing}\n{job.log}\n{job.summary}")
    print(f"  {what}: {told}")


def stub_cargo(binary):
    """A cargo that installs the given binary, and only as the action asks it to."""
    folder = Path(tempfile.mkdtemp(prefix="cargo-"))
    cargo = folder / "cargo"
    cargo.write_text(
        "#!/usr/bin/env bash\nset -eu\n"
        f'[ "$1 $2 $3 $4 $5 $6 $7" = "install --locked --path {ROOT} --bin orderproof --root" ]\n'
        f'mkdir -p "$8/bin"\ncp "{binary}" "$8/bin/orderproof"\n'
    )
    cargo.chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def serve(folder):
    """Serves a folder on loopback until this ends; gives the URL and what was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}", asked


def release(binary, version, target="x86_64-unknown-linux-musl"):
    """A folder of releases with one that .ci/package made."""
    folder = Path(tempfile.mkdtemp(prefix="releases-"))
    subprocess.run([ROOT / ".ci/package", version, target, binary, folder / f"v{version}"], check=True)
    return folder


def releases(binary):
    """The action with a served release: fetched where it is what was released, never run where it is not."""
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    archive = f"v{version}/orderproof-{version}-x86_64-unknown-linux-musl.tar.gz"
    assert os.uname().sysname == "Linux" and os.uname().machine == "x86_64", "the release made here is for this machine"

    def fetched(folder):
        url, asked = serve(folder)
        return play(binary, {"releases": url}, built=True), asked

    good = release(binary, version)
    first = (good / archive).read_bytes()
    subprocess.run([ROOT / ".ci/package", version, "x86_64-unknown-linux-musl", binary, good / f"v{version}"], check=True)
    assert (good / archive).read_bytes() == first, "packed again it is the same to the byte"
    job, asked = fetched(good)
    expect("a release fetched", job, 0, "pass", ["fetched orderproof-", "orders - pass"])
    assert asked == [f"/v{version}/SHA256SUMS", f"/{archive}"], asked
    assert "building" not in job.log

    flipped = release(binary, version)
    bytes_of = bytearray((flipped / archive).read_bytes())
    bytes_of[len(bytes_of) // 2] ^= 1
    (flipped / archive).write_bytes(bytes_of)
    job, _ = fetched(flipped)
    expect("one bit of the archive is another", job, 1, "", ["is not what was released"])
    assert not (job.folder / "orderproof-report").exists() and "building" not in job.log, job.log

    other = Path(tempfile.mkdtemp(prefix="other-")) / "orderproof"
    other.write_text("#!/bin/sh\necho orderproof 9.9.9\n")
    job, _ = fetched(release(other, version))
    expect("an archive of another version", job, 1, "", ["holds orderproof 9.9.9"])

    # Without the release the sources are built, once: the build is kept by them.
    stub_cargo(binary)
    for what, folder, word in [
        ("no release of this version", release(binary, "0.0.1"), "there is no release"),
        ("none for this machine", release(binary, version, "riscv64gc-unknown-linux-musl"), "has no orderproof-"),
    ]:
        job, _ = fetched(folder)
        expect(what, job, 0, "pass", [word, "building the sources of the action instead"])
        [kept] = job.kept
        assert re.fullmatch(r"orderproof-Linux-X64-[0-9a-f]{64}", kept["key"]), kept
        assert kept["path"].endswith(f"orderproof-{version}"), kept
    missing = release(binary, version)
    (missing / archive).unlink()
    job = play(binary, {"releases": "file:///nowhere"}, built=True)
    expect("releases that are not asked", job, 0, "pass", ["building"])
    expect("the archive is gone", fetched(missing)[0], 0, "pass", ["cannot be fetched", "building"])


def main():
    binary = Path(sys.argv[1]).resolve()
    fault = 'fault=[{kind="message_vanishes", count=1}]'

    kept = play(binary, {})
    expect("no order lost", kept, 0, "pass", ["PASS: order gate of `smoke`", "orders - pass"])
    assert kept.uploaded == [{"name": "orderproof-report", "path": "orderproof-report", "if-no-files-found": "warn"}]
    report = kept.folder / "orderproof-report"
    assert {"run.json", "gate-junit.xml", "ledger.journal"} <= {path.name for path in report.iterdir()}
    lost = play(binary, {"arguments": f"--set\n{fault}"})
    expect("one order lost", lost, 3, "fail", ["FAIL: order gate of `smoke`", "`lost` | == 0 | 1 |", "orders - fail"])
    assert lost.uploaded, "the report of a run that failed is kept, too"
    assert '<failure message="broken: observed 1"' in (lost.folder / "orderproof-report/gate-junit.xml").read_text()
    lost = play(binary, {"arguments": f"--set\n{fault}", "rules": "redelivered < 500"})
    expect("one order lost, and no rule that says so", lost, 3, "fail")
    slow = play(binary, {"rules": "drain < 1ms"})
    expect("a rule broken", slow, 5, "fail", ["`drain` | &lt; 1 ms |"])
    few = play(binary, {"rules": "response_time_p999 < 1s for warm-up"})
    expect("a rule that cannot be told", few, 4, "inconclusive")

    wrong = play(binary, {"rules": "lost < 0"})
    expect("an impossible rule", wrong, 2, "", ["never hold"])
    assert not (wrong.folder / "orderproof-report").exists(), "nothing was run"
    wrong = play(binary, {"scenario": "scenarios/none.toml"})
    expect("no such scenario", wrong, 2, "")
    wrong = play(binary, {"arguments": "--no-such-flag"})
    expect("a wrong argument of run", wrong, 2, "error")
    hostile = '"; touch planted; echo "$(touch planted) `touch planted`'
    for name in ("rules", "scenario", "arguments", "output-dir", "rules-file", "artifact"):
        job = play(binary, {name: hostile})
        assert not list(job.folder.rglob("planted")), f"what {name} holds was read as a script"
        # Two of them may be anything at all; an output-dir of this name is merely an odd one.
        assert job.failed or name in ("artifact", "output-dir"), f"{name}: {job.log}"
    print("  hostile inputs: none is read as a script")

    releases(binary)
    expect("built by cargo", play(binary, {}, built=True), 0, "pass", ["the action is of this repository"])


main()
