//! TLS by certificate files.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_signal::tls::{Tls, TlsError};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::client::EXTENSION;

/// A certificate for `signal.example` and its key, both in files.
fn files(folder: &tempfile::TempDir) -> (std::path::PathBuf, std::path::PathBuf, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["signal.example".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    (certificate, key, made.cert.der().clone())
}

#[tokio::test]
async fn a_browser_that_trusts_the_certificate_gets_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, trusted) = files(&folder);
    let tls = Some(Tls::read(&certificate, &key).unwrap());
    let server = Server::start(ServerConfig { tls, ..ServerConfig::default() }).await.unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let name = ServerName::try_from("signal.example").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let mut request = "wss://signal.example/v1".into_client_request().unwrap();
    request.headers_mut().insert("origin", EXTENSION.parse().unwrap());
    client_async(request, stream).await.unwrap();
    assert_eq!(server.metrics().connections, 1);
    server.stop().await;
}

#[tokio::test]
async fn plain_words_on_a_tls_port_get_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, _) = files(&folder);
    let tls = Some(Tls::read(&certificate, &key).unwrap());
    let server = Server::start(ServerConfig { tls, ..ServerConfig::default() }).await.unwrap();
    let refused = crate::client::Browser::open(server.addr(), Some(EXTENSION)).await;
    assert!(refused.is_err());
    assert_eq!(server.metrics().connections, 0);
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, _) = files(&folder);
    let named = |path: &std::path::Path| path.display().to_string();
    let missing = folder.path().join("missing.pem");
    assert_eq!(Tls::read(&missing, &key).err(), Some(TlsError::Certificate(named(&missing))));
    assert_eq!(Tls::read(&key, &key).err(), Some(TlsError::Certificate(named(&key))));
    assert_eq!(Tls::read(&certificate, &certificate).err(), Some(TlsError::Key(named(&certificate))));
    let other = tempfile::tempdir().unwrap();
    let (_, other_key, _) = files(&other);
    assert_eq!(Tls::read(&certificate, &other_key).err(), Some(TlsError::Pair));
}
