//! What to do about a file that cannot be written, by what the system says.

use std::io;

/// The next step; `elsewhere` is how another place is named, such as `name another file`.
pub fn remedy(error: &io::Error, elsewhere: &str) -> String {
    use io::ErrorKind::{
        FileTooLarge, NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    match error.kind() {
        PermissionDenied => format!("allow this user to write there, or {elsewhere}"),
        ReadOnlyFilesystem => format!("nothing can be written to this file system; {elsewhere}"),
        StorageFull | QuotaExceeded => format!("free space, or {elsewhere}"),
        FileTooLarge => format!("raise the limit of a file's size (ulimit -f), or {elsewhere}"),
        NotFound => format!("make the folder it is to be in, or {elsewhere}"),
        NotADirectory => format!("a part of the path is a file; {elsewhere}"),
        _ => elsewhere.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_step_fits_what_the_system_says() {
        let told = |kind: io::ErrorKind| remedy(&kind.into(), "name another file");
        let denied = told(io::ErrorKind::PermissionDenied);
        assert_eq!(
            denied,
            "allow this user to write there, or name another file"
        );
        assert!(told(io::ErrorKind::StorageFull).starts_with("free space, or"));
        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::NotFound,
            io::ErrorKind::Other,
        ] {
            assert!(!told(kind).contains("space"), "{kind:?}");
        }
    }
}
