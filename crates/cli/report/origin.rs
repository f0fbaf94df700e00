//! Where the numbers come from, so that they can be had again.

use std::fmt::Write as _;

use levyscape_analyzer::study::Study;
use maud::{Markup, html};
use sha2::{Digest, Sha256};

/// What the study itself does not know of its origin.
pub struct Origin<'a> {
    /// The bytes of the `scenario.toml` that the run writes.
    pub scenario: &'a str,
    /// The command that began the run, without the options that change no number; `None` where it is not known.
    pub command: Option<&'a str>,
}

impl Origin<'_> {
    /// The SHA-256 of the scenario as run.
    pub fn hash(&self) -> String {
        Sha256::digest(self.scenario).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Version, seed and the beginning of the hash: for captions.
    pub fn short(&self, study: &Study) -> String {
        format!("{}, scenario {}", version_and_seed(study), &self.hash()[..12])
    }

    /// Everything that it takes, in one line.
    pub fn line(&self, study: &Study) -> String {
        let mut line = format!("{}, scenario.toml sha256:{}", version_and_seed(study), self.hash());
        if let Some(command) = self.command {
            let _ = write!(line, ", {command}");
        }
        line
    }

    /// The line in the page, and the button that copies it.
    pub fn markup(&self, study: &Study, id: &str) -> Markup {
        html! {
            p.origin {
                code #(id) { (self.line(study)) }
                " " button.copy type="button" hidden data-copy=(id) { "Copy" }
            }
        }
    }
}

fn version_and_seed(study: &Study) -> String {
    let version = &study.summary.levyscape;
    let seed = &study.summary.scenario["ensemble"]["seed"];
    if seed.is_null() { format!("levyscape {version}") } else { format!("levyscape {version}, seed {seed}") }
}

/// What a browser compares a script with: the Base64 text (RFC 4648) of its SHA-256.
pub fn script_hash(script: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in Sha256::digest(script).chunks(3) {
        let bits =
            chunk.iter().chain(&[0, 0]).take(3).fold(0, |bits: u32, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[letter as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_standard_ones() {
        // FIPS 180-4, and the same as `openssl dgst -sha256 -binary | base64` gives.
        let origin = Origin { scenario: "abc", command: None };
        assert_eq!(origin.hash(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(script_hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
}
