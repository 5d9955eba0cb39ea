//! Settings for browsers of the world.

use slipstream_core::settings::{Benefit, Settings, Sharing};

/// Where the introduction server is said to be. Nobody resolves it.
pub const SERVER: &str = "wss://signal.sim-demo.com/v1";

/// As installed: the shelf works, and nobody is contacted. But no load is left to the network to measure the others
/// by: a world asks what happens when help is given.
pub fn alone() -> Settings {
    Settings { benefit: Benefit { hold_out_percent: 0 }, ..Settings::default() }
}

/// A member of the group.
pub fn member() -> Settings {
    member_of('B')
}

/// A member of the group whose secret is made of this digit of base64url.
pub fn member_of(digit: char) -> Settings {
    let mut settings = Settings { sharing: Sharing::Group, ..alone() };
    SERVER.clone_into(&mut settings.signal.url);
    // The last digit carries two spare bits, which must be 0.
    settings.group.secret = std::iter::repeat_n(digit, 42).chain(['A']).collect();
    settings
}

/// The extension switched off: what a page costs without it.
pub fn off() -> Settings {
    Settings { enabled: false, ..Settings::default() }
}
