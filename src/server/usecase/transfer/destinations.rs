//! What the dialogs **Move to** and **Copy to** show (XFER-14, DRIVE-4).

use crate::{
    domain::{
        access::Act,
        id::ResourceId,
        items::Items,
        licence::{Entitlement, allows},
        permit::permit as permit_on,
        refusal::Refusal,
        resource::Kind,
        role::Role,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{account, licence, resource},
        usecase::{access, accounts::AccountNames, drive, organization},
    },
    view::{Control, Crumb, DestinationRow, DestinationView, Page},
};

/// What the **Move to** dialog shows (XFER-14), and **Copy to**, which is for the items' own organization (DRIVE-4).
///
/// # Errors
/// `NotFound` if an item, the organization or the container does not exist for the caller; `Invalid` at a field.
pub async fn show(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    org: &str,
    container: &str,
    cursor: &str,
    copying: bool,
) -> Result<DestinationView> {
    let mut tx = ctx.db().read().await?;
    let first = access::access_paths(&mut tx, by.person, &items[..items.len().min(5)]).await?;
    let mut named = Vec::new();
    for id in items.iter().take(5) {
        let access_path = first.get(id).filter(|access_path| access_path.level().is_some()).ok_or(Refusal::NotFound)?;
        named.extend(access_path.ancestors.first().map(|step| Crumb {
            id: *id,
            name: step.name.clone(),
            kind: step.kind,
        }));
    }
    let source = first.values().next().map(|access_path| access_path.facts.organization).ok_or(Refusal::NotFound)?;
    let asked = if org.is_empty() { source.to_string() } else { org.to_owned() };
    let shown = organization::belonging(&mut tx, by, &asked).await?;
    let (organizations, _) = organization::listed(&mut tx, by, &asked).await?;
    let visible = account::list_visible(&mut tx, shown.id, by.person).await?;
    // Where one sees no root at all, the first one, which does not exist for them.
    let root = match visible.first() {
        Some(first) => first.root,
        None => account::list(&mut tx, shown.id).await?.first().map(|first| first.root).ok_or(Refusal::NotFound)?,
    };
    let id: ResourceId = if container.is_empty() {
        root
    } else {
        crate::server::usecase::id("container", container).map_err(|_| Refusal::NotFound)?
    };
    let access_path = access::access_paths(&mut tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    if access_path.facts.organization != shown.id {
        return Err(Refusal::NotFound.into());
    }
    let called = AccountNames::among(visible);
    let mut path = access_path.visible_path();
    called.label(&mut path);
    let base = DestinationView {
        items: named,
        count: items.len() as u64,
        source,
        organizations,
        organization: shown,
        accounts: called.links(),
        path,
        rows: Page { items: Vec::new(), next_cursor: None },
        create: Control::Absent,
        move_here: Control::Enabled,
        may_offer: !copying
            && first
                .values()
                .next()
                .is_some_and(|access_path| access_path.facts.role.is_some_and(|role| role >= Role::Manager)),
    };
    if access_path.level().is_none() {
        if !container.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        let rows = drive::list::shared(&mut tx, by, base.organization.id)
            .await?
            .into_iter()
            .map(|row| destination_row(row.id, row.kind, row.name, items, copying));
        let rows = Page { items: rows.collect(), next_cursor: None };
        let move_here = Control::Disabled("Choose one of the places that were shared with you.".to_owned());
        return Ok(DestinationView { rows, move_here, ..base });
    }
    let query = drive::list::ListQuery { cursor: cursor.to_owned(), ..drive::list::ListQuery::default() };
    let rows = drive::list::list(&mut tx, by, &access_path, &query, drive::list::PAGE_SIZE).await?;
    let rows = rows.map(|row| destination_row(row.id, row.kind, row.name, items, copying));
    // Creating and copying are what an expired licence takes away (LIC-6); moving is not.
    let account = resource::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?.account;
    let licences = licence::list_of_account(&mut tx, account, ctx.now()).await?;
    let may_create = allows(&licences, Entitlement::Create, ctx.now());
    let in_site = access_path.ancestors.first().is_some_and(|step| step.kind == Kind::Site);
    let copies_site = base.items.iter().any(|item| item.kind == Kind::Site);
    let may_copy = may_create
        .clone()
        .and_then(|()| if in_site || copies_site { allows(&licences, Entitlement::Sites, ctx.now()) } else { Ok(()) });
    let create = match (permit_on(by.who(), Act::Create, &access_path.facts), may_create) {
        (Ok(_), may) if access_path.ancestors.first().is_some_and(|step| step.kind.may_hold(Kind::Folder)) => {
            may.map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled)
        }
        _ => Control::Absent,
    };
    let act = if copying { Act::Create } else { Act::Move };
    let move_here = match permit_on(by.who(), act, &access_path.facts) {
        Ok(_) if copying && base.organization.id != source => Control::Disabled(
            "Copying to another organization is not possible yet. Choose a place in this one.".to_owned(),
        ),
        Ok(_) if copying => {
            may_copy.map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled)
        }
        Err(refusal) => Control::Disabled(refusal.to_string()),
        Ok(_) if resource::find(&mut tx, items[0]).await?.is_some_and(|item| item.parent == Some(id)) => {
            Control::Disabled("It is already here. Choose another place.".to_owned())
        }
        Ok(_) => Control::Enabled,
    };
    Ok(DestinationView { rows, create, move_here, ..base })
}

fn destination_row(id: ResourceId, kind: Kind, name: String, items: &[ResourceId], copying: bool) -> DestinationRow {
    let why_not = if items.contains(&id) {
        Some(if copying { "This is what you are copying" } else { "This is what you are moving" }.to_owned())
    } else if !kind.is_container() {
        Some("Not a folder".to_owned())
    } else {
        None
    };
    DestinationRow { id, kind, name, why_not }
}
