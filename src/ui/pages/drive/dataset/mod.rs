//! A dataset's page (DRIVE-6, FILE-1): a line about it, tabs, and what the chosen tab shows.

pub mod dialogs;
pub mod files;
pub mod overview;
pub mod row;
pub mod show;
pub mod survey;
pub mod zoom;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use self::{
    files::FilesTab,
    overview::{Overview, command_button},
    survey::SurveyTab,
};
use super::{
    files_place::{FilesPlace, Tab},
    route::Listing,
};
use crate::{
    domain::{
        command::{Command, MissingEntitlements, process_control},
        file_command::FilesTarget,
        id::ResourceId,
        resource::DatasetStatus,
        time::{Day, Timestamp},
    },
    paths::{self, Address},
    rpc::{Asked, Failure, FormFlash, ask, file::dataset_files, job::dataset_jobs, survey::dataset_survey},
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            empty::{Empty, Skeleton},
            note::{Note, Severity},
            pages::Pages,
            selection::Selection,
        },
        error_page::ErrorPage,
        pages::jobs::list::JobsTable,
        session::Session,
        words,
    },
    view::{
        Control, DatasetView, Page, ResourceView,
        file::{DatasetFiles, FileView},
        job::JobView,
        query::{DatasetFilesQuery, DatasetJobsQuery, SurveyQuery},
        survey::SurveyView,
    },
};

/// The files that a dataset's page lists. They come with what they are of, so that rows of one dataset are never shown with
/// links of another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadedFiles {
    dataset: String,
    place: FilesPlace,
    /// `None` where the page lists no files.
    page: Option<Result<Page<FileView>, Failure>>,
    /// Of the tab with jobs.
    jobs: Option<Result<Page<JobView>, Failure>>,
    /// Of the tab of that name.
    survey: Option<Result<SurveyView, Failure>>,
}

impl LoadedFiles {
    /// What is listed of a dataset. Nothing where these are the files of another one, which was shown before.
    pub fn place_in(&self, dataset: &str) -> FilesPlace {
        if self.dataset == dataset { self.place.clone() } else { FilesPlace::default() }
    }
}

/// Loads the files that the address asks for.
pub fn load_files(listing: Memo<Listing>, session: Session) -> Asked<LoadedFiles> {
    let wanted = Memo::new(move |_| listing.with(|of| (of.resource.clone(), of.view_as.clone(), of.files.plain())));
    ask(
        move || (wanted.get(), session.version()),
        |((dataset, view_as, place), _)| async move {
            let view_as_nobody = view_as.is_empty();
            let as_whom = view_as.clone();
            let page = match place.tab.side() {
                None => None,
                Some(side) => {
                    let (query, cursor) = (place.find.clone(), place.cursor.clone());
                    let side = side.as_str().to_owned();
                    let query = DatasetFilesQuery { dataset: dataset.clone(), side, query, cursor, view_as };
                    Some(dataset_files(query).await)
                }
            };
            let jobs = if place.tab == Tab::Jobs && view_as_nobody {
                let query = DatasetJobsQuery { dataset: dataset.clone(), cursor: place.cursor.clone() };
                Some(dataset_jobs(query).await)
            } else {
                None
            };
            let survey = if place.tab == Tab::Survey {
                Some(dataset_survey(SurveyQuery { dataset: dataset.clone(), view_as: as_whom }).await)
            } else {
                None
            };
            LoadedFiles { dataset, place, page, jobs, survey }
        },
    )
}

/// What outlives the loaded files: when the same list is loaded again, the selection stays.
#[derive(Clone, Copy)]
pub struct FilesState {
    selection: Selection,
    shown: StoredValue<(String, FilesPlace)>,
}

impl Default for FilesState {
    fn default() -> Self {
        Self { selection: Selection::new(NodeRef::new(), 0), shown: StoredValue::default() }
    }
}

impl FilesState {
    /// Takes files that came with the page. `selected` is what the address selects.
    pub fn adopt(self, loaded: &LoadedFiles, selected: Vec<String>) {
        let of = (loaded.dataset.clone(), loaded.place.clone());
        if self.shown.with_value(|shown| *shown == of) {
            let files = loaded.page.iter().flatten().flat_map(|page| &page.items);
            let numbers: Vec<String> = files.map(|file| file.number.to_string()).collect();
            self.selection.reloaded(|id| numbers.iter().any(|number| number == id));
        } else {
            self.selection.show_list(selected);
            self.shown.set_value(of);
        }
    }
}

/// A dataset's page under its header.
#[component]
pub fn DatasetContent(
    resource: ResourceView,
    listing: Listing,
    lacking: MissingEntitlements,
    holds: DatasetFiles,
    /// The apps whose results are out of date.
    outdated: Vec<String>,
    files: LoadedFiles,
    state: FilesState,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let about = resource.dataset.clone().map(|dataset| view! { <DatasetLine dataset holds/> });
    let images = resource.dataset.as_ref().map_or(0, |dataset| dataset.images);
    let tabs = view! { <Tabs listing=listing.clone() holds images/> };
    let tab = listing.files.tab;
    let old = (matches!(tab, Tab::Overview | Tab::Results) && !outdated.is_empty()).then(|| {
        let process = !listing.is_view_as() && process_control(resource.target(), &lacking) == Control::Enabled;
        view! { <OutdatedNote apps=outdated process=process.then(|| listing.process_dialog(""))/> }
    });
    let content = match tab.side() {
        None if tab == Tab::Jobs => match files.jobs {
            Some(Ok(page)) => view! { <JobsTab page listing dataset=resource.id now/> }.into_any(),
            Some(Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
            None => Skeleton().into_any(),
        },
        None if tab == Tab::Survey => match files.survey {
            Some(Ok(survey)) => view! { <SurveyTab survey listing now flash/> }.into_any(),
            Some(Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
            None => Skeleton().into_any(),
        },
        None => view! { {old}<Overview resource listing lacking holds now flash/> }.into_any(),
        Some(side) => match files.page {
            Some(Ok(page)) => {
                let level = resource.level;
                let target = FilesTarget { side, level, restrictions: resource.restrictions, held: holds.held };
                view! { {old}<FilesTab page listing target holds selection=state.selection now flash/> }.into_any()
            }
            Some(Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
            None => Skeleton().into_any(),
        },
    };
    view! {
        {about}
        {tabs}
        {content}
    }
}

/// Says which results were made of other images than there are now (JOB-3).
#[component]
fn OutdatedNote(
    apps: Vec<String>,
    /// Where they can be made anew.
    process: Option<String>,
) -> impl IntoView {
    let text = format!("The images have changed since these results were made: {}.", apps.join(", "));
    let again = process.map(|href| view! { <p><a href=href data-noscroll="">"Process again"</a></p> });
    view! { <Note severity=Severity::Warning><p>{text}</p>{again}</Note> }
}

/// What everyone wants to know of a dataset, in a line.
#[component]
fn DatasetLine(dataset: DatasetView, holds: DatasetFiles) -> impl IntoView {
    let results = (holds.outputs > 0).then(|| words::counted(holds.outputs, "result", "results"));
    view! {
        <p class="dataset-line num">
            <span class=words::status_tone(dataset.status)>{dataset.status.label()}</span>
            <span>{words::counted(dataset.images, "image", "images")}</span>
            {results.map(|results| view! { <span>{results}</span> })}
            {(dataset.bytes > 0).then(|| view! { <span>{words::size(dataset.bytes)}</span> })}
            {dataset.captured_on.map(|day| view! { <span>"Captured " {Day::words(day)}</span> })}
            <span>{words::cluster(&dataset.cluster)}</span>
        </p>
    }
}

/// The tabs: links, so that each has an address.
#[component]
fn Tabs(
    listing: Listing,
    holds: DatasetFiles,
    /// How many images are processed.
    images: i64,
) -> impl IntoView {
    let links = Tab::ALL
        .into_iter()
        // Jobs are looked at as oneself.
        .filter(|tab| *tab != Tab::Jobs || !listing.is_view_as())
        .map(|tab| {
            let href = listing.with_files(FilesPlace { tab, ..FilesPlace::default() });
            let count = match tab {
                Tab::Overview | Tab::Survey => None,
                // What was left out, and what goes with the images, is there too.
                Tab::Images if holds.inputs > images => {
                    Some(format!("{} of {}", words::count(images), words::count(holds.inputs)))
                }
                Tab::Images => Some(words::count(holds.inputs)),
                Tab::Results => Some(words::count(holds.outputs)),
                Tab::Jobs => Some(words::count(holds.jobs)),
            };
            let here = (listing.files.tab == tab).then_some("page");
            let count = count.map(|count| view! { " " <small class="num">{count}</small> });
            view! { <a href=href aria-current=here data-noscroll="">{tab.label()}{count}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label="Dataset">{links}</nav> }
}

/// The tab with the jobs of a dataset.
#[component]
fn JobsTab(page: Page<JobView>, listing: Listing, dataset: ResourceId, now: Timestamp) -> impl IntoView {
    let to = |cursor: String| listing.with_files(FilesPlace { cursor, ..listing.files.clone() });
    let start = (!listing.files.cursor.is_empty()).then(|| to(String::new()));
    let next = page.next_cursor.map(to);
    let org = listing.org.clone();
    let all = Address::new(paths::monitor(&org)).with("dataset", dataset.to_string()).text();
    if page.items.is_empty() && start.is_none() {
        return view! {
            <section class="panel"><Empty icon="monitor" sentence="No jobs yet. Process this dataset to start one."/></section>
        }
        .into_any();
    }
    view! {
        <div class="files-tools"><div class="end"><ButtonLink href=all icon="monitor">"Show in Monitor"</ButtonLink></div></div>
        <section class="panel" aria-label="Jobs of this dataset"><JobsTable jobs=page.items org of_a_dataset=true now/></section>
        <Pages start next/>
    }
    .into_any()
}

/// **Open viewer** (VIEW-1), where there may be something to look at.
#[component]
fn OpenViewer(resource: ResourceView, listing: Listing) -> impl IntoView {
    resource.dataset.is_some_and(|dataset| dataset.images > 0 || dataset.status == DatasetStatus::Processed).then(
        || {
            let href = paths::viewer(&listing.org, &resource.id.to_string());
            view! { <ButtonLink href icon="layers">"Open viewer"</ButtonLink> }
        },
    )
}

/// The buttons in a dataset's header, which every tab has.
#[component]
pub fn DatasetActions(resource: ResourceView, listing: Listing, lacking: MissingEntitlements) -> impl IntoView {
    (!listing.is_view_as()).then(|| {
        let process = match process_control(resource.target(), &lacking) {
            Control::Absent => ().into_any(),
            Control::Disabled(reason) => {
                // The note under the header says it.
                let reason_shown = lacking.create.as_ref() == Some(&reason);
                view! { <BlockedButton label="Process" reason tone=Tone::Primary icon="play" reason_shown/> }.into_any()
            }
            Control::Enabled => {
                let href = listing.process_dialog("");
                view! { <ButtonLink href tone=Tone::Primary icon="play" in_place=true>"Process"</ButtonLink> }
                    .into_any()
            }
        };
        view! {
            <OpenViewer resource=resource.clone() listing=listing.clone()/>
            {command_button(Command::Share, &resource, &listing, &lacking)}
            {process}
        }
    })
}
