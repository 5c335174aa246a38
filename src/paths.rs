//! Every address of the user interface, written in one place.

/// The welcome page: Your organizations.
pub const WELCOME: &str = "/";

/// **New organization** (ORG-1).
pub const NEW_ORGANIZATION: &str = "/organizations/new";

/// Sign in, and where to go afterwards.
pub fn sign_in(next: &str) -> String {
    Address::new("/signin").with("next", next).text()
}

/// Sign up, and where to go afterwards.
pub fn sign_up(next: &str) -> String {
    Address::new("/signup").with("next", next).text()
}

/// The Org ID of an address that is in an organization.
pub fn org_of(address: &str) -> Option<String> {
    let rest = address.strip_prefix("/o/")?;
    rest.split(['/', '?', '#']).next().filter(|org| !org.is_empty()).map(str::to_owned)
}

/// Home of an organization (ORG-7).
pub fn home(org: &str) -> String {
    format!("/o/{}", encode(org))
}

/// A container or a dataset in the Drive; the root where `resource` is empty.
pub fn drive(org: &str, resource: &str) -> String {
    if resource.is_empty() {
        format!("/o/{}/drive", encode(org))
    } else {
        format!("/o/{}/drive/{}", encode(org), encode(resource))
    }
}

/// The viewer of a dataset (VIEW-1).
pub fn viewer(org: &str, dataset: &str) -> String {
    format!("{}/view", drive(org, dataset))
}

/// The viewer of a dataset, compared with a second one (VIEW-6).
pub fn comparison(org: &str, dataset: &str, second: &str) -> String {
    Address::new(viewer(org, dataset)).with("with", second).text()
}

/// The viewer of a dataset that a link shows (VIEW-4).
pub fn link_viewer(token: &str, dataset: &str) -> String {
    format!("/s/{}/view/{}", encode(token), encode(dataset))
}

/// The viewer of a dataset that a link shows, compared with a second one (VIEW-6).
pub fn link_comparison(token: &str, dataset: &str, second: &str) -> String {
    Address::new(link_viewer(token, dataset)).with("with", second).text()
}

/// The page of something that a link shows (LINK-1).
pub fn link_target(token: &str, resource: &str) -> String {
    format!("/s/{}/{}", encode(token), encode(resource))
}

/// A preview of a photo, for who has a link to it.
pub fn link_file_preview(token: &str, dataset: &str, number: i64, pixels: u32) -> String {
    format!("{}/files/{number}/preview?size={pixels}", link_target(token, dataset))
}

/// The bytes of a file of a dataset (FILE-4).
pub fn file_content(dataset: &str, number: i64) -> String {
    format!("/api/v1/datasets/{}/files/{number}/content", encode(dataset))
}

/// Files of a dataset as a ZIP (FILE-4): of a `side`, `input`, `output` or `all`; those with these numbers, or all of them where
/// there are none.
pub fn dataset_zip(dataset: &str, side: &str, numbers: &[String]) -> String {
    Address::new(format!("/api/v1/datasets/{}/zip", encode(dataset)))
        .with("side", side)
        .with("numbers", numbers.join(","))
        .text()
}

/// The files of every dataset in a container as a ZIP (FILE-4).
pub fn resource_zip(resource: &str) -> String {
    format!("/api/v1/resources/{}/zip", encode(resource))
}

/// A job (JOB-3).
pub fn job(org: &str, job: &str) -> String {
    format!("/o/{}/monitor/{}", encode(org), encode(job))
}

/// The jobs of an organization as CSV (JOB-3).
pub fn jobs_export(org: &str) -> String {
    format!("/api/v1/orgs/{}/jobs/export", encode(org))
}

/// A preview of a photo, for `<img>`, with so many pixels on its longer side: 320 or 1600 (FILE-5).
pub fn file_preview(dataset: &str, number: i64, pixels: u32) -> String {
    format!("/api/v1/datasets/{}/files/{number}/preview?size={pixels}", encode(dataset))
}

/// A tile of a layer, for `<img>` (VIEW-1): of a person, or of whoever has a link with a `token`. Its place
/// is the level, the column and the row.
pub fn layer_tile(token: Option<&str>, dataset: &str, number: i64, (level, x, y): (u32, u32, u32)) -> String {
    let dataset = encode(dataset);
    match token {
        None => format!("/api/v1/datasets/{dataset}/layers/{number}/{level}/{x}/{y}"),
        Some(token) => format!("/s/{}/datasets/{dataset}/layers/{number}/{level}/{x}/{y}", encode(token)),
    }
}

/// The annotations of a dataset as a file (VIEW-3): `geojson` or `csv`.
pub fn annotations_file(dataset: &str, format: &str) -> String {
    format!("/api/v1/datasets/{}/annotations.{format}", encode(dataset))
}

/// Where GeoJSON is imported (VIEW-3).
pub fn annotations_import(dataset: &str) -> String {
    format!("/api/v1/datasets/{}/annotations/import", encode(dataset))
}

/// The tiles of a layer as one file (VIEW-1).
pub fn layer_content(dataset: &str, number: i64) -> String {
    format!("/api/v1/datasets/{}/layers/{number}/content", encode(dataset))
}

/// Where the form that uploads without script is sent to; the dataset's id follows.
pub const UPLOAD_FORM: &str = "/upload/";

/// The form that uploads to a dataset without script (FILE-2).
pub fn upload_form(dataset: &str) -> String {
    format!("{UPLOAD_FORM}{}", encode(dataset))
}

/// The trash of an organization's Drive (DRIVE-4).
pub fn trash(org: &str) -> String {
    format!("/o/{}/drive/trash", encode(org))
}

/// **Manage People** (PEOPLE-1).
pub fn people(org: &str) -> String {
    format!("/o/{}/people", encode(org))
}

/// **Invite people**, with what Members are to be given access to; nothing where `resource` is empty.
pub fn invite(org: &str, resource: &str) -> String {
    Address::new(people(org)).with("dialog", "invite").with("resource", resource).text()
}

/// Pending invitations of an organization (PEOPLE-3).
pub fn invitations(org: &str) -> String {
    format!("/o/{}/people/invitations", encode(org))
}

/// The audit log of an organization (AUDIT-1).
pub fn activity(org: &str) -> String {
    format!("/o/{}/activity", encode(org))
}

/// Monitor of an organization: its jobs (JOB-3).
pub fn monitor(org: &str) -> String {
    format!("/o/{}/monitor", encode(org))
}

/// The log of a job as text (JOB-3).
pub fn job_log(job: &str) -> String {
    format!("/api/v1/jobs/{}/log.txt", encode(job))
}

/// Licences and usage of an organization (LIC-1).
pub fn licences(org: &str) -> String {
    format!("/o/{}/licences", encode(org))
}

/// The ledger of a licence (LIC-3).
pub fn licence(org: &str, licence: &str) -> String {
    format!("/o/{}/licences/{}", encode(org), encode(licence))
}

/// Billing of an organization (ORG-4).
pub fn billing(org: &str) -> String {
    format!("/o/{}/billing", encode(org))
}

/// **Contact sales** (ORG-8).
pub fn contact_sales(org: &str) -> String {
    Address::new(billing(org)).with("dialog", "contact-sales").text()
}

/// Organization settings: `part` is a section like `details`; the first one where it is empty.
pub fn settings(org: &str, part: &str) -> String {
    if part.is_empty() {
        format!("/o/{}/settings", encode(org))
    } else {
        format!("/o/{}/settings/{}", encode(org), encode(part))
    }
}

/// My account: `part` is `security` or `privacy`; the profile where it is empty.
pub fn account(part: &str) -> String {
    if part.is_empty() { "/account".to_owned() } else { format!("/account/{}", encode(part)) }
}

/// Forgotten password (AUTH-5).
pub const FORGOT: &str = "/forgot";

/// "Who can do what" (ROLE).
pub fn roles(org: &str) -> String {
    format!("/o/{}/roles", encode(org))
}

/// The transfers of an organization: receipts and offers (XFER-18).
pub fn transfers(org: &str) -> String {
    format!("/o/{}/transfers", encode(org))
}

/// An offer, in one of both organizations (XFER-18).
pub fn offer(org: &str, offer: &str) -> String {
    format!("/o/{}/offers/{}", encode(org), encode(offer))
}

/// The receipt of a transfer (XFER-18).
pub fn receipt(org: &str, transfer: &str) -> String {
    format!("/o/{}/transfers/{}", encode(org), encode(transfer))
}

/// The apps that an organization publishes (JOB-1).
pub fn organization_apps(org: &str) -> String {
    format!("/o/{}/apps", encode(org))
}

/// The apps that the reader may run, in the frame of an organization; of none where `org` is empty.
pub fn apps(org: &str) -> String {
    Address::new("/apps").with("org", org).text()
}

/// An app (JOB-1), in the frame of an organization; of none where `org` is empty.
pub fn app(org: &str, slug: &str) -> String {
    app_dialog(org, slug, "")
}

/// An app with a dialog open over it.
pub fn app_dialog(org: &str, slug: &str, dialog: &str) -> String {
    Address::new(format!("/apps/{}", encode(slug))).with("org", org).with("dialog", dialog).text()
}

/// The form of a new version of an app.
pub fn new_app_version(org: &str, slug: &str) -> String {
    Address::new(format!("/apps/{}/new-version", encode(slug))).with("org", org).text()
}

/// Seats of desktop licences (LIC-5).
pub fn seats(org: &str) -> String {
    format!("/o/{}/seats", encode(org))
}

/// Licences lent and borrowed (ACCT-3).
pub fn loans(org: &str) -> String {
    format!("/o/{}/loans", encode(org))
}

/// My tickets (HELP-1), in the frame of an organization; of none where `org` is empty.
pub fn support(org: &str) -> String {
    Address::new("/support").with("org", org).text()
}

/// **Contact support**: about `page`, an address of this site, and about a request that failed there. Either may be empty.
pub fn contact_support(org: &str, page: &str, request_id: &str) -> String {
    Address::new("/support/new").with("org", org).with("page", page).with("request", request_id).text()
}

/// A ticket of mine, in the frame of an organization; of none where `org` is empty.
pub fn ticket(org: &str, number: i64) -> String {
    Address::new(format!("/support/{number}")).with("org", org).text()
}

/// Builds a path with a query. Empty values are left out.
#[derive(Clone, Debug)]
pub struct Address {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Address {
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: Vec::new() }
    }

    /// Adds a parameter, unless it is empty. Names may repeat.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.query.push((name, value));
        }
        self
    }

    /// One parameter of the same name per value.
    pub fn with_all<'a>(mut self, name: &'static str, values: impl IntoIterator<Item = &'a String>) -> Self {
        for value in values {
            self = self.with(name, value.clone());
        }
        self
    }

    /// The address as a string.
    pub fn text(&self) -> String {
        let mut text = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&encode(value));
        }
        text
    }
}

/// The digits of percent-encoding.
const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// Percent-encodes everything but RFC 3986's unreserved characters. Server and browser must write the same link, so the
/// browser's own function cannot be used.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.bytes().all(plain) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(HEX[usize::from(byte >> 4)]);
            encoded.push(HEX[usize::from(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_leave_out_what_is_empty_and_encode_what_is_not() {
        let address =
            Address::new("/o/a/drive").with("sort", "").with("cursor", "a b&c=é").with("item", "1").with("item", "2");
        assert_eq!(address.text(), "/o/a/drive?cursor=a%20b%26c%3D%C3%A9&item=1&item=2");
        assert_eq!(sign_in("/o/x?y=z"), "/signin?next=%2Fo%2Fx%3Fy%3Dz");
        assert_eq!(sign_in(""), "/signin");
    }
}
