//! The network: five namespaces, the wires between them, and the routers' rules (facts W17, W18).

use std::fs::File;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use crate::Fault;

/// Where server and relay are. Set aside for documentation (RFC 5737): nobody else has it.
pub(crate) const MIDDLE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);

/// Who is on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Middle,
    Left,
    Right,
    LeftRouter,
    RightRouter,
}

/// What a router makes of the addresses behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Translation {
    /// One port for one socket, whomever it talks to: what STUN finds is where others reach it.
    Cone,
    /// A port for each that it talks to.
    Symmetric,
}

/// The namespaces; gone when dropped.
#[derive(Debug)]
pub(crate) struct Bed {
    /// Names of several beds on one machine differ by it.
    serial: u32,
}

impl Place {
    const ALL: [Self; 5] = [Self::Middle, Self::Left, Self::Right, Self::LeftRouter, Self::RightRouter];

    const fn name(self) -> &'static str {
        match self {
            Self::Middle => "middle",
            Self::Left => "left",
            Self::Right => "right",
            Self::LeftRouter => "left-router",
            Self::RightRouter => "right-router",
        }
    }
}

impl Bed {
    /// Why there can be none on this machine, in words; nothing where there can.
    pub(crate) fn obstacle() -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return Some("network namespaces need root".to_owned());
        }
        for (program, package) in [("ip", "iproute2"), ("nft", "nftables"), ("turnserver", "coturn")] {
            let path = std::env::var_os("PATH").unwrap_or_default();
            if !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
                return Some(format!("no {program}; as root: apt-get install {package}"));
            }
        }
        let probe = Self { serial: std::process::id() };
        let made = ip(&["netns", "add", &probe.name(Place::Middle)]);
        made.err().map(|fault| format!("no network namespaces here: {fault}"))
    }

    /// Makes all, with routers that translate nothing yet.
    pub(crate) fn make() -> Result<Self, Fault> {
        let bed = Self { serial: std::process::id() };
        for place in Place::ALL {
            ip(&["netns", "add", &bed.name(place)])?;
            bed.ip(place, &["link", "set", "lo", "up"])?;
        }
        bed.ip(Place::Middle, &["link", "add", "net", "type", "bridge"])?;
        bed.ip(Place::Middle, &["address", "add", &format!("{MIDDLE}/24"), "dev", "net"])?;
        bed.ip(Place::Middle, &["link", "set", "net", "up"])?;
        let sides = [(Place::Left, Place::LeftRouter, 1), (Place::Right, Place::RightRouter, 2)];
        for (host, router, number) in sides {
            let (wire, home) = (format!("wire{number}"), format!("10.0.1{number}"));
            bed.wire((router, "out"), (Place::Middle, &wire))?;
            bed.ip(Place::Middle, &["link", "set", &wire, "master", "net"])?;
            bed.ip(router, &["address", "add", &format!("203.0.113.{}/24", number + 1), "dev", "out"])?;
            bed.wire((host, "lan"), (router, "in"))?;
            bed.ip(router, &["address", "add", &format!("{home}.1/24"), "dev", "in"])?;
            bed.ip(host, &["address", "add", &format!("{home}.2/24"), "dev", "lan"])?;
            bed.ip(host, &["route", "add", "default", "via", &format!("{home}.1")])?;
            let forward = ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"];
            run(Command::new("ip").args(["netns", "exec", &bed.name(router)]).args(forward), None)?;
        }
        Ok(bed)
    }

    /// Lets a router translate in this way from now on, for connections that begin now.
    pub(crate) fn translate(&self, router: Place, how: Translation) -> Result<(), Fault> {
        let masquerade = match how {
            Translation::Cone => "masquerade",
            Translation::Symmetric => "masquerade fully-random",
        };
        // Without the last chain a stray packet from outside makes an entry for the router's own socket, and the next
        // mapping gets another port: the cone would be none (facts W14).
        let rules = format!(
            "flush ruleset
             table ip nat {{
               chain out {{ type nat hook postrouting priority srcnat; oifname out {masquerade}; }}
             }}
             table ip filter {{
               chain forward {{
                 type filter hook forward priority filter; policy drop;
                 ct state established,related accept; iifname in accept;
               }}
               chain input {{ type filter hook input priority filter; iifname out ct state new drop; }}
             }}"
        );
        let mut nft = Command::new("ip");
        nft.args(["netns", "exec", &self.name(router), "nft", "-f", "-"]);
        run(&mut nft, Some(&rules))
    }

    /// The namespace, for threads that want to be in it.
    pub(crate) fn open(&self, place: Place) -> Result<File, Fault> {
        let path = format!("/run/netns/{}", self.name(place));
        Ok(File::open(&path).map_err(|error| format!("{path}: {error}"))?)
    }

    fn name(&self, place: Place) -> String {
        format!("slipstream-{}-{}", self.serial, place.name())
    }

    fn ip(&self, place: Place, arguments: &[&str]) -> Result<(), Fault> {
        run(Command::new("ip").args(["-netns", &self.name(place)]).args(arguments), None)
    }

    fn wire(&self, (from, one): (Place, &str), (to, other): (Place, &str)) -> Result<(), Fault> {
        let there = self.name(to);
        let pair = ["link", "add", one, "type", "veth", "peer", "name", other, "netns", &there];
        self.ip(from, &pair)?;
        self.ip(from, &["link", "set", one, "up"])?;
        self.ip(to, &["link", "set", other, "up"])
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        for place in Place::ALL {
            // It may never have been made; wires and rules go with the namespace.
            let _ = ip(&["netns", "delete", &self.name(place)]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), Fault> {
    run(Command::new("ip").args(arguments), None)
}

fn run(command: &mut Command, input: Option<&str>) -> Result<(), Fault> {
    let program = command.get_program().to_string_lossy().into_owned();
    let in_words = |error: std::io::Error| format!("{program}: {error}");
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stderr(Stdio::piped()).spawn().map_err(in_words)?;
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(text.as_bytes()).map_err(in_words)?;
    }
    let output = child.wait_with_output().map_err(in_words)?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
