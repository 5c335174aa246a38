//! The overview of a dataset (DRIVE-6): its commands, and the facts about it.

use leptos::prelude::*;

use super::super::{
    immediate::{TrashForm, UnassignForm},
    route::{Listing, root_of},
};
use crate::{
    domain::{
        command::{Command, MissingEntitlements, control},
        file::Side,
        file_command::{self, FileCommand, FilesTarget},
        photo::CaptureTime,
        resource::Kind,
        time::Timestamp,
    },
    paths,
    rpc::FormFlash,
    ui::{
        components::{
            button::{BlockedButton, ButtonLink},
            icon::Icon,
            table::Fact,
        },
        words::{self, Moment, When},
    },
    view::{Control, DatasetView, ResourceView, file::DatasetFiles},
};

/// The facts about a dataset, and its commands.
#[component]
pub fn Overview(
    resource: ResourceView,
    listing: Listing,
    lacking: MissingEntitlements,
    holds: DatasetFiles,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    // Once the dataset is gone from here, the page to show is its container.
    let around = resource.path.iter().rev().nth(1);
    let several = resource.account_name.is_some();
    let around = around.map_or(String::new(), |crumb| match crumb.kind {
        Kind::Root => root_of(crumb.id, several),
        _ => crumb.id.to_string(),
    });
    let around = paths::drive(&listing.org, &around);
    let is_view_as = listing.is_view_as();
    let actions = Command::ALL
        .into_iter()
        // **Share** is in the header, on every tab.
        .filter(|command| !is_view_as && *command != Command::Share)
        .filter_map(|command| {
            let usable = control(command, resource.target(), &lacking) == Control::Enabled;
            let item = resource.id.to_string();
            match command {
                Command::Trash if usable => {
                    Some(view! { <TrashForm item back=around.clone() flash=flash.clone()/> }.into_any())
                }
                Command::Unassign if usable => {
                    Some(view! { <UnassignForm item back=listing.address() flash=flash.clone()/> }.into_any())
                }
                _ => command_button(command, &resource, &listing, &lacking),
            }
        })
        .collect_view();
    let download = (!is_view_as && holds.inputs + holds.outputs > 0).then(|| {
        let target = FilesTarget {
            side: Side::Input,
            level: resource.level,
            restrictions: resource.restrictions,
            held: holds.held,
        };
        view! { <DownloadAll href=paths::dataset_zip(&resource.id.to_string(), "all", &[]) target/> }
    });
    let contents = view! { <Contents holds/> };
    let facts = resource.dataset.map(|dataset| view! { <DatasetFacts dataset/> });
    view! {
        {(!is_view_as).then(|| view! { <div class="bar">{download}{actions}</div> })}
        <section class="panel tile" aria-labelledby="details">
            <h2 id="details">"Details"</h2>
            <dl class="facts">
                {facts}
                {contents}
                <Fact label="Access">{resource.access.label()}</Fact>
                <Fact label={if is_view_as { "Their access" } else { "Your access" }}>{resource.level.label()}</Fact>
                <Fact label="Owner">{resource.created_by_name.unwrap_or_else(|| "—".to_owned())}</Fact>
                <Fact label="Created"><Moment at=resource.created_at/></Fact>
                <Fact label="Modified"><When at=resource.modified_at now/></Fact>
            </dl>
        </section>
    }
}

/// The button that opens the dialog of a command, or says why it cannot be used; nothing where it is not there at all.
pub fn command_button(
    command: Command,
    resource: &ResourceView,
    listing: &Listing,
    lacking: &MissingEntitlements,
) -> Option<AnyView> {
    match control(command, resource.target(), lacking) {
        Control::Absent => None,
        Control::Disabled(reason) => {
            Some(view! { <BlockedButton label=command.label() reason icon=command.icon()/> }.into_any())
        }
        Control::Enabled => {
            let href = listing.dialog(command, &[resource.id.to_string()]);
            let button = view! { <ButtonLink href icon=command.icon() in_place=true>{command.label()}</ButtonLink> };
            Some(button.into_any())
        }
    }
}

/// How much is in each place of a dataset that has files.
#[component]
fn Contents(holds: DatasetFiles) -> impl IntoView {
    let amount = |files, bytes| format!("{}, {}", words::counted(files, "file", "files"), words::size(bytes));
    let DatasetFiles { inputs, input_bytes, outputs, output_bytes, taken, .. } = holds;
    // "21 Nov 2026, 10:14": by the cameras' clocks, which mostly do not say their time zone.
    let clock = |at: Timestamp| CaptureTime { clock: at, offset_minutes: None }.words();
    let taken = taken.map(|(first, last)| {
        let (from, to) = (clock(first), clock(last));
        let until = match (from.rsplit_once(", "), to.rsplit_once(", ")) {
            (Some((day, _)), Some((same, time))) if day == same => time.to_owned(),
            _ => to.clone(),
        };
        if from == to { from } else { format!("{from} to {until}") }
    });
    (inputs + outputs > 0).then(|| {
        view! {
            {taken.map(|taken| view! { <Fact label="Photos taken"><span class="num">{taken}</span></Fact> })}
            <Fact label="Files"><span class="num">{amount(inputs, input_bytes)}</span></Fact>
            <Fact label="Results"><span class="num">{amount(outputs, output_bytes)}</span></Fact>
        }
    })
}

/// **Download all**: a ZIP, or why there is none.
#[component]
pub fn DownloadAll(
    /// Where the ZIP is.
    href: String,
    target: FilesTarget,
) -> impl IntoView {
    match file_command::control(FileCommand::Download, target) {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => view! { <BlockedButton label="Download all" reason icon="download"/> }.into_any(),
        Control::Enabled => view! {
            // The router must leave it to the browser, which stays on this page.
            <a class="button" rel="external" download="" href=href><Icon name="download"/>"Download all"</a>
        }
        .into_any(),
    }
}

/// The facts about a dataset, on its page and in the details panel.
#[component]
pub fn DatasetFacts(dataset: DatasetView) -> impl IntoView {
    view! {
        <Fact label="Status"><span class=words::status_tone(dataset.status)>{dataset.status.label()}</span></Fact>
        <Fact label="Images"><span class="num">{words::count(dataset.images)}</span></Fact>
        <Fact label="Size"><span class="num">{words::size(dataset.bytes)}</span></Fact>
        {dataset.captured_on.map(|day| view! { <Fact label="Captured on">{crate::domain::time::Day::words(day)}</Fact> })}
        <Fact label="Cluster location">{words::cluster(&dataset.cluster)}</Fact>
    }
}
