//! The server as the program that an operator runs.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::client::get;

/// A running `slipstream-signal`; killed when dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Program {
    /// Starts it on a free port of loopback, with further flags.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slipstream-signal"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program was built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let addr = line.trim().strip_prefix("listening on ").expect("it says where it listens");
        Self { addr: addr.parse().expect("an address"), child }
    }

    /// One of its figures, as `/metrics` has it.
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let figures = get(self.addr, "/metrics").await;
        let line = figures.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {figures}"))
    }

    /// How often it refused for this reason.
    pub(crate) async fn refused(&self, reason: &str) -> u64 {
        self.figure(&format!("slipstream_refused_total{{reason=\"{reason}\"}}")).await
    }

    /// Bytes of memory that it occupies; nothing where the system does not say.
    pub(crate) async fn resident(&self) -> u64 {
        if cfg!(target_os = "linux") { self.figure("slipstream_resident_bytes").await } else { 0 }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
