//! Writing the audit log (AUDIT-1): a line within the transaction of what it tells of. Reading it is in [`super::audit_log`].

use serde_json::Value;

use crate::{
    domain::{
        audit::Action,
        id::{AuditId, OrganizationId, PersonId, ResourceId, TransferId},
        permit::RolePermit,
    },
    server::{
        context::{Actor, Ctx, KeyPrincipal, Principal, machine_name},
        error::Result,
        store::{Tx, audit},
        usecase::operator::Operator,
    },
};

/// What happened.
#[derive(Debug)]
pub struct AuditEvent {
    /// In whose log.
    pub organization: Option<OrganizationId>,
    pub action: Action,
    /// What, in a sentence without the actor.
    pub summary: String,
    /// The folders, sites, assets and datasets it is about: the entry is in the history of each, also once they are gone.
    pub resources: Vec<ResourceId>,
    /// The transfer it is about.
    pub transfer: Option<TransferId>,
    /// State before.
    pub before: Option<Value>,
    /// State after.
    pub after: Option<Value>,
}

impl AuditEvent {
    /// An event in no organization's log, about nothing but what the sentence says.
    pub fn new(action: Action, summary: impl Into<String>) -> Self {
        Self {
            organization: None,
            action,
            summary: summary.into(),
            resources: Vec::new(),
            transfer: None,
            before: None,
            after: None,
        }
    }
}

/// Writes down what somebody did, in the transaction of what they did.
pub async fn record(tx: &mut Tx, ctx: &Ctx, by: &Principal, what: AuditEvent) -> Result<()> {
    write(tx, ctx, Some(by.person), &by.name, by.address.as_deref(), what).await
}

/// Writes down what somebody did to an organization, with what it was before and afterwards.
pub async fn record_change(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &RolePermit,
    action: Action,
    summary: String,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    let organization = Some(permit.organization());
    record(tx, ctx, by, AuditEvent { organization, before, after, ..AuditEvent::new(action, summary) }).await
}

/// Writes down what somebody or a machine did.
pub async fn note_actor(tx: &mut Tx, ctx: &Ctx, by: &Actor, what: AuditEvent) -> Result<()> {
    match by {
        Actor::Person(by) => record(tx, ctx, by, what).await,
        Actor::Key(by) => note_key(tx, ctx, by, what).await,
    }
}

/// Writes down what a machine did: under the name of its key.
pub async fn note_key(tx: &mut Tx, ctx: &Ctx, by: &KeyPrincipal, what: AuditEvent) -> Result<()> {
    write(tx, ctx, Some(by.identity()), &machine_name(&by.name), by.address.as_deref(), what).await
}

/// Writes down what the operator did.
pub async fn note_operator(tx: &mut Tx, ctx: &Ctx, what: AuditEvent) -> Result<()> {
    write(tx, ctx, None, "Operator", None, what).await
}

/// Writes down what somebody did as the operator: at the command line, or with a key of the operator's API.
pub async fn note_as(tx: &mut Tx, ctx: &Ctx, operator: &Operator, what: AuditEvent) -> Result<()> {
    write(tx, ctx, None, &operator.name, operator.address.as_deref(), what).await
}

/// Writes down what happened by itself.
pub async fn note_by_itself(tx: &mut Tx, ctx: &Ctx, what: AuditEvent) -> Result<()> {
    write(tx, ctx, None, "Commonhold", None, what).await
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    actor: Option<PersonId>,
    actor_name: &str,
    address: Option<&str>,
    what: AuditEvent,
) -> Result<()> {
    let line = audit::NewAudit {
        id: AuditId(ctx.id()),
        organization: what.organization,
        actor,
        actor_name,
        action: what.action,
        summary: what.summary,
        resources: &what.resources,
        transfer: what.transfer,
        before: what.before,
        after: what.after,
        address,
        at: ctx.now(),
    };
    Ok(audit::insert(tx, &line).await?)
}
