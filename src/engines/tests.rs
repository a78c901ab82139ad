//! What is written for each engine, and that `deploy/` shows the same.

use std::path::Path;

use super::*;

fn submission() -> Submission {
    Submission {
        scenario_name: "Thanksgiving sale".into(),
        scenario: "/shared/sale.toml".into(),
        scenario_text: "name = \"Thanksgiving sale\"\nquestion = \"{{job}}\"\n".into(),
        workers: 4,
        run_at: "/shared/the {{job}}".into(),
        program: "/usr/local/bin/orderproof".into(),
        image: "registry.example/orderproof:0.4.0".into(),
        volume: Some("orders".into()),
        region: None,
        service_account: None,
        options: ["--target", "aws", "--set", "seed=7"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn text(engine: Engine, name: &str) -> String {
    let files = engine_files(engine, &submission());
    let file = files.into_iter().find(|file| file.name == name);
    file.unwrap_or_else(|| panic!("{name} is written")).text
}

#[test]
fn names_of_jobs_are_those_that_every_engine_takes() {
    for (name, job) in [
        ("Thanksgiving sale", "orderproof-thanksgiving-sale"),
        ("9 o'clock!", "orderproof-9-o-clock"),
        ("ä", "orderproof"),
        (&"x".repeat(90), &format!("orderproof-{}", "x".repeat(29))),
    ] {
        let submission = Submission {
            scenario_name: name.into(),
            ..submission()
        };
        assert_eq!(submission.job(), job);
    }
}

#[test]
fn slurm_starts_an_array_without_requeue_and_merges_after_any_end() {
    let workers = text(Engine::Slurm, "workers.sbatch");
    assert!(workers.contains("#SBATCH --array=0-3\n"), "{workers}");
    assert!(workers.contains("#SBATCH --no-requeue\n"), "{workers}");
    assert!(
        workers.ends_with(
            "exec /usr/local/bin/orderproof run /shared/sale.toml --run-at '/shared/the {{job}}' --yes --target aws --set seed=7\n"
        ),
        "{workers}"
    );
    assert!(text(Engine::Slurm, SUBMIT).contains("--dependency=afterany:"));
    let merge = text(Engine::Slurm, "merge.sbatch");
    assert!(
        merge
            .ends_with("exec /usr/local/bin/orderproof merge '/shared/the {{job}}' --wait --yes\n"),
        "{merge}"
    );
}

#[test]
fn no_engine_starts_again_what_a_worker_refused_nor_what_is_a_verdict() {
    let jobs = text(Engine::Kubernetes, "jobs.yaml");
    for part in [
        "completions: 4",
        "parallelism: 4",
        "values: [2, 6, 42, 43, 75]",
        "values: [2, 3, 4, 5, 6]",
        "claimName: \"orders\"",
        "\"run\",\"/scenario/scenario.toml\",\"--run-at\",\"/shared/the {{job}}\",\"--yes\"",
        // What the scenario holds is not filled in.
        "question = \\\"{{job}}\\\"",
    ] {
        assert!(jobs.contains(part), "{part}: {jobs}");
    }
    let stack = text(Engine::Batch, "stack.yaml");
    for part in [
        "OnExitCode: \"42\"",
        "OnExitCode: \"75\"",
        "ArrayProperties: {Size: 4}",
        "ErrorEquals: [States.ALL]",
        "\"run\",\"/shared/sale.toml\"",
    ] {
        assert!(stack.contains(part), "{part}: {stack}");
    }
}

#[test]
fn workers_that_meet_at_s3_share_no_volume() {
    let submission = Submission {
        scenario: "s3://runs/sale-1/scenario.toml".into(),
        run_at: "s3://runs/sale-1".into(),
        volume: None,
        region: Some("eu-west-1".into()),
        service_account: Some("orders".into()),
        ..submission()
    };
    let of = |engine: Engine, name: &str| {
        let files = engine_files(engine, &submission);
        let file = files.into_iter().find(|file| file.name == name);
        file.unwrap_or_else(|| panic!("{name} is written")).text
    };
    let jobs = of(Engine::Kubernetes, "jobs.yaml");
    for part in [
        "\"--run-at\",\"s3://runs/sale-1\"",
        "[\"merge\",\"s3://runs/sale-1\",\"--wait\",\"--yes\",\"--region\",\"eu-west-1\",\"--output-dir\",\"/tmp/merged\"]",
        "mountPath: /tmp\n",
        "emptyDir: {}",
        "serviceAccountName: \"orders\"",
    ] {
        assert!(jobs.contains(part), "{part}: {jobs}");
    }
    let stack = of(Engine::Batch, "stack.yaml");
    assert!(
        stack.contains("\"run\",\"s3://runs/sale-1/scenario.toml\""),
        "{stack}"
    );
    for text in [&jobs, &stack] {
        for part in ["persistentVolumeClaim", "FileSystem", "/shared"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
    let copies = "aws s3 cp scenario.toml s3://runs/sale-1/scenario.toml\n";
    assert!(of(Engine::Batch, SUBMIT).contains(copies));
    assert_eq!(of(Engine::Batch, "scenario.toml"), submission.scenario_text);
    let shared = text(Engine::Kubernetes, "jobs.yaml");
    assert!(shared.contains("# serviceAccountName: "), "{shared}");
}

/// The files below `deploy/engines` are what is written for one submission, to be read.
#[test]
fn the_files_to_read_are_those_that_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/engines");
    let write = std::env::var_os("ORDERPROOF_WRITE_SAMPLES").is_some();
    let plain = Submission {
        run_at: "/shared/thanksgiving".into(),
        ..submission()
    };
    let objects = Submission {
        scenario: "s3://my-runs/thanksgiving/scenario.toml".into(),
        run_at: "s3://my-runs/thanksgiving".into(),
        volume: None,
        region: Some("eu-west-1".into()),
        service_account: Some("orderproof".into()),
        ..submission()
    };
    for (engine, name, submission) in [
        (Engine::Slurm, "slurm", &plain),
        (Engine::Kubernetes, "kubernetes", &plain),
        (Engine::Kubernetes, "kubernetes-s3", &objects),
        (Engine::Batch, "batch", &plain),
        (Engine::Batch, "batch-s3", &objects),
    ] {
        for file in engine_files(engine, submission) {
            let path = folder.join(name).join(file.name);
            if write {
                std::fs::create_dir_all(folder.join(name)).expect("a folder");
                std::fs::write(&path, &file.text).expect("written");
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(kept == file.text, "{} is out of date", path.display());
        }
    }
}
