//! Which threads send, and on which cores.

use std::num::NonZeroU32;

use super::{DriveOptions, Pool};
use crate::load::Shard;
use crate::order::Door;
use crate::scenario::Scenario;

/// Requests a second for which one thread is enough: somewhat less than half of what its CPU time lasts for in batches of
/// 10, at 28 µs a request (docs/measured.md). A request with a single order takes 17 µs.
const REQUESTS_PER_THREAD: f64 = 15_000.0;

/// How many threads send what `part` owns: as many as are asked for, or else as many as its share of the rate needs, and
/// one core is left to everything else. Never more than there are senders; one where Goose's own client sends.
pub(super) fn threads(scenario: &Scenario, part: Shard, options: &DriveOptions) -> u32 {
    if is_by_goose(scenario, options) {
        return 1;
    }
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let rates = scenario.phases.iter();
    let peak = rates.fold(0.0_f64, |peak, phase| {
        peak.max(phase.start_rate).max(phase.end_rate)
    });
    let sending = &scenario.sending;
    let requests = peak / f64::from(sending.batch.max(1)) / f64::from(part.of());
    let wanted = options.threads;
    let wanted = wanted.map_or_else(|| needed(requests, cores), NonZeroU32::get);
    wanted.clamp(1, sending.senders.max(1))
}

/// How many threads will send what `part` owns, in words; nothing where there is one and nobody asked.
pub fn threads_in_words(
    scenario: &Scenario,
    part: Shard,
    options: &DriveOptions,
) -> Option<String> {
    let threads = threads(scenario, part, options);
    if threads == 1 && options.threads.is_none() {
        return None;
    }
    let mut words = match threads {
        1 => "1 thread sends".to_owned(),
        threads => format!("{threads} threads send"),
    };
    let first = CoreOf {
        thread: 0,
        of: threads,
        worker: part.index(),
    };
    let place = allowed().map(|cores| (cores.len(), first.place(cores.len())));
    if is_by_goose(scenario, options) {
        words += ": orders to a server go by Goose's own client, which has one";
        return Some(words);
    }
    words += &match place {
        None => String::new(),
        Some((cores, None)) => {
            format!(", pinned to no core, as this process may use {cores} of them")
        }
        Some(_) if threads == 1 => ", pinned to a core".to_owned(),
        Some(_) => ", each pinned to a core of its own".to_owned(),
    };
    if options.threads.is_some_and(|asked| asked.get() > threads) {
        words += &format!(": sending.senders is {threads}");
    }
    Some(words)
}

/// Whether orders go by Goose's own client.
fn is_by_goose(scenario: &Scenario, options: &DriveOptions) -> bool {
    matches!(
        (options.pool, &scenario.sending.to),
        (Pool::Goose, Door::Http(_))
    )
}

/// Threads for so many requests a second on so many cores.
fn needed(requests_per_second: f64, cores: usize) -> u32 {
    let spare = cores.saturating_sub(1).max(1);
    let spare = u32::try_from(spare).unwrap_or(u32::MAX);
    ((requests_per_second / REQUESTS_PER_THREAD).ceil() as u32).clamp(1, spare)
}

/// The core of one thread among several.
#[derive(Debug, Clone, Copy)]
pub(super) struct CoreOf {
    pub(super) thread: u32,
    /// How many threads there are.
    pub(super) of: u32,
    /// The number of the worker that they are of: those of the next one have the next cores, should they share a machine.
    pub(super) worker: u32,
}

impl CoreOf {
    /// Pins the calling thread to it. Where it cannot be pinned, or there are fewer cores than threads, it runs where the
    /// system lets it.
    pub(super) fn pin(self) {
        let cores = allowed().unwrap_or_default();
        if let Some(place) = self.place(cores.len()) {
            pin(cores[place]);
        }
    }

    /// Which of `cores` cores it is, if there are enough: the last one first, as the first ones serve interrupts.
    fn place(self, cores: usize) -> Option<usize> {
        let before = self.worker as usize * self.of as usize + self.thread as usize;
        (self.of as usize <= cores).then(|| cores - 1 - before % cores)
    }
}

/// The cores that the calling thread may use; nothing where it cannot be pinned to one.
#[cfg(target_os = "linux")]
fn allowed() -> Option<Vec<usize>> {
    // SAFETY: an all-zero set is an empty one; the call concerns the calling thread alone, and gets the size of the set.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        match libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) {
            0 => set,
            _ => return None,
        }
    };
    let all = 0..usize::try_from(libc::CPU_SETSIZE).unwrap_or_default();
    // SAFETY: the numbers lie within the set.
    let is_in = |core: &usize| unsafe { libc::CPU_ISSET(*core, &set) };
    Some(all.filter(is_in).collect())
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Option<Vec<usize>> {
    None
}

#[cfg(target_os = "linux")]
fn pin(core: usize) {
    // SAFETY: an all-zero set is an empty one, `core` is one of [`allowed`], and the call concerns the calling thread alone.
    unsafe {
        let mut own: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut own);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const own);
    }
}

#[cfg(not(target_os = "linux"))]
fn pin(_core: usize) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fixture;

    fn asked(threads: u32) -> DriveOptions {
        DriveOptions {
            threads: NonZeroU32::new(threads),
            ..DriveOptions::default()
        }
    }

    #[test]
    fn a_thread_more_for_each_fifteen_thousand_requests_and_a_core_is_left() {
        for (requests, cores, threads) in [
            (0.0, 8, 1),
            (15_000.0, 8, 1),
            (15_001.0, 8, 2),
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
        let whole = |threads| super::threads(&scenario, Shard::WHOLE, &asked(threads));
        assert_eq!(whole(0), 1, "a low rate");
        for (asked, threads_used) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
            assert_eq!(whole(asked), threads_used);
        }
    }

    #[test]
    fn each_thread_has_a_core_of_its_own_where_there_are_as_many() {
        let place = |worker, thread, of, cores| CoreOf { thread, of, worker }.place(cores);
        let both = |worker| [0, 1].map(|thread| place(worker, thread, 2, 4));
        assert_eq!(both(0), [Some(3), Some(2)]);
        assert_eq!(both(1), [Some(1), Some(0)]);
        assert_eq!(both(2), [Some(3), Some(2)], "more workers than cores");
        assert_eq!(place(0, 0, 2, 2), Some(1));
        assert_eq!(place(0, 0, 3, 2), None, "fewer cores than threads");
    }

    #[test]
    fn words_say_how_many_threads_there_are_and_why_no_more() {
        let mut scenario = fixture();
        scenario.sending.senders = 2;
        let words = |threads| threads_in_words(&scenario, Shard::WHOLE, &asked(threads));
        assert_eq!(words(0), None);
        assert!(words(1).unwrap().starts_with("1 thread sends"));
        let two = words(2).unwrap();
        assert!(
            two.starts_with("2 threads send") && !two.contains("senders"),
            "{two}"
        );
        let more = words(9).unwrap();
        assert!(more.ends_with(": sending.senders is 2"), "{more}");
    }
}
