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
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject(mail.subject.as_str())
        .date(written)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|error| format!("The message could not be made: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str) -> Claimed {
        Claimed {
            id: uuid::Uuid::from_u128(7),
            recipient: "jane@example.com".to_owned(),
            subject: subject.to_owned(),
            text: "Grüezi".to_owned(),
            html: "<p>Grüezi</p>".to_owned(),
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
    fn attack_26_a_subject_is_one_header() {
        let from: Mailbox = "no-reply@hold.example.com".parse().expect("a mailbox");
        let evil = mail("Anna\r\nBcc: eve@example.com\r\n\r\nbody");
        let text = String::from_utf8(compose(&from, &evil).expect("a message").formatted()).expect("text");
        assert!(!text.to_lowercase().contains("\nbcc:"), "{text}");
    }
}
