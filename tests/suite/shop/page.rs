//! docs/own-pipeline.md, followed to the letter: what it says to write is written, what it shows is shown.

use super::{Finished, with_python};
use crate::suite::program::Program;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/own-pipeline.md"));

/// The blocks of the page in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let open = format!("```{language}\n");
    let blocks = PAGE.split(open.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().expect("a block"))
        .collect()
}

/// What `init` writes, with the lines that the page corrects.
fn scenario() -> String {
    let written = Program::new(["init", "--from", "sample.json", "sale.toml"])
        .file("sample.json", blocks("json")[0])
        .finish()
        .code(0)
        .quiet();
    let mut text = std::fs::read_to_string(written.path("sale.toml")).expect("written");
    let toml = blocks("toml");
    for line in [toml[0], toml[2], toml[3]]
        .iter()
        .flat_map(|block| block.lines())
    {
        assert!(text.contains(line), "{line} in {text}");
    }
    for line in toml[1].lines() {
        let (key, _) = line.split_once(" = ").expect("a key");
        let begin = format!("\n{key} = ");
        let at = text.find(&begin).expect("it is there") + 1;
        let end = at + text[at..].find('\n').expect("a line");
        text.replace_range(at..end, line);
    }
    text
}

/// The page's run, with this function.
fn run(scenario: &str, handler: &str) -> Finished {
    let run = [
        "run",
        "sale.toml",
        "--rate",
        "10/s",
        "--quiet",
        "--output-dir",
        "out",
    ];
    with_python(Program::new(run))
        .file("sale.toml", scenario)
        .file("handler.py", handler)
        // A machine full of tests is late, and bad orders need not come back as slowly.
        .args(["--set", "expect.max_schedule_lag_p99=30s"])
        .args(["--set", "pipeline.visibility_timeout=4s"])
        .finish()
}

#[test]
fn the_scenario_of_the_page_is_what_init_writes_and_shows_these_orders() {
    let shown = Program::new(["check", "sale.toml", "--show", "1"])
        .file("sale.toml", &scenario())
        .finish()
        .code(0)
        .quiet();
    let page = blocks("console")[1];
    assert_eq!(
        format!("$ orderproof check sale.toml --show 1\n{}", shown.stdout),
        page
    );
}

#[test]
#[ignore = "needs Python with awslambdaric and boto3; .ci/run runs it"]
fn the_two_mistakes_of_the_page_are_found_and_mended() {
    let scenario = scenario();
    let handler = blocks("python")[0];
    let broken = run(&scenario, handler).code(3);
    let console = blocks("console");
    let told = |finished: &Finished, page: &str| {
        // The other lines hold ids, which are those of a run.
        for line in page.lines().filter(|line| line.contains(" orders ")) {
            assert!(
                finished.stdout.contains(line.trim()),
                "{line} in {}",
                finished.stdout
            );
        }
    };
    told(&broken, console[2].split_once('\n').expect("lines").1);
    let mistakes = handler
        .find("        if \"total\"")
        .expect("the first of the three lines");
    let after = handler.find("    return").expect("the last line");
    let mended = [&handler[..mistakes], blocks("python")[1], &handler[after..]].concat();
    let sound = run(&scenario, &mended).code(0);
    told(&sound, console[3].split_once('\n').expect("lines").1);
}
