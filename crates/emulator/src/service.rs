//! A thread with a current-thread runtime that runs one service until it is told to stop.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

/// A free loopback port, ready for a runtime to listen on, and its address.
///
/// # Errors
/// When none can be bound.
pub fn loopback_listener() -> io::Result<(TcpListener, SocketAddr)> {
    listener_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// A free port of a loopback address taken by chance out of 127.0.0.0/8, which a page of a browser would have to guess;
/// where only 127.0.0.1 is there, as on macOS, a free port of that.
///
/// # Errors
/// When none can be bound.
pub fn secluded_listener() -> io::Result<(TcpListener, SocketAddr)> {
    let [.., one, two, three] = uuid::Uuid::new_v4().into_bytes();
    // Neither the network's own address nor that of all in it.
    let ip = Ipv4Addr::new(127, one, two, three.clamp(2, 254));
    listener_at(SocketAddr::from((ip, 0))).or_else(|_| loopback_listener())
}

/// This address, ready for a runtime to listen on, and the one it became if its port was 0.
///
/// # Errors
/// When it cannot be bound.
pub fn listener_at(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// How long a service may take to wind down before its runtime is dropped under it.
const WIND_DOWN: Duration = Duration::from_millis(500);

/// A running service; dropping it stops it and joins the thread.
pub struct ServiceThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ServiceThread {
    /// Starts `service` on a thread called `name`. The service is handed a signal that resolves when it
    /// is to stop; what it has not finished half a second later is dropped.
    ///
    /// # Errors
    /// When the runtime or the thread cannot be made.
    pub fn spawn<S, F>(name: &str, service: S) -> io::Result<Self>
    where
        S: FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
        F: Future<Output = ()>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (forward, signal) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                runtime.block_on(async move {
                    let guillotine = async move {
                        let _ = stopped.await;
                        let _ = forward.send(());
                        tokio::time::sleep(WIND_DOWN).await;
                    };
                    tokio::select! {
                        () = service(signal) => {}
                        () = guillotine => {}
                    }
                });
                runtime.shutdown_background();
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Tells the service to stop and does not wait for it; dropping does.
    pub fn signal_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Drop for ServiceThread {
    fn drop(&mut self) {
        self.signal_stop();
        if let Some(thread) = self.thread.take() {
            let name = thread.thread().name().unwrap_or("service").to_owned();
            if thread.join().is_err() {
                tracing::error!(name, "a thread of the embedded pipeline panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_service_hears_the_signal_and_is_joined() {
        let (heard, hears) = mpsc::channel();
        let service = ServiceThread::spawn("test", |signal| async move {
            let _ = signal.await;
            heard.send(()).unwrap();
        })
        .unwrap();
        assert!(hears.try_recv().is_err(), "not before it is told");
        drop(service);
        assert_eq!(hears.try_recv(), Ok(()));
    }

    #[test]
    fn a_service_that_panics_takes_nobody_along() {
        let service = ServiceThread::spawn("test", |_signal| async {
            assert!(std::hint::black_box(false), "this panic is wanted");
        })
        .unwrap();
        drop(service);
    }
}
