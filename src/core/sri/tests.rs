use proptest::prelude::*;

use super::*;

const BODY: &[u8] = b"abc";
const ABC_256: &str = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

/// Base64 by the book: three bytes, four digits, and padding.
fn encode(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0, |sum, i| sum << 8 | usize::from(*chunk.get(i).unwrap_or(&0)));
        for place in 0..4 {
            let digit = alphabet[group >> (18 - 6 * place) & 63];
            out.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

fn token(algorithm: &str, body: &[u8]) -> String {
    let digest = match algorithm {
        "sha256" => Sha256::digest(body).to_vec(),
        "sha384" => Sha384::digest(body).to_vec(),
        _ => Sha512::digest(body).to_vec(),
    };
    format!("{algorithm}-{}", encode(&digest))
}

/// "Do bytes match metadataList?" of the SRI specification, with texts, as it is written there.
fn specification_accepts(attribute: &str, body: &[u8]) -> bool {
    let known = ["sha256", "sha384", "sha512"];
    let parsed: Vec<(usize, String)> = attribute
        .split(|c: char| c.is_ascii_whitespace())
        .filter_map(|token| {
            let (algorithm, value) = token.split('?').next()?.split_once('-')?;
            let strength = known.iter().position(|name| *name == algorithm.to_ascii_lowercase())?;
            Some((strength, value.to_owned()))
        })
        .collect();
    let Some(strongest) = parsed.iter().map(|(strength, _)| *strength).max() else {
        return true;
    };
    let actual = token(known[strongest], body);
    parsed
        .iter()
        .any(|(strength, value)| *strength == strongest && actual.split_once('-').unwrap().1 == value)
}

#[test]
fn the_known_digest_is_read_and_matches_its_body_alone() {
    let integrity = Integrity::parse(ABC_256).unwrap();
    assert!(integrity.matches(BODY));
    assert!(!integrity.matches(b"abd") && !integrity.matches(b""));
    assert_eq!(integrity.content_ids(), [crate::body::Verified::captured(BODY.to_vec()).id()]);
}

#[test]
fn only_the_strongest_algorithm_counts_and_any_of_its_digests_does() {
    let (right, wrong) = (|a| token(a, BODY), |a| token(a, b"other"));
    for (attribute, accepted) in [
        (format!("{} {}", right("sha256"), wrong("sha384")), false),
        (format!("{} {}", wrong("sha256"), right("sha384")), true),
        (format!("{} {}", right("sha384"), wrong("sha512")), false),
        (format!("{} {} {}", wrong("sha512"), right("sha512"), wrong("sha384")), true),
        (format!("\t{}\n\x0c {}\r", wrong("sha256"), right("sha256")), true),
        (format!("{}?ct=text/javascript", right("sha512")), true),
        (format!("md5-x sha1-y foo {}", right("sha384")), true),
    ] {
        let integrity = Integrity::parse(&attribute).unwrap();
        assert_eq!(integrity.matches(BODY), accepted, "{attribute}");
        assert_eq!(specification_accepts(&attribute, BODY), accepted, "{attribute}");
    }
    let both = format!("{} {}", right("sha256"), wrong("sha256"));
    assert_eq!(Integrity::parse(&both).unwrap().content_ids().len(), 2);
    assert!(Integrity::parse(&right("sha384")).unwrap().content_ids().is_empty());
    assert!(Integrity::parse(&right("sha512")).unwrap().content_ids().is_empty());
}

#[test]
fn anything_odd_voids_the_whole_attribute() {
    let good = token("sha512", BODY);
    for odd in [
        "sha256",
        "sha256-",
        "sha384-AAAA",
        "SHA256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1=",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa==",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=A",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAF\u{e4}0=",
        "sha512-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "ed25519-JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=",
        "Ed25519-x",
    ] {
        assert_eq!(Integrity::parse(&format!("{good} {odd}")), None, "{odd}");
    }
}

#[test]
fn nothing_named_or_too_much_named_is_no_source() {
    assert_eq!(Integrity::parse(""), None);
    assert_eq!(Integrity::parse(" \n"), None);
    assert_eq!(Integrity::parse("md5-kAFQmDzST7DWlj99KOF/cg== ?x"), None);
    let many = |n: usize| vec![ABC_256; n].join(" ");
    assert!(Integrity::parse(&many(MAX_DIGESTS)).is_some());
    assert_eq!(Integrity::parse(&many(MAX_DIGESTS + 1)), None);
    let padded = |n: usize| format!("{ABC_256}{}", " ".repeat(n - ABC_256.len()));
    assert!(Integrity::parse(&padded(MAX_ATTRIBUTE)).is_some());
    assert_eq!(Integrity::parse(&padded(MAX_ATTRIBUTE + 1)), None);
}

/// Tokens near the border between right and wrong.
fn piece() -> impl Strategy<Value = String> {
    let algorithm = prop_oneof![Just("sha256"), Just("sha384"), Just("sha512")];
    let body = prop_oneof![3 => Just(BODY), 1 => Just(&b"other"[..])];
    let good = (algorithm, body).prop_map(|(algorithm, body)| token(algorithm, body));
    let spoilt = (good.clone(), any::<prop::sample::Index>(), any::<char>()).prop_map(|(token, at, new)| {
        let at = at.index(token.len());
        token.char_indices().map(|(i, old)| if i == at { new } else { old }).collect()
    });
    let option = good.clone().prop_map(|token| format!("{token}?x"));
    prop_oneof![6 => good, 2 => spoilt, 1 => option, 1 => "[a-zA-Z0-9?=-]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Where there is a source at all, it says what the specification says: nothing that a browser would block is
    /// accepted, and nothing that it would run is refused.
    #[test]
    fn a_source_agrees_with_the_specification(pieces in proptest::collection::vec(piece(), 0..4), space in "[ \\t\\n\\f\\r]{1,2}") {
        let attribute = pieces.join(&space);
        if let Some(integrity) = Integrity::parse(&attribute) {
            prop_assert_eq!(integrity.matches(BODY), specification_accepts(&attribute, BODY), "{}", attribute);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_every_other_text_is_not(bytes: [u8; 32], at in 0..44_usize, other in 0x20..0x7f_u8) {
        let text = encode(&bytes);
        prop_assert_eq!(base64::<32>(&text), Some(bytes));
        let mut spoilt = text.into_bytes();
        spoilt[at] = other;
        let spoilt = String::from_utf8(spoilt).unwrap();
        if let Some(read) = base64::<32>(&spoilt) {
            prop_assert_eq!(encode(&read), spoilt);
        }
    }

    #[test]
    fn all_three_lengths_come_back(long in proptest::collection::vec(any::<u8>(), 64)) {
        prop_assert_eq!(base64::<64>(&encode(&long)).map(Vec::from), Some(long.clone()));
        prop_assert_eq!(base64::<48>(&encode(&long[..48])).map(Vec::from), Some(long[..48].to_vec()));
    }
}
