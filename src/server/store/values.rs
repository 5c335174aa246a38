//! How values of the domain are stored: ids as UUID, moments and days as BIGINT.

use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use crate::domain::{
    id::{
        AccountId, AuditId, ContactId, EntryId, GrantId, InvitationId, KeyId, LicenceId, LinkId, LoanId, MailId,
        OfferId, OneTimeLinkId, OperatorKeyId, OrganizationId, PersonId, RequestId, ResourceId, SessionId, TaskId,
        TransferId, UndoId,
    },
    time::{Day, Timestamp},
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

stored_as! { Uuid: PersonId, OrganizationId, AccountId, InvitationId, ResourceId, GrantId, LicenceId, EntryId, TransferId, OfferId, LinkId, SessionId, OneTimeLinkId, AuditId, TaskId, UndoId, MailId, ContactId, RequestId, OperatorKeyId, LoanId, KeyId }
stored_as! { i64: Timestamp, Day }
