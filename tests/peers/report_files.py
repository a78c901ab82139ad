"""Reads a run's files with the tools they are for: report_files.py RUN_FOLDER SCHEMA.

Each check prints a line; the first that fails ends it with a traceback.
"""

import copy
import io
import json
import math
import pathlib
import re
import sys

import jsonschema
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from prometheus_client.openmetrics.parser import text_string_to_metric_families

MEASURED = ["response_time", "service_time", "end_to_end"]


def decoded(text):
    return HdrHistogram.decode(text)


def rows(text):
    """The rows of a percentile distribution: value, percentile, count."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"], lines[0]
    return [(float(line[0]), float(line[1]), int(line[2])) for line in lines[1:]]


def footer(text):
    """What the footer says, by name."""
    return {name: float(number) for name, number in re.findall(r"(\w[\w ]*?) += +([\d.]+)[,\]]", text)}


def same_distribution(path, histogram):
    text = path.read_text()
    ours = rows(text)
    total = histogram.get_total_count()
    recorded = [
        (item.value_iterated_to, item.total_count_to_this_value) for item in histogram.get_recorded_iterator()
    ]
    # The ladder of the Java tools, five ticks a half; this package's own goes up more smoothly.
    level = 0.0
    for row, (value, told, count) in enumerate(ours):
        last = row == len(ours) - 1
        assert math.isclose(told, 1.0 if last else level, abs_tol=1e-11), (path, row, told, level)
        us = histogram.get_highest_equivalent_value(round(value * 1000))
        assert count == max(upto for at, upto in recorded if at <= us), (path, row)
        before = max((upto for at, upto in recorded if histogram.get_highest_equivalent_value(at) < us), default=0)
        assert told == 0 or before / total < told + 1e-11, (path, row, "the lowest value that reaches the level")
        assert count / total >= told - 1e-12, (path, row)
        level += 1 / (5 * 2 ** (math.floor(math.log2(1 / (1 - level)) + 1e-9) + 1))
    assert ours[-1][2] == total, path
    said = footer(text)
    assert math.isclose(said["Mean"] * 1000, histogram.get_mean_value(), rel_tol=1e-3, abs_tol=1), (path, said)
    assert round(said["Max"] * 1000) == histogram.get_max_value(), (path, said)
    assert said["Total count"] == total, (path, said)
    # And this package's distribution goes through the same points.
    out = io.BytesIO()
    histogram.output_percentile_distribution(out, 1000.0)
    theirs = {count: value for value, _, count in rows(out.getvalue().decode())}
    shared = [(value, theirs[count]) for value, _, count in ours if count in theirs]
    assert len(shared) >= 2 and all(abs(a - b) < 0.0005 for a, b in shared), (path, shared)


def nearest_rank(histogram, level):
    """The lowest value that at least this share of the counts does not exceed."""
    total = histogram.get_total_count()
    for item in histogram.get_recorded_iterator():
        if item.total_count_to_this_value / total >= level - 1e-12:
            return histogram.get_highest_equivalent_value(item.value_iterated_to)
    raise AssertionError("no counts")


def check_distributions(folder, run):
    checked = 0
    for measured in MEASURED:
        merged = HdrHistogram(1, 3_600_000_000, 3)
        for phase in run["phases"]:
            figures = phase["figures"]
            histogram = decoded(figures[measured])
            if not figures["warm_up"]:
                merged.decode_and_add(figures[measured])
            path = folder / "hdr" / f"{measured}-{figures['name']}.hgrm"
            if histogram.get_total_count():
                same_distribution(path, histogram)
                checked += 1
        same_distribution(folder / "hdr" / f"{measured}.hgrm", merged)
        checked += 1
    assert checked == len(list((folder / "hdr").glob("*.hgrm"))), checked
    print(f"{checked} distributions")


def check_log(folder, run):
    reader = HistogramLogReader(str(folder / "hdr" / "intervals.hlog"), HdrHistogram(1, 3_600_000_000, 2))
    told = {}
    while True:
        histogram = reader.get_next_interval_histogram()
        if histogram is None:
            break
        second = round(histogram.get_start_time_stamp() / 1000 - reader.get_start_time_sec())
        length = histogram.get_end_time_stamp() - histogram.get_start_time_stamp()
        assert abs(length - 1000) < 1, length
        key = (second, histogram.get_tag())
        assert key not in told, key
        told[key] = histogram
    expected = {}
    for interval in run["intervals"]:
        for measured in MEASURED:
            histogram = decoded(interval[measured])
            if histogram.get_total_count():
                expected[(interval["time_s"], measured)] = histogram
    assert told.keys() == expected.keys() and told, told.keys() ^ expected.keys()
    for key, histogram in expected.items():
        assert told[key].get_total_count() == histogram.get_total_count(), key
        for percentile in (0, 50, 90, 99, 99.9, 100):
            ours = told[key].get_value_at_percentile(percentile)
            assert ours == histogram.get_value_at_percentile(percentile), (key, percentile)
    # Seconds added up are what the timeline says, and counts what the phases say.
    for row in run["timeline"]:
        seen = told.get((row["time_s"], "response_time"))
        quoted = row["response_time_p99_us"]
        assert (seen is None) == (quoted is None), row["time_s"]
        if seen:
            # This package rounds the rank where Java's and ours take the next one up.
            assert nearest_rank(seen, 0.99) == quoted, row["time_s"]
            assert seen.get_max_value() == row["response_time_max_us"], row["time_s"]
    for measured in MEASURED:
        by_second = sum(h.get_total_count() for (_, tag), h in told.items() if tag == measured)
        by_phase = sum(decoded(phase["figures"][measured]).get_total_count() for phase in run["phases"])
        assert by_second == by_phase, (measured, by_second, by_phase)
    print(f"{len(told)} intervals")


def check_metrics(folder, run):
    text = (folder / "metrics.openmetrics").read_text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = sum(len(family.samples) for family in families.values())

    def value(family, name, **labels):
        found = [
            sample.value
            for sample in families[family].samples
            if sample.name == name and all(sample.labels.get(k) == v for k, v in labels.items())
        ]
        assert len(found) == 1, (name, labels, found)
        return found[0]

    assert value("orderproof_verdict", "orderproof_verdict", verdict=run["verdict"]) == 1
    for name, count in run["classes"].items():
        assert value("orderproof_orders", "orderproof_orders_total", **{"class": name}) == count
    for name in ("acknowledged", "rejected", "indeterminate", "unsent"):
        assert value("orderproof_sends", "orderproof_sends_total", outcome=name) == run["orders"][name]
    for measured in MEASURED + ["schedule_lag"]:
        family = f"orderproof_{measured}_seconds"
        assert families[family].unit == "seconds"
        for phase in run["phases"]:
            figures = phase["figures"]
            histogram = decoded(figures[measured])
            count = value(family, family + "_count", phase=figures["name"])
            assert count == histogram.get_total_count(), (measured, figures["name"])
            total = value(family, family + "_sum", phase=figures["name"])
            if count:
                assert math.isclose(total / count * 1e6, histogram.get_mean_value(), rel_tol=2e-3, abs_tol=1)
    for sample in families["orderproof_run"].samples:
        assert sample.labels["scenario"] == run["scenario"]["name"]
        assert sample.labels["run_id"] == str(run["run_id"])
    print(f"{samples} samples")


def check_schema(folder, run, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(run)
    misses = 0
    for name, harm in HARMS.items():
        harmed = copy.deepcopy(run)
        harm(harmed)
        assert not validator.is_valid(harmed), f"valid in spite of: {name}"
        misses += 1
    print(f"schema, {misses} near misses")


def misspell(run):
    run["classes"]["lots"] = run["classes"].pop("lost")


HARMS = {
    "no verdict": lambda run: run.pop("verdict"),
    "a verdict misspelled": lambda run: run.update(verdict="passed"),
    "a class misspelled": misspell,
    "a field too many": lambda run: run.update(verdikt="pass"),
    "a column too many": lambda run: run["timeline"][0].update(offered=1),
    "a count below zero": lambda run: run["orders"].update(planned=-1),
    "a duration as a number": lambda run: run["phases"][0].update(start=1.5),
    "a histogram that is none": lambda run: run["phases"][0]["figures"].update(end_to_end="none"),
    "another version": lambda run: run.update(schema_version=run["schema_version"] + 1),
    "a run id too large": lambda run: run.update(run_id=9_007_199),
}


def main():
    folder, schema = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    run = json.loads((folder / "run.json").read_text())
    check_schema(folder, run, schema)
    if "intervals" not in run:
        return
    check_distributions(folder, run)
    check_log(folder, run)
    check_metrics(folder, run)


main()
