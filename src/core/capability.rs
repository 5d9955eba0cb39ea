//! Addresses that are themselves a permission: signed ones, and ones that nobody could guess (SECURITY.md §3.6).

use crate::address::Url;

/// Whether the address carries a signature, a token or an expiry (row E22). Names are compared without case and
/// with percent-encoding undone; a name without a value counts, too.
pub fn is_signed(url: &Url) -> bool {
    let (path, query) = split(url);
    let in_query = query.split(['&', ';']).any(|pair| is_signing_key(key_of(pair)));
    let in_path = path.split('/').any(|component| {
        decode(component).starts_with(TOKEN_BEGINNING.as_bytes())
            || component.split(';').skip(1).any(|parameter| is_signing_key(key_of(parameter)))
    });
    in_query || in_path
}

/// Whether a part of the address is so random that only somebody who was told could name it (row E31).
pub fn is_high_entropy(url: &Url) -> bool {
    let (path, query) = split(url);
    let values = query.split(['&', ';']).map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    path.split('/').chain(values).any(|component| centibits(component) > CAPABILITY_CENTIBITS)
}

/// Above so many hundredths of a bit a component is a capability.
const CAPABILITY_CENTIBITS: usize = 6_400;
/// A hexadecimal token counts from this length; shorter ones are what bundlers put into file names.
const LONG_HEX: usize = 16;
/// Random text changes between digits, lower and upper case so often; words do not.
const MANY_CHANGES: usize = 3;
/// Lengths of the groups of a UUID.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];
/// How a JSON Web Token begins.
const TOKEN_BEGINNING: &str = "eyJ";
/// Beginnings of query keys that cloud stores use in signed addresses.
const KEY_BEGINNINGS: [&str; 4] = ["x-amz-", "x-goog-", "x-oss-", "x-ms-"];
/// Query keys that mean a signature, a token or an expiry.
const KEYS: [&str; 36] = [
    "__gda__",
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "auth_key",
    "authkey",
    "authorization",
    "code",
    "e",
    "exp",
    "expires",
    "googleaccessid",
    "hash_hmac",
    "hdnea",
    "hdnts",
    "hmac",
    "jwt",
    "key",
    "key-pair-id",
    "oe",
    "oh",
    "password",
    "policy",
    "se",
    "secret",
    "session",
    "sid",
    "sig",
    "sign",
    "signature",
    "sp",
    "st",
    "sv",
    "ticket",
    "token",
];

fn split(url: &Url) -> (&str, &str) {
    let text = url.path_and_query();
    text.split_once('?').unwrap_or((text, ""))
}

fn key_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

fn is_signing_key(key: &str) -> bool {
    let key = decode(key).to_ascii_lowercase();
    KEYS.iter().any(|known| known.as_bytes() == key)
        || KEY_BEGINNINGS.iter().any(|beginning| key.starts_with(beginning.as_bytes()))
}

/// Undoes percent-encoding once; what is not well encoded stays as it is.
fn decode(text: &str) -> Vec<u8> {
    let digit = |at: usize| text.as_bytes().get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.as_bytes().get(at) {
        let pair = digit(at + 1).zip(digit(at + 2)).filter(|_| byte == b'%');
        match pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// Randomness of one component, in hundredths of a bit.
fn centibits(component: &str) -> usize {
    let tokens: usize = component.split(['.', '_', '~', '-']).map(token_centibits).sum();
    // Groups of a UUID are too short to count one by one.
    if has_uuid(component) { tokens.max(12_200) } else { tokens }
}

fn token_centibits(token: &str) -> usize {
    let any = |class: fn(&u8) -> bool| token.bytes().any(|b| class(&b));
    let (digit, lower, upper) =
        (any(u8::is_ascii_digit), any(u8::is_ascii_lowercase), any(u8::is_ascii_uppercase));
    let hex = token.bytes().all(|b| b.is_ascii_hexdigit()) && !(lower && upper);
    if !(hex && digit && token.len() >= LONG_HEX) && changes(token) < MANY_CHANGES {
        return 0;
    }
    let per_character = match (hex, lower && upper) {
        (true, _) => 400,
        (false, false) => 517,
        (false, true) => 595,
    };
    token.len() * per_character
}

/// How often a text changes between digits, lower and upper case. Other characters are passed over.
fn changes(token: &str) -> usize {
    let class = |b: u8| match b {
        b'0'..=b'9' => Some(0),
        b'a'..=b'z' => Some(1),
        b'A'..=b'Z' => Some(2),
        _ => None,
    };
    let classes: Vec<_> = token.bytes().filter_map(class).collect();
    classes.windows(2).filter(|pair| pair.first() != pair.last()).count()
}

fn has_uuid(component: &str) -> bool {
    let groups: Vec<_> = component.split(|c: char| !c.is_ascii_hexdigit() && c != '-').collect();
    let is_uuid = |run: &str| {
        let lengths: Vec<_> = run.split('-').map(str::len).collect();
        lengths.windows(UUID.len()).any(|window| window == UUID)
    };
    groups.into_iter().any(is_uuid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(rest: &str) -> Url {
        Url::parse(&format!("https://cdn.shop-demo.com/{rest}")).unwrap()
    }

    #[test]
    fn each_listed_key_signs_and_its_neighbours_do_not() {
        for key in KEYS {
            assert!(is_signed(&url(&format!("a.png?w=1&{key}=x"))), "{key}");
            assert!(is_signed(&url(&format!("a.png?{}", key.to_uppercase()))), "{key}");
            assert!(is_signed(&url(&format!("a;{key}=x/b.png"))), "{key}");
            assert!(!is_signed(&url(&format!("{key}/a.png?x{key}=1&w={key}"))), "{key}");
        }
        for beginning in KEY_BEGINNINGS {
            assert!(is_signed(&url(&format!("a.png?{beginning}date=1"))));
        }
    }

    #[test]
    fn signatures_are_found_behind_encoding_and_semicolons() {
        for rest in
            ["a?%73ig=1", "a?w=1;sig=2", "a?X-Amz-Signature=f", "eyJhbGciOi/a", "x/%65yJh.png", "a;b=1;token"]
        {
            assert!(is_signed(&url(rest)), "{rest}");
        }
        for rest in [
            "",
            "a.png",
            "a?w=100&h=50",
            "a?%7",
            "a?%zzig=1",
            "eyeJ.png",
            "sig;a=1",
            "a?design=1",
            "a?width=e",
        ] {
            assert!(!is_signed(&url(rest)), "{rest}");
        }
    }

    #[test]
    fn random_parts_are_told_from_names() {
        for rest in [
            "9f86d081884c7d659a2feaa0c55ad015/a.png",
            "a.png?id=9f86d081884c7d659",
            "a.png?9f86d081884c7d659",
            "u/550e8400-e29b-41d4-a716-446655440000.jpg",
            "u/{550E8400-E29B-41D4-A716-446655440000}.jpg",
            "dQw4w9WgXcQ8/aB3dE5fG7hJ9",
            "a1b2c3d4e5f6g/x",
            "a1b2c3d4e5f6-g7h8i9j0k1.png",
            "12345678901234567.png",
        ] {
            assert!(is_high_entropy(&url(rest)), "{rest}");
        }
        for rest in [
            "",
            "static/app.9f86d081884c7d65.js",
            "main.a1b2c3d4.js",
            "hero-image-large-2x.avif",
            "the-quick-brown-fox-jumps-over-the-lazy-dog.webp",
            "2026/11/21/1234567890.jpg",
            "iPhoneXs.png",
            "deadbeefdeadbeefdeadbeef",
            "fonts/Inter-Regular.woff2?v=4.0",
        ] {
            assert!(!is_high_entropy(&url(rest)), "{rest}");
        }
    }

    #[test]
    fn bits_are_those_of_the_alphabet() {
        assert_eq!(centibits("9f86d081884c7d65"), 6_400);
        assert_eq!(centibits("9F86D081884C7D65"), 6_400);
        assert_eq!(centibits("9f86D081884c7d65"), 16 * 595);
        assert_eq!(centibits("a1b2g"), 5 * 517);
        assert_eq!(centibits("a1b2g.a1b2g_x~y-z"), 2 * 5 * 517);
        assert_eq!(centibits("g1h2"), 4 * 517);
        assert_eq!(centibits("g1h"), 0);
        assert_eq!(centibits("550e8400-e29b-41d4-a716-446655440000"), 12_200);
    }

    proptest! {
        /// Adding a forbidding part never makes an address look harmless.
        #[test]
        fn a_longer_query_never_unsigns(rest in "[a-z0-9/]{0,20}", more in "[a-zA-Z0-9=&]{0,20}") {
            let signed = url(&format!("{rest}?sig=1&{more}"));
            prop_assert!(is_signed(&signed));
            let random = "9f86d081884c7d659a2feaa0c55ad015";
            let with_random = url(&format!("{rest}/{random}?{more}"));
            prop_assert!(is_high_entropy(&with_random));
        }

        #[test]
        fn decoding_gives_back_what_was_encoded(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let encoded: String = bytes.iter().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(decode(&encoded), bytes);
        }
    }
}
