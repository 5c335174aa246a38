//! The state of Manage People, as its address says: which people are listed, and which dialog is open over them.

use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use crate::paths::{self, Address};

/// A dialog over the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeopleDialog {
    #[default]
    Nothing,
    /// **Invite people**.
    Invite {
        /// What Members get access to; empty for nothing.
        resource: String,
        /// The address to start with; empty for none.
        email: String,
    },
    /// Creates a person's account (PEOPLE-8).
    Create,
    /// **Remove user**: these ids.
    Remove(Vec<String>),
    /// **Accounts** of this person (ACCT-2).
    Limits(String),
    /// **Limits** of this person (JOB-5).
    Caps(String),
    /// Asks before a role is changed.
    Role { person: String, to: String },
}

impl PeopleDialog {
    /// What the page loads for the dialog: people's ids, whether it invites, and the resource.
    pub fn asks(&self) -> (String, bool, String) {
        match self {
            Self::Nothing | Self::Create | Self::Limits(_) | Self::Caps(_) => (String::new(), false, String::new()),
            Self::Invite { resource, .. } => (String::new(), true, resource.clone()),
            Self::Remove(ids) => (ids.join(","), false, String::new()),
            Self::Role { person, .. } => (person.clone(), false, String::new()),
        }
    }

    /// The person whose **Accounts** the page loads; empty for nobody.
    pub fn limits_of(&self) -> String {
        match self {
            Self::Limits(person) => person.clone(),
            _ => String::new(),
        }
    }

    /// The person whose **Limits** the page loads; empty for nobody.
    pub fn caps_of(&self) -> String {
        match self {
            Self::Caps(person) => person.clone(),
            _ => String::new(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleRoute {
    pub org: String,
    /// What is searched for.
    pub query: String,
    /// Only this role.
    pub role: String,
    /// Only this status.
    pub status: String,
    /// The column to sort by, with `-` in front for descending; empty for the default order.
    pub sort: String,
    /// The cursor of this page.
    pub cursor: String,
    pub open: PeopleDialog,
}

impl PeopleRoute {
    /// Reads an address of Manage People; `None` for any other.
    pub fn read(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        let ["o", org, "people"] = segments else { return None };
        let get = |name: &str| query.get(name).unwrap_or_default();
        let items: Vec<String> = query
            .get_all("item")
            .unwrap_or_default()
            .iter()
            .flat_map(|item| item.split(','))
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect();
        let open = match get("dialog").as_str() {
            "invite" => PeopleDialog::Invite { resource: get("resource"), email: get("email") },
            "create" => PeopleDialog::Create,
            "remove" if !items.is_empty() => PeopleDialog::Remove(items),
            "accounts" if !get("person").is_empty() => PeopleDialog::Limits(get("person")),
            "limits" if !get("person").is_empty() => PeopleDialog::Caps(get("person")),
            "role" if !get("person").is_empty() => PeopleDialog::Role { person: get("person"), to: get("to") },
            _ => PeopleDialog::Nothing,
        };
        Some(Self {
            org: (*org).to_owned(),
            query: get("q"),
            role: get("role"),
            status: get("status"),
            sort: get("sort"),
            cursor: get("cursor"),
            open,
        })
    }

    fn list(&self, sort: &str, cursor: &str) -> Address {
        Address::new(paths::people(&self.org))
            .with("q", &self.query)
            .with("role", &self.role)
            .with("status", &self.status)
            .with("sort", sort)
            .with("cursor", cursor)
    }

    /// The page without a dialog.
    pub fn address(&self) -> String {
        self.list(&self.sort, &self.cursor).text()
    }

    /// The same people in another order.
    pub fn sorted(&self, sort: &str) -> String {
        self.list(sort, "").text()
    }

    /// Another page of the same list.
    pub fn page(&self, cursor: &str) -> String {
        self.list(&self.sort, cursor).text()
    }

    /// The list without search and filters.
    pub fn everybody(&self) -> String {
        paths::people(&self.org)
    }

    /// Whether there is a search text or a filter.
    pub fn is_filtered(&self) -> bool {
        !(self.query.is_empty() && self.role.is_empty() && self.status.is_empty())
    }

    pub fn remove(&self, ids: &[String]) -> String {
        self.list(&self.sort, &self.cursor).with("dialog", "remove").with_all("item", ids).text()
    }

    pub fn limits(&self, person: &str) -> String {
        self.list(&self.sort, &self.cursor).with("dialog", "accounts").with("person", person).text()
    }

    pub fn caps(&self, person: &str) -> String {
        self.list(&self.sort, &self.cursor).with("dialog", "limits").with("person", person).text()
    }

    /// Creates a person's account.
    pub fn create(&self) -> String {
        self.list(&self.sort, &self.cursor).with("dialog", "create").text()
    }

    /// **Invite people**, with an address that is known already.
    pub fn invite(&self, email: &str) -> String {
        self.list(&self.sort, &self.cursor).with("dialog", "invite").with("email", email).text()
    }
}
