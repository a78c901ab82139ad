//! Waiting for an instant to within about 0.1 ms, where the system allows it.

use std::time::{Duration, Instant};

/// Waits for instants counted from a start; for the thread that made it.
///
/// On Linux it sleeps to an absolute time of the monotonic clock, with a timer slack of 1 ns and a
/// scheduler slice of 100 us asked for. `tokio::time::sleep` rounds up to whole milliseconds.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    #[cfg(target_os = "linux")]
    start_on_clock: Duration,
}

impl Pace {
    /// Prepares the calling thread to wait for instants since `start`.
    pub fn new(start: Instant) -> Self {
        #[cfg(target_os = "linux")]
        {
            linux::sharpen_thread();
            let (clock, now) = (linux::monotonic(), Instant::now());
            let until_start = start.saturating_duration_since(now);
            let since_start = now.saturating_duration_since(start);
            Self {
                start,
                start_on_clock: clock + until_start - since_start,
            }
        }
        #[cfg(not(target_os = "linux"))]
        Self { start }
    }

    /// Whether the start has come; before it, elapsed time is zero.
    pub fn has_started(&self) -> bool {
        Instant::now() >= self.start
    }

    /// Time since the start, zero before it.
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.start)
    }

    /// Sleeps until `at` after the start; returns at once if that has passed.
    pub fn sleep_until(&self, at: Duration) {
        #[cfg(target_os = "linux")]
        linux::sleep_until(self.start_on_clock + at);
        #[cfg(not(target_os = "linux"))]
        std::thread::sleep((self.start + at).saturating_duration_since(Instant::now()));
    }
}

/// Makes the calling thread's wake-ups prompt, as far as the system allows.
pub(super) fn sharpen_thread() {
    #[cfg(target_os = "linux")]
    linux::sharpen_thread();
}

/// CPU time the calling thread has used, zero where that cannot be told.
pub fn thread_cpu_time() -> Duration {
    #[cfg(target_os = "linux")]
    return linux::clock(libc::CLOCK_THREAD_CPUTIME_ID);
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
}

/// CPU time this process has used, where that can be told.
pub fn process_cpu_time() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    return Some(linux::clock(libc::CLOCK_PROCESS_CPUTIME_ID));
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    /// The scheduler slice asked for.
    const SLICE_NS: u64 = 100_000;

    /// `struct sched_attr` of the kernel, version 0.
    #[repr(C)]
    #[derive(Default)]
    struct SchedAttr {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        runtime_ns: u64,
        deadline_ns: u64,
        period_ns: u64,
    }

    /// Timer slack of 1 ns and a short slice; neither needs a privilege, and a kernel that does not
    /// know them leaves the thread as it was.
    pub(super) fn sharpen_thread() {
        let size = size_of::<SchedAttr>() as u32;
        let mut attr = SchedAttr::default();
        // SAFETY: both calls concern the calling thread alone (pid 0), and `attr` is a
        // `struct sched_attr` whose size the kernel is told.
        unsafe {
            libc::prctl(libc::PR_SET_TIMERSLACK, 1);
            let got = libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attr, size, 0);
            if got == 0 && attr.policy == libc::SCHED_OTHER as u32 {
                attr.size = size;
                attr.runtime_ns = SLICE_NS;
                libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0);
            }
        }
    }

    pub(super) fn monotonic() -> Duration {
        clock(libc::CLOCK_MONOTONIC)
    }

    pub(super) fn clock(id: libc::clockid_t) -> Duration {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` outlives the call. It fails only for clocks the kernel does not have.
        unsafe { libc::clock_gettime(id, &raw mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    pub(super) fn sleep_until(at: Duration) {
        let until = libc::timespec {
            tv_sec: at.as_secs() as _,
            tv_nsec: at.subsec_nanos().into(),
        };
        // SAFETY: `until` outlives the call, and no remainder is asked for.
        let sleep = || unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &raw const until,
                std::ptr::null_mut(),
            )
        };
        while sleep() == libc::EINTR {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_no_earlier_than_asked_and_the_past_is_no_wait() {
        let pace = Pace::new(Instant::now() + Duration::from_millis(2));
        assert_eq!(pace.elapsed(), Duration::ZERO, "before the start");
        pace.sleep_until(Duration::from_millis(1));
        assert!(pace.elapsed() >= Duration::from_millis(1));
        pace.sleep_until(Duration::ZERO);
    }
}
