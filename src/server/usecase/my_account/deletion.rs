//! Deleting one's account (SET-2): what tells who somebody was goes, what they made stays with the organizations it is of, and
//! no organization loses its last Owner (ORG-3).

use crate::{
    domain::{
        audit::Action,
        people_visibility::PeopleVisibility,
        permit::allow,
        profile::own,
        refusal::Refusal,
        role::{Permission, Role},
        role_change::keep_an_owner,
        text::{Email, FieldIssue},
        upload::ABANDONED_KEPT_MILLIS,
    },
    view::{OrganizationMembership, my_account::AccountDeletionView},
};

use super::{
    super::{
        super::{
            context::{Ctx, Principal},
            error::Result,
            mail::{EmailMessage, post},
            store::{
                Tx, annotation, audit as audit_store,
                dataset_file::{self, Doomed},
                grant, invitation, membership, one_time_link, organization, person, resource, seat, session,
            },
        },
        audit::{self, AuditEvent},
        job,
    },
    check_password, check_password_unchanged, myself,
};

/// How many memberships one person has at most.
const MEMBERSHIPS: i64 = 10_000;

/// What I belong to, as far as it matters when I go.
struct Affiliations {
    /// Where I am a member among others, or the only one.
    organizations: Vec<membership::OwnMembership>,
    /// Those that would be left without an Owner.
    last_owner_of: Vec<membership::OwnMembership>,
    /// My personal space, if nobody else is in it: it goes with me.
    space: Option<membership::OwnMembership>,
    /// Whether it holds anything.
    space_holds_work: bool,
}

async fn standing(tx: &mut Tx, by: &Principal) -> Result<Affiliations> {
    let (mut organizations, mut last_owner_of, mut space) = (Vec::new(), Vec::new(), None);
    let owners = membership::count_owners_where_owner(tx, by.person).await?;
    for mine in membership::list_own(tx, by.person, MEMBERSHIPS).await? {
        if mine.personal && membership::count(tx, mine.organization).await? == 1 {
            space = Some(mine);
            continue;
        }
        // One that was deleted needs nobody any more.
        if mine.role == Role::Owner
            && !mine.deleted
            && keep_an_owner(owners.get(&mine.organization).copied().unwrap_or(0), 1).is_err()
        {
            last_owner_of.push(mine.clone());
        }
        organizations.push(mine);
    }
    let space_holds_work = match &space {
        Some(space) => resource::any_in(tx, space.organization).await?,
        None => false,
    };
    Ok(Affiliations { organizations, last_owner_of, space, space_holds_work })
}

/// What deleting my account would do, for its page.
pub async fn farewell(ctx: &Ctx, by: &Principal) -> Result<AccountDeletionView> {
    let mut tx = ctx.db().read().await?;
    let me = myself(&mut tx, by).await?;
    let standing = standing(&mut tx, by).await?;
    let last_owner_of = standing
        .last_owner_of
        .into_iter()
        .map(|mine| {
            let shown_to = PeopleVisibility::Managers;
            OrganizationMembership::new(
                mine.organization,
                mine.org_id,
                mine.name,
                Some(mine.role),
                mine.personal,
                shown_to,
            )
        })
        .collect();
    Ok(AccountDeletionView { email: me.email, last_owner_of, space_holds_work: standing.space_holds_work })
}

/// Deletes my account, for good. `confirm` is my address, typed; `delete_space` says that the work in my personal space is to
/// be deleted as well.
///
/// # Errors
/// `Invalid` at `confirm` or `password`; `LastOwnerOf` with the names of the organizations; `SpaceHoldsWork`.
pub async fn delete(ctx: &Ctx, by: &Principal, password: &str, confirm: &str, delete_space: bool) -> Result<()> {
    if Email::parse(confirm).map(|email| email.key()).as_deref() != Ok(by.email_key.as_str()) {
        return Err(Refusal::field("confirm", FieldIssue::NotYourEmail).into());
    }
    let password_hash = check_password(ctx, by, "password", password).await?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                check_password_unchanged(tx, by, &password_hash).await?;
                delete_in(tx, ctx, by, delete_space).await
            })
        })
        .await
}

async fn delete_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, delete_space: bool) -> Result<()> {
    let (me, permit, now) = (myself(tx, by).await?, own(by.person), ctx.now());
    let standing = standing(tx, by).await?;
    if !standing.last_owner_of.is_empty() {
        let names: Vec<&str> = standing.last_owner_of.iter().map(|mine| mine.name.as_str()).collect();
        return Err(Refusal::LastOwnerOf(names.join(", ")).into());
    }
    if standing.space_holds_work && !delete_space {
        return Err(Refusal::SpaceHoldsWork.into());
    }
    for mine in &standing.organizations {
        let leave = allow(by.who(), mine.organization, Some(mine.role), Permission::Leave)?;
        membership::delete(tx, &leave, &[by.person]).await?;
        seat::delete_of_people(tx, &leave, &[by.person]).await?;
        let what = AuditEvent {
            organization: Some(mine.organization),
            before: Some(serde_json::json!({ "person": by.person, "role": mine.role })),
            ..AuditEvent::new(Action::PersonLeft, "deleted their account")
        };
        audit::record(tx, ctx, by, what).await?;
    }
    if let Some(space) = &standing.space {
        let close = allow(by.who(), space.organization, Some(space.role), Permission::EditLegal)?;
        let unused_at = now.plus_millis(ABANDONED_KEPT_MILLIS);
        job::settle::end_of_organization(tx, ctx, close.organization()).await?;
        dataset_file::delete_doomed(tx, Doomed::OfOrganization(&close), i64::MAX, now, unused_at).await?;
        annotation::delete_of_organization(tx, &close).await?;
        resource::delete_all(tx, &close).await?;
        organization::close_space(tx, &close, now).await?;
        membership::delete(tx, &close, &[by.person]).await?;
        seat::delete_of_people(tx, &close, &[by.person]).await?;
    }
    grant::delete_own(tx, &permit).await?;
    invitation::delete_sent_to(tx, &by.email_key).await?;
    one_time_link::delete_of_person(tx, by.person).await?;
    session::delete_of_person(tx, by.person, None).await?;
    post(tx, ctx, &me.email, &EmailMessage::AccountDeleted { first_name: &me.first_name }).await?;
    person::anonymize(tx, &permit, now).await?;
    audit_store::delete_personal(tx, &permit).await?;
    // Recorded after the personal entries are gone: what stays is that an account was deleted, without a name.
    let nobody = Principal { name: "Deleted person".to_owned(), address: None, ..by.clone() };
    audit::record(tx, ctx, &nobody, AuditEvent::new(Action::AccountDeleted, "deleted their account")).await
}
