//! The servers that are compared, and how each is had and started. Others are put beside the build's own files, once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fault;
use crate::dialect::Dialect;

/// The versions that are measured; a newer one is another measurement.
const TRACKER: &str = "11.2.3";
const MATCHBOX: &str = "0.15.0";

/// A server that is there.
#[derive(Clone, Debug)]
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    program: PathBuf,
}

impl Rival {
    /// Ours, built beside this program.
    pub(crate) fn ours() -> Result<Self, Fault> {
        let program = std::env::current_exe()?.with_file_name("slipstream-signal");
        if !program.is_file() {
            return Err("slipstream-signal is not built: cargo build --release -p slipstream-signal".into());
        }
        Ok(Self { name: "slipstream-signal", dialect: Dialect::Slipstream, program })
    }

    /// All that can be had; for each other one a line says why not.
    pub(crate) fn all() -> Result<Vec<Self>, Fault> {
        let mut all = vec![Self::ours()?];
        for (name, rival) in [("bittorrent-tracker", tracker()), ("matchbox_server", matchbox())] {
            match rival {
                Ok(rivals) => all.extend(rivals),
                Err(fault) => println!("{name} is left out: {fault}"),
            }
        }
        Ok(all)
    }

    /// Ours as it is set by default, to listen at `addr`.
    pub(crate) fn guarded(&self, addr: SocketAddr) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--listen", &addr.to_string()]);
        command
    }

    /// The program, to listen at `addr`, without limits that the work would run into.
    pub(crate) fn command(&self, addr: SocketAddr) -> Command {
        let mut command = Command::new(&self.program);
        match self.dialect {
            Dialect::Slipstream => {
                let listen = addr.to_string();
                command.args([
                    "--listen",
                    &listen,
                    "--connections",
                    "20000",
                    "--arrivals",
                    "0",
                    "--per-address",
                    "0",
                ]);
            }
            Dialect::Tracker => {
                let program = format!(
                    "import Server from 'bittorrent-tracker/server'\n\
                     const server = new Server({{ udp: false, http: false, ws: true, stats: false }})\n\
                     server.on('error', () => {{}})\nserver.on('warning', () => {{}})\n\
                     server.listen({}, '127.0.0.1')",
                    addr.port()
                );
                // Its modules are found from the folder that it is started in.
                let folder = self.program.clone();
                command = Command::new("node");
                command.args(["--input-type=module", "-e", &program]).current_dir(folder);
            }
            Dialect::Matchbox | Dialect::MatchboxStaying => {
                command.arg(addr.to_string()).env("RUST_LOG", "error");
            }
        }
        command
    }
}

fn tracker() -> Result<Vec<Rival>, Fault> {
    let folder = store()?.join("bittorrent-tracker");
    if !folder.join("node_modules/bittorrent-tracker/package.json").is_file() {
        std::fs::create_dir_all(&folder)?;
        let package = format!("bittorrent-tracker@{TRACKER}");
        // Its optional parts are for clients, and want a compiler.
        run(Command::new("npm").current_dir(&folder).args([
            "install",
            &package,
            "--ignore-scripts",
            "--omit=optional",
            "--no-audit",
            "--no-fund",
        ]))?;
    }
    run(Command::new("node").arg("--version"))?;
    Ok(vec![Rival { name: "bittorrent-tracker", dialect: Dialect::Tracker, program: folder }])
}

fn matchbox() -> Result<Vec<Rival>, Fault> {
    let store = store()?;
    let program = store.join("matchbox/bin/matchbox_server");
    if !program.is_file() {
        run(Command::new("cargo")
            .args(["install", "matchbox_server", "--version", MATCHBOX, "--root"])
            .arg(store.join("matchbox"))
            .env("CARGO_TARGET_DIR", store.join("matchbox-build")))?;
    }
    let staying = Rival {
        name: "matchbox_server without joining",
        dialect: Dialect::MatchboxStaying,
        program: program.clone(),
    };
    Ok(vec![Rival { name: "matchbox_server", dialect: Dialect::Matchbox, program }, staying])
}

/// `target/load`.
fn store() -> Result<PathBuf, Fault> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent).ok_or("not in a target folder")?;
    Ok(target.join("load"))
}

fn run(command: &mut Command) -> Result<(), Fault> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    Err(format!("{program}: {last}").into())
}
