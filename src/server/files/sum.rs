//! Checksums of bytes as they arrive. Between two requests their state is in the row of the upload, so that nothing is read twice.

use sha2::{Digest, Sha256, digest::common::hazmat::SerializableState};

use crate::domain::file::Media;

/// What is known of the bytes so far, as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SumState {
    /// The state of SHA-256, in hexadecimal.
    pub hash_state: String,
    pub crc32: u32,
    /// The first bytes, in hexadecimal.
    pub head: String,
}

/// The checksums of all bytes of a file.
#[derive(Clone, Debug)]
pub struct RunningSum {
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    head: Vec<u8>,
}

/// The checksums of a complete file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PieceSum {
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    pub crc32: u32,
    /// What the file is by its first bytes.
    pub media: Media,
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

impl Default for RunningSum {
    fn default() -> Self {
        Self { sha256: Sha256::new(), crc32: crc32fast::Hasher::new(), head: Vec::new() }
    }
}

impl RunningSum {
    /// Goes on from a stored state; `None` if it is none.
    pub fn from_state(state: &SumState) -> Option<Self> {
        let bytes = unhex(&state.hash_state)?;
        let sha256 = Sha256::deserialize(&bytes.as_slice().try_into().ok()?).ok()?;
        Some(Self { sha256, crc32: crc32fast::Hasher::new_with_initial(state.crc32), head: unhex(&state.head)? })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        let missing = Media::HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
    }

    /// What is to be stored.
    pub fn state(&self) -> SumState {
        SumState {
            hash_state: hex(&self.sha256.serialize()),
            crc32: self.crc32.clone().finalize(),
            head: hex(&self.head),
        }
    }

    /// The checksums of everything so far.
    pub fn sum(&self) -> PieceSum {
        PieceSum {
            sha256: hex(&self.sha256.clone().finalize()),
            crc32: self.crc32.clone().finalize(),
            media: Media::sniff(&self.head),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn file_3_the_checksums_are_those_that_everybody_computes() {
        let mut sum = RunningSum::default();
        assert_eq!(sum.sum().sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        sum.update(b"123456789");
        assert_eq!(sum.sum().crc32, 0xCBF4_3926);
        assert_eq!(sum.sum().sha256, crate::server::context::digest(b"123456789"));
        assert_eq!(
            RunningSum::from_state(&SumState { hash_state: "00".to_owned(), crc32: 0, head: String::new() })
                .map(|_| ()),
            None
        );
    }

    proptest! {
        #[test]
        fn file_3_a_sum_goes_on_where_it_was_left(
            bytes in proptest::collection::vec(any::<u8>(), 0..400), cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..5),
        ) {
            let mut whole = RunningSum::default();
            whole.update(&bytes);
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
            at.sort_unstable();
            let mut state = RunningSum::default().state();
            for pair in at.windows(2) {
                let mut sum = RunningSum::from_state(&state).expect("a state");
                sum.update(&bytes[pair[0]..pair[1]]);
                state = sum.state();
            }
            prop_assert_eq!(RunningSum::from_state(&state).expect("a state").sum(), whole.sum());
        }
    }
}
