//! Mail (MAIL-1): what becomes of it, when it is tried again, and names that stay names in it (attack 26).

use super::time::Timestamp;

/// What became of a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailState {
    /// To be sent, now or later.
    Waiting,
    /// The mail server took it.
    Sent,
    /// Given up.
    Failed,
}

words! {
    MailState
    Waiting => "waiting", "Waiting";
    Sent => "sent", "Sent";
    Failed => "failed", "Could not be delivered";
}

const MINUTE: i64 = 60_000;

/// The least time between two mails to somebody about the same thing.
pub const SAME_TOPIC_INTERVAL_MILLIS: i64 = 5 * MINUTE;

/// When a mail may be sent, given when the last one about the same thing was written. A mail that waits is replaced by the
/// next one, so that several changes of mind lead to one mail.
pub const fn not_before(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match last {
        // A clock that was set back does not hold a mail up.
        Some(last) if last.0 <= now.0 && now.0 < last.0 + SAME_TOPIC_INTERVAL_MILLIS => {
            Timestamp(last.0 + SAME_TOPIC_INTERVAL_MILLIS)
        }
        _ => now,
    }
}

/// The longest time between two tries: six hours.
const MAX_RETRY_DELAY_MILLIS: i64 = 6 * 60 * MINUTE;

/// How often a mail is tried before it is given up: with [`next_attempt_at`], for about three days.
pub const MAX_ATTEMPTS: i64 = 20;

/// When a mail is retried after its `tries`-th attempt failed for a temporary reason. `None` to give it up.
///
/// The delay is a minute at first and doubles up to six hours. `chance` (any number) adds up to a tenth, so that mails which
/// failed together are not retried together.
pub fn next_attempt_at(tries: i64, chance: u128, now: Timestamp) -> Option<Timestamp> {
    if tries >= MAX_ATTEMPTS {
        return None;
    }
    let doublings = u32::try_from(tries - 1).unwrap_or(0).min(16);
    let wait = (MINUTE << doublings).min(MAX_RETRY_DELAY_MILLIS);
    let more = i64::try_from(chance % 1_000).unwrap_or(0) * wait / 10_000;
    Some(now.plus_millis(wait + more))
}

/// The longest name in a letter, in characters.
const MAX_NAME_LENGTH: usize = 120;
/// The longest line of what somebody wrote, in characters, and how many lines of it a letter has.
const MAX_LINE_LENGTH: usize = 2_000;
const MAX_LINES: usize = 100;

/// A name that somebody chose, as it stands in a letter: one line without invisible characters that could turn the text
/// around, and nothing in it that a mail program would make a link of.
pub fn inert(name: &str) -> String {
    inert_line(name, MAX_NAME_LENGTH)
}

/// What somebody wrote, as it stands in a letter: its lines, each as inert as a name, without blank ones.
pub fn inert_text(text: &str) -> Vec<String> {
    text.lines().map(|line| inert_line(line, MAX_LINE_LENGTH)).filter(|line| !line.is_empty()).take(MAX_LINES).collect()
}

fn inert_line(text: &str, longest: usize) -> String {
    let plain = one_line(text);
    let plain: Vec<char> = if plain.chars().count() > longest {
        plain.chars().take(longest - 1).chain(['…']).collect()
    } else {
        plain.chars().collect()
    };
    let mut out = String::with_capacity(plain.len());
    for (at, c) in plain.iter().enumerate() {
        out.push(*c);
        let letter = |other: Option<&char>| other.is_some_and(|other| other.is_alphanumeric());
        let (before, after) = (at.checked_sub(1).and_then(|at| plain.get(at)), plain.get(at + 1));
        let inside = matches!(c, '.' | ':' | '@') && letter(before) && letter(after);
        // Mail programs turn text like www.example.com into links. A zero-width space prevents that.
        if inside || (*c == ':' && after == Some(&'/')) {
            out.push('\u{200B}');
        }
    }
    out
}

/// A text as one line: every control and every invisible mark of direction is left out, blanks are one blank.
pub fn one_line(text: &str) -> String {
    let visible: String =
        text.chars().map(|c| if is_break(c) { ' ' } else { c }).filter(|c| !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The reply of the mail server, as it is stored: one short line without links. A server may quote the mail, and with it a
/// secret link.
pub fn reason(text: &str) -> String {
    let words = one_line(text);
    let words =
        words.split(' ').map(|word| if word.contains("://") || word.contains("token=") { "[link]" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

const fn is_break(c: char) -> bool {
    c.is_ascii_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mail_1_letters_about_the_same_thing_keep_a_distance() {
        let at = Timestamp(1_000_000_000);
        assert_eq!(not_before(None, at), at);
        assert_eq!(not_before(Some(at), at), at.plus_millis(SAME_TOPIC_INTERVAL_MILLIS));
        assert_eq!(
            not_before(Some(at), at.plus_millis(SAME_TOPIC_INTERVAL_MILLIS - 1)),
            at.plus_millis(SAME_TOPIC_INTERVAL_MILLIS)
        );
        assert_eq!(
            not_before(Some(at), at.plus_millis(SAME_TOPIC_INTERVAL_MILLIS)),
            at.plus_millis(SAME_TOPIC_INTERVAL_MILLIS)
        );
        assert_eq!(not_before(Some(at.plus_millis(1)), at), at, "a clock that went back holds nothing up");
    }

    #[test]
    fn mail_1_it_is_tried_for_about_three_days() {
        let mut at = Timestamp(0);
        let mut tries = 0;
        while let Some(next) = next_attempt_at(tries + 1, 0, at) {
            (at, tries) = (next, tries + 1);
        }
        let hours = at.0 / (60 * MINUTE);
        assert!((60..=80).contains(&hours), "{hours} hours");
        assert_eq!(tries + 1, MAX_ATTEMPTS);
        assert_eq!(next_attempt_at(1, 0, Timestamp(0)), Some(Timestamp(MINUTE)));
        assert_eq!(next_attempt_at(MAX_ATTEMPTS - 1, 0, Timestamp(0)), Some(Timestamp(MAX_RETRY_DELAY_MILLIS)));
    }

    proptest! {
        #[test]
        fn mail_1_whatever_the_chance_waiting_gets_longer_and_outlasts_an_hour(chances in prop::collection::vec(any::<u128>(), 19)) {
            let mut at = Timestamp(0);
            let mut before = 0;
            for (tries, chance) in (1..MAX_ATTEMPTS).zip(chances) {
                let next = next_attempt_at(tries, chance, at).expect("not given up yet");
                let wait = next.0 - at.0;
                prop_assert!((MINUTE..=MAX_RETRY_DELAY_MILLIS * 11 / 10).contains(&wait));
                // Twice as long is more than a tenth: only at the longest may chance make it shorter.
                prop_assert!(wait >= before || wait >= MAX_RETRY_DELAY_MILLIS);
                (at, before) = (next, wait);
            }
            prop_assert!(at.0 > 24 * 60 * MINUTE);
        }

        #[test]
        fn attack_26_whatever_the_name_it_is_one_line(name in ".{0,300}") {
            let name = inert(&name);
            let broken = name.contains(['\r', '\n', '\u{2028}', '\u{202E}', '\u{0}']) || name.contains("://");
            prop_assert!(!broken, "{name:?}");
        }
    }

    #[test]
    fn attack_26_names_stay_names() {
        for (name, stays) in [
            ("Alpine Survey AG", "Alpine Survey AG"),
            ("Ben & Jerry's <b>bold</b>", "Ben & Jerry's <b>bold</b>"),
            ("J. R. Müller-Lüdenscheidt", "J. R. Müller-Lüdenscheidt"),
            ("نقشه‌برداری", "نقشه‌برداری"),
            ("👩\u{200D}🚀 Crew", "👩\u{200D}🚀 Crew"),
            ("Alpine\r\nBcc: eve@example.com", "Alpine Bcc: eve@\u{200B}example.\u{200B}com"),
            ("\u{202E}gnp.exe\u{202C}", "gnp.\u{200B}exe"),
            ("https://evil.example/x", "https:\u{200B}//evil.\u{200B}example/x"),
            ("  a \t  b\u{0}\u{2028}c ", "a b c"),
        ] {
            assert_eq!(inert(name), stays, "{name:?}");
        }
        assert_eq!(inert(&"x".repeat(500)).chars().count(), MAX_NAME_LENGTH);
        assert_eq!(inert_text("One.\n\n  see www.evil.example\n"), ["One.", "see www.\u{200B}evil.\u{200B}example"]);
    }

    #[test]
    fn mail_1_what_the_server_said_is_kept_without_links() {
        let said = "554 5.7.1\r\nfound https://hold.example.com/reset?token=secret in it";
        assert_eq!(reason(said), "554 5.7.1 found [link] in it");
        assert_eq!(reason(&"x".repeat(1_000)).len(), 300);
    }
}
