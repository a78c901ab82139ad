//! Before a run: traps, guard and confirmation, against a pipeline of this process. `0.0.0.0` ends on this
//! machine too, and is no loopback address by its text: what the guard makes of it, it makes of AWS.

use super::endpoint::pipeline_elsewhere;
use super::peers::Peer;
use super::program::{Finished, Program, scenario, wait_for};
use orderproof::embedded::EmbeddedPipeline;

fn asked(pipeline: &EmbeddedPipeline, operation: &str, body: &serde_json::Value) -> u16 {
    super::endpoint::ask(&pipeline.target(), operation, body.to_string().as_bytes())
}

/// The program with the smoke scenario, at an address that is no loopback address by its text.
fn away(command: &str, pipeline: &EmbeddedPipeline) -> Program {
    let here = pipeline.target().sqs_endpoint;
    let port = here.rsplit(':').next().expect("a port");
    Program::new([command, &scenario("smoke")])
        .args(["--endpoint-url", &format!("http://0.0.0.0:{port}")])
        .args(["--region", "us-east-1"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

fn allow(pipeline: &EmbeddedPipeline) {
    let target = pipeline.target();
    let queue =
        serde_json::json!({"QueueUrl": target.orders_queue_url, "Tags": {"orderproof": "allowed"}});
    assert_eq!(asked(pipeline, "TagQueue", &queue), 200);
    let seen = away("preflight", pipeline).args(["--json"]).finish();
    let seen: serde_json::Value = serde_json::from_str(&seen.stdout).expect("JSON");
    let arn = &seen["facts"]["table"]["is"]["arn"];
    let table = serde_json::json!({"ResourceArn": arn, "Tags": [{"Key": "orderproof", "Value": "allowed"}]});
    assert_eq!(
        asked(pipeline, "DynamoDB_20120810.TagResource", &table),
        200
    );
}

fn nothing_was_sent(finished: &Finished, pipeline: &EmbeddedPipeline) {
    assert!(!finished.path("reports").exists(), "no folder is made");
    let holdings = pipeline.holdings().expect("the pipeline's own view");
    assert_eq!((holdings.rows(), holdings.queued.len()), (0, 0));
    assert_eq!(holdings.dead_letters.len(), 0);
}

#[test]
fn the_traps_of_a_real_pipeline_are_told_with_what_they_mean() {
    let pipeline = pipeline_elsewhere(90);
    let look = || {
        Program::new(["preflight", &scenario("smoke"), "--processor", "local"])
            .at(&pipeline.target())
    };
    let found = look().finish().code(0).quiet();
    for part in [
        "TRAP  receive count",
        "ok    redrive policy        after 3 receives to orders-dl-queue",
        "ok    retention order",
        "sqs:SendMessage, sqs:ReceiveMessage, sqs:DeleteMessage",
        "account 000000000000, us-east-1",
        "costs  at most about $",
    ] {
        assert!(found.stdout.contains(part), "{part} in {}", found.stdout);
    }
    look().args(["--deny-traps"]).finish().code(6).quiet();
    let json = look().args(["--json"]).finish().code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(
        json["facts"]["orders_queue"]["is"]["redrive"]["max_receive_count"],
        3
    );
    assert_eq!(json["facts"]["table"]["is"]["has_rows"]["is"], false);
    let nothing = Program::new(["preflight", &scenario("smoke"), "--target", "embedded"])
        .finish()
        .code(2);
    assert!(
        nothing.stderr.contains("nothing to look at"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn a_trap_that_voids_the_run_stops_it_before_a_folder_is_made() {
    let pipeline = pipeline_elsewhere(91);
    let target = pipeline.target();
    let policy = serde_json::json!({"QueueUrl": target.orders_queue_url, "Attributes": {"RedrivePolicy": ""}});
    assert_eq!(asked(&pipeline, "SetQueueAttributes", &policy), 200);
    let refused = Program::new(["run", &scenario("smoke"), "--quiet"])
        .at(&target)
        .finish()
        .code(6);
    for part in [
        "nothing was sent",
        "redrive policy",
        "never comes to rest",
        "orderproof preflight",
    ] {
        assert!(
            refused.stderr.contains(part),
            "{part} in {}",
            refused.stderr
        );
    }
    nothing_was_sent(&refused, &pipeline);

    let missing = Program::new(["run", &scenario("smoke"), "--quiet", "--table", "elsewhere"])
        .at(&target)
        .finish()
        .code(6);
    assert!(
        missing.stderr.contains("no table called elsewhere"),
        "{}",
        missing.stderr
    );
}

#[test]
fn off_loopback_nothing_is_sent_without_tag_ceiling_and_consent() {
    let pipeline = pipeline_elsewhere(92);
    let untagged = away("run", &pipeline).args(["--yes"]).finish().code(6);
    for part in [
        "the orders queue does not carry the tag orderproof=allowed",
        "the table does not",
    ] {
        assert!(
            untagged.stderr.contains(part),
            "{part} in {}",
            untagged.stderr
        );
    }
    nothing_was_sent(&untagged, &pipeline);
    let seen = away("preflight", &pipeline).finish().code(6).quiet();
    assert!(
        seen.stdout.contains("a run would be refused"),
        "{}",
        seen.stdout
    );

    allow(&pipeline);
    away("preflight", &pipeline).finish().code(0).quiet();
    for (ceiling, words) in [
        (["--max-orders", "10"], "max_orders is 10"),
        (["--max-usd", "0.00001"], "max_usd is $0.00"),
    ] {
        let dear = away("run", &pipeline)
            .args(["--yes"])
            .args(ceiling)
            .finish()
            .code(6);
        assert!(dear.stderr.contains(words), "{}", dear.stderr);
        nothing_was_sent(&dear, &pipeline);
    }
    let nobody = away("run", &pipeline).finish().code(6);
    for part in [
        "account 000000000000, us-east-1",
        "orders, about",
        "no terminal to confirm it on",
    ] {
        assert!(nobody.stderr.contains(part), "{part} in {}", nobody.stderr);
    }
    nothing_was_sent(&nobody, &pipeline);
    let counts = away("run", &pipeline)
        .args(["--yes", "--set", "target.exact_counts=true"])
        .finish()
        .code(6);
    assert!(
        counts
            .stderr
            .contains("exact_counts holds on loopback only"),
        "{}",
        counts.stderr
    );
    nothing_was_sent(&counts, &pipeline);
}

/// A search is asked about once, and its ceilings hold for all of its runs together.
#[test]
fn off_loopback_a_search_is_agreed_to_as_a_whole() {
    let pipeline = pipeline_elsewhere(96);
    let find = |steps: &str| away("run", &pipeline).args(["--find", "rate", "--steps", steps]);
    let untagged = find("1").args(["--yes"]).finish().code(6);
    let words = "the orders queue does not carry the tag orderproof=allowed";
    assert!(untagged.stderr.contains(words), "{}", untagged.stderr);
    allow(&pipeline);
    let nobody = find("2").finish().code(6);
    for part in [
        "account 000000000000, us-east-1",
        "search   at most 2 runs up to 10x the baseline",
        "in all",
        "no terminal to confirm it on",
    ] {
        assert!(nobody.stderr.contains(part), "{part} in {}", nobody.stderr);
    }
    nothing_was_sent(&nobody, &pipeline);
    let seen = away("preflight", &pipeline).args(["--json"]).finish();
    let seen: serde_json::Value = serde_json::from_str(&seen.stdout).expect("JSON");
    let planned = seen["estimate"]["orders"].as_u64().expect("a count");
    let one = planned.to_string();
    for (orders, usd, words) in [
        (one.as_str(), "1000", "orders in all and max_orders is"),
        ("1000000000", "0.05", "in all and max_usd is $0.05"),
    ] {
        let ceilings = ["--max-orders", orders, "--max-usd", usd];
        let dear = find("100").args(["--yes"]).args(ceilings).finish().code(6);
        assert!(dear.stderr.contains(words), "{}", dear.stderr);
        nothing_was_sent(&dear, &pipeline);
    }
}

#[test]
fn off_loopback_a_run_that_is_allowed_and_agreed_to_is_started() {
    let pipeline = pipeline_elsewhere(93);
    allow(&pipeline);
    let program = away("run", &pipeline).args(["--yes", "--output-dir", "out"]);
    let mut child = program
        .command()
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    wait_for("a first row", || {
        let holdings = pipeline.holdings();
        holdings.is_ok_and(|holdings| holdings.rows() > 0)
    });
    // Its proof of rest takes minutes where counts may lag; that it was let through is what counts here.
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let out = program.folder().join("out");
    let read = |name: &str| {
        let text = std::fs::read_to_string(out.join(name)).expect("written before the first order");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let target = read("plan.json")["provenance"]["target"].clone();
    assert!(
        target
            .as_str()
            .unwrap()
            .starts_with("account 000000000000, us-east-1, http://0.0.0.0"),
        "{target}"
    );
    assert_eq!(read("preflight.json")["facts"]["place"]["loopback"], false);
    looks_are_guarded_too(&pipeline, &out);
}

/// Off loopback a look asks what a run asks, also of who names the endpoint.
fn looks_are_guarded_too(pipeline: &EmbeddedPipeline, out: &std::path::Path) {
    let here = pipeline.target().sqs_endpoint;
    let elsewhere = here.replace("127.0.0.1", "0.0.0.0");
    let out = out.display().to_string();
    let look = |option: &str| {
        Program::new(["verify", &out, option, "--endpoint-url", &elsewhere])
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
    };
    for option in ["--live", "--resume"] {
        let nobody = look(option).finish().code(6);
        for part in ["account 000000000000", "no terminal to confirm it on"] {
            assert!(nobody.stderr.contains(part), "{part} in {}", nobody.stderr);
        }
    }
    let queue = serde_json::json!({
        "QueueUrl": pipeline.target().orders_queue_url, "TagKeys": ["orderproof"]
    });
    assert_eq!(asked(pipeline, "UntagQueue", &queue), 200);
    for option in ["--live", "--resume"] {
        let refused = look(option).args(["--yes"]).finish().code(6);
        let words = "the orders queue does not carry the tag orderproof=allowed";
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}

#[test]
fn who_has_no_credentials_or_region_is_told_what_to_do() {
    let nowhere = |command: &str| {
        Program::new([command, &scenario("smoke"), "--target", "aws"])
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PROFILE", "")
            .env("AWS_REGION", "")
            .env("AWS_DEFAULT_REGION", "")
    };
    let region = nowhere("run").finish().code(2);
    assert!(region.stderr.contains("--region"), "{}", region.stderr);
    assert!(!region.path("reports").exists());
}

/// Serves credentials as a container's agent does; gives its address and how often it was asked.
fn container_agent() -> (String, std::sync::Arc<std::sync::atomic::AtomicU32>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let body = r#"{"AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (format!("http://{address}/credentials"), asked)
}

#[test]
fn credentials_of_a_container_are_found_and_a_profile_may_name_region_and_endpoint() {
    let pipeline = pipeline_elsewhere(94);
    let endpoint = pipeline.target().sqs_endpoint;
    let (agent, asked) = container_agent();
    let config = format!("[profile sale]\nregion = eu-west-1\nendpoint_url = {endpoint}\n");
    let found = Program::new(["preflight", &scenario("smoke"), "--profile", "sale"])
        .args(["--processor", "local"])
        .file("config", &config)
        .env("AWS_CONFIG_FILE", "config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &agent)
        .finish()
        .code(0)
        .quiet();
    let place = format!("account 000000000000, eu-west-1, {endpoint}");
    assert!(found.stdout.contains(&place), "{}", found.stdout);
    assert!(asked.load(std::sync::atomic::Ordering::Relaxed) > 0);
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn a_role_that_a_profile_assumes_is_who_asks() {
    let moto = Peer::start("moto_pipeline.py", []);
    let endpoint = moto.endpoint();
    let config = format!(
        "[profile base]\nregion = us-east-1\nendpoint_url = {endpoint}\n\
         [profile sale]\nrole_arn = arn:aws:iam::123456789012:role/sale\nsource_profile = base\n\
         region = us-east-1\nendpoint_url = {endpoint}\n"
    );
    let found = Program::new(["preflight", &scenario("smoke"), "--profile", "sale"])
        .args(["--processor", "local"])
        .file("config", &config)
        .file(
            "credentials",
            "[base]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n",
        )
        .env("AWS_CONFIG_FILE", "config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .finish()
        .code(0)
        .quiet();
    let words: Vec<_> = found.stdout.split_whitespace().collect();
    let role = "as arn:aws:sts::123456789012:assumed-role/sale/";
    assert!(words.join(" ").contains(role), "{}", found.stdout);
}
