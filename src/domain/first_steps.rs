//! First steps (ORG-9): what an organization has to do to get going. Nobody ticks them off: each is done by what is there.

use serde::{Deserialize, Serialize};

use super::{
    licence::{Licence, governing},
    role::{Permission, Role, may},
    time::Timestamp,
};

/// For how many days after it was created an organization is new: after that its people know their way.
pub const NEW_DAYS: i64 = 30;

/// One step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Prove that one's email address is one's own (AUTH-2).
    VerifyEmail,
    /// Create an organization (ORG-1).
    CreateOrganization,
    /// Upload a first file (FILE-1).
    Upload,
    /// Invite somebody (PEOPLE-2).
    Invite,
    /// Have a cloud licence (LIC-1).
    Process,
}

impl Step {
    /// In the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::VerifyEmail, Self::CreateOrganization, Self::Upload, Self::Invite, Self::Process];
}

/// What is there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and ticks off one step")]
pub struct FirstSteps {
    /// Whether the reader's email address is verified.
    pub email_verified: bool,
    /// Whether there is an organization.
    pub organization: bool,
    /// Whether a dataset of it holds a file.
    pub files: bool,
    /// Whether somebody else is in it, or invited into it.
    pub colleague: bool,
    /// Whether it can use a cloud licence now.
    pub processing: bool,
}

impl FirstSteps {
    pub const fn is_done(self, step: Step) -> bool {
        match step {
            Step::VerifyEmail => self.email_verified,
            Step::CreateOrganization => self.organization,
            Step::Upload => self.files,
            Step::Invite => self.colleague,
            Step::Process => self.processing,
        }
    }

    /// How many are done.
    pub fn done(self) -> usize {
        Step::ALL.into_iter().filter(|step| self.is_done(*step)).count()
    }

    /// Whether something is left to do.
    pub fn is_open(self) -> bool {
        self.done() < Step::ALL.len()
    }
}

/// Whether an organization is so new that its first steps are shown.
pub const fn is_new(created_at: Timestamp, now: Timestamp) -> bool {
    now.0 < created_at.plus_days(NEW_DAYS).0
}

/// Whether somebody with this role takes the first steps of an organization: its Owners and Managers. Nobody else could
/// take all of them.
pub fn takes_first_steps(role: Option<Role>) -> bool {
    role.is_some_and(|role| may(role, Permission::ManagePeople) && may(role, Permission::ViewUsage))
}

/// The cloud licence that turns processing on: the best of those that are active.
pub fn processing_licence(usable: &[Licence], now: Timestamp) -> Option<&Licence> {
    governing(usable, now).filter(|licence| licence.is_active(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id::LicenceId,
        licence::{Amount, Model, Product},
        testing::{id, row, table},
        time::Day,
    };

    #[test]
    fn org_9_each_step_is_done_by_one_thing_that_is_there() {
        let nothing = FirstSteps::default();
        assert_eq!((nothing.done(), nothing.is_open()), (0, true));
        for (index, one) in [
            FirstSteps { email_verified: true, ..nothing },
            FirstSteps { organization: true, ..nothing },
            FirstSteps { files: true, ..nothing },
            FirstSteps { colleague: true, ..nothing },
            FirstSteps { processing: true, ..nothing },
        ]
        .into_iter()
        .enumerate()
        {
            let done: Vec<bool> = Step::ALL.into_iter().map(|step| one.is_done(step)).collect();
            assert_eq!(done, (0..Step::ALL.len()).map(|place| place == index).collect::<Vec<_>>());
            assert_eq!((one.done(), one.is_open()), (1, true));
        }
        let all =
            FirstSteps { email_verified: true, organization: true, files: true, colleague: true, processing: true };
        assert_eq!((all.done(), all.is_open()), (5, false));
    }

    #[test]
    fn org_9_owners_and_managers_take_the_first_steps() {
        let mut rows = vec![row(["role", "first steps"])];
        for role in Role::ALL.into_iter().map(Some).chain([None]) {
            let name = role.map_or("External", Role::label);
            rows.push(row([name, if takes_first_steps(role) { "yes" } else { "no" }]));
        }
        insta::assert_snapshot!(table(&rows), @r"
        role     | first steps
        Owner    | yes
        Manager  | yes
        Editor   | no
        Reader   | no
        Member   | no
        External | no
        ");
    }

    #[test]
    fn org_9_an_organization_is_new_for_thirty_days() {
        let created = Day::from_civil(2026, 11, 21).start();
        for (now, new) in [(0, true), (29, true), (30, false), (400, false)] {
            assert_eq!(is_new(created, created.plus_days(now)), new, "{now}");
        }
        assert!(is_new(created, created.plus_days(-1)), "a clock that was set back");
    }

    #[test]
    fn org_9_processing_is_on_while_a_cloud_licence_is_active() {
        let now = Day::from_civil(2026, 11, 21).start();
        let licence = |number, product, from, until: Option<i64>| Licence {
            id: LicenceId(id(number)),
            product,
            model: (product != Product::Discovery && product != Product::Desktop).then_some(Model::Credits),
            active_from: now.plus_days(from),
            active_until: until.map(|days| now.plus_days(days)),
            trial: false,
            granted: Amount::default(),
            left: Amount::default(),
        };
        let discovery = licence(1, Product::Discovery, -9, None);
        let desktop = licence(2, Product::Desktop, -9, None);
        let expired = licence(3, Product::CloudTeams, -9, Some(0));
        let upcoming = licence(4, Product::CloudTeams, 1, None);
        let cloud = licence(5, Product::Cloud, -9, Some(1));
        let pro = licence(6, Product::CloudPro, 0, None);
        let found = |licences: &[Licence]| processing_licence(licences, now).map(|licence| licence.product);
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[discovery.clone(), desktop, expired.clone(), upcoming]), None);
        assert_eq!(found(&[discovery, expired.clone(), cloud.clone()]), Some(Product::Cloud));
        assert_eq!(found(&[cloud, pro, expired]), Some(Product::CloudPro));
    }
}
