//! One HTTP/1.1 connection, plain or TLS, and nothing above it that could send a request again.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::SendError;
use super::endpoint::Endpoint;

/// An open connection; dropping it closes it.
pub(super) struct Connection {
    pub(super) requests: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects; nothing of any request has left before this returns.
    pub(super) async fn open(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> io::Result<Self> {
        let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = tls else {
            return Self::over(tcp).await;
        };
        let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
        Self::over(tls.connect(name, tcp).await?).await
    }

    async fn over<S>(stream: S) -> io::Result<Self>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
        TokioIo<S>: Read + Write,
    {
        let (requests, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // Whatever ends the connection also fails the request that is on it.
        let driver = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Self { requests, driver })
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
