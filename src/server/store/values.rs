//! How values of the domain are stored: ids as UUID, times and days as BIGINT, enums as the TEXT of their word. What is not one
//! column, but several, is read by [`from_columns`].
//!
//! The domain and the views are compiled for the browser too and know nothing of sqlx, so their traits are implemented here.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use sqlx::{ColumnIndex, Database, Decode, Encode, FromRow, Row, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use super::db::ListValue;
use crate::domain::{
    access::Level,
    annotation::{AnnotationKind, Colour, Places},
    app::{AppState, OutputRole, PriceRule},
    audit::Action,
    billing::RequestState,
    file::{Media, Side},
    id::{
        AccountId, AppId, AuditId, BlobId, ContactId, EntryId, GrantId, InvitationId, JobId, KeyId, LeaseId, LicenceId,
        LinkId, LoanId, MailId, ObjectId, OfferId, OneTimeLinkId, OperatorKeyId, OrganizationId, PersonId, RequestId,
        ResourceId, SessionId, TaskId, TransferId, UndoId, UploadId,
    },
    invitation::InvitationState,
    job::{FailureKind, JobState},
    job_log::LogLevel,
    key::Scopes,
    layer::LayerKind,
    licence::{EntryKind, Model, Product},
    loan::LoanEnd,
    mail::MailState,
    offer::OfferState,
    one_time_link::Purpose,
    organization::OrganizationKind,
    people_visibility::PeopleVisibility,
    photo::PhotoState,
    plan::PlanTier,
    resource::{DatasetStatus, Kind},
    restriction::Restrictions,
    role::Role,
    share_link::ShareLinkState,
    task::{TaskKind, TaskState},
    time::{Day, Timestamp},
    transfer::Grantee,
    upload::OnConflict,
};

/// Stores a newtype as the value that is in it, on both databases.
macro_rules! stored_as {
    ($inner:ty: $($name:ident),+ $(,)?) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            $inner: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$inner as Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <$inner as Type<DB>>::compatible(info)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            $inner: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            $inner: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <$inner as Decode<'r, DB>>::decode(value).map(Self)
            }
        }
    )+};
}

/// Stores a type as text: `$write` makes the text, `$read` reads it. A text that `$read` refuses is an error that names it: it
/// was written by a program of another version, or by hand.
macro_rules! stored_as_text {
    ($write:ident, $read:ident: $($name:ident),+ $(,)?) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            str: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <str as Type<DB>>::compatible(info)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            String: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                Cow::from(self.$write()).into_owned().encode(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            &'r str: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let text = <&'r str as Decode<'r, DB>>::decode(value)?;
                Self::$read(text).map_err(|_| format!("{text:?} is no {}", stringify!($name)).into())
            }
        }
    )+};
}

/// A value that is read from a column of JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<DB: Database, T> Type<DB> for Json<T>
where
    str: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <str as Type<DB>>::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        <str as Type<DB>>::compatible(info)
    }
}

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for Json<T>
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(<&'r str as Decode<'r, DB>>::decode(value)?)?))
    }
}

/// Makes ids values of the lists of [`super::Tx::sql_list`].
macro_rules! listed {
    ($($name:ident),+ $(,)?) => {$(
        impl ListValue for $name {
            const FROM_JSON: &'static str = <Uuid as ListValue>::FROM_JSON;

            fn json(&self) -> serde_json::Value {
                self.0.json()
            }
        }
    )+};
}

/// Reads a type from several columns of a row, where a derived `FromRow` cannot: it is the domain's or a view's, or its fields
/// are not the columns. First the columns with their types, then, after the semicolon, what is made of them.
macro_rules! from_columns {
    ($name:ty: $($column:ident: $kind:ty),+ $(,)?; $made:expr) => {
        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            for<'c> &'c str: sqlx::ColumnIndex<R>,
            $($kind: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)+
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                $(let $column: $kind = row.try_get(stringify!($column))?;)+
                Ok($made)
            }
        }
    };
}

pub(super) use from_columns;

stored_as! { Uuid: PersonId, OrganizationId, AccountId, InvitationId, ResourceId, GrantId, LicenceId, EntryId, TransferId, OfferId, LinkId, SessionId, OneTimeLinkId, AuditId, TaskId, UndoId, MailId, ContactId, RequestId, OperatorKeyId, LoanId, KeyId, BlobId, ObjectId, UploadId, AppId, JobId, LeaseId }
stored_as! { i64: Timestamp, Day }

stored_as_text! { as_str, parse: Role, Level, Kind, DatasetStatus, Product, Model, EntryKind, TaskKind, TaskState, ShareLinkState, OfferState, InvitationState, MailState, PlanTier, OrganizationKind, Purpose, PeopleVisibility, RequestState, LoanEnd, Action, Side, Media, OnConflict, PhotoState, AppState, PriceRule, OutputRole, JobState, FailureKind, LogLevel, LayerKind, AnnotationKind, Colour }
stored_as_text! { text, read: Scopes, Places }

listed! { PersonId, OrganizationId, AccountId, InvitationId, ResourceId, LicenceId, MailId, BlobId, ObjectId, UploadId, AppId, JobId }

from_columns! {
    Restrictions: restrict_copy: bool, restrict_delete: bool, restrict_download: bool;
    Self { copy: restrict_copy, delete: restrict_delete, download: restrict_download }
}

/// Exactly one of the two columns is set, which a CHECK constraint holds (ACCESS-4).
impl<'r, R: Row> FromRow<'r, R> for Grantee
where
    for<'c> &'c str: ColumnIndex<R>,
    Option<PersonId>: Decode<'r, R::Database> + Type<R::Database>,
    OrganizationId: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        match row.try_get("person_id")? {
            Some(person) => Ok(Self::Person(person)),
            None => row.try_get("organization_id").map(Self::Organization),
        }
    }
}
