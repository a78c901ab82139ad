//! Looks at real stores over loopback.

mod again;
mod hidden;
mod look;
mod parts;
mod watcher;
