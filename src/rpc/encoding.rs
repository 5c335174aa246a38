//! How values travel from the server to the browser: as postcard, behind the mark of the build.
//!
//! Postcard does not name fields, so code of another version could read wrong values without noticing. Therefore
//! everything that is encoded begins with [`MARK`], and a browser whose code is older than the server decodes nothing. To
//! whoever asked, this is a [`Failure::Transport`](super::Failure::Transport), which says to reload the page.
//!
//! # Invariants
//! - The type of a value decides how it is decoded, never the value: serde's `untagged`, `flatten` and
//!   `skip_serializing_if` do not work here (asserted in `tests/it/architecture.rs`).

use leptos::{
    server::codee,
    server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post},
};
use serde::{Serialize, de::DeserializeOwned};

/// The mark of the build, which `build.rs` computes from the sources that decide how values are encoded.
pub const MARK: &str = env!("BUILD_MARK");

/// The encoding of every response of a server function.
pub type Postcard = Post<PostcardEncoding>;

/// The encoding of single values. Responses of server functions and the data that comes with a page share it, so that the
/// browser needs one decoder per type instead of two.
pub struct PostcardEncoding;

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("encoded by another build")]
    OtherBuild,
    #[error(transparent)]
    Malformed(#[from] postcard::Error),
}

/// Encodes a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(value, MARK.as_bytes().to_vec())
}

/// Decodes what [`encode`] of the same build has encoded.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let value = bytes.strip_prefix(MARK.as_bytes()).ok_or(DecodeError::OtherBuild)?;
    Ok(postcard::from_bytes(value)?)
}

impl ContentType for PostcardEncoding {
    const CONTENT_TYPE: &'static str = "application/x-postcard";
}

impl FormatType for PostcardEncoding {
    const FORMAT_TYPE: Format = Format::Binary;
}

impl<T: Serialize> Encodes<T> for PostcardEncoding {
    type Error = postcard::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        encode(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for PostcardEncoding {
    type Error = DecodeError;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        decode(&bytes)
    }
}

impl<T: Serialize> codee::Encoder<T> for PostcardEncoding {
    type Error = postcard::Error;
    type Encoded = Vec<u8>;

    fn encode(value: &T) -> Result<Self::Encoded, Self::Error> {
        encode(value)
    }
}

impl<T: DeserializeOwned> codee::Decoder<T> for PostcardEncoding {
    type Error = DecodeError;
    type Encoded = [u8];

    fn decode(bytes: &Self::Encoded) -> Result<T, Self::Error> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use leptos::server_fn::error::FromServerFnError;
    use uuid::Uuid;

    use super::{
        super::{Done, Failure},
        *,
    };
    use crate::domain::{id::PersonId, refusal::Refusal, role::Role, time::Timestamp};

    #[test]
    fn what_is_encoded_is_decoded_as_it_was() {
        let value = (
            PersonId(Uuid::from_u128(7)),
            [Some(Role::Owner), None],
            Timestamp(-1),
            Done { to: "/".to_owned(), toast: "Änna".to_owned(), undo: None },
            Err::<(), _>(Failure::Refused(Refusal::SignedInAs("John".to_owned()))),
        );
        assert_eq!(decode(&encode(&value).unwrap()), Ok(value));
    }

    #[test]
    fn the_mark_is_sixteen_digits() {
        assert!(MARK.len() == 16 && MARK.bytes().all(|byte| byte.is_ascii_hexdigit()), "{MARK}");
    }

    #[test]
    fn nothing_that_another_build_has_encoded_is_decoded() {
        let mut bytes = encode(&Failure::Refused(Refusal::NotFound)).unwrap();
        assert_eq!(Failure::de(bytes.clone().into()), Failure::Refused(Refusal::NotFound));
        bytes[0] ^= 1;
        assert_eq!(decode::<Failure>(&bytes), Err(DecodeError::OtherBuild));
        assert!(matches!(Failure::de(bytes.into()), Failure::Transport(_)), "the page says to reload it");
        // As an answer without the mark, for example an error page of a proxy.
        for other in [b"".as_slice(), b"<!DOCTYPE html>", &MARK.as_bytes()[1..]] {
            assert_eq!(decode::<Vec<u8>>(other), Err(DecodeError::OtherBuild));
        }
    }

    #[test]
    fn what_was_cut_short_is_malformed() {
        let bytes = encode(&("Gotthard", vec![1_u64, 300])).unwrap();
        for end in MARK.len()..bytes.len() {
            let cut = decode::<(String, Vec<u64>)>(&bytes[..end]);
            assert!(matches!(cut, Err(DecodeError::Malformed(_))), "{end}: {cut:?}");
        }
    }
}
