//! An event as targets get it (user guide, "Events in Amazon EventBridge").

use serde::Serialize;
use serde_json::value::RawValue;

use super::put::Event;
use crate::doors::time;
use crate::sqs::Site;

#[derive(Serialize)]
struct Envelope<'a> {
    version: &'static str,
    id: &'a str,
    #[serde(rename = "detail-type")]
    detail_type: &'a str,
    source: &'a str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: &'a [String],
    detail: &'a RawValue,
}

/// The envelope in JSON; the detail stands in it as it was sent.
pub(super) fn envelope(
    site: &Site,
    event: &Event,
    id: &str,
    detail: &RawValue,
    now_s: u64,
) -> String {
    let envelope = Envelope {
        version: "0",
        id,
        detail_type: &event.detail_type,
        source: &event.source,
        account: &site.account_id,
        time: time::in_seconds(event.time_s.unwrap_or(now_s)),
        region: &site.region,
        resources: &event.resources,
        detail,
    };
    serde_json::to_string(&envelope).expect("texts are always JSON")
}
