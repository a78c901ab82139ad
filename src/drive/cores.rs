//! Which threads send, and on which cores.

use std::num::NonZeroU32;

use crate::scenario::Scenario;

/// Requests a second for which one thread is enough: half of what one was measured to send (docs/measured.md).
const REQUESTS_PER_THREAD: f64 = 20_000.0;

/// How many threads send: as many as are asked for, or else as many as the rate needs, and one core is left to everything
/// else. Never more than there are senders.
pub(super) fn threads(scenario: &Scenario, asked: Option<NonZeroU32>) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let rates = scenario.phases.iter();
    let peak = rates.fold(0.0_f64, |peak, phase| {
        peak.max(phase.start_rate).max(phase.end_rate)
    });
    let sending = &scenario.sending;
    let wanted = asked.map_or_else(
        || needed(peak / f64::from(sending.batch.max(1)), cores),
        NonZeroU32::get,
    );
    wanted.clamp(1, sending.senders.max(1))
}

/// Threads for so many requests a second on so many cores.
fn needed(requests_per_second: f64, cores: usize) -> u32 {
    let spare = cores.saturating_sub(1).max(1);
    let spare = u32::try_from(spare).unwrap_or(u32::MAX);
    ((requests_per_second / REQUESTS_PER_THREAD).ceil() as u32).clamp(1, spare)
}

/// Pins the calling thread to a core of its own among `of` threads, the last core first: the first ones serve interrupts.
/// Where it cannot be pinned it runs where the system lets it.
pub(super) fn pin(index: u32, of: u32) {
    #[cfg(target_os = "linux")]
    linux::pin(index, of);
    #[cfg(not(target_os = "linux"))]
    let _ = (index, of);
}

#[cfg(target_os = "linux")]
mod linux {
    /// Pins the calling thread to one of the cores that this process may use; not at all if they are fewer than threads.
    pub(super) fn pin(index: u32, of: u32) {
        // SAFETY: an all-zero set is an empty one; the calls concern the calling thread alone, and are told the set's size.
        unsafe {
            let mut allowed: libc::cpu_set_t = std::mem::zeroed();
            let size = size_of::<libc::cpu_set_t>();
            if libc::sched_getaffinity(0, size, &raw mut allowed) != 0 {
                return;
            }
            let all = 0..usize::try_from(libc::CPU_SETSIZE).unwrap_or_default();
            let cores: Vec<usize> = all
                .filter(|&core| libc::CPU_ISSET(core, &allowed))
                .collect();
            if cores.len() < of as usize {
                return;
            }
            let mut own: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cores[cores.len() - 1 - index as usize], &mut own);
            libc::sched_setaffinity(0, size, &raw const own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fixture;

    #[test]
    fn a_thread_more_for_each_twenty_thousand_requests_and_a_core_is_left() {
        for (requests, cores, threads) in [
            (0.0, 8, 1),
            (20_000.0, 8, 1),
            (20_001.0, 8, 2),
            (1e9, 8, 7),
            (1e9, 2, 1),
            (1e9, 1, 1),
        ] {
            assert_eq!(needed(requests, cores), threads, "{requests} on {cores}");
        }
    }

    #[test]
    fn what_is_asked_for_holds_up_to_the_number_of_senders() {
        let mut scenario = fixture();
        scenario.sending.senders = 3;
        assert_eq!(threads(&scenario, None), 1, "a low rate");
        for (asked, threads_used) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
            assert_eq!(threads(&scenario, NonZeroU32::new(asked)), threads_used);
        }
    }
}
