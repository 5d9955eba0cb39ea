//! The settings object, as an import, a policy or a damaged storage gives it.

use slipstream_core::{
    Engine,
    address::Url,
    fact::Fact,
    ledger::Ledger,
    port::{Input, Output},
    settings::{Settings, Sharing},
    shelf::Snapshot,
    time::Now,
};

/// Longest secret in settings, in bytes of base64url.
const SECRET: usize = 43;

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(settings) = serde_json::from_slice::<Settings>(bytes) {
        obeys(settings);
    }
    // What the engine kept of itself lies beside the settings.
    if let Ok(ledger) = serde_json::from_slice::<Ledger>(bytes) {
        let mut engine = Engine::new([7; 32], Snapshot::default(), at(0));
        engine.handle(Input::Fact(Fact::Ledger { ledger: Box::new(ledger) }), at(0));
        while engine.poll().is_some() {}
    }
}

/// Nobody is contacted unless the settings say so, and the engine lives on under them.
fn obeys(settings: Settings) {
    let secret = settings.shared_secret();
    assert!(secret.is_none() || settings.group.secret.len() == SECRET);
    let url = Url::parse("https://www.gallery-demo.com/").expect("a plain address");
    let on = settings.site_on(&url.origin());
    assert!(settings.enabled || !on, "what is off is off everywhere");
    let may_contact = settings.enabled && settings.sharing == Sharing::Group && secret.is_some();
    let mut engine = Engine::new([7; 32], Snapshot::default(), at(0));
    engine.handle(Input::Fact(Fact::Settings { settings: Box::new(settings) }), at(0));
    for ms in [0, 1_000, 3_600_000] {
        engine.handle(Input::Wake, at(ms));
        while let Some(output) = engine.poll() {
            let contact = matches!(output, Output::SocketOpen { .. } | Output::Connect { .. });
            assert!(may_contact || !contact, "{output:?}");
        }
    }
}

const fn at(ms: u64) -> Now {
    Now { ms, unix: 1_800_000_000 + ms / 1_000 }
}
