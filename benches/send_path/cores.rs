//! Who runs on which core, where there are two.

/// The core of the thread that is measured.
pub const SENDER: usize = 1;
/// That of the stub.
pub const STUB: usize = 0;

/// Pins the calling thread, where the system can; elsewhere it runs where it does.
pub fn pin(core: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: an all-zero set is an empty one, and the call concerns the calling thread alone.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = core;
}
