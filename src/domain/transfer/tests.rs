//! The rules of moving and transferring, rule by rule. [`within`] and [`between`] are plans that nothing is in the way
//! of; a test changes the facts that it is about, and states only these.

use super::*;
use crate::domain::{
    licence::Product,
    testing::{id, row, table},
};

pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub(super) const ANNA: PersonId = PersonId(id(1));
const CHRIS: PersonId = PersonId(id(2));
const JANE: PersonId = PersonId(id(3));
pub(super) const ALPINE: OrganizationId = OrganizationId(id(11));
pub(super) const TUNNEL: OrganizationId = OrganizationId(id(12));
const PARTNER: OrganizationId = OrganizationId(id(13));
const ROOT: ResourceId = ResourceId(id(21));
const INBOX: ResourceId = ResourceId(id(22));
const HERE: ResourceId = ResourceId(id(23));

pub(super) fn licence(model: Model, images: i64, projects: i64) -> Licence {
    let left = match model {
        Model::ImagesProjects => Amount { images, projects, credits: 0 },
        Model::Credits => Amount { images: 0, projects: 0, credits: 500 },
    };
    Licence {
        id: LicenceId(id(31)),
        product: Product::CloudPro,
        model: Some(model),
        trial: false,
        active_from: NOW.plus_days(-100),
        active_until: Some(NOW.plus_days(265)),
        granted: Amount { images: 1_000, projects: 10, credits: left.credits },
        left,
    }
}

pub(super) fn expired(licence: Licence) -> Licence {
    Licence { active_until: Some(NOW), ..licence }
}

/// One side, with a role and 400 images and 6 projects left of 1,000 and 10.
pub(super) fn side(organization: OrganizationId, name: &str, role: Role) -> Side {
    Side {
        organization,
        name: name.to_owned(),
        role: Some(role),
        billable: true,
        invitation_pending: false,
        licence: Some(licence(Model::ImagesProjects, 400, 6)),
        storage_left: None,
    }
}

/// Something in the folder INBOX, with nothing in it and no grant of its own or above it.
fn item(number: u128, kind: Kind, name: &str) -> Item {
    Item {
        id: ResourceId(id(number)),
        name: name.to_owned(),
        kind,
        parent: INBOX,
        parent_kind: Kind::Folder,
        ancestors: vec![INBOX, ROOT],
        restricted_by: Vec::new(),
        level: Level::Manager,
        height: 0,
        grants: Vec::new(),
        above: Vec::new(),
        contents: Contents { folders: u64::from(kind != Kind::Dataset), ..Contents::default() },
    }
}

/// A processed dataset older than a month.
fn dataset(number: u128, name: &str, images: i64) -> Item {
    let contents =
        Contents { datasets: 1, images, clusters: BTreeSet::from(["eu-central".to_owned()]), ..Contents::default() };
    Item { contents, ..item(number, Kind::Dataset, name) }
}

pub(super) fn folder(number: u128, name: &str) -> Item {
    item(number, Kind::Folder, name)
}

fn named(number: u128, name: &str) -> NamedResource {
    NamedResource { id: ResourceId(id(number)), name: name.to_owned() }
}

fn grant(person: PersonId, name: &str, level: Level) -> GrantFact {
    GrantFact { grantee: Grantee::Person(person), name: name.to_owned(), level, carried: false }
}

fn carried(grant: GrantFact) -> GrantFact {
    GrantFact { carried: true, ..grant }
}

/// A dataset of 100 images from one folder of Alpine Survey to another, by an Editor.
fn within() -> Facts {
    Facts {
        person: ANNA,
        now: NOW,
        source: side(ALPINE, "Alpine Survey", Role::Editor),
        target: side(ALPINE, "Alpine Survey", Role::Editor),
        destination: Destination {
            id: HERE,
            name: "Archive".to_owned(),
            kind: Kind::Folder,
            level: Some(Level::Editor),
            depth: 1,
            self_and_ancestors: vec![HERE, ROOT],
            taken: BTreeSet::new(),
            grants: Vec::new(),
        },
        items: vec![dataset(101, "Portal", 100)],
        people_with_access: Truncated::default(),
    }
}

/// The same dataset to the top of Tunnel North's Drive, by a Manager of the one and Editor of the other.
pub(super) fn between() -> Facts {
    let within = within();
    Facts {
        source: side(ALPINE, "Alpine Survey", Role::Manager),
        target: side(TUNNEL, "Tunnel North", Role::Editor),
        destination: Destination {
            name: "Drive".to_owned(),
            kind: Kind::Root,
            depth: 0,
            self_and_ancestors: vec![HERE],
            ..within.destination
        },
        ..within
    }
}

/// The codes of what is in the way, each once, in the order of the alphabet.
fn codes(plan: &Plan) -> String {
    let codes: BTreeSet<&str> = plan.blockers.iter().map(|blocker| blocker.code.as_str()).collect();
    codes.into_iter().collect::<Vec<_>>().join(" ")
}

/// What is in the way, each with the name of the item it is about.
fn blockers(plan: &Plan) -> Vec<(BlockerCode, &str)> {
    plan.blockers.iter().map(|blocker| (blocker.code, blocker.name.as_deref().unwrap_or("the whole"))).collect()
}

/// What happens to the books: of each side the change of what is left.
fn charge(plan: &Plan) -> String {
    let change = |side: &Option<SideEffect>| {
        let change = side.as_ref().map(|side| side.left_after.plus(side.left_before.negated())).unwrap_or_default();
        format!("{:+} images {:+} projects", change.images, change.projects)
    };
    let (source, target) = (change(&plan.effects.source), change(&plan.effects.target));
    if source == target { "nothing".to_owned() } else { format!("source {source}, target {target}") }
}

#[test]
fn xfer_nothing_is_in_the_way_of_what_the_tests_start_from() {
    for facts in [within(), between()] {
        let plan = plan(&facts);
        assert!(plan.is_clear(), "{:?}", plan.blockers);
        let permit = plan.permit().unwrap();
        assert_eq!(
            (permit.person(), permit.organization(), permit.resource()),
            (ANNA, facts.target.organization, HERE)
        );
        assert_eq!((plan.items.len(), plan.folders, plan.datasets, plan.images), (1, 0, 1, 100));
    }
    assert_eq!(plan(&within()).effects, Effects::default(), "a move changes no books, no links and nobody's access");
}

// Who may (XFER-1, XFER-6).

#[test]
fn xfer_1_moving_takes_editor_on_the_item_and_on_the_destination() {
    let mut rows = vec![row(["on the item", "on the destination", "in the way"])];
    for level in Level::ALL {
        for into in [None].into_iter().chain(Level::ALL.map(Some)) {
            let mut facts = within();
            facts.items[0].level = level;
            facts.destination.level = into;
            let titles = [level.label(), into.map_or("none", Level::label)].map(str::to_owned);
            rows.push(titles.into_iter().chain([codes(&plan(&facts))]).collect());
        }
    }
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn xfer_1_within_an_organization_the_role_itself_does_not_matter() {
    // A Member or External with level Editor moves; the role is in the level already (ACCESS-1).
    for role in [None, Some(Role::Member), Some(Role::Reader)] {
        let mut facts = within();
        facts.source.role = role;
        facts.target.role = role;
        assert_eq!(codes(&plan(&facts)), "");
    }
}

#[test]
fn xfer_6_role_in_the_source_by_role_in_the_target() {
    let mut rows = vec![row(["in the source", "in the target", "in the way"])];
    let roles = || Role::ALL.into_iter().map(Some).chain([None]);
    for source in roles() {
        let targets = roles().map(|role| (role, false)).chain([(None, true)]);
        for (target, invitation_pending) in targets {
            let mut facts = between();
            facts.source.role = source;
            facts.target.role = target;
            facts.target.invitation_pending = invitation_pending;
            let title = |role: Option<Role>| role.map_or("none", Role::label).to_owned();
            let target = if invitation_pending { "invited".to_owned() } else { title(target) };
            rows.push(vec![title(source), target, codes(&plan(&facts))]);
        }
    }
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn xfer_6_between_organizations_a_level_is_not_enough() {
    let mut facts = between();
    facts.source.role = Some(Role::Member);
    facts.target.role = Some(Role::Member);
    facts.items[0].level = Level::Manager;
    facts.destination.level = Some(Level::Manager);
    assert_eq!(codes(&plan(&facts)), "source_role_too_low target_role_too_low");
}

// Direct access (XFER-2, XFER-7).

/// What is done to one item before it is moved.
type Change<'a> = &'a dyn Fn(&mut Item);

#[test]
fn xfer_2_xfer_7_where_a_grant_made_by_hand_is_in_the_way() {
    let by_hand = || grant(CHRIS, "Chris Weber", Level::Reader);
    let deeper = || Truncated::all(vec![(named(201, "Report"), vec!["Jane Roth".to_owned()])]);
    let on_item = |item: &mut Item| item.grants = vec![by_hand()];
    let carried_on_item = |item: &mut Item| item.grants = vec![carried(by_hand())];
    let inside = |item: &mut Item| item.contents.direct = deeper();
    let above = |item: &mut Item| item.above = vec![by_hand()];
    let cases: [(&str, Change, &[&str], &[&str]); 4] = [
        ("on the item itself", &on_item, &["Portal"], &["Portal"]),
        ("carried along earlier", &carried_on_item, &[], &[]),
        ("deeper inside, which travels with it", &inside, &[], &["Report"]),
        ("above it", &above, &[], &[]),
    ];
    for (why, change, in_the_way_within, in_the_way_between) in cases {
        for (facts, expected) in [(within(), in_the_way_within), (between(), in_the_way_between)] {
            let mut facts = facts;
            change(&mut facts.items[0]);
            let expected: Vec<_> = expected.iter().map(|name| (BlockerCode::DirectAccess, *name)).collect();
            assert_eq!(blockers(&plan(&facts)), expected, "{why}");
        }
    }
}

#[test]
fn xfer_2_the_refusal_names_the_people() {
    let mut facts = within();
    let by_hand = [grant(CHRIS, "Chris Weber", Level::Reader), grant(JANE, "Jane Roth", Level::Editor)];
    facts.items[0].grants = by_hand.into_iter().chain([carried(grant(ANNA, "Anna Muster", Level::Editor))]).collect();
    let messages: Vec<String> = plan(&facts).blockers.into_iter().map(|blocker| blocker.message).collect();
    assert_eq!(messages, ["Chris Weber and Jane Roth have direct access to “Portal”. Remove it before moving."]);
}

// Keeping access (XFER-3).

/// Grants as the table below writes them: "Chris reader, Partner editor"; "carried Chris reader" came along earlier.
fn grants(text: &str) -> Vec<GrantFact> {
    let one = |text: &str| {
        let (by_hand, text) = text.strip_prefix("carried ").map_or((true, text), |text| (false, text));
        let (name, level) = text.split_once(' ').unwrap();
        let grantee = match name {
            "Chris" => Grantee::Person(CHRIS),
            "Jane" => Grantee::Person(JANE),
            "Partner" => Grantee::Organization(PARTNER),
            "Tunnel" => Grantee::Organization(TUNNEL),
            _ => panic!("{name}"),
        };
        GrantFact { grantee, name: name.to_owned(), level: Level::parse(level).unwrap(), carried: !by_hand }
    };
    text.split(", ").filter(|text| !text.is_empty()).map(one).collect()
}

#[test]
fn xfer_3_access_from_the_old_surroundings_is_carried_where_the_new_ones_do_not_give_as_much() {
    #[rustfmt::skip]
    let cases = [
        // Above the item, on it, in the new place, and what is carried.
        ("nobody had access", "", "", "Chris reader", ""),
        ("one had, and would lose it", "Chris reader", "", "", "Chris reader"),
        ("the new place gives the same", "Chris editor", "", "Chris editor", ""),
        ("the new place gives more", "Chris editor", "", "Chris manager", ""),
        ("the new place gives less", "Chris editor", "", "Chris uploader", "Chris editor"),
        ("the highest above counts", "Chris reader, Chris editor, Chris uploader", "", "Chris uploader", "Chris editor"),
        ("the highest in the new place counts", "Chris editor", "", "Chris reader, Chris editor", ""),
        ("what was carried to above is carried on", "carried Chris reader", "", "", "Chris reader"),
        ("what is carried on the item is there already", "Chris reader", "carried Chris reader", "", ""),
        ("what is carried on the item is raised", "Chris editor", "carried Chris reader", "", "Chris editor"),
        ("what is carried on the item is not lowered", "Chris reader", "carried Chris editor", "", ""),
        ("an organization keeps access like a person", "Partner uploader", "", "", "Partner uploader"),
        ("two organizations are two", "Partner reader", "", "Tunnel manager", "Partner reader"),
        ("one of an organization is not all of it", "Chris reader", "", "Partner manager", "Chris reader"),
        ("several", "Chris reader, Jane manager, Partner editor", "", "Partner editor", "Chris reader, Jane manager"),
    ];
    for (why, above, own, new, expected) in cases {
        let mut facts = within();
        facts.items[0].above = grants(above);
        facts.items[0].grants = grants(own);
        facts.destination.grants = grants(new);
        let plan = plan(&facts);
        assert!(plan.is_clear() && plan.effects.carried_grants_ended.is_empty());
        let raised = why == "what is carried on the item is raised";
        assert_eq!(may_be_undone(&facts, &plan), !raised, "DRIVE-4: {why}");
        let carried: Vec<_> = plan.effects.carried.into_iter().map(|one| (one.grantee, one.level)).collect();
        let expected: Vec<_> = grants(expected).into_iter().map(|one| (one.grantee, one.level)).collect();
        assert_eq!(carried, expected, "{why}");
    }
}

#[test]
fn xfer_3_every_item_carries_its_own() {
    let mut facts = within();
    facts.items = vec![
        Item { above: vec![grant(CHRIS, "Chris Weber", Level::Reader)], ..dataset(101, "Portal", 1) },
        Item { above: vec![grant(JANE, "Jane Roth", Level::Editor)], ..folder(102, "Reports") },
    ];
    let carried: Vec<_> = plan(&facts).effects.carried.into_iter().map(|c| (c.resource, c.grantee)).collect();
    let expected = [(101, CHRIS), (102, JANE)].map(|(item, who)| (ResourceId(id(item)), Grantee::Person(who)));
    assert_eq!(carried, expected);
}

#[test]
fn xfer_3_nothing_is_carried_to_another_organization() {
    let mut facts = between();
    facts.items[0].above = vec![grant(CHRIS, "Chris Weber", Level::Reader)];
    assert_eq!(plan(&facts).effects.carried, []);
}

#[test]
fn xfer_3_xfer_5_into_a_site_nothing_is_carried_and_what_was_ends() {
    for facts in [within(), between()] {
        let mut facts = facts;
        facts.destination.kind = Kind::Site;
        facts.items = vec![
            Item {
                above: vec![grant(CHRIS, "Chris Weber", Level::Manager)],
                grants: vec![carried(grant(JANE, "Jane Roth", Level::Editor))],
                ..dataset(101, "Portal", 1)
            },
            Item { above: vec![grant(CHRIS, "Chris Weber", Level::Manager)], ..dataset(102, "Heap", 1) },
        ];
        let plan = plan(&facts);
        assert!(plan.is_clear());
        assert_eq!(plan.effects.carried, []);
        assert_eq!(plan.effects.carried_grants_ended, [ResourceId(id(101))]);
    }
}

// Places (DRIVE-1, XFER-4, XFER-5).

#[test]
fn xfer_4_a_folder_cannot_move_into_itself_or_below_itself() {
    let mut facts = within();
    facts.items = vec![folder(101, "Tunnels"), folder(102, "Bridges")];
    facts.destination.self_and_ancestors = vec![HERE, ResourceId(id(101)), ROOT];
    assert_eq!(blockers(&plan(&facts)), [(BlockerCode::IntoItself, "Tunnels")], "below itself");

    facts.destination.id = ResourceId(id(101));
    facts.destination.self_and_ancestors = vec![ResourceId(id(101)), ROOT];
    assert_eq!(blockers(&plan(&facts)), [(BlockerCode::IntoItself, "Tunnels")], "into itself");
}

#[test]
fn xfer_4_a_folder_moves_with_all_its_contents() {
    let mut facts = within();
    let inside = |folders, datasets, images| Contents { folders, datasets, images, ..Contents::default() };
    facts.items = vec![
        Item { contents: inside(4, 12, 3_400), ..folder(101, "Tunnels") },
        Item { contents: inside(1, 2, 60), ..item(102, Kind::Site, "Portal") },
        dataset(103, "Heap", 7),
    ];
    let plan = plan(&facts);
    assert_eq!((plan.folders, plan.datasets, plan.images), (5, 15, 3_467));
}

#[test]
fn drive_1_xfer_5_what_may_move_into_what() {
    let mut rows = vec![row(["into", "item", "in the way"])];
    for into in Kind::ALL {
        for kind in Kind::ALL {
            let mut facts = within();
            facts.destination.kind = into;
            facts.items = vec![item(101, kind, "Thing")];
            rows.push(vec![into.as_str().to_owned(), kind.as_str().to_owned(), codes(&plan(&facts))]);
        }
    }
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn xfer_5_a_dataset_of_a_site_must_be_removed_from_it_first() {
    for (from, into, expected) in [
        (Kind::Site, Kind::Site, "already_in_site"),
        (Kind::Site, Kind::Folder, ""),
        (Kind::Site, Kind::Asset, ""),
        (Kind::Asset, Kind::Site, ""),
        (Kind::Folder, Kind::Site, ""),
    ] {
        let mut facts = within();
        facts.items[0].parent_kind = from;
        facts.destination.kind = into;
        assert_eq!(codes(&plan(&facts)), expected, "from {from:?} into {into:?}");
    }
}

#[test]
fn xfer_5_lic_4_assigning_to_a_site_takes_cloud_pro() {
    let with = |product| Some(Licence { product, ..licence(Model::Credits, 0, 0) });
    for (why, held, fine) in [
        ("none", None, false),
        ("Cloud", with(Product::Cloud), false),
        ("Cloud Pro", with(Product::CloudPro), true),
        ("Cloud Teams", with(Product::CloudTeams), true),
        ("Cloud Enterprise", with(Product::CloudEnterprise), true),
        ("Cloud Pro, expired", with(Product::CloudPro).map(expired), false),
    ] {
        let mut facts = within();
        facts.target.licence = held;
        assert_eq!(codes(&plan(&facts)), "", "into a folder anything goes (LIC-6)");
        facts.destination.kind = Kind::Site;
        assert_eq!(codes(&plan(&facts)), if fine { "" } else { "licence_tier_too_low" }, "{why}");
    }
}

#[test]
fn drive_1_a_tree_never_gets_deeper_than_64() {
    for (depth, height, fine) in
        [(63, 0, true), (64, 0, false), (0, 63, true), (0, 64, false), (40, 23, true), (40, 24, false)]
    {
        let mut facts = within();
        facts.destination.depth = depth;
        facts.items = vec![Item { height, ..folder(101, "Tunnels") }];
        let expected = if fine { "" } else { "depth_exceeded" };
        assert_eq!(codes(&plan(&facts)), expected, "{height} levels below an item that goes to depth {}", depth + 1);
    }
}

// Names (DRIVE-5).

/// The names that items get in a place where these names are taken.
fn names_of(items: &[&str], taken: &[&str]) -> Vec<String> {
    let mut facts = within();
    facts.destination.taken = taken.iter().map(|name| same_key(name)).collect();
    facts.items = (101..).zip(items).map(|(number, name)| dataset(number, name, 1)).collect();
    let plan = plan(&facts);
    assert!(plan.is_clear());
    let renamed = |item: &NamedResource| plan.effects.renamed.iter().find(|renamed| renamed.id == item.id);
    plan.items.iter().map(|item| renamed(item).map_or(item.name.clone(), |renamed| renamed.to.clone())).collect()
}

#[test]
fn drive_5_a_clash_is_solved_with_a_number() {
    for (items, taken, expected) in [
        (vec!["Portal", "Heap"], vec!["Bridge"], vec!["Portal", "Heap"]),
        (vec!["Portal"], vec!["PORTAL"], vec!["Portal (2)"]),
        (vec!["Portal"], vec!["portal", "Portal (2)"], vec!["Portal (3)"]),
        (vec!["Portal", "Portal"], vec![], vec!["Portal", "Portal (2)"]),
        (vec!["Portal", "portal", "PORTAL"], vec![], vec!["Portal", "portal (2)", "PORTAL (3)"]),
        (vec!["Portal", "Portal"], vec!["Portal", "Portal (3)"], vec!["Portal (2)", "Portal (4)"]),
        (vec!["Portal (2)", "Portal", "Portal"], vec![], vec!["Portal (2)", "Portal", "Portal (3)"]),
        (vec!["Portal", "Portal (2)"], vec!["Portal"], vec!["Portal (2)", "Portal (2) (2)"]),
    ] {
        assert_eq!(names_of(&items, &taken), expected, "{items:?} where {taken:?} are");
    }
}

#[test]
fn drive_5_only_what_changes_is_told() {
    let mut facts = within();
    facts.destination.taken = BTreeSet::from(["heap".to_owned()]);
    facts.items = vec![dataset(101, "Portal", 1), dataset(102, "Heap", 1)];
    let expected = Renamed { id: ResourceId(id(102)), from: "Heap".to_owned(), to: "Heap (2)".to_owned() };
    assert_eq!(plan(&facts).effects.renamed, [expected]);
}

#[test]
fn drive_5_a_name_too_long_for_a_number_is_shortened() {
    let long = "x".repeat(252);
    let mut facts = within();
    facts.items = vec![dataset(101, &long, 1), dataset(102, &long, 1)];
    let expected = Renamed { id: ResourceId(id(102)), from: long, to: format!("{} (2)", "x".repeat(251)) };
    assert_eq!(plan(&facts).effects.renamed, [expected], "the second of the two");
}

#[test]
fn drive_5_ten_thousand_of_one_name_are_numbered_in_a_moment() {
    let mut facts = within();
    facts.items = (1_000..11_000).map(|number| dataset(number, "Survey", 1)).collect();
    let plan = plan(&facts);
    assert_eq!(plan.effects.renamed.last().map(|renamed| renamed.to.as_str()), Some("Survey (10000)"));
}

// The selection.

#[test]
fn xfer_what_is_inside_another_selected_item_comes_along_with_it() {
    let mut facts = between();
    let tunnels = folder(101, "Tunnels");
    let inside = Contents { folders: 2, datasets: 1, images: 30, ..Contents::default() };
    let deep = Item {
        parent: ResourceId(id(200)),
        ancestors: vec![ResourceId(id(200)), tunnels.id, INBOX, ROOT],
        ..dataset(102, "Portal", 30)
    };
    // Whatever is wrong with it is told of the folder it is in.
    facts.items = vec![deep, Item { contents: inside, height: 2, ..tunnels }];
    let plan = plan(&facts);
    assert_eq!(plan.items, [named(101, "Tunnels")]);
    assert_eq!(
        (plan.datasets, plan.images, charge(&plan).as_str()),
        (1, 30, "source +30 images +1 projects, target -30 images -1 projects")
    );
}

#[test]
fn xfer_what_is_in_the_destination_already_stays() {
    let mut facts = within();
    let there = Item { parent: HERE, level: Level::Reader, ..dataset(101, "Portal", 10) };
    facts.items = vec![there.clone(), dataset(102, "Heap", 7)];
    facts.destination.taken = BTreeSet::from(["portal".to_owned()]);
    let both = plan(&facts);
    assert!(both.is_clear());
    assert_eq!((both.items, both.images, both.effects.renamed), (vec![named(102, "Heap")], 7, vec![]));

    facts.items = vec![there];
    let nothing = plan(&facts);
    assert!(nothing.is_clear());
    assert_eq!((nothing.items, nothing.datasets, nothing.effects), (vec![], 0, Effects::default()));
}

#[test]
fn xfer_an_item_named_twice_moves_once() {
    let mut facts = between();
    facts.items.push(facts.items[0].clone());
    let plan = plan(&facts);
    assert_eq!((plan.items.len(), plan.images, plan.effects.renamed.len()), (1, 100, 0));
}

// Licences and books (XFER-8, XFER-10 to XFER-12).

#[test]
fn xfer_8_xfer_10_xfer_11_xfer_12_every_pair_of_licences() {
    let licences = [
        ("I&P", Some(licence(Model::ImagesProjects, 400, 6))),
        ("I&P, expired", Some(expired(licence(Model::ImagesProjects, 400, 6)))),
        ("Credits", Some(licence(Model::Credits, 0, 0))),
        ("Credits, expired", Some(expired(licence(Model::Credits, 0, 0)))),
        ("never had", None),
    ];
    let mut rows = vec![row(["source", "target", "datasets", "in the way", "charge"])];
    for (source_is, source) in &licences {
        for (target_is, target) in &licences {
            for age in ["old", "one recent"] {
                let mut facts = between();
                facts.source.licence.clone_from(source);
                facts.target.licence.clone_from(target);
                let recent = if age == "old" { vec![] } else { vec![named(201, "Yesterday")] };
                let contents =
                    Contents { datasets: 2, images: 150, too_recent: Truncated::all(recent), ..Contents::default() };
                facts.items = vec![Item { contents, ..folder(101, "Tunnels") }];
                let plan = plan(&facts);
                rows.push(vec![
                    source_is.to_string(),
                    target_is.to_string(),
                    age.to_owned(),
                    codes(&plan),
                    charge(&plan),
                ]);
            }
        }
    }
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn xfer_12_every_recent_dataset_is_named() {
    let mut facts = between();
    facts.target.licence = Some(licence(Model::Credits, 0, 0));
    facts.items[0].contents.too_recent = Truncated::all(vec![named(201, "Monday"), named(202, "Tuesday")]);
    let expected = [(BlockerCode::TooRecent, "Monday"), (BlockerCode::TooRecent, "Tuesday")];
    assert_eq!(blockers(&plan(&facts)), expected);
}

#[test]
fn xfer_12_a_licence_that_has_not_begun_has_not_expired() {
    let mut facts = between();
    let upcoming = Licence { active_from: NOW.plus_days(1), ..licence(Model::ImagesProjects, 400, 6) };
    facts.source.licence = Some(upcoming);
    facts.target.licence = Some(licence(Model::Credits, 0, 0));
    assert_eq!(codes(&plan(&facts)), "source_licence_inactive");
}

#[test]
fn xfer_8_within_an_organization_no_licence_is_asked_for() {
    for held in [None, Some(expired(licence(Model::Credits, 0, 0)))] {
        let mut facts = within();
        facts.source.licence.clone_from(&held);
        facts.target.licence = held;
        facts.items[0].contents.too_recent = Truncated::all(vec![named(101, "Portal")]);
        facts.items[0].contents.not_processed = Truncated::all(vec![named(101, "Portal")]);
        assert_eq!(codes(&plan(&facts)), "");
    }
}

#[test]
fn xfer_10_the_target_needs_enough_of_both_and_no_more() {
    for (images, projects, fine) in
        [(150, 2, true), (149, 2, false), (150, 1, false), (149, 1, false), (0, 0, false), (151, 3, true)]
    {
        let mut facts = between();
        facts.target.licence = Some(licence(Model::ImagesProjects, images, projects));
        facts.items = vec![dataset(101, "Portal", 100), dataset(102, "Heap", 50)];
        let plan = plan(&facts);
        assert_eq!(codes(&plan), if fine { "" } else { "allowance_too_small" }, "{images} images, {projects} projects");
        assert_eq!(charge(&plan), "source +150 images +2 projects, target -150 images -2 projects");
    }
}

#[test]
fn lic_7_the_allowance_of_a_trial_is_not_turned_into_that_of_another_licence() {
    for (source, target, fine) in [(false, false, true), (true, true, true), (true, false, true), (false, true, false)]
    {
        let mut facts = between();
        facts.items = vec![dataset(101, "Portal", 100)];
        for (side, trial) in [(&mut facts.source, source), (&mut facts.target, target)] {
            side.licence = Some(Licence { trial, ..licence(Model::ImagesProjects, 500, 5) });
        }
        assert_eq!(codes(&plan(&facts)), if fine { "" } else { "target_on_trial" }, "{source} to {target}");
        facts.items = vec![folder(101, "Empty")];
        assert_eq!(codes(&plan(&facts)), "", "nothing is given back for what costs nothing");
    }
}

#[test]
fn job_5_xfer_10_who_may_have_nothing_paid_does_not_have_the_target_pay() {
    for (target, billable, found) in
        [(Model::ImagesProjects, true, ""), (Model::ImagesProjects, false, "not_billable"), (Model::Credits, false, "")]
    {
        let mut facts = between();
        facts.items = vec![dataset(101, "Portal", 100)];
        facts.source.licence = Some(licence(target, 500, 5));
        facts.target.licence = Some(licence(target, 500, 5));
        facts.target.billable = billable;
        assert_eq!(codes(&plan(&facts)), found, "{target:?} {billable}");
        facts.items = vec![folder(101, "Empty")];
        assert_eq!(codes(&plan(&facts)), "", "nothing is paid");
    }
}

#[test]
fn xfer_10_the_refusal_says_what_is_needed_and_what_is_left() {
    let mut facts = between();
    facts.target.licence = Some(licence(Model::ImagesProjects, 99, 6));
    let messages: Vec<String> = plan(&facts).blockers.into_iter().map(|blocker| blocker.message).collect();
    let expected =
        "This needs 100 images and 1 project of Tunnel North’s allowance, and 99 images and 6 projects are left.";
    assert_eq!(messages, [expected]);
}

#[test]
fn xfer_10_empty_folders_cost_nothing() {
    let mut facts = between();
    facts.target.licence = Some(licence(Model::ImagesProjects, 0, 0));
    facts.items = vec![folder(101, "Tunnels")];
    let plan = plan(&facts);
    assert_eq!((codes(&plan), charge(&plan)), (String::new(), "nothing".to_owned()));
}

#[test]
fn xfer_10_use_falls_on_one_side_by_what_it_rises_by_on_the_other() {
    for (source_left, source_used, target_used) in [
        // 400 of 1,000 left: 600 used, 100 of them come back.
        (400, (600, 500), (600, 700)),
        // Nothing used yet: it holds 1,100 then, and the 100 that go away count as used before.
        (1_000, (100, 0), (600, 700)),
    ] {
        let mut facts = between();
        facts.source.licence = Some(licence(Model::ImagesProjects, source_left, 6));
        let effects = plan(&facts).effects;
        let used = |side: Option<SideEffect>| side.map(|side| side.used()).map(|(a, b)| (a.images, b.images));
        assert_eq!((used(effects.source), used(effects.target)), (Some(source_used), Some(target_used)));
    }
}

#[test]
fn xfer_17_every_pair_of_models_has_one_row() {
    for source in Model::ALL {
        for target in Model::ALL {
            assert_eq!(PAIRS.iter().filter(|rule| rule.source == source && rule.target == target).count(), 1);
        }
    }
}

// Processed (XFER-9).

#[test]
fn xfer_9_one_dataset_not_processed_stops_everything_and_every_one_is_listed() {
    let mut facts = between();
    let waiting = Truncated::all(vec![named(201, "Deep down"), named(202, "Deeper")]);
    facts.items = vec![
        dataset(101, "Portal", 100),
        Item {
            contents: Contents { not_processed: waiting, datasets: 9, ..Contents::default() },
            ..folder(102, "Tunnels")
        },
        Item {
            contents: Contents {
                not_processed: Truncated::all(vec![named(103, "Heap")]),
                datasets: 1,
                ..Contents::default()
            },
            ..dataset(103, "Heap", 3)
        },
    ];
    facts.target.licence = Some(licence(Model::ImagesProjects, 1_000, 100));
    let plan = plan(&facts);
    assert_eq!(blockers(&plan), ["Deep down", "Deeper", "Heap"].map(|name| (BlockerCode::NotProcessed, name)));
    assert_eq!(plan.permit(), Err(Refusal::Blocked(plan.blockers.clone())));
}

#[test]
fn xfer_9_what_was_counted_but_not_loaded_is_in_the_way_as_well() {
    let mut facts = between();
    facts.items[0].contents.not_processed = Truncated { total: 1_500, first: vec![named(201, "One")] };
    let some = plan(&facts);
    assert_eq!((some.blockers.len(), some.more_blockers), (1, 1_499));

    facts.items[0].contents.not_processed = Truncated { total: 1, first: vec![] };
    let none = plan(&facts);
    assert_eq!((none.blockers.len(), none.more_blockers, none.is_clear()), (0, 1, false));
    assert!(none.permit().is_err());
}

#[test]
fn xfer_9_a_thousand_of_one_sort_are_named_and_the_rest_counted() {
    let mut facts = within();
    facts.items = (1_000..3_500).map(|number| Item { level: Level::Reader, ..dataset(number, "Survey", 1) }).collect();
    facts.items.push(Item { grants: vec![grant(CHRIS, "Chris Weber", Level::Reader)], ..folder(101, "Tunnels") });
    let plan = plan(&facts);
    assert_eq!((plan.blockers.len(), plan.more_blockers), (MAX_NAMED + 1, 1_500));
    assert_eq!(codes(&plan), "direct_access source_role_too_low", "another sort is still named");
}

// Effects (XFER-13).

#[test]
fn xfer_13_links_stop_and_the_data_stays_where_it_is() {
    let clusters = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let mut facts = between();
    facts.items[0].contents.links = Truncated::all(vec![named(101, "Portal")]);
    let inside = Contents {
        links: Truncated { total: 5, first: vec![named(201, "Report"), named(202, "Map")] },
        clusters: clusters(&["us-east", "eu-central"]),
        ..Contents::default()
    };
    facts.items.push(Item { contents: inside, ..folder(102, "Tunnels") });
    let effects = plan(&facts).effects;
    let first = vec![named(101, "Portal"), named(201, "Report"), named(202, "Map")];
    assert_eq!(effects.links_stopped, Truncated { total: 6, first });
    assert_eq!(effects.clusters, clusters(&["eu-central", "us-east"]));

    facts.target.organization = ALPINE;
    let within = plan(&facts).effects;
    assert_eq!(within.links_stopped.total, 0, "within an organization links go on working");
}

#[test]
fn xfer_13_who_loses_access() {
    let mut rows = vec![row(["role in the target", "grant there", "carried grant", "into a folder", "into a site"])];
    for target_role in Role::ALL.into_iter().map(Some).chain([None]) {
        for reached_in_target in [true, false] {
            for holds_carried in [true, false] {
                let mut facts = between();
                let name = "Chris Weber".to_owned();
                facts.people_with_access = Truncated::all(vec![PersonWithAccess {
                    id: CHRIS,
                    name,
                    target_role,
                    reached_in_target,
                    holds_carried,
                }]);
                let verdict = |facts: &Facts| {
                    let losing = plan(facts).effects.people_losing_access;
                    assert_eq!(losing.total, losing.first.len() as u64);
                    if losing.total == 0 { "keeps" } else { "loses" }.to_owned()
                };
                let into_a_folder = verdict(&facts);
                facts.destination.kind = Kind::Site;
                let into_a_site = verdict(&facts);
                let yes = |yes: bool| if yes { "yes" } else { "" }.to_owned();
                let role = target_role.map_or("none", Role::label).to_owned();
                rows.push(vec![role, yes(reached_in_target), yes(holds_carried), into_a_folder, into_a_site]);
            }
        }
    }
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn xfer_13_people_beyond_those_named_are_counted() {
    let person_with_access = |number, target_role| PersonWithAccess {
        id: PersonId(id(number)),
        name: format!("Person {number}"),
        target_role,
        reached_in_target: false,
        holds_carried: false,
    };
    let mut facts = between();
    facts.people_with_access.first = (0..1_200).map(|number| person_with_access(number, None)).collect();
    facts.people_with_access.first.push(person_with_access(5_000, Some(Role::Reader)));
    facts.people_with_access.total = 1_300;
    let losing = plan(&facts).effects.people_losing_access;
    assert_eq!((losing.total, losing.first.len()), (1_299, MAX_NAMED));
}

// All of it (XFER-15).

#[test]
fn xfer_15_everything_in_the_way_is_told_at_once() {
    let mut facts = between();
    facts.source.role = Some(Role::Editor);
    facts.target.role = None;
    facts.target.licence = Some(expired(licence(Model::ImagesProjects, 10, 0)));
    facts.source.licence = Some(expired(licence(Model::ImagesProjects, 400, 6)));
    facts.destination.kind = Kind::Site;
    facts.destination.depth = 63;
    facts.destination.taken = BTreeSet::from(["x".repeat(255)]);
    let contents = Contents {
        folders: 1,
        datasets: 2,
        images: 30,
        not_processed: Truncated::all(vec![named(201, "Draft")]),
        direct: Truncated::all(vec![(named(202, "Report"), vec!["Jane Roth".to_owned()])]),
        ..Contents::default()
    };
    facts.items = vec![
        Item {
            contents,
            height: 3,
            grants: vec![grant(CHRIS, "Chris Weber", Level::Reader)],
            ..folder(101, "Tunnels")
        },
        Item { parent_kind: Kind::Site, ..dataset(102, "Portal", 10) },
        dataset(103, &"x".repeat(255), 10),
    ];
    let plan = plan(&facts);
    let expected = "allowance_too_small already_in_site depth_exceeded direct_access kind_not_allowed_here \
        licence_tier_too_low not_in_target not_processed source_licence_inactive source_role_too_low \
        target_licence_inactive";
    assert_eq!(codes(&plan), expected);
    assert_eq!(plan.permit(), Err(Refusal::Blocked(plan.blockers.clone())));
    assert!(plan.blockers.iter().all(|blocker| blocker.message.ends_with('.')), "each says what is wrong");
}

#[test]
fn file_6_what_is_transferred_has_to_fit_into_the_storage_of_the_target() {
    for (stored, left, fine) in [
        (0, Some(0), true),
        (100, None, true),
        (100, Some(100), true),
        (101, Some(100), false),
        (0, Some(-5), true),
        (1, Some(-5), false),
    ] {
        let mut facts = between();
        facts.target.storage_left = left;
        facts.items[0].contents.stored = stored;
        let plan = plan(&facts);
        assert_eq!(codes(&plan), if fine { "" } else { "storage_too_small" }, "{stored} {left:?}");
        assert_eq!(plan.permit().is_ok(), fine);
    }
    let mut facts = between();
    facts.target.storage_left = Some(1_500);
    facts.items[0].contents.stored = 2_000_000;
    // Numbers are for who may view the usage of the target.
    for role in Role::ALL {
        facts.target.role = Some(role);
        let plan = plan(&facts);
        let blocker = plan.blockers.iter().find(|blocker| blocker.code == BlockerCode::StorageTooSmall);
        let message = &blocker.expect("a blocker").message;
        let shown = message.contains("2.0 MB") && message.contains("1.5 kB are left");
        assert_eq!(shown, matches!(role, Role::Owner | Role::Manager), "{role:?}: {message}");
        assert_eq!(message.ends_with("’s storage is full."), !shown, "{message}");
    }
}

#[test]
fn xfer_15_the_same_facts_make_the_same_plan_and_a_plan_travels_whole() {
    let facts = between();
    let text = serde_json::to_string(&plan(&facts)).unwrap();
    assert_eq!(text, serde_json::to_string(&plan(&facts)).unwrap());
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan(&facts));
}

/// "Chris reader, Partner editor" of what a plan lists.
fn listed(reached: &Truncated<AccessChange>) -> String {
    let words = reached.first.iter().map(|one| format!("{} {}", one.name, one.level.as_str()));
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn xfer_3_who_gains_keeps_and_loses_access_is_known_before() {
    #[rustfmt::skip]
    let table = [
        // Above the item, on it, in the new place.
        ("nobody has any", "", "", "", Kind::Folder, ("", "", "")),
        ("who was there keeps it", "Chris reader", "", "", Kind::Folder, ("", "Chris reader", "")),
        ("who is in the new place gains", "", "", "Chris reader", Kind::Folder, ("Chris reader", "", "")),
        ("the same in both places", "Chris reader", "", "Chris reader", Kind::Folder, ("", "", "")),
        ("more in the new place", "Chris reader", "", "Chris editor", Kind::Folder, ("Chris editor", "", "")),
        ("more in the old place", "Chris editor", "", "Chris reader", Kind::Folder, ("", "Chris editor", "")),
        ("carried along already", "Chris reader", "carried Chris reader", "", Kind::Folder, ("", "", "")),
        ("into a site it does not come along", "Chris reader", "", "", Kind::Site, ("", "", "Chris reader")),
        (
            "nor what was carried",
            "",
            "carried Chris reader",
            "Partner reader",
            Kind::Site,
            ("Partner reader", "", "Chris reader"),
        ),
    ];
    for (why, above, own, there, kind, expected) in table {
        let mut facts = within();
        facts.destination.kind = kind;
        facts.items[0].kind = Kind::Dataset;
        facts.items[0].above = grants(above);
        facts.items[0].grants = grants(own);
        facts.destination.grants = grants(there);
        let effects = plan(&facts).effects;
        let found = (listed(&effects.gaining), listed(&effects.keeping), listed(&effects.losing));
        let expected = (expected.0.to_owned(), expected.1.to_owned(), expected.2.to_owned());
        assert_eq!(found, expected, "{why}");
        assert_eq!(effects.change_access(), expected != Default::default(), "{why}");
    }
}

#[test]
fn xfer_2_what_only_direct_access_is_in_the_way_of_is_told() {
    let mut facts = within();
    assert_eq!(plan(&facts).only_direct_access(), None, "nothing is in the way");
    facts.items[0].grants = vec![grant(CHRIS, "Chris Weber", Level::Reader)];
    let item = facts.items[0].id;
    assert_eq!(plan(&facts).only_direct_access(), Some(vec![item]));
    facts.destination.level = Some(Level::Reader);
    assert_eq!(plan(&facts).only_direct_access(), None, "something else is");
}

#[test]
fn pol_1_who_may_not_delete_from_a_folder_may_not_take_out_of_it_either() {
    let kept_by = |what, level, by: &[(ResourceId, Option<String>)]| Item {
        level,
        restricted_by: by.iter().map(|(id, name)| (what, *id, name.clone())).collect(),
        ..folder(101, "Tunnels")
    };
    let kept = |level, by: &[(ResourceId, Option<String>)]| kept_by(Restriction::Delete, level, by);
    let named = [(INBOX, Some("Inbox".to_owned()))];
    let mut facts = within();
    facts.items = vec![kept(Level::Editor, &named)];
    let blocked = plan(&facts);
    assert_eq!(blockers(&blocked), [(BlockerCode::DeletionRestricted, "Tunnels")]);
    assert!(blocked.blockers[0].message.contains("out of “Inbox”"), "{}", blocked.blockers[0].message);
    facts.items = vec![kept(Level::Editor, &[(INBOX, None)])];
    assert!(plan(&facts).blockers[0].message.contains("out of its folder"));
    // Nor does anybody get around what no one may do there.
    for (what, code) in
        [(Restriction::Copy, BlockerCode::CopyRestricted), (Restriction::Download, BlockerCode::DownloadRestricted)]
    {
        facts.items = vec![kept_by(what, Level::Editor, &named)];
        assert_eq!(blockers(&plan(&facts)), [(code, "Tunnels")]);
        facts.items = vec![kept_by(what, Level::Manager, &named)];
        assert!(plan(&facts).is_clear());
    }
    // Managers may; and so may everybody inside what keeps it.
    facts.items = vec![kept(Level::Manager, &named)];
    assert!(plan(&facts).is_clear());
    facts.items = vec![kept(Level::Editor, &[(ROOT, Some("Drive".to_owned()))])];
    assert!(facts.destination.self_and_ancestors.contains(&ROOT) && plan(&facts).is_clear());
}
