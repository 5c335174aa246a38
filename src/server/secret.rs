//! The secret of this installation, which is never in the database. The tokens of share links are derived from it, so that a
//! link can be copied again although only its digest is stored. So are the cookies that remember that a link's password was
//! given. See `docs/adr/0012-tokens-of-share-links.md`.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
};
use sha2::{Digest, Sha256};

use crate::domain::id::LinkId;

/// The file's name in the data folder.
const FILE_NAME: &str = "secret";

/// 256 bits that only this installation knows.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A random secret that lasts as long as the program runs: for tests, and for commands that make no links.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes this secret")]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The secret from a long text of the configuration. Nodes that share a database share it.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The secret in a folder, created the first time. Two programs that start at once get the same one.
    ///
    /// # Errors
    /// The folder cannot be written or the file cannot be read.
    pub fn kept_in(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        if !path.try_exists()? {
            fs::create_dir_all(folder)?;
            let text = URL_SAFE_NO_PAD.encode(Self::random().0);
            // Write to a temporary file, then link it to its name. Linking fails if the name exists, so the first program
            // wins and nobody reads half a secret.
            // Not the process id: in two containers on one folder it is the same.
            let aside = folder.join(format!("{FILE_NAME}.{}", URL_SAFE_NO_PAD.encode(Self::random().0)));
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            let linked = fs::hard_link(&aside, &path);
            fs::remove_file(&aside)?;
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let text = fs::read_to_string(&path)?;
        if text.trim().len() < 32 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} is too short", path.display())));
        }
        Ok(Self::of(text.trim()))
    }

    /// HMAC-SHA256 over a purpose and its subject. Each part is preceded by its length, so that no two inputs read alike.
    fn mac(&self, purpose: &str, about: &[&[u8]]) -> String {
        // HMAC takes keys of any length, so this never fails.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for part in std::iter::once(purpose.as_bytes()).chain(about.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// The token in the address of a share link: 256 bits.
    pub fn share_token(&self, link: LinkId) -> String {
        self.mac("share link", &[link.0.as_bytes()])
    }

    /// The digest by which a repeated request is recognized (API-1). Without the secret nobody can guess the request from it.
    pub fn request_digest(&self, parts: &[&[u8]]) -> String {
        self.mac("request", parts)
    }

    /// Encrypts a text for the database, under an id that is used for this text only. The key is derived from secret and id,
    /// so it never encrypts anything else.
    pub fn seal(&self, id: uuid::Uuid, text: &str) -> String {
        let mut sealed = text.as_bytes().to_vec();
        // Fails only for a text that is longer than the cipher allows, 256 GiB.
        let done = self.sealing(id).and_then(|key| key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed));
        if done.is_err() { String::new() } else { URL_SAFE_NO_PAD.encode(sealed) }
    }

    /// Decrypts what [`Self::seal`] returned; `None` for another secret or id, or an altered text.
    pub fn open(&self, id: uuid::Uuid, sealed: &str) -> Option<String> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let opened = self.sealing(id).ok()?.open_in_place(nonce(), Aad::empty(), &mut sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }

    fn sealing(&self, id: uuid::Uuid) -> Result<LessSafeKey, Unspecified> {
        let key = Sha256::digest(self.mac("sealed text", &[id.as_bytes()]).as_bytes());
        UnboundKey::new(&CHACHA20_POLY1305, &key).map(LessSafeKey::new)
    }

    /// The signature of a flash.
    pub fn flash_signature(&self, payload: &str) -> String {
        self.mac("said", &[payload.as_bytes()])
    }

    /// The value of the cookie that says that the password of a link was given. It ends with that password.
    pub fn unlock_value(&self, link: LinkId, password_hash: &str) -> String {
        self.mac("opened link", &[link.0.as_bytes(), password_hash.as_bytes()])
    }
}

/// A constant is safe, as every key encrypts one text only.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_1_what_is_sealed_is_read_with_the_same_secret_and_id_only() {
        let (secret, other) = (Secret::random(), Secret::random());
        let (id, another) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
        let sealed = secret.seal(id, "the secret of a key: ä");
        assert!(!sealed.is_empty() && !sealed.contains("secret"));
        assert_eq!(secret.open(id, &sealed).as_deref(), Some("the secret of a key: ä"));
        assert_eq!(secret.open(another, &sealed), None);
        assert_eq!(other.open(id, &sealed), None);
        assert_eq!(secret.open(id, &sealed[1..]), None);
        assert_ne!(secret.request_digest(&[b"a", b"b"]), secret.request_digest(&[b"ab"]));
        assert_ne!(secret.request_digest(&[b"a"]), other.request_digest(&[b"a"]));
    }

    #[test]
    fn attack_23_a_token_has_256_bits_and_is_of_one_link_and_one_installation() {
        let (one, other) = (Secret::of("a long text that nobody else knows"), Secret::of("another one"));
        let (a, b) = (LinkId(uuid::Uuid::from_u128(1)), LinkId(uuid::Uuid::from_u128(2)));
        let token = one.share_token(a);
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).map(|bytes| bytes.len()), Ok(32));
        assert_eq!(token, one.share_token(a));
        assert!(token != one.share_token(b) && token != other.share_token(a) && token != one.unlock_value(a, ""));
        assert!(one.unlock_value(a, "x") != one.unlock_value(a, "y"));
        assert_eq!(format!("{one:?}"), "Secret(…)");
    }

    #[test]
    fn the_secret_is_made_once_and_readable_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("data");
        let first = Secret::kept_in(&inside).expect("made");
        assert_eq!(Secret::kept_in(&inside).expect("read").0, first.0);
        let names: Vec<_> =
            fs::read_dir(&inside).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
        assert_eq!(names, [FILE_NAME]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(inside.join(FILE_NAME)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(inside.join(FILE_NAME), "short").expect("written");
        assert!(Secret::kept_in(&inside).is_err());
    }
}
