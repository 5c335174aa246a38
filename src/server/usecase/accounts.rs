//! Accounts of an organization (ACCT-1, ACCT-2, ACCT-4): opening, changing and closing them, who is limited to which, and what
//! their Drives are called.

use std::collections::BTreeSet;

use crate::{
    domain::{
        account::{self as rules, AccountContents, AccountForm, may_delete, sharing_id},
        audit::Action,
        id::{AccountId, OrganizationId, PersonId, ResourceId},
        licence::Product,
        permit::RolePermit,
        plan::{PlanTier, may_add_account, may_limit},
        refusal::Refusal,
        resource::Kind,
        role::{Permission, Role},
        role_change::change_role as may_change_role,
        text::{FieldIssue, key},
    },
    view::{
        Control, Crumb,
        accounts::{AccountChoice, AccountLink, AccountRow, AccountsView, LimitsView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx,
            account::{self, Account},
            licence, loan, membership, organization as organizations, resource,
        },
    },
    audit::{self, AuditEvent},
    organization,
};

/// The accounts of an organization that somebody sees, as names: nothing is named where they see one alone (ACCT-4).
#[derive(Debug, Clone, Default)]
pub struct AccountNames(Vec<Account>);

impl AccountNames {
    /// Those of an organization.
    pub async fn of(tx: &mut Tx, by: &Principal, organization: OrganizationId) -> Result<Self> {
        Ok(Self::among(account::list_visible(tx, organization, by.person).await?))
    }

    /// Those among the accounts that somebody sees.
    pub fn among(visible: Vec<Account>) -> Self {
        if visible.len() > 1 { Self(visible) } else { Self::default() }
    }

    /// What an account is called.
    pub fn of_account(&self, id: AccountId) -> Option<String> {
        self.0.iter().find(|account| account.id == id).map(|account| account.name.clone())
    }

    /// What a root is called.
    fn of_root(&self, id: ResourceId) -> Option<&str> {
        self.0.iter().find(|account| account.root == id).map(|account| account.name.as_str())
    }

    /// Calls the root on a way by its account.
    pub fn label(&self, path: &mut [Crumb]) {
        for crumb in path.iter_mut().filter(|crumb| crumb.kind == Kind::Root) {
            if let Some(name) = self.of_root(crumb.id) {
                name.clone_into(&mut crumb.name);
            }
        }
    }

    /// The ways to them.
    pub fn links(self) -> Vec<AccountLink> {
        self.0.into_iter().map(link).collect()
    }
}

fn link(account: Account) -> AccountLink {
    AccountLink { id: account.id, name: account.name, root: account.root }
}

/// Leave to manage the accounts of an organization, and the organization; a personal space has one, and that is that.
async fn manage(tx: &mut Tx, by: &Principal, org: &str) -> Result<(RolePermit, organizations::Organization)> {
    let permit = organization::permit(tx, by, org, Permission::ManageAccounts).await?;
    let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    if found.space_of.is_some() { Err(Refusal::NotFound.into()) } else { Ok((permit, found)) }
}

/// What is in the way of deleting each of some accounts of an organization.
async fn held(
    tx: &mut Tx,
    ctx: &Ctx,
    organization: OrganizationId,
    all: &[Account],
) -> Result<Vec<(AccountId, AccountContents)>> {
    let now = ctx.now();
    let licences = licence::list(tx, organization).await?;
    let full = account::list_held(tx, organization).await?;
    let usable = licence::list_usable(tx, organization, now).await?;
    let loans = loan::list_running(tx, organization, now).await?;
    let holds = |account: &Account| {
        let there = full.iter().find(|(id, _)| *id == account.id).map(|(_, held)| *held).unwrap_or_default();
        let licences: Vec<Product> = licences
            .iter()
            .filter(|stored| stored.account == account.id && !stored.licence.has_expired(now))
            .map(|stored| stored.licence.product)
            .collect();
        let borrows = |licence| loans.iter().any(|loan| loan.licence == licence && loan.borrower.account == account.id);
        let borrowed: Vec<Product> =
            usable.iter().filter(|stored| borrows(stored.licence.id)).map(|stored| stored.licence.product).collect();
        let last = all.len() < 2;
        (account.id, AccountContents { last, in_drive: there.in_drive, in_trash: there.in_trash, licences, borrowed })
    };
    Ok(all.iter().map(holds).collect())
}

fn more(plan: PlanTier, accounts: u64) -> std::result::Result<(), Refusal> {
    may_add_account(plan, accounts)?;
    rules::may_add(accounts)
}

/// The accounts of an organization, for who manages them.
pub async fn view(tx: &mut Tx, ctx: &Ctx, found: &organizations::Organization) -> Result<AccountsView> {
    let all = account::list(tx, found.id).await?;
    let held = held(tx, ctx, found.id, &all).await?;
    let as_control = |allowed: std::result::Result<(), Refusal>| match allowed {
        Ok(()) => Control::Enabled,
        Err(refusal) => Control::Disabled(refusal.to_string()),
    };
    let create = as_control(more(found.plan, all.len() as u64));
    let rows = all
        .into_iter()
        .zip(held)
        .map(|(account, (_, held))| row(&found.org_id, account, as_control(may_delete(&held))))
        .collect();
    Ok(AccountsView { rows, create, plan: found.plan })
}

fn row(org_id: &str, account: Account, delete: Control) -> AccountRow {
    AccountRow {
        id: account.id,
        sharing_id: sharing_id(org_id, &account.account_id),
        name: account.name,
        account_id: account.account_id,
        root: account.root,
        delete,
    }
}

/// The accounts of an organization, for the API: those that the caller sees.
///
/// # Errors
/// `NotFound` for who does not see the organization.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<AccountRow>> {
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    let visible = account::list_visible(&mut tx, at.id, by.person).await?;
    Ok(visible.into_iter().map(|account| row(&at.org_id, account, Control::Absent)).collect())
}

fn taken() -> Error {
    Refusal::field("account_id", FieldIssue::Taken).into()
}

/// **New account** (ACCT-1).
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` with the problem of every field, a taken Account ID among them; `PlanLimit`.
pub async fn create(ctx: &Ctx, by: &Principal, org: &str, form: &AccountForm) -> Result<AccountRow> {
    ctx.db().write(|tx, _| Box::pin(async { create_in(tx, ctx, by, org, form).await })).await
}

async fn create_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, org: &str, form: &AccountForm) -> Result<AccountRow> {
    let (permit, found) = manage(tx, by, org).await?;
    let form = AccountForm { name: Some(form.name.clone().unwrap_or_default()), ..form.clone() };
    let (name, account_id) = rules::read(&form)?;
    let name = name.ok_or_else(|| Refusal::field("name", FieldIssue::Missing))?;
    more(found.plan, account::count(tx, found.id).await?)?;
    let wanted = account_id.clone().unwrap_or_else(|| rules::stem(&name));
    let keys = account::list_taken_keys(tx, found.id, &wanted.key()).await?;
    let account_id = match account_id {
        Some(id) if keys.contains(&id.key()) => return Err(taken()),
        Some(id) => id,
        None => rules::suggest(&name, &keys),
    };
    let new = Account {
        id: AccountId(ctx.id()),
        organization: found.id,
        name: name.to_string(),
        account_id: account_id.as_str().to_owned(),
        root: ResourceId(ctx.id()),
    };
    insert(tx, ctx, &permit, &new).await.map_err(|error| if error.is_taken() { taken() } else { error })?;
    let what = AuditEvent {
        organization: Some(found.id),
        after: Some(serde_json::json!({ "account": new.id, "name": name, "account_id": account_id })),
        ..AuditEvent::new(Action::AccountCreated, format!("created the account {name}"))
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(row(&found.org_id, new, Control::Enabled))
}

/// Adds an account with the root of its Drive.
///
/// # Errors
/// `Taken` if the organization has this Account ID.
pub(super) async fn insert(tx: &mut Tx, ctx: &Ctx, permit: &RolePermit, new: &Account) -> Result<()> {
    account::insert(tx, permit, new, ctx.now()).await?;
    let root = resource::NewResource {
        id: new.root,
        account: new.id,
        kind: Kind::Root,
        name: Kind::Root.label(),
        dataset: None,
        at: ctx.now(),
    };
    Ok(resource::insert_root(tx, permit, &root).await?)
}

/// An account of the organization that is managed.
async fn own(tx: &mut Tx, organization: OrganizationId, id: &str) -> Result<Account> {
    let id: AccountId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let found = account::find(tx, id).await?.filter(|account| account.organization == organization);
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// Gives an account another name, another Account ID, or both (ACCT-1).
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` with the problem of every field, a taken Account ID among them.
pub async fn change(ctx: &Ctx, by: &Principal, org: &str, id: &str, form: &AccountForm) -> Result<AccountRow> {
    ctx.db().write(|tx, _| Box::pin(async { change_in(tx, ctx, by, org, id, form).await })).await
}

async fn change_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    id: &str,
    form: &AccountForm,
) -> Result<AccountRow> {
    let (permit, found) = manage(tx, by, org).await?;
    let before = own(tx, found.id, id).await?;
    // What is not sent stays; an Account ID that was emptied is made anew from the name.
    let form = AccountForm {
        name: Some(form.name.clone().unwrap_or_else(|| before.name.clone())),
        account_id: Some(form.account_id.clone().unwrap_or_else(|| before.account_id.clone())),
    };
    let (name, account_id) = rules::read(&form)?;
    let name = name.ok_or_else(|| Refusal::field("name", FieldIssue::Missing))?;
    let own_key = key(&before.account_id);
    let wanted = account_id.clone().unwrap_or_else(|| rules::stem(&name));
    let mut keys = account::list_taken_keys(tx, found.id, &wanted.key()).await?;
    keys.retain(|key| *key != own_key);
    let account_id = match account_id {
        Some(id) if keys.contains(&id.key()) => return Err(taken()),
        Some(id) => id,
        None => rules::suggest(&name, &keys),
    };
    let after = Account { name: name.to_string(), account_id: account_id.as_str().to_owned(), ..before.clone() };
    if after != before {
        account::update(tx, &permit, before.id, &name, &account_id)
            .await
            .map_err(Error::from)
            .map_err(|error| if error.is_taken() { taken() } else { error })?;
        let state = |account: &Account| serde_json::json!({ "account": account.id, "name": account.name, "account_id": account.account_id });
        let renamed = if after.name == before.name {
            format!("changed the Account ID of {} from {} to {}", before.name, before.account_id, after.account_id)
        } else {
            format!("renamed the account {} to {}", before.name, after.name)
        };
        let what = AuditEvent {
            organization: Some(found.id),
            before: Some(state(&before)),
            after: Some(state(&after)),
            ..AuditEvent::new(Action::AccountChanged, renamed)
        };
        audit::record(tx, ctx, by, what).await?;
    }
    Ok(row(&found.org_id, after, Control::Absent))
}

/// **Delete account**: an empty one that is not the last (ACCT-1). Its name.
///
/// # Errors
/// `NotFound`, `Forbidden`; `AccountInUse` with what is in the way.
pub async fn delete(ctx: &Ctx, by: &Principal, org: &str, id: &str) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found) = manage(tx, by, org).await?;
                let gone = own(tx, found.id, id).await?;
                let all = account::list(tx, found.id).await?;
                let held = held(tx, ctx, found.id, &all).await?;
                let held = held.into_iter().find(|(id, _)| *id == gone.id).map(|(_, held)| held);
                may_delete(&held.ok_or(Refusal::NotFound)?)?;
                // What was free ends with it; what has ended stays in the books.
                licence::end_of_account(tx, gone.id, ctx.now()).await?;
                account::delete(tx, &permit, &gone, ctx.now()).await?;
                let what = AuditEvent {
                    organization: Some(found.id),
                    before: Some(
                        serde_json::json!({ "account": gone.id, "name": gone.name, "account_id": gone.account_id }),
                    ),
                    ..AuditEvent::new(Action::AccountDeleted, format!("deleted the account {}", gone.name))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(gone.name)
            })
        })
        .await
}

/// Leave to limit people, the organization, and whom it is about.
async fn limiting(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
    person: PersonId,
) -> Result<(RolePermit, organizations::Organization, membership::Member)> {
    let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
    let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    if found.space_of.is_some() {
        return Err(Refusal::NotFound.into());
    }
    let member = membership::list_by_id(tx, found.id, &[person]).await?.into_iter().next().ok_or(Refusal::NotFound)?;
    Ok((permit, found, member))
}

/// Whether somebody in the role `by` may limit somebody to chosen accounts (ACCT-2, ROLE-3).
fn may_limit_one(plan: PlanTier, by: Role, of: Role, limits: bool) -> std::result::Result<(), Refusal> {
    may_change_role(by, of, of)?;
    if limits {
        may_limit(plan)?;
        rules::may_be_limited(of)?;
    }
    Ok(())
}

/// What the dialog **Accounts** of a person shows.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn limits(tx: &mut Tx, by: &Principal, org: &str, person: PersonId) -> Result<LimitsView> {
    let (permit, found, member) = limiting(tx, by, org, person).await?;
    let limits = account::list_limits(tx, found.id, &[person]).await?;
    let accounts = account::list(tx, found.id).await?;
    let chosen: BTreeSet<AccountId> = limits.iter().filter_map(|(_, account)| *account).collect();
    let limited = !limits.is_empty();
    Ok(LimitsView {
        person,
        name: member.name,
        limited,
        accounts: accounts
            .into_iter()
            .map(|account| AccountChoice {
                chosen: !limited || chosen.contains(&account.id),
                id: account.id,
                name: account.name,
            })
            .collect(),
        change: match may_limit_one(found.plan, permit.role(), member.role, true) {
            Ok(()) => Control::Enabled,
            Err(refusal) => Control::Disabled(refusal.to_string()),
        },
    })
}

/// Limits a person to some accounts, where alone their role counts from then on; with `None`, it counts in all of them
/// (ACCT-2). Their name.
///
/// # Errors
/// `NotFound`, also at `accounts` for one that the organization does not have; `Forbidden` by ROLE-3; `PlanLimit`; `Invalid`
/// for an Owner.
pub async fn limit_person(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    accounts: Option<Vec<AccountId>>,
) -> Result<String> {
    ctx.db().write(|tx, _| Box::pin(async { limit_in(tx, ctx, by, org, person, accounts.as_deref()).await })).await
}

/// [`limit_person`] in a transaction.
pub(super) async fn limit_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    accounts: Option<&[AccountId]>,
) -> Result<String> {
    let (permit, found, member) = limiting(tx, by, org, person).await?;
    may_limit_one(found.plan, permit.role(), member.role, accounts.is_some())?;
    let all = account::list(tx, found.id).await?;
    let wanted: Option<BTreeSet<AccountId>> = accounts.map(|ids| ids.iter().copied().collect());
    if wanted.iter().flatten().any(|id| all.iter().all(|one| one.id != *id)) {
        return Err(Refusal::field("accounts", FieldIssue::NotAChoice).into());
    }
    let limits = account::list_limits(tx, found.id, &[person]).await?;
    let before: Option<BTreeSet<AccountId>> =
        (!limits.is_empty()).then(|| limits.iter().filter_map(|(_, account)| *account).collect());
    if before == wanted {
        return Ok(member.name);
    }
    let ids: Option<Vec<AccountId>> = wanted.as_ref().map(|ids| ids.iter().copied().collect());
    account::update_limits(tx, &permit, person, ids.as_deref()).await?;
    let named = |ids: &BTreeSet<AccountId>| -> Vec<&str> {
        all.iter().filter(|one| ids.contains(&one.id)).map(|one| one.name.as_str()).collect()
    };
    let summary = match &wanted {
        None => format!("removed the account limit of {}", member.name),
        Some(ids) if ids.is_empty() => format!("limited {} to no account", member.name),
        Some(ids) => format!("limited {} to {}", member.name, named(ids).join(", ")),
    };
    let state = |ids: &Option<BTreeSet<AccountId>>| serde_json::json!({ "person": person, "accounts": ids });
    let what = AuditEvent {
        organization: Some(found.id),
        before: Some(state(&before)),
        after: Some(state(&wanted)),
        ..AuditEvent::new(Action::PersonLimited, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(member.name)
}
