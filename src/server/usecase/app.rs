//! Apps (JOB-1): publishing them in versions, saying who may run them, and finding out whether somebody may.

use std::collections::BTreeMap;

use crate::{
    domain::{
        account::SharingId,
        app::{
            AppChange, AppForm, AppState, AppUseFacts, BuiltIn, MAX_VERSIONS, NewApp, NewAppForm, NewVersion,
            NewVersionForm, may_add, may_add_user, may_add_version, may_use,
        },
        audit::Action,
        id::{AppId, OrganizationId, PersonId},
        permit::{RolePermit, allow},
        person::full_name,
        refusal::Refusal,
        role::{Permission, Role},
        text::{FieldIssue, key},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, account,
            app::{self, AppUser},
            job, membership, organization as organizations, person,
        },
    },
    view::{
        Page,
        app::{AppPageView, AppQueue, AppVersionView, AppView, OrganizationAppsView, PublishedAppView},
    },
};

use super::{
    audit::{self, AuditEvent},
    operator::Operator,
    organization,
    pager::Pager,
};

/// How many versions the page of an app lists.
const LISTED_VERSIONS: i64 = 100;

/// How many apps a page of the browser lists.
const PAGE_SIZE: i64 = 50;

/// Adds an app as a draft of an organization.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` with the problem of every field.
pub async fn create(ctx: &Ctx, by: &Principal, org: &str, form: &NewAppForm) -> Result<AppView> {
    let read = NewApp::parse(form);
    let created = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::PublishApps).await?;
                let new = read.clone()?;
                may_add(app::count(tx, permit.organization()).await?)?;
                let id = AppId(ctx.id());
                app::insert(tx, &permit, id, &new, ctx.now()).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(serde_json::json!({ "app": id, "slug": new.slug, "price": new.price })),
                    ..AuditEvent::new(Action::AppCreated, format!("created the app “{}”", new.title))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(app::find_by_id(tx, id).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await;
    match created {
        Err(error) if Error::is_taken(&error) => Err(Refusal::field("slug", FieldIssue::Taken).into()),
        created => created,
    }
}

/// An app by its slug, as it is written or in another case.
async fn find(tx: &mut Tx, slug: &str) -> Result<AppView> {
    Ok(app::find(tx, &key(slug.trim())).await?.ok_or(Refusal::NotFound)?)
}

/// An app with leave to change it: that of the people who publish it.
async fn find_own(tx: &mut Tx, by: &Principal, slug: &str) -> Result<(AppView, RolePermit)> {
    let found = find(tx, slug).await?;
    let Some((publisher, _)) = found.publisher else {
        let text = "This app is built in. Only the operator decides who can use it.";
        return Err(Refusal::Forbidden(text.to_owned()).into());
    };
    let role = membership::find_role(tx, publisher, by.person).await?;
    if role.is_none() {
        // That others may run it is no secret to who may; a draft is one.
        check_use(tx, by, &found).await?;
        let text = "Only the Owners and Managers of the organization that publishes this app can change it.";
        return Err(Refusal::Forbidden(text.to_owned()).into());
    }
    match allow(by.who(), publisher, role, Permission::PublishApps) {
        Ok(permit) => Ok((found, permit)),
        // A draft is there for those alone who may publish it.
        Err(_) if found.state == AppState::Draft => Err(Refusal::NotFound.into()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Changes the title, the summary or the state of an app.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` with the problem of every field; `BadRequest` where there is no version to publish.
pub async fn change(ctx: &Ctx, by: &Principal, slug: &str, form: &AppForm) -> Result<AppView> {
    let read = AppChange::parse(form);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (before, permit) = find_own(tx, by, slug).await?;
                let change = read.clone()?;
                let state = change.state.unwrap_or(before.state);
                before.state.may_become(state, before.last_version)?;
                let after = AppView {
                    title: change.title.map_or_else(|| before.title.clone(), |title| title.to_string()),
                    summary: change.summary.unwrap_or_else(|| before.summary.clone()),
                    state,
                    ..before.clone()
                };
                if after != before {
                    app::update(tx, &permit, &after, ctx.now()).await?;
                    let told = |app: &AppView| {
                        serde_json::json!({ "app": app.id, "title": app.title, "summary": app.summary, "state": app.state })
                    };
                    let what = AuditEvent {
                        organization: Some(permit.organization()),
                        before: Some(told(&before)),
                        after: Some(told(&after)),
                        ..AuditEvent::new(Action::AppChanged, format!("changed the app “{}”", before.title))
                    };
                    audit::record(tx, ctx, by, what).await?;
                }
                Ok(after)
            })
        })
        .await
}

/// Adds a version to an app. It never changes afterwards.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` with the problem of every field.
pub async fn publish_version(ctx: &Ctx, by: &Principal, slug: &str, form: &NewVersionForm) -> Result<AppVersionView> {
    let read = NewVersion::parse(form);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (found, permit) = find_own(tx, by, slug).await?;
                let version = read.clone()?;
                may_add_version(found.last_version)?;
                let number = app::insert_version(tx, &permit, found.id, &version, &by.name, ctx.now()).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(serde_json::json!({ "app": found.id, "version": number, "label": version.label })),
                    ..AuditEvent::new(
                        Action::AppVersionPublished,
                        format!("published version {number} ({}) of “{}”", version.label, found.title),
                    )
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(app::find_version(tx, found.id, number).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await
}

/// Who is meant by an id of a person or an organization, by an Org ID, or by the Sharing ID of one of its accounts; and what they are
/// called. Never by an email address, so that nobody learns which addresses have an account.
async fn user_of(tx: &mut Tx, text: &str) -> Result<Option<(AppUser, String)>> {
    let id = match (text.parse::<uuid::Uuid>(), SharingId::parse(text)) {
        (Ok(id), _) => {
            if let Some(found) = person::find(tx, PersonId(id)).await? {
                return Ok(Some((AppUser::Person(PersonId(id)), full_name(&found.first_name, &found.last_name))));
            }
            Some(OrganizationId(id))
        }
        (_, Ok(to)) => {
            account::find_by_sharing_id(tx, &to.org_key, &to.account_key).await?.map(|account| account.organization)
        }
        _ => organizations::find_id(tx, &key(text)).await?,
    };
    let found = match id {
        // A personal space is called like its person, so nobody finds out by guessing who has an account.
        Some(id) => organizations::find(tx, id).await?.filter(|found| found.space_of.is_none()),
        None => None,
    };
    Ok(found.map(|found| (AppUser::Organization(found.id), found.name)))
}

/// Authorizes a person or an organization to use an app; what they are called.
///
/// # Errors
/// `NotFound`, also for whom nobody is called like that; `Forbidden`.
pub async fn authorize(ctx: &Ctx, by: &Principal, slug: &str, user: &str) -> Result<String> {
    authorize_or(ctx, by, slug, user, &Refusal::NotFound).await
}

/// [`authorize`] by a form, where an id that nobody has is a problem of its field.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` at `user`.
pub async fn authorize_by_form(ctx: &Ctx, by: &Principal, slug: &str, user: &str) -> Result<String> {
    let issue = if user.trim().is_empty() { FieldIssue::Missing } else { FieldIssue::NoSuchAppUser };
    authorize_or(ctx, by, slug, user, &Refusal::field("user", issue)).await
}

async fn authorize_or(ctx: &Ctx, by: &Principal, slug: &str, user: &str, nobody: &Refusal) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (found, permit) = find_own(tx, by, slug).await?;
                let (user, name) = user_of(tx, user.trim()).await?.ok_or_else(|| nobody.clone())?;
                may_add_user(app::count_users(tx, found.id).await?, user.id() == by.person.0)?;
                if app::insert_user(tx, &permit, found.id, user, ctx.now()).await? {
                    let what = AuditEvent {
                        organization: Some(permit.organization()),
                        after: Some(serde_json::json!({ "app": found.id, "user": user.id() })),
                        ..AuditEvent::new(Action::AppUserAdded, format!("authorized {name} to use “{}”", found.title))
                    };
                    audit::record(tx, ctx, by, what).await?;
                }
                Ok(name)
            })
        })
        .await
}

/// Ends the use of an app by a person or an organization; what they are called. Jobs that began go on.
///
/// # Errors
/// `NotFound`, also for who could not use it; `Forbidden`.
pub async fn unauthorize(ctx: &Ctx, by: &Principal, slug: &str, user: &str) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (found, permit) = find_own(tx, by, slug).await?;
                let (id, name) = match user_of(tx, user.trim()).await? {
                    Some((user, name)) => (user.id(), name),
                    // Who has been deleted since can still be taken out.
                    None => (super::subject(user.trim())?, "someone".to_owned()),
                };
                if !app::delete_user(tx, &permit, found.id, id).await? {
                    return Err(Refusal::NotFound.into());
                }
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(serde_json::json!({ "app": found.id, "user": id })),
                    ..AuditEvent::new(Action::AppUserRemoved, format!("ended the use of “{}” by {name}", found.title))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(name)
            })
        })
        .await
}

/// Authorizes everybody to use an app, or ends that: the operator does.
///
/// # Errors
/// `NotFound`.
pub async fn authorize_everybody(ctx: &Ctx, operator: &Operator, slug: &str, everybody: bool) -> Result<AppView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = find(tx, slug).await?;
                if found.everybody != everybody {
                    app::update_everybody(tx, found.id, everybody, ctx.now()).await?;
                    let (action, text) = if everybody {
                        (Action::AppUserAdded, format!("authorized everybody to use “{}”", found.title))
                    } else {
                        (Action::AppUserRemoved, format!("ended the use of “{}” by everybody", found.title))
                    };
                    let what = AuditEvent {
                        organization: found.publisher.as_ref().map(|(id, _)| *id),
                        after: Some(serde_json::json!({ "app": found.id, "everybody": everybody })),
                        ..AuditEvent::new(action, text)
                    };
                    audit::note_as(tx, ctx, operator, what).await?;
                }
                Ok(AppView { everybody, ..found })
            })
        })
        .await
}

/// What decides whether somebody may run an app.
async fn use_facts(tx: &mut Tx, by: &Principal, found: &AppView) -> Result<AppUseFacts> {
    let organization = found.publisher.as_ref();
    let publishes = match organization {
        Some((id, _)) => {
            let role = membership::find_role(tx, *id, by.person).await?;
            allow(by.who(), *id, role, Permission::PublishApps).is_ok()
        }
        None => false,
    };
    let organizations = match &by.key {
        Some(key) => {
            let own = organization.is_some_and(|(id, _)| *id == key.organization);
            let authorized = own || app::is_user(tx, found.id, key.organization.0).await?;
            if authorized { vec![(String::new(), true)] } else { Vec::new() }
        }
        None => app::list_authorized(tx, found, by.person).await?,
    };
    Ok(AppUseFacts {
        title: found.title.clone(),
        publisher: organization.map(|(_, name)| name.clone()),
        state: Some(found.state),
        publishes,
        everybody: found.everybody,
        person: by.key.is_none() && app::is_user(tx, found.id, by.person.0).await?,
        organizations,
    })
}

/// Whether somebody may run an app (JOB-1).
///
/// # Errors
/// `AppNotAuthorized`, naming the reason; `NotFound` for a draft of others.
pub(super) async fn check_use(tx: &mut Tx, by: &Principal, found: &AppView) -> Result<()> {
    Ok(may_use(&use_facts(tx, by, found).await?)?)
}

/// One page of the published apps that the caller may run, by slug.
///
/// # Errors
/// `Invalid` at `limit` or `cursor`.
pub async fn list_usable(ctx: &Ctx, by: &Principal, cursor: &str, limit: Option<i64>) -> Result<Page<AppView>> {
    let limit = super::limit(limit)?;
    let pager = Pager::new("apps");
    let after: String = pager.read(cursor)?.unwrap_or_default();
    let mut tx = ctx.db().read().await?;
    let machine_of = by.key.as_ref().map(|key| key.organization);
    let apps = app::list_usable(&mut tx, by.person, machine_of, &after, limit + 1).await?;
    pager.page(apps, limit, |app| app.slug.clone())
}

/// One page of the apps that an organization publishes, by slug. Drafts are for who publishes them.
///
/// # Errors
/// `NotFound` for who is not in the organization; `Invalid` at `limit` or `cursor`.
pub async fn list_of(ctx: &Ctx, by: &Principal, org: &str, cursor: &str, limit: Option<i64>) -> Result<Page<AppView>> {
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let (found, role) = organization::find_with_role(&mut tx, by, org).await?;
    Ok(published(&mut tx, by, found.id, role, cursor, limit).await?.0)
}

/// A page of the apps of an organization, and whether the caller publishes them.
async fn published(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    role: Option<Role>,
    cursor: &str,
    limit: i64,
) -> Result<(Page<AppView>, bool)> {
    let role = role.ok_or(Refusal::NotFound)?;
    let pager = Pager::new(format!("{organization} apps"));
    let after: String = pager.read(cursor)?.unwrap_or_default();
    let apps = app::list_published_by(tx, organization, &after, limit + 1).await?;
    let publishes = allow(by.who(), organization, Some(role), Permission::PublishApps).is_ok();
    let mut page = pager.page(apps, limit, |app| app.slug.clone())?;
    page.items.retain(|app| publishes || app.state != AppState::Draft);
    Ok((page, publishes))
}

/// The page of the apps that an organization publishes.
///
/// # Errors
/// `NotFound` for who is not in the organization; `Invalid` at `cursor`.
pub async fn organization_page(ctx: &Ctx, by: &Principal, org: &str, cursor: &str) -> Result<OrganizationAppsView> {
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    let (page, publishes) = published(&mut tx, by, at.id, at.role, cursor, PAGE_SIZE).await?;
    let mut users = if publishes {
        let ids: Vec<AppId> = page.items.iter().map(|app| app.id).collect();
        app::count_users_by_app(&mut tx, &ids).await?
    } else {
        BTreeMap::new()
    };
    let apps = page.map(|app| {
        let users = publishes.then(|| users.remove(&app.id).unwrap_or_default());
        PublishedAppView { app, users }
    });
    Ok(OrganizationAppsView { organization: at, publishes, apps })
}

/// The page of the apps that the reader may run.
///
/// # Errors
/// `Invalid` at `cursor`.
pub async fn usable_page(ctx: &Ctx, by: &Principal, cursor: &str) -> Result<Page<AppView>> {
    list_usable(ctx, by, cursor, Some(PAGE_SIZE)).await
}

/// Adds the apps that the program has built in, with their newest versions (JOB-4); their ids. Idempotent.
///
/// # Errors
/// The database.
pub async fn add_built_in(ctx: &Ctx) -> Result<Vec<(BuiltIn, AppId)>> {
    let mut added = Vec::new();
    for app in BuiltIn::ALL {
        let facts = app.facts();
        let id: Result<AppId> = ctx
            .db()
            .write(|tx, _| {
                Box::pin(async {
                    let now = ctx.now();
                    app::upsert_built_in(tx, AppId(ctx.id()), &facts, now).await?;
                    let id = app::find(tx, facts.slug).await?.ok_or(Refusal::NotFound)?.id;
                    app::insert_built_in_version(tx, id, &facts, now).await?;
                    Ok(id)
                })
            })
            .await;
        added.push((app, id?));
    }
    Ok(added)
}

/// An app for its page: with its versions for who may run it or publishes it, and with who may run it for the latter.
///
/// # Errors
/// `NotFound` for what there is not, and for drafts of others; `AppNotAuthorized` for who may not run it, naming the reason.
pub async fn show(ctx: &Ctx, by: &Principal, slug: &str) -> Result<AppPageView> {
    let page = page(ctx, by, slug).await?;
    match page.refused {
        Some(reason) if page.users.is_none() => Err(Refusal::AppNotAuthorized(reason).into()),
        refused => Ok(AppPageView { refused, ..page }),
    }
}

/// [`show`], with the reason in it where the reader may not run the app.
///
/// # Errors
/// `NotFound` for what there is not, and for drafts of others.
pub async fn page(ctx: &Ctx, by: &Principal, slug: &str) -> Result<AppPageView> {
    let mut tx = ctx.db().read().await?;
    let found = find(&mut tx, slug).await?;
    let facts = use_facts(&mut tx, by, &found).await?;
    let refused = match may_use(&facts) {
        Ok(()) => None,
        // What was withdrawn is still there for who publishes it.
        Err(Refusal::NotFound) => return Err(Refusal::NotFound.into()),
        Err(refusal) => Some(refusal.to_string()),
    };
    let versions = if refused.is_none() || facts.publishes {
        app::list_versions(&mut tx, found.id, LISTED_VERSIONS.min(MAX_VERSIONS)).await?
    } else {
        Vec::new()
    };
    let users = if facts.publishes { Some(app::list_users(&mut tx, found.id).await?) } else { None };
    let publisher_org_id = match &found.publisher {
        Some((id, _)) if facts.publishes => organizations::find(&mut tx, *id).await?.map(|publisher| publisher.org_id),
        _ => None,
    };
    let queue = if facts.publishes {
        let (waiting, running) = job::count_of_app(&mut tx, found.id, AppQueue::MOST).await?;
        Some(AppQueue { waiting, running })
    } else {
        None
    };
    let asks_publisher = facts.asks_publisher();
    Ok(AppPageView { app: found, versions, users, refused, asks_publisher, publisher_org_id, queue })
}
