//! Tables `app`, `app_version` and `app_user`: what organizations publish to process datasets, and who may run it (JOB-1).

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{
    Result, Tx,
    values::{Json, from_columns},
};
use crate::{
    domain::{
        app::{AppOption, AppState, BuiltInFacts, MAX_USERS, NewApp, NewVersion, OutputRole, PriceRule},
        id::{AppId, OrganizationId, PersonId},
        permit::RolePermit,
        time::Timestamp,
    },
    view::app::{AppUserView, AppVersionView, AppView},
};

from_columns! {
    AppView: id: AppId, slug: String, title: String, summary: String, organization_id: Option<OrganizationId>,
        publisher_name: Option<String>, price_rule: PriceRule, makes_processed: bool, everybody: bool, state: AppState,
        last_version: i64, created_at: Timestamp;
    Self {
        id,
        slug,
        title,
        summary,
        publisher: organization_id.zip(publisher_name),
        price: price_rule,
        makes_processed,
        everybody,
        state,
        last_version,
        created_at,
    }
}

/// The columns of an app, once for all queries. The apps of a deleted organization are gone with it.
macro_rules! apps {
    ($where_and_order:literal) => {
        concat!(
            "SELECT a.id, a.slug, a.title, a.summary, a.organization_id, o.name AS publisher_name, a.price_rule, a.makes_processed, a.everybody,
                a.state, a.last_version, a.created_at
             FROM app a LEFT JOIN organization o ON o.id = a.organization_id WHERE (a.organization_id IS NULL OR o.deleted_at IS NULL) AND ",
            $where_and_order
        )
    };
}

/// Adds an app of the permit's organization, as a draft.
///
/// # Errors
/// `Taken` if the slug is.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, id: AppId, new: &NewApp, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO app (id, organization_id, slug, title, summary, price_rule, makes_processed, state, last_version, created_by, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', 0, $8, $9, $9)",
    )
    .bind(id)
    .bind(permit.organization())
    .bind(new.slug.clone())
    .bind(new.title.as_str().to_owned())
    .bind(new.summary.clone())
    .bind(new.price)
    .bind(new.makes_processed)
    .bind(permit.person())
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Changes what an app of the permit's organization is called and whether it can be run.
pub async fn update(tx: &mut Tx, permit: &RolePermit, app: &AppView, at: Timestamp) -> Result<bool> {
    tx.sql(
        "UPDATE app SET title = $3, summary = $4, state = $5, modified_at = $6 WHERE id = $1 AND organization_id = $2",
    )
    .bind(app.id)
    .bind(permit.organization())
    .bind(app.title.clone())
    .bind(app.summary.clone())
    .bind(app.state)
    .bind(at)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Says whether everybody may run an app: the operator does.
pub async fn update_everybody(tx: &mut Tx, id: AppId, everybody: bool, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE app SET everybody = $2, modified_at = $3 WHERE id = $1")
        .bind(id)
        .bind(everybody)
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// An app by its slug.
pub async fn find(tx: &mut Tx, slug: &str) -> Result<Option<AppView>> {
    tx.sql(apps!("a.slug = $1")).bind(slug.to_owned()).optional().await
}

/// An app by its id.
pub async fn find_by_id(tx: &mut Tx, id: AppId) -> Result<Option<AppView>> {
    tx.sql(apps!("a.id = $1")).bind(id).optional().await
}

/// Apps of a publisher by their slugs; what is not theirs is left out.
pub async fn list_by_slugs(tx: &mut Tx, organization: OrganizationId, slugs: &[String]) -> Result<Vec<AppView>> {
    tx.sql_list(
        "SELECT a.id, a.slug, a.title, a.summary, a.organization_id, o.name AS publisher_name, a.price_rule, a.makes_processed, a.everybody,
            a.state, a.last_version, a.created_at
         FROM app a JOIN organization o ON o.id = a.organization_id WHERE a.slug IN ({ids}) AND a.organization_id = {1}",
        slugs,
    )
    .bind(organization)
    .all()
    .await
}

/// A page of the apps that an organization publishes, by slug, after a given one.
pub async fn list_published_by(
    tx: &mut Tx,
    organization: OrganizationId,
    after: &str,
    limit: i64,
) -> Result<Vec<AppView>> {
    tx.sql(apps!("a.organization_id = $1 AND a.slug > $2 ORDER BY a.slug LIMIT CAST($3 AS BIGINT)"))
        .bind(organization)
        .bind(after.to_owned())
        .bind(limit)
        .all()
        .await
}

/// How many apps an organization publishes.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM app WHERE organization_id = $1").bind(organization).count().await
}

/// A page of the published apps that somebody may run, by slug, after a given one. Organizations count where the membership includes
/// the use of apps (JOB-5); those of a machine are the one that it belongs to.
pub async fn list_usable(
    tx: &mut Tx,
    person: PersonId,
    machine_of: Option<OrganizationId>,
    after: &str,
    limit: i64,
) -> Result<Vec<AppView>> {
    tx.sql(apps!(
        "a.state = 'published' AND a.slug > $2 AND (a.everybody OR a.organization_id = $3
            OR EXISTS (SELECT 1 FROM app_user u WHERE u.app_id = a.id AND u.user_id = $1)
            OR EXISTS (SELECT 1 FROM app_user u WHERE u.app_id = a.id AND u.user_id = $3)
            OR EXISTS (SELECT 1 FROM membership m JOIN active_organization v ON v.id = m.organization_id
                WHERE m.organization_id = a.organization_id AND m.person_id = $1 AND NOT m.without_apps)
            OR EXISTS (SELECT 1 FROM membership m JOIN active_organization v ON v.id = m.organization_id
                JOIN app_user u ON u.app_id = a.id AND u.user_id = m.organization_id
                WHERE m.person_id = $1 AND NOT m.without_apps))
         ORDER BY a.slug LIMIT CAST($4 AS BIGINT)"
    ))
    .bind(person)
    .bind(after.to_owned())
    .bind(machine_of)
    .bind(limit)
    .all()
    .await
}

/// The organizations of a person that may use an app, the publisher among them: the name, and whether the membership there
/// includes the use of apps (JOB-5). At most a few: one that includes it is enough.
pub async fn list_authorized(tx: &mut Tx, app: &AppView, person: PersonId) -> Result<Vec<(String, bool)>> {
    tx.sql(
        "SELECT o.name, NOT m.without_apps AS apps FROM membership m JOIN organization o ON o.id = m.organization_id
         WHERE m.person_id = $2 AND o.deleted_at IS NULL AND (m.organization_id = $3
            OR EXISTS (SELECT 1 FROM app_user u WHERE u.app_id = $1 AND u.user_id = m.organization_id))
         ORDER BY m.without_apps, o.name LIMIT 5",
    )
    .bind(app.id)
    .bind(person)
    .bind(app.publisher.as_ref().map(|(id, _)| *id))
    .all()
    .await
}

/// Whether an app names a person or an organization.
pub async fn is_user(tx: &mut Tx, app: AppId, user: uuid::Uuid) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM app_user WHERE app_id = $1 AND user_id = $2")
        .bind(app)
        .bind(user)
        .number()
        .await
        .map(|found| found > 0)
}

/// Adds a version to an app of the permit's organization; its number.
pub async fn insert_version(
    tx: &mut Tx,
    permit: &RolePermit,
    app: AppId,
    version: &NewVersion,
    by_name: &str,
    at: Timestamp,
) -> Result<i64> {
    let number = tx
        .sql(
            "UPDATE app SET last_version = last_version + 1, modified_at = $3 WHERE id = $1 AND organization_id = $2
             RETURNING last_version",
        )
        .bind(app)
        .bind(permit.organization())
        .bind(at)
        .number()
        .await?;
    tx.sql(
        "INSERT INTO app_version (app_id, number, label, options, outputs, timeout_millis, notes, created_by, created_by_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(app)
    .bind(number)
    .bind(version.label.as_str().to_owned())
    .bind(json(&version.options))
    .bind(json(&version.outputs))
    .bind(version.timeout_minutes * 60_000)
    .bind(version.notes.clone())
    .bind(permit.person())
    .bind(by_name.to_owned())
    .bind(at)
    .execute()
    .await?;
    Ok(number)
}

/// Adds an app that the program has built in, or says anew what it is. Everybody may run it until the operator says otherwise.
pub async fn upsert_built_in(tx: &mut Tx, id: AppId, app: &BuiltInFacts, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO app (id, slug, title, summary, price_rule, makes_processed, everybody, state, last_version, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, TRUE, 'published', 0, $7, $7)
         ON CONFLICT (slug) DO UPDATE SET title = excluded.title, summary = excluded.summary, price_rule = excluded.price_rule,
            makes_processed = excluded.makes_processed",
    )
    .bind(id)
    .bind(app.slug)
    .bind(app.title)
    .bind(app.summary)
    .bind(app.price)
    .bind(app.makes_processed)
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Adds the newest version of an app that the program has built in, unless it is there.
pub async fn insert_built_in_version(tx: &mut Tx, id: AppId, app: &BuiltInFacts, at: Timestamp) -> Result<()> {
    let added = tx
        .sql(
            "INSERT INTO app_version (app_id, number, label, options, outputs, timeout_millis, notes, created_by_name, created_at)
             VALUES ($1, $2, $3, '[]', $4, $5, $6, '', $7) ON CONFLICT (app_id, number) DO NOTHING",
        )
        .bind(id)
        .bind(app.version)
        .bind(app.version.to_string())
        .bind(json(&app.outputs))
        .bind(app.timeout_minutes * 60_000)
        .bind(app.notes)
        .bind(at)
        .execute()
        .await?;
    if added > 0 {
        tx.sql("UPDATE app SET last_version = $2, modified_at = $3 WHERE id = $1 AND last_version < $2")
            .bind(id)
            .bind(app.version)
            .bind(at)
            .execute()
            .await?;
    }
    Ok(())
}

/// JSON of what is made of texts only: it cannot fail.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

from_columns! {
    AppVersionView: number: i64, label: String, options: Json<Vec<AppOption>>, outputs: Json<Vec<OutputRole>>, timeout_millis: i64,
        notes: String, created_by_name: String, created_at: Timestamp;
    Self {
        number,
        label,
        options: options.0,
        outputs: outputs.0,
        timeout_minutes: timeout_millis / 60_000,
        notes,
        created_by_name,
        created_at,
    }
}

/// A version of an app.
pub async fn find_version(tx: &mut Tx, app: AppId, number: i64) -> Result<Option<AppVersionView>> {
    tx.sql(
        "SELECT number, label, options, outputs, timeout_millis, notes, created_by_name, created_at FROM app_version
         WHERE app_id = $1 AND number = $2",
    )
    .bind(app)
    .bind(number)
    .optional()
    .await
}

/// The versions of an app, newest first.
pub async fn list_versions(tx: &mut Tx, app: AppId, limit: i64) -> Result<Vec<AppVersionView>> {
    tx.sql(
        "SELECT number, label, options, outputs, timeout_millis, notes, created_by_name, created_at FROM app_version
         WHERE app_id = $1 ORDER BY number DESC LIMIT CAST($2 AS BIGINT)",
    )
    .bind(app)
    .bind(limit)
    .all()
    .await
}

/// Who is to use an app.
#[derive(Debug, Clone, Copy)]
pub enum AppUser {
    Person(PersonId),
    Organization(OrganizationId),
}

impl AppUser {
    /// The id, whichever it is.
    pub const fn id(self) -> uuid::Uuid {
        match self {
            Self::Person(id) => id.0,
            Self::Organization(id) => id.0,
        }
    }
}

/// Authorizes somebody to use an app of the permit's organization; whether they were not before.
pub async fn insert_user(tx: &mut Tx, _permit: &RolePermit, app: AppId, user: AppUser, at: Timestamp) -> Result<bool> {
    let (person, organization) = match user {
        AppUser::Person(id) => (Some(id), None),
        AppUser::Organization(id) => (None, Some(id)),
    };
    tx.sql(
        "INSERT INTO app_user (app_id, user_id, person_id, organization_id, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (app_id, user_id) DO NOTHING",
    )
    .bind(app)
    .bind(user.id())
    .bind(person)
    .bind(organization)
    .bind(at)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Ends somebody's use of an app of the permit's organization; whether they could use it.
pub async fn delete_user(tx: &mut Tx, _permit: &RolePermit, app: AppId, user: uuid::Uuid) -> Result<bool> {
    tx.sql("DELETE FROM app_user WHERE app_id = $1 AND user_id = $2")
        .bind(app)
        .bind(user)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// How many people and organizations an app names.
pub async fn count_users(tx: &mut Tx, app: AppId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM app_user WHERE app_id = $1").bind(app).count().await
}

/// How many people and organizations each of these apps names; those that name none are left out.
pub async fn count_users_by_app(tx: &mut Tx, apps: &[AppId]) -> Result<BTreeMap<AppId, u64>> {
    if apps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(AppId, i64)> = tx
        .sql_list(
            "SELECT app_id, CAST(COUNT(*) AS BIGINT) AS users FROM app_user WHERE app_id IN ({ids}) GROUP BY app_id",
            apps,
        )
        .all()
        .await?;
    Ok(rows.into_iter().map(|(app, users)| (app, users.unsigned_abs())).collect())
}

#[derive(FromRow)]
struct UserRow {
    user_id: uuid::Uuid,
    person_name: Option<String>,
    organization_name: Option<String>,
    created_at: Timestamp,
}

/// The people and organizations that an app names, in the order of their ids.
pub async fn list_users(tx: &mut Tx, app: AppId) -> Result<Vec<AppUserView>> {
    let rows: Vec<UserRow> = tx
        .sql(
            "SELECT u.user_id, p.first_name || ' ' || p.last_name AS person_name, o.name AS organization_name, u.created_at
             FROM app_user u LEFT JOIN person p ON p.id = u.person_id LEFT JOIN organization o ON o.id = u.organization_id
             WHERE u.app_id = $1 ORDER BY u.user_id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(app)
        .bind(i64::try_from(MAX_USERS).unwrap_or(i64::MAX))
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| AppUserView {
            id: row.user_id.to_string(),
            is_organization: row.organization_name.is_some(),
            name: row.organization_name.or(row.person_name).unwrap_or_default(),
            created_at: row.created_at,
        })
        .collect())
}
