//! Waiting for an instant on a runtime that sends meanwhile, to within about 0.1 ms where the system allows it.

use std::time::{Duration, Instant};

/// Waits for instants counted from a start; for the runtime that it was made on.
///
/// On Linux it is a timer of the kernel's beside the runtime's sockets (`timerfd`), which the runtime wakes for as it does
/// for a reply. `tokio::time::sleep` rounds up to whole milliseconds.
#[derive(Debug)]
pub(super) struct Timer {
    start: Instant,
    #[cfg(target_os = "linux")]
    alarm: Option<linux::Alarm>,
}

impl Timer {
    /// Prepares to wait for instants since `start`; in whole milliseconds, should the system have no timer left.
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            #[cfg(target_os = "linux")]
            alarm: linux::Alarm::new(),
        }
    }

    /// Whether the start has come; before it, elapsed time is zero.
    pub(super) fn has_started(&self) -> bool {
        Instant::now() >= self.start
    }

    /// Time since the start, zero before it.
    pub(super) fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.start)
    }

    /// Sleeps until `at` after the start; returns at once if that has passed.
    pub(super) async fn sleep_until(&self, at: Duration) {
        loop {
            let wait = (self.start + at).saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return;
            }
            #[cfg(target_os = "linux")]
            {
                let alarm = self.alarm.as_ref();
                if let Some(alarm) = alarm
                    && alarm.after(wait).await.is_ok()
                {
                    continue;
                }
            }
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::time::Duration;

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A timer of the kernel's.
    #[derive(Debug)]
    pub(super) struct Alarm(AsyncFd<OwnedFd>);

    impl Alarm {
        /// None where the system has none left.
        pub(super) fn new() -> Option<Self> {
            let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
            // SAFETY: the call takes no memory, and what it returns is checked and owned by nobody else.
            let fd = unsafe {
                match libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) {
                    -1 => return None,
                    fd => OwnedFd::from_raw_fd(fd),
                }
            };
            // SAFETY: the descriptor is open, and stays the same one until what owns it here is dropped.
            let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
            fd.ok().map(Self)
        }

        /// Returns about so long after, or before, should the last alarm not have been heard yet.
        pub(super) async fn after(&self, wait: Duration) -> io::Result<()> {
            let nothing = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            let spec = libc::itimerspec {
                it_interval: nothing,
                it_value: libc::timespec {
                    tv_sec: wait.as_secs() as _,
                    tv_nsec: wait.subsec_nanos().into(),
                },
            };
            let fd = self.0.get_ref().as_raw_fd();
            // SAFETY: `spec` outlives the call, and the old time is not asked for.
            let set =
                unsafe { libc::timerfd_settime(fd, 0, &raw const spec, std::ptr::null_mut()) };
            if set == -1 {
                return Err(io::Error::last_os_error());
            }
            // Setting the timer again takes back what it has to say, so nothing needs to be read from it.
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_ends_no_earlier_than_asked_and_the_past_is_no_wait() {
        let timer = Timer::new(Instant::now() + Duration::from_millis(2));
        assert!(!timer.has_started());
        assert_eq!(timer.elapsed(), Duration::ZERO, "before the start");
        for ms in [1, 3, 4] {
            timer.sleep_until(Duration::from_millis(ms)).await;
            assert!(timer.elapsed() >= Duration::from_millis(ms));
        }
        timer.sleep_until(Duration::ZERO).await;
    }
}
