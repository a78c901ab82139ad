//! `orderproof policy`: each command can do all of its work under its own policy, and nothing is in the table of needs that no
//! command asks for. The judge is a proxy that refuses whatever the policy does not allow, as IAM does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use orderproof::account::{NEEDS, PolicyCommand};
use serde_json::Value;

use super::stores::Stores;
use super::{credentials, empty};
use crate::suite::program::{Finished, Program, scenario};
use crate::suite::proxy::{Message, Proxy};
use crate::suite::served::Served;

/// The account and the region of the embedded services.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// What one command asked for.
#[derive(Default, Clone)]
struct Asked {
    /// Service and operation, as the table names them.
    operations: BTreeSet<String>,
    /// Action and resource of what was refused.
    refused: BTreeSet<String>,
}

/// One request as IAM sees it.
struct Request {
    operation: String,
    /// The actions that are checked, each on every one of the resources.
    actions: Vec<String>,
    resources: Vec<String>,
}

fn arn(service: &str, name: &str) -> String {
    match name.starts_with("arn:") {
        true => name.to_owned(),
        false => format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"),
    }
}

impl Request {
    /// Nothing of calls that no permission is needed for.
    fn of(message: &Message) -> Option<Self> {
        let body = String::from_utf8_lossy(&message.body);
        match message.header("x-amz-target") {
            Some(target) => Some(Self::of_json(
                target,
                &serde_json::from_str(&body).unwrap_or_default(),
            )),
            None if message.head.starts_with("GET") => Some(Self::of_lambda(&message.head)),
            None => Self::of_form(&body),
        }
    }

    fn of_json(target: &str, body: &Value) -> Self {
        let (prefix, name) = target.split_once('.').expect("service and operation");
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let is_tagged =
            |key: &str| body[key].as_object().is_some() || body[key].as_array().is_some();
        let (service, own, resources) = match prefix {
            "AmazonSQS" => {
                let url = text("QueueUrl") + &text("QueueName");
                let queue = url.rsplit('/').next().unwrap_or_default();
                ("SQS", "sqs", vec![arn("sqs", queue)])
            }
            "DynamoDB_20120810" => {
                let named = body["RequestItems"].as_object().into_iter().flatten();
                let named = named.map(|(table, _)| table.clone());
                let tables: Vec<String> = match text("TableName") + &text("ResourceArn") {
                    one if one.is_empty() => named.collect(),
                    one => vec![one],
                };
                let whole = |table: &String| match table.starts_with("arn:") {
                    true => table.clone(),
                    false => arn("dynamodb", &format!("table/{table}")),
                };
                ("DynamoDB", "dynamodb", tables.iter().map(whole).collect())
            }
            "AWSEvents" => {
                let bus = |name: &str| arn("events", &format!("event-bus/{name}"));
                let rule =
                    |rule: &str| arn("events", &format!("rule/{}/{rule}", text("EventBusName")));
                let resources = match name {
                    "PutEvents" => {
                        let entries = body["Entries"].as_array().into_iter().flatten();
                        entries
                            .map(|entry| bus(entry["EventBusName"].as_str().expect("a bus")))
                            .collect()
                    }
                    "DescribeEventBus" => vec![bus(&text("Name"))],
                    "DescribeRule" => vec![rule(&text("Name"))],
                    "ListTargetsByRule" => vec![rule(&text("Rule"))],
                    _ => vec!["*".into()],
                };
                ("EventBridge", "events", resources)
            }
            "GraniteServiceVersion20100801" => ("CloudWatch", "cloudwatch", vec!["*".into()]),
            other => panic!("a service that nobody expected: {other}"),
        };
        let mut actions = vec![match (own, name) {
            ("sqs", name) => format!("sqs:{}", name.trim_end_matches("Batch")),
            (own, name) => format!("{own}:{name}"),
        }];
        match name {
            "CreateQueue" if is_tagged("tags") => actions.push("sqs:TagQueue".into()),
            "CreateTable" if is_tagged("Tags") => actions.push("dynamodb:TagResource".into()),
            _ => {}
        }
        Self {
            operation: format!("{service} {name}"),
            actions,
            resources,
        }
    }

    fn of_lambda(head: &str) -> Self {
        let path = head.split(' ').nth(1).expect("a path");
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (name, resource) = match parts.as_slice() {
            [_, "event-source-mappings"] => ("ListEventSourceMappings", "*".to_owned()),
            [_, "account-settings"] => ("GetAccountSettings", "*".to_owned()),
            [_, "functions", function, "configuration"] => (
                "GetFunctionConfiguration",
                arn("lambda", &format!("function:{function}")),
            ),
            [_, "functions", function, "concurrency"] => (
                "GetFunctionConcurrency",
                arn("lambda", &format!("function:{function}")),
            ),
            other => panic!("a call that nobody expected: {other:?}"),
        };
        Self {
            operation: format!("Lambda {name}"),
            actions: vec![format!("lambda:{name}")],
            resources: vec![resource],
        }
    }

    fn of_form(body: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = body.split('&').filter_map(|field| field.split_once('='));
            let found = fields.find(|(key, _)| *key == name);
            found.map(|(_, value)| value.replace("%3A", ":"))
        };
        let name = field("Action").expect("an action");
        if name == "GetCallerIdentity" {
            return None;
        }
        Some(Self {
            operation: format!("SNS {name}"),
            actions: vec![format!("sns:{}", name.trim_end_matches("Batch"))],
            resources: vec![field("TopicArn").unwrap_or_else(|| "*".into())],
        })
    }
}

/// Whether a policy allows an action on a resource: it has statements that allow, and no others.
fn allows(policy: &Value, action: &str, resource: &str) -> bool {
    let statements = policy["Statement"].as_array().expect("statements");
    statements.iter().any(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        let actions = statement["Action"].as_array().expect("actions");
        let resources = statement["Resource"].as_array().expect("resources");
        let mut resources = resources.iter().filter_map(Value::as_str);
        actions.iter().any(|one| one == action)
            && resources.any(|pattern| is_like(resource, pattern))
    })
}

/// A `*` stands for any characters.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|left| {
            (0..=left.len()).any(|at| left.is_char_boundary(at) && is_like(&left[at..], rest))
        }),
    }
}

/// A pipeline and the settings with which commands come to it.
struct Site {
    served: Served,
    scenario: String,
    file: Option<&'static str>,
    set: Vec<&'static str>,
}

impl Site {
    fn program(&self, command: &str, path: &str) -> Program {
        let program = Program::new([command, path]);
        let program = self
            .set
            .iter()
            .fold(program, |program, set| program.args(["--set", set]));
        match self.file {
            Some(text) => program.file("own.toml", text),
            None => program,
        }
    }

    /// The policy for these commands, as the program prints it.
    fn policy(&self, commands: &[&str]) -> Value {
        let program = self.program("policy", &self.scenario);
        let program = program.args(["--account", ACCOUNT, "--region", REGION]);
        let asked = commands
            .iter()
            .fold(program, |program, command| program.args(["--for", command]));
        let printed = asked.finish().code(0);
        assert!(
            printed.stderr.contains("note: no permission of KMS"),
            "{}",
            printed.stderr
        );
        serde_json::from_str(&printed.stdout).expect("one document")
    }

    /// What a command does at this pipeline under a policy, and what it asked for.
    fn under(&self, policy: Value, program: Program) -> (Finished, Asked) {
        let asked = Arc::new(Mutex::new(Asked::default()));
        let noted = Arc::clone(&asked);
        let proxy = Proxy::guarded(&self.served.endpoint(), move |message| {
            let Some(request) = Request::of(message) else {
                return true;
            };
            let mut noted = noted.lock().unwrap();
            noted.operations.insert(request.operation);
            let pairs = request.actions.iter().flat_map(|action| {
                request
                    .resources
                    .iter()
                    .map(move |resource| (action, resource))
            });
            let refused: Vec<String> = pairs
                .filter(|(action, resource)| !allows(&policy, action, resource))
                .map(|(action, resource)| format!("{action} {resource}"))
                .collect();
            noted.refused.extend(refused.iter().cloned());
            refused.is_empty()
        });
        let finished = credentials(program.args(["--endpoint-url", &proxy.endpoint()])).finish();
        let asked = asked.lock().unwrap().clone();
        (finished, asked)
    }

    /// The same for a command of the scenario, under the policy made for it alone.
    fn under_own(&self, command: &str) -> (Finished, Asked) {
        let mut program = self
            .program(command, &self.scenario)
            .args(["--region", REGION]);
        if command == "run" {
            program = program
                .args([
                    "--output-dir",
                    "out",
                    "--quiet",
                    "--set",
                    "target.exact_counts=true",
                ])
                .args([
                    "--set",
                    "expect.max_schedule_lag_p99=10s",
                    "--set",
                    "expect.rules=[]",
                ]);
        }
        self.under(self.policy(&[command]), program)
    }

    /// Nothing that the command asked for was refused.
    fn may(&self, command: &str, code: Option<i32>) -> (Finished, Asked) {
        let (finished, asked) = self.under_own(command);
        assert_eq!(
            asked.refused,
            BTreeSet::new(),
            "{command}: {}",
            finished.stderr
        );
        match code {
            Some(code) => (finished.code(code), asked),
            None => (finished, asked),
        }
    }
}

/// What each command asked for.
type Found = Vec<(PolicyCommand, Asked)>;

const SHORT: [&str; 4] = [
    "phase=[{name=\"baseline\", rate=\"40/s\", duration=\"2s\"}]",
    "pipeline.visibility_timeout=1s",
    "pipeline.function.timeout=1s",
    "bad_orders=20%",
];

/// The lab's orders, from an account with nothing in it and back.
fn lab(found: &mut Found) {
    let site = Site {
        served: empty(),
        scenario: scenario("smoke"),
        file: None,
        set: SHORT.to_vec(),
    };
    for _ in 0..2 {
        found.push((PolicyCommand::Up, site.may("up", Some(0)).1));
    }
    let (run, asked) = site.may("run", Some(0));
    found.push((PolicyCommand::Run, asked));
    // Under the policy of `verify` a look misses what only a run sends, and nothing else.
    let look = site
        .program("preflight", &site.scenario)
        .args(["--region", REGION]);
    let (_, asked) = site.under(site.policy(&["verify"]), look);
    let sends = BTreeSet::from([format!("sqs:SendMessage {}", arn("sqs", "orders-queue"))]);
    assert_eq!(asked.refused, sends);
    found.push((PolicyCommand::Verify, asked));
    let dir = run.path("out").display().to_string();
    let verify = Program::new(["verify", &dir, "--live"]);
    let (verified, asked) = site.under(site.policy(&["verify"]), verify);
    assert_eq!(asked.refused, BTreeSet::new(), "{}", verified.stderr);
    assert!(verified.code(0).stdout.contains("unchanged since"));
    found.push((PolicyCommand::Verify, asked));
    Stores::at(&site.served.endpoint()).send("orders-dl-queue", "somebody else's");
    let clean = || Program::new(["clean", &dir, "--delete"]);
    let (_, asked) = site.under(site.policy(&["verify"]), clean());
    assert!(
        asked
            .refused
            .iter()
            .any(|one| one.starts_with("dynamodb:BatchWriteItem")),
        "a near miss"
    );
    let (cleaned, asked) = site.under(site.policy(&["clean"]), clean());
    assert_eq!(asked.refused, BTreeSet::new(), "{}", cleaned.stderr);
    cleaned.code(0);
    found.push((PolicyCommand::Clean, asked));
    found.push((PolicyCommand::Down, site.may("down", Some(0)).1));
}

/// The function here, letters of the run's own, several orders in a request.
fn local(found: &mut Found) {
    let mut set = SHORT.to_vec();
    set.extend([
        "target.processor=local",
        "target.dead_letters=own",
        "sending.batch=5",
        "sending.linger=20ms",
    ]);
    let served = Served::start(
        Program::new([
            "serve",
            &scenario("smoke"),
            "--port",
            "0",
            "--no-function",
            "--quiet",
        ])
        .args([
            "--set",
            "pipeline.visibility_timeout=1s",
            "--set",
            "pipeline.function.timeout=1s",
        ]),
    );
    let site = Site {
        served,
        scenario: scenario("smoke"),
        file: None,
        set,
    };
    found.push((PolicyCommand::Run, site.may("run", Some(0)).1));
}

/// Orders of one's own, with rows that are written before them. Nobody consumes them, so nothing is proven.
fn own(found: &mut Found) {
    let site = Site {
        served: empty(),
        scenario: "own.toml".into(),
        file: Some(super::own::OWN),
        set: vec!["target.processor=external", "settle.deadline=2s"],
    };
    found.push((PolicyCommand::Up, site.may("up", Some(0)).1));
    found.push((PolicyCommand::Run, site.may("run", None).1));
    found.push((PolicyCommand::Down, site.may("down", Some(0)).1));
}

/// Through a topic, or over a bus.
fn door(found: &mut Found, sending: &[&'static str]) {
    let mut set = SHORT.to_vec();
    set.extend(sending);
    let serve = Program::new(["serve", &scenario("smoke"), "--port", "0", "--quiet"]);
    let serve = set
        .iter()
        .fold(serve, |program, set| program.args(["--set", set]));
    let site = Site {
        served: Served::start(serve),
        scenario: scenario("smoke"),
        file: None,
        set,
    };
    found.push((PolicyCommand::Run, site.may("run", Some(0)).1));
    let look = site
        .program("preflight", &site.scenario)
        .args(["--region", REGION]);
    found.push((
        PolicyCommand::Verify,
        site.under(site.policy(&["verify"]), look).1,
    ));
}

#[test]
fn every_command_does_its_work_under_its_own_policy() {
    lab(&mut Found::new());
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_policies_of_which_each_action_is_asked_for() {
    const TOPIC: &[&str] = &[
        "sending.to=sns",
        "sending.topic=sale",
        "sending.raw=true",
        "sending.batch=5",
        "sending.linger=20ms",
    ];
    const BUS: &[&str] = &[
        "sending.to=eventbridge",
        "sending.bus=shop",
        "sending.raw=true",
    ];
    let sites: [fn(&mut Found); 5] = [
        lab,
        local,
        own,
        |found| door(found, TOPIC),
        |found| door(found, BUS),
    ];
    let found: Found = std::thread::scope(|scope| {
        let started = sites.map(|site| {
            scope.spawn(move || {
                let mut found = Found::new();
                site(&mut found);
                found
            })
        });
        started
            .into_iter()
            .flat_map(|site| site.join().expect("it ended well"))
            .collect()
    });
    let asked_for = |command: PolicyCommand, operation: &str| {
        let mut of_command = found.iter().filter(|(by, _)| *by == command);
        of_command.any(|(_, asked)| asked.operations.contains(operation))
    };
    let mut idle = Vec::new();
    for need in NEEDS {
        for command in need.commands {
            if !asked_for(*command, need.operation) {
                idle.push(format!("{command:?} {}", need.operation));
            }
        }
    }
    assert_eq!(idle, Vec::<String>::new(), "nobody asks for these");
}
