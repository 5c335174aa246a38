//! The words of every letter, said once: a template makes the text part of them, another the HTML part.
//!
//! Names that people chose are made inert before they come here ([`inert`]), and escaped in the HTML part by its
//! template; links begin with the configured address (attacks 25 and 26).

use askama::Template;

use crate::domain::{
    loan::LoanEnd,
    mail::{inert, inert_text, one_line},
    role::Role,
    time::Timestamp,
};

use super::{
    super::error::{Error, Result},
    EmailMessage,
};

/// A letter as it is sent.
#[derive(Debug)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// What a letter says.
struct EmailBody {
    subject: String,
    greeting: String,
    paragraphs: Vec<String>,
    button: Option<Button>,
    /// What to do if one did not expect it.
    unexpected: String,
}

/// The one thing to do.
struct Button {
    label: &'static str,
    link: String,
    /// How long the link works; empty where it has no end.
    validity: String,
}

#[derive(Template)]
#[template(path = "email.txt")]
struct TextPart<'a> {
    greeting: &'a str,
    paragraphs: &'a [String],
    button: Option<&'a Button>,
    unexpected: &'a str,
    public_url: &'a str,
}

#[derive(Template)]
#[template(path = "email.html")]
struct HtmlPart<'a> {
    subject: &'a str,
    greeting: &'a str,
    paragraphs: &'a [String],
    button: Option<&'a Button>,
    unexpected: &'a str,
    public_url: &'a str,
}

/// Writes a letter.
///
/// # Errors
/// A template fails: a defect.
pub fn write(message: &EmailMessage<'_>, public_url: &str, now: Timestamp) -> Result<Written> {
    let body = body(message, public_url, now);
    let failed = |error: askama::Error| Error::Internal(format!("a letter could not be written: {error}"));
    let text = TextPart {
        greeting: &body.greeting,
        paragraphs: &body.paragraphs,
        button: body.button.as_ref(),
        unexpected: &body.unexpected,
        public_url,
    };
    let html = HtmlPart {
        subject: &body.subject,
        greeting: &body.greeting,
        paragraphs: &body.paragraphs,
        button: body.button.as_ref(),
        unexpected: &body.unexpected,
        public_url,
    };
    let (text, html) = (text.render().map_err(failed)?, html.render().map_err(failed)?);
    Ok(Written { subject: body.subject, text, html })
}

fn hello(name: &str) -> String {
    format!("Hello {},", inert(name))
}

fn body(message: &EmailMessage<'_>, public_url: &str, now: Timestamp) -> EmailBody {
    match *message {
        EmailMessage::Invitation { name, organization, inviter, role, resource, token, days } => {
            let (organization, inviter) = (inert(organization), inert(inviter));
            EmailBody {
                subject: format!("{inviter} invites you to {organization}"),
                greeting: name.map_or_else(|| "Hello,".to_owned(), hello),
                paragraphs: vec![
                    format!("{inviter} invites you to work in {organization} on Commonhold, as {}.", role.with_article()),
                    may(role, resource),
                ],
                button: Some(Button {
                    label: "See the invitation",
                    link: format!("{public_url}/invitations/{token}"),
                    validity: validity(now, days),
                }),
                unexpected: format!(
                    "You did not expect this? You can ignore it: no one gets an account or joins anything unless the invitation is accepted. {inviter} gave us your address."
                ),
            }
        }
        EmailMessage::SharedWith { name, organization, inviter, resource, token, days } => {
            let (organization, inviter) = (inert(organization), inert(inviter));
            let what = resource.map_or_else(|| "something".to_owned(), |name| format!("“{}”", inert(name)));
            EmailBody {
                subject: format!("{inviter} shares {what} with you"),
                greeting: name.map_or_else(|| "Hello,".to_owned(), hello),
                paragraphs: vec![
                    format!("{inviter} of {organization} shares {what} with you on Commonhold."),
                    format!("You get access to it without joining {organization}."),
                ],
                button: Some(Button {
                    label: "See the invitation",
                    link: format!("{public_url}/invitations/{token}"),
                    validity: validity(now, days),
                }),
                unexpected: format!(
                    "You did not expect this? You can ignore it: no one gets an account or access unless the invitation is accepted. {inviter} gave us your address."
                ),
            }
        }
        EmailMessage::AccessGiven { organization, path, resource, by, level, group } => {
            let (organization, by, resource) = (inert(organization), inert(by), inert(resource));
            let whom = group.map_or_else(|| "you".to_owned(), |name| format!("everyone in {}", inert(name)));
            EmailBody {
                subject: format!("{by} gave {whom} access to {resource}"),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![
                    format!("{by} gave {whom} {} access to “{resource}” in {organization}.", level.label()),
                    format!("With {} access, you can {}.", level.label(), level.summary()),
                ],
                button: Some(Button { label: "Open it", link: format!("{public_url}{path}"), validity: String::new() }),
                unexpected: format!("You did not expect this? Ask {by}."),
            }
        }
        EmailMessage::VerifyEmail { first_name, token } => EmailBody {
            subject: "Verify your email address".to_owned(),
            greeting: hello(first_name),
            paragraphs: vec!["Confirm that this is your address, and that our mail reaches you.".to_owned()],
            button: Some(Button {
                label: "Verify this address",
                link: format!("{public_url}/verify?token={token}"),
                validity: "The link works once.".to_owned(),
            }),
            unexpected:
                "You did not expect this? Someone may have typed your address by mistake. You can ignore this mail: unless the link above is used, the address is not confirmed."
                    .to_owned(),
        },
        EmailMessage::ResetPassword { first_name, token } => EmailBody {
            subject: "Set a new password".to_owned(),
            greeting: hello(first_name),
            paragraphs: vec!["Someone, most likely you, asked to set a new password for your account.".to_owned()],
            button: Some(Button {
                label: "Set a new password",
                link: format!("{public_url}/reset?token={token}"),
                validity: format!(
                    "The link works once, within one hour, until {}.",
                    now.plus_millis(3_600_000).words()
                ),
            }),
            unexpected: "You did not ask for it? You can ignore this mail: your password stays as it is.".to_owned(),
        },
        EmailMessage::SetPassword { first_name, organization, by, token, days } => {
            let (organization, by) = (inert(organization), inert(by));
            EmailBody {
                subject: format!("Your account in {organization}"),
                greeting: hello(first_name),
                paragraphs: vec![
                    format!("{by} created an account for you in {organization} on Commonhold."),
                    "Set a password to sign in with this email address.".to_owned(),
                ],
                button: Some(Button {
                    label: "Set your password",
                    link: format!("{public_url}/reset?token={token}"),
                    validity: validity(now, days),
                }),
                unexpected: format!(
                    "You did not expect this? You can ignore it: without a password, no one can sign in. {by} gave us your address."
                ),
            }
        }
        EmailMessage::EmailChanged { first_name, email } => EmailBody {
            subject: "Your email address was changed".to_owned(),
            greeting: hello(first_name),
            paragraphs: vec![
                format!("Your account now has another email address: {}.", one_line(email)),
                "From now on, you sign in with it and our mail goes there. This is the last mail to this address."
                    .to_owned(),
            ],
            button: None,
            unexpected:
                "This was not you? Then someone else has access to your account. Tell an Owner of your organization or your administrator at once."
                    .to_owned(),
        },
        EmailMessage::PasswordChanged { first_name } => EmailBody {
            subject: "Your password was changed".to_owned(),
            greeting: hello(first_name),
            paragraphs: vec!["Your account has a new password. You have been signed out everywhere else.".to_owned()],
            button: None,
            unexpected: format!(
                "This was not you? Set a new password at once at {public_url}/forgot. That signs everyone out of your account."
            ),
        },
        EmailMessage::RoleChanged { organization, org_id, by, from, to } => {
            let (organization, by) = (inert(organization), inert(by));
            EmailBody {
                subject: format!("You are now {} of {organization}", to.with_article()),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![
                    format!("{by} changed your role in {organization} from {} to {}.", from.label(), to.label()),
                    may(to, None),
                ],
                button: Some(open(public_url, org_id)),
                unexpected: format!("You did not expect this? Ask {by}."),
            }
        }
        EmailMessage::OwnershipGiven { organization, org_id, by } => {
            let (organization, by) = (inert(organization), inert(by));
            EmailBody {
                subject: format!("You are now an Owner of {organization}"),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![format!("{by} made you an Owner of {organization}."), may(Role::Owner, None)],
                button: Some(open(public_url, org_id)),
                unexpected: format!("You did not expect this? Ask {by}. You can leave the organization at any time."),
            }
        }
        EmailMessage::InvitationSenderLost { organization, org_id, email, sender } => {
            let (organization, sender, email) = (inert(organization), inert(sender), one_line(email));
            EmailBody {
                subject: format!("An invitation to {organization} cannot be accepted"),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![
                    format!("{email} wants to accept an invitation to {organization} that {sender} sent."),
                    format!(
                        "{sender} can no longer invite people with this role or access, so the invitation was refused. Resend it in your own name, or revoke it."
                    ),
                ],
                button: Some(Button {
                    label: "See the invitations",
                    link: format!("{public_url}/o/{org_id}/people/invitations"),
                    validity: String::new(),
                }),
                unexpected:
                    "You did not expect this? Revoke the invitation. Until it is sent again, no one can accept it."
                        .to_owned(),
            }
        }
        EmailMessage::Removed { organization, by } => {
            let (organization, by) = (inert(organization), inert(by));
            EmailBody {
                subject: format!("You are no longer in {organization}"),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![
                    format!("{by} removed you from {organization}."),
                    "The work you created there stays with the organization. Your account and your other organizations are not affected."
                        .to_owned(),
                ],
                button: None,
                unexpected: format!("You did not expect this? Ask {by}."),
            }
        }
        EmailMessage::LicenceLent { organization, org_id, lender, licence, account, by, until } => {
            let (organization, lender, by) = (inert(organization), inert(lender), inert(by));
            EmailBody {
                subject: format!("{lender} lends {organization} a licence"),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![
                    format!("{by} of {lender} lends {organization} a {licence} licence until {}.", until.words()),
                    format!(
                        "Until then, your account {} can use it like one of its own. {lender} can call it back, and you can return it, at any time.",
                        inert(account)
                    ),
                ],
                button: Some(loans(public_url, org_id)),
                unexpected: format!("You did not expect this? It costs you nothing. Ask {by}, or return it."),
            }
        }
        EmailMessage::LoanEnded { organization, org_id, licence, by, how } => {
            let (organization, by) = (inert(organization), inert(by));
            let (subject, sentence) = match how {
                LoanEnd::CalledBack => (
                    format!("A licence that {organization} borrowed was called back"),
                    format!(
                        "{by} called back the {licence} licence that {organization} borrowed. You can no longer use it, and its seats are free."
                    ),
                ),
                LoanEnd::Returned | LoanEnd::RanOut => (
                    format!("A licence that {organization} lent is back"),
                    format!("{by} returned the {licence} licence that {organization} lent. It can be used again."),
                ),
            };
            EmailBody {
                subject,
                greeting: "Hello,".to_owned(),
                paragraphs: vec![sentence, "What was used during the loan is not given back.".to_owned()],
                button: Some(loans(public_url, org_id)),
                unexpected: format!("You did not expect this? Ask {by}."),
            }
        }
        EmailMessage::TransferOffered { organization, path, source, by, what, note, days } => {
            let (organization, source, by, what) = (inert(organization), inert(source), inert(by), inert(what));
            let mut paragraphs = vec![
                format!("{by} of {source} offers {what} to {organization} on Commonhold."),
                "Nothing moves until one of your Editors, Managers or Owners accepts. Before that, you can see what is in it, what it needs of your allowance, and where it would go."
                    .to_owned(),
            ];
            if !note.is_empty() {
                paragraphs.insert(1, format!("{by} says: {}", inert(note)));
            }
            EmailBody {
                subject: format!("{source} offers {what} to {organization}"),
                greeting: "Hello,".to_owned(),
                paragraphs,
                button: Some(Button {
                    label: "See the offer",
                    link: format!("{public_url}{path}"),
                    validity: format!("The offer is open for {days} days, until {}.", now.plus_days(days).words()),
                }),
                unexpected: "You did not expect this? Decline it, or ignore it: it expires by itself.".to_owned(),
            }
        }
        EmailMessage::OfferAnswered { organization, path, what, accepted } => {
            let (organization, what) = (inert(organization), inert(what));
            let done = if accepted { "accepted" } else { "declined" };
            EmailBody {
                subject: format!("{organization} {done} {what}"),
                greeting: "Hello,".to_owned(),
                paragraphs: vec![if accepted {
                    format!("{organization} accepted {what}, which you offered. It has been transferred.")
                } else {
                    format!("{organization} declined {what}, which you offered. Nothing was moved.")
                }],
                button: Some(Button {
                    label: "See the offer",
                    link: format!("{public_url}{path}"),
                    validity: String::new(),
                }),
                unexpected: "You did not offer anything? Tell an Owner of your organization.".to_owned(),
            }
        }
        EmailMessage::AccountDeleted { first_name } => EmailBody {
            subject: "Your account was deleted".to_owned(),
            greeting: hello(first_name),
            paragraphs: vec![
                "Your account on Commonhold has been deleted, as you asked. The work you created in organizations stays with them."
                    .to_owned(),
            ],
            button: None,
            unexpected: "This was not you? Tell your administrator at once.".to_owned(),
        },
        EmailMessage::PurchaseRequested {
            organization,
            org_id,
            by,
            what,
            message,
            contact_name,
            contact_email,
            contact_phone,
            request,
        } => {
            let (organization, by, name) = (inert(organization), inert(by), inert(contact_name));
            let mut paragraphs =
                vec![format!("{by}, an Owner of {organization} (Org ID {org_id}), asks for: {}.", one_line(what))];
            paragraphs.extend(message.map(quoted).unwrap_or_default());
            let phone = contact_phone.map(|phone| format!(", {}", one_line(phone))).unwrap_or_default();
            paragraphs.push(format!("Reply to: {name}, {}{phone}.", one_line(contact_email)));
            paragraphs.push(format!(
                "Grant it with “commonhold licence grant --org {org_id} …”, then tell the Owners with “commonhold request answer \
                 {request} --text …”."
            ));
            EmailBody {
                subject: format!("{organization} asks for {}", one_line(what)),
                greeting: "Hello,".to_owned(),
                paragraphs,
                button: None,
                unexpected: "You get this mail because yours is the operator address of this server.".to_owned(),
            }
        }
        EmailMessage::PurchaseAnswered { organization, org_id, what, declined, answer } => {
            let organization = inert(organization);
            let verb = if declined { "declined" } else { "answered" };
            let mut paragraphs = vec![format!("A request of {organization} was {verb}: {}.", one_line(what))];
            paragraphs.extend(quoted(answer));
            EmailBody {
                subject: format!("Your request for {} was {verb}", one_line(what)),
                greeting: "Hello,".to_owned(),
                paragraphs,
                button: Some(Button {
                    label: "Open billing",
                    link: format!("{public_url}/o/{org_id}/billing"),
                    validity: String::new(),
                }),
                unexpected: format!("You get this mail because you are an Owner of {organization}."),
            }
        }
    }
}

/// What somebody wrote, as mail quotes it: no line of it passes for one of ours.
fn quoted(text: &str) -> Vec<String> {
    inert_text(text).into_iter().map(|line| format!("> {line}")).collect()
}

/// What a role may do; for a Member, what they will reach.
fn may(role: Role, resource: Option<&str>) -> String {
    match (role, resource) {
        (Role::Member, Some(resource)) => {
            format!("As a Member, you can work with what is shared with you: {}.", inert(resource))
        }
        (role, _) => format!("As {}, you can {}.", role.with_article(), role.summary()),
    }
}

fn validity(now: Timestamp, days: i64) -> String {
    let days_in_words = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    format!("The link works once, within {days_in_words}, until {}.", now.plus_days(days).words())
}

fn loans(public_url: &str, org_id: &str) -> Button {
    Button { label: "See the loans", link: format!("{public_url}/o/{org_id}/loans"), validity: String::new() }
}

fn open(public_url: &str, org_id: &str) -> Button {
    Button { label: "Open the organization", link: format!("{public_url}/o/{org_id}"), validity: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{access::Level, time::Day};

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
                },
            ),
            ("shared_with", EmailMessage::SharedWith { name: None, organization, inviter, resource, token, days: 14 }),
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
            ("reset_password", EmailMessage::ResetPassword { first_name, token }),
            ("set_password", EmailMessage::SetPassword { first_name, organization, by, token, days: 7 }),
            ("email_changed", EmailMessage::EmailChanged { first_name, email: "new@example.com" }),
            ("password_changed", EmailMessage::PasswordChanged { first_name }),
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
                "transfer_offered",
                EmailMessage::TransferOffered {
                    organization,
                    path: "/o/tunnel-north/offers/1",
                    source: organization,
                    by,
                    what: on,
                    note: on,
                    days: 7,
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
    fn mail_1_every_letter_as_text_and_as_html() {
        for (kind, message) in every(&NAMES) {
            let written = write(&message, URL, NOW).expect("a letter");
            insta::assert_snapshot!(format!("{kind}_text"), format!("{}\n\n{}", written.subject, written.text));
            insta::assert_snapshot!(format!("{kind}_html"), written.html);
        }
    }

    #[test]
    fn attack_26_names_are_inert_in_every_letter() {
        let evil = "</title><script>x</script><a href=\"https://evil.example\">\r\nBcc: eve@evil.example\u{202E}";
        for (kind, message) in every(&Names { organization: evil, by: evil, first_name: evil, resource: evil }) {
            let Written { subject, text, html } = write(&message, URL, NOW).expect("a letter");
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
            let Written { text, html, .. } = write(&message, URL, NOW).expect("a letter");
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
