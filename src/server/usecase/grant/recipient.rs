//! To whom access is given: what was typed, and who in the organization or outside that is.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::Level,
        fields::Fields,
        grant::InviteAs,
        id::{OrganizationId, PersonId},
        refusal::Refusal,
        role::{Affiliation, Role},
        text::{Email, FieldIssue, Identifier, key},
        transfer::Grantee,
    },
    server::{
        context::Principal,
        error::Result,
        store::{Tx, grant, membership, organization as organizations, person},
    },
};

use super::managed::ManagedResource;

/// Access to be given: to one of `email`, `person` and `organization`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GiveForm {
    /// An address or an Org ID. The dialog has this one field for both; the API has a field for each.
    #[serde(skip)]
    pub who: String,
    /// An address. One that the organization does not know is invited.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub email: String,
    /// Someone in the organization, or with access to something in it.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub person: String,
    /// The Org ID of an organization: each of its people gets the level.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub organization: String,
    /// `reader`, `uploader`, `editor` or `manager`.
    pub level: String,
    /// How an unknown address is invited: `external`, without a membership, or `member`.
    #[serde(rename = "as", deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub way: String,
}

/// To whom access is to be given, parsed.
#[derive(Debug, Clone)]
pub(super) enum Recipient {
    Address(Email),
    Person(PersonId),
    Organization(String),
}

impl GiveForm {
    pub(super) fn read(&self) -> Result<(Recipient, Level, InviteAs)> {
        let mut fields = Fields::default();
        let who = self.who.trim();
        // What has no "@" in it is no address, and may be an Org ID.
        let names_organization = !who.contains('@') && Identifier::parse(who).is_ok();
        let (address_in_who, word_in_who) = if names_organization { ("", who) } else { (who, "") };
        let one_of = |typed, otherwise| if str::is_empty(typed) { otherwise } else { typed };
        let (email, organization) =
            (one_of(self.email.trim(), address_in_who), one_of(self.organization.trim(), word_in_who));
        let whom = match (email, self.person.trim(), organization) {
            ("", "", "") => fields.check("email", Err(FieldIssue::Missing)),
            (address, "", "") => fields.check("email", Email::parse(address).map(Recipient::Address)),
            ("", id, "") => fields.check("person", id.parse().map(Recipient::Person).map_err(|_| FieldIssue::NotAnId)),
            ("", "", word) => Some(Recipient::Organization(word.to_owned())),
            _ => {
                return Err(
                    Refusal::BadRequest("Send one of email, person and organization, not several.".to_owned()).into()
                );
            }
        };
        let level = fields.check(
            "level",
            if self.level.trim().is_empty() { Err(FieldIssue::Missing) } else { Level::parse(self.level.trim()) },
        );
        let way = fields.check("as", InviteAs::parse(self.way.trim()));
        fields.done()?;
        match (whom, level, way) {
            (Some(whom), Some(level), Some(way)) => Ok((whom, level, way)),
            _ => Err(Refusal::Invalid(Vec::new()).into()),
        }
    }
}

/// A person or an organization that can be given access.
pub(super) struct KnownRecipient {
    pub(super) grantee: Grantee,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) standing: Affiliation,
}

/// Who an address belongs to, if the organization knows them: they are in it, or reach something in it.
pub(super) async fn find_known(
    tx: &mut Tx,
    managed: &ManagedResource,
    email: &Email,
) -> Result<Option<KnownRecipient>> {
    match person::find_by_email(tx, &email.key()).await? {
        Some(found) => find_receiver(tx, managed, found.id).await,
        None => Ok(None),
    }
}

pub(super) async fn find_person(tx: &mut Tx, managed: &ManagedResource, id: PersonId) -> Result<KnownRecipient> {
    Ok(find_receiver(tx, managed, id).await?.ok_or(Refusal::NotFound)?)
}

/// Somebody that the resource's organization knows, in the role that counts in its account (ACCT-2). Nobody else is found,
/// with or without an account of their own, so that nothing can be learnt about that (attack 28).
pub(super) async fn find_receiver(
    tx: &mut Tx,
    managed: &ManagedResource,
    id: PersonId,
) -> Result<Option<KnownRecipient>> {
    let (organization, account) = (managed.permit.organization(), managed.account()?);
    let role = membership::find_role_in(tx, account, id).await?;
    if role.is_none() && grant::list_known(tx, organization, &[id]).await?.is_empty() {
        return Ok(None);
    }
    Ok(person::find(tx, id).await?.map(|found| KnownRecipient {
        grantee: Grantee::Person(id),
        name: crate::domain::person::full_name(&found.first_name, &found.last_name),
        address: found.email,
        standing: role.map_or(Affiliation::External, Affiliation::In),
    }))
}

/// An organization by its Org ID. By its id it is found only if the caller is in it: ids are in addresses and logs, and must
/// not lead to the name of an organization (attack 5).
pub(super) async fn find_organization(
    tx: &mut Tx,
    by: &Principal,
    managed: &ManagedResource,
    word: &str,
) -> Result<KnownRecipient> {
    let id = match word.parse::<OrganizationId>() {
        Ok(id) if membership::find_role(tx, id, by.person).await?.is_some() => Some(id),
        Ok(_) => None,
        Err(_) => organizations::find_id(tx, &key(word)).await?,
    };
    let found = organizations::find(tx, id.ok_or(Refusal::NotFound)?).await?.ok_or(Refusal::NotFound)?;
    let own = found.id == managed.permit.organization();
    if found.space_of.is_some() && !own {
        return Err(Refusal::NotFound.into());
    }
    Ok(KnownRecipient {
        grantee: Grantee::Organization(found.id),
        name: found.name,
        address: found.org_id,
        // The people of the resource's own organization are at least Members. Those of another one are external.
        standing: if own { Affiliation::In(Role::Member) } else { Affiliation::External },
    })
}

/// The holder of a grant.
pub(super) async fn receiver_of(tx: &mut Tx, managed: &ManagedResource, grantee: Grantee) -> Result<KnownRecipient> {
    match grantee {
        Grantee::Person(id) => find_person(tx, managed, id).await,
        Grantee::Organization(id) => {
            let found = organizations::find(tx, id).await?.ok_or(Refusal::NotFound)?;
            let own = found.id == managed.permit.organization();
            Ok(KnownRecipient {
                grantee,
                name: found.name,
                address: found.org_id,
                standing: if own { Affiliation::In(Role::Member) } else { Affiliation::External },
            })
        }
    }
}

pub(super) async fn name_of(tx: &mut Tx, grantee: Grantee) -> Result<String> {
    Ok(match grantee {
        Grantee::Person(id) => person::find(tx, id)
            .await?
            .map(|found| crate::domain::person::full_name(&found.first_name, &found.last_name))
            .unwrap_or_default(),
        Grantee::Organization(id) => organizations::find(tx, id).await?.map(|found| found.name).unwrap_or_default(),
    })
}
