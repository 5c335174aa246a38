//! `commonhold generate`: writes large amounts of data for measurements, fast and in bounded memory.

use crate::{
    domain::{
        id::{PersonId, ResourceId},
        permit::{found, operate},
        resource::{DatasetStatus, Kind},
        role::Role,
        text::key,
        time::Timestamp,
    },
    view::DatasetView,
};

use super::{
    context::{Ctx, Principal},
    error::{Error, Result},
    store::{Tx, account, membership, organization, person, resource},
    usecase,
};

/// How much to make.
#[derive(Debug, Clone)]
pub struct Amounts {
    /// Fill this organization (Org ID or id). `None`: make new ones.
    pub org: Option<String>,
    /// Number of new organizations.
    pub orgs: u64,
    /// People in each organization.
    pub people: u64,
    /// Resources in each organization.
    pub resources: u64,
    /// Whether all datasets are Processed.
    pub processed: bool,
    /// Whether all resources go into one folder, instead of a hundred into each.
    pub flat: bool,
}

/// How many rows are written in one transaction.
const BATCH_SIZE: u64 = 5_000;
/// How many datasets a generated folder has.
const FOLDER: u64 = 100;

/// Generates the data, and returns the Org IDs of the organizations that it filled.
///
/// # Errors
/// `NotFound` for an unknown organization.
pub async fn generate(ctx: &Ctx, amounts: &Amounts) -> Result<Vec<String>> {
    let mut made = Vec::new();
    let targets: Vec<(crate::domain::id::OrganizationId, Principal, String)> = if let Some(org) = &amounts.org {
        vec![existing(ctx, org).await?]
    } else {
        let mut targets = Vec::new();
        for n in 0..amounts.orgs {
            targets.push(new(ctx, n).await?);
        }
        targets
    };
    for (id, owner, org_id) in targets {
        let account = {
            let mut tx = ctx.db().read().await?;
            account::list(&mut tx, id)
                .await?
                .into_iter()
                .next()
                .ok_or_else(|| Error::Internal("no account".to_owned()))?
        };
        people(ctx, &owner, id, amounts.people).await?;
        resources(ctx, &owner, &account, amounts).await?;
        made.push(org_id);
    }
    ctx.db().analyze().await?;
    Ok(made)
}

async fn existing(ctx: &Ctx, org: &str) -> Result<(crate::domain::id::OrganizationId, Principal, String)> {
    let mut tx = ctx.db().read().await?;
    let id = match org.parse() {
        Ok(id) => Some(id),
        Err(_) => organization::find_id(&mut tx, &key(org)).await?,
    };
    let id = id.ok_or(crate::domain::refusal::Refusal::NotFound)?;
    let found = organization::find(&mut tx, id).await?.ok_or(crate::domain::refusal::Refusal::NotFound)?;
    let owner = membership::find_any_owner(&mut tx, id).await?.ok_or(crate::domain::refusal::Refusal::NotFound)?;
    Ok((id, principal(owner, "Owner"), found.org_id))
}

fn principal(person: PersonId, name: &str) -> Principal {
    Principal { person, name: name.to_owned(), email_key: String::new(), address: None, session: None, key: None }
}

async fn new(ctx: &Ctx, n: u64) -> Result<(crate::domain::id::OrganizationId, Principal, String)> {
    let tag = ctx.id().simple().to_string();
    let email = format!("generated-{tag}@example.com");
    let owner =
        usecase::session::sign_up_verified(ctx, "Generated", &format!("Owner {n}"), &email, super::demo::PASSWORD)
            .await?;
    let by = principal(owner.id, "Generated Owner");
    let form = crate::domain::organization::NewOrganizationForm {
        name: format!("Generated {n} {}", &tag[tag.len() - 6..]),
        kind: "business".to_owned(),
        country: "CH".to_owned(),
        ..Default::default()
    };
    let created = usecase::founding::create(ctx, &by, &form).await?;
    Ok((created.id, by, created.org_id))
}

async fn people(
    ctx: &Ctx,
    owner: &Principal,
    organization: crate::domain::id::OrganizationId,
    number: u64,
) -> Result<()> {
    // All get the same hash: hashing is slow, and nobody signs in as them.
    let hash = ctx
        .hasher()
        .hash("", &crate::domain::text::Password::parse(&ctx.token()).map_err(super::error::at_field("password"))?)
        .await?;
    let mut done = 0;
    while done < number {
        let batch = BATCH_SIZE.min(number - done);
        let by = &owner;
        let written: Result<()> = ctx
            .db()
            .write(|tx, _| {
                Box::pin(async {
                    for n in 0..batch {
                        let id = PersonId(ctx.id());
                        let email = format!("person-{}@example.com", id.0.simple());
                        let row = person::NewPerson {
                            id,
                            email: &email,
                            email_key: &email,
                            first_name: "Person",
                            last_name: &format!("{:05}", done + n),
                            password_hash: &hash,
                            cluster: "eu-central",
                            at: ctx.now(),
                        };
                        person::insert(tx, &row).await?;
                        membership::insert(tx, &found(by.person, organization), id, Role::Reader, ctx.now()).await?;
                    }
                    Ok(())
                })
            })
            .await;
        written?;
        done += batch;
    }
    Ok(())
}

async fn resources(ctx: &Ctx, owner: &Principal, account: &account::Account, amounts: &Amounts) -> Result<()> {
    let mut done = 0;
    let flat = ResourceId(ctx.id());
    while done < amounts.resources {
        let batch = BATCH_SIZE.min(amounts.resources - done);
        let (by, processed) = (&owner, amounts.processed);
        let into = amounts.flat.then_some((flat, done));
        let written: Result<()> = ctx
            .db()
            .write(|tx, _| {
                Box::pin(async {
                    match into {
                        Some((folder, first)) => {
                            write_flat(tx, ctx, by, account, folder, first..first + batch, processed).await
                        }
                        None => write_batch(tx, ctx, by, account, batch, processed).await,
                    }
                })
            })
            .await;
        written?;
        done += batch;
    }
    Ok(())
}

/// Datasets in one folder, which is created with the first of them.
async fn write_flat(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    account: &account::Account,
    folder: ResourceId,
    numbers: std::ops::Range<u64>,
    processed: bool,
) -> Result<()> {
    let at = ctx.now().plus_days(-60);
    if numbers.start == 0 {
        let name = format!("Flat {}", folder.0.simple());
        let permit = operate(by.person, account.organization, account.root);
        resource::insert(tx, &permit, &row(account, folder, Kind::Folder, &name, None, at)).await?;
    }
    let permit = operate(by.person, account.organization, folder);
    for n in numbers {
        let name = format!("Dataset {n:06}");
        let dataset = dataset(n, processed, at);
        resource::insert(tx, &permit, &row(account, ResourceId(ctx.id()), Kind::Dataset, &name, Some(&dataset), at))
            .await?;
    }
    Ok(())
}

/// The properties of the dataset with a number.
fn dataset(n: u64, processed: bool, at: Timestamp) -> DatasetView {
    let status = if processed || !n.is_multiple_of(10) { DatasetStatus::Processed } else { DatasetStatus::Draft };
    let images = i64::try_from(n % 200 + 1).unwrap_or(1);
    let (bytes, cluster, captured_on) = (images * 8_400_000, "eu-central".to_owned(), Some(at.day()));
    DatasetView { status, images, bytes, cluster, captured_on, files: 0 }
}

/// Folders of a hundred datasets each, in a folder of their own.
async fn write_batch(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    account: &account::Account,
    number: u64,
    processed: bool,
) -> Result<()> {
    // Old enough that XFER-12 allows a transfer to a licence by Credits.
    let at = ctx.now().plus_days(-60);
    let top = ResourceId(ctx.id());
    let name = format!("Generated {}", top.0.simple());
    resource::insert(
        tx,
        &operate(by.person, account.organization, account.root),
        &row(account, top, Kind::Folder, &name, None, at),
    )
    .await?;
    let mut folder = top;
    for n in 1..number {
        let id = ResourceId(ctx.id());
        if n % (FOLDER + 1) == 1 {
            let name = format!("Folder {n:06}");
            resource::insert(
                tx,
                &operate(by.person, account.organization, top),
                &row(account, id, Kind::Folder, &name, None, at),
            )
            .await?;
            folder = id;
            continue;
        }
        let dataset = dataset(n, processed, at);
        let name = format!("Dataset {n:06}");
        resource::insert(
            tx,
            &operate(by.person, account.organization, folder),
            &row(account, id, Kind::Dataset, &name, Some(&dataset), at),
        )
        .await?;
    }
    Ok(())
}

fn row<'a>(
    account: &account::Account,
    id: ResourceId,
    kind: Kind,
    name: &'a str,
    dataset: Option<&'a DatasetView>,
    at: Timestamp,
) -> resource::NewResource<'a> {
    resource::NewResource { id, account: account.id, kind, name, dataset, at }
}
