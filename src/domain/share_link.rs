//! Share links (LINK-1): what each can still do, how many there may be, and how long one works.

use serde::{Deserialize, Serialize};

use super::{
    access::{Act, Level, may_act},
    refusal::Refusal,
    resource::Kind,
    restriction::Restrictions,
    text::{FieldIssue, opaque},
    time::{Day, Timestamp},
};

/// The most links of one resource that work at a time.
pub const MAX_LINKS: u64 = 20;

/// The longest that a link may be made to work, in days: ten years.
pub const MAX_LINK_DAYS: i64 = 3_653;

/// What was done with a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareLinkState {
    Active,
    /// Somebody switched it off.
    Revoked,
    /// A transfer stopped it (XFER-13).
    Moved,
}

words! {
    ShareLinkState
    Active => "active";
    Revoked => "revoked";
    Moved => "moved";
}

/// What a link does now. The order of lists: what works first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// It shows the resource.
    On,
    /// It is too old. Whoever opens it gets the same answer as for a link that never existed.
    Expired,
    /// A transfer stopped it; who opens it learns that the resource has moved.
    Moved,
    /// Somebody switched it off. Whoever opens it gets the same answer as for a link that never existed.
    Revoked,
}

words! {
    LinkStatus
    On => "on";
    Expired => "expired";
    Moved => "moved";
    Revoked => "revoked";
}

impl LinkStatus {
    /// Of a link in this state that works until a moment, if there is an end to it.
    pub fn of(state: ShareLinkState, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        let expired = expires_at.is_some_and(|end| now >= end);
        match state {
            ShareLinkState::Revoked => Self::Revoked,
            ShareLinkState::Active | ShareLinkState::Moved if expired => Self::Expired,
            ShareLinkState::Active => Self::On,
            ShareLinkState::Moved => Self::Moved,
        }
    }
}

/// The password of a link: 8 to 128 characters, [`opaque`], never trimmed. Shorter than a person's own, as it is told to others; how
/// often one may guess is limited.
#[derive(Clone)]
pub struct LinkPassword(String);

impl LinkPassword {
    /// Reads the password of a new link; `None` for a link without one.
    ///
    /// # Errors
    /// Fewer than 8 or more than 128 characters.
    pub fn parse(text: &str) -> Result<Option<Self>, FieldIssue> {
        let text = opaque(text);
        match text.chars().count() {
            0 => Ok(None),
            1..8 => Err(FieldIssue::TooShort(8)),
            8..=128 => Ok(Some(Self(text.into_owned()))),
            _ => Err(FieldIssue::TooLong(128)),
        }
    }

    /// The password itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for LinkPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkPassword(…)")
    }
}

/// Reads until when a new link works: a moment, or a day, which counts to its end. `None`: without end.
///
/// # Errors
/// Neither, not in the future, or more than ten years away.
pub fn expiry(text: &str, now: Timestamp) -> Result<Option<Timestamp>, FieldIssue> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let end = match Day::parse_iso(text) {
        Some(day) => Day(day.0 + 1).start(),
        None => Timestamp::parse_rfc3339(text).ok_or(FieldIssue::NotAMoment)?,
    };
    if end <= now || end > now.plus_days(MAX_LINK_DAYS) { Err(FieldIssue::NotSoonEnough) } else { Ok(Some(end)) }
}

/// LINK-1: whether there may be a link to something of this kind. A link shows one resource and what is below it, never
/// everything an account has.
///
/// # Errors
/// `BadRequest` for the Drive itself, saying what to do.
pub fn may_link(kind: Kind) -> Result<(), Refusal> {
    match kind {
        Kind::Root => Err(Refusal::BadRequest(
            "The whole Drive cannot be shared by a link. Share a folder, a site, an asset or a dataset in it."
                .to_owned(),
        )),
        Kind::Folder | Kind::Site | Kind::Asset | Kind::Dataset => Ok(()),
    }
}

/// What somebody with a link may do with what it shows: look, and take it, as a Reader does, as far as nothing on the way up restricts
/// that (POL-1).
///
/// # Errors
/// `Forbidden`, naming the restriction; `NotFound` for everything that changes something.
pub fn may_visit(act: Act, restrictions: Restrictions) -> Result<(), Refusal> {
    match act {
        Act::View | Act::Download => may_act(act, Level::Reader, restrictions),
        _ => Err(Refusal::NotFound),
    }
}

/// Whether one more link may be made, where so many work.
///
/// # Errors
/// `BadRequest`, saying what to do.
pub fn may_add(active: u64) -> Result<(), Refusal> {
    if active < MAX_LINKS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!("This already has {MAX_LINKS} links. Revoke one that you no longer need.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_287_903_007);

    #[test]
    fn link_1_what_a_link_does_follows_from_its_state_and_its_end() {
        let (past, future) = (Some(NOW), Some(NOW.plus_millis(1)));
        for (state, end, standing) in [
            (ShareLinkState::Active, None, LinkStatus::On),
            (ShareLinkState::Active, future, LinkStatus::On),
            (ShareLinkState::Active, past, LinkStatus::Expired),
            (ShareLinkState::Moved, None, LinkStatus::Moved),
            (ShareLinkState::Moved, past, LinkStatus::Expired),
            (ShareLinkState::Revoked, None, LinkStatus::Revoked),
            (ShareLinkState::Revoked, past, LinkStatus::Revoked),
        ] {
            assert_eq!(LinkStatus::of(state, end, NOW), standing, "{state:?} {end:?}");
            assert_eq!(ShareLinkState::parse(state.as_str()), Ok(state));
        }
        assert_eq!(ShareLinkState::parse("on"), Err(FieldIssue::NotAChoice));
    }

    #[test]
    fn link_1_a_password_has_8_to_128_characters() {
        assert!(LinkPassword::parse("").is_ok_and(|none| none.is_none()));
        assert!(LinkPassword::parse("12345678").is_ok_and(|some| some.is_some()));
        assert_eq!(LinkPassword::parse("1234567").err(), Some(FieldIssue::TooShort(8)));
        assert_eq!(LinkPassword::parse(&"x".repeat(129)).err(), Some(FieldIssue::TooLong(128)));
        let printed = LinkPassword::parse("12345678").ok().flatten().map(|password| format!("{password:?}"));
        assert_eq!(printed.as_deref(), Some("LinkPassword(…)"));
    }

    #[test]
    fn link_1_an_end_is_in_the_next_ten_years() {
        assert_eq!(expiry(" ", NOW), Ok(None));
        // The day itself still counts.
        assert_eq!(expiry("2026-11-21", NOW), Ok(Some(Timestamp(1_795_305_600_000))));
        assert_eq!(expiry("2026-11-21T19:05:04Z", NOW), Ok(Some(Timestamp(1_795_287_904_000))));
        for (text, problem) in [
            ("2026-11-20", FieldIssue::NotSoonEnough),
            ("2026-11-21T19:05:03Z", FieldIssue::NotSoonEnough),
            ("2037-01-01", FieldIssue::NotSoonEnough),
            ("tomorrow", FieldIssue::NotAMoment),
            ("2026-11-21T25:05:04Z", FieldIssue::NotAMoment),
        ] {
            assert_eq!(expiry(text, NOW), Err(problem), "{text}");
        }
    }

    #[test]
    fn link_1_everything_but_the_drive_itself_can_have_a_link() {
        for kind in Kind::CREATABLE {
            assert_eq!(may_link(kind), Ok(()), "{kind:?}");
        }
        assert!(may_link(Kind::Root).is_err_and(|refusal| refusal.to_string().contains("Share a folder")));
    }

    #[test]
    fn link_1_pol_1_a_visitor_looks_and_takes_like_a_reader_and_changes_nothing() {
        let open = Restrictions::default();
        let closed = Restrictions { download: true, ..open };
        assert_eq!((may_visit(Act::View, closed), may_visit(Act::Download, open)), (Ok(()), Ok(())));
        assert!(may_visit(Act::Download, closed).is_err_and(|refusal| refusal.to_string().contains("restricted")));
        for act in [Act::Create, Act::Process, Act::Annotate, Act::Trash, Act::Share, Act::CopyLink] {
            assert_eq!(may_visit(act, open), Err(Refusal::NotFound), "{act:?}");
        }
    }

    #[test]
    fn link_1_there_are_so_many_links_at_most() {
        assert_eq!(may_add(MAX_LINKS - 1), Ok(()));
        assert!(matches!(may_add(MAX_LINKS), Err(Refusal::BadRequest(_))));
    }
}
