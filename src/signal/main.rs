//! The introduction server as a program. `slipstream-signal --help` lists what can be set.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use slipstream_signal::address::AddressLimits;
use slipstream_signal::bucket::Rate;
use slipstream_signal::ice::Ice;
use slipstream_signal::origin::Origins;
use slipstream_signal::proxy::{Network, Proxies};
use slipstream_signal::router::Pairing;
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_signal::tls::Tls;
use tracing_subscriber::EnvFilter;

/// Introduces browsers to each other and relays their sealed signals. Without flags: for this machine alone.
#[derive(Parser, Debug)]
#[command(version)]
struct Args {
    /// Where to listen. On anything but loopback give it a certificate, or put TLS in front of it
    #[arg(long, env = "SLIPSTREAM_LISTEN", default_value = "127.0.0.1:7070", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Certificate chain for TLS, PEM
    #[arg(long, env = "SLIPSTREAM_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, env = "SLIPSTREAM_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A proxy whose X-Forwarded-For is believed, as an address or 10.0.0.0/8; can be given several times
    #[arg(long, env = "SLIPSTREAM_TRUSTED_PROXY", value_delimiter = ',', value_name = "NETWORK")]
    trusted_proxy: Vec<Network>,
    /// An origin that may connect beside browser extensions; can be given several times. `any` lets everyone in
    #[arg(long, env = "SLIPSTREAM_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Most connections at once. Raise the limit of open files above it
    #[arg(long, env = "SLIPSTREAM_CONNECTIONS", default_value_t = 10_000, value_name = "N")]
    connections: usize,
    /// Most new connections each second, of all together. 0 for no limit
    #[arg(long, env = "SLIPSTREAM_ARRIVALS", default_value_t = 500, value_name = "N")]
    arrivals: u32,
    /// Most connections from one IPv4 address or IPv6 /56. 0 for no limit
    #[arg(long, env = "SLIPSTREAM_PER_ADDRESS", default_value_t = 512, value_name = "N")]
    per_address: usize,
    /// Most new connections each second from one IPv4 address or IPv6 /56
    #[arg(long, env = "SLIPSTREAM_PER_ADDRESS_ARRIVALS", default_value_t = 20, value_name = "N")]
    per_address_arrivals: u32,
    /// How newcomers are paired
    #[arg(long, env = "SLIPSTREAM_PAIRING", value_enum, default_value_t)]
    pairing: Pairing,
    /// A STUN server to announce, as stun:host:3478; can be given several times
    #[arg(long, env = "SLIPSTREAM_STUN", value_delimiter = ',', value_name = "URL")]
    stun: Vec<String>,
    /// A TURN server to announce, as turn:host:3478?transport=udp; can be given several times
    #[arg(
        long,
        env = "SLIPSTREAM_TURN",
        value_delimiter = ',',
        value_name = "URL",
        requires = "turn_secret_file"
    )]
    turn: Vec<String>,
    /// The secret shared with the TURN servers (coturn's static-auth-secret), alone in a file
    #[arg(long, env = "SLIPSTREAM_TURN_SECRET_FILE", value_name = "FILE")]
    turn_secret_file: Option<PathBuf>,
    /// NATS servers through which several nodes share topics, as nats://host:4222
    #[arg(long, env = "SLIPSTREAM_BUS", value_name = "URL[,URL]")]
    bus: Option<String>,
    /// Form of the log on standard error
    #[arg(long, env = "SLIPSTREAM_LOG", value_enum, default_value_t)]
    log: Log,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Log {
    /// For people.
    #[default]
    Text,
    /// One object per line.
    Json,
}

impl Args {
    /// Reads the files that it names. Errors: what is wrong with them, in words.
    fn config(self) -> Result<ServerConfig, String> {
        let new = Rate::per_second(self.per_address_arrivals, self.per_address_arrivals.saturating_mul(2));
        let limits = AddressLimits { open: self.per_address, new };
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(&certificate, &key).map_err(in_words)?),
            _ => None,
        };
        let secret = self.turn_secret_file.map(|file| {
            std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
        });
        let secret = secret.transpose()?.unwrap_or_default();
        Ok(ServerConfig {
            listen: self.listen,
            tls,
            origins: Origins::with(self.allow_origin),
            proxies: Proxies::new(self.trusted_proxy),
            connections: self.connections,
            arrivals: match self.arrivals {
                0 => Rate::per_second(u32::MAX, u32::MAX),
                each_second => Rate::per_second(each_second, each_second),
            },
            memory: Some(ServerConfig::memory_for(self.connections)),
            addresses: (self.per_address > 0).then_some(limits),
            pairing: self.pairing,
            ice: Ice::new(self.stun, self.turn, secret.trim().to_owned()).map_err(in_words)?,
            bus: self.bus,
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    log(args.log);
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("slipstream-signal: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let server = Server::start(args.config()?).await.map_err(|error| format!("cannot listen: {error}"))?;
    println!("listening on {}", server.addr());
    asked_to_end().await;
    server.stop().await;
    Ok(())
}

/// `RUST_LOG` sets what is logged. No level names an address.
fn log(form: Log) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("slipstream_signal=info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match form {
        Log::Text => subscriber.init(),
        Log::Json => subscriber.json().init(),
    }
}

fn in_words(error: impl Display) -> String {
    error.to_string()
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
