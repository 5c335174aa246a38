//! The server's side of the comparison: it performs the same actions over REST and by the operator's use cases, and reads
//! what the database holds afterwards.

use std::collections::{BTreeMap, BTreeSet};

use commonhold::{
    domain::{
        id::{AppId, JobId, LeaseId, LicenceId, LoanId, PersonId, ResourceId},
        licence::Amount,
        permit::found,
        role::Role,
        time::Timestamp,
        transfer::Grantee,
    },
    server::{
        context::JobPrincipal,
        error::Error,
        store::{job, membership},
        usecase::{self, engine, licence::operator::GrantForm, operator::Operator},
        workers::jobs,
    },
};
use serde_json::json;
use uuid::Uuid;

use super::model::{Action, Answer, DAY, GrantedTo, JobEnd, Label, ModelState, ORGS, PEOPLE};
use crate::support::{self, Org, Person, TestApp};

/// The row of a job: its id, state, whether it was refunded, what was charged, and how much.
type JobRow = (Uuid, String, bool, Option<Uuid>, i64, i64, i64);
/// The rows of a resource and of a grant.
type Row = (Uuid, Option<Uuid>, Uuid, Uuid, String, String, Option<String>, i64, Option<Uuid>, Option<Uuid>);
type GrantRow = (Uuid, Option<Uuid>, Option<Uuid>, String, bool, Uuid);

/// The server, and the ids that belong to the labels of the model.
#[derive(Clone)]
pub struct Server {
    pub app: TestApp,
    people: Vec<Person>,
    orgs: Vec<Org>,
    names: Vec<String>,
    pub ids: BTreeMap<Label, ResourceId>,
    pub licences: Vec<LicenceId>,
    pub loans: Vec<LoanId>,
    pub jobs: BTreeMap<Label, JobId>,
    /// The app of this history.
    app_id: AppId,
    app_slug: String,
}

/// The answer to an action, and what it created.
#[derive(Debug)]
pub struct Outcome {
    pub answer: Answer,
    created: Option<Created>,
}

#[derive(Debug)]
enum Created {
    Resource(ResourceId),
    Licence(LicenceId),
}

impl Outcome {
    fn of(answer: &support::Answer) -> Self {
        if answer.status < 300 {
            let id = serde_json::from_str::<serde_json::Value>(&answer.body).ok();
            let id = id.and_then(|body| body["id"].as_str().and_then(|id| id.parse().ok()));
            return Self { answer: Answer::Done, created: id.map(Created::Resource) };
        }
        let code = if answer.status < 500 { answer.code() } else { answer.status.to_string() };
        let blockers = if code == "blocked" { answer.blockers().into_iter().collect() } else { BTreeSet::new() };
        Self { answer: Answer::No(code, blockers), created: None }
    }

    fn of_operator<T>(answer: Result<T, Error>) -> Self {
        let code = match answer {
            Ok(_) => return Self { answer: Answer::Done, created: None },
            Err(Error::Refused(refusal)) => refusal.code().to_owned(),
            Err(error) if error.is_unavailable() => "503".to_owned(),
            Err(error) => error.to_string(),
        };
        Self { answer: Answer::No(code, BTreeSet::new()), created: None }
    }
}

impl Server {
    /// Existing people, with new organizations for one history.
    pub async fn new(app: &TestApp, people: &[Person], history: &str) -> Self {
        assert_eq!(people.len(), PEOPLE);
        let mut server = Self {
            app: app.clone(),
            people: people.to_vec(),
            orgs: Vec::new(),
            names: Vec::new(),
            ids: BTreeMap::new(),
            licences: Vec::new(),
            loans: Vec::new(),
            jobs: BTreeMap::new(),
            app_id: AppId(Uuid::nil()),
            app_slug: String::new(),
        };
        for (number, label) in (0..ORGS).zip(0..) {
            let name = format!("{} {history}", ["Alpine", "Tunnel", "Quarry"][number % 3]);
            let org = people[0].create_org(&name).await;
            server.ids.insert(label, org.root);
            server.orgs.push(org);
            server.names.push(name);
        }
        let (slug, publisher) = (format!("{}-x", server.orgs[0].org_id), server.orgs[0].clone());
        crate::flow::apps::published(&people[0], &publisher, &slug, "processing", true).await;
        let open = usecase::app::authorize_everybody(app.ctx(), &Operator::command_line(), &slug, true).await;
        (server.app_id, server.app_slug) = (open.expect("an app").id, slug);
        server
    }

    /// The engine that is at a job now, if there is one.
    async fn engine_of(&self, job: JobId) -> JobPrincipal {
        let mut tx = self.app.db().read().await.expect("a connection");
        let lease = job::find(&mut tx, job).await.expect("an answer").and_then(|job| job.lease);
        let lease = lease.unwrap_or(LeaseId(Uuid::nil()));
        JobPrincipal { job, lease, identity: PersonId(Uuid::nil()), name: "Engine".to_owned(), address: None }
    }

    /// Whether everything that the action is about was created by this history.
    pub fn knows(&self, action: &Action) -> bool {
        let (labels, licence): (&[Label], _) = match action {
            Action::Create { parent, .. } => (&[*parent], None),
            Action::Engine { dataset, .. } => (&[*dataset], None),
            Action::Transfer { items, to, .. } => return items.iter().chain([to]).all(|at| self.ids.contains_key(at)),
            Action::Copy { item, to, .. } => (&[*item, *to], None),
            Action::Trash { item, .. } | Action::Restore { item, .. } | Action::DeleteForGood { item, .. } => {
                (&[*item], None)
            }
            Action::Give { item, .. } => (&[*item], None),
            Action::Expire { licence }
            | Action::TopUp { licence, .. }
            | Action::Extend { licence, .. }
            | Action::Lend { licence, .. } => (&[], Some(*licence)),
            Action::EndLoan { loan, .. } => return *loan < self.loans.len(),
            Action::StartJob { dataset, .. } => (&[*dataset], None),
            Action::CancelJob { job, .. } | Action::EndJob { job, .. } => return self.jobs.contains_key(job),
            _ => (&[], None),
        };
        labels.iter().all(|at| self.ids.contains_key(at)) && licence.is_none_or(|at| at < self.licences.len())
    }

    pub async fn perform(&self, action: &Action) -> Outcome {
        let ids = &self.ids;
        match action {
            Action::Create { by, parent, kind, name, images } => {
                let mut body = json!({ "parent": ids[parent], "kind": kind.as_str(), "name": name });
                if kind.as_str() == "dataset" {
                    body["dataset"] = json!({ "images": images });
                }
                Outcome::of(&self.people[*by].post("/api/v1/resources", &body).await)
            }
            Action::Engine { dataset, status } => {
                Outcome::of_operator(usecase::dataset::set_status(self.app.ctx(), ids[dataset], *status).await)
            }
            Action::Transfer { by, items, to, planned } => {
                let (by, items) = (&self.people[*by], items.iter().map(|item| ids[item]).collect::<Vec<_>>());
                if !planned {
                    return Outcome::of(&by.transfer(&items, ids[to]).await);
                }
                let plan = by.plan(&items, ids[to]).await;
                if plan.status >= 300 {
                    return Outcome::of(&plan);
                }
                let digest = plan.json()["digest"].as_str().unwrap_or_default().to_owned();
                Outcome::of(&by.confirm(&items, ids[to], &digest).await)
            }
            Action::Copy { by, item, to } => Outcome::of(&self.people[*by].copy(ids[item], ids[to]).await),
            Action::Trash { by, item } => Outcome::of(&self.people[*by].trash(ids[item]).await),
            Action::Restore { by, item } => Outcome::of(&self.people[*by].restore(ids[item]).await),
            Action::DeleteForGood { by, item } => Outcome::of(&self.people[*by].delete_for_good(ids[item]).await),
            Action::Purge => loop {
                match usecase::trash::purge(self.app.ctx()).await {
                    Ok(0) => break Outcome::of_operator(Ok(())),
                    Ok(_) => {}
                    Err(error) => break Outcome::of_operator::<()>(Err(error)),
                }
            },
            Action::Grant { org, product, model, amounts: [images, projects, credits], days } => {
                let last = days.map(|days| Timestamp(self.app.ctx().now().0 + days * DAY).day().iso());
                let form = GrantForm {
                    org: self.orgs[*org].id.to_string(),
                    product: product.as_str().to_owned(),
                    model: Some(model.as_str().to_owned()),
                    images: *images,
                    projects: *projects,
                    credits: *credits,
                    until: last,
                    ..GrantForm::default()
                };
                match usecase::licence::operator::grant(self.app.ctx(), &form).await {
                    Ok(id) => Outcome { answer: Answer::Done, created: Some(Created::Licence(id)) },
                    Err(error) => Outcome::of_operator::<()>(Err(error)),
                }
            }
            Action::TopUp { licence, amounts: [images, projects, credits] } => {
                let amount = Amount { images: *images, projects: *projects, credits: *credits };
                let (ctx, id) = (self.app.ctx(), self.licences[*licence]);
                Outcome::of_operator(
                    usecase::licence::operator::top_up(ctx, &Operator::command_line(), id, amount).await,
                )
            }
            Action::Extend { licence, days } => {
                let (ctx, id) = (self.app.ctx(), self.licences[*licence]);
                let last = Timestamp(ctx.now().0 + days * DAY).day().iso();
                Outcome::of_operator(
                    usecase::licence::operator::extend(ctx, &Operator::command_line(), id, &last).await,
                )
            }
            Action::Expire { licence } => {
                Outcome::of_operator(usecase::licence::operator::expire(self.app.ctx(), self.licences[*licence]).await)
            }
            Action::ChangeRole { by, org, whom, to } => {
                Outcome::of(&self.people[*by].change_role(&self.orgs[*org], self.people[*whom].id, to.as_str()).await)
            }
            Action::Leave { by, org } => Outcome::of(&self.people[*by].leave(&self.orgs[*org]).await),
            Action::Join { org, whom, role } => Outcome::of_operator(self.join(*org, *whom, *role).await),
            Action::DeleteOrg { by, org } => {
                let (path, confirm) = (format!("/api/v1/orgs/{}", self.orgs[*org].id), &self.names[*org]);
                let body = json!({ "confirm": confirm });
                Outcome::of(&self.people[*by].call(axum::http::Method::DELETE, &path, Some(&body), &[]).await)
            }
            Action::RestoreOrg { by, org } => {
                let path = format!("/api/v1/orgs/{}/restore", self.orgs[*org].id);
                Outcome::of(&self.people[*by].post(&path, &json!({})).await)
            }
            Action::Give { item, whom, level, carried } => {
                let grantee = match whom {
                    GrantedTo::Person(person) => Grantee::Person(self.people[*person].id),
                    GrantedTo::Organization(org) => Grantee::Organization(self.orgs[*org].id),
                };
                self.app.give(ids[item], grantee, *level, *carried).await;
                Outcome::of_operator(Ok(()))
            }
            Action::Lend { by, org, licence, to, days } => {
                let day = Timestamp(self.app.ctx().now().0 + days * DAY).day();
                let body = json!({
                    "licence": self.licences[*licence],
                    "sharing_id": format!("{}/primary", self.orgs[*to].org_id),
                    "until": day.iso(),
                });
                let path = format!("/api/v1/orgs/{}/loans", self.orgs[*org].id);
                Outcome::of(&self.people[*by].post(&path, &body).await)
            }
            Action::EndLoan { by, loan } => {
                Outcome::of(&self.people[*by].delete(&format!("/api/v1/loans/{}", self.loans[*loan])).await)
            }
            Action::StartJob { by, dataset } => {
                let path = format!("/api/v1/datasets/{}/jobs", ids[dataset]);
                Outcome::of(&self.people[*by].post(&path, &json!({ "app": self.app_slug })).await)
            }
            Action::CancelJob { by, job } => {
                let path = format!("/api/v1/jobs/{}/cancel", self.jobs[job]);
                Outcome::of(&self.people[*by].post(&path, &json!({})).await)
            }
            Action::TakeJob => {
                let engine = engine::Engine { key: None, name: "Engine".to_owned() };
                Outcome::of_operator(engine::claim_next(self.app.ctx(), &engine, &[self.app_id]).await)
            }
            Action::EndJob { job, how } => {
                let (ctx, id) = (self.app.ctx(), self.jobs[job]);
                let by = self.engine_of(id).await;
                let (id, lease) = (id.to_string(), by.lease.to_string());
                Outcome::of_operator(match how {
                    JobEnd::Done => engine::complete(ctx, &by, &id, &lease, None).await,
                    JobEnd::Broke => engine::fail(ctx, &by, &id, &lease, "app_error", "broke").await,
                    JobEnd::Released => engine::release(ctx, &by, &id, &lease).await,
                })
            }
            Action::LoseJobs => Outcome::of_operator(jobs::run_due(self.app.ctx()).await),
            Action::Cap { by, org, whom, level, billable } => {
                let path = format!("/api/v1/orgs/{}/people/{}/caps", self.orgs[*org].id, self.people[*whom].id);
                let body = json!({ "level": level.as_str(), "billable": billable });
                Outcome::of(&self.people[*by].patch(&path, &body).await)
            }
            Action::Days(days) => {
                self.app.later(*days);
                Outcome::of_operator(Ok(()))
            }
        }
    }

    async fn join(&self, org: usize, whom: usize, role: Role) -> Result<(), Error> {
        let (organization, id, now) = (self.orgs[org].id, self.people[whom].id, self.app.ctx().now());
        let join = self.app.db().write(move |tx, _| {
            Box::pin(async move {
                membership::insert(tx, &found(id, organization), id, role, now).await?;
                Ok::<_, Error>(())
            })
        });
        join.await
    }

    /// Remembers what an action created.
    pub fn note(&mut self, label: Label, outcome: &Outcome, action: &Action) {
        match (&outcome.created, action) {
            (Some(Created::Resource(id)), Action::Create { .. } | Action::Copy { .. }) => {
                self.ids.insert(label, *id);
            }
            (Some(Created::Resource(id)), Action::StartJob { .. }) => {
                self.jobs.insert(label, JobId(id.0));
            }
            (Some(Created::Licence(id)), _) => self.licences.push(*id),
            (Some(Created::Resource(id)), Action::Lend { .. }) => self.loans.push(LoanId(id.0)),
            _ => {}
        }
    }

    /// Everything that the database holds of this history.
    pub async fn snapshot(&self) -> Snapshot {
        let orgs: Vec<Uuid> = self.orgs.iter().map(|org| org.id.0).collect();
        let mut tx = self.app.db().read().await.expect("a connection");
        let mut snapshot = Snapshot::default();
        let rows: Vec<Row> = tx
            .sql_list(
                "SELECT id, parent_id, organization_id, account_id, kind, name, status, images, charged_to, trashed_with FROM resource WHERE organization_id IN ({ids})",
                &orgs,
            )
            .all()
            .await
            .expect("an answer");
        for (id, parent, org, account, kind, name, status, images, charged, trashed_with) in rows {
            let name = if kind == "root" { String::new() } else { name };
            let row =
                Stored { parent, org, account, kind, name, status, images, charged, trashed_with, times: (0, None) };
            snapshot.resources.insert(id, row);
        }
        let times: Vec<(Uuid, i64, Option<i64>)> = tx
            .sql_list("SELECT id, created_at, trashed_at FROM resource WHERE organization_id IN ({ids})", &orgs)
            .all()
            .await
            .expect("an answer");
        for (id, created, trashed) in times {
            if let Some(row) = snapshot.resources.get_mut(&id) {
                let created = if row.kind == "root" { 0 } else { created };
                row.times = (created, trashed);
            }
        }
        let grants: Vec<GrantRow> = tx
            .sql_list(
                "SELECT g.resource_id, g.person_id, g.organization_id, g.level, g.carried, g.owner_organization_id FROM access_grant g JOIN resource r ON r.id = g.resource_id WHERE r.organization_id IN ({ids})",
                &orgs,
            )
            .all()
            .await
            .expect("an answer");
        for (resource, person, organization, level, carried, owner) in grants {
            let grantee = person.or(organization).expect("one of the two");
            snapshot.grants.insert((resource, grantee, carried), (level, owner));
        }
        let members: Vec<(Uuid, Uuid, String)> = tx
            .sql_list("SELECT organization_id, person_id, role FROM membership WHERE organization_id IN ({ids})", &orgs)
            .all()
            .await
            .expect("an answer");
        snapshot.members = members.into_iter().map(|(org, person, role)| ((org, person), role)).collect();
        let deleted: Vec<(Uuid, Option<i64>)> = tx
            .sql_list("SELECT id, deleted_at FROM organization WHERE id IN ({ids})", &orgs)
            .all()
            .await
            .expect("an answer");
        snapshot.deleted = deleted.into_iter().collect();
        let licences: Vec<(Uuid, Option<i64>, i64, i64, i64)> = tx
            .sql_list(
                "SELECT id, active_until, images_left, projects_left, credits_left FROM licence WHERE model IS NOT NULL AND organization_id IN ({ids})",
                &orgs,
            )
            .all()
            .await
            .expect("an answer");
        let left = |(id, until, images, projects, credits)| (id, (until, [images, projects, credits]));
        snapshot.licences = licences.into_iter().map(left).collect();
        let loans: Vec<(Uuid, Uuid, Uuid, i64, Option<i64>)> = tx
            .sql_list(
                "SELECT id, licence_id, borrower_organization_id, ends_at, ended_at FROM licence_loan WHERE lender_organization_id IN ({ids})",
                &orgs,
            )
            .all()
            .await
            .expect("an answer");
        let now = self.app.ctx().now().0;
        let loan = |(id, licence, to, ends, ended): (Uuid, Uuid, Uuid, i64, Option<i64>)| {
            (id, (licence, to, ends, ended.is_none() && now < ends))
        };
        snapshot.loans = loans.into_iter().map(loan).collect();
        let jobs: Vec<JobRow> = tx
            .sql_list(
                "SELECT id, state, refunded, licence_id, price_images, price_projects, price_credits FROM job WHERE organization_id IN ({ids})",
                &orgs,
            )
            .all()
            .await
            .expect("an answer");
        let job = |(id, state, refunded, licence, images, projects, credits)| {
            (id, (state, refunded, licence, [images, projects, credits]))
        };
        snapshot.jobs = jobs.into_iter().map(job).collect();
        snapshot
    }

    /// What the database should hold by the model. What a copy holds gets its ids from `seen`, by the
    /// container it is in and its name.
    pub fn expected(&mut self, model: &ModelState, seen: &Snapshot) -> Snapshot {
        let known: BTreeSet<Uuid> = self.ids.values().map(|id| id.0).collect();
        let mut unknown: BTreeMap<(Option<Uuid>, &str), Vec<Uuid>> = BTreeMap::new();
        for (id, row) in seen.resources.iter().filter(|(id, _)| !known.contains(id)) {
            unknown.entry((row.parent, &row.name)).or_default().push(*id);
        }
        // A container has a smaller label than what is in it, when both were copied.
        for (label, node) in &model.nodes {
            if self.ids.contains_key(label) {
                continue;
            }
            let parent = node.parent.and_then(|parent| self.ids.get(&parent)).map(|id| id.0);
            if let Some(id) = unknown.get_mut(&(parent, node.name.as_str())).and_then(Vec::pop) {
                self.ids.insert(*label, ResourceId(id));
            }
        }
        let id = |label: &Label| self.ids.get(label).map_or(Uuid::nil(), |id| id.0);
        let org = |at: usize| self.orgs[at].id.0;
        let person = |at: usize| self.people[at].id.0;
        let mut snapshot = Snapshot::default();
        for (label, node) in &model.nodes {
            let row = Stored {
                parent: node.parent.as_ref().map(id),
                org: org(node.org),
                account: self.orgs[node.org].account.0,
                kind: node.kind.as_str().to_owned(),
                name: node.name.clone(),
                status: node.status.map(|status| status.as_str().to_owned()),
                images: node.images,
                charged: node.charged.map(|at| self.licences[at].0),
                trashed_with: node.trash.map(|trash| id(&trash.with)),
                times: (if node.parent.is_none() { 0 } else { node.created }, node.trash.and_then(|trash| trash.at)),
            };
            snapshot.resources.insert(id(label), row);
            for ((whom, carried), level) in &node.grants {
                let grantee = match whom {
                    GrantedTo::Person(at) => person(*at),
                    GrantedTo::Organization(at) => org(*at),
                };
                snapshot.grants.insert((id(label), grantee, *carried), (level.as_str().to_owned(), org(node.org)));
            }
        }
        for (at, organization) in model.orgs.iter().enumerate() {
            snapshot.deleted.insert(org(at), organization.deleted);
            for (who, role) in organization.roles.iter().enumerate() {
                if let Some(role) = role {
                    snapshot.members.insert((org(at), person(who)), role.as_str().to_owned());
                }
            }
        }
        for (at, licence) in model.licences.iter().enumerate() {
            snapshot.licences.insert(self.licences[at].0, (licence.until, licence.left));
        }
        for (at, loan) in model.loans.iter().enumerate() {
            let (licence, to) = (self.licences[loan.licence].0, org(loan.to));
            snapshot.loans.insert(self.loans[at].0, (licence, to, loan.ends, model.runs(loan)));
        }
        for (label, job) in &model.jobs {
            let id = self.jobs.get(label).map_or(Uuid::nil(), |id| id.0);
            let (licence, price) = job.paid.map_or((None, [0; 3]), |(at, price)| (Some(self.licences[at].0), price));
            snapshot.jobs.insert(id, (job.state.as_str().to_owned(), job.refunded, licence, price));
        }
        snapshot
    }
}

/// A resource as it is stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    parent: Option<Uuid>,
    org: Uuid,
    account: Uuid,
    kind: String,
    name: String,
    status: Option<String>,
    images: i64,
    charged: Option<Uuid>,
    trashed_with: Option<Uuid>,
    /// When it was created, and when it was put into the trash.
    times: (i64, Option<i64>),
}

/// The part of the database that the model describes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Snapshot {
    resources: BTreeMap<Uuid, Stored>,
    grants: BTreeMap<(Uuid, Uuid, bool), (String, Uuid)>,
    members: BTreeMap<(Uuid, Uuid), String>,
    deleted: BTreeMap<Uuid, Option<i64>>,
    licences: BTreeMap<Uuid, (Option<i64>, [i64; 3])>,
    /// Licence, borrower, end, and whether it runs.
    loans: BTreeMap<Uuid, (Uuid, Uuid, i64, bool)>,
    /// State, whether it was refunded, and what was charged where.
    jobs: BTreeMap<Uuid, (String, bool, Option<Uuid>, [i64; 3])>,
}

impl Snapshot {
    /// The differences from what was expected, if there are any.
    pub fn differs(&self, expected: &Self) -> Option<String> {
        fn compare<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
            what: &str,
            is: &BTreeMap<K, V>,
            expected: &BTreeMap<K, V>,
            told: &mut Vec<String>,
        ) {
            let keys: BTreeSet<&K> = is.keys().chain(expected.keys()).collect();
            for key in keys.into_iter().filter(|key| is.get(key) != expected.get(key)) {
                told.push(format!("{what} {key:?}:\n  is       {:?}\n  expected {:?}", is.get(key), expected.get(key)));
            }
        }
        let mut told = Vec::new();
        compare("resource", &self.resources, &expected.resources, &mut told);
        compare("grant", &self.grants, &expected.grants, &mut told);
        compare("member", &self.members, &expected.members, &mut told);
        compare("deleted", &self.deleted, &expected.deleted, &mut told);
        compare("licence", &self.licences, &expected.licences, &mut told);
        compare("loan", &self.loans, &expected.loans, &mut told);
        compare("job", &self.jobs, &expected.jobs, &mut told);
        (!told.is_empty()).then(|| told.join("\n"))
    }
}
