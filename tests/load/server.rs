//! A server under load: a program of its own, on a core of its own, on a port of its own, for one measurement.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::Fault;
use crate::core_pin;

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    /// Starts the program that `command` makes for an address, and waits until it listens.
    pub(crate) async fn start(command: impl FnOnce(SocketAddr) -> Command) -> Result<Self, Fault> {
        Self::start_at(free()?, command).await
    }

    /// The same at an address that is known to be free.
    pub(crate) async fn start_at(
        addr: SocketAddr,
        command: impl FnOnce(SocketAddr) -> Command,
    ) -> Result<Self, Fault> {
        let command = command(addr);
        let mut pinned = Command::new("taskset");
        pinned
            .args(["-c", &core_pin::SERVER.to_string()])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            pinned.current_dir(folder);
        }
        let child = pinned.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { child, addr };
        let deadline = Instant::now() + START;
        while TcpStream::connect(addr).await.is_err() {
            if Instant::now() >= deadline {
                return Err(format!("{:?} does not listen", command.get_program()).into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Seconds of its core that it has used.
    pub(crate) fn used(&self) -> Result<f64, Fault> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name may hold spaces; what follows it does not (proc_pid_stat(5), fields 14 and 15).
        let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?;
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Bytes of memory that it occupies.
    pub(crate) fn resident(&self) -> Result<u64, Fault> {
        self.status("VmRSS:")
    }

    /// Bytes of memory that it has occupied at the most.
    pub(crate) fn most_resident(&self) -> Result<u64, Fault> {
        self.status("VmHWM:")
    }

    /// A line of proc_pid_status(5) that is in kB, in bytes.
    fn status(&self, name: &str) -> Result<u64, Fault> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

const START: Duration = Duration::from_secs(10);
