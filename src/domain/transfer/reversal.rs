//! Undoing a transfer between two organizations (XFER-19): within a day, while nothing in it was changed.
//!
//! It is a transfer in the other direction that restores what the first one recorded. The rules about licence models are not
//! checked again, and both balances change back by the same amounts.

use super::{
    Amount, Kind, Level, NamedResource, OrganizationId, Permit, PersonId, Plan, Refusal, ResourceId, Role, Side,
    Timestamp, allowance,
};
use crate::domain::blocker::{Blocker, BlockerCode};

/// How long a transfer can be undone.
pub const UNDO_DAYS: i64 = 1;

/// A summary of what was transferred, at some moment. Two that are equal tell that nothing was changed in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ContentFingerprint {
    /// How many resources the items are, with everything inside them.
    pub things: i64,
    /// The sum of the times of their last changes. Any change makes it a different number.
    pub changed: i64,
    /// How many grants were made on them since.
    pub grants: i64,
    /// How many share links were made to them since.
    pub links: i64,
}

/// A container that items return to.
#[derive(Clone, Debug)]
pub struct FormerContainer {
    pub id: ResourceId,
    /// Whether it still exists, in the organization it was in.
    pub exists: bool,
    /// The level on it of the person who undoes the transfer. `None` also if it no longer exists.
    pub level: Option<Level>,
    /// Whether the tree would be too deep.
    pub too_deep: bool,
    /// Names that are taken in it by now.
    pub taken: Vec<String>,
}

/// Everything that decides whether a transfer can be undone.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Who undoes the transfer.
    pub person: PersonId,
    pub now: Timestamp,
    pub at: Timestamp,
    pub plan: &'a Plan,
    /// The organization it goes back to, with the licence that governed it then, as it is now.
    pub former: Side,
    /// The organization it is in, with the licence that governed it then, as it is now.
    pub current: Side,
    /// Whether it is undone already.
    pub undone: bool,
    /// Whether the record that undoing needs is still kept.
    pub kept: bool,
    /// Whether every item is where it was put.
    pub in_place: bool,
    /// Right after the transfer.
    pub fingerprint_then: ContentFingerprint,
    /// Now.
    pub fingerprint_now: ContentFingerprint,
    pub containers: Vec<FormerContainer>,
}

/// Permission to undo the transfer.
#[derive(Clone, Copy, Debug)]
pub struct ReversalPermit {
    person: PersonId,
    former: OrganizationId,
}

impl ReversalPermit {
    /// The permit to put items into one of the containers.
    pub const fn into(self, container: ResourceId) -> Permit {
        Permit::of_plan(self.person, self.former, container)
    }
}

fn blocker(code: BlockerCode, message: String) -> Blocker {
    Blocker { code, resource: None, name: None, message }
}

/// Decides whether a transfer can be undone.
///
/// # Errors
/// `Blocked` with every reason why not.
pub fn decide(facts: &Facts<'_>) -> Result<ReversalPermit, Refusal> {
    let (former, current) = (&facts.former, &facts.current);
    let mut why = Vec::new();
    let since = |message: &str| blocker(BlockerCode::ChangedSince, message.to_owned());
    // These reasons are final, so the others are not checked.
    if facts.undone {
        return Err(Refusal::Blocked(vec![since("This transfer has already been undone.")]));
    }
    if facts.at.plus_days(UNDO_DAYS) <= facts.now {
        return Err(Refusal::Blocked(vec![since("A transfer can only be undone within one day.")]));
    }
    if !facts.kept {
        return Err(Refusal::Blocked(vec![since(
            "What was transferred came from too many places to be put back in one step.",
        )]));
    }
    if current.role.is_none_or(|role| role < Role::Manager) {
        why.push(blocker(
            BlockerCode::SourceRoleTooLow,
            format!("You need at least the Manager role in {} to transfer out of it.", current.name),
        ));
    }
    if former.role.is_none_or(|role| role < Role::Editor) {
        why.push(blocker(
            BlockerCode::TargetRoleTooLow,
            format!("You need at least the Editor role in {} to transfer into it.", former.name),
        ));
    }
    // Without the right role, nobody learns what else is in the way, because that tells about the content.
    if !why.is_empty() {
        return Err(Refusal::Blocked(why));
    }
    if !facts.in_place {
        why.push(since("Some of it has been moved since."));
    } else if (facts.fingerprint_now.things, facts.fingerprint_now.changed)
        != (facts.fingerprint_then.things, facts.fingerprint_then.changed)
    {
        why.push(since("Something in it has been changed, added or removed since."));
    }
    if facts.fingerprint_now.grants > 0 || facts.fingerprint_now.links > 0 {
        why.push(since("Something in it has been shared since."));
    }
    for container in &facts.containers {
        if !container.exists || container.level.is_none_or(|level| level < Level::Editor) {
            why.push(since("The place it came from no longer exists."));
        }
        if container.too_deep {
            let text = "The place it came from is now too many levels deep.";
            why.push(blocker(BlockerCode::DepthExceeded, text.to_owned()));
        }
        for name in &container.taken {
            why.push(since(&format!("“{name}” already exists in the place it came from. Rename that first.")));
        }
    }
    licences(facts, &mut why);
    if why.is_empty() {
        Ok(ReversalPermit { person: facts.person, former: former.organization })
    } else {
        Err(Refusal::Blocked(why))
    }
}

/// Checks the licences: both organizations still have the licence of the transfer, a licence that was active then still is,
/// and the source still has what it got back.
fn licences(facts: &Facts<'_>, why: &mut Vec<Blocker>) {
    let effects = &facts.plan.effects;
    for (side, then, code) in [
        (&facts.former, &effects.source, BlockerCode::SourceLicenceInactive),
        (&facts.current, &effects.target, BlockerCode::TargetLicenceInactive),
    ] {
        let governed = then.as_ref().and_then(|then| then.licence);
        let now = side.licence.as_ref();
        let same = now.map(|licence| licence.id) == governed;
        let ended = now.is_some_and(|licence| licence.is_active(facts.at) && !licence.is_active(facts.now));
        if !same || ended {
            why.push(blocker(code, format!("{} no longer has the licence that it was transferred with.", side.name)));
        }
    }
    let cost = charged(facts.plan);
    let left = facts.former.licence.as_ref().map_or(Amount::default(), |licence| licence.left);
    if !left.covers(cost) {
        why.push(blocker(
            BlockerCode::AllowanceTooSmall,
            format!(
                "{} got back {} and has used some of them since; {} are left.",
                facts.former.name,
                allowance(cost),
                allowance(left)
            ),
        ));
    }
}

/// What the source of a transfer got back, and the target was charged.
pub fn charged(plan: &Plan) -> Amount {
    let source = plan.effects.source.as_ref();
    source.map_or(Amount::default(), |side| side.left_after.plus(side.left_before.negated()))
}

/// The plan of the undo, as its receipt shows it: what goes where, and the opposite change of both balances.
pub fn reversed(
    facts: &Facts<'_>,
    destination: NamedResource,
    destination_kind: Kind,
    renamed: Vec<super::Renamed>,
) -> Plan {
    let plan = facts.plan;
    let change = charged(plan);
    let side = |side: &Side, change: Amount| {
        let before = super::side_effect(side);
        super::SideEffect { left_after: before.left_before.plus(change), ..before }
    };
    let effects = super::Effects {
        model_pair: plan.effects.model_pair.map(|pair| super::ModelPair { source: pair.target, target: pair.source }),
        source: Some(side(&facts.current, change)),
        target: Some(side(&facts.former, change.negated())),
        renamed,
        clusters: plan.effects.clusters.clone(),
        ..super::Effects::default()
    };
    Plan {
        scope: super::Scope::Between,
        person: facts.person,
        source: facts.current.organization,
        target: facts.former.organization,
        destination,
        destination_kind,
        items: plan.items.clone(),
        folders: plan.folders,
        datasets: plan.datasets,
        images: plan.images,
        blockers: Vec::new(),
        more_blockers: 0,
        effects,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NOW, between, expired},
        *,
    };
    use crate::domain::{licence::Licence, testing::id};

    const PLACE: ResourceId = ResourceId(id(22));

    /// A transfer of an hour ago that nothing stops from being undone.
    fn facts(plan: &Plan) -> Facts<'_> {
        let between = between();
        let spent = |licence: Option<Licence>, change: Amount| {
            licence.map(|licence| Licence { left: licence.left.plus(change), ..licence })
        };
        let cost = charged(plan);
        Facts {
            person: plan.person,
            now: NOW.plus_millis(3_600_000),
            at: NOW,
            plan,
            former: Side {
                role: Some(Role::Editor),
                licence: spent(between.source.licence.clone(), cost),
                ..between.source
            },
            current: Side {
                role: Some(Role::Manager),
                licence: spent(between.target.licence.clone(), cost.negated()),
                ..between.target
            },
            undone: false,
            kept: true,
            in_place: true,
            fingerprint_then: ContentFingerprint { things: 1, changed: 7, grants: 0, links: 0 },
            fingerprint_now: ContentFingerprint { things: 1, changed: 7, grants: 0, links: 0 },
            containers: vec![FormerContainer {
                id: PLACE,
                exists: true,
                level: Some(Level::Editor),
                too_deep: false,
                taken: Vec::new(),
            }],
        }
    }

    fn why(facts: &Facts<'_>) -> Vec<BlockerCode> {
        match decide(facts) {
            Err(Refusal::Blocked(why)) => why.into_iter().map(|blocker| blocker.code).collect(),
            answer => {
                assert!(answer.is_ok(), "{answer:?}");
                Vec::new()
            }
        }
    }

    #[test]
    fn xfer_19_what_nothing_is_in_the_way_of_goes_back_by_the_same_amounts() {
        let plan = super::super::plan(&between());
        let facts = facts(&plan);
        let leave = decide(&facts).expect("nothing is in the way");
        assert_eq!(
            (leave.into(PLACE).organization(), leave.into(PLACE).resource()),
            (facts.former.organization, PLACE)
        );
        let undone =
            reversed(&facts, NamedResource { id: PLACE, name: "Tunnels".to_owned() }, Kind::Folder, Vec::new());
        assert_eq!(charged(&plan), Amount { images: 100, projects: 1, credits: 0 });
        for (is, was) in
            [(&undone.effects.source, &plan.effects.target), (&undone.effects.target, &plan.effects.source)]
        {
            let (is, was) = (is.as_ref().expect("a side"), was.as_ref().expect("a side"));
            assert_eq!((is.left_before, is.left_after), (was.left_after, was.left_before), "{}", is.name);
        }
        assert_eq!(undone.permit().expect("clear").organization(), facts.former.organization);
    }

    #[test]
    fn xfer_19_everything_that_is_in_the_way_of_taking_back_is_told() {
        let plan = super::super::plan(&between());
        let ok = facts(&plan);
        assert_eq!(why(&ok), []);
        let with = |change: fn(&mut Facts<'_>)| {
            let mut facts = facts(&plan);
            change(&mut facts);
            why(&facts)
        };
        let changed = [BlockerCode::ChangedSince];
        assert_eq!(with(|f| f.undone = true), changed);
        assert_eq!(with(|f| f.kept = false), changed);
        assert_eq!(with(|f| f.now = f.at.plus_days(1)), changed);
        assert_eq!(with(|f| f.now = f.at.plus_days(1).plus_millis(-1)), []);
        assert_eq!(with(|f| f.in_place = false), changed);
        assert_eq!(with(|f| f.fingerprint_now.things = 2), changed);
        assert_eq!(with(|f| f.fingerprint_now.changed = 8), changed);
        assert_eq!(with(|f| f.fingerprint_now.grants = 1), changed);
        assert_eq!(with(|f| f.fingerprint_now.links = 1), changed);
        assert_eq!(with(|f| f.containers[0].exists = false), changed);
        assert_eq!(with(|f| f.containers[0].level = Some(Level::Uploader)), changed);
        assert_eq!(with(|f| f.containers[0].taken = vec!["Portal".to_owned()]), changed);
        assert_eq!(with(|f| f.containers[0].too_deep = true), [BlockerCode::DepthExceeded]);
        assert_eq!(with(|f| f.current.role = Some(Role::Editor)), [BlockerCode::SourceRoleTooLow]);
        assert_eq!(with(|f| f.former.role = Some(Role::Reader)), [BlockerCode::TargetRoleTooLow]);
        let ended = |side: &mut Side| {
            side.licence = side.licence.take().map(|l| Licence { active_until: Some(NOW.plus_millis(1)), ..l });
        };
        let mut facts = facts(&plan);
        ended(&mut facts.current);
        ended(&mut facts.former);
        assert_eq!(why(&facts), [BlockerCode::SourceLicenceInactive, BlockerCode::TargetLicenceInactive]);
        assert_eq!(
            with(|f| f.former.licence = None),
            [BlockerCode::SourceLicenceInactive, BlockerCode::AllowanceTooSmall]
        );
        let poor =
            with(|f| f.former.licence = f.former.licence.take().map(|l| Licence { left: Amount::default(), ..l }));
        assert_eq!(poor, [BlockerCode::AllowanceTooSmall]);
    }

    #[test]
    fn xfer_12_xfer_19_what_crossed_from_an_expired_licence_may_cross_back_to_it() {
        let mut before = between();
        before.source.licence = before.source.licence.map(expired);
        before.target.licence = Some(super::super::tests::licence(super::super::Model::Credits, 0, 0));
        let plan = super::super::plan(&before);
        assert!(plan.is_clear() && charged(&plan).is_nothing(), "{plan:?}");
        let mut facts = facts(&plan);
        (facts.former.licence, facts.current.licence) = (before.source.licence, before.target.licence);
        assert_eq!(why(&facts), []);
    }
}
