//! The shop and a pattern with FIFO queues behind moto, through the whole life of their queues and tables: `up`,
//! `preflight`, `run`, `clean`, `down`.

use aws_sdk_sqs::types::QueueAttributeName;

use super::{EXAMPLES, classes, example, named};
use crate::suite::account::stores::Stores;
use crate::suite::account::{credentials, says};
use crate::suite::peers::Peer;
use crate::suite::program::{Finished, Program};

/// The baseline's orders a second that moto bears with two rows an order and functions in Python beside it; the spike is
/// five times as much.
const RATE: &str = "4/s";
const TABLES: [&str; 3] = ["shop-invoices", "shop-orders", "shop-rejected"];

/// An example behind moto.
struct Behind<'a> {
    moto: &'a Peer,
    folder: &'a str,
    name: &'a str,
    /// How long messages are hidden, and functions may take.
    hidden: &'a str,
}

impl Behind<'_> {
    /// A command with the example's file, and with the settings that all of them must agree on.
    fn command(&self, command: &str) -> Program {
        let file = format!("{EXAMPLES}/{}/{}.toml", self.folder, self.name);
        self.at_moto(Program::new([command, &file]))
    }

    fn at_moto(&self, program: Program) -> Program {
        let endpoint = self.moto.endpoint();
        let program = program.args(["--endpoint-url", endpoint, "--region", "us-east-1"]);
        credentials(hidden(program.args(["--processor", "local"]), self.hidden))
    }

    /// A run under this id.
    fn run(&self, run_id: &str) -> Program {
        self.at_moto(example(self.folder, self.name))
            .args(["--run-id", run_id])
            .args(["--set", "target.exact_counts=true"])
            // What moto's answers take is not the question here.
            .args(["--set", "expect.rules=[]"])
            .args(["--set", "sending.attempt_timeout=30s"])
    }

    /// A command with a run's folder.
    fn of<const N: usize>(&self, run: &Finished, command: &str, more: [&str; N]) -> Program {
        let folder = run.path("out").display().to_string();
        let program = Program::new([command, &folder, "--endpoint-url", self.moto.endpoint()]);
        credentials(program.args(more))
    }
}

fn hidden(program: Program, time: &str) -> Program {
    program
        .args(["--set", &format!("pipeline.visibility_timeout={time}")])
        .args(["--set", &format!("pipeline.function.timeout={time}")])
}

/// A phase after the other, for so long.
fn phases(program: Program, seconds: [u32; 3]) -> Program {
    ["baseline", "spike", "recovery"].iter().zip(seconds).fold(
        program.args(["--rate", RATE]),
        |program, (name, seconds)| {
            program.args(["--set", &format!("phase.{name}.duration={seconds}s")])
        },
    )
}

/// One line for each queue and table.
fn lines(finished: &Finished, begin: &str) -> usize {
    let lines = finished.stdout.lines();
    lines.filter(|line| line.starts_with(begin)).count()
}

/// Rows of each of the shop's tables, and letters.
fn holds(stores: &Stores) -> Vec<i32> {
    let letters = QueueAttributeName::ApproximateNumberOfMessages;
    let letters = stores.attribute("orders-dl-queue", &letters);
    let rows = TABLES.iter().map(|table| stores.count(table));
    rows.chain([letters.parse().expect("a number")]).collect()
}

/// The same file at queues and tables that `up` made of it and at the embedded pipeline, each order with the same end.
#[test]
#[ignore = "needs peers: moto, and Python with awslambdaric and boto3; .ci/run runs it"]
fn the_shop_is_created_in_moto_ends_alike_is_cleaned_away_and_deleted() {
    let moto = Peer::start("moto_pipeline.py", ["--empty"]);
    let stores = Stores::at(moto.endpoint());
    let shop = Behind {
        moto: &moto,
        folder: "shop",
        name: "shop",
        hidden: "3s",
    };
    let created = shop.command("up").finish().code(0).quiet();
    assert_eq!(lines(&created, "created  "), 5, "{}", created.stdout);
    assert_eq!(stores.queues(), ["orders-dl-queue", "orders-queue"]);
    assert_eq!(stores.tables(), TABLES);
    let again = shop.command("up").finish().code(0).quiet();
    assert_eq!(lines(&again, "is there already  "), 5, "{}", again.stdout);
    assert_eq!(lines(&again, "created  "), 0, "{}", again.stdout);
    let seen = shop.command("preflight").finish().code(0).quiet();
    assert!(!seen.stdout.contains("VOID"), "{}", seen.stdout);
    says(&seen, &["not denied: sqs:SendMessage, sqs:ReceiveMessage,"]);

    // A short run, whose rows and letters are to stay, and beside it the shop in the embedded pipeline.
    let lengths = [2, 5, 2];
    let (other, embedded) = std::thread::scope(|scope| {
        let embedded =
            hidden(phases(example("shop", "shop"), lengths), shop.hidden).args(["--run-id", "77"]);
        let embedded = scope.spawn(|| embedded.finish().code(0).quiet());
        let other = phases(shop.run("78"), [1, 2, 1]).finish().code(0);
        (other, embedded.join().expect("it passes"))
    });
    let of_other = holds(&stores);
    let run = phases(shop.run("77"), lengths).finish().code(0);
    assert_eq!(classes(&run), classes(&embedded));
    assert_eq!(
        named(&classes(&run)),
        ["dead_lettered_by_design", "ended_by_design", "stored"]
    );

    let text = |name: &'static str, text: &str| (name, format!("S:{text}"));
    let somebodys = [text("pk", "CUSTOMER#1"), text("sk", "ORDER#1")];
    stores.put_in("shop-orders", &somebodys);
    stores.send("orders-dl-queue", "somebody's");
    let counted = shop.of(&run, "clean", []).finish().code(0).quiet();
    says(&counted, &["nothing was deleted"]);
    assert!(holds(&stores) > of_other, "the run's are there");
    shop.of(&run, "clean", ["--delete"]).finish().code(0);
    let left: Vec<i32> = of_other
        .iter()
        .zip([0, 1, 0, 1])
        .map(|(n, m)| n + m)
        .collect();
    assert_eq!(holds(&stores), left);
    // What is left of the other run still proves it.
    let look = ["--live", "--region", "us-east-1"];
    shop.of(&other, "verify", look).finish().code(0);

    let deleted = shop.command("down").finish().code(0).quiet();
    assert_eq!(lines(&deleted, "deleted  "), 5, "{}", deleted.stdout);
    assert!(stores.queues().is_empty() && stores.tables().is_empty());
}

/// A customer's orders in the order in which they were placed, behind FIFO queues.
#[test]
#[ignore = "needs peers: moto, and Python with awslambdaric and boto3; .ci/run runs it"]
fn the_pattern_with_fifo_queues_is_created_in_moto_ends_alike_and_is_deleted() {
    let moto = Peer::start("moto_pipeline.py", ["--empty"]);
    let stores = Stores::at(moto.endpoint());
    let pattern = Behind {
        moto: &moto,
        folder: "patterns",
        name: "fifo_groups",
        // What is handed out again while a slow machine still processes it is stamped a second time, later.
        hidden: "20s",
    };
    pattern.command("up").finish().code(0).quiet();
    let again = pattern.command("up").finish().code(0).quiet();
    assert_eq!(lines(&again, "is there already  "), 3, "{}", again.stdout);
    let queues = ["orders-dl-queue.fifo", "orders-queue.fifo"];
    assert_eq!(stores.queues(), queues);
    let run = pattern
        .run("77")
        .args(["--rate", "10/s", "--duration", "4s"]);
    let run = run.finish().code(0);
    assert_eq!(named(&classes(&run)), ["stored"]);
    let cleaned = pattern.of(&run, "clean", ["--delete"]).finish().code(0);
    says(
        &cleaned,
        &["rows in orders: 40 of the run deleted, 0 of others left"],
    );
    pattern.command("down").finish().code(0).quiet();
    assert!(stores.queues().is_empty() && stores.tables().is_empty());
}
