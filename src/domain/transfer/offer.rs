//! Offering items to another organization (XFER-18). When the offer is made, only the rules about the source are checked. When
//! it is accepted, the whole transfer is planned and checked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Blockers, Facts, Item, NamedResource, Plan, ResourceId, Role, Scope, Side, Timestamp, Truncated, direct_access,
    plan,
};
use crate::domain::blocker::{Blocker, BlockerCode};

/// What would be offered, and what is in the way on this side. Nothing in here tells of the other one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferPlan {
    /// The items, without those inside another item of the selection.
    pub items: Vec<NamedResource>,
    /// Folders, sites and assets, at any depth.
    pub folders: u64,
    /// Datasets, at any depth.
    pub datasets: u64,
    pub images: i64,
    /// Share links that would stop working (XFER-13), each by the resource it shows.
    pub links_stopped: Truncated<NamedResource>,
    /// Everything that is in the way.
    pub blockers: Vec<Blocker>,
    /// How many more things are in the way than are listed.
    pub more_blockers: u64,
}

impl OfferPlan {
    /// What must not change between the dialog and the offer (XFER-15). Share links may, because they do not change what is
    /// offered.
    pub const fn content(&self) -> (&Vec<NamedResource>, u64, u64, i64) {
        (&self.items, self.folders, self.datasets, self.images)
    }

    /// Whether nothing is in the way on this side.
    pub const fn is_clear(&self) -> bool {
        self.blockers.is_empty() && self.more_blockers == 0
    }
}

/// Decides what can be offered: the rules of a transfer that need no target (XFER-6, XFER-7, XFER-9, and of XFER-8 that
/// there is a licence at all: an expired one may do, depending on the target's).
pub fn offering(source: &Side, items: &[Item], now: Timestamp) -> OfferPlan {
    let selected: BTreeSet<ResourceId> = items.iter().map(|item| item.id).collect();
    let moving: Vec<&Item> =
        items.iter().filter(|item| !item.ancestors.iter().any(|ancestor| selected.contains(ancestor))).collect();
    let mut blockers = Blockers::default();
    if source.role.is_none_or(|role| role < Role::Manager) {
        blockers.whole(
            BlockerCode::SourceRoleTooLow,
            format!("You need at least the Manager role in {} to offer something from it.", source.name),
        );
    }
    direct_access(&moving, Scope::Between, &mut blockers);
    let mut links_stopped = Truncated::default();
    for item in &moving {
        blockers.items(BlockerCode::NotProcessed, &item.contents.not_processed, |name| {
            format!("“{name}” is not processed yet. Only processed datasets can be transferred; leave it out, or share a copy of it instead.")
        });
        links_stopped.total += item.contents.links.total;
        let room = super::MAX_NAMED.saturating_sub(links_stopped.first.len());
        links_stopped.first.extend(item.contents.links.first.iter().take(room).cloned());
    }
    let usable = source.licence.as_ref().is_some_and(|licence| licence.is_active(now) || licence.has_expired(now));
    if !usable {
        blockers.whole(
            BlockerCode::SourceLicenceInactive,
            format!("{} has no active cloud licence. An Owner can contact sales.", source.name),
        );
    }
    OfferPlan {
        items: moving.iter().map(|item| NamedResource { id: item.id, name: item.name.clone() }).collect(),
        folders: moving.iter().map(|item| item.contents.folders).sum(),
        datasets: moving.iter().map(|item| item.contents.datasets).sum(),
        images: moving.iter().map(|item| item.contents.images).sum(),
        links_stopped,
        blockers: blockers.first,
        more_blockers: blockers.more,
    }
}

/// Decides whether an offer can be taken (XFER-18): every rule of a transfer again, with the offerer's right in the source
/// and the taker's in the target, and that what was offered is what there is. `offerer` is who offered, by name.
pub fn take(facts: &Facts, offerer: &str, unchanged: bool) -> Plan {
    let mut plan = plan(facts);
    for blocker in &mut plan.blockers {
        if blocker.code == BlockerCode::SourceRoleTooLow {
            blocker.message = format!("{offerer}, who offered this, is no longer a Manager of {}.", facts.source.name);
        }
    }
    if !unchanged {
        plan.blockers.push(Blocker {
            code: BlockerCode::ChangedSince,
            resource: None,
            name: None,
            message: format!("Its contents have changed since {offerer} offered it. Ask for a new offer."),
        });
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{NOW, between, folder},
        *,
    };

    fn codes(blockers: &[Blocker]) -> Vec<BlockerCode> {
        blockers.iter().map(|blocker| blocker.code).collect()
    }

    #[test]
    fn xfer_18_what_is_offered_is_checked_as_far_as_it_can_be() {
        let facts = between();
        let offered = offering(&facts.source, &facts.items, NOW);
        assert!(offered.is_clear(), "{offered:?}");
        assert_eq!((offered.datasets, offered.images, offered.items.len()), (1, 100, 1));
        // What is inside another item comes along with it.
        let mut inside = facts.items[0].clone();
        let top = folder(102, "Top");
        inside.ancestors.insert(0, top.id);
        assert_eq!(offering(&facts.source, &[inside, top], NOW).items.len(), 1);
        let mut draft = facts.items.clone();
        draft[0].contents.not_processed =
            Truncated::all(vec![NamedResource { id: draft[0].id, name: "Portal".to_owned() }]);
        assert_eq!(codes(&offering(&facts.source, &draft, NOW).blockers), [BlockerCode::NotProcessed]);
        let low = Side { role: Some(Role::Editor), ..facts.source.clone() };
        assert_eq!(codes(&offering(&low, &facts.items, NOW).blockers), [BlockerCode::SourceRoleTooLow]);
        let none = Side { licence: None, ..facts.source.clone() };
        assert_eq!(codes(&offering(&none, &facts.items, NOW).blockers), [BlockerCode::SourceLicenceInactive]);
        // One that has expired may do, depending on the target's.
        let expired = Side { licence: facts.source.licence.clone().map(super::super::tests::expired), ..facts.source };
        assert!(offering(&expired, &facts.items, NOW).is_clear());
    }

    #[test]
    fn xfer_18_taking_is_a_transfer_in_the_offerers_name_of_what_was_offered() {
        let facts = between();
        assert_eq!(take(&facts, "Anna", true), plan(&facts));
        assert_eq!(codes(&take(&facts, "Anna", false).blockers), [BlockerCode::ChangedSince]);
        let low = Facts { source: Side { role: None, ..facts.source.clone() }, ..facts };
        let blockers = take(&low, "Anna", true).blockers;
        assert_eq!(codes(&blockers), [BlockerCode::SourceRoleTooLow]);
        assert!(blockers[0].message.starts_with("Anna, who offered this,"));
    }
}
