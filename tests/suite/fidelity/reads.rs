//! DynamoDB: what Terraform's provider reads of a table, and waits for. Source: hashicorp/terraform-provider-aws,
//! internal/service/dynamodb/table.go and wait.go.

use aws_sdk_dynamodb::types::{
    ContinuousBackupsStatus, PointInTimeRecoveryStatus, TableWarmThroughputDescription, Tag,
    TimeToLiveSpecification, TimeToLiveStatus,
};

use super::answer::{equal, good, refused_as, some};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::table;

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "what Terraform reads", "A table's warm throughput is told, and becomes ACTIVE.", Aws("DynamoDB API: TableWarmThroughputDescription"), warm_throughput),
    check!(DynamoDb, "what Terraform reads", "Continuous backups of a new table are enabled, and its point-in-time recovery is not.", Aws("DynamoDB API: DescribeContinuousBackups"), continuous_backups),
    check!(DynamoDb, "what Terraform reads", "Continuous backups of a table that does not exist are refused (TableNotFoundException).", Aws("DynamoDB API: DescribeContinuousBackups"), no_table),
    check!(DynamoDb, "what Terraform reads", "A new table's time to live is DISABLED, and ENABLED once it was switched on.", Aws("DynamoDB API: DescribeTimeToLive"), time_to_live),
    check!(DynamoDb, "what Terraform reads", "Tags are listed by a table's ARN.", Aws("DynamoDB API: ListTagsOfResource"), tags),
    check!(DynamoDb, "what Terraform reads", "A table is described by its ARN as by its name.", Aws("DynamoDB API: DescribeTable"), by_arn),
];

async fn warm(peer: &Peer, name: &str) -> Result<TableWarmThroughputDescription, String> {
    let described = peer.dynamodb().describe_table().table_name(name);
    let table = some(
        "Table",
        good("DescribeTable", described.send().await)?.table,
    )?;
    some("WarmThroughput", table.warm_throughput)
}

async fn warm_throughput(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    let warm = warm(peer, &name).await?;
    let status = some("WarmThroughput.Status", warm.status)?;
    equal("WarmThroughput.Status", status.as_str(), "ACTIVE")
}

async fn continuous_backups(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    let asked = peer.dynamodb().describe_continuous_backups();
    let asked = asked.table_name(&name).send().await;
    let told = good("DescribeContinuousBackups", asked)?;
    let told = some(
        "ContinuousBackupsDescription",
        told.continuous_backups_description,
    )?;
    equal(
        "ContinuousBackupsStatus",
        told.continuous_backups_status,
        ContinuousBackupsStatus::Enabled,
    )?;
    let recovery = some(
        "PointInTimeRecoveryDescription",
        told.point_in_time_recovery_description,
    )?;
    equal(
        "PointInTimeRecoveryStatus",
        recovery.point_in_time_recovery_status,
        Some(PointInTimeRecoveryStatus::Disabled),
    )
}

async fn no_table(peer: &Peer) -> Outcome {
    let asked = peer.dynamodb().describe_continuous_backups();
    let asked = asked.table_name(peer.name("gone")).send().await;
    refused_as("DescribeContinuousBackups", asked, "TableNotFound")
}

async fn time_to_live(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    let dynamodb = peer.dynamodb();
    let status = async || {
        let asked = dynamodb.describe_time_to_live().table_name(&name);
        let told = good("DescribeTimeToLive", asked.send().await)?;
        let told = some("TimeToLiveDescription", told.time_to_live_description)?;
        some("TimeToLiveStatus", told.time_to_live_status)
    };
    equal(
        "TimeToLiveStatus",
        status().await?,
        TimeToLiveStatus::Disabled,
    )?;
    let on = TimeToLiveSpecification::builder().enabled(true);
    let on = on.attribute_name("expires").build().expect("both");
    let switched = dynamodb.update_time_to_live().table_name(&name);
    let switched = switched.time_to_live_specification(on).send().await;
    good("UpdateTimeToLive", switched)?;
    let status = status().await?;
    let is_on = matches!(
        status,
        TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling
    );
    equal("it is ENABLED, or becomes it", is_on, true)
}

async fn arn(peer: &Peer, name: &str) -> Result<String, String> {
    let described = peer.dynamodb().describe_table().table_name(name);
    let table = some(
        "Table",
        good("DescribeTable", described.send().await)?.table,
    )?;
    some("TableArn", table.table_arn)
}

async fn tags(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    let arn = arn(peer, &name).await?;
    let tag = Tag::builder()
        .key("team")
        .value("shop")
        .build()
        .expect("both");
    let tagged = peer.dynamodb().tag_resource().resource_arn(&arn);
    good("TagResource", tagged.tags(tag.clone()).send().await)?;
    let listed = peer.dynamodb().list_tags_of_resource();
    let listed = good("ListTagsOfResource", listed.resource_arn(&arn).send().await)?;
    equal("Tags", listed.tags, Some(vec![tag]))
}

async fn by_arn(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    let arn = arn(peer, &name).await?;
    let described = peer.dynamodb().describe_table().table_name(&arn);
    let table = some(
        "Table",
        good("DescribeTable", described.send().await)?.table,
    )?;
    equal(
        "the same table",
        table.table_name.as_ref() == Some(&name),
        true,
    )
}
