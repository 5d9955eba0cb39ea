//! The introduction server as a program. `slipstream-signal --help` lists what can be set.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use slipstream_signal::address::AddressLimits;
use slipstream_signal::origin::Origins;
use slipstream_signal::server::{Server, ServerConfig};
use tracing_subscriber::EnvFilter;

/// Introduces browsers to each other and relays their sealed signals.
#[derive(Parser, Debug)]
#[command(version)]
struct Args {
    /// Where to listen. Plain WebSocket: on anything but loopback, put TLS in front of it.
    #[arg(long, env = "SLIPSTREAM_LISTEN", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// An origin that may connect beside browser extensions; can be given several times. `any` lets everyone in.
    #[arg(long, env = "SLIPSTREAM_ALLOW_ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,
    /// Most connections at once. Raise the limit of open files above it.
    #[arg(long, env = "SLIPSTREAM_CONNECTIONS", default_value_t = 10_000)]
    connections: usize,
    /// Most connections from one IPv4 address or IPv6 /56. 0 for no limit, as behind a proxy.
    #[arg(long, env = "SLIPSTREAM_PER_ADDRESS", default_value_t = 512)]
    per_address: usize,
}

impl Args {
    fn config(self) -> ServerConfig {
        let limits = AddressLimits { open: self.per_address, ..AddressLimits::default() };
        ServerConfig {
            listen: self.listen,
            origins: Origins::with(self.allow_origin),
            connections: self.connections,
            addresses: (self.per_address > 0).then_some(limits),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let server = match Server::start(Args::parse().config()).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("cannot listen: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("listening on {}", server.addr());
    asked_to_end().await;
    server.stop().await;
    ExitCode::SUCCESS
}

/// Returns at ctrl-c, and on Unix at SIGTERM.
async fn asked_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // No handler, no graceful end: serve until killed.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            () = interrupted => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    interrupted.await;
}
