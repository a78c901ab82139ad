//! A self-signed certificate for the stub, made for each run; the sender is configured to trust it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the stub speaks TLS by; `None` where there is no `openssl` to make a certificate. It stays in `folder`, and from now on
/// is the only one that this process trusts: to be called while it has one thread.
pub fn server(folder: &Path) -> Option<Arc<ServerConfig>> {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let made = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '),
        )
        .args(["-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return None;
    }
    // SAFETY: this process has one thread yet, so that nothing else reads its environment meanwhile.
    unsafe { std::env::set_var("SSL_CERT_FILE", &certificate) };
    let chain = vec![CertificateDer::from_pem_file(&certificate).ok()?];
    let key = PrivateKeyDer::from_pem_file(&key).ok()?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    config.ok().map(Arc::new)
}
