//! Plans (ACCT-2): how many accounts an organization may have, whether it has Managers, and whether its people can be limited
//! to some accounts.

use serde::{Deserialize, Serialize};

use super::{id::OrganizationId, refusal::Refusal, role::Role};

/// How much an organization may have (ACCT-2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanTier {
    /// One account, no Managers.
    Essential,
    /// Any number of accounts, no Managers.
    Premier,
    /// Any number of accounts, Managers, people limited to chosen accounts.
    Enterprise,
}

words! {
    PlanTier
    Essential => "essential";
    Premier => "premier";
    Enterprise => "enterprise";
}

/// What a plan allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanLimits {
    /// The most accounts; `None` for any number.
    pub accounts: Option<u64>,
    /// Whether there are Managers.
    pub managers: bool,
    /// Whether people can be limited to chosen accounts.
    pub limited_people: bool,
}

impl PlanTier {
    /// The limits, as data (ACCT-2).
    pub const fn limits(self) -> PlanLimits {
        match self {
            Self::Essential => PlanLimits { accounts: Some(1), managers: false, limited_people: false },
            Self::Premier => PlanLimits { accounts: None, managers: false, limited_people: false },
            Self::Enterprise => PlanLimits { accounts: None, managers: true, limited_people: true },
        }
    }

    /// The word on screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Essential => "Essential",
            Self::Premier => "Premier",
            Self::Enterprise => "Enterprise",
        }
    }

    /// What it allows, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Essential => "One account, no Managers.",
            Self::Premier => "Any number of accounts, no Managers.",
            Self::Enterprise => "Any number of accounts, Managers, and people limited to chosen accounts.",
        }
    }

    /// The smallest plan that allows what `fits` asks for.
    fn smallest(fits: impl Fn(PlanLimits) -> bool) -> &'static str {
        Self::ALL.into_iter().find(|plan| fits(plan.limits())).unwrap_or(Self::Enterprise).label()
    }
}

/// The refusal by a plan, with the name of the plan that would be needed.
fn refuse(plan: PlanTier, what: &str, needs: &str) -> Refusal {
    Refusal::PlanLimit(format!(
        "{what} This organization has the {} plan, and you need {needs} for this.",
        plan.label()
    ))
}

/// Whether an organization that has so many accounts may have one more.
///
/// # Errors
/// `PlanLimit`, naming the plan it takes.
pub fn may_add_account(plan: PlanTier, accounts: u64) -> Result<(), Refusal> {
    match plan.limits().accounts {
        Some(most) if accounts >= most => {
            let needs = PlanTier::smallest(|limits| limits.accounts.is_none_or(|most| accounts < most));
            Err(refuse(plan, "You cannot add another account.", needs))
        }
        _ => Ok(()),
    }
}

/// Whether somebody may be given a role.
///
/// # Errors
/// `PlanLimit`, naming the plan it takes.
pub fn may_give(plan: PlanTier, role: Role) -> Result<(), Refusal> {
    if role == Role::Manager && !plan.limits().managers {
        let needs = PlanTier::smallest(|limits| limits.managers);
        return Err(refuse(plan, "There can be no Managers.", needs));
    }
    Ok(())
}

/// Whether people may be limited to chosen accounts.
///
/// # Errors
/// `PlanLimit`, naming the plan it takes.
pub fn may_limit(plan: PlanTier) -> Result<(), Refusal> {
    if plan.limits().limited_people {
        return Ok(());
    }
    let needs = PlanTier::smallest(|limits| limits.limited_people);
    Err(refuse(plan, "People cannot be limited to chosen accounts.", needs))
}

/// How much of what plans limit an organization uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InUse {
    pub accounts: u64,
    pub managers: u64,
    /// Invitations to become one, that wait for their answer.
    pub invited_managers: u64,
    /// People limited to chosen accounts.
    pub limited: u64,
}

/// Proof that an organization may have a plan. Only [`may_change_to`] makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanPermit {
    organization: OrganizationId,
    plan: PlanTier,
}

impl PlanPermit {
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    pub const fn plan(&self) -> PlanTier {
        self.plan
    }
}

/// Whether an organization may have another plan: not one that allows less than it uses.
///
/// # Errors
/// `PlanLimit`, with all that is too much.
pub fn may_change_to(organization: OrganizationId, plan: PlanTier, used: InUse) -> Result<PlanPermit, Refusal> {
    let limits = plan.limits();
    let counted = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut too_much = Vec::new();
    if let Some(most) = limits.accounts.filter(|most| used.accounts > *most) {
        too_much.push(format!(
            "{}, where {} allowed",
            counted(used.accounts, "account", "accounts"),
            if most == 1 { "one is".to_owned() } else { format!("{most} are") }
        ));
    }
    if !limits.managers && used.managers > 0 {
        too_much.push(counted(used.managers, "Manager", "Managers"));
    }
    if !limits.managers && used.invited_managers > 0 {
        too_much.push(counted(used.invited_managers, "invitation as Manager", "invitations as Manager"));
    }
    if !limits.limited_people && used.limited > 0 {
        too_much.push(counted(used.limited, "person limited to chosen accounts", "people limited to chosen accounts"));
    }
    if too_much.is_empty() {
        return Ok(PlanPermit { organization, plan });
    }
    Err(Refusal::PlanLimit(format!(
        "The {} plan allows less than is in use: {}. Reduce that first.",
        plan.label(),
        too_much.join("; ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{id, row, table};

    #[test]
    fn acct_2_what_each_plan_allows() {
        let mut rows = vec![row(["plan", "second account", "Managers", "limited people", "in one line"])];
        for plan in PlanTier::ALL {
            let word = |allowed: Result<(), Refusal>| if allowed.is_ok() { "yes" } else { "no" };
            rows.push(row([
                plan.label(),
                word(may_add_account(plan, 1)),
                word(may_give(plan, Role::Manager)),
                word(may_limit(plan)),
                plan.summary(),
            ]));
        }
        insta::assert_snapshot!(table(&rows), @r"
        plan       | second account | Managers | limited people | in one line
        Essential  | no             | no       | no             | One account, no Managers.
        Premier    | yes            | no       | no             | Any number of accounts, no Managers.
        Enterprise | yes            | yes      | yes            | Any number of accounts, Managers, and people limited to chosen accounts.
        ");
    }

    #[test]
    fn acct_2_a_limit_is_explained_with_the_plan_it_takes() {
        let text =
            |refused: Result<(), Refusal>| refused.map_or_else(|refusal| refusal.to_string(), |()| String::new());
        assert_eq!(
            text(may_add_account(PlanTier::Essential, 1)),
            "You cannot add another account. This organization has the Essential plan, and you need Premier for this."
        );
        assert_eq!(
            text(may_give(PlanTier::Premier, Role::Manager)),
            "There can be no Managers. This organization has the Premier plan, and you need Enterprise for this."
        );
        assert!(text(may_limit(PlanTier::Premier)).ends_with("you need Enterprise for this."));
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Manager) {
            assert_eq!(may_give(PlanTier::Essential, role), Ok(()), "{role:?}");
        }
    }

    #[test]
    fn acct_2_a_smaller_plan_takes_that_no_more_is_used() {
        let may_change_to = |plan, used| super::may_change_to(OrganizationId(id(1)), plan, used).map(|_| ());
        let used = InUse { accounts: 2, managers: 1, invited_managers: 0, limited: 3 };
        assert_eq!(may_change_to(PlanTier::Enterprise, used), Ok(()));
        let Err(Refusal::PlanLimit(text)) = may_change_to(PlanTier::Essential, used) else { panic!("refused") };
        assert_eq!(
            text,
            "The Essential plan allows less than is in use: 2 accounts, where one is allowed; 1 Manager; 3 people limited \
             to chosen accounts. Reduce that first."
        );
        let invited = InUse { accounts: 1, invited_managers: 1, ..InUse::default() };
        assert!(matches!(may_change_to(PlanTier::Premier, invited), Err(Refusal::PlanLimit(_))));
        let little = InUse { accounts: 1, ..InUse::default() };
        assert_eq!(PlanTier::ALL.map(|plan| may_change_to(plan, little)), [Ok(()), Ok(()), Ok(())]);
        assert_eq!(may_change_to(PlanTier::Premier, InUse { accounts: 40, ..InUse::default() }), Ok(()));
    }
}
