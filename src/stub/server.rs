//! The stub's threads: one listens and deals connections out, each answers its own.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, watch};

use super::chance::Chances;
use super::figures::{Figures, Meters};
use super::kept::Kept;
use super::line::answer_all;
use super::reader::Reader;
use crate::order::OrderPlan;

/// Where the stub says what it has seen, as JSON.
pub const FIGURES_PATH: &str = "/stub";
/// Where it names the orders that it dropped, one number a line.
pub const DROPPED_PATH: &str = "/stub/dropped";

/// Between two tries to take a connection where that has failed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// What the queues and the table that the stub plays are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The queue that orders are sent to.
    pub orders_queue: String,
    /// Where its bad orders are found.
    pub dead_letter_queue: String,
    /// How long a letter is hidden where a request does not say it.
    pub dead_letter_visibility: Duration,
    /// Where its good orders are found.
    pub table: String,
}

/// How a stub is served.
#[derive(Debug, Clone)]
pub struct StubOptions {
    /// Where it listens; port 0 is any that is free.
    pub address: SocketAddr,
    /// The pipeline that answers whatever the stub does not: it has these queues and this table, and no function.
    pub behind: SocketAddr,
    /// What is called how.
    pub names: Names,
    /// What becomes of orders.
    pub chances: Chances,
    /// Threads that answer.
    pub threads: usize,
    /// Connections at one time; one more is closed.
    pub connections_max: usize,
    /// Bytes that orders may take: 264 KiB for every 65,536 sequence numbers of which one came, and 48 for each bad order.
    pub kept_bytes_max: u64,
}

/// What all connections share.
pub(super) struct Shared {
    pub(super) names: Names,
    pub(super) chances: Chances,
    pub(super) kept: Mutex<Kept>,
    pub(super) meters: Meters,
    pub(super) reader: Reader,
}

impl Shared {
    pub(super) fn figures(&self) -> Figures {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.meters.figures(&kept)
    }

    pub(super) fn dropped(&self, most: usize) -> Vec<u64> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.dropped(most)
    }
}

/// A stub that answers. Dropping it stops its threads.
pub struct Stub {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Stub {
    /// Starts to answer sends of orders as `orders` has them, of whatever run.
    ///
    /// # Errors
    /// When the address cannot be listened on, or threads cannot be had.
    pub fn start(orders: OrderPlan, options: StubOptions) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(options.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let kept = Kept::new(orders.clone(), options.chances, options.kept_bytes_max);
        let shared = Arc::new(Shared {
            names: options.names,
            chances: options.chances,
            kept: Mutex::new(kept),
            meters: Meters::default(),
            reader: Reader::new(orders),
        });
        let (stop, stopped) = watch::channel(false);
        let mut stub = Self {
            address,
            shared,
            stop,
            threads: Vec::new(),
        };
        let mut dealt = Vec::new();
        for _ in 0..options.threads.max(1) {
            let (give, taken) = mpsc::unbounded_channel();
            let answers = Answers {
                taken,
                shared: Arc::clone(&stub.shared),
                behind: options.behind,
                stopped: stopped.clone(),
            };
            stub.spawn("stub", move |runtime| runtime.block_on(answers.run()))?;
            dealt.push(give);
        }
        let most = options.connections_max;
        stub.spawn("stub-listens", move |runtime| {
            runtime.block_on(listen(listener, dealt, most, stopped));
        })?;
        Ok(stub)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce(Runtime) + Send + 'static) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(name.into());
        self.threads.push(thread.spawn(move || run(runtime))?);
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen so far.
    pub fn figures(&self) -> Figures {
        self.shared.figures()
    }

    /// The numbers of the orders it has dropped so far, by run and sequence, at most so many.
    pub fn dropped(&self, most: usize) -> Vec<u64> {
        self.shared.dropped(most)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // A thread that has panicked has said so.
            let _ = thread.join();
        }
    }
}

/// A connection, and the place it takes.
type Dealt = (std::net::TcpStream, tokio::sync::OwnedSemaphorePermit);

/// One thread that answers.
struct Answers {
    taken: mpsc::UnboundedReceiver<Dealt>,
    shared: Arc<Shared>,
    behind: SocketAddr,
    stopped: watch::Receiver<bool>,
}

impl Answers {
    async fn run(mut self) {
        loop {
            let dealt = tokio::select! {
                dealt = self.taken.recv() => dealt,
                _ = self.stopped.changed() => return,
            };
            let Some((stream, place)) = dealt else {
                return;
            };
            let stream = TcpStream::from_std(stream);
            let (shared, behind) = (Arc::clone(&self.shared), self.behind);
            if let Ok(stream) = stream {
                tokio::spawn(async move {
                    answer_all(stream, shared, behind).await;
                    drop(place);
                });
            }
        }
    }
}

/// Takes connections and gives each to the next thread.
async fn listen(
    listener: std::net::TcpListener,
    dealt: Vec<mpsc::UnboundedSender<Dealt>>,
    most: usize,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(most));
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    for give in dealt.iter().cycle() {
        let stream = tokio::select! {
            taken = listener.accept() => taken,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = stream else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        if let (Ok(place), Ok(stream)) =
            (Arc::clone(&places).try_acquire_owned(), stream.into_std())
        {
            let _ = give.send((stream, place));
        }
    }
}
