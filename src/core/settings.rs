//! The settings object, as it lies in the extension's storage. Unknown keys are left to those who know them.

use serde::{Deserialize, Serialize};

use crate::policy::Speed;

/// What the user, or an administrator, has set. Field names are those of the stored JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Everything on or off.
    pub enabled: bool,
    /// Per origin: `"on"` or `"off"`.
    pub sites: std::collections::BTreeMap<String, Switch>,
    /// With whom bodies are exchanged.
    pub sharing: Sharing,
    /// Where browsers are introduced.
    pub signal: Signal,
    /// The group.
    pub group: Group,
    /// ICE servers.
    pub ice: Ice,
    /// How many peers.
    pub peers: Peers,
    /// Disk and upload.
    pub limits: Limits,
    /// When less is done, or nothing.
    pub policy: Policy,
    /// Which types are touched.
    pub types: Types,
    /// Measuring what it brings.
    pub benefit: Benefit,
    /// For web developers.
    pub developer: Developer,
}

/// A site's switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Switch {
    On,
    Off,
}

/// With whom bodies are exchanged. "everyone" is read as the group: no source that proves a body public is built
/// yet (SECURITY.md P1), so nothing could be offered to strangers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// With nobody: no packet leaves for server or peers.
    #[default]
    Off,
    /// With those who hold the same invite.
    #[serde(alias = "everyone")]
    Group,
}

/// `signal.*`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Signal {
    /// WebSocket URL of the introduction server, with its path.
    pub url: String,
}

/// `group.*`
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Group {
    /// What people call it.
    pub name: String,
    /// The invite secret: 32 bytes, base64url without padding.
    pub secret: String,
}

/// Never shows the secret.
impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("joined", &!self.secret.is_empty()).finish_non_exhaustive()
    }
}

/// `ice.*`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ice {
    /// STUN and TURN servers.
    pub servers: Vec<IceServer>,
    /// Connect through relays only, so that peers do not see this browser's address.
    pub relay_only: bool,
    /// Meet those on the own network only.
    pub lan_only: bool,
}

impl Ice {
    /// How far this browser goes to meet somebody.
    pub const fn path(&self) -> Path {
        match (self.relay_only, self.lan_only) {
            (true, _) => Path::Relay,
            (false, true) => Path::Lan,
            (false, false) => Path::Any,
        }
    }
}

/// Which ways a connection may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Whatever leads there: the own network, through address translation, or a relay.
    Any,
    /// The own network.
    Lan,
    /// Relays on both sides. Nobody sees an address but the relay, and on no network of one's own nobody would be met
    /// otherwise.
    Relay,
}

/// One STUN or TURN server, as `RTCIceServer` of the WebRTC specification.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub struct IceServer {
    pub urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Never shows who or where.
impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IceServer")
    }
}

/// `peers.*`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Peers {
    /// Look for more below this many.
    pub min: usize,
    /// Never more than this many.
    pub max: usize,
    /// Leave the introduction server when there are as many: further ones are met through peers.
    pub leave_signal_when_full: bool,
}

/// `limits.*`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Size of the shelf, in MiB.
    #[serde(rename = "storeMiB")]
    pub store_mib: u64,
    /// Upload per day, in MiB.
    #[serde(rename = "uploadMiBPerDay")]
    pub upload_mib_per_day: u64,
    /// Upload per month, in MiB.
    #[serde(rename = "uploadMiBPerMonth")]
    pub upload_mib_per_month: u64,
    /// Upload rate, in KiB per second.
    #[serde(rename = "uploadKiBps")]
    pub upload_kib_per_s: u64,
}

/// What is done where a policy applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It makes no difference.
    Allow,
    /// Half the peers, a quarter of the upload rate.
    Limit,
    /// Bodies are taken from peers, but none are given.
    Receive,
    /// No peers at all; the shelf goes on.
    Pause,
}

/// `policy.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// On battery.
    pub battery: BatteryPolicy,
    /// On some networks.
    pub network: NetworkPolicy,
    /// Where no window can be seen.
    pub visibility: VisibilityPolicy,
    /// While nobody is at the machine.
    pub idle: Action,
    /// On some machines.
    pub device: DevicePolicy,
}

/// `policy.battery.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatteryPolicy {
    /// Pause below this charge, in percent, unless it is being charged.
    pub pause_below_percent: u8,
    /// Above it.
    pub when_discharging: Action,
}

/// `policy.network.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicy {
    /// On a cellular network, where the browser can tell.
    pub cellular: Action,
    /// Where the browser is to save data.
    pub save_data: Action,
    /// What counts as slow.
    pub slower_than: Bound,
    /// On a slow network.
    pub slow: Action,
}

/// `policy.network.slowerThan`: a network below this class is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Bound {
    #[serde(rename = "never")]
    Never,
    #[serde(rename = "2g")]
    Is2g,
    #[serde(rename = "3g")]
    Is3g,
    #[serde(rename = "4g")]
    Is4g,
}

impl Bound {
    /// Whether a network of this class is slow.
    pub fn exceeds(self, speed: Speed) -> bool {
        match self {
            Self::Never => false,
            Self::Is2g => speed < Speed::Is2g,
            Self::Is3g => speed < Speed::Is3g,
            Self::Is4g => speed < Speed::Is4g,
        }
    }
}

/// `policy.visibility.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct VisibilityPolicy {
    /// No window of the browser can be seen.
    pub hidden: Action,
}

/// `policy.device.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DevicePolicy {
    /// On a telephone, or a machine with little memory.
    pub small: Action,
}

/// `benefit.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Benefit {
    /// Of all loads that could be helped, how many are left to the network to compare with, in percent; 0: none, and
    /// nothing is measured.
    pub hold_out_percent: u8,
}

/// `types.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Types {
    pub image: bool,
    pub font: bool,
    pub script: bool,
}

/// `developer.*`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Developer {
    /// Touch origins whose address is a loopback one, and meet peers there.
    pub allow_loopback: bool,
}

impl Settings {
    /// Whether this site may be touched.
    pub fn site_on(&self, origin: &crate::address::Origin) -> bool {
        self.enabled && self.sites.get(origin.as_str()) != Some(&Switch::Off)
    }

    /// The group's secret, where sharing is on and the secret can be read.
    pub fn shared_secret(&self) -> Option<[u8; 32]> {
        (self.enabled && self.sharing == Sharing::Group).then(|| base64url_32(&self.group.secret)).flatten()
    }
}

/// 32 bytes from 43 digits of base64url; the two spare bits must be 0, so that each secret has one form.
fn base64url_32(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 43] = text.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    let (mut held, mut bits, mut next) = (0_u32, 0, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *out.get_mut(next)? = u8::try_from((held >> bits) & 0xff).ok()?;
            held &= (1 << bits) - 1;
            next += 1;
        }
    }
    (held == 0).then_some(out)
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            sites: Default::default(),
            sharing: Sharing::Off,
            signal: Signal::default(),
            group: Group::default(),
            ice: Ice::default(),
            peers: Peers::default(),
            limits: Limits::default(),
            policy: Policy::default(),
            benefit: Benefit::default(),
            types: Types::default(),
            developer: Developer::default(),
        }
    }
}

impl Default for Ice {
    fn default() -> Self {
        // SECURITY.md §3.7: what may be seen on one network only stays on it.
        Self { servers: Vec::new(), relay_only: false, lan_only: true }
    }
}

impl Default for Peers {
    fn default() -> Self {
        Self { min: 2, max: 8, leave_signal_when_full: false }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { store_mib: 512, upload_mib_per_day: 200, upload_mib_per_month: 4_000, upload_kib_per_s: 512 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            battery: BatteryPolicy::default(),
            network: NetworkPolicy::default(),
            visibility: VisibilityPolicy::default(),
            idle: Action::Allow,
            device: DevicePolicy::default(),
        }
    }
}

impl Default for BatteryPolicy {
    fn default() -> Self {
        Self { pause_below_percent: 30, when_discharging: Action::Limit }
    }
}

impl Default for NetworkPolicy {
    fn default() -> Self {
        Self {
            cellular: Action::Pause,
            save_data: Action::Pause,
            slower_than: Bound::Is3g,
            slow: Action::Pause,
        }
    }
}

impl Default for VisibilityPolicy {
    fn default() -> Self {
        Self { hidden: Action::Limit }
    }
}

impl Default for DevicePolicy {
    fn default() -> Self {
        Self { small: Action::Limit }
    }
}

impl Default for Benefit {
    fn default() -> Self {
        Self { hold_out_percent: 5 }
    }
}

impl Default for Types {
    fn default() -> Self {
        Self { image: true, font: true, script: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_means_the_defaults_and_nothing_is_shared() {
        let settings: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.sharing, Sharing::Off);
        assert_eq!(settings.shared_secret(), None);
    }

    #[test]
    fn the_secret_counts_only_while_sharing_is_on_and_everything_is() {
        let read = |text: &str| serde_json::from_str::<Settings>(text).unwrap().shared_secret();
        let secret = format!("{}8", "_".repeat(42));
        let with = |rest: &str| format!(r#"{{"group":{{"name":"g","secret":"{secret}"}}{rest}}}"#);
        assert_eq!(read(&with("")), None);
        assert_eq!(read(&with(r#","sharing":"group""#)), Some([0xff; 32]));
        assert_eq!(read(&with(r#","sharing":"everyone""#)), Some([0xff; 32]));
        assert_eq!(read(&with(r#","sharing":"group","enabled":false"#)), None);
    }

    #[test]
    fn a_secret_has_one_form() {
        assert_eq!(base64url_32(&"A".repeat(43)), Some([0; 32]));
        assert_eq!(base64url_32(&format!("{}B", "A".repeat(42))), None, "spare bits");
        assert_eq!(base64url_32(&"A".repeat(44)), None);
        assert_eq!(base64url_32(&"+".repeat(43)), None);
    }

    #[test]
    fn unknown_keys_are_no_fault_and_sites_switch_off() {
        let settings: Settings =
            serde_json::from_str(r#"{"version":7,"sites":{"https://a-b.com":"off"},"policy":{"x":1,"battery":{"pauseBelowPercent":10}}}"#)
                .unwrap();
        assert_eq!(settings.policy.battery.pause_below_percent, 10);
        assert_eq!(settings.policy.network, NetworkPolicy::default());
        let site = |url| crate::address::Url::parse(url).unwrap().origin();
        assert!(!settings.site_on(&site("https://a-b.com/")));
        assert!(settings.site_on(&site("https://c-d.com/")));
    }
}
