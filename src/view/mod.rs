//! Read models: what pages and the REST API show, already cut down to what the reader may see.

pub mod access;
pub mod account;
pub mod accounts;
pub mod activity;
pub mod billing;
pub mod key;
pub mod licence;
pub mod link;
pub mod loan;
pub mod people;
pub mod preferences;
pub mod query;
pub mod restriction;
pub mod seat;
pub mod settings;
pub mod task;
pub mod transfer;
pub mod trash;
pub mod view_as;

use serde::{Deserialize, Serialize};

use crate::domain::words::words;
use crate::domain::{
    access::{Level, Source},
    command::{MissingEntitlements, Target},
    id::{AccountId, LicenceId, LoanId, OrganizationId, PersonId, ResourceId, TransferId},
    licence::{Amount, EntryKind, Model, Product},
    loan::Direction,
    organization::{OrganizationKind, PeopleVisibility, PlanTier},
    resource::{Kind, Status},
    restriction::{Origin, Restrictions},
    role::{Role, Sight, sees_people},
    time::{Day, Timestamp},
    transfer::Plan,
};

/// Whether a control is there, and usable (ux.md, "Showing rules").
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Control {
    /// It never will be there for this reader.
    Absent,
    /// It could be, but not now: the refusal's own text says why.
    Disabled(String),
    /// Go ahead.
    Enabled,
}

/// A person, as pages mention one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonView {
    /// Id.
    pub id: PersonId,
    /// Email as typed at sign-up.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether the email was verified (AUTH-2).
    pub email_verified: bool,
}

/// One of my organizations, with my role there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrganizationMembership {
    /// Id.
    pub id: OrganizationId,
    /// Org ID, as it stands in the URL.
    pub org_id: String,
    /// Display name.
    pub name: String,
    /// My role; `None` for an organization that I only reach some resource of (External).
    pub role: Option<Role>,
    /// Whether this is my personal space (SPACE-1).
    pub personal: bool,
    /// Whether I see its people list, or those of it that I share a resource with (PEOPLE-11).
    pub sees_people: bool,
    /// The role that I was given, where it counts in some accounts only (ACCT-2). In what is of the organization as a whole,
    /// `role` counts.
    pub limited: Option<Role>,
    /// Its accounts that I see, where these are several (ACCT-4); filled for the frame of a page only.
    pub accounts: Vec<accounts::AccountLink>,
}

impl OrganizationMembership {
    /// How somebody with this role belongs to an organization that shows its people like this. A personal space has no
    /// team (SPACE-1).
    pub fn new(
        id: OrganizationId,
        org_id: String,
        name: String,
        role: Option<Role>,
        personal: bool,
        shown_to: PeopleVisibility,
    ) -> Self {
        let sees_people = !personal && sees_people(role, shown_to) != Sight::Nobody;
        Self { id, org_id, name, role, personal, sees_people, limited: None, accounts: Vec::new() }
    }

    /// The same for somebody whose role, `given`, counts in some accounts only.
    #[must_use]
    pub fn limited_to_accounts(self, given: Option<Role>) -> Self {
        Self { limited: given, ..self }
    }
}

/// Who is signed in and where they belong: what the frame of every page shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionView {
    /// Who is signed in, if anybody.
    pub person: Option<PersonView>,
    /// The organizations they used last, the last one first, their personal space behind them; and the one that is shown.
    pub organizations: Vec<OrganizationMembership>,
    /// Whether there are more.
    pub more_organizations: bool,
    /// What was last shared with them by organizations they are not in (PEOPLE-9).
    pub shared: Vec<SharedView>,
    /// Invitations that wait for their answer (PEOPLE-4).
    pub invitations: Vec<people::Waiting>,
    /// The server's time, so that both renderings agree on "today".
    pub now: Timestamp,
}

/// Something that an organization shares with me without my being in it (PEOPLE-9): what it is called and whose it is, and
/// nothing else of the organization (ACCESS-3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SharedView {
    /// The organization.
    pub organization: OrganizationId,
    /// Its Org ID, for the way there.
    pub org_id: String,
    /// Its name.
    pub organization_name: String,
    /// What is shared.
    pub resource: ResourceId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// My level on it.
    pub level: Level,
}

/// An organization at a glance (ORG-7).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HomeView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// Plan (ACCT-2).
    pub plan: PlanTier,
    /// Country code.
    pub country: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Legal information: Owners and Managers only (ORG-4).
    pub legal: Option<LegalView>,
    /// How many people belong to it; only for who may see the people list.
    pub people: Option<u64>,
    /// Its Owners by name; only for who may see the people list.
    pub owners: Vec<(PersonId, String)>,
    /// Licences and what is left of them; only for who may see usage.
    pub licences: Option<Vec<LicenceView>>,
    /// The newest entries of the audit log; only for who may read it.
    pub activity: Option<Vec<ActivityView>>,
    /// Offers that wait for an answer of this organization (XFER-18); only for who may answer.
    pub offers: Vec<transfer::OfferView>,
}

/// Legal information (ORG-4): only Owners change it, Managers see it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LegalView {
    /// Legal name.
    pub legal_name: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Country code.
    pub country: String,
    /// VAT number.
    pub vat_number: Option<String>,
    /// Has none, and need not have one.
    pub vat_exempt: bool,
    /// Whom to write to about contracts.
    pub legal_contact: Option<String>,
    /// Data protection officer: name.
    pub officer_name: Option<String>,
    /// Data protection officer: position.
    pub officer_position: Option<String>,
    /// Data protection officer: phone.
    pub officer_phone: Option<String>,
}

/// Where a licence is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    /// Not yet.
    Upcoming,
    /// Now.
    Active,
    /// No more.
    Expired,
}

words! {
    LicenceState
    Upcoming => "upcoming";
    Active => "active";
    Expired => "expired";
}

/// A licence with its books.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenceView {
    /// Id.
    pub id: LicenceId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Product.
    pub product: Product,
    /// Billing model; cloud only.
    pub model: Option<Model>,
    /// Where it is in its life.
    pub state: LicenceState,
    /// First active moment.
    pub active_from: Timestamp,
    /// First moment not active any more.
    pub active_until: Option<Timestamp>,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// What there is in all.
    pub total: Amount,
    /// What has been used.
    pub used: Amount,
    /// What is left.
    pub left: Amount,
    /// How many seats are given or taken; desktop only, and not while it is lent to others.
    pub seats_used: Option<u64>,
    /// That it is lent, or borrowed, now (ACCT-3).
    pub loan: Option<LoanTerm>,
}

/// That a licence is lent, or borrowed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoanTerm {
    /// The loan.
    pub id: LoanId,
    /// Which of the two.
    pub direction: Direction,
    /// The organization on the other side.
    pub other: String,
    /// The Sharing ID on the other side.
    pub sharing_id: String,
    /// Its last day.
    pub until: Day,
}

/// One entry of a licence's ledger (LIC-3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryView {
    /// Its number in the books of the licence, from 1.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub kind: EntryKind,
    /// The change of what is left.
    pub change: Amount,
    /// What was left after it.
    pub left: Amount,
    /// The transfer it belongs to.
    pub transfer: Option<TransferId>,
    /// The dataset it is about.
    pub resource: Option<ResourceId>,
    /// What that is called, while it is in the organization.
    pub resource_name: Option<String>,
}

/// One line of the audit log (AUDIT-1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActivityView {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    /// Their name at the time.
    pub actor_name: String,
    /// What, as a stable word like `transfer.sent`.
    pub action: String,
    /// What, in a sentence without the actor: "created the folder “Tunnels”".
    pub summary: String,
    /// The transfer it is about, for a link to its receipt.
    pub transfer: Option<TransferId>,
    /// State before, where it changed something.
    pub before: Option<serde_json::Value>,
    /// State after.
    pub after: Option<serde_json::Value>,
    /// Network address it came from.
    pub address: Option<String>,
}

/// A step of a path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Crumb {
    /// Id.
    pub id: ResourceId,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
}

/// What a dataset has besides a name (DRIVE-6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DatasetView {
    /// How far it has come.
    pub status: Status,
    /// Number of images.
    pub images: i64,
    /// Size in bytes.
    pub bytes: i64,
    /// Where it is processed and stored.
    pub cluster: String,
    /// When the images were taken.
    pub captured_on: Option<Day>,
}

/// One resource, as its page and the API show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResourceView {
    /// Id.
    pub id: ResourceId,
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// The account it is in.
    pub account: AccountId,
    /// What that is called, where the reader sees several (ACCT-4).
    pub account_name: Option<String>,
    /// The container it is in; `None` for a root, and where the reader may not see it.
    pub parent: Option<ResourceId>,
    /// From the topmost thing the reader may see down to this.
    pub path: Vec<Crumb>,
    /// The reader's level on it.
    pub level: Level,
    /// Whether it has grants of its own.
    pub access: Source,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Who created it.
    pub created_by: Option<PersonId>,
    /// Their name.
    pub created_by_name: Option<String>,
    /// How many things are in it.
    pub children_count: u64,
    /// Whether the container it is in is a site.
    pub in_site: bool,
    /// What is forbidden on it, by itself and from above (POL-1).
    pub restrictions: Restrictions,
    /// Where each of these comes from.
    pub restricted_by: Vec<Origin>,
}

impl ResourceView {
    /// What commands care about.
    pub const fn target(&self) -> Target {
        Target { kind: self.kind, level: self.level, in_site: self.in_site, restrictions: self.restrictions }
    }
}

impl RowView {
    /// What commands care about, of a row in a container, if one is shown.
    pub fn target(&self, container: Option<&ResourceView>) -> Target {
        Target {
            kind: self.kind,
            level: self.level,
            in_site: container.map(|container| container.kind).or(self.place.as_ref().map(|place| place.kind))
                == Some(Kind::Site),
            restrictions: container
                .map_or(self.restrictions, |container| container.restrictions.and(self.restrictions)),
        }
    }
}

/// One row of a Drive list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowView {
    /// Id.
    pub id: ResourceId,
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// Whether it has grants of its own.
    pub access: Source,
    /// How many grants of its own it has.
    pub grants: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Name of who created it.
    pub created_by_name: Option<String>,
    /// The reader's level on it.
    pub level: Level,
    /// What is forbidden on it by itself; what is forbidden above it comes on top.
    pub restrictions: Restrictions,
    /// What it is in, as far as the reader may see that; only where rows come from all over (search, what was shared).
    pub place: Option<Crumb>,
    /// The account it is in.
    pub account: AccountId,
    /// What that is called, where rows come from all over and the reader sees several (ACCT-4).
    pub account_name: Option<String>,
}

/// One page of a Drive list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts.
    pub next_cursor: Option<String>,
}

/// A container's page in the Drive, or a dataset's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DriveView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// The resource; `None` where a Member or External sees "Shared with you" instead of the root.
    pub resource: Option<ResourceView>,
    /// What is in it.
    pub rows: Page<RowView>,
    /// How many rows there are in all, counted up to [`COUNTED`]; `None` where nobody counts (search).
    pub total: Option<u64>,
    /// The timeline of a site (DRIVE-6); sites only.
    pub timeline: Option<task::TimelineView>,
    /// The folders around it, for the tree beside the list; empty where the reader does not see the root.
    pub tree: Vec<Branch>,
    /// Whether I may put something new here.
    pub create: Control,
    /// What the licences here do not allow.
    pub lacking: MissingEntitlements,
    /// Through whose eyes it is shown, if not through my own (**View as**): then nothing can be changed.
    pub view_as: Option<view_as::ViewAs>,
    /// Whether something was shared with me that is in no account I see: then there is a page of that, besides these.
    pub shared_elsewhere: bool,
    /// What having it processed would cost (LIC-2); datasets that are not paid for yet, for who may have them processed.
    pub processing: Option<licence::ProcessingView>,
    /// What is offered to other organizations (XFER-18); for Owners and Managers.
    pub offered: Vec<transfer::Offered>,
}

/// How far a page counts the rows of a list; the browser asks for more when it comes to that.
pub const COUNTED: i64 = 1_000;

/// A folder in the tree beside the list, one line each from top to bottom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Branch {
    /// Id.
    pub id: ResourceId,
    /// Name.
    pub name: String,
    /// Kind: the root or a folder.
    pub kind: Kind,
    /// How far it is indented.
    pub depth: u64,
    /// Whether it is on the way to what is shown.
    pub open: bool,
    /// Whether it is what is shown.
    pub current: bool,
}

/// More rows of a list that is shown already.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MoreRows {
    /// The rows.
    pub rows: Vec<RowView>,
    /// How many there are in all.
    pub total: u64,
}

/// A place in the Move to dialog.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DestinationRow {
    /// Id.
    pub id: ResourceId,
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// Why one cannot go in there, if so ("Not a folder").
    pub why_not: Option<String>,
}

/// What the Move to dialog shows: an organization, a container in it, and what is in that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DestinationView {
    /// Names of the first few selected items.
    pub items: Vec<Crumb>,
    /// How many items are selected.
    pub count: u64,
    /// The organization the items are in.
    pub source: OrganizationId,
    /// All my organizations, for the dialog's own switcher.
    pub organizations: Vec<OrganizationMembership>,
    /// The one that is shown.
    pub organization: OrganizationMembership,
    /// Its accounts that I see, where these are several (ACCT-4).
    pub accounts: Vec<accounts::AccountLink>,
    /// From its root down to the container shown.
    pub path: Vec<Crumb>,
    /// What is in that container.
    pub rows: Page<DestinationRow>,
    /// Whether a folder can be made here.
    pub create: Control,
    /// Whether **Move here** can be pressed, and why not.
    pub move_here: Control,
    /// Whether I may offer the items to an organization that I am not in (XFER-18).
    pub may_offer: bool,
}

/// A plan, for the confirmation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlanView {
    /// What would happen and what is in the way.
    pub plan: Plan,
    /// What to send back to confirm exactly this plan (XFER-15).
    pub digest: String,
    /// The source organization's name.
    pub source_name: String,
    /// The target organization's name.
    pub target_name: String,
    /// The target organization's Org ID.
    pub target_org_id: String,
    /// Whether nothing but access made by hand is in the way, and the reader may take that away (XFER-2).
    pub may_take_access: bool,
}

/// What a finished transfer leaves for both organizations to read (XFER-18).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptView {
    /// Id.
    pub id: TransferId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: PersonId,
    /// Their name.
    pub by_name: String,
    /// The source organization's name at the time.
    pub source_name: String,
    /// The target organization's name at the time.
    pub target_name: String,
    /// The target organization's Org ID, if the reader may open it.
    pub target_org_id: Option<String>,
    /// What was done.
    pub plan: Plan,
    /// The transfer that this one undid.
    #[serde(default)]
    pub undoes: Option<TransferId>,
    /// The transfer that undid this one.
    #[serde(default)]
    pub undone_by: Option<TransferId>,
    /// Whether it can be taken back, and why not.
    pub undo: Control,
}
