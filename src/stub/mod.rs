//! A queue that only counts: what `orderproof serve --stub` answers with, to measure a load generator against.
//!
//! It answers sends as SQS does, at the speed of the wire, on threads of its own, and keeps of each order a bit and the
//! instant it came. It has no consumer. In the place of one it hands out, when a run looks, a row for each good order
//! and a dead letter for each bad one that it has kept, and nothing for those it was told to drop: so a run against it
//! gets a verdict of its own. An order's content is kept nowhere: it is compared with what the scenario says it is when
//! it comes, refused if it differs, and written again from the scenario when somebody looks.
//!
//! Everything else (creating and describing queues and tables, tags, refusals) is answered by an embedded pipeline
//! behind it, whose queues and table stay empty. `line` reads requests off a connection, `send` answers sends, `looks`
//! rows and dead letters, `behind` hands on the rest; `kept` holds what came, and `chance` decides by seed what is
//! dropped, delayed or delivered twice.

mod behind;
mod chance;
mod figures;
mod http;
mod kept;
mod letters;
mod line;
mod looks;
mod reader;
mod rows;
mod send;
mod server;

pub use chance::Chances;
pub use figures::{Figures, RunFigures};
pub use server::{DROPPED_PATH, FIGURES_PATH, Names, Stub, StubOptions};
