//! The header of a container: breadcrumbs, and what can be made in it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    dataset::{DatasetActions, overview::command_button},
    route::{Listing, SHARED_WITH_ME, root_of},
};
use crate::{
    domain::{
        access::Act,
        command::{Command, MissingEntitlements},
        file_command::download_control,
        resource::Kind,
    },
    paths,
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{BlockedButton, ButtonLink, Tone},
            icon::Icon,
            menu::Menu,
        },
        layout::FocusHeading,
        uploads::{Target, entry::UploadMenu},
        words,
    },
    view::{Control, ResourceView, file::UploadPlaceView},
};

/// Breadcrumbs, **New**, and links to trash and access.
#[component]
pub fn ContainerHeader(
    resource: ResourceView,
    listing: Listing,
    create: Control,
    /// Why there can be no sites, if so (LIC-4).
    no_sites: Option<String>,
    /// What the note under the header says about the licence; **New** does not repeat it.
    expired: Option<String>,
    invites: bool,
    team: bool,
    shared_elsewhere: bool,
    lacking: MissingEntitlements,
    /// Whether files can be added to it, if it is a dataset.
    upload: Option<UploadPlaceView>,
) -> impl IntoView {
    let way = steps(&resource, &listing, shared_elsewhere);
    let to_invite_to = if resource.kind == Kind::Root { String::new() } else { resource.id.to_string() };
    let invite = paths::invite(&listing.org, &to_invite_to);
    let name = resource.name.clone();
    let is_dataset = resource.kind == Kind::Dataset;
    let upload_control = if is_dataset {
        upload.map(|place| place.control)
    } else {
        resource.kind.may_hold(Kind::Dataset).then(|| create.clone())
    };
    let upload = upload_control.filter(|_| !listing.is_view_as()).map(|control| {
        let reason_shown = matches!((&control, &expired), (Control::Disabled(reason), Some(shown)) if reason == shown);
        let this = Some((resource.id.to_string(), resource.name.clone()));
        let target = if is_dataset {
            Target { container: None, dataset: this }
        } else {
            Target { container: this, dataset: None }
        };
        view! { <UploadMenu target control reason_shown/> }
    });
    let kinds: Vec<Kind> = Kind::CREATABLE.into_iter().filter(|kind| resource.kind.may_hold(*kind)).collect();
    let new = match create {
        _ if kinds.is_empty() => None,
        Control::Absent => None,
        Control::Disabled(reason) => {
            let reason_shown = expired.as_ref() == Some(&reason);
            Some(view! { <BlockedButton label="New" reason tone=Tone::Primary icon="plus" reason_shown/> }.into_any())
        }
        Control::Enabled => {
            let links = kinds
                .into_iter()
                .map(|kind| {
                    let refused = no_sites.clone().filter(|_| kind == Kind::Site);
                    if let Some(reason) = refused {
                        return view! {
                            <span class="menu-off with-icon"><Icon name=words::kind_icon(kind)/>"New site"<small class="menu-note">{reason}</small></span>
                        }
                        .into_any();
                    }
                    view! {
                        <a href=listing.new_dialog(kind) class=kind.as_str() data-noscroll="">
                            <Icon name=words::kind_icon(kind)/>
                            {format!("New {}", kind.label().to_lowercase())}
                        </a>
                    }
                    .into_any()
                })
                .collect_view();
            Some(
                view! {
                    <Menu id="new-menu" label="New" class="button primary" button=|| view! { <Icon name="plus"/> "New" }.into_any()>
                        {links}
                        {invites.then(|| view! {
                            <div class="menu-foot"><a href=invite><Icon name="mail"/>"Invite people"</a></div>
                        })}
                    </Menu>
                }
                .into_any(),
            )
        }
    };
    // A dataset's page has **Manage access** among its commands.
    let manages = resource.level >= Act::GiveAccess.needs() && !is_dataset && team;
    let access = manages.then(|| {
        let href = listing.dialog(Command::Access, &[resource.id.to_string()]);
        view! { <ButtonLink href icon="people" in_place=true>"Manage access"</ButtonLink> }
    });
    // So has **Share**; on the page of a folder it is in the row menu of the folder around it.
    let share = (resource.kind == Kind::Site && !listing.is_view_as())
        .then(|| command_button(Command::Share, &resource, &listing, &lacking));
    let takes = !is_dataset && resource.children_count > 0 && !listing.is_view_as();
    let download = takes.then(|| download_all(&resource));
    let actions =
        is_dataset.then(|| view! { <DatasetActions resource=resource.clone() listing=listing.clone() lacking/> });
    view! {
        <Title text=name/>
        <FocusHeading/>
        <header class="bar page-header">
            <Breadcrumbs id="crumbs" steps=way heading=true/>
            <div class="end">
                {shared_elsewhere.then(|| view! { <ButtonLink href=listing.container(SHARED_WITH_ME) tone=Tone::Quiet icon="people">"Shared with you"</ButtonLink> })}
                {actions}
                {download}
                {(!listing.is_view_as() && !is_dataset).then(|| view! {
                    <ButtonLink href=paths::trash(&listing.org) tone=Tone::Quiet icon="trash">"Trash"</ButtonLink>
                })}
                {share}
                {access}
                {upload}
                {new}
            </div>
        </header>
    }
}

/// **Download all** of what is in a container, as an icon; disabled where the note under the header says why.
fn download_all(resource: &ResourceView) -> impl IntoView + use<> {
    let label = "Download all";
    match download_control(resource.target()) {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => view! {
            <button type="button" class="button icon-only quiet" disabled=true aria-label=label title=reason><Icon name="download"/></button>
        }
        .into_any(),
        Control::Enabled => view! {
            // The router must leave it to the browser, which stays on this page.
            <a class="button icon-only quiet" rel="external" download="" href=paths::resource_zip(&resource.id.to_string()) aria-label=label title=label><Icon name="download"/></a>
        }
        .into_any(),
    }
}

/// The steps from the root to a resource, or from "Shared with you" if the reader does not see the root.
fn steps(resource: &ResourceView, listing: &Listing, shared_elsewhere: bool) -> Vec<Step> {
    let from_root = resource.path.first().is_some_and(|crumb| crumb.kind == Kind::Root);
    let mut steps = Vec::new();
    if !from_root && resource.kind != Kind::Root {
        steps.push(Step::to("Shared with you", listing.container(if shared_elsewhere { SHARED_WITH_ME } else { "" })));
    }
    for crumb in &resource.path {
        let label = crumb.name.clone();
        if crumb.id == resource.id {
            steps.push(Step::here(label));
        } else if crumb.kind == Kind::Root {
            let href = listing.container(&root_of(crumb.id, resource.account_name.is_some()));
            steps.push(Step::to(label, href).holding(crumb.id.to_string(), crumb.kind.as_str()));
        } else {
            let href = listing.container(&crumb.id.to_string());
            steps.push(Step::to(label, href).holding(crumb.id.to_string(), crumb.kind.as_str()));
        }
    }
    // The path always ends with the resource. If it once did not, the page would still need its heading.
    if steps.last().is_none_or(|step| step.href.is_some()) {
        steps.push(Step::here(resource.name.clone()));
    }
    steps
}
