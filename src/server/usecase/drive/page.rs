//! The page of a container or a dataset: its list with everything around it.

use std::collections::BTreeSet;

use crate::{
    domain::{
        access::Act,
        command::MissingEntitlements,
        id::{AccountId, OrganizationId, ResourceId},
        licence::{allows, making},
        permit::permit,
        refusal::Refusal,
        resource::Kind,
        search::SearchTerms,
        time::Timestamp,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, account, grant, job, licence, resource},
        usecase::{
            access,
            drive::{
                list::{ListQuery, PAGE_SIZE, add_pictures, count, list, shared_page},
                show::view,
            },
            file, organization, outdated,
            upload::place::upload_place,
            view_as::{self, Viewer},
        },
    },
    view::{
        Control, Crumb, DriveView, MAX_COUNTED_ROWS, OrganizationMembership, Page, RowView, TreeFolder,
        file::DatasetFiles, query::DriveQuery,
    },
};

/// How many jobs of a dataset its page counts at most.
const MAX_COUNTED_JOBS: i64 = 1_000;

/// Stands for a resource: what was shared with the reader, for who sees the root of an account besides.
pub const SHARED: &str = "shared";

/// A container's page in the Drive, or a dataset's; "Shared with you" where the reader does not see the root; with a
/// question, what is found. As somebody else sees it where that is asked for: then nothing can be made there.
///
/// # Errors
/// `NotFound` if the reader may not see it, or it is not of this organization.
pub async fn page(ctx: &Ctx, by: &Principal, wanted: &DriveQuery) -> Result<DriveView> {
    let Viewer { by, view_as } = view_as::in_organization(ctx, by, &wanted.org, &wanted.view_as).await?;
    let page = page_of_reader(ctx, &by, wanted).await?;
    if view_as.is_some() {
        return Ok(DriveView { create: Control::Absent, upload: None, view_as, ..page });
    }
    Ok(page)
}

async fn page_of_reader(ctx: &Ctx, by: &Principal, wanted: &DriveQuery) -> Result<DriveView> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, &wanted.org).await?;
    if !wanted.q.trim().is_empty() {
        return search_results(&mut tx, ctx, by, organization, wanted).await;
    }
    let visible = account::list_visible(&mut tx, organization.id, by.person).await?;
    let id: Option<ResourceId> = match (wanted.resource.as_str(), visible.first()) {
        (SHARED, _) | ("", None) => None,
        ("", Some(first)) => Some(first.root),
        (resource, _) => Some(crate::server::usecase::id("resource", resource).map_err(|_| Refusal::NotFound)?),
    };
    let seen: Vec<AccountId> = visible.iter().map(|account| account.id).collect();
    let shared_elsewhere =
        !seen.is_empty() && grant::any_shared_elsewhere(&mut tx, by.person, organization.id, &seen).await?;
    let Some(id) = id else {
        let mut rows = shared_page(&mut tx, by, organization.id, &wanted.cursor, PAGE_SIZE).await?;
        add_pictures(&mut tx, &mut rows.items).await?;
        let lacking = missing_entitlements(&mut tx, by, organization.id, &rows.items, ctx.now()).await?;
        let whole = rows.next_cursor.is_none() && wanted.cursor.is_empty();
        let total = whole.then_some(rows.items.len() as u64);
        let (resource, tree, create) = (None, Vec::new(), Control::Absent);
        return Ok(DriveView {
            organization,
            resource,
            rows,
            total,
            files: None,
            outdated: Vec::new(),
            timeline: None,
            tree,
            create,
            lacking,
            view_as: None,
            shared_elsewhere,
            upload: None,
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
        let mut rows = list(&mut tx, by, &access_path, &query, PAGE_SIZE).await?;
        add_pictures(&mut tx, &mut rows.items).await?;
        (rows, Some(total))
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
    let timeline =
        if view.kind == Kind::Site { Some(crate::server::usecase::site::timeline(&mut tx, id).await?) } else { None };
    let files = if view.kind == Kind::Dataset {
        let holds = file::summary(&mut tx, id, wanted.overview).await?;
        let jobs = job::count_of_dataset(&mut tx, organization.id, id, MAX_COUNTED_JOBS).await?;
        Some(DatasetFiles { jobs, ..holds })
    } else {
        None
    };
    let outdated = match files {
        Some(holds) if holds.outputs > 0 => outdated::apps(&mut tx, id).await?,
        _ => Vec::new(),
    };
    let upload = if view.kind == Kind::Dataset {
        upload_place(&mut tx, by, &access_path, id, &licences, ctx.now()).await?
    } else {
        None
    };
    let offered = crate::server::usecase::offer::list::offered(&mut tx, ctx, &organization).await?;
    Ok(DriveView {
        organization,
        resource: Some(view),
        rows,
        total,
        files,
        outdated,
        timeline,
        tree,
        create,
        lacking,
        upload,
        offered,
        view_as: None,
        shared_elsewhere,
    })
}

/// What is found in an organization, as a page of the Drive.
async fn search_results(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    organization: OrganizationMembership,
    wanted: &DriveQuery,
) -> Result<DriveView> {
    let query = crate::server::usecase::search::SearchQuery {
        q: wanted.q.clone(),
        kind: wanted.kind.clone(),
        status: wanted.status.clone(),
        cursor: wanted.cursor.clone(),
        ..Default::default()
    };
    // Nothing to look up is nothing found; the page says so, and the field is there to type again.
    let rows = if SearchTerms::parse(&wanted.q).is_some() {
        crate::server::usecase::search::page(tx, by, &organization, &query, PAGE_SIZE).await?
    } else {
        Page { items: Vec::new(), next_cursor: None }
    };
    let lacking = missing_entitlements(tx, by, organization.id, &rows.items, ctx.now()).await?;
    let (resource, tree, create) = (None, Vec::new(), Control::Absent);
    let offered = crate::server::usecase::offer::list::offered(tx, ctx, &organization).await?;
    Ok(DriveView {
        organization,
        resource,
        rows,
        total: None,
        files: None,
        outdated: Vec::new(),
        timeline: None,
        tree,
        create,
        lacking,
        shared_elsewhere: false,
        upload: None,
        offered,
        view_as: None,
    })
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
        // With the root at most four, which is what `list_folders` takes.
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

/// What the licences of none of the accounts that rows are in allow. What those of one allow is offered, and refused where
/// they are another's.
async fn missing_entitlements(
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
