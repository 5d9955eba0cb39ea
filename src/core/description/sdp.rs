//! Reading the SDP that the own browser made, and writing the SDP that it is given.

use std::fmt::Write as _;

use super::{Description, DescriptionError, Fields, Kind, MAX_MESSAGE_SIZE, MAX_SDP, MID};

/// The only SCTP port that browsers use (SECURITY.md §5.3).
const SCTP_PORT: &str = "5000";

impl Description {
    /// Reads a local description with data channels only, made as that kind. Candidates and everything else that does
    /// not travel is passed over. A larger message size than [`MAX_MESSAGE_SIZE`] is cut to it: it is the own
    /// browser's and promises more than is needed.
    ///
    /// Errors: [`DescriptionError`], all variants. Most likely causes: a media section, or a role that was rewritten.
    pub fn from_sdp(kind: Kind, sdp: &str) -> Result<Self, DescriptionError> {
        use DescriptionError as E;
        if sdp.len() > MAX_SDP {
            return Err(E::TooLong);
        }
        let section = only(sdp, "m=").ok_or(E::Section)?;
        let is_data =
            section.strip_prefix("application ").is_some_and(|rest| rest.ends_with(" webrtc-datachannel"));
        if !is_data || only(sdp, "a=mid:") != Some(MID) {
            return Err(E::Section);
        }
        if only(sdp, "a=setup:") != Some(role(kind)) {
            return Err(E::Setup);
        }
        if only(sdp, "a=sctp-port:") != Some(SCTP_PORT) {
            return Err(E::Port);
        }
        let size = only(sdp, "a=max-message-size:")
            .and_then(|size| size.parse::<u32>().ok())
            .ok_or(E::MessageSize)?;
        let fields = Fields {
            kind,
            ufrag: only(sdp, "a=ice-ufrag:").ok_or(E::Ufrag)?.to_owned(),
            pwd: only(sdp, "a=ice-pwd:").ok_or(E::Password)?.to_owned(),
            fingerprint: only(sdp, "a=fingerprint:").and_then(read_fingerprint).ok_or(E::Fingerprint)?,
            max_message_size: size.min(MAX_MESSAGE_SIZE),
        };
        fields.try_into()
    }

    /// Writes the SDP for `setRemoteDescription`, from a template with one data section and no candidates.
    pub fn to_sdp(&self) -> String {
        let Fields { kind, ufrag, pwd, fingerprint, max_message_size } = &self.0;
        let role = role(*kind);
        let mut print = String::with_capacity(3 * fingerprint.len());
        for (at, byte) in fingerprint.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(print, "{}{byte:02X}", if at == 0 { "" } else { ":" });
        }
        format!(
            "v=0\r\n\
             o=- 1 1 IN IP4 0.0.0.0\r\n\
             s=-\r\n\
             t=0 0\r\n\
             a=group:BUNDLE {MID}\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
             c=IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:{ufrag}\r\n\
             a=ice-pwd:{pwd}\r\n\
             a=ice-options:trickle\r\n\
             a=fingerprint:sha-256 {print}\r\n\
             a=setup:{role}\r\n\
             a=mid:{MID}\r\n\
             a=sctp-port:{SCTP_PORT}\r\n\
             a=max-message-size:{max_message_size}\r\n"
        )
    }
}

/// Which end of DTLS a side offers or takes (SECURITY.md §5.3).
const fn role(kind: Kind) -> &'static str {
    match kind {
        Kind::Offer => "actpass",
        Kind::Answer => "active",
    }
}

/// The rest of the only line that starts with `prefix`; nothing if there is none or more than one.
fn only<'a>(sdp: &'a str, prefix: &str) -> Option<&'a str> {
    let mut found = sdp.lines().filter_map(|line| line.strip_prefix(prefix));
    match (found.next(), found.next()) {
        (Some(rest), None) => Some(rest),
        _ => None,
    }
}

/// Reads `sha-256 AA:BB:…`; hash names are not case-sensitive (RFC 8122 §5).
fn read_fingerprint(value: &str) -> Option<[u8; 32]> {
    let (algorithm, text) = value.split_once(' ')?;
    if !algorithm.eq_ignore_ascii_case("sha-256") || text.len() != 32 * 3 - 1 {
        return None;
    }
    let mut pairs = text.split(':');
    let mut fingerprint = [0; 32];
    for byte in &mut fingerprint {
        let pair =
            pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(fingerprint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipstream_wire::codec::{self, Limits};

    use super::*;

    /// Made by Chromium 156 for one data channel, candidates gathered. (Lines end as git keeps them.)
    const OFFER: &str = include_str!("chromium_offer.sdp");
    /// Chromium's answer to what [`Description::to_sdp`] made of that offer; the channel opened.
    const ANSWER: &str = include_str!("chromium_answer.sdp");

    fn offer() -> Description {
        Description::from_sdp(Kind::Offer, OFFER).unwrap()
    }

    #[test]
    fn chromiums_offer_and_answer_come_back_from_the_template() {
        for (kind, sdp) in [(Kind::Offer, OFFER), (Kind::Answer, ANSWER)] {
            let rebuilt = Description::from_sdp(kind, sdp).unwrap().to_sdp();
            for prefix in
                ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:", "a=mid:", "a=sctp-port:"]
            {
                let line = sdp.lines().find(|line| line.starts_with(prefix)).unwrap();
                assert!(rebuilt.contains(&format!("{line}\r\n")), "{line}");
            }
            assert!(!rebuilt.contains("candidate"), "addresses travel one by one or not at all");
        }
    }

    #[test]
    fn the_template_is_what_chromium_was_seen_to_accept() {
        let expected = "v=0|o=- 1 1 IN IP4 0.0.0.0|s=-|t=0 0|a=group:BUNDLE 0|\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel|c=IN IP4 0.0.0.0|\
            a=ice-ufrag:56vC|a=ice-pwd:MxeKobYIx6zvKBabrCeYAM8a|a=ice-options:trickle|\
            a=fingerprint:sha-256 5E:7C:E8:A9:B5:13:63:53:49:40:57:46:ED:D0:E9:A9:\
            C9:70:95:16:A9:B6:A4:B0:FD:93:F8:04:A2:FE:36:5A|\
            a=setup:actpass|a=mid:0|a=sctp-port:5000|a=max-message-size:262144|";
        assert_eq!(offer().to_sdp(), expected.replace('|', "\r\n"));
    }

    #[test]
    fn each_fault_of_a_description_has_its_name() {
        use DescriptionError as E;
        for (from, to, why) in [
            ("m=application", "m=audio 9 UDP 0\nm=application", E::Section),
            ("webrtc-datachannel", "5000", E::Section),
            ("a=mid:0", "a=mid:1", E::Section),
            ("a=setup:actpass", "a=setup:passive", E::Setup),
            ("a=setup:actpass", "", E::Setup),
            ("a=sctp-port:5000", "a=sctp-port:5001", E::Port),
            ("size:262144", "size:65535", E::MessageSize),
            ("size:262144", "size:-1", E::MessageSize),
            ("a=ice-ufrag:56vC", "a=ice-ufrag:56v", E::Ufrag),
            ("a=ice-ufrag:56vC", "a=ice-ufrag:56 C", E::Ufrag),
            ("a=ice-ufrag:56vC", "a=ice-ufrag:56vC\na=ice-ufrag:56vD", E::Ufrag),
            ("a=ice-pwd:Mxe", "a=ice-pwd:", E::Password),
            ("sha-256 5E", "sha-1 5E", E::Fingerprint),
            ("sha-256 5E", "sha-256 5", E::Fingerprint),
            ("sha-256 5E", "sha-256 +E", E::Fingerprint),
            ("5E:7C", "5E-7C", E::Fingerprint),
        ] {
            let sdp = OFFER.replacen(from, to, 1);
            assert_ne!(sdp, OFFER, "{from}");
            assert_eq!(Description::from_sdp(Kind::Offer, &sdp), Err(why), "{to}");
        }
        assert_eq!(Description::from_sdp(Kind::Answer, OFFER), Err(E::Setup));
        assert_eq!(Description::from_sdp(Kind::Offer, &OFFER.repeat(40)), Err(E::TooLong));
    }

    #[test]
    fn a_promise_beyond_the_limit_is_cut_to_it() {
        let sdp = OFFER.replacen("size:262144", "size:1073741823", 1);
        assert_eq!(
            Description::from_sdp(Kind::Offer, &sdp).map(|d| d.max_message_size()),
            Ok(MAX_MESSAGE_SIZE)
        );
    }

    #[test]
    fn what_is_decoded_has_passed_the_same_checks() {
        let fields = offer().0;
        let as_sent = |fields: Fields| codec::decode::<Description>(&codec::encode(&fields), &Limits::SERVER);
        assert_eq!(as_sent(fields.clone()), Ok(offer()));
        assert!(as_sent(Fields { ufrag: "ab\r\na=x:1".to_owned(), ..fields.clone() }).is_err());
        assert!(as_sent(Fields { pwd: "short".to_owned(), ..fields.clone() }).is_err());
        assert!(as_sent(Fields { max_message_size: 1 << 20, ..fields }).is_err());
    }

    #[test]
    fn debug_shows_no_credentials() {
        assert_eq!(format!("{:?}", offer()), "Description(Offer)");
    }

    proptest! {
        #[test]
        fn a_written_description_reads_the_same(
            ufrag in "[a-zA-Z0-9+/]{4,32}", pwd in "[a-zA-Z0-9+/]{22,64}", print: [u8; 32],
            size in super::super::MIN_MESSAGE_SIZE..=MAX_MESSAGE_SIZE, answers: bool,
        ) {
            let kind = if answers { Kind::Answer } else { Kind::Offer };
            let made = Description::new(kind, &ufrag, &pwd, print, size).unwrap();
            prop_assert_eq!(Description::from_sdp(kind, &made.to_sdp()), Ok(made.clone()));
            prop_assert_eq!(codec::decode(&codec::encode(&made), &Limits::SERVER), Ok(made));
        }

        #[test]
        fn any_text_is_a_description_or_an_error(text in "(?s).{0,400}") {
            let _ = Description::from_sdp(Kind::Offer, &text);
        }

        #[test]
        fn a_damaged_offer_adds_no_line(at in 0..OFFER.len(), with in "(?s).{0,12}") {
            let mut sdp = OFFER.to_owned();
            sdp.replace_range(at..=at, &with);
            if let Ok(description) = Description::from_sdp(Kind::Offer, &sdp) {
                prop_assert_eq!(description.to_sdp().lines().count(), 15);
            }
        }
    }
}
