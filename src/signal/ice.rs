//! STUN and TURN servers that browsers are told of, with credentials that coturn accepts for ten minutes.
//!
//! The scheme is coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): the user name is the time of expiry and
//! a random name, the password an HMAC-SHA1 of it under a secret that the relay shares. No account, and nothing to
//! look up: the relay checks alone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::{Rng, RngExt as _};
use sha1::Sha1;
use slipstream_wire::server::{FromServer, IceServer, MAX_ICE_SERVERS};

/// For how long credentials hold, in seconds (SECURITY.md §5.4).
pub const CREDENTIALS_HOLD: u16 = 600;
/// Longest URL of a server, in bytes: what the codec lets through.
const MAX_URL: usize = 256;

/// What the operator set. Empty unless configured.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ice {
    stun: Vec<String>,
    turn: Vec<String>,
    secret: String,
}

/// Why a list of servers can't be announced. The operator is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IceError {
    /// Not `stun:`, `turn:` or `turns:` with a host, or longer than 256 bytes.
    Address,
    /// More than [`MAX_ICE_SERVERS`].
    Many,
    /// TURN servers without a secret of at least 16 bytes, which anyone could use.
    Secret,
}

impl Ice {
    /// STUN servers by `stun:` URLs, TURN servers by `turn:` or `turns:` URLs, and the secret shared with them.
    ///
    /// Errors: see [`IceError`].
    pub fn new(stun: Vec<String>, turn: Vec<String>, secret: String) -> Result<Self, IceError> {
        if stun.len() + turn.len() > MAX_ICE_SERVERS {
            return Err(IceError::Many);
        }
        let fits = |url: &String, schemes: &[&str]| {
            let host = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
            url.len() <= MAX_URL && host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        };
        if !stun.iter().all(|url| fits(url, &["stun:"]))
            || !turn.iter().all(|url| fits(url, &["turn:", "turns:"]))
        {
            return Err(IceError::Address);
        }
        if !turn.is_empty() && secret.len() < 16 {
            return Err(IceError::Secret);
        }
        Ok(Self { stun, turn, secret })
    }

    /// The announcement for one browser. `unix` is the time in seconds since 1970.
    pub(crate) fn announce(&self, unix: u64, rng: &mut impl Rng) -> FromServer {
        let stun = self.stun.iter().map(|url| IceServer {
            url: url.clone(),
            username: String::new(),
            credential: String::new(),
        });
        let username =
            format!("{}:{:016x}", unix.saturating_add(CREDENTIALS_HOLD.into()), rng.random::<u64>());
        let credential = credential(&self.secret, &username);
        let turn = self.turn.iter().map(|url| IceServer {
            url: url.clone(),
            username: username.clone(),
            credential: credential.clone(),
        });
        let seconds = if self.turn.is_empty() { 0 } else { CREDENTIALS_HOLD };
        FromServer::Ice { servers: stun.chain(turn).collect(), seconds }
    }
}

/// base64(HMAC-SHA1(secret, user name)).
fn credential(secret: &str, username: &str) -> String {
    // HMAC takes keys of any length (RFC 2104 §2), so this constructor cannot fail.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(username.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Says how many there are, and never the secret.
impl std::fmt::Debug for Ice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ice({} stun, {} turn)", self.stun.len(), self.turn.len())
    }
}

impl std::fmt::Display for IceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Address => "not the address of a STUN or TURN server",
            Self::Many => "too many STUN and TURN servers",
            Self::Secret => "TURN servers need a shared secret of 16 bytes or more",
        })
    }
}

impl std::error::Error for IceError {}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const SECRET: &str = "north-wind-and-sun";

    fn urls(urls: &[&str]) -> Vec<String> {
        urls.iter().map(ToString::to_string).collect()
    }

    /// Expected with `printf NAME | openssl dgst -sha1 -hmac SECRET -binary | base64`.
    #[test]
    fn the_credential_is_what_openssl_computes() {
        assert_eq!(credential(SECRET, "1700000600:00112233aabbccdd"), "ifpS3loksEEAFKFmQplNG5usHPA=");
    }

    #[test]
    fn an_announcement_names_stun_servers_bare_and_turn_servers_with_fresh_credentials() {
        let ice =
            Ice::new(urls(&["stun:a.example:3478"]), urls(&["turns:b.example?transport=tcp"]), SECRET.into())
                .unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let FromServer::Ice { servers, seconds: 600 } = ice.announce(1_700_000_000, &mut rng) else {
            panic!()
        };
        assert_eq!((&*servers[0].url, &*servers[0].username), ("stun:a.example:3478", ""));
        assert_eq!(servers[1].url, "turns:b.example?transport=tcp");
        let (expiry, name) = servers[1].username.split_once(':').unwrap();
        assert_eq!((expiry, name.len()), ("1700000600", 16));
        assert_eq!(servers[1].credential, credential(SECRET, &servers[1].username));
        assert_ne!(ice.announce(1_700_000_000, &mut rng), FromServer::Ice { servers, seconds: 600 });
    }

    #[test]
    fn nothing_is_announced_unless_configured() {
        let mut rng = StdRng::seed_from_u64(1);
        let nothing = FromServer::Ice { servers: Vec::new(), seconds: 0 };
        assert_eq!(Ice::default().announce(1_700_000_000, &mut rng), nothing);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let ice = |stun: &[&str], turn: &[&str], secret: &str| {
            Ice::new(urls(stun), urls(turn), secret.into()).err()
        };
        assert_eq!(ice(&["stun:"], &[], ""), Some(IceError::Address));
        assert_eq!(ice(&["turn:a.example"], &[], ""), Some(IceError::Address));
        assert_eq!(ice(&[], &["https://a.example"], SECRET), Some(IceError::Address));
        assert_eq!(ice(&[], &["turn:a.example"], "short"), Some(IceError::Secret));
        assert_eq!(ice(&["stun:a"; 9], &[], ""), Some(IceError::Many));
        let longest = format!("stun:{}", "a".repeat(252));
        assert_eq!(ice(&[&longest], &[], ""), Some(IceError::Address));
    }

    #[test]
    fn the_secret_is_in_no_debug_text() {
        let ice = Ice::new(Vec::new(), urls(&["turn:a.example"]), SECRET.into()).unwrap();
        assert_eq!(format!("{ice:?}"), "Ice(0 stun, 1 turn)");
    }
}
