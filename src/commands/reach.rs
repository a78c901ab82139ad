//! A target that a file of a run's folder names: before anything is sent there, the caller names it too, or confirms it.
//!
//! A folder may come from anybody, and every request carries the caller's key id and session token. What only reads at
//! endpoints of this machine needs neither: it is signed with placeholder credentials instead, and nobody is asked.

use std::path::Path;

use super::confirm::confirm;
use super::{Error, Output};
use crate::cli::ReachArgs;
use crate::run::Question;
use crate::scenario::{AwsTarget, check_endpoint, is_loopback};

/// Where the AWS SDK looks for endpoints.
const ENDPOINT_VARIABLES: [&str; 3] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_DYNAMODB",
];

/// What is done at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing there changes, but for the receives that a look counts.
    Reads,
    /// Messages and rows are written or deleted, or a function is started.
    Writes,
}

/// The target that `file` names, `planned`, as the caller reaches it: under the options in `args`, at endpoints that the caller
/// has named or confirmed. Nothing is sent.
///
/// # Errors
/// [`Error::Refused`] when an endpoint is neither named nor confirmed; a usage error when one is not a URL.
pub fn reach(
    file: &Path,
    planned: &AwsTarget,
    args: &ReachArgs,
    access: Access,
    output: &Output,
) -> Result<AwsTarget, Error> {
    let environment = ENDPOINT_VARIABLES.map(|name| std::env::var(name).ok());
    let environment: Vec<String> = environment.into_iter().flatten().collect();
    let (mut target, unnamed) = named(file, planned, args, &environment)?;
    if unnamed.is_empty() {
        return Ok(target);
    }
    if access == Access::Reads && !args.yes && all_on_loopback(&target, &unnamed) {
        output.note(&format!(
            "note: {} (of {}) was not named by you: requests there carry placeholder credentials; --endpoint-url {} sends yours",
            unnamed.join(" and "),
            file.display(),
            unnamed[0]
        ));
        target.placeholder_credentials = true;
        return Ok(target);
    }
    let mut facts: Vec<String> = unnamed
        .iter()
        .map(|url| format!("endpoint {url} (of {}, not named by you)", file.display()))
        .collect();
    if let Some(profile) = &target.profile {
        facts.push(format!("profile  {profile:?}"));
    }
    facts.push(
        "         your key id, and your session token if there is one, are sent there".into(),
    );
    let question = Question {
        facts: &facts,
        word: authority(&unnamed[0]),
        yes: args.yes,
        unasked: &unasked(file, &unnamed),
    };
    confirm(question, output)?;
    Ok(target)
}

/// Every request goes to an endpoint on this machine that the caller did not name.
fn all_on_loopback(target: &AwsTarget, unnamed: &[String]) -> bool {
    let own = [
        &target.endpoint_url,
        &target.sqs_endpoint_url,
        &target.dynamodb_endpoint_url,
    ];
    let here = |url: &String| unnamed.contains(url) && is_loopback(url);
    // Those of services without an endpoint of their own go where SQS is, not to AWS.
    let whole = target.endpoint_url.is_some() || target.sqs_endpoint_url.is_some();
    whole && own.into_iter().flatten().all(here)
}

/// Host and port: what is typed to confirm.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn unasked(file: &Path, unnamed: &[String]) -> String {
    let flags: Vec<String> = unnamed
        .iter()
        .map(|url| format!("--endpoint-url {url}"))
        .collect();
    format!(
        "nothing was sent: {} names the endpoint {}, and you did not; your key id and session token would go there, and \
         there is no terminal to confirm it on: if it is yours, add {} (or set AWS_ENDPOINT_URL), or give --yes",
        file.display(),
        unnamed.join(" and "),
        flags.join(" ")
    )
}

/// The target under `args`, and its endpoints that neither `args` nor the environment name.
fn named(
    file: &Path,
    planned: &AwsTarget,
    args: &ReachArgs,
    environment: &[String],
) -> Result<(AwsTarget, Vec<String>), Error> {
    let mut target = AwsTarget {
        region: args.region.clone().or(planned.region.clone()),
        profile: args.profile.clone().or(planned.profile.clone()),
        ..planned.clone()
    };
    let asked = args
        .endpoint_url
        .iter()
        .map(|url| {
            check_endpoint(url).map_err(|rule| Error::usage(format!("--endpoint-url: {rule}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let own = [
        &mut target.endpoint_url,
        &mut target.sqs_endpoint_url,
        &mut target.dynamodb_endpoint_url,
    ];
    let mut planned_urls: Vec<String> = Vec::new();
    for url in own.into_iter().flatten() {
        *url = check_endpoint(url)
            .map_err(|rule| Error::usage(format!("{}: target: {rule}", file.display())))?;
        if !planned_urls.contains(url) {
            planned_urls.push(url.clone());
        }
    }
    if let ([other], true) = (asked.as_slice(), planned_urls.len() <= 1) {
        // Where there is one endpoint, the caller's takes its place.
        target.endpoint_url = Some(other.clone());
        target.sqs_endpoint_url = None;
        target.dynamodb_endpoint_url = None;
        return Ok((target, Vec::new()));
    }
    let is_named = |url: &String| {
        let same = |other: &String| other.trim_end_matches('/').eq_ignore_ascii_case(url);
        asked.iter().any(same) || environment.iter().any(same)
    };
    planned_urls.retain(|url| !is_named(url));
    Ok((target, planned_urls))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(urls: [Option<&str>; 3]) -> AwsTarget {
        let [endpoint_url, sqs_endpoint_url, dynamodb_endpoint_url] =
            urls.map(|url| url.map(str::to_owned));
        AwsTarget {
            endpoint_url,
            sqs_endpoint_url,
            dynamodb_endpoint_url,
            ..AwsTarget::default()
        }
    }

    /// What is left unnamed, and the endpoints that would be used.
    fn seen(
        planned: [Option<&str>; 3],
        asked: &[&str],
        environment: &[&str],
    ) -> (Vec<String>, Vec<String>) {
        let args = ReachArgs {
            endpoint_url: asked.iter().map(|&url| url.to_owned()).collect(),
            ..ReachArgs::default()
        };
        let environment: Vec<String> = environment.iter().map(|&url| url.to_owned()).collect();
        let (target, unnamed) =
            named(Path::new("run"), &at(planned), &args, &environment).expect("URLs");
        let used = [
            target.endpoint_url,
            target.sqs_endpoint_url,
            target.dynamodb_endpoint_url,
        ];
        (unnamed, used.into_iter().flatten().collect())
    }

    #[test]
    fn only_an_endpoint_that_the_caller_named_is_used_without_a_question() {
        let (mine, theirs) = ("http://127.0.0.1:9324", "http://evil.example");
        let none: [Option<&str>; 3] = [None, None, None];
        for (planned, asked, environment, unnamed, why) in [
            (none, vec![], vec![], vec![], "AWS itself"),
            (
                [Some(theirs), None, None],
                vec![],
                vec![],
                vec![theirs],
                "nobody named it",
            ),
            (
                [Some(mine), None, None],
                vec![],
                vec![],
                vec![mine],
                "on loopback neither",
            ),
            (
                [Some(theirs), None, None],
                vec![theirs],
                vec![],
                vec![],
                "named",
            ),
            (
                [Some(mine), None, None],
                vec![],
                vec!["http://127.0.0.1:9324/"],
                vec![],
                "by the environment",
            ),
            (
                [Some(theirs), None, None],
                vec![],
                vec![mine],
                vec![theirs],
                "the environment names another",
            ),
            (
                [None, Some(mine), Some(theirs)],
                vec![mine],
                vec![],
                vec![theirs],
                "one of two",
            ),
            (
                [None, Some(mine), Some(theirs)],
                vec![mine, theirs],
                vec![],
                vec![],
                "both",
            ),
            (
                [Some("http://127.0.0.1:93240"), None, None],
                vec![],
                vec![mine],
                vec!["http://127.0.0.1:93240"],
                "a longer port",
            ),
        ] {
            assert_eq!(seen(planned, &asked, &environment).0, unnamed, "{why}");
        }
        let (unnamed, used) = seen([None, Some(theirs), Some(theirs)], &[mine], &[]);
        assert!(unnamed.is_empty());
        assert_eq!(
            used,
            [mine],
            "the caller's endpoint takes the place of the plan's"
        );
        assert_eq!(authority("https://host:1/path"), "host:1");
    }

    #[test]
    fn placeholder_credentials_suffice_where_every_request_stays_on_this_machine() {
        let (here, away) = ("http://127.0.0.1:9324", "http://evil.example");
        for (planned, asked, suffice, why) in [
            ([Some(here), None, None], vec![], true, "one endpoint"),
            ([None, Some(here), Some(here)], vec![], true, "two"),
            (
                [None, Some(here), None],
                vec![],
                true,
                "the others go where SQS is",
            ),
            ([None, None, Some(here)], vec![], false, "SQS is at AWS"),
            ([Some(away), None, None], vec![], false, "elsewhere"),
            (
                [None, Some(here), Some(away)],
                vec![],
                false,
                "one of two elsewhere",
            ),
            (
                [None, Some(here), Some("http://[::1]:1")],
                vec![here],
                false,
                "one is named, and needs the caller's",
            ),
        ] {
            let args = ReachArgs {
                endpoint_url: asked.into_iter().map(str::to_owned).collect(),
                ..ReachArgs::default()
            };
            let found = named(Path::new("run"), &at(planned), &args, &[]);
            let (target, unnamed) = found.expect("URLs");
            assert_eq!(all_on_loopback(&target, &unnamed), suffice, "{why}");
        }
    }

    #[test]
    fn an_endpoint_that_is_no_plain_url_is_not_used() {
        for url in [
            "http://127.0.0.1@evil.example",
            "http://127.0.0.1:1\u{1b}[2J",
            "ftp://127.0.0.1",
        ] {
            let args = ReachArgs::default();
            let found = named(Path::new("run"), &at([Some(url), None, None]), &args, &[]);
            let error = found.expect_err(url).to_string();
            assert!(
                !error.contains("evil") && !error.contains('\u{1b}'),
                "{error}"
            );
        }
    }
}
