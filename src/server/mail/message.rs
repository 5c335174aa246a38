//! A mail of the outbox as it travels: headers, a text part and an HTML part.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::super::store::outbox::Claimed;

/// Makes the message of a mail. Its Message-ID is made of the mail's id, so that a mail which is sent again after a
/// crash is known to be the same.
///
/// # Errors
/// Why it can never be sent.
pub fn compose(from: &Mailbox, mail: &Claimed) -> Result<Message, String> {
    let to: Mailbox = mail.recipient.parse().map_err(|_| format!("{} is not an address.", mail.recipient))?;
    let written = UNIX_EPOCH + Duration::from_millis(u64::try_from(mail.created_at).unwrap_or(0));
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let named = from.name.as_deref().filter(|name| is_mistakable(name));
    let from_value =
        named.map_or_else(|| from.to_string(), |name| format!("{}\r\n <{}>", encoded_words(name), from.email));
    let mut message = Message::builder().from(from.clone()).to(to).subject(mail.subject.as_str());
    // Without the header a reply goes to the sender: better than a mail that never goes out.
    if let Some(reply_to) = mail.reply_to.as_deref().and_then(|address| address.parse().ok()) {
        message = message.reply_to(Mailbox::new(None, reply_to));
    }
    if named.is_some() {
        message = message.raw_header(encoded("From", from.to_string(), from_value));
    }
    if is_mistakable(&mail.subject) {
        message = message.raw_header(encoded("Subject", mail.subject.clone(), encoded_words(&mail.subject)));
    }
    message
        .date(written)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|error| format!("The message could not be created: {error}."))
}

/// Whether there is something in a text that mail programs take for encoded text (RFC 2047), and show as what it stands for. It
/// travels as it is otherwise, because it is ASCII.
fn is_mistakable(text: &str) -> bool {
    text.contains("=?")
}

/// A text as encoded words, a line each: what is in it is shown as it is, and nothing in it is decoded once more.
fn encoded_words(text: &str) -> String {
    use base64::Engine;
    let mut words: Vec<String> = Vec::new();
    let mut part = String::new();
    // Two more line breaks in a header are one header too many.
    let mut chars = text.chars().filter(|c| !c.is_control()).peekable();
    while let Some(c) = chars.next() {
        part.push(c);
        // As much as fits into a line of 76 with the header's name and the frame of the word.
        if chars.peek().is_none_or(|next| part.len() + next.len_utf8() > 39) {
            words.push(format!("=?utf-8?b?{}?=", base64::engine::general_purpose::STANDARD.encode(&part)));
            part.clear();
        }
    }
    words.join("\r\n ")
}

fn encoded(name: &'static str, raw: String, encoded: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), raw, encoded)
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::*;

    /// A header as a mail program shows it: lines joined, blanks between encoded words left out, each of them decoded once.
    fn shown(message: &str, name: &str) -> String {
        let message = message.split("\r\n\r\n").next().expect("headers").replace("\r\n ", " ");
        let headers: Vec<&str> =
            message.split("\r\n").filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect();
        assert_eq!(headers.len(), 1, "{name}: {message}");
        let (mut shown, mut rest) = (String::new(), headers[0]);
        while let Some(at) = rest.find("=?utf-8?b?") {
            let (before, word) = (&rest[..at], &rest[at + 10..]);
            let end = word.find("?=").expect("the word ends");
            let bytes = base64::engine::general_purpose::STANDARD.decode(&word[..end]).expect("base64");
            if shown.is_empty() || !before.trim().is_empty() {
                shown.push_str(before);
            }
            shown.push_str(&String::from_utf8(bytes).expect("whole letters in each word"));
            rest = &word[end + 2..];
        }
        shown + rest
    }

    #[test]
    fn attack_26_what_looks_encoded_is_shown_as_it_was_written() {
        let evil = "=?utf-8?b?4oCuZXZpbA0KQmNjOiBldmVAZXhhbXBsZS5jb20=?=";
        let from = Mailbox::new(Some(evil.to_owned()), "no-reply@hold.example.com".parse().expect("an address"));
        for subject in [
            format!("Anna {evil} invites you to Alpine Survey"),
            format!("{evil}{evil}"),
            format!("Zürich {evil} 測量 {}", "long ".repeat(60)),
            "=?iso-8859-1?Q?=E9?= and =?".to_owned(),
        ] {
            let message = compose(&from, &mail(&subject)).expect("a message");
            assert_eq!(
                message.envelope().from().map(ToString::to_string).as_deref(),
                Some("no-reply@hold.example.com")
            );
            let text = String::from_utf8(message.formatted()).expect("text");
            let headers = text.split("\r\n\r\n").next().expect("headers");
            assert!(headers.is_ascii() && headers.lines().all(|line| line.len() <= 78), "{headers}");
            assert_eq!(shown(&text, "Subject"), subject);
            assert_eq!(shown(&text, "From"), format!("{evil} <no-reply@hold.example.com>"));
            assert!(!text.contains(evil), "{text}");
            assert!(!text.contains("\r\nBcc"), "{text}");
        }
        let broken = mail("=?x?= a\r\nBcc: eve@example.com");
        let text = String::from_utf8(compose(&from, &broken).expect("a message").formatted()).expect("text");
        assert!(!text.to_lowercase().contains("\nbcc:"), "{text}");
    }

    fn mail(subject: &str) -> Claimed {
        Claimed {
            id: uuid::Uuid::from_u128(7),
            recipient: "jane@example.com".to_owned(),
            subject: subject.to_owned(),
            text: "Grüezi".to_owned(),
            html: "<p>Grüezi</p>".to_owned(),
            reply_to: None,
            attempts: 0,
            next_attempt_at: 0,
            created_at: 1_795_287_903_007,
        }
    }

    #[test]
    fn mail_1_a_message_is_the_same_each_time_it_is_made() {
        let from: Mailbox = "Commonhold <no-reply@hold.example.com>".parse().expect("a mailbox");
        let text =
            |mail: &Claimed| String::from_utf8(compose(&from, mail).expect("a message").formatted()).expect("text");
        let first = text(&mail("Anna invites you to Zürich"));
        for line in [
            "From: Commonhold <no-reply@hold.example.com>\r\n",
            "To: jane@example.com\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000007@hold.example.com>\r\n",
            "Date: Sat, 21 Nov 2026",
            "Auto-Submitted: auto-generated\r\n",
            "multipart/alternative",
            "text/plain",
            "text/html",
        ] {
            assert!(first.contains(line), "{line} is missing: {first}");
        }
        assert!(first.is_ascii());
    }

    #[test]
    fn help_1_attack_89_a_reply_goes_to_one_address_and_nowhere_else() {
        let from: Mailbox = "Commonhold <no-reply@hold.example.com>".parse().expect("a mailbox");
        let composed = |reply_to: &str| {
            let mail = Claimed { reply_to: Some(reply_to.to_owned()), ..mail("Ticket 12: The map stays grey") };
            String::from_utf8(compose(&from, &mail).expect("a message").formatted()).expect("text")
        };
        let right = composed("anna@example.com");
        assert!(right.contains("\r\nReply-To: anna@example.com\r\n"), "{right}");
        for evil in [
            "anna@example.com\r\nBcc: eve@evil.example",
            "anna@example.com, eve@evil.example",
            "Anna <eve@evil.example>",
            "anna@example.com>\r\n\r\nbody",
            "",
        ] {
            let text = composed(evil);
            let headers = text.split("\r\n\r\n").next().expect("headers");
            assert!(!headers.contains("evil.example") && !headers.contains("Reply-To"), "{evil}: {headers}");
        }
    }

    #[test]
    fn attack_26_a_subject_is_one_header() {
        let from: Mailbox = "no-reply@hold.example.com".parse().expect("a mailbox");
        let evil = mail("Anna\r\nBcc: eve@example.com\r\n\r\nbody");
        let text = String::from_utf8(compose(&from, &evil).expect("a message").formatted()).expect("text");
        assert!(!text.to_lowercase().contains("\nbcc:"), "{text}");
    }
}
