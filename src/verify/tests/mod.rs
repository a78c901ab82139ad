//! Tests of the verifier: each detector with what trips it and a near miss that does not.

mod judge;
mod reconcile;
mod world;
