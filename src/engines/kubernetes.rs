//! Kubernetes: an Indexed Job of workers, and a Job that waits for them and merges.

use super::{
    EngineFile, FINAL, MOUNT, NOT_TO_BE_RETRIED, SCRATCH, SUBMIT, Submission, filled, list,
    numbers, scalar,
};

/// Where the scenario stands in a container.
const SCENARIO: &str = "/scenario/scenario.toml";

const JOBS: &str = "\
{{head}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{job}}
data:
  scenario.toml: {{scenario}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{job}}-workers
spec:
  completionMode: Indexed
  completions: {{workers}}
  parallelism: {{workers}}
  # A pod that is lost before it has sent anything may be started again. One that has begun finds its shard taken, and
  # ends with 42.
  backoffLimitPerIndex: 2
  podFailurePolicy:
    rules:
      - action: FailIndex
        onExitCodes:
          containerName: worker
          operator: In
          values: {{not_to_be_retried}}
  template:
    spec:
      restartPolicy: Never
      {{account}}
      containers:
        - name: worker
          image: {{image}}
          args: {{worker}}
          env:
            # JOB_COMPLETION_INDEX is set by Kubernetes.
            - name: WORKER_COUNT
              value: \"{{workers}}\"
          volumeMounts:
            - name: {{kept}}
              mountPath: {{mount}}
            - name: scenario
              mountPath: /scenario
      volumes:
        - name: {{kept}}
{{volume}}
        - name: scenario
          configMap:
            name: {{job}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{job}}-merge
spec:
  # Its exit code is the verdict: 0 pass, 3 or 5 fail, 4 inconclusive. A verdict is not tried again, nor what was refused.
  backoffLimit: 6
  podFailurePolicy:
    rules:
      - action: FailJob
        onExitCodes:
          containerName: merge
          operator: In
          values: {{final}}
  template:
    spec:
      restartPolicy: Never
      {{account}}
      containers:
        - name: merge
          image: {{image}}
          args: {{merge}}
          volumeMounts:
            - name: {{kept}}
              mountPath: {{mount}}
      volumes:
        - name: {{kept}}
{{volume}}
";

/// Of workers that share a volume, and of those that meet at S3.
const SHARED: &str = "\
# The scenario, the workers, and the merge. Both jobs write to the volume claim, which all nodes must be able to write
# to at the same time (ReadWriteMany).";
const AT_S3: &str = "\
# The scenario, the workers, and the merge. They meet at S3, which the pods' service account must reach, as
# `orderproof policy SCENARIO --run-at s3://...` prints.";

const SUBMIT_SH: &str = "\
#!/bin/sh
# Starts the workers and the merge, which waits for them.
set -eu
cd \"$(dirname \"$0\")\"
kubectl apply -f jobs.yaml
echo \"the verdict: kubectl logs --follow job/{{job}}-merge\"
";

pub(super) fn files(submission: &Submission) -> Vec<EngineFile> {
    let worker = Submission {
        scenario: SCENARIO.into(),
        ..submission.clone()
    };
    let (head, kept, mount, volume) = match &submission.volume {
        Some(claim) => {
            let claim = scalar(claim);
            let volume =
                format!("          persistentVolumeClaim:\n            claimName: {claim}");
            (SHARED, "shared", MOUNT, volume)
        }
        // What a worker writes before it hands it over, in an image that has no folder for it.
        None => (AT_S3, "scratch", SCRATCH, "          emptyDir: {}".into()),
    };
    let account = match &submission.service_account {
        Some(account) => format!("serviceAccountName: {}", scalar(account)),
        None => {
            "# serviceAccountName: one with the permissions that `orderproof policy` prints".into()
        }
    };
    let values = [
        ("head", head.into()),
        ("account", account),
        ("kept", kept.into()),
        ("job", submission.job()),
        ("workers", submission.workers.to_string()),
        ("not_to_be_retried", numbers(&NOT_TO_BE_RETRIED)),
        ("final", numbers(&FINAL)),
        ("image", scalar(&submission.image)),
        ("worker", list(&worker.worker())),
        ("merge", list(&submission.merge())),
        ("mount", mount.into()),
        ("volume", volume),
        ("scenario", scalar(&submission.scenario_text)),
    ];
    let file = |name, template| EngineFile {
        name,
        text: filled(template, &values),
    };
    vec![file("jobs.yaml", JOBS), file(SUBMIT, SUBMIT_SH)]
}
