//! One connection, plain or TLS: bytes out, bytes in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::SendError;
use super::endpoint::Endpoint;

/// An open connection; dropping it closes it.
pub(super) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// Connects; nothing of any request has left before this returns.
    pub(super) async fn open(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> io::Result<Self> {
        let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = tls else {
            return Ok(Self::Plain(tcp));
        };
        let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(tls.connect(name, tcp).await?)))
    }

    /// Reads into `room`; nothing read is the connection's end.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut room = ReadBuf::new(room);
        ready!(match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, &mut room),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, &mut room),
        })?;
        Poll::Ready(Ok(room.filled().len()))
    }

    /// Writes some of `bytes`.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    /// Hands on what was written.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }
}

/// TLS as this machine trusts it.
///
/// # Errors
/// When the machine has no CA certificates.
pub(super) fn system_tls() -> Result<TlsConnector, SendError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (added, _unusable) = roots.add_parsable_certificates(native.certs);
    if added == 0 {
        let causes: Vec<String> = native.errors.iter().map(ToString::to_string).collect();
        return Err(SendError::Tls(format!(
            "this machine trusts no certificate authority ({})",
            causes.join("; ")
        )));
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SendError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
