//! Tests of the verifier: each detector with what trips it and a near miss that does not.

mod collector;
mod contents;
mod ends;
mod file;
mod judge;
mod judge_content;
mod lab;
mod model;
mod order;
mod reconcile;
mod rows;
mod settle;
mod world;
