//! Fuzz targets: for each thing that reads bytes of strangers, a function of bytes that panics when a promise breaks.
//!
//! `cargo xtask fuzz` runs them under libFuzzer. The tests run each over its small corpus, so that targets keep
//! compiling and what was found once stays found: an input that broke something is put into `corpus/TARGET/`.
//!
//! ```
//! for target in &slipstream_fuzz::TARGETS {
//!     (target.run)(b"");
//! }
//! ```

mod candidate;
mod control;
mod conversation;
mod description;
mod engine;
mod frame;
mod inflate;
mod response;
mod settings;
mod signalling;

/// One target.
pub struct Target {
    /// Its name on the command line, and of its folder in `corpus/`.
    pub name: &'static str,
    /// Longest input worth trying, in bytes.
    pub longest: usize,
    /// Panics where a promise does not hold for these bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 12] = [
    Target { name: "peer-message", longest: 4_096, run: control::peer },
    Target { name: "to-server", longest: 2_048, run: control::to_server },
    Target { name: "from-server", longest: 2_048, run: control::from_server },
    Target { name: "frame", longest: 256, run: frame::run },
    Target { name: "description", longest: 2_048, run: description::run },
    Target { name: "candidate", longest: 256, run: candidate::run },
    Target { name: "response", longest: 1_024, run: response::run },
    Target { name: "inflate", longest: 4_096, run: inflate::run },
    Target { name: "settings", longest: 4_096, run: settings::run },
    Target { name: "signalling", longest: 1_024, run: signalling::run },
    Target { name: "engine", longest: 2_048, run: engine::run },
    Target { name: "conversation", longest: 1_024, run: conversation::run },
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    /// Damaged copies that are tried of each input.
    const DAMAGED: usize = 4;

    fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.into_iter().map(|file| (file.display().to_string(), fs::read(&file).unwrap())).collect()
    }

    #[test]
    fn every_target_survives_its_corpus_and_damaged_copies_of_it() {
        for target in &TARGETS {
            let mut rng = StdRng::seed_from_u64(7);
            let inputs = corpus(target.name);
            assert!(!inputs.is_empty(), "{} has a corpus", target.name);
            for (file, bytes) in inputs {
                println!("{file}");
                assert!(bytes.len() <= target.longest, "{file} is longer than the fuzzer tries");
                (target.run)(&bytes);
                for _ in 0..DAMAGED {
                    (target.run)(&damaged(&bytes, &mut rng));
                }
            }
        }
    }

    /// With a byte changed, a piece cut out, or the end cut off.
    fn damaged(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let at = rng.random_range(0..=bytes.len());
        match rng.random_range(0..3_u8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..(at + 4).min(bytes.len()))),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.next_u32().to_le_bytes()[0];
                }
            }
        }
        bytes
    }

    #[test]
    fn names_are_told_apart_and_no_corpus_is_without_its_target() {
        let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
        assert_eq!(names.len(), TARGETS.len());
        let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap();
        let folders = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names, folders);
    }
}
