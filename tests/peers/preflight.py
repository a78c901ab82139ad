"""Compares what `orderproof preflight --json` (on standard input) makes of the deployed template with what each of its
settings is made for.

    orderproof preflight ... --json | python tests/peers/preflight.py better|lab
"""

import json
import sys

settings = sys.argv[1]
# Not compared: the clock, and the function's concurrency, since moto serves no GetAccountSettings.
LEFT_OUT = {"clock", "function_concurrency"}
LAB_TRAPS = {"retention_order", "receive_count", "partial_responses", "table_capacity"}
WELL = {
    "queues", "redrive", "receive_count", "retention_order", "retention", "visibility", "partial_responses", "mapping",
    "filter", "mapping_concurrency", "function", "table", "table_capacity", "expiry", "queue_empty", "table_empty",
    "dead_letters", "dead_letter_redrive", "permission",
}
expected = {trap: "well" for trap in WELL}
if settings == "lab":
    expected |= {trap: "trap" for trap in LAB_TRAPS}

found = json.load(sys.stdin)
weights = {check["trap"]: check["weight"] for check in found["checks"] if check["trap"] not in LEFT_OUT}
wrong = [
    f"{trap}: {weights.get(trap)}, expected {expected.get(trap)}"
    for trap in sorted(weights.keys() | expected.keys())
    if weights.get(trap) != expected.get(trap)
]
queue, function = found["facts"]["orders_queue"]["is"], found["facts"]["function"]["is"]
read = (
    queue["visibility_timeout_us"] / 1e6, queue["redrive"]["max_receive_count"], function["timeout_us"] / 1e6,
    queue["tags"]["is"].get("orderproof"), function["table_variable"],
)
wanted = {"better": (60, 5, 10, "allowed", "orders"), "lab": (30, 3, 3, "allowed", "orders")}[settings]
if read != wanted:
    wrong.append(f"read {read}, expected {wanted}")
if wrong:
    sys.exit("\n".join([f"preflight reads the {settings} settings otherwise than they are meant:", *wrong]))
print(f"preflight of {settings}: {len(weights)} checks as expected")
