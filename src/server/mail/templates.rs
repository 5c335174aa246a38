//! Makes an email of an [`EmailMessage`]. Its words are in the files of `templates/`, once for both parts of the email:
//! `parts.txt` says how such a file is written, `layout.txt` and `layout.html` are the frames around the words.
//!
//! # Invariants
//! - A name that somebody chose is made inert wherever a template shows it ([`Inert`]): nobody has to remember it. What a
//!   template shows otherwise is marked there (attack 26).
//! - Links begin with the configured address. A template writes the path only (attack 25).
//! - The text part is not escaped. The HTML part is escaped by its layout.

use std::fmt;

use askama::{Template, filters::Escaper};

use crate::domain::mail::inert;

use super::{
    super::error::{Error, Result},
    EmailMessage,
};

/// Ends a part of an email in `parts.txt`. No value contains it, because control characters are removed from all of them.
pub const PART_END: char = '\u{1f}';

/// What askama does with a value of a template where no filter says otherwise (`askama.toml`).
#[derive(Clone, Copy)]
pub struct Inert;

impl Escaper for Inert {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, value: &str) -> fmt::Result {
        dest.write_str(&inert(value))
    }
}

/// What templates write behind a value: `{{ email|one_line }}`.
pub mod filters {
    #![expect(
        clippy::inline_always,
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "askama makes a type with a method of each function, and wants a `Result` of it"
    )]

    use askama::{Result, Values, filters::Safe};

    use crate::domain::mail;

    /// An address, a telephone number or a list: on one line, but not cut, and with links left alone.
    #[askama::filter_fn]
    pub fn one_line(text: &str, _: &dyn Values) -> Result<Safe<String>> {
        Ok(Safe(mail::one_line(text)))
    }

    /// A text of several lines as a quotation: each line is a paragraph of its own, so that none passes for one of ours.
    #[askama::filter_fn]
    pub fn quote(text: &str, _: &dyn Values) -> Result<Safe<String>> {
        let lines: Vec<String> = mail::inert_text(text).into_iter().map(|line| format!("> {line}")).collect();
        Ok(Safe(lines.join("\n\n")))
    }
}

/// An email as it is sent.
#[derive(Debug)]
pub struct RenderedEmail {
    /// One line.
    pub subject: String,
    pub text: String,
    pub html: String,
}

struct EmailBody {
    subject: String,
    paragraphs: Vec<String>,
    button: Option<Button>,
    closing: String,
}

struct Button {
    label: String,
    link: String,
    /// How long the link works; empty where it has no end.
    validity: String,
}

#[derive(Template)]
#[template(path = "layout.txt")]
struct TextPart<'a> {
    body: &'a EmailBody,
    public_url: &'a str,
}

#[derive(Template)]
#[template(path = "layout.html")]
struct HtmlPart<'a> {
    body: &'a EmailBody,
    public_url: &'a str,
}

/// Writes an email.
pub fn render(message: &EmailMessage<'_>, public_url: &str) -> Result<RenderedEmail> {
    let failed = |error: askama::Error| Error::Internal(format!("an email could not be written: {error}"));
    let body = body(&message.render().map_err(failed)?, public_url)?;
    let text = TextPart { body: &body, public_url }.render().map_err(failed)?;
    let html = HtmlPart { body: &body, public_url }.render().map_err(failed)?;
    Ok(RenderedEmail { subject: body.subject, text, html })
}

/// Reads what a file of `templates/` says, in the order of `parts.txt`.
fn body(words: &str, public_url: &str) -> Result<EmailBody> {
    let parts: Vec<&str> = words.split(PART_END).collect();
    let &[subject, paragraphs, label, path, validity, closing] = parts.as_slice() else {
        return Err(Error::Internal(format!("a template of an email has {} parts", parts.len())));
    };
    let label = joined(label);
    Ok(EmailBody {
        subject: joined(subject),
        paragraphs: paragraphs_of(paragraphs),
        button: (!label.is_empty()).then(|| Button {
            label,
            link: format!("{public_url}{}", path.trim()),
            validity: joined(validity),
        }),
        closing: joined(closing),
    })
}

/// Paragraphs, with blank lines between them. A value makes none: it is a single line, except for a quotation.
fn paragraphs_of(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .split(|line| line.trim().is_empty())
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| joined(&paragraph.join(" ")))
        .collect()
}

/// The lines of a template as one line.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        access::Level,
        job::FailureKind,
        loan::LoanEnd,
        role::Role,
        time::{Day, Timestamp},
    };

    const URL: &str = "https://hold.example.com";
    const NOW: Timestamp = Timestamp(1_795_287_903_007);

    struct Names<'a> {
        organization: &'a str,
        by: &'a str,
        first_name: &'a str,
        resource: &'a str,
    }

    const NAMES: Names = Names {
        organization: "Alpine Survey",
        by: "Anna Muster",
        first_name: "Jane",
        resource: "Gotthard Base Tunnel",
    };

    fn every<'a>(
        Names { organization, by, first_name, resource: on }: &Names<'a>,
    ) -> Vec<(&'static str, EmailMessage<'a>)> {
        let (token, org_id, inviter) = ("TOKEN", "alpine-survey", *by);
        let resource = Some(*on);
        vec![
            (
                "invitation",
                EmailMessage::Invitation {
                    name: Some(first_name),
                    organization,
                    inviter,
                    role: Role::Editor,
                    resource: None,
                    token,
                    days: 14,
                    expires_at: NOW.plus_days(14),
                },
            ),
            (
                "invitation_of_a_member",
                EmailMessage::Invitation {
                    name: None,
                    organization,
                    inviter,
                    role: Role::Member,
                    resource,
                    token,
                    days: 1,
                    expires_at: NOW.plus_days(1),
                },
            ),
            (
                "shared_with",
                EmailMessage::SharedWith {
                    name: None,
                    organization,
                    inviter,
                    resource,
                    token,
                    days: 14,
                    expires_at: NOW.plus_days(14),
                },
            ),
            (
                "access_given",
                EmailMessage::AccessGiven {
                    organization,
                    path: "/o/alpine-survey/drive/1",
                    resource: on,
                    by,
                    level: Level::Editor,
                    group: None,
                },
            ),
            (
                "access_given_to_an_organization",
                EmailMessage::AccessGiven {
                    organization,
                    path: "/o/alpine-survey/drive/1",
                    resource: on,
                    by,
                    level: Level::Reader,
                    group: Some(organization),
                },
            ),
            ("verify_email", EmailMessage::VerifyEmail { first_name, token }),
            (
                "reset_password",
                EmailMessage::ResetPassword { first_name, token, expires_at: NOW.plus_millis(3_600_000) },
            ),
            (
                "set_password",
                EmailMessage::SetPassword {
                    first_name,
                    organization,
                    by,
                    token,
                    days: 7,
                    expires_at: NOW.plus_days(7),
                },
            ),
            ("email_changed", EmailMessage::EmailChanged { first_name, email: "new@example.com" }),
            ("password_changed", EmailMessage::PasswordChanged { first_name, public_url: URL }),
            (
                "role_changed",
                EmailMessage::RoleChanged { organization, org_id, by, from: Role::Reader, to: Role::Manager },
            ),
            ("ownership_given", EmailMessage::OwnershipGiven { organization, org_id, by }),
            (
                "invitation_sender_lost",
                EmailMessage::InvitationSenderLost { organization, org_id, email: "new@example.com", sender: by },
            ),
            ("removed", EmailMessage::Removed { organization, by }),
            (
                "licence_lent",
                EmailMessage::LicenceLent {
                    organization,
                    org_id,
                    lender: organization,
                    licence: "Cloud Pro",
                    account: "alpine-survey/primary",
                    by,
                    until: Day::from_civil(2026, 12, 31),
                },
            ),
            (
                "loan_called_back",
                EmailMessage::LoanEnded { organization, org_id, licence: "Desktop", by, how: LoanEnd::CalledBack },
            ),
            (
                "loan_returned",
                EmailMessage::LoanEnded { organization, org_id, licence: "Desktop", by, how: LoanEnd::Returned },
            ),
            (
                "licence_ends",
                EmailMessage::LicenceEnds {
                    organization,
                    org_id,
                    licence: "Cloud Pro",
                    cloud: true,
                    trial: false,
                    last_day: Day::from_civil(2026, 12, 28),
                    days: 7,
                    borrower: resource,
                },
            ),
            (
                "trial_ends",
                EmailMessage::LicenceEnds {
                    organization,
                    org_id,
                    licence: "Cloud Pro",
                    cloud: true,
                    trial: true,
                    last_day: Day::from_civil(2026, 12, 28),
                    days: 1,
                    borrower: None,
                },
            ),
            (
                "desktop_licence_ends",
                EmailMessage::LicenceEnds {
                    organization,
                    org_id,
                    licence: "Desktop",
                    cloud: false,
                    trial: false,
                    last_day: Day::from_civil(2026, 12, 28),
                    days: 0,
                    borrower: None,
                },
            ),
            (
                "job_done",
                EmailMessage::JobEnded {
                    organization,
                    path: "/o/tunnel-north/monitor/1",
                    app: "Survey index",
                    dataset: on,
                    failure: None,
                    message: "",
                    refunded: false,
                },
            ),
            (
                "job_failed",
                EmailMessage::JobEnded {
                    organization,
                    path: "/o/tunnel-north/monitor/1",
                    app: organization,
                    dataset: on,
                    failure: Some(FailureKind::InputError),
                    message: "Too few photos.\nSee https://evil.example",
                    refunded: true,
                },
            ),
            (
                "transfer_offered",
                EmailMessage::TransferOffered {
                    organization,
                    path: "/o/tunnel-north/offers/1",
                    source: organization,
                    by,
                    what: on,
                    note: on,
                    days: 7,
                    expires_at: NOW.plus_days(7),
                },
            ),
            (
                "offer_accepted",
                EmailMessage::OfferAnswered { organization, path: "/o/a/offers/1", what: on, accepted: true },
            ),
            (
                "offer_declined",
                EmailMessage::OfferAnswered { organization, path: "/o/a/offers/1", what: on, accepted: false },
            ),
            ("account_deleted", EmailMessage::AccountDeleted { first_name }),
            (
                "ticket_opened",
                EmailMessage::TicketWritten {
                    number: 12,
                    subject: on,
                    reply: false,
                    by,
                    email: "anna@example.com",
                    email_verified: true,
                    text: on,
                    organization: Some((organization, org_id)),
                    page: resource,
                    request_id: resource,
                },
            ),
            (
                "ticket_replied",
                EmailMessage::TicketWritten {
                    number: 12,
                    subject: on,
                    reply: true,
                    by,
                    email: "anna@example.com",
                    email_verified: false,
                    text: on,
                    organization: None,
                    page: None,
                    request_id: None,
                },
            ),
            ("ticket_answered", EmailMessage::TicketAnswered { number: 12, subject: on, first_name, text: on }),
            (
                "purchase_requested",
                EmailMessage::PurchaseRequested {
                    organization,
                    org_id,
                    by,
                    what: "Cloud Pro, Credits, 5,000 credits",
                    message: resource,
                    contact_name: by,
                    contact_email: "anna@example.com",
                    contact_phone: Some("+41 44 123 45 67"),
                    request: "0198c0de-0000-7000-8000-000000000000",
                },
            ),
            (
                "purchase_answered",
                EmailMessage::PurchaseAnswered {
                    organization,
                    org_id,
                    what: "Cloud Pro, Credits, 5,000 credits",
                    declined: false,
                    answer: on,
                },
            ),
            (
                "purchase_declined",
                EmailMessage::PurchaseAnswered {
                    organization,
                    org_id,
                    what: "something else",
                    declined: true,
                    answer: on,
                },
            ),
        ]
    }

    #[test]
    fn mail_1_every_email_as_text_and_as_html() {
        for (kind, message) in every(&NAMES) {
            let written = render(&message, URL).expect("an email");
            insta::assert_snapshot!(format!("{kind}_text"), format!("{}\n\n{}", written.subject, written.text));
            insta::assert_snapshot!(format!("{kind}_html"), written.html);
        }
    }

    #[test]
    fn attack_26_names_are_inert_in_every_email() {
        let evil = "</title><script>x</script><a href=\"https://evil.example\">\r\nBcc: eve@evil.example\u{202E}\u{1F}";
        for (kind, message) in every(&Names { organization: evil, by: evil, first_name: evil, resource: evil }) {
            let RenderedEmail { subject, text, html } = render(&message, URL).expect("an email");
            assert!(!subject.contains(['\r', '\n', '\u{202E}']), "{kind}: {subject}");
            assert!(!text.contains('\u{202E}') && !html.contains('\u{202E}'), "{kind}");
            assert!(!text.contains("\nBcc") && !text.contains('\r'), "{kind}: {text}");
            assert!(!html.contains("<script") && !html.contains("<a href=\"https://evil"), "{kind}: {html}");
            // Nor does a mail program find an address to make a link of.
            for part in [&subject, &text, &html] {
                assert!(!part.contains("evil.example") && !part.contains("https://evil"), "{kind}: {part}");
            }
        }
    }

    #[test]
    fn attack_25_links_begin_with_the_configured_address() {
        for (kind, message) in every(&NAMES) {
            let RenderedEmail { text, html, .. } = render(&message, URL).expect("an email");
            for part in [text, html] {
                for (at, _) in part.match_indices("://") {
                    assert!(
                        part[..at].ends_with("https") && part[at..].starts_with("://hold.example.com"),
                        "{kind}: {part}"
                    );
                }
            }
        }
    }
}
