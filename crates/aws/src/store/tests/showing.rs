//! Letters that are shown again, by a queue that does not always answer.

use std::time::Duration;

use super::queues::{numbered, received, take};
use super::site::Services;
use crate::records::DeadLetter;
use crate::store::Disposal;
use crate::store::sweep::Sweep;

/// In front of the services: its first two connections are carried on, of the others nothing is ever answered.
async fn answers_on_two_connections(upstream: &str) -> String {
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        for number in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            if number >= 2 {
                silent.push(client);
                continue;
            }
            let mut server = tokio::net::TcpStream::connect(&upstream).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn letters_that_were_shown_before_the_time_was_over_are_not_said_to_be_hidden() {
    let services = Services::start().await;
    services.send("dead", numbered(60));
    let mut letters = Vec::new();
    while letters.len() < 60 {
        let taken = take(&services).await;
        letters.extend(
            taken
                .iter()
                .map(|it| received(&it.message_id.to_string(), &it.receipt_handle.to_string())),
        );
    }
    let front = answers_on_two_connections(&services.target.sqs_endpoint).await;
    let stores = services.stores_of(|target| target.sqs_endpoint = front);
    let mut sweep = Sweep::new(&stores);
    let mut keep = |letters: &[DeadLetter]| Ok(vec![Disposal::ShowAgain; letters.len()]);
    sweep.take_in(letters, &mut keep).await.expect("taken in");
    let left = sweep.show_again(Duration::from_secs(1)).await;
    let hidden = services.engine.counts("dead").unwrap().in_flight;
    assert_eq!(left.len() as u64, hidden);
    assert!((1..60).contains(&hidden), "{hidden}");
}
