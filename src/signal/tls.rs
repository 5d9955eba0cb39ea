//! TLS by certificate files, for who has no proxy in front of the server.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate with its key, ready to accept connections: TLS 1.2 and 1.3 (SECURITY.md §5.1).
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Why there is no TLS with these files. Names the file, never what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// No PEM certificate can be read from this file.
    Certificate(String),
    /// No PEM private key can be read from this file.
    Key(String),
    /// They don't belong together, or are of a kind that TLS has no use for.
    Pair,
}

impl Tls {
    /// Reads a chain of certificates and their private key, both PEM.
    ///
    /// Errors: see [`TlsError`].
    pub fn read(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let unread = |path: &Path| path.display().to_string();
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect)
            .map_err(|_| TlsError::Certificate(unread(certificates)))?;
        if chain.is_empty() {
            return Err(TlsError::Certificate(unread(certificates)));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|_| TlsError::Key(unread(key)))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|_| TlsError::Pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}

/// Says nothing: there is a key in it.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(path) => write!(f, "no certificate in PEM form in {path}"),
            Self::Key(path) => write!(f, "no private key in PEM form in {path}"),
            Self::Pair => f.write_str("certificate and key cannot be used together"),
        }
    }
}

impl std::error::Error for TlsError {}
