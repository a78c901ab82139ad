//! Looks at real stores over loopback.

mod again;
mod look;
mod watcher;
