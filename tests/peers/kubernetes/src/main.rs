//! Reads what `orderproof submit` writes for Kubernetes into the types of its API, and writes it again: nothing may be lost,
//! as a key would be that Kubernetes does not know. From standard input: a list of documents, as JSON.

use std::process::ExitCode;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::serde::Serialize;
use k8s_openapi::serde::de::DeserializeOwned;
use serde_json::Value;

fn main() -> ExitCode {
    let documents: Vec<Value> =
        serde_json::from_reader(std::io::stdin()).expect("a list of documents");
    for document in &documents {
        if let Err(why) = read(document) {
            eprintln!("{}: {why}", document["metadata"]["name"]);
            return ExitCode::FAILURE;
        }
    }
    // A key that nobody knows is noticed, or what is above says nothing.
    let mut misspelled = documents.iter().find(|it| it["kind"] == "Job").cloned();
    let job = misspelled.as_mut().expect("a job");
    job["spec"]["backoffLimitPerIndexes"] = 2.into();
    if read(job).is_ok() {
        eprintln!("a key that Kubernetes does not know was accepted");
        return ExitCode::FAILURE;
    }
    println!("{} documents of Kubernetes: the same again", documents.len());
    ExitCode::SUCCESS
}

fn read(document: &Value) -> Result<(), String> {
    match document["kind"].as_str() {
        Some("Job") => same_again::<Job>(document),
        Some("ConfigMap") => same_again::<ConfigMap>(document),
        other => Err(format!("{other:?} is not expected")),
    }
}

fn same_again<T: DeserializeOwned + Serialize>(document: &Value) -> Result<(), String> {
    let read: T =
        serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(read).map_err(|error| error.to_string())?;
    match again == *document {
        true => Ok(()),
        false => Err(format!("read and written again it is another one:\n{document:#}\n{again:#}")),
    }
}
