//! The Drive: looking, creating, renaming (DRIVE).

use std::collections::BTreeSet;

use crate::{
    domain::{
        access::{Act, Level},
        command::MissingEntitlements,
        fields::Fields,
        id::{AccountId, OrganizationId, ResourceId},
        licence::{DEFAULT_MEGAPIXELS, Entitlement, Licence, allows, governing, making, price, spend},
        name::{same_key, sort_key},
        permit::permit,
        refusal::Refusal,
        resource::{CLUSTERS, DatasetStatus, Kind, cluster, may_create},
        role::{Permission, may},
        search::SearchTerms,
        text::{FieldIssue, Name},
        time::{Day, Timestamp},
        undo::Inverse,
    },
    view::{
        Control, Crumb, DatasetView, DriveView, MAX_COUNTED_ROWS, MoreRows, OrganizationMembership, Page, ResourceView,
        RowView, TreeFolder, licence::ProcessingView,
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, account, grant, licence, organization as organizations, person, resource},
    },
    access::{self, AccessPath},
    accounts::AccountNames,
    audit::{self, AuditEvent},
    organization, restriction, undo,
    view_as::{self, Viewer},
};

/// How many rows a page of the Drive has: what fits on any screen, and a little.
pub const PAGE_SIZE: i64 = 60;

/// How many rows the browser asks for at once when somebody scrolls.
pub const SCROLL_BLOCK_SIZE: i64 = 100;

/// Which children are wanted, unread.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// `name` or `kind` (folders first, then by name), `status`, `images`, `size`, `owner` or `modified_at`, with `-` in front
    /// for the other direction; `name` where it is empty.
    pub sort: String,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only datasets in this state.
    pub status: Option<String>,
    /// Only with names that begin like this.
    pub query: Option<String>,
    /// Begin behind so many rows, instead of at a cursor.
    pub at: Option<i64>,
    /// Where the page starts.
    pub cursor: String,
    /// How many rows.
    pub limit: Option<i64>,
    /// As whom it is looked at (**View as**): a person's id; empty for oneself.
    pub view_as: String,
}

/// One page of what is in a container.
///
/// # Errors
/// `NotFound` if the reader may not see it; `Invalid` at a field of the query, a cursor of another list among them.
pub async fn children(ctx: &Ctx, by: &Principal, id: &str, query: &ListQuery) -> Result<Page<RowView>> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let limit = super::limit(query.limit)?;
    let by = &view_as::at_resource(ctx, by, id, &query.view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    list(&mut tx, by, &access_path, query, limit).await
}

fn read_kind(query: &ListQuery) -> Result<Option<Kind>> {
    let kind = query.kind.as_deref().filter(|kind| !kind.is_empty());
    Ok(kind.map(|kind| Kind::parse(kind).map_err(|problem| Refusal::field("kind", problem))).transpose()?)
}

fn read_status(query: &ListQuery) -> Result<Option<DatasetStatus>> {
    let status = query.status.as_deref().filter(|status| !status.is_empty());
    Ok(status
        .map(|status| DatasetStatus::parse(status).map_err(|problem| Refusal::field("status", problem)))
        .transpose()?)
}

/// One page of a container that the reader is known to see.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list(
    tx: &mut Tx,
    by: &Principal,
    access_path: &AccessPath,
    query: &ListQuery,
    limit: i64,
) -> Result<Page<RowView>> {
    let (parent, level) = (access_path.facts.resource, access_path.level().ok_or(Refusal::NotFound)?);
    let (word, descending) = query.sort.strip_prefix('-').map_or((query.sort.as_str(), false), |word| (word, true));
    let sort = match word {
        "" | "name" | "kind" => resource::Sort::Name,
        "modified_at" => resource::Sort::ModifiedAt,
        "size" => resource::Sort::Size,
        "images" => resource::Sort::Images,
        "status" => resource::Sort::Status,
        "owner" => resource::Sort::Owner,
        _ => return Err(Refusal::field("sort", FieldIssue::NotAChoice).into()),
    };
    let (kind, status) = (read_kind(query)?, read_status(query)?);
    let prefix = query.query.as_deref().map(same_key).filter(|prefix| !prefix.is_empty());
    let wrong = || Error::from(Refusal::field("cursor", FieldIssue::NotAnId));
    // The cursor names the list it is of, so that one from another folder or order is noticed.
    let list_name = format!(
        "{parent} {} {} {}",
        query.sort,
        kind.map(Kind::as_str).unwrap_or_default(),
        status.map(DatasetStatus::as_str).unwrap_or_default()
    );
    let after = match super::read_cursor(&query.cursor, 6)? {
        None => None,
        Some(parts) if parts[0] != list_name => return Err(wrong()),
        Some(parts) => Some(resource::Cursor {
            rank: parts[1].parse().map_err(|_| wrong())?,
            name_key: parts[2].clone(),
            number: parts[3].parse().map_err(|_| wrong())?,
            owner_key: parts[4].clone(),
            id: parts[5].parse().map_err(|_| wrong())?,
        }),
    };
    let mut wanted = resource::Children {
        parent,
        sort,
        descending,
        kind,
        status,
        prefix: prefix.as_deref(),
        after,
        limit: limit + 1,
        level,
    };
    if let Some(at) = query.at.filter(|at| *at != 0) {
        if !(0..=MAX_DATASET_AMOUNT).contains(&at) || wanted.after.is_some() {
            return Err(Refusal::field("at", FieldIssue::NotInRange(0, MAX_DATASET_AMOUNT)).into());
        }
        match resource::find_after(tx, &wanted, at).await? {
            None => return Ok(Page { items: Vec::new(), next_cursor: None }),
            after => wanted.after = after,
        }
    }
    let mut rows = resource::list_children(tx, &wanted).await?;
    raise(tx, by, &mut rows).await?;
    hide_counts(&mut rows);
    Ok(super::page(rows, limit, |row| {
        let of_dataset = |number: fn(&DatasetView) -> i64| row.dataset.as_ref().map_or(0, number);
        let number = match sort {
            resource::Sort::Name | resource::Sort::Owner => 0,
            resource::Sort::ModifiedAt => row.modified_at.0,
            resource::Sort::Size => of_dataset(|dataset| dataset.bytes),
            resource::Sort::Images => of_dataset(|dataset| dataset.images),
            resource::Sort::Status => of_dataset(|dataset| dataset.status.rank()),
        };
        super::cursor(&[
            &list_name,
            &row.kind.rank().to_string(),
            &sort_key(&row.name),
            &number.to_string(),
            &row.created_by_name.as_deref().map(sort_key).unwrap_or_default(),
            &row.id.to_string(),
        ])
    }))
}

/// Gives each row the reader's own level on it: a grant on the row itself only raises what they have from above (ROLE-1).
async fn raise(tx: &mut Tx, by: &Principal, rows: &mut [RowView]) -> Result<()> {
    let granted: Vec<ResourceId> =
        rows.iter().filter(|row| row.grants > 0 && row.level < Level::Manager).map(|row| row.id).collect();
    if granted.is_empty() {
        return Ok(());
    }
    let levels = grant::list_levels(tx, by.person, &granted).await?;
    for row in rows {
        let own = levels.iter().filter(|(id, _)| *id == row.id).map(|(_, level)| *level);
        row.level = own.chain([row.level]).max().unwrap_or(row.level);
    }
    Ok(())
}

/// How many others were given access is for who manages it (ACCESS-2): everybody else learns that somebody was.
fn hide_counts(rows: &mut [RowView]) {
    for row in rows.iter_mut().filter(|row| row.level < Act::GiveAccess.needs()) {
        row.grants = row.grants.min(1);
    }
}

/// What was shared with somebody in an organization, where they do not see its root (ACCESS-3).
///
/// # Errors
/// The database.
pub async fn shared(tx: &mut Tx, by: &Principal, organization: OrganizationId) -> Result<Vec<RowView>> {
    let shared = grant::list_shared(tx, by.person, organization, super::MAX_PAGE_SIZE).await?;
    rows_of(tx, by, organization, &shared).await
}

/// One page of what was shared with somebody in an organization: everything on which they, or an organization of theirs, were
/// given access, and nothing else (ACCESS-3).
///
/// # Errors
/// `Invalid` at the cursor.
pub async fn shared_page(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    cursor: &str,
    limit: i64,
) -> Result<Page<RowView>> {
    let wrong = || Error::from(Refusal::field("cursor", FieldIssue::NotAnId));
    let list_name = format!("{organization} shared");
    let after = match super::read_cursor(cursor, 4)? {
        None => None,
        Some(parts) if parts[0] != list_name => return Err(wrong()),
        Some(parts) => Some(grant::SharedCursor {
            rank: parts[1].parse().map_err(|_| wrong())?,
            name_key: parts[2].clone(),
            id: parts[3].parse().map_err(|_| wrong())?,
        }),
    };
    let listed = grant::list_shared_page(tx, by.person, organization, after.as_ref(), limit + 1).await?;
    let page = super::page(listed, limit, |(_, last)| {
        super::cursor(&[&list_name, &last.rank.to_string(), &last.name_key, &last.id.to_string()])
    });
    let ids: Vec<ResourceId> = page.items.into_iter().map(|(id, _)| id).collect();
    let mut items = rows_of(tx, by, organization, &ids).await?;
    for row in &mut items {
        row.place = None;
    }
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// What was shared in an organization with the caller, or with whom they look as, for the API.
///
/// # Errors
/// `NotFound` if they may not see the organization; `Invalid` at a field of the query.
pub async fn shared_with_me(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    cursor: &str,
    limit: Option<i64>,
    view_as: &str,
) -> Result<Page<RowView>> {
    let limit = super::limit(limit)?;
    let by = &view_as::in_organization(ctx, by, org, view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    shared_page(&mut tx, by, at.id, cursor, limit).await
}

/// Rows of things from all over an organization, folders first: with the reader's level on each, what is forbidden on it, and what it is
/// in as far as they see that. What they may not see is left out.
///
/// # Errors
/// The database.
pub async fn rows_of(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    ids: &[ResourceId],
) -> Result<Vec<RowView>> {
    let names = AccountNames::of(tx, by, organization).await?;
    let mut access_paths = access::access_paths(tx, by.person, ids).await?;
    let mut rows = resource::list_rows(tx, ids).await?;
    rows.retain_mut(|row| {
        let Some(access_path) = access_paths.remove(&row.id) else { return false };
        let Some(level) = access_path.level() else { return false };
        row.level = level;
        row.restrictions = access_path.facts.restrictions;
        let mut path = access_path.visible_path();
        names.label(&mut path);
        path.pop();
        row.place = path.pop();
        row.account_name = names.of_account(row.account);
        true
    });
    hide_counts(&mut rows);
    Ok(rows)
}

/// One resource.
///
/// # Errors
/// `NotFound` if the reader may not see it.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<ResourceView> {
    show_as(ctx, by, id, "").await
}

/// One resource as somebody else sees it; as the reader does where `view_as` is empty.
///
/// # Errors
/// `NotFound` if either may not see it; `Forbidden` for who may not look as another.
pub async fn show_as(ctx: &Ctx, by: &Principal, id: &str, view_as: &str) -> Result<ResourceView> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let by = &view_as::at_resource(ctx, by, id, view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    view(&mut tx, by, id, &access_path, i64::MAX).await
}

/// One resource; what is in it is counted up to `most`.
async fn view(
    tx: &mut Tx,
    by: &Principal,
    id: ResourceId,
    access_path: &AccessPath,
    most: i64,
) -> Result<ResourceView> {
    let names = AccountNames::of(tx, by, access_path.facts.organization).await?;
    let shown = resource::find_shown(tx, id, most).await?.ok_or(Refusal::NotFound)?;
    let resource::ResourceDetails { resource: found, created_by_name, access, children } = shown;
    let level = access_path.level().ok_or(Refusal::NotFound)?;
    let mut path = access_path.visible_path();
    names.label(&mut path);
    let account_name = names.of_account(found.account);
    Ok(ResourceView {
        id,
        kind: found.kind,
        name: account_name.clone().filter(|_| found.kind == Kind::Root).unwrap_or(found.name),
        organization: found.organization,
        account: found.account,
        account_name,
        parent: found.parent.filter(|parent| path.iter().any(|crumb| crumb.id == *parent)),
        path,
        level,
        access,
        dataset: found.dataset,
        created_at: found.created_at,
        modified_at: found.modified_at,
        created_by: found.created_by,
        created_by_name,
        children_count: children,
        in_site: access_path.ancestors.get(1).is_some_and(|container| container.kind == Kind::Site),
        restrictions: access_path.facts.restrictions,
        restricted_by: restriction::origins_of(access_path),
    })
}

/// Stands for a resource: what was shared with the reader, for who sees the root of an account besides.
pub const SHARED: &str = "shared";

/// What a page of the Drive shows, unread.
#[derive(Debug, Clone, Default)]
pub struct PageQuery {
    /// The organization.
    pub org: String,
    /// The container or dataset; where it is empty, the root of the first account that the reader sees; [`SHARED`] for what was
    /// shared with them.
    pub resource: String,
    /// What is searched for in the whole organization; empty for a container.
    pub q: String,
    /// Only of this kind.
    pub kind: String,
    /// Only datasets in this state.
    pub status: String,
    /// The order.
    pub sort: String,
    /// Where the page starts.
    pub cursor: String,
    /// As whom it is looked at (**View as**): a person's id; empty for oneself.
    pub view_as: String,
}

/// A container's page in the Drive, or a dataset's; "Shared with you" where the reader does not see the root; with a
/// question, what is found. As somebody else sees it where that is asked for: then nothing can be made there.
///
/// # Errors
/// `NotFound` if the reader may not see it, or it is not of this organization.
pub async fn page(ctx: &Ctx, by: &Principal, wanted: &PageQuery) -> Result<DriveView> {
    let Viewer { by, view_as } = view_as::in_organization(ctx, by, &wanted.org, &wanted.view_as).await?;
    let page = page_of_reader(ctx, &by, wanted).await?;
    if view_as.is_some() {
        return Ok(DriveView { create: Control::Absent, processing: None, view_as, ..page });
    }
    Ok(page)
}

async fn page_of_reader(ctx: &Ctx, by: &Principal, wanted: &PageQuery) -> Result<DriveView> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, &wanted.org).await?;
    if !wanted.q.trim().is_empty() {
        return found(&mut tx, ctx, by, organization, wanted).await;
    }
    let visible = account::list_visible(&mut tx, organization.id, by.person).await?;
    let id: Option<ResourceId> = match (wanted.resource.as_str(), visible.first()) {
        (SHARED, _) | ("", None) => None,
        ("", Some(first)) => Some(first.root),
        (resource, _) => Some(super::id("resource", resource).map_err(|_| Refusal::NotFound)?),
    };
    let seen: Vec<AccountId> = visible.iter().map(|account| account.id).collect();
    let shared_elsewhere =
        !seen.is_empty() && grant::any_shared_elsewhere(&mut tx, by.person, organization.id, &seen).await?;
    let Some(id) = id else {
        let rows = shared_page(&mut tx, by, organization.id, &wanted.cursor, PAGE_SIZE).await?;
        let lacking = lacking(&mut tx, by, organization.id, &rows.items, ctx.now()).await?;
        let whole = rows.next_cursor.is_none() && wanted.cursor.is_empty();
        let total = whole.then_some(rows.items.len() as u64);
        let (resource, tree, create) = (None, Vec::new(), Control::Absent);
        return Ok(DriveView {
            organization,
            resource,
            rows,
            total,
            timeline: None,
            tree,
            create,
            lacking,
            view_as: None,
            shared_elsewhere,
            processing: None,
            offered: Vec::new(),
        });
    };
    let access_path = access::access_path(&mut tx, by, id).await?;
    let view = view(&mut tx, by, id, &access_path, MAX_COUNTED_ROWS + 1).await?;
    if view.organization != organization.id {
        return Err(Refusal::NotFound.into());
    }
    let query = ListQuery {
        sort: wanted.sort.clone(),
        kind: Some(wanted.kind.clone()),
        status: Some(wanted.status.clone()),
        cursor: wanted.cursor.clone(),
        ..ListQuery::default()
    };
    let (rows, total) = if view.kind.is_container() {
        // Without a filter they have been counted already.
        let filtered = !(wanted.kind.is_empty() && wanted.status.is_empty());
        let total =
            if filtered { count(&mut tx, id, &query, MAX_COUNTED_ROWS + 1).await? } else { view.children_count };
        (list(&mut tx, by, &access_path, &query, PAGE_SIZE).await?, Some(total))
    } else {
        (Page { items: Vec::new(), next_cursor: None }, None)
    };
    let licences = licence::list_of_account(&mut tx, view.account, ctx.now()).await?;
    let create = match (
        permit(by.who(), Act::Create, &access_path.facts),
        allows(&licences, making(Kind::Dataset, view.kind), ctx.now()),
    ) {
        (Err(_), _) => Control::Absent,
        _ if !view.kind.is_container() => Control::Absent,
        (Ok(_), Err(refusal)) => Control::Disabled(refusal.to_string()),
        (Ok(_), Ok(())) => Control::Enabled,
    };
    let lacking = MissingEntitlements::of(&licences, ctx.now()).for_role(access_path.facts.role);
    let tree = tree(&mut tx, &view.path, id).await?;
    let timeline = if view.kind == Kind::Site { Some(super::site::timeline(&mut tx, id).await?) } else { None };
    let processing = processing(&organization, &view, &licences, ctx.now());
    let offered = super::offer::offered(&mut tx, ctx, &organization).await?;
    Ok(DriveView {
        organization,
        resource: Some(view),
        rows,
        total,
        timeline,
        tree,
        create,
        lacking,
        processing,
        offered,
        view_as: None,
        shared_elsewhere,
    })
}

/// What is found in an organization, as a page of the Drive.
async fn found(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    organization: OrganizationMembership,
    wanted: &PageQuery,
) -> Result<DriveView> {
    let query = super::search::SearchQuery {
        q: wanted.q.clone(),
        kind: wanted.kind.clone(),
        status: wanted.status.clone(),
        cursor: wanted.cursor.clone(),
        ..Default::default()
    };
    // Nothing to look up is nothing found; the page says so, and the field is there to type again.
    let rows = if SearchTerms::parse(&wanted.q).is_some() {
        super::search::page(tx, by, &organization, &query, PAGE_SIZE).await?
    } else {
        Page { items: Vec::new(), next_cursor: None }
    };
    let lacking = lacking(tx, by, organization.id, &rows.items, ctx.now()).await?;
    let (resource, tree, create) = (None, Vec::new(), Control::Absent);
    let offered = super::offer::offered(tx, ctx, &organization).await?;
    Ok(DriveView {
        organization,
        resource,
        rows,
        total: None,
        timeline: None,
        tree,
        create,
        lacking,
        shared_elsewhere: false,
        processing: None,
        offered,
        view_as: None,
    })
}

/// How many rows a list has in all, counted up to `most`.
async fn count(tx: &mut Tx, parent: ResourceId, query: &ListQuery, most: i64) -> Result<u64> {
    let (kind, status) = (read_kind(query)?, read_status(query)?);
    Ok(resource::count_children(tx, parent, kind, status, most).await?)
}

/// More rows of a container's list, and how many there are in all.
///
/// # Errors
/// See [`children`].
pub async fn more(ctx: &Ctx, by: &Principal, id: &str, query: &ListQuery) -> Result<MoreRows> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let limit = super::limit(query.limit)?;
    let by = &view_as::at_resource(ctx, by, id, &query.view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    let total = count(&mut tx, id, query, i64::MAX).await?;
    Ok(MoreRows { rows: list(&mut tx, by, &access_path, query, limit).await?.items, total })
}

/// How many folders of one container the tree shows.
const BRANCHES: i64 = 100;

/// The folders around a container: those of the root, the way down, and those of the last three containers on it.
async fn tree(tx: &mut Tx, path: &[Crumb], shown: ResourceId) -> Result<Vec<TreeFolder>> {
    let holders: Vec<&Crumb> = path.iter().filter(|crumb| matches!(crumb.kind, Kind::Root | Kind::Folder)).collect();
    let Some(top) = holders.first().filter(|top| top.kind == Kind::Root) else { return Ok(Vec::new()) };
    let opened: Vec<ResourceId> = holders
        .iter()
        .rev()
        .take(3)
        .map(|crumb| crumb.id)
        .chain([top.id])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let folders = resource::list_folders(tx, &opened, BRANCHES).await?;
    let mut tree = Vec::new();
    // From the innermost out: what is in a container goes right behind it.
    let mut inside: Vec<TreeFolder> = Vec::new();
    for (depth, crumb) in holders.iter().enumerate().rev() {
        let mut own: Vec<TreeFolder> = Vec::new();
        let on_the_way = holders.get(depth + 1);
        let branch = |id: ResourceId, name: &str, open| TreeFolder {
            id,
            name: name.to_owned(),
            kind: Kind::Folder,
            depth: depth as u64 + 1,
            open,
            current: id == shown,
        };
        let mut put = false;
        for (_, id, name) in folders.iter().filter(|(parent, _, _)| *parent == crumb.id) {
            let open = on_the_way.is_some_and(|next| next.id == *id);
            own.push(branch(*id, name, open));
            if open {
                put = true;
                own.append(&mut inside);
            }
        }
        if let Some(next) = on_the_way.filter(|_| !put) {
            own.push(branch(next.id, &next.name, true));
            own.append(&mut inside);
        }
        inside = own;
    }
    tree.push(TreeFolder {
        id: top.id,
        name: top.name.clone(),
        kind: Kind::Root,
        depth: 0,
        open: true,
        current: top.id == shown,
    });
    tree.append(&mut inside);
    Ok(tree)
}

/// What having a dataset processed would cost, and what is left for it (LIC-2): for Editors of it who see the
/// organization's prices, as long as it is not paid for.
fn processing(
    organization: &OrganizationMembership,
    view: &ResourceView,
    licences: &[Licence],
    now: Timestamp,
) -> Option<ProcessingView> {
    let dataset = view.dataset.as_ref()?;
    let unpaid =
        matches!(dataset.status, DatasetStatus::Draft | DatasetStatus::WaitingForCredits | DatasetStatus::Failed);
    let sees = view.level >= Level::Editor && organization.role.is_some_and(|role| may(role, Permission::SeePrices));
    if !unpaid || !sees {
        return None;
    }
    if let Err(refusal) = allows(licences, Entitlement::Process, now) {
        return Some(ProcessingView::Refused(refusal.to_string()));
    }
    let payer = governing(licences, now)?;
    let model = payer.model?;
    let (cost, left) = (price(model, dataset.images, DEFAULT_MEGAPIXELS), payer.left);
    let why_not = spend(left, cost).err().map(|refusal| refusal.to_string());
    Some(ProcessingView::Priced { model, cost, left, why_not })
}

/// What the licences of none of the accounts that rows are in allow. What those of one allow is offered, and refused where
/// they are another's.
async fn lacking(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    rows: &[RowView],
    now: Timestamp,
) -> Result<MissingEntitlements> {
    let accounts: BTreeSet<AccountId> = rows.iter().map(|row| row.account).collect();
    if accounts.is_empty() {
        return Ok(MissingEntitlements::default());
    }
    let all = licence::list_usable(tx, organization, now).await?;
    let roles = account::list_roles(tx, organization, by.person).await?;
    let of = |account: AccountId| {
        let own: Vec<_> = all.iter().filter(|one| one.account == account).map(|one| one.licence.clone()).collect();
        let role = roles.iter().find(|(id, _)| *id == account).map(|(_, role)| *role);
        MissingEntitlements::of(&own, now).for_role(role)
    };
    Ok(accounts.into_iter().map(of).reduce(MissingEntitlements::both).unwrap_or_default())
}

/// Something new, unread.
#[derive(Debug, Clone, Default)]
pub struct NewResourceForm {
    /// The container's id.
    pub parent: String,
    /// `folder`, `site`, `asset` or `dataset`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Number of images; datasets only.
    pub images: String,
    /// Size in bytes; datasets only.
    pub bytes: String,
    /// The day the images were taken; datasets only.
    pub captured_on: String,
    /// Where it is to be processed and stored; datasets only.
    pub cluster: String,
}

/// A change of one resource, and where to look at it.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The resource.
    pub resource: ResourceView,
    /// The page of the container it is in.
    pub container_path: String,
}

/// The largest number of images or bytes a dataset can say it has.
pub(super) const MAX_DATASET_AMOUNT: i64 = 1_000_000_000_000_000;

/// Creates a folder, site, asset or dataset (DRIVE-4).
///
/// # Errors
/// `Invalid` with the problem of every field; `NotFound`, `Forbidden`; `NameTaken`; `Licence` (LIC-6).
pub async fn create(ctx: &Ctx, by: &Principal, form: &NewResourceForm) -> Result<Changed> {
    let mut fields = Fields::default();
    let parent = fields.check(
        "parent",
        form.parent
            .trim()
            .parse::<ResourceId>()
            .map_err(|_| if form.parent.trim().is_empty() { FieldIssue::Missing } else { FieldIssue::NotAnId }),
    );
    let kind = fields.check(
        "kind",
        match Kind::parse(form.kind.trim()) {
            Ok(Kind::Root) | Err(_) => {
                Err(if form.kind.trim().is_empty() { FieldIssue::Missing } else { FieldIssue::NotAChoice })
            }
            kind => kind,
        },
    );
    let name = fields.check("name", Name::parse(&form.name));
    let mut number = |field: &str, text: &str| -> Option<i64> {
        if text.trim().is_empty() {
            return None;
        }
        let read = text
            .trim()
            .parse::<i64>()
            .ok()
            .filter(|n| (0..=MAX_DATASET_AMOUNT).contains(n))
            .ok_or(FieldIssue::NotInRange(0, MAX_DATASET_AMOUNT));
        fields.check(field, read)
    };
    let (images, bytes) = (number("images", &form.images), number("bytes", &form.bytes));
    let captured_on = if form.captured_on.trim().is_empty() {
        None
    } else {
        fields.check("captured_on", Day::parse_iso(form.captured_on.trim()).ok_or(FieldIssue::NotADay))
    };
    let stored_in = fields.check("cluster", cluster(&form.cluster));
    if kind.is_some_and(|kind| kind != Kind::Dataset) {
        for (field, text) in [
            ("images", &form.images),
            ("bytes", &form.bytes),
            ("captured_on", &form.captured_on),
            ("cluster", &form.cluster),
        ] {
            if !text.trim().is_empty() {
                fields.check::<()>(field, Err(FieldIssue::NotForThisKind));
            }
        }
    }
    fields.done()?;
    let (Some(parent), Some(kind), Some(name)) = (parent, kind, name) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    let dataset = (kind == Kind::Dataset).then(|| DatasetView {
        status: DatasetStatus::Draft,
        images: images.unwrap_or(0),
        bytes: bytes.unwrap_or(0),
        cluster: stored_in.filter(|_| !form.cluster.trim().is_empty()).unwrap_or_default(),
        captured_on,
    });
    ctx.db()
        .write(|tx, _| Box::pin(async { create_in(tx, ctx, by, parent, kind, &name, dataset.as_ref()).await }))
        .await
}

pub(super) async fn create_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    parent: ResourceId,
    kind: Kind,
    name: &Name,
    dataset: Option<&DatasetView>,
) -> Result<Changed> {
    let (permit, access_path) = access::permit(tx, by, Act::Create, parent).await?;
    let container = resource::find(tx, parent).await?.ok_or(Refusal::NotFound)?;
    may_create(container.kind, access_path.depth(), kind)?;
    let now = ctx.now();
    allows(&licence::list_of_account(tx, container.account, now).await?, making(kind, container.kind), now)?;
    let id = ResourceId(ctx.id());
    let dataset = match dataset {
        Some(dataset) if dataset.cluster.is_empty() => {
            // Where its organization has chosen (ORG-4), else where its maker prefers (SET-1).
            let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
            let cluster = match found.details.cluster {
                Some(chosen) => chosen,
                // A machine prefers nothing.
                None => person::find_profile(tx, by.person)
                    .await?
                    .map_or_else(|| CLUSTERS[0].0.to_owned(), |profile| profile.cluster),
            };
            Some(DatasetView { cluster, ..dataset.clone() })
        }
        dataset => dataset.cloned(),
    };
    let new = resource::NewResource {
        id,
        account: container.account,
        kind,
        name: name.as_str(),
        dataset: dataset.as_ref(),
        at: now,
    };
    resource::insert(tx, &permit, &new).await.map_err(|error| name_taken(error.into(), name.as_str()))?;
    super::organization::turn_space(tx, permit.organization()).await?;
    let what = AuditEvent {
        organization: Some(permit.organization()),
        action: "resource.created",
        summary: format!("created the {} “{name}”", kind.label().to_lowercase()),
        after: Some(serde_json::json!({ "resource": id, "kind": kind, "name": name, "parent": parent })),
        resources: vec![id],
        ..AuditEvent::default()
    };
    audit::record(tx, ctx, by, what).await?;
    changed(tx, by, id).await
}

/// Gives a resource another name (DRIVE-4, DRIVE-5).
///
/// # Errors
/// `Invalid` at `name`; `NotFound`, `Forbidden`; `NameTaken`.
pub async fn rename(ctx: &Ctx, by: &Principal, id: &str, name: &str) -> Result<Changed> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let name = Name::parse(name).map_err(super::super::error::at_field("name"))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                rename_in(tx, ctx, by, id, name.as_str(), ctx.now()).await?;
                changed(tx, by, id).await
            })
        })
        .await
}

/// [`rename`] in a transaction; what it was called before. `modified_at` is when it counts as changed: now, or, where a name
/// is given back, when it was changed before.
pub(super) async fn rename_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    id: ResourceId,
    name: &str,
    modified_at: Timestamp,
) -> Result<String> {
    let (permit, _) = access::permit(tx, by, Act::Rename, id).await?;
    let before = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    if before.kind == Kind::Root {
        return Err(Refusal::BadRequest("The Drive itself cannot be renamed.".to_owned()).into());
    }
    resource::update_name(tx, &permit, name, modified_at, ctx.now())
        .await
        .map_err(|error| name_taken(error.into(), name))?;
    let what = AuditEvent {
        organization: Some(permit.organization()),
        action: "resource.renamed",
        summary: format!("renamed “{}” to “{name}”", before.name),
        before: Some(serde_json::json!({ "resource": id, "name": before.name })),
        after: Some(serde_json::json!({ "resource": id, "name": name })),
        resources: vec![id],
        ..AuditEvent::default()
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(before.name)
}

/// [`rename`], and how to take it back.
///
/// # Errors
/// See [`rename`].
pub async fn rename_with_undo(ctx: &Ctx, by: &Principal, id: &str, name: &str) -> Result<(Changed, Option<String>)> {
    let before = match id.trim().parse::<ResourceId>() {
        Ok(id) => resource::find(&mut ctx.db().read().await?, id).await?.map(|found| (found.name, found.modified_at)),
        Err(_) => None,
    };
    let changed = rename(ctx, by, id, name).await?;
    let (item, from) = (changed.resource.id, changed.resource.name.clone());
    let inverse = before.filter(|(before, _)| *before != from).map(|(to, modified_at)| Inverse::Rename {
        item,
        from,
        to,
        modified_at: Some(modified_at),
    });
    let undo = match inverse {
        Some(inverse) => undo::offer(ctx, by, inverse).await,
        None => None,
    };
    Ok((changed, undo))
}

/// The only unique value of a resource that a person chooses is its name in its container.
fn name_taken(error: Error, name: &str) -> Error {
    if error.is_taken() { Refusal::NameTaken(name.to_owned()).into() } else { error }
}

/// One resource, in the middle of a change.
pub(super) async fn view_in(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<ResourceView> {
    let access_path = access::access_path(tx, by, id).await?;
    view(tx, by, id, &access_path, i64::MAX).await
}

pub(super) async fn changed(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Changed> {
    let access_path = access::access_path(tx, by, id).await?;
    let resource = view(tx, by, id, &access_path, i64::MAX).await?;
    let container_path = container_path(tx, resource.organization, resource.parent).await?;
    Ok(Changed { resource, container_path })
}

/// The page of a container in the Drive; that of the first root where there is none.
///
/// # Errors
/// The database.
pub async fn container_path(
    tx: &mut Tx,
    organization: crate::domain::id::OrganizationId,
    container: Option<ResourceId>,
) -> Result<String> {
    let found = organizations::find(tx, organization).await?.ok_or(Refusal::NotFound)?;
    let is_root = match container {
        None => true,
        Some(id) => account::list(tx, organization).await?.first().is_some_and(|account| account.root == id),
    };
    Ok(page_of(&found.org_id, container.filter(|_| !is_root)))
}

fn page_of(org_id: &str, container: Option<ResourceId>) -> String {
    match container {
        Some(id) => format!("/o/{org_id}/drive/{id}"),
        None => format!("/o/{org_id}/drive"),
    }
}
