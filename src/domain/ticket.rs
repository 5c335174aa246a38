//! Tickets: what people ask the operator with **Contact support**, and the thread that both sides write (HELP-1).

use serde::{Deserialize, Serialize};

use super::{
    fields::Fields,
    refusal::Refusal,
    text::{FieldIssue, line, optional_line, paragraphs},
};

/// Where a ticket stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// The operator is to write next.
    Open,
    /// The requester is to write next, or to close it.
    Answered,
    /// Nobody needs to do anything.
    Closed,
}

words! {
    TicketState
    Open => "open", "Open";
    Answered => "answered", "Answered";
    Closed => "closed", "Closed";
}

/// Who writes in a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketSide {
    /// Who opened the ticket.
    Requester,
    /// Whoever runs this server.
    Operator,
}

words! {
    TicketSide
    Requester => "requester", "Requester";
    Operator => "operator", "Support";
}

/// What a side does to a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TicketAct {
    Write,
    Close,
}

impl TicketState {
    /// The state after an act, whatever it was before: a message opens a closed ticket again, and both sides may close one.
    pub const fn after(side: TicketSide, act: TicketAct) -> Self {
        match (act, side) {
            (TicketAct::Write, TicketSide::Requester) => Self::Open,
            (TicketAct::Write, TicketSide::Operator) => Self::Answered,
            (TicketAct::Close, _) => Self::Closed,
        }
    }
}

/// How many tickets a person opens in a day.
pub const MAX_TICKETS_PER_DAY: u64 = 10;
/// How many messages a person writes to the operator in a day, those that open tickets included.
pub const MAX_MESSAGES_PER_DAY: u64 = 50;
/// How many messages a thread has at most.
pub const MAX_THREAD_MESSAGES: i64 = 100;
/// How many of them only the operator can write, so that there is always room for an answer.
const ROOM_FOR_ANSWERS: i64 = 10;

/// The longest subject, in characters.
pub const MAX_SUBJECT_LENGTH: usize = 120;
/// The longest message, in characters.
pub const MAX_MESSAGE_LENGTH: usize = 5_000;
/// The longest address of a page that goes along, in characters.
const MAX_PAGE_LENGTH: usize = 500;
/// The longest request id that goes along, in characters.
const MAX_REQUEST_ID_LENGTH: usize = 64;

/// Whether somebody who opened so many tickets and wrote so many messages within a day opens one more (attack 89).
///
/// # Errors
/// `RateLimited`.
pub const fn may_open(opened: u64, written: u64) -> Result<(), Refusal> {
    if opened < MAX_TICKETS_PER_DAY { may_write_today(written) } else { Err(Refusal::RateLimited(86_400)) }
}

/// Whether somebody who wrote so many messages within a day writes one more (attack 89).
///
/// # Errors
/// `RateLimited`.
pub const fn may_write_today(written: u64) -> Result<(), Refusal> {
    if written < MAX_MESSAGES_PER_DAY { Ok(()) } else { Err(Refusal::RateLimited(86_400)) }
}

/// Whether a thread of so many messages takes one more from a side.
///
/// # Errors
/// `BadRequest`, saying what to do instead.
pub fn may_write(side: TicketSide, messages: i64) -> Result<(), Refusal> {
    let (most, instead) = match side {
        TicketSide::Requester => {
            (MAX_THREAD_MESSAGES - ROOM_FOR_ANSWERS, "Contact support again, and name the number of this ticket.")
        }
        TicketSide::Operator => (MAX_THREAD_MESSAGES, "Close it, and answer by mail."),
    };
    if messages < most { Ok(()) } else { Err(Refusal::BadRequest(format!("This ticket is full. {instead}"))) }
}

/// What **Contact support** sends, unread. The last three may be empty: the requester can leave them out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketForm {
    pub subject: String,
    pub message: String,
    /// The Org ID or the id of the organization that it is about.
    pub org: String,
    /// The address of the page that the requester came from.
    pub page: String,
    /// The id of the request that failed there.
    pub request_id: String,
}

/// A ticket to open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewTicket {
    pub subject: String,
    pub message: String,
    /// The organization as it was named: whether the requester belongs to it, the use case finds out.
    pub org: Option<String>,
    /// See [`page_address`].
    pub page: Option<String>,
    pub request_id: Option<String>,
}

impl NewTicket {
    /// Reads the form.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &TicketForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let read = (
            fields.check("subject", line(&form.subject, MAX_SUBJECT_LENGTH)),
            fields.check("message", required_paragraphs(&form.message)),
            fields.check("page", optional_line(&page_address(&form.page), MAX_PAGE_LENGTH)),
            fields.check("request_id", optional_line(&form.request_id, MAX_REQUEST_ID_LENGTH)),
        );
        fields.done()?;
        match read {
            (Some(subject), Some(message), Some(page), Some(request_id)) => {
                let org = form.org.trim();
                let org = (!org.is_empty()).then(|| org.to_owned());
                Ok(Self { subject, message, org, page, request_id })
            }
            _ => Err(Refusal::Invalid(Vec::new())),
        }
    }
}

/// Reads what somebody writes in a thread.
///
/// # Errors
/// `Invalid` at `text`.
pub fn message(text: &str) -> Result<String, Refusal> {
    required_paragraphs(text).map_err(|problem| Refusal::field("text", problem))
}

fn required_paragraphs(text: &str) -> Result<String, FieldIssue> {
    paragraphs(text, MAX_MESSAGE_LENGTH)?.ok_or(FieldIssue::Missing)
}

/// The address of a page as it goes along with a ticket: a path of this site, without the secret of a mailed or shared link wherever
/// it stands, and without its query where that is very long. What is no such path is left out.
pub fn page_address(address: &str) -> String {
    let address = address.trim();
    if !address.starts_with('/') || address.starts_with("//") {
        return String::new();
    }
    let path = address.split(['?', '#']).next().unwrap_or_default();
    // Browsers and servers take these for the same.
    let plain = address.to_ascii_lowercase().replace("%2f", "/").replace("/./", "/");
    let secret = |text: &str| ["/invitations/", "/s/"].into_iter().find(|beginning| text.contains(beginning));
    match secret(plain.split(['?', '#']).next().unwrap_or_default()) {
        Some(beginning) => beginning.trim_end_matches('/').to_owned(),
        None if secret(&plain).is_some() => path.to_owned(),
        None if ["/verify", "/reset"].contains(&path) || address.chars().count() > MAX_PAGE_LENGTH => path.to_owned(),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        testing::{row, table},
        text::FieldError,
    };

    #[test]
    fn help_1_what_each_side_makes_of_a_ticket() {
        let mut rows = vec![row(["who", "does", "the ticket is then"])];
        for side in TicketSide::ALL {
            for act in [TicketAct::Write, TicketAct::Close] {
                rows.push(row([
                    side.as_str(),
                    &format!("{act:?}").to_lowercase(),
                    TicketState::after(side, act).as_str(),
                ]));
            }
        }
        insta::assert_snapshot!(table(&rows));
        for state in TicketState::ALL {
            assert_eq!(TicketState::parse(state.as_str()), Ok(state));
        }
    }

    #[test]
    fn help_1_attack_89_tickets_and_messages_are_limited_by_the_day() {
        assert_eq!(may_open(MAX_TICKETS_PER_DAY - 1, MAX_MESSAGES_PER_DAY - 1), Ok(()));
        for (opened, written) in [(MAX_TICKETS_PER_DAY, 0), (0, MAX_MESSAGES_PER_DAY), (u64::MAX, u64::MAX)] {
            assert_eq!(may_open(opened, written), Err(Refusal::RateLimited(86_400)));
        }
        assert!(may_write_today(MAX_MESSAGES_PER_DAY - 1).is_ok() && may_write_today(MAX_MESSAGES_PER_DAY).is_err());
    }

    #[test]
    fn help_1_a_thread_that_is_full_has_room_for_an_answer() {
        let mut messages = 1;
        while may_write(TicketSide::Requester, messages).is_ok() {
            messages += 1;
        }
        assert_eq!(messages, 90);
        while may_write(TicketSide::Operator, messages).is_ok() {
            messages += 1;
        }
        assert_eq!(messages, MAX_THREAD_MESSAGES);
    }

    fn form() -> TicketForm {
        TicketForm {
            subject: " The map stays grey ".to_owned(),
            message: "Since today.\r\n\r\nOn every dataset.\n".to_owned(),
            org: " alpine-survey ".to_owned(),
            page: "/o/alpine-survey/drive?q=dam".to_owned(),
            request_id: "0198c0de-0000-7000-8000-000000000000".to_owned(),
        }
    }

    #[test]
    fn help_1_a_ticket_has_a_subject_and_a_message_and_the_rest_may_be_left_out() {
        let read = NewTicket::parse(&form()).expect("this is right");
        assert_eq!(read.subject, "The map stays grey");
        assert_eq!(read.message, "Since today.\n\nOn every dataset.");
        assert_eq!(read.org.as_deref(), Some("alpine-survey"));
        assert_eq!(read.page.as_deref(), Some("/o/alpine-survey/drive?q=dam"));
        let bare = TicketForm { org: String::new(), page: " ".to_owned(), request_id: String::new(), ..form() };
        let bare = NewTicket::parse(&bare).expect("this is right");
        assert_eq!((bare.org, bare.page, bare.request_id), (None, None, None));
    }

    #[test]
    fn help_1_attack_89_what_is_wrong_with_a_ticket_is_told_at_its_field() {
        let with = |change: fn(&mut TicketForm)| {
            let mut form = form();
            change(&mut form);
            match NewTicket::parse(&form) {
                Err(Refusal::Invalid(fields)) => {
                    fields.into_iter().map(|FieldError { field, problem }| (field, problem)).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        };
        let at = |field: &str, problem| vec![(field.to_owned(), problem)];
        for (expected, found) in [
            (at("subject", FieldIssue::Missing), with(|form| form.subject = " \u{200B} ".to_owned())),
            (at("subject", FieldIssue::TooLong(MAX_SUBJECT_LENGTH)), with(|form| form.subject = "x".repeat(121))),
            (at("subject", FieldIssue::ControlCharacters), with(|form| form.subject = "a\r\nBcc: eve".to_owned())),
            (at("message", FieldIssue::Missing), with(|form| form.message = "\n \n".to_owned())),
            (at("message", FieldIssue::TooLong(MAX_MESSAGE_LENGTH)), with(|form| form.message = "x".repeat(5_001))),
            (at("message", FieldIssue::ControlCharacters), with(|form| form.message = "a\u{202E}b".to_owned())),
            (
                at("page", FieldIssue::TooLong(MAX_PAGE_LENGTH)),
                with(|form| form.page = format!("/{}", "x".repeat(500))),
            ),
            (at("page", FieldIssue::ControlCharacters), with(|form| form.page = "/a\nb".to_owned())),
            (
                at("request_id", FieldIssue::TooLong(MAX_REQUEST_ID_LENGTH)),
                with(|form| form.request_id = "x".repeat(65)),
            ),
        ] {
            assert_eq!(found, expected);
        }
        assert_eq!(message(" \n "), Err(Refusal::field("text", FieldIssue::Missing)));
        assert_eq!(message(" Yes.\nGladly. "), Ok("Yes.\nGladly.".to_owned()));
    }

    #[test]
    fn help_1_attack_23_no_secret_of_a_link_goes_along_with_a_ticket() {
        let long = format!("/o/a/drive?item={}", "x".repeat(600));
        for (address, kept) in [
            ("/o/a/drive?q=x&sort=-name", "/o/a/drive?q=x&sort=-name"),
            ("/invitations/SECRET?dialog=x", "/invitations"),
            ("/s/SECRET/view/1", "/s"),
            ("/verify?token=SECRET", "/verify"),
            ("/reset?token=SECRET#x", "/reset"),
            ("/settings", "/settings"),
            (&long, "/o/a/drive"),
            ("", ""),
            ("https://hold.example.com/s/SECRET", ""),
            ("//s/SECRET", ""),
            ("javascript:alert(1)", ""),
            ("/S/SECRET", "/s"),
            ("/s%2fSECRET", "/s"),
            ("/./s/SECRET", "/s"),
            ("/signin?next=%2Finvitations%2FSECRET", "/signin"),
        ] {
            assert_eq!(page_address(address), kept);
        }
    }
}
