"""What `orderproof submit` writes for Kubernetes and AWS Batch, against the schemas that others publish.

Usage: engines.py FOLDER TYPES: the folder holds kubernetes/jobs.yaml, batch/stack.yaml and both of workers that meet at S3;
the program TYPES reads documents into the types of Kubernetes' API and writes them again (tests/peers/kubernetes).
"""

import json
import pathlib
import subprocess
import sys

import kubernetes_validate
import yaml

KUBERNETES = "1.36"


class Loader(yaml.SafeLoader):
    """YAML with the short functions of CloudFormation, whose meaning is of no concern here."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: f"!{suffix}")


def kubernetes(path, types):
    text = path.read_text()
    documents = list(yaml.safe_load_all(text))
    kinds = [document["kind"] for document in documents]
    assert kinds == ["ConfigMap", "Job", "Job"], kinds
    for document in documents:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    # A misspelled key is noticed, or the check above says nothing.
    documents[1]["spec"]["backoffLimitPerIndexes"] = 2
    try:
        kubernetes_validate.validate(documents[1], KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError:
        pass
    else:
        raise AssertionError("a key that Kubernetes does not know was accepted")
    workers, merge = documents[1]["spec"], documents[2]["spec"]
    assert workers["completionMode"] == "Indexed"
    assert workers["completions"] == workers["parallelism"] == 4
    # Kubernetes takes a policy on failures only of pods that are never restarted in place.
    for spec in (workers, merge):
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
    for rule, container in ((workers, "worker"), (merge, "merge")):
        named = rule["podFailurePolicy"]["rules"][0]["onExitCodes"]["containerName"]
        assert named == container == rule["template"]["spec"]["containers"][0]["name"]
    # What is read into the types of the API is what was written.
    subprocess.run([types], input=json.dumps(list(yaml.safe_load_all(text))), text=True, check=True)
    scenario = documents[0]["data"]["scenario.toml"]
    assert scenario.startswith("name = "), scenario


def batch(path):
    stack = yaml.load(path.read_text(), Loader)
    machine = stack["Resources"]["Run"]["Properties"]["Definition"]
    states = machine["States"]
    targets = [machine["StartAt"]]
    for state in states.values():
        targets += [state["Next"]] if "Next" in state else []
        targets += [catch["Next"] for catch in state.get("Catch", [])]
    missing = [target for target in targets if target not in states]
    assert not missing, f"states that are not there: {missing}"
    assert set(targets) == set(states), "a state that nothing leads to"
    ends = [name for name, state in states.items() if state.get("End")]
    assert ends == ["Merge"], ends
    assert states["Workers"]["Catch"][0]["Next"] == "Merge", "a failed worker ends the run without a merge"


folder = pathlib.Path(sys.argv[1])
for where in ("", "-s3"):
    kubernetes(folder / f"kubernetes{where}/jobs.yaml", sys.argv[2])
    batch(folder / f"batch{where}/stack.yaml")
print("kubernetes and batch: ok")
