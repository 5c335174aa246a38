//! What a membership lets through to a person (JOB-5): a right of the organization reaches each of its people only up to their cap.
//! What somebody was given themselves is not capped.

use serde::{Deserialize, Serialize};

use super::{access::Level, fields::Fields, refusal::Refusal, role::Role, role_change::change_role, text::FieldIssue};

/// The caps of a membership.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Caps {
    /// The highest level that comes through what was granted to the organization.
    pub max_level: Level,
    /// Whether what the organization may use of apps is the person's as well.
    pub apps: bool,
    /// Whether the person may start what the organization pays for.
    pub billable: bool,
}

impl Caps {
    /// What a role has by itself.
    pub const fn of_role(role: Role) -> Self {
        Self { max_level: Level::Editor, apps: true, billable: is_billable(role) }
    }

    /// What does not come through the membership, in words for the person that it is about. An Owner has no limits.
    pub fn words(self, role: Role) -> Vec<String> {
        if role == Role::Owner {
            return Vec::new();
        }
        let level = (self.max_level < Level::Editor).then(|| {
            format!("What is shared with the organization reaches you as {} at most.", self.max_level.label())
        });
        let apps = (!self.apps).then(|| "You cannot use apps through it, or on what it owns.".to_owned());
        let billable = (!self.billable).then(|| "You cannot start what it pays for.".to_owned());
        [level, apps, billable].into_iter().flatten().collect()
    }
}

/// Whether a membership includes billable activity where nobody says otherwise: every one but that of Members.
pub const fn is_billable(role: Role) -> bool {
    !matches!(role, Role::Member)
}

/// The level that reaches a person of what was granted to an organization of theirs; `cap` is that of their membership there, and
/// `None` for what was granted to them.
pub fn through(level: Level, cap: Option<Level>) -> Level {
    cap.map_or(level, |cap| level.min(cap))
}

/// Caps, unread; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CapsForm {
    pub level: Option<String>,
    pub apps: Option<bool>,
    pub billable: Option<bool>,
}

impl CapsForm {
    /// The caps that it makes of others.
    ///
    /// # Errors
    /// `Invalid` at `level`, or where nothing is given.
    pub fn read(&self, before: Caps) -> Result<Caps, Refusal> {
        let mut fields = Fields::default();
        if *self == Self::default() {
            fields.check::<()>("level", Err(FieldIssue::Missing));
        }
        let level = fields.check("level", self.level.as_deref().map(Level::parse).transpose());
        fields.done()?;
        Ok(Caps {
            max_level: level.flatten().unwrap_or(before.max_level),
            apps: self.apps.unwrap_or(before.apps),
            billable: self.billable.unwrap_or(before.billable),
        })
    }
}

/// Whether somebody may change the caps of a membership: who may change its role may, but for their own. An Owner has none.
///
/// # Errors
/// `Forbidden` (ROLE-3); `BadRequest` for an Owner.
pub fn may_cap(by: Role, of: Role, own: bool) -> Result<(), Refusal> {
    change_role(by, of, of)?;
    if of == Role::Owner {
        let text = "Owners have no limits. Give them another role first.";
        return Err(Refusal::BadRequest(text.to_owned()));
    }
    if own {
        let text = "You cannot change the limits of your own membership. Ask another Owner or Manager.";
        return Err(Refusal::Forbidden(text.to_owned()));
    }
    Ok(())
}

/// Whether somebody may create a credential key: a machine has no limits, so nobody with limits makes one (JOB-5, AUTH-6).
///
/// # Errors
/// `Forbidden`, saying whom to ask.
pub fn may_create_keys(role: Role, caps: Caps) -> Result<(), Refusal> {
    if role == Role::Owner || caps == Caps::of_role(role) {
        return Ok(());
    }
    let text = "Your membership in this organization has limits, and a key has none. Ask an Owner to create it.";
    Err(Refusal::Forbidden(text.to_owned()))
}

/// Whether apps may be run on what an organization owns by somebody whose membership there may not include their use. Who is named by
/// the app themselves may.
///
/// # Errors
/// `AppNotAuthorized`, saying whom to ask.
pub fn may_use_apps(organization: &str, apps: Option<bool>, named: bool) -> Result<(), Refusal> {
    if named || apps.unwrap_or(true) {
        return Ok(());
    }
    Err(Refusal::AppNotAuthorized(format!(
        "Your membership in {organization} does not include the use of apps. Ask an Owner or a Manager of {organization}."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_5_what_comes_through_an_organization_is_capped_and_what_is_ones_own_is_not() {
        for level in Level::ALL {
            assert_eq!(through(level, None), level);
            for cap in Level::ALL {
                assert_eq!(through(level, Some(cap)), level.min(cap));
            }
        }
        for role in Role::ALL {
            let caps = Caps::of_role(role);
            assert_eq!((caps.max_level, caps.apps, caps.billable), (Level::Editor, true, role != Role::Member));
        }
    }

    #[test]
    fn job_5_a_person_is_told_what_does_not_reach_them() {
        assert!(Caps::of_role(Role::Editor).words(Role::Editor).is_empty());
        assert_eq!(Caps::of_role(Role::Member).words(Role::Member), ["You cannot start what it pays for."]);
        let none = Caps { max_level: Level::Reader, apps: false, billable: false };
        let words = none.words(Role::Manager);
        assert_eq!(words.len(), 3);
        assert!(words.iter().any(|text| text.contains("as Reader at most")), "{words:?}");
        assert!(none.words(Role::Owner).is_empty(), "an Owner decides about their own");
    }

    #[test]
    fn job_5_who_changes_caps_and_what_is_not_given_stays() {
        assert_eq!(may_cap(Role::Manager, Role::Member, false), Ok(()));
        assert!(may_cap(Role::Editor, Role::Member, false).is_err());
        assert!(
            may_cap(Role::Owner, Role::Owner, false).is_err() && may_cap(Role::Manager, Role::Owner, false).is_err()
        );
        assert!(may_cap(Role::Manager, Role::Manager, true).is_err(), "nobody lifts their own limits");
        let before = Caps::of_role(Role::Member);
        let form = CapsForm { billable: Some(true), ..CapsForm::default() };
        assert_eq!(form.read(before), Ok(Caps { billable: true, ..before }));
        assert!(CapsForm::default().read(before).is_err());
        assert!(CapsForm { level: Some("owner".to_owned()), ..CapsForm::default() }.read(before).is_err());
        assert!(may_use_apps("A", Some(false), false).is_err() && may_use_apps("A", Some(false), true).is_ok());
        assert!(may_use_apps("A", None, false).is_ok(), "who is not in it is not capped by it");
    }
}
