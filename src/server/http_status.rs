//! The HTTP status of an error.

use axum::http::StatusCode;

use super::error::Error;
use crate::domain::refusal::Refusal;

/// The HTTP status of an error. [`Refusal::code`] tells apart what shares a status.
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Refused(refusal) => status_of_refusal(refusal),
        error if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
        Error::Store(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The HTTP status of a refusal.
pub fn status_of_refusal(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unauthenticated | Refusal::WrongCredentials => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden(_)
        | Refusal::Licence(_)
        | Refusal::InvitationWrongPerson
        | Refusal::EmailUnverified
        | Refusal::AppNotAuthorized(_) => StatusCode::FORBIDDEN,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Invalid(_) | Refusal::BadRequest(_) | Refusal::Review(_) | Refusal::IdempotencyMismatch => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::Conflict
        | Refusal::LastOwner
        | Refusal::LastOwnerOf(_)
        | Refusal::SpaceHoldsWork
        | Refusal::AlreadyMember
        | Refusal::AlreadyInvited
        | Refusal::NameTaken(_)
        | Refusal::Cycle
        | Refusal::AccountInUse(_)
        | Refusal::Blocked(_)
        | Refusal::PlanChanged
        | Refusal::OfferClosed(_)
        | Refusal::NoSeat(_)
        | Refusal::SeatLost
        | Refusal::SignedInAs(_)
        | Refusal::FileConflict(_)
        | Refusal::InputsHeld
        | Refusal::WrongOffset(_)
        | Refusal::JobConflict(_)
        | Refusal::PriceChanged(_)
        | Refusal::LeaseLost
        | Refusal::ChooseOrganization => StatusCode::CONFLICT,
        Refusal::InvitationExpired
        | Refusal::InvitationClosed(_)
        | Refusal::InvitationReplaced(..)
        | Refusal::InvitationSenderLost
        | Refusal::UploadExpired
        | Refusal::LinkUsed
        | Refusal::LinkExpired => StatusCode::GONE,
        Refusal::PlanLimit(_) | Refusal::AllowanceExceeded(_) | Refusal::QuotaExceeded(_) => {
            StatusCode::PAYMENT_REQUIRED
        }
        Refusal::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::UploadBusy => StatusCode::LOCKED,
        // The number that tus has for it; no standard has one.
        Refusal::WrongChecksum => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        Refusal::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Unavailable | Refusal::Busy(_) | Refusal::ManyUploads => StatusCode::SERVICE_UNAVAILABLE,
    }
}
