//! What stands between the two: introduction servers that announce different help, and a real coturn.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use sha2::{Digest, Sha256};
use slipstream_signal::ice::Ice;
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_signal::tls::Tls;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::bed::MIDDLE;
use crate::{Fault, inside};

/// What the introduction server announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Help {
    Nothing,
    Stun,
    StunAndTurn,
}

/// Servers and relay; they end when this is dropped.
pub(crate) struct Middle {
    relay: Child,
    stop: Option<oneshot::Sender<()>>,
    servers: Option<JoinHandle<Result<(), Fault>>>,
    /// Base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo.
    pub(crate) spki: String,
    _folder: TempDir,
}

impl Help {
    pub(crate) const ALL: [Self; 3] = [Self::Nothing, Self::Stun, Self::StunAndTurn];

    /// The introduction server that announces it.
    pub(crate) fn url(self) -> String {
        format!("wss://{NAME}:{}/v1", self.addr().port())
    }

    const fn addr(self) -> SocketAddr {
        let port = match self {
            Self::Nothing => 7070,
            Self::Stun => 7071,
            Self::StunAndTurn => 7072,
        };
        SocketAddr::new(std::net::IpAddr::V4(MIDDLE), port)
    }

    fn ice(self) -> Result<Ice, Fault> {
        let stun = if self == Self::Nothing { vec![] } else { vec![format!("stun:{MIDDLE}:{RELAY}")] };
        let turn = vec![format!("turn:{MIDDLE}:{RELAY}?transport=udp")];
        let turn = if self == Self::StunAndTurn { turn } else { vec![] };
        Ice::new(stun, turn, SECRET.to_owned()).map_err(|error| error.to_string().into())
    }
}

impl Middle {
    /// Starts all in this namespace.
    pub(crate) fn start(namespace: impl Fn() -> Result<File, Fault>) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        let (tls, spki) = identity(folder.path())?;
        let configs = Help::ALL.map(|help| -> Result<ServerConfig, Fault> {
            Ok(ServerConfig {
                listen: help.addr(),
                tls: Some(tls.clone()),
                ice: help.ice()?,
                ..ServerConfig::default()
            })
        });
        let (stop, stopped) = oneshot::channel();
        let (listening, heard) = std::sync::mpsc::channel();
        let servers = inside::live(namespace()?, move || async move {
            let mut servers = Vec::new();
            for config in configs {
                servers.push(
                    Server::start(config?).await.map_err(|error| format!("introduction server: {error}"))?,
                );
            }
            // Whoever waits for it is there.
            let _ = listening.send(());
            // Both ends of the channel mean the same.
            let _ = stopped.await;
            for server in servers {
                server.kill().await;
            }
            Ok(())
        });
        let files = folder.path().to_owned();
        let relay = inside::live(namespace()?, move || async move { coturn(&files) });
        let relay = relay.join().map_err(|_| "coturn's thread panicked")??;
        let middle = Self { relay, stop: Some(stop), servers: Some(servers), spki, _folder: folder };
        heard.recv().map_err(|_| "the introduction servers did not start")?;
        Ok(middle)
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to lose.
        let _ = self.relay.kill();
        let _ = self.relay.wait();
        drop(self.stop.take());
        if let Some(servers) = self.servers.take() {
            // What it says was said when it failed to start.
            let _ = servers.join();
        }
    }
}

/// The certificate of the introduction servers.
fn identity(folder: &Path) -> Result<(Tls, String), Fault> {
    let key = KeyPair::generate()?;
    let spki = STANDARD.encode(Sha256::digest(key.subject_public_key_info()));
    let certificate = CertificateParams::new(vec![NAME.to_owned()])?.self_signed(&key)?;
    let (chain, secret) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&chain, certificate.pem())?;
    std::fs::write(&secret, key.serialize_pem())?;
    let tls = Tls::read(&chain, &secret).map_err(|error| error.to_string())?;
    Ok((tls, spki))
}

/// STUN and TURN on one port (facts W21 to W23).
fn coturn(folder: &Path) -> Result<Child, Fault> {
    let file = |name: &str| folder.join(name).display().to_string();
    let here = MIDDLE.to_string();
    Command::new("turnserver")
        .args(["-n", "-L", &here, "--relay-ip", &here, "-p", &RELAY.to_string()])
        .args(["--use-auth-secret", "--static-auth-secret", SECRET, "-r", "nat", "-f", "--simple-log"])
        .args(["--no-cli", "--no-tls", "--no-dtls", "--min-port", "50000", "--max-port", "50200"])
        .args(["--userdb", &file("db"), "--pidfile", &file("pid"), "--log-file", &file("log")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("turnserver: {error}").into())
}

/// What the introduction servers are called.
pub(crate) const NAME: &str = "signal.nat-demo.com";
const RELAY: u16 = 3478;
const SECRET: &str = "a secret of the two servers";
