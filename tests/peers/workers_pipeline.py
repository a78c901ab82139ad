"""What tests of four workers on nodes or hosts of their own have in common: a scenario, and a pipeline that it names."""

import re
import signal
import subprocess

WORKERS = 4
PLANNED = 1_680

SCENARIO = """
name = "workers"
question = "Do four workers send what one would?"
seed = 7
bad_orders = "10%"

[settle]
deadline = "20s"

[pipeline]
visibility_timeout = "1s"
function = { timeout = "150ms" }

[[phase]]
name = "baseline"
rate = "40/s"
duration = "2s"

[[phase]]
name = "spike"
rate = "200/s"
duration = "8s"
"""


class Pipeline:
    """A pipeline of its own, so that no case sees another's orders, and in `scenario` the file that names it; `more` is what
    a test adds to the scenario."""

    def __init__(self, name, orderproof, folder, more=""):
        text = SCENARIO + more
        self.scenario = folder / f"{name}.toml"
        self.scenario.write_text(text)
        self.process = subprocess.Popen(
            [orderproof, "serve", str(self.scenario), "--port", "0", "--quiet"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        told = []
        for line in self.process.stdout:
            told.append(line)
            if line.startswith("exact_counts"):
                break
        self.scenario.write_text(text + "".join(line for line in told if not line.startswith("#")))
        self.port = re.search(r"http://127.0.0.1:(\d+)", "".join(told)).group(1)

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
