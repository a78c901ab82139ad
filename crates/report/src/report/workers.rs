//! The workers of a run of several, and where they differ.

use super::evidence::dash;
use crate::document::{Block, Table};
use orderproof_core::results::figures::{micros_if, thousands};
use orderproof_core::results::{RunReport, WorkerRecord, WorkerState};

/// Workers in the table at most; those that left no whole shard come first.
const SHOWN: usize = 16;

/// A table of the workers, of a run of more than one.
pub(super) fn blocks(report: &RunReport) -> Vec<Block> {
    if report.workers.len() < 2 {
        return Vec::new();
    }
    let mut workers: Vec<&WorkerRecord> = report.workers.iter().collect();
    if workers.len() > SHOWN {
        // The latest after them; in the order of their numbers where nothing differs.
        workers.sort_by_key(|worker| {
            (
                worker.state == WorkerState::Whole,
                std::cmp::Reverse(lag_p99_us(worker)),
                worker.worker,
            )
        });
    }
    let more = workers.len().saturating_sub(SHOWN);
    workers.truncate(SHOWN);
    let table = Table::each(
        "Workers",
        workers,
        &[
            ("worker", |worker| worker.worker.to_string().into()),
            ("shard", |worker| state(worker.state).into()),
            ("#orders", |worker| thousands(worker.own_orders).into()),
            ("#acknowledged", |worker| {
                let orders = worker.orders.map(|orders| orders.acknowledged);
                dash(orders.map(thousands)).into()
            }),
            ("#errors", |worker| {
                dash(worker.errors().map(thousands)).into()
            }),
            ("#lag p99", |worker| {
                dash(micros_if(lag_p99_us(worker))).into()
            }),
            ("#started late by", |worker| {
                dash(micros_if(worker.started_late_by_us)).into()
            }),
        ],
    );
    let mut blocks = vec![Block::Table(table)];
    if more > 0 {
        blocks.push(Block::plain(format!(
            "and {more} more workers, in run.json"
        )));
    }
    blocks
}

fn lag_p99_us(worker: &WorkerRecord) -> Option<u64> {
    worker.schedule_lag_us.as_ref()?.p99_us
}

fn state(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Whole => "whole",
        WorkerState::Unfinished => "not finished",
        WorkerState::Missing => "missing",
    }
}
