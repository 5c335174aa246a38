//! Share links (LINK-1): switching them on and off, copying them, and what who has one sees.
//!
//! # Invariants
//! - A token is never stored: it follows from the link's id and the installation's secret, and is looked up by its digest.
//! - A link that is wrong, revoked or expired, whose resource is in the trash, or whose organization was deleted, is not
//!   told apart from one that never was (attack 41). Only one that a transfer stopped says so.
//! - Nothing above the link's resource is ever told, and nobody's name.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Act, may_act},
        audit::Action,
        fields::Fields,
        file::Side,
        id::{LinkId, PersonId, ResourceId},
        licence::{Entitlement, allows},
        name::sort_key,
        refusal::Refusal,
        resource::Kind,
        restriction::Restrictions,
        share_link::{LinkPassword, LinkStatus, expiry, may_add, may_link, may_visit},
        text::FieldIssue,
        time::Timestamp,
    },
    view::{
        Control, Page, RowView,
        link::{LinkFiles, LinkTargetRow, LinkTargetView, ShareLinkView, ShareView},
        viewer::LayerView,
    },
};

use super::{
    super::{
        context::{Client, Ctx, Principal, digest},
        error::Result,
        limit::{Key, network},
        store::{Tx, licence, link, resource},
    },
    access,
    audit::{self, AuditEvent},
    file::{self, FileContent, FilesQuery, Preview},
    layer::{self, LayerBytes, TileAddress},
    pager::Pager,
    site,
    zip::{self, ZipContent, ZipQuery},
};

/// How many links a list shows; more than this were not made in a long time.
const MAX_LISTED: i64 = 50;
/// How many rows a page of a link has.
const PAGE_SIZE: i64 = 100;
/// That a link was opened is noted once in so many milliseconds: opening one writes nothing else.
const VISIT_RECORDED_EVERY_MILLIS: i64 = 60 * 60_000;

/// A new link.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkForm {
    /// 8 to 128 characters. Without it, anyone who has the link sees the resource.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub password: String,
    /// A time like `2026-11-21T18:00:00Z`, or a day. Without it, the link works until it is revoked.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub expires_at: String,
}

/// A link that was switched on.
#[derive(Debug, Clone)]
pub struct CreatedLink {
    /// Its id.
    pub id: LinkId,
    /// Its address, with the token in it.
    pub url: String,
}

fn url(ctx: &Ctx, token: &str) -> String {
    format!("{}/s/{token}", ctx.public_url())
}

/// Switches a link to a resource on.
///
/// # Errors
/// `Invalid` at `password` or `expires_at`; `NotFound`, `Forbidden`; `Licence` (LIC-6); `BadRequest` where there are too
/// many.
pub async fn create(ctx: &Ctx, by: &Principal, id: &str, form: &LinkForm) -> Result<CreatedLink> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut fields = Fields::default();
    let password = fields.check("password", LinkPassword::parse(&form.password)).flatten();
    let expires_at = fields.check("expires_at", expiry(&form.expires_at, ctx.now())).flatten();
    fields.done()?;
    {
        // Who may not do it does not keep the hasher busy.
        let mut tx = ctx.db().read().await?;
        access::permit(&mut tx, by, Act::Share, id).await?;
    }
    let password_hash = match &password {
        Some(password) => Some(ctx.hasher().hash_of_link(&network(by.address.as_deref()), password).await?),
        None => None,
    };
    ctx.db()
        .write(|tx, _| Box::pin(async { create_in(tx, ctx, by, id, password_hash.as_deref(), expires_at).await }))
        .await
}

async fn create_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    id: ResourceId,
    password_hash: Option<&str>,
    expires_at: Option<Timestamp>,
) -> Result<CreatedLink> {
    let now = ctx.now();
    let (permit, _) = access::permit(tx, by, Act::Share, id).await?;
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    may_link(found.kind)?;
    allows(&licence::list_of_account(tx, found.account, now).await?, Entitlement::Share, now)?;
    may_add(link::count_active(tx, id, now).await?)?;
    let link_id = LinkId(ctx.id());
    let token = ctx.secret().share_token(link_id);
    let new = link::NewLink { id: link_id, token_hash: &digest(token.as_bytes()), password_hash, expires_at, at: now };
    link::insert(tx, &permit, &new).await?;
    let what = AuditEvent {
        organization: Some(permit.organization()),
        after: Some(serde_json::json!({
            "resource": id,
            "link": link_id,
            "password": password_hash.is_some(),
            "expires_at": expires_at.map(Timestamp::rfc3339),
        })),
        resources: vec![id],
        ..AuditEvent::new(Action::LinkCreated, format!("created a link to {}", named(found.kind, &found.name)))
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(CreatedLink { id: link_id, url: url(ctx, &token) })
}

fn named(kind: Kind, name: &str) -> String {
    if kind == Kind::Root { "the Drive".to_owned() } else { format!("“{name}”") }
}

/// The links of a resource: all for who may switch them, those that are on for who may copy them.
///
/// # Errors
/// `NotFound`; `Forbidden` for who may not even copy one.
pub async fn list(ctx: &Ctx, by: &Principal, id: &str) -> Result<ShareView> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let now = ctx.now();
    let mut tx = ctx.db().read().await?;
    let (_, access_path) = access::permit_to_look(&mut tx, by, Act::CopyLink, id).await?;
    let found = resource::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let level = access_path.level().ok_or(Refusal::NotFound)?;
    let manages = may_act(Act::Share, level, access_path.facts.restrictions).is_ok();
    let mut lacks_licence = false;
    let create = if manages {
        let licences = licence::list_of_account(&mut tx, found.account, now).await?;
        let licensed = allows(&licences, Entitlement::Share, now);
        lacks_licence = licensed.is_err();
        let may = may_link(found.kind).and(licensed).and(may_add(link::count_active(&mut tx, id, now).await?));
        may.map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled)
    } else {
        Control::Absent
    };
    let links = link::list(&mut tx, id, MAX_LISTED).await?;
    let links = links.into_iter().map(|link| view(ctx, link, now));
    let links = links.filter(|link| manages || link.standing == LinkStatus::On).collect();
    Ok(ShareView { id, name: found.name, kind: found.kind, manages, create, lacks_licence, links })
}

fn view(ctx: &Ctx, link: link::Link, now: Timestamp) -> ShareLinkView {
    let standing = LinkStatus::of(link.state, link.expires_at, now);
    let token = ctx.secret().share_token(link.id);
    // Another secret makes another token: that one would lead nowhere.
    let same = digest(token.as_bytes()) == link.token_hash;
    ShareLinkView {
        id: link.id,
        url: (same && standing == LinkStatus::On).then(|| url(ctx, &token)),
        standing,
        has_password: link.password_hash.is_some(),
        expires_at: link.expires_at,
        created_at: link.created_at,
        created_by_name: link.created_by_name,
        last_opened_at: link.last_opened_at,
    }
}

/// Switches a link off, at once.
///
/// # Errors
/// `NotFound` if there is no such link that is on, or its resource does not exist for the caller; `Forbidden`.
pub async fn revoke(ctx: &Ctx, by: &Principal, id: &str) -> Result<()> {
    let id: LinkId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = link::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                let (permit, _) = access::permit(tx, by, Act::Share, found.resource).await?;
                if !link::update_revoked(tx, &permit, id).await? {
                    return Err(Refusal::NotFound.into());
                }
                let shown = resource::find(tx, found.resource).await?.ok_or(Refusal::NotFound)?;
                let summary = format!("revoked a link to {}", named(shown.kind, &shown.name));
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(serde_json::json!({ "resource": found.resource, "link": id })),
                    resources: vec![found.resource],
                    ..AuditEvent::new(Action::LinkRevoked, summary)
                };
                audit::record(tx, ctx, by, what).await
            })
        })
        .await
}

/// What somebody with a link asks for.
#[derive(Debug, Clone, Default)]
pub struct LinkRequest {
    /// The token in the address.
    pub token: String,
    /// What is to be shown, if not the link's own resource.
    pub resource: Option<String>,
    /// Where the page of a list starts.
    pub cursor: String,
    /// Which files of a dataset are listed: `input` or `output`; empty for what there is.
    pub side: String,
    /// The file of a dataset that is shown on its own; empty for none.
    pub file: String,
    /// What the browser kept since the password was given.
    pub opened: Option<String>,
}

/// What a link shows.
#[derive(Debug, Clone)]
pub enum Visit {
    /// Its resource, or something below it.
    Shown(Box<LinkTargetView>),
    /// It asks for a password first, and tells nothing.
    Locked,
    /// A transfer stopped it: the resource has moved.
    Moved,
}

/// What the tries of a client with links are counted under.
fn client_key(client: &Client) -> Key {
    Key::failures(format!("link client {}", network(client.address.as_deref())))
}

/// A link that works or says why it does not, by its token. Tokens that are none are counted like wrong passwords.
async fn open(ctx: &Ctx, client: &Client, token: &str) -> Result<(link::Link, LinkStatus)> {
    let now = ctx.now();
    ctx.limits()
        .guard(&[client_key(client)], |refusal| *refusal == Refusal::NotFound, async {
            let mut tx = ctx.db().read().await?;
            let found = link::find_by_token(&mut tx, &digest(token.as_bytes())).await?;
            let open = found.map(|link| {
                let standing = LinkStatus::of(link.state, link.expires_at, now);
                (link, standing)
            });
            // Revoked and expired links count like guesses, so that the limit does not tell them from links that never
            // were (attack 41).
            let open = open.filter(|(_, standing)| matches!(standing, LinkStatus::On | LinkStatus::Moved));
            open.ok_or_else(|| Refusal::NotFound.into())
        })
        .await
}

/// Whether what a browser kept is what the link's password gave it.
fn is_open(ctx: &Ctx, link: &link::Link, opened: Option<&str>) -> bool {
    match (&link.password_hash, opened) {
        (None, _) => true,
        // Digests are compared, so that nothing is learnt from how long it takes.
        (Some(hash), Some(opened)) => {
            digest(opened.as_bytes()) == digest(ctx.secret().unlock_value(link.id, hash).as_bytes())
        }
        (Some(_), None) => false,
    }
}

/// What who has a link sees (LINK-1).
///
/// # Errors
/// `NotFound` for a link that is wrong, revoked or expired, and for what is not below its resource; `Invalid` at `cursor`;
/// `RateLimited` after too many wrong ones.
pub async fn visit(ctx: &Ctx, client: &Client, asked: &LinkRequest) -> Result<Visit> {
    let (found, standing) = open(ctx, client, &asked.token).await?;
    if standing == LinkStatus::Moved {
        return Ok(Visit::Moved);
    }
    if !is_open(ctx, &found, asked.opened.as_deref()) {
        return Ok(Visit::Locked);
    }
    let id = asked_resource(&found, asked)?;
    let mut tx = ctx.db().read().await?;
    let mut path = link::list_path(&mut tx, found.resource, id).await?;
    let shown = resource::find(&mut tx, id).await?.filter(|_| !path.is_empty()).ok_or(Refusal::NotFound)?;
    for crumb in &mut path {
        // A root bears the organization's name, which is nothing of what is shared.
        if crumb.kind == Kind::Root {
            Kind::Root.label().clone_into(&mut crumb.name);
        }
    }
    let rows = if shown.kind.is_container() {
        rows(&mut tx, id, &asked.cursor).await?
    } else {
        Page { items: Vec::new(), next_cursor: None }
    };
    let files = if shown.kind == Kind::Dataset { files(&mut tx, id, asked).await? } else { None };
    let timeline = if shown.kind == Kind::Site { Some(site::timeline(&mut tx, id).await?) } else { None };
    drop(tx);
    note_opened(ctx, &found);
    let name = path.last().map(|crumb| crumb.name.clone()).unwrap_or_default();
    let (dataset, modified_at) = (shown.dataset, shown.modified_at);
    let view = LinkTargetView { path, id, kind: shown.kind, name, dataset, modified_at, rows, timeline, files };
    Ok(Visit::Shown(Box::new(view)))
}

/// What is asked for of what a link shows.
fn asked_resource(found: &link::Link, asked: &LinkRequest) -> Result<ResourceId> {
    match asked.resource.as_deref() {
        None => Ok(found.resource),
        Some(id) => Ok(super::id("resource", id).map_err(|_| Refusal::NotFound)?),
    }
}

/// What is restricted on a resource, by anything on the way up to its root: also by what is above the link's resource.
pub(super) async fn restrictions(tx: &mut Tx, id: ResourceId) -> Result<Restrictions> {
    // Nobody in particular asks, so no role and no grant counts.
    let nobody = PersonId(uuid::Uuid::nil());
    let found = access::access_paths(tx, nobody, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    Ok(found.facts.restrictions)
}

/// The files of a dataset that a link shows; `None` where it has none.
async fn files(tx: &mut Tx, dataset: ResourceId, asked: &LinkRequest) -> Result<Option<Box<LinkFiles>>> {
    let holds = file::summary(tx, dataset, false).await?;
    if holds.inputs + holds.outputs == 0 {
        return if asked.file.is_empty() { Ok(None) } else { Err(Refusal::NotFound.into()) };
    }
    let side = match asked.side.as_str() {
        "" if holds.inputs == 0 => Side::Output,
        "" => Side::Input,
        word => Side::parse(word).map_err(|_| Refusal::NotFound)?,
    };
    let download_refused =
        may_visit(Act::Download, restrictions(tx, dataset).await?).err().map(|refusal| refusal.to_string());
    let none = Page { items: Vec::new(), next_cursor: None };
    let (shown, page) = if asked.file.is_empty() {
        let query =
            FilesQuery { side: side.as_str().to_owned(), cursor: asked.cursor.clone(), ..FilesQuery::default() };
        (None, file::list_in(tx, dataset, &query, file::PAGE_SIZE).await?)
    } else {
        (Some(file::page_in(tx, dataset, &asked.file).await?), none)
    };
    let side = shown.as_ref().map_or(side, |shown| shown.file.side);
    Ok(Some(Box::new(LinkFiles { holds, side, page, first_page: asked.cursor.is_empty(), shown, download_refused })))
}

/// The dataset that a link shows to somebody who has opened it, for an act on its files. Every door to bytes asks this each time, so
/// that a link that was revoked, has ended or asks for its password gives nothing any more.
///
/// # Errors
/// `NotFound` also while its password is missing; `Forbidden` where downloading is restricted; `RateLimited`.
pub(super) async fn open_dataset(
    ctx: &Ctx,
    client: &Client,
    asked: &LinkRequest,
    act: Act,
) -> Result<(Tx, ResourceId)> {
    let (found, standing) = open(ctx, client, &asked.token).await?;
    if standing != LinkStatus::On || !is_open(ctx, &found, asked.opened.as_deref()) {
        return Err(Refusal::NotFound.into());
    }
    let id = asked_resource(&found, asked)?;
    let mut tx = ctx.db().read().await?;
    if link::list_path(&mut tx, found.resource, id).await?.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    may_visit(act, restrictions(&mut tx, id).await?)?;
    Ok((tx, id))
}

/// The site of a dataset, where the link shows the site as well (VIEW-6). `None` also for a dataset that the link does not show. Asked
/// after [`open_dataset`], in its transaction.
pub(super) async fn site_shown(tx: &mut Tx, asked: &LinkRequest, dataset: ResourceId) -> Result<Option<ResourceId>> {
    let Some(found) = link::find_by_token(tx, &digest(asked.token.as_bytes())).await? else { return Ok(None) };
    let mut path = link::list_path(tx, found.resource, dataset).await?;
    path.pop();
    Ok(path.pop().filter(|above| above.kind == Kind::Site).map(|above| above.id))
}

/// Whether a link shows something, before anything of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDoor {
    Open,
    /// It asks for a password first.
    Locked,
    /// A transfer stopped it: the resource has moved.
    Moved,
}

/// Whether a link shows a dataset to somebody.
///
/// # Errors
/// `NotFound` for a link that is wrong, revoked or expired, and for what is not below its resource; `RateLimited`.
pub async fn door(ctx: &Ctx, client: &Client, asked: &LinkRequest) -> Result<LinkDoor> {
    let (found, standing) = open(ctx, client, &asked.token).await?;
    if standing == LinkStatus::Moved {
        return Ok(LinkDoor::Moved);
    }
    if !is_open(ctx, &found, asked.opened.as_deref()) {
        return Ok(LinkDoor::Locked);
    }
    let id = asked_resource(&found, asked)?;
    let mut tx = ctx.db().read().await?;
    let path = link::list_path(&mut tx, found.resource, id).await?;
    path.last().filter(|shown| shown.kind == Kind::Dataset).ok_or(Refusal::NotFound)?;
    drop(tx);
    note_opened(ctx, &found);
    Ok(LinkDoor::Open)
}

/// A preview of a photo, for somebody with a link to it (FILE-5).
///
/// # Errors
/// `NotFound`, also while there is none; `Invalid` at `size`; `RateLimited`.
pub async fn preview(ctx: &Ctx, client: &Client, asked: &LinkRequest, size: &str) -> Result<Preview> {
    let (mut tx, dataset) = open_dataset(ctx, client, asked, Act::View).await?;
    file::preview_in(&mut tx, dataset, &asked.file, size).await
}

/// The bytes of a file, for somebody with a link to it (FILE-4).
///
/// # Errors
/// `NotFound`; `Forbidden` where downloading is restricted; `RateLimited`.
pub async fn content(ctx: &Ctx, client: &Client, asked: &LinkRequest) -> Result<FileContent> {
    let (mut tx, dataset) = open_dataset(ctx, client, asked, Act::Download).await?;
    file::content_in(&mut tx, dataset, &asked.file).await
}

/// The layers of a dataset, for somebody with a link to it (VIEW-4).
///
/// # Errors
/// `NotFound`; `RateLimited`.
pub async fn layers(ctx: &Ctx, client: &Client, asked: &LinkRequest) -> Result<Vec<LayerView>> {
    let (mut tx, dataset) = open_dataset(ctx, client, asked, Act::View).await?;
    layer::list_in(&mut tx, dataset).await
}

/// A tile of a layer, for somebody with a link to its dataset (VIEW-4).
///
/// # Errors
/// `NotFound`, also while the layer is not ready; `RateLimited`.
pub async fn tile(ctx: &Ctx, client: &Client, asked: &LinkRequest, at: &TileAddress) -> Result<LayerBytes> {
    let (tx, dataset) = open_dataset(ctx, client, asked, Act::View).await?;
    layer::tile_in(ctx, tx, dataset, &asked.file, at).await
}

/// The files of a dataset as a ZIP, or those with these numbers, for somebody with a link to it (FILE-4).
///
/// # Errors
/// `NotFound`; `Forbidden` where downloading is restricted; `Invalid` at `numbers`; `BadRequest` for nothing and for more than a ZIP
/// holds; `RateLimited`.
pub async fn zip(ctx: &Ctx, client: &Client, asked: &LinkRequest, numbers: String) -> Result<ZipContent> {
    let (mut tx, dataset) = open_dataset(ctx, client, asked, Act::Download).await?;
    zip::dataset_in(&mut tx, dataset, &ZipQuery { side: asked.side.clone(), numbers }).await
}

async fn rows(tx: &mut Tx, parent: ResourceId, cursor: &str) -> Result<Page<LinkTargetRow>> {
    let pager = Pager::new(format!("{parent} link"));
    let after = pager.read(cursor)?;
    let wanted = resource::Children {
        parent,
        sort: resource::Sort::Name,
        descending: false,
        kind: None,
        status: None,
        prefix: None,
        after,
        limit: PAGE_SIZE + 1,
        level: crate::domain::access::Level::Reader,
    };
    let rows = resource::list_children(tx, &wanted).await?;
    let page = pager.page(rows, PAGE_SIZE, |row: &RowView| resource::Cursor {
        rank: row.kind.rank(),
        name_key: sort_key(&row.name),
        number: 0,
        owner_key: String::new(),
        id: row.id,
    })?;
    Ok(page.map(|row| LinkTargetRow {
        id: row.id,
        kind: row.kind,
        name: row.name,
        dataset: row.dataset,
        modified_at: row.modified_at,
    }))
}

/// Notes that a link is used, off the path of the request, and once an hour at most.
fn note_opened(ctx: &Ctx, found: &link::Link) {
    let (now, id) = (ctx.now(), found.id);
    let not_since = now.plus_millis(-VISIT_RECORDED_EVERY_MILLIS);
    if found.last_opened_at.is_some_and(|last| last > not_since) {
        return;
    }
    let ctx = ctx.clone();
    tokio::spawn(async move {
        let noted: Result<bool> =
            ctx.db().write(|tx, _| Box::pin(async { Ok(link::update_opened(tx, id, now, not_since).await?) })).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "could not record the use of a link");
        }
    });
}

/// What a browser keeps, and of which link, once the password was right.
#[derive(Debug, Clone)]
pub struct UnlockedLink {
    /// The link.
    pub link: LinkId,
    /// What opens it from now on.
    pub key: String,
}

/// Tries a password on a link. Wrong ones are counted per link and per client.
///
/// # Errors
/// `NotFound` as for [`visit`]; `Invalid` at `password`; `RateLimited` after too many wrong ones.
pub async fn unlock(ctx: &Ctx, client: &Client, token: &str, password: &str) -> Result<UnlockedLink> {
    let (found, standing) = open(ctx, client, token).await?;
    let Some(hash) = found.password_hash.filter(|_| standing == LinkStatus::On) else {
        return Err(Refusal::NotFound.into());
    };
    if password.is_empty() {
        return Err(Refusal::field("password", FieldIssue::Missing).into());
    }
    let keys = [Key::failures(format!("link {}", found.id)), client_key(client)];
    // Longer than any password can be: wrong for sure, and not worth hashing megabytes.
    let tried: String = password.chars().take(crate::domain::text::MAX_TRIED_LENGTH).collect();
    let name = network(client.address.as_deref());
    let wrong = Refusal::field("password", FieldIssue::WrongLinkPassword);
    ctx.limits()
        .guard(&keys, |refusal| *refusal == wrong, async {
            let right = ctx.hasher().verify(&name, &tried, Some(hash.clone())).await?;
            if right { Ok(()) } else { Err(wrong.clone().into()) }
        })
        .await?;
    Ok(UnlockedLink { link: found.id, key: ctx.secret().unlock_value(found.id, &hash) })
}
