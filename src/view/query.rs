//! What pages ask for: what stands in their address. The browser reads it there, a server function carries it, a use case
//! checks it.
//!
//! Everything is text, ids too: an address may say anything, and only the use case knows that what is no id is "not found".

use serde::{Deserialize, Serialize};

/// A page of the Drive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DriveQuery {
    /// The Org ID.
    pub org: String,
    /// The container or dataset; empty for the root of the first account that the reader sees; `shared` for what was shared
    /// with them.
    pub resource: String,
    /// What is searched for in the whole organization; empty for a container.
    pub q: String,
    /// Only of this kind; empty for every kind.
    pub kind: String,
    /// Only datasets in this state; empty for every state.
    pub status: String,
    /// `name`, `kind`, `size` or `modified_at`, with `-` in front for the other direction; empty for `name`.
    pub sort: String,
    /// Where the page starts.
    pub cursor: String,
    /// As whom it is looked at (**View as**): a person's id; empty for oneself.
    pub view_as: String,
    /// Whether the overview of a dataset is shown, which says when its photos were taken.
    pub overview: bool,
}

/// More rows of a list in the Drive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DriveRowsQuery {
    /// The container.
    pub resource: String,
    /// As in [`DriveQuery::kind`].
    pub kind: String,
    /// As in [`DriveQuery::status`].
    pub status: String,
    /// As in [`DriveQuery::sort`].
    pub sort: String,
    /// How many rows come before the first one that is wanted.
    pub at: u64,
    /// As in [`DriveQuery::view_as`].
    pub view_as: String,
}

/// Files of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetFilesQuery {
    /// The dataset.
    pub dataset: String,
    /// `input` or `output`.
    pub side: String,
    /// Only files with this in their path.
    pub query: String,
    /// Where the page starts.
    pub cursor: String,
    /// As in [`DriveQuery::view_as`].
    pub view_as: String,
}

/// A file of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilePageQuery {
    /// The dataset.
    pub dataset: String,
    /// Its number there.
    pub number: String,
    /// As in [`DriveQuery::view_as`].
    pub view_as: String,
}

/// What the built-in apps made of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SurveyQuery {
    /// The dataset.
    pub dataset: String,
    /// As in [`DriveQuery::view_as`].
    pub view_as: String,
}

/// A place in the dialogs **Move to** and **Copy to**.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DestinationsQuery {
    /// What is to go somewhere: ids with commas between them.
    pub items: String,
    /// The Org ID of the organization that is shown; empty for the items' own.
    pub org: String,
    /// The container that is shown; empty for the root.
    pub container: String,
    /// Where the page of that container starts.
    pub cursor: String,
    /// Whether the items are to be copied.
    pub copying: bool,
}

/// An offer, and the place that whoever takes it is choosing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfferQuery {
    /// The Org ID.
    pub org: String,
    /// The offer.
    pub id: String,
    /// The container that is shown as a place for it; empty for the root.
    pub inside: String,
    /// Where the page of that container starts.
    pub cursor: String,
}

/// The receipts of an organization, or its offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TransfersQuery {
    /// The Org ID.
    pub org: String,
    /// Offers instead of receipts.
    pub offers: bool,
    /// `in` or `out`; empty for both.
    pub direction: String,
    /// Where the page starts.
    pub cursor: String,
}

/// Seats of an organization's desktop licences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeatsQuery {
    /// The Org ID.
    pub org: String,
    /// Only this licence; empty for all of them.
    pub licence: String,
    /// Where the page starts.
    pub cursor: String,
    /// Whether somebody is to be given a seat: then those who can have one come along.
    pub giving: bool,
}

/// The audit log of an organization: the lines behind `older`, or before `newer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityQuery {
    /// The Org ID.
    pub org: String,
    /// Only what this person or credential key did.
    pub actor: String,
    /// Only this action.
    pub action: String,
    /// A day: not before it.
    pub from: String,
    /// A day: not after it.
    pub to: String,
    /// The line behind which the page starts.
    pub older: String,
    /// The line before which the page ends.
    pub newer: String,
}

/// The ledger of a licence: the entries behind `older`, or before `newer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerQuery {
    /// The Org ID.
    pub org: String,
    /// The licence.
    pub id: String,
    /// Only entries of this kind.
    pub kind: String,
    /// A day: not before it.
    pub from: String,
    /// A day: not after it.
    pub to: String,
    /// The entry behind which the page starts.
    pub older: String,
    /// The entry before which the page ends.
    pub newer: String,
}

/// The page Manage People.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeopleQuery {
    /// The Org ID.
    pub org: String,
    /// What name or email contains.
    pub query: String,
    /// Only this role.
    pub role: String,
    /// Only this status.
    pub status: String,
    /// `name`, `email`, `role`, `status` or `last_seen`, with `-` in front for the other direction; empty for `name`.
    pub sort: String,
    /// Where the page starts.
    pub cursor: String,
    /// What the open dialog needs to know.
    pub dialog: PeopleDialogQuery,
}

/// What a dialog on the page Manage People is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeopleDialogQuery {
    /// The ids of people, or the id of an invitation, with commas between them.
    pub chosen: String,
    /// Whether it is **Invite people**.
    pub inviting: bool,
    /// What Members are to be invited to, where the address says it.
    pub resource: String,
    /// The person whose **Accounts** are asked for.
    pub limits_of: String,
    /// The person whose **Limits** are asked for.
    pub caps_of: String,
}

/// A file that somebody wants to upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlannedFileQuery {
    /// Its path below what was chosen.
    pub path: String,
    pub bytes: i64,
    /// When it was changed last, as RFC 3339 writes it; empty where that is not known.
    pub modified: String,
}

/// The plan of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadPlanQuery {
    /// The dataset; for a new one, the container it is made in.
    pub place: String,
    /// What a new dataset is called.
    pub name: String,
    /// `ask`, `keep_both`, `replace` or `skip`; empty for `ask`.
    pub on_conflict: String,
    pub files: Vec<PlannedFileQuery>,
}

/// The dialog **Process**.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessQuery {
    /// The dataset.
    pub dataset: String,
    /// The slug of the chosen app; empty for one that makes sense.
    pub app: String,
}

/// The viewer of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewerQuery {
    /// The dataset.
    pub dataset: String,
}

/// The dataset that another one is compared with in the viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompareQuery {
    /// The token of the link; empty for a person.
    pub token: String,
    /// The viewer's dataset.
    pub dataset: String,
    /// The one that it is compared with; empty for none.
    pub with: String,
}

/// The viewer of a dataset that a link shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkViewerQuery {
    /// The token of the link.
    pub token: String,
    /// The dataset.
    pub dataset: String,
}

/// The jobs of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetJobsQuery {
    /// The dataset.
    pub dataset: String,
    /// Where the page starts.
    pub cursor: String,
}

/// The page Monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MonitorQuery {
    /// The Org ID.
    pub org: String,
    /// Only jobs in this state.
    pub state: String,
    /// Only jobs of the app with this slug.
    pub app: String,
    /// Only those that this person started; `me` for oneself.
    pub person: String,
    /// Only those on this dataset.
    pub dataset: String,
    /// A day: not before it.
    pub from: String,
    /// A day: not after it.
    pub to: String,
    /// Where the page starts.
    pub cursor: String,
}

/// The page of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobQuery {
    /// The Org ID.
    pub org: String,
    /// The job.
    pub id: String,
    /// Which lines of its log.
    pub log: LogQuery,
    /// Whether somebody is about to run it again: then the price comes along.
    pub again: bool,
}

/// Some lines of a job's log: the last ones, unless it says where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// The lines from this number on.
    pub from: String,
    /// The lines before this number.
    pub before: String,
    /// Only lines with this in them.
    pub find: String,
    /// Only lines that matter so much: `warning` or `error`.
    pub level: String,
}

/// The page with one's tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketsQuery {
    /// Where the page starts.
    pub cursor: String,
}

/// The page of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketQuery {
    /// Its number.
    pub number: String,
}
