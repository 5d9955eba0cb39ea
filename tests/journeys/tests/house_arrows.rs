//! The arrows between the crates (ARCHITECTURE.md), and what the pure crates must never reach.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use xtask::{process, wasm, workspace};

/// What each crate of the product may depend on, of our own. Crates under `tests/` may use them all, but
/// none of these may use those.
const ARROWS: [(&str, &[&str]); 7] = [
    ("slipstream-wire", &[]),
    ("slipstream-core", &["slipstream-wire"]),
    ("slipstream-engine", &["slipstream-core", "slipstream-wire"]),
    ("slipstream-qr", &[]),
    ("slipstream-signal", &["slipstream-wire"]),
    ("slipstream-sim", &["slipstream-core", "slipstream-signal", "slipstream-wire"]),
    ("xtask", &[]),
];

/// What would bring I/O, the browser, a clock or randomness into the pure crates.
///
/// `time` is missing: http-cache-semantics parses dates with it. Its clock, like that of the standard
/// library, is out of reach by `disallowed-methods` in `clippy.toml` of both crates.
const IMPURE: [&str; 21] = [
    "async-std",
    "chrono",
    "coarsetime",
    "fastrand",
    "futures-executor",
    "getrandom",
    "gloo-timers",
    "instant",
    "jiff",
    "js-sys",
    "mio",
    "quanta",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "tokio",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "web-sys",
    "web-time",
];

/// Who depends on whom, by name.
#[derive(Debug, Default)]
struct Graph {
    edges: BTreeMap<String, BTreeSet<String>>,
    versions: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads what `cargo tree --prefix depth` prints: depth, name, a space, `v` and the version.
    fn of_tree(text: &str) -> Self {
        let mut graph = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let digits = line.chars().take_while(char::is_ascii_digit).count();
            let depth: usize = line[..digits].parse().expect("each line begins with its depth");
            let mut words = line[digits..].split(' ');
            let name = words.next().expect("each line has a name").to_owned();
            let version = words.next().expect("each line has a version").to_owned();
            above.truncate(depth);
            if let Some(parent) = above.last() {
                graph.edges.entry(parent.clone()).or_default().insert(name.clone());
            }
            graph.versions.entry(name.clone()).or_default().insert(version);
            above.push(name);
        }
        graph
    }

    /// Each version of the crates that come in more than once.
    fn twice(&self) -> Vec<String> {
        let several = self.versions.iter().filter(|(_, versions)| versions.len() > 1);
        several
            .flat_map(|(name, versions)| versions.iter().map(move |version| format!("{name} {version}")))
            .collect()
    }

    /// The shortest way from `start` to something that is `forbidden`, each step on it.
    fn way_to(&self, start: &str, forbidden: &[&str]) -> Option<Vec<String>> {
        let mut ways = VecDeque::from([vec![start.to_owned()]]);
        let mut seen = BTreeSet::from([start.to_owned()]);
        while let Some(way) = ways.pop_front() {
            let last = way.last()?;
            if forbidden.contains(&last.as_str()) {
                return Some(way);
            }
            for next in self.edges.get(last).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    ways.push_back([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
        None
    }
}

fn tree_of(package: &str) -> Graph {
    let root = workspace::root().expect("tests run in the checkout");
    let mut cargo = process::cargo(&root);
    cargo.args(["tree", "--locked", "--package", package, "--target", wasm::TARGET]);
    cargo.args(["--edges", "normal,no-proc-macro", "--prefix", "depth"]);
    Graph::of_tree(&process::output(&mut cargo).expect("cargo tree runs"))
}

/// Arrows of `cargo metadata` that [`ARROWS`] does not allow, each as `from -> to`.
fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    let ours: BTreeSet<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let from = package["name"].as_str().expect("a package has a name");
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else { continue };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().expect("a dependency has a name");
            if ours.contains(to) && !allowed.contains(&to) {
                wrong.push(format!("{from} -> {to}"));
            }
        }
    }
    wrong
}

fn metadata() -> Value {
    let root = workspace::root().expect("tests run in the checkout");
    let mut cargo = process::cargo(&root);
    cargo.args(["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    serde_json::from_str(&process::output(&mut cargo).expect("cargo metadata runs")).expect("it is JSON")
}

#[test]
fn the_arrows_between_our_crates_are_the_drawn_ones() {
    assert_eq!(wrong_arrows(&metadata()), Vec::<String>::new());
}

#[test]
fn every_crate_under_src_has_its_arrows_drawn() {
    let metadata = metadata();
    let under_src = metadata["packages"].as_array().expect("packages").iter().filter(|package| {
        let path = package["manifest_path"].as_str().expect("a package lies somewhere");
        path.ends_with(&format!("/src/{}/Cargo.toml", path.rsplit('/').nth(1).expect("a folder")))
    });
    let names: BTreeSet<_> = under_src.map(|package| package["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ARROWS.iter().map(|(name, _)| *name).collect());
}

#[test]
fn an_arrow_from_wire_to_core_would_be_seen() {
    let metadata = serde_json::json!({"packages": [
        {"name": "slipstream-core", "dependencies": [{"name": "slipstream-wire"}, {"name": "serde"}]},
        {"name": "slipstream-wire", "dependencies": [{"name": "slipstream-core"}]},
    ]});
    assert_eq!(wrong_arrows(&metadata), ["slipstream-wire -> slipstream-core"]);
}

#[test]
fn wire_is_pure() {
    assert_eq!(tree_of("slipstream-wire").way_to("slipstream-wire", &IMPURE), None);
}

#[test]
fn core_is_pure() {
    assert_eq!(tree_of("slipstream-core").way_to("slipstream-core", &IMPURE), None);
}

#[test]
fn signal_does_not_reach_core() {
    assert_eq!(tree_of("slipstream-signal").way_to("slipstream-signal", &["slipstream-core"]), None);
}

#[test]
fn a_web_or_clock_dependency_of_core_would_be_seen() {
    for impure in ["web-sys", "js-sys", "wasm-bindgen", "tokio", "web-time", "chrono", "getrandom"] {
        let tree = format!(
            "0slipstream-core v0.1.0 (/somewhere)\n1rand v0.10.3\n2middle v1.0.0\n3{impure} v1.0.0\n1sha2 v0.11.1\n"
        );
        let way = Graph::of_tree(&tree).way_to("slipstream-core", &IMPURE);
        assert_eq!(way, Some(["slipstream-core", "rand", "middle", impure].map(str::to_owned).into()));
    }
}

#[test]
fn what_a_sibling_reaches_is_not_held_against_core() {
    let tree = "0slipstream-engine v0.1.0\n1slipstream-core v0.1.0\n2sha2 v0.11.1\n1web-sys v0.3.107\n";
    assert_eq!(Graph::of_tree(tree).way_to("slipstream-core", &IMPURE), None);
}

#[test]
fn the_engine_holds_one_version_of_each_crate() {
    assert_eq!(tree_of("slipstream-engine").twice(), Vec::<String>::new());
}

#[test]
fn a_second_version_of_a_crate_would_be_seen() {
    let tree =
        "0slipstream-engine v0.1.0\n1digest v0.11.3\n1rand v0.10.3\n2digest v0.10.7\n1digest v0.11.3 (*)\n";
    assert_eq!(Graph::of_tree(tree).twice(), ["digest v0.10.7", "digest v0.11.3"]);
}
