//! STUN and TURN servers that the introduction server announces, with credentials that hold for minutes.
//!
//! They are asked for only where introductions may leave the local network: nobody else needs to hear of this browser.

use slipstream_wire::server::{IceServer as Wire, MAX_ICE_SERVERS, ToServer};

use super::Engine;
use crate::settings::{IceServer, Path};

/// Credentials that end so soon are not begun with, in ms.
const NEARLY_OVER_MS: u64 = 60_000;

/// What was announced last.
#[derive(Default)]
pub(super) struct Announced {
    asked: bool,
    servers: Vec<IceServer>,
    /// When the credentials end, in the engine's milliseconds; nothing for servers that need none.
    until: Option<u64>,
}

impl Engine {
    /// Asks, unless what is known will do.
    pub(super) fn ask_for_relays(&mut self) {
        let announced = &self.meeting.announced;
        let over = announced.until.is_some_and(|until| self.now.ms + NEARLY_OVER_MS >= until);
        let known = announced.asked && !over;
        if self.settings.ice.path() != Path::Lan && !known && self.meeting.is_greeted() {
            self.meeting.announced.asked = true;
            // Until the answer is there, the old ones are as good as any.
            self.meeting.announced.until = None;
            self.say(&ToServer::Ice);
        }
    }

    pub(super) fn relays_announced(&mut self, servers: Vec<Wire>, seconds: u16) {
        let schemes = ["stun:", "turn:", "turns:"];
        let usable = |server: &Wire| schemes.iter().any(|scheme| server.url.starts_with(scheme));
        let word = |word: String| (!word.is_empty()).then_some(word);
        let servers = servers.into_iter().filter(usable).take(MAX_ICE_SERVERS).map(|server| IceServer {
            urls: vec![server.url],
            username: word(server.username),
            credential: word(server.credential),
        });
        self.meeting.announced.servers = servers.collect();
        self.meeting.announced.until = (seconds > 0).then(|| self.now.ms + u64::from(seconds) * 1_000);
    }

    /// The user's own, and those announced; none for who stays on its own network.
    pub(super) fn relays(&self) -> Vec<IceServer> {
        self.servers().cloned().collect()
    }

    /// Whether one of them passes on what others send.
    pub(super) fn knows_relay(&self) -> bool {
        self.servers().any(|server| server.urls.iter().any(|url| url.starts_with("turn")))
    }

    fn servers(&self) -> impl Iterator<Item = &IceServer> {
        let all = self.settings.ice.servers.iter().chain(&self.meeting.announced.servers);
        all.filter(|_| self.settings.ice.path() != Path::Lan)
    }
}
