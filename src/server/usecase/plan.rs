//! Plans (ACCT-2): what of the limits is used, and the operator who gives another one.

use crate::domain::{
    audit::Action,
    id::OrganizationId,
    plan::{InUse, PlanTier, may_change_to},
    role::Role,
};

use super::{
    super::{
        context::Ctx,
        error::Result,
        store::{Tx, account, invitation, membership, organization},
    },
    audit::{self, AuditEvent},
    operator::{self, Operator},
};

/// How much of what plans limit an organization uses.
async fn usage(tx: &mut Tx, ctx: &Ctx, id: OrganizationId) -> Result<InUse> {
    Ok(InUse {
        accounts: account::count(tx, id).await?,
        managers: membership::count_in_role(tx, id, Role::Manager).await?,
        invited_managers: invitation::count_pending_in_role(tx, id, Role::Manager, ctx.now()).await?,
        limited: account::count_limited(tx, id).await? + invitation::count_pending_limited(tx, id, ctx.now()).await?,
    })
}

/// Gives an organization another plan: the operator. The one it had before.
///
/// # Errors
/// `Invalid` at `plan`; `NotFound`; `PlanLimit` where more is used than the plan allows.
pub async fn set(ctx: &Ctx, org: &str, plan: &str) -> Result<(PlanTier, PlanTier)> {
    set_as(ctx, &Operator::command_line(), org, plan).await
}

/// [`set`], for the operator as whoever they are.
///
/// # Errors
/// See [`set`].
pub async fn set_as(ctx: &Ctx, operator: &Operator, org: &str, plan: &str) -> Result<(PlanTier, PlanTier)> {
    let plan = PlanTier::parse(plan).map_err(super::super::error::at_field("plan"))?;
    let by = &operator;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = operator::find_organization(tx, org).await?;
                let permit = may_change_to(found.id, plan, usage(tx, ctx, found.id).await?)?;
                if found.plan != plan {
                    organization::update_plan(tx, &permit).await?;
                    let summary = format!("changed the plan from {} to {}", found.plan.label(), plan.label());
                    let what = AuditEvent {
                        organization: Some(found.id),
                        before: Some(serde_json::json!({ "plan": found.plan })),
                        after: Some(serde_json::json!({ "plan": plan })),
                        ..AuditEvent::new(Action::OrganizationPlanChanged, summary)
                    };
                    audit::note_as(tx, ctx, by, what).await?;
                }
                Ok((found.plan, plan))
            })
        })
        .await
}
