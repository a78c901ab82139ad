"""Four workers on four hosts, as network namespaces with a link each to the pipeline; the link of one goes down while it
sends. They meet in a folder, so that what the lost host has sent and what not stands in its journal. Takes root.

Usage: netns.py ORDERPROOF FOLDER
"""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import time

from workers_pipeline import PLANNED, WORKERS, Pipeline

BRIDGE = "orderproof-br"
# Of the addresses for tests of networks (RFC 2544), so that no network of this machine is meant.
HERE = "198.18.77.1"

# A link that is down answers nothing, and the others are as late as this machine makes them.
MORE = """
[sending]
attempt_timeout = "2s"

[expect]
max_schedule_lag_p99 = "10s"
"""

os.environ.update(AWS_ACCESS_KEY_ID="placeholder", AWS_SECRET_ACCESS_KEY="placeholder", AWS_REGION="us-east-1")


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def namespace(index):
    return f"orderproof-w{index}"


def link(index):
    """The end of a host's link that is on this side."""
    return f"orderproof-l{index}"


def up():
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    for index in range(WORKERS):
        host = namespace(index)
        ip("netns", "add", host)
        ip("link", "add", link(index), "type", "veth", "peer", "name", "eth0", "netns", host)
        ip("link", "set", link(index), "master", BRIDGE, "up")
        ip("-n", host, "addr", "add", f"198.18.77.{10 + index}/24", "dev", "eth0")
        ip("-n", host, "link", "set", "eth0", "up")
        ip("-n", host, "link", "set", "lo", "up")


def down():
    quiet = {"stderr": subprocess.DEVNULL, "check": False}
    for index in range(WORKERS):
        # Its end of the link ends with it.
        subprocess.run(["ip", "netns", "del", namespace(index)], **quiet)
        subprocess.run(["ip", "link", "del", link(index)], **quiet)
    subprocess.run(["ip", "link", "del", BRIDGE], **quiet)


async def forward(here, there):
    """Hands connections to `here` on to `there`, both HOST:PORT: a pipeline is one of this machine's on every host."""

    async def copy(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def accept(reader, writer):
        try:
            other = await asyncio.open_connection(*there.split(":"))
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, other[1]), copy(other[0], writer))

    server = await asyncio.start_server(accept, *here.split(":"))
    print("listens", flush=True)
    await server.serve_forever()


def forwarder(here, there, within=()):
    process = subprocess.Popen(
        [*within, sys.executable, __file__, "--forward", here, there], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "listens\n"
    return process


def on_host(index):
    return ["ip", "netns", "exec", namespace(index)]


def run(name, meanwhile, orderproof, folder):
    pipeline = Pipeline(name, orderproof, folder, MORE)
    place = folder / f"{name}-run"
    local, bridged = f"127.0.0.1:{pipeline.port}", f"{HERE}:{pipeline.port}"
    forwarders = [forwarder(bridged, local)]
    try:
        for index in range(WORKERS):
            forwarders.append(forwarder(local, bridged, on_host(index)))
        workers = [
            subprocess.Popen(
                on_host(index)
                + [orderproof, "run", str(pipeline.scenario), "--run-at", str(place), "--worker", f"{index}/{WORKERS}"]
                + ["--quiet", "--yes", "--lead", "5s", "--ready-timeout", "120s"],
                stdout=subprocess.DEVNULL,
                stderr=(folder / f"{name}-{index}.log").open("w"),
            )
            for index in range(WORKERS)
        ]
        end = time.monotonic() + 120
        while not (place / "go").exists():
            ended = [worker.poll() for worker in workers]
            assert ended == [None] * WORKERS, f"{ended}: {(folder / f'{name}-0.log').read_text()}"
            assert time.monotonic() < end, "the workers have not met"
            time.sleep(0.2)
        # Five seconds to the start, and four into the load.
        time.sleep(9)
        meanwhile()
        codes = [worker.wait(180) for worker in workers]
        merge = subprocess.run(
            [orderproof, "merge", str(place), "--wait", "--yes"], capture_output=True, text=True, timeout=300
        )
        report = json.loads((place / "run.json").read_text())
    finally:
        for process in forwarders:
            process.kill()
        pipeline.close()
    return codes, merge, report


def case(name, meanwhile, verdicts, *how):
    began = time.monotonic()
    codes, merge, report = run(name, meanwhile, *how)
    told = f"{name}: {report['verdict']}, workers {codes}, {report['classes']}"
    assert report["verdict"] in verdicts, f"{told}\n{merge.stdout}{merge.stderr}"
    assert merge.returncode == {"pass": 0, "fail": 3, "inconclusive": 4}[report["verdict"]], told
    assert report["orders"]["planned"] == PLANNED, told
    assert sum(report["classes"].values()) == PLANNED, told
    # What was acknowledged by hosts that are there, and by the lost one before, is found.
    assert report["classes"]["lost"] == 0 and report["classes"]["ghost"] == 0, told
    print(f"{told} ({time.monotonic() - began:.0f} s)", flush=True)
    return report


def cut_off():
    ip("link", "set", link(2), "down")


def main():
    orderproof, folder = [pathlib.Path(word).absolute() for word in sys.argv[1:3]]
    folder.mkdir(parents=True, exist_ok=True)
    down()
    up()
    try:
        whole = case("whole", lambda: None, ["pass"], str(orderproof), folder)
        assert whole["orders"]["acknowledged"] == PLANNED, whole["orders"]
        cut = case("cut-off", cut_off, ["inconclusive", "fail"], str(orderproof), folder)
        assert cut["orders"]["acknowledged"] < PLANNED, cut["orders"]
        others = [worker for worker in cut["workers"] if worker["worker"] != 2]
        assert all(worker["orders"]["acknowledged"] == worker["own_orders"] for worker in others), others
    finally:
        down()


if __name__ == "__main__":
    if sys.argv[1] == "--forward":
        asyncio.run(forward(*sys.argv[2:4]))
    else:
        main()
