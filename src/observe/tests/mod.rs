//! Looks at real stores over loopback.

mod look;
mod watcher;
