//! The page of a container or a dataset, once it is loaded.

use leptos::prelude::*;

use super::{
    dataset::{DatasetContent, FilesState, LoadedFiles},
    details::Details,
    filters::Filters,
    header::ContainerHeader,
    list::List,
    restrict::RestrictedNote,
    route::Listing,
    search::SearchField,
    selection::Selection,
    site::Timeline,
    tree::Tree,
    view_as::ViewAsBanner,
    view_mode::ViewModeSwitch,
    virtual_rows::VirtualRows,
};
use crate::{
    domain::{
        resource::Kind,
        role::{Permission, may},
        time::Timestamp,
    },
    paths,
    rpc::FormFlash,
    ui::{
        components::{
            button::{ButtonLink, Tone},
            note::{Note, Severity},
        },
        layout::PageHeader,
        sales::GetLicence,
        uploads::entry::{ContainerUploads, DatasetUploads},
    },
    view::{Control, DriveView},
};

#[component]
pub fn DriveContent(
    drive: DriveView,
    listing: Listing,
    selection: Selection,
    rows: VirtualRows,
    files: LoadedFiles,
    files_state: FilesState,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let team = !drive.organization.personal;
    let view_as = drive.view_as.clone();
    let own = view_as.is_none();
    let invites = own && team && drive.organization.role.is_some_and(|role| may(role, Permission::ManagePeople));
    let header = match &drive.resource {
        Some(resource) => {
            view! { <ContainerHeader resource=resource.clone() listing=listing.clone() create=drive.create.clone() no_sites=drive.lacking.assign.clone() expired=drive.lacking.create.clone() invites team=team && own shared_elsewhere=drive.shared_elsewhere lacking=drive.lacking.clone() upload=drive.upload.clone()/> }
                .into_any()
        }
        None if !listing.q.is_empty() => {
            let lead = format!("In everything that you can see in {}.", drive.organization.name);
            view! { <PageHeader title=format!("Results for “{}”", listing.q) lead/> }.into_any()
        }
        None => {
            let lead = format!("What people in {} shared with you.", drive.organization.name);
            let trash = paths::trash(&listing.org);
            view! {
                <PageHeader title="Shared with you" lead>
                    {own.then(|| view! { <ButtonLink href=trash tone=Tone::Quiet icon="trash">"Trash"</ButtonLink> })}
                </PageHeader>
            }
            .into_any()
        }
    };
    let dataset = drive.resource.clone().filter(|resource| resource.kind == Kind::Dataset);
    // A dataset's page has the whole width for its files.
    let tree = if dataset.is_some() { Vec::new() } else { drive.tree.clone() };
    let details = listing.view_mode.details && dataset.is_none();
    let panel =
        details.then(|| view! { <Details resource=drive.resource.clone() selection listing=listing.clone() offered=drive.offered.clone() now/> });
    let narrow = dataset.is_none() && (drive.resource.is_some() || !listing.q.is_empty());
    let timeline = drive.timeline.clone();
    let expired = drive.lacking.create.clone().filter(|_| drive.resource.is_some());
    let org = listing.org.clone();
    let origins = drive.resource.as_ref().map(|resource| resource.restricted_by.clone()).unwrap_or_default();
    let level = drive.resource.as_ref().map(|resource| resource.level);
    let drop = drop_attributes(&drive, own);
    let uploads = dataset.clone().filter(|_| own).map(|resource| {
        let (dataset, place, discard) =
            ((resource.id.to_string(), resource.name), drive.upload.clone(), listing.discard_dialog());
        view! { <DatasetUploads dataset place discard flash=flash.clone()/> }
    });
    let adds = own && drive.create == Control::Enabled;
    let container = drive.resource.as_ref().filter(|shown| shown.kind.may_hold(Kind::Dataset));
    let into_new = container.map(|shown| {
        view! { <ContainerUploads container=shown.id.to_string() adds flash=flash.clone()/> }
    });
    let note = view_as.map(|view_as| view! { <ViewAsBanner view_as level listing=listing.clone()/> });
    view! {
        {note}
        {header}
        {expired.map(|reason| view! { <LicenceNote reason org/> })}
        <RestrictedNote origins/>
        {into_new}
        {dataset.is_none().then(|| view! {
            <div class="drive-tools">
                <SearchField listing=listing.clone() organization=drive.organization.name.clone()/>
                {narrow.then(|| view! { <Filters listing=listing.clone()/> })}
                {narrow.then(|| view! { <ViewModeSwitch listing=listing.clone()/> })}
            </div>
        })}
        {timeline.map(|timeline| view! { <Timeline timeline listing=listing.clone()/> })}
        <div class="drive-columns" class:with-details=details data-upload=drop.0 data-upload-kind=drop.1 data-upload-name=drop.2>
            <Tree tree several=drive.resource.as_ref().is_some_and(|shown| shown.account_name.is_some()) listing=listing.clone()/>
            {match dataset {
                Some(resource) => {
                    let holds = drive.files.unwrap_or_default();
                    view! { <div class="drive-page">{uploads}<DatasetContent resource listing lacking=drive.lacking holds outdated=drive.outdated files state=files_state now flash/></div> }.into_any()
                }
                None => view! { <div class="drive-page"><List drive listing selection rows now/></div> }.into_any(),
            }}
            {panel}
        </div>
    }
}

/// What `ui::uploads` reads of a list or a dataset's page that files are dropped on: the id, empty where nothing can be added to it, the
/// kind, and the name. None where the page is shown as somebody else sees it.
fn drop_attributes(drive: &DriveView, own: bool) -> (Option<String>, Option<&'static str>, Option<String>) {
    if !own {
        return (None, None, None);
    }
    let Some(resource) = &drive.resource else { return (Some(String::new()), None, None) };
    let control = drive.upload.as_ref().map_or(&drive.create, |place| &place.control);
    let id = if *control == Control::Enabled { resource.id.to_string() } else { String::new() };
    (Some(id), Some(resource.kind.as_str()), Some(resource.name.clone()))
}

/// What an expired licence disables (LIC-6), and how to get one.
#[component]
fn LicenceNote(reason: String, org: String) -> impl IntoView {
    view! {
        <Note severity=Severity::Warning>
            <p>{reason}</p>
            <div><GetLicence org/></div>
        </Note>
    }
}
