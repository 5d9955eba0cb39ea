//! The credentials that are given out are those that a real coturn takes.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use slipstream_signal::ice::Ice;
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_wire::server::{FromServer, IceServer, ToServer};
use tokio::time::sleep;

use crate::client::Browser;

const SECRET: &str = "a secret of the two";

/// A relay on loopback; killed when dropped.
struct Relay {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Relay {
    /// Nothing, and a line that says so, where there is no coturn.
    async fn start() -> Option<Self> {
        if Command::new("turnutils_uclient").output().is_err() {
            println!("skipped: no coturn; as root: apt-get install coturn");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
        let port = free.expect("a port").port();
        let file = |name: &str| folder.path().join(name).display().to_string();
        let child = Command::new("turnserver")
            .args(["-n", "-L", "127.0.0.1", "--relay-ip", "127.0.0.1", "-p", &port.to_string()])
            .args(["--use-auth-secret", "--static-auth-secret", SECRET, "-r", "test", "-f", "--simple-log"])
            .args(["--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers"])
            .args(["--userdb", &file("db"), "--pidfile", &file("pid"), "--log-file", &file("log")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is installed");
        Some(Self { child, port, _folder: folder })
    }

    /// Lets coturn's own client send two packets through the relay.
    fn is_used_with(&self, server: &IceServer) -> bool {
        let Output { status, stdout, .. } = Command::new("turnutils_uclient")
            .args(["-y", "-c", "-n", "2", "-m", "1", "-p", &self.port.to_string()])
            .args(["-u", &server.username, "-w", &server.credential, "127.0.0.1"])
            .output()
            .expect("it is installed");
        status.success() && String::from_utf8_lossy(&stdout).contains("Total lost packets 0")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_relay_takes_the_credentials_and_no_others() {
    let Some(relay) = Relay::start().await else { return };
    let url = format!("turn:127.0.0.1:{}?transport=udp", relay.port);
    let ice = Ice::new(Vec::new(), vec![url.clone()], SECRET.to_owned()).unwrap();
    let server = Server::start(ServerConfig { ice, ..ServerConfig::default() }).await.unwrap();
    let (mut browser, _) = Browser::greeted(server.addr()).await;
    browser.say(&ToServer::Ice).await;
    let FromServer::Ice { servers, seconds: 600 } = browser.hear().await else { panic!("no servers") };
    let [relayed] = &servers[..] else { panic!("{} servers", servers.len()) };
    assert_eq!(relayed.url, url);

    let mut attempts = 0;
    while !relay.is_used_with(relayed) {
        // It may not listen yet.
        attempts += 1;
        assert!(attempts < 20, "the relay refuses");
        sleep(Duration::from_millis(250)).await;
    }
    let later = relayed.username.replace(':', "0:");
    assert!(!relay.is_used_with(&IceServer { username: later, ..relayed.clone() }), "a longer life");
}
