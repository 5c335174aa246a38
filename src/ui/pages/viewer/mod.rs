//! The viewer of a dataset (VIEW-1 to VIEW-6): layers, photos and drawings on a map.
//!
//! - `state` is what it knows, `save` how drawings get to the server.
//! - `map` is what presses and keys do, `hand` what they do to drawings; `tiles` and `overlay` are what is on the map, `tools` what lies over it.
//! - `compare` is a second dataset on the map.
//! - `code` says what of all this comes in which of two bundles.
//! - `layers` and `drawings` are the panels, `files` export and import.
//! - `plain` is all of it without a script.
//!
//! # Invariants
//! - Whatever is on the map is also in a panel, for whoever does not see the map.
//! - The address says what is looked at. It is replaced, not added to: **Back** leads out of the viewer.

#![expect(
    clippy::large_types_passed_by_value,
    reason = "the viewer is a set of handles, copied like the signals in it"
)]

pub mod code;
pub mod compare;
pub mod drawings;
pub mod files;
pub mod hand;
pub mod layers;
pub mod map;
pub mod overlay;
pub mod plain;
pub mod save;
pub mod state;
pub mod tiles;
pub mod tools;

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use leptos_meta::Title;
use leptos_router::params::ParamsMap;
use wasm_bindgen::JsValue;

use self::{
    map::Map,
    plain::{PlainDrawings, PlainLayers, PlainMap},
    state::{Door, Viewer},
    tools::{Scale, Zoom},
};
use crate::{
    domain::{
        time::Timestamp,
        viewport::{CompareMode, ViewerAddress},
    },
    rpc::{
        FormFlash, ask,
        viewer::{link_viewer, viewer_compared, viewer_page, viewer_refresh},
    },
    ui::{
        components::{button::ButtonLink, empty::Empty, icon::Icon, server_only::server_only},
        layout::{Brand, FocusHeading, Section},
        live,
        location::use_route_query,
        page::{content, page},
        session::Session,
    },
    view::{
        query::{CompareQuery, LinkViewerQuery, ViewerQuery},
        viewer::ViewerView,
    },
};

/// How often the address is replaced at most: browsers refuse more than a hundred in half a minute.
const ADDRESS_INTERVAL: Duration = Duration::from_millis(400);

/// What the address of a viewer says.
#[derive(Clone, Default, PartialEq)]
struct ViewerRoute {
    org: String,
    token: String,
    dataset: String,
    address: ViewerAddress,
}

fn address_of(query: &ParamsMap) -> ViewerAddress {
    ViewerAddress::read(|name| query.get(name))
}

impl ViewerRoute {
    /// `/o/{org}/drive/{dataset}/view`.
    fn of_person(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        let ["o", org, "drive", dataset, "view"] = segments else { return None };
        let (org, dataset) = ((*org).to_owned(), (*dataset).to_owned());
        Some(Self { org, dataset, token: String::new(), address: address_of(query) })
    }

    /// The second dataset that the address asks for.
    fn compared(&self) -> CompareQuery {
        let with = self.address.compared.as_ref().map(|compared| compared.dataset.to_string()).unwrap_or_default();
        CompareQuery { token: self.token.clone(), dataset: self.dataset.clone(), with }
    }

    /// `/s/{token}/view/{dataset}`.
    fn of_link(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        let ["s", token, "view", dataset] = segments else { return None };
        let (token, dataset) = ((*token).to_owned(), (*dataset).to_owned());
        Some(Self { org: String::new(), dataset, token, address: address_of(query) })
    }
}

/// The page of a person: `/o/{org}/drive/{resource}/view`.
#[component]
pub fn ViewerPage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(ViewerRoute::of_person);
    let dataset = Memo::new(move |_| route.with(|route| route.dataset.clone()));
    let org = Memo::new(move |_| route.with(|route| route.org.clone()));
    let found = ask(move || dataset.get(), |dataset| viewer_page(ViewerQuery { dataset }));
    let compared = Memo::new(move |_| route.with(ViewerRoute::compared));
    let second = ask(move || compared.get(), viewer_compared);
    // Photos and their footprints are much, and stay as they are: of what changes only the rest is loaded again.
    let first_version = session.version_untracked();
    let changes = ask(
        move || (dataset.get(), session.version()),
        move |(dataset, version)| async move {
            if version == first_version { None } else { viewer_refresh(ViewerQuery { dataset }).await.ok() }
        },
    );
    live::follow(Signal::derive(move || Some(dataset.get()).filter(|dataset| !dataset.is_empty())));
    let now_shown = RwSignal::new(None::<Viewer>);
    Effect::new(move |_| {
        if let (Some(viewer), Some(Some(changes))) = (now_shown.get(), changes.get()) {
            viewer.merge(changes);
        }
    });
    follow_second(now_shown, session, first_version);
    page(Section::Drive, org, move || async move {
        let context = session.context().await;
        let view = found.await?;
        // The first dataset is shown in any case.
        let second = second.await.ok().flatten();
        let route = route.get_untracked();
        let door = Door::Person { org: route.org, dataset: view.dataset.clone() };
        Ok(view! { <Shown view second door address=route.address now=context.now flash=context.form now_shown/> }
            .into_any())
    })
}

/// Takes the layers that the second dataset has by now, when it is told of a change.
fn follow_second(now_shown: RwSignal<Option<Viewer>>, session: Session, first_version: u64) {
    let second = Signal::derive(move || now_shown.get().and_then(|viewer| viewer.compared.try_get().flatten()));
    let dataset =
        Memo::new(move |_| second.get().map(|second| second.door.with_value(|door| door.dataset().to_owned())));
    live::follow(dataset.into());
    let changes = ask(
        move || (dataset.get(), session.version()),
        move |(dataset, version)| async move {
            let dataset = dataset.filter(|_| version != first_version)?;
            let changes = viewer_refresh(ViewerQuery { dataset: dataset.clone() }).await.ok()?;
            Some((dataset, changes))
        },
    );
    Effect::new(move |_| {
        let (Some(second), Some(Some((of, changes)))) = (second.get(), changes.get()) else { return };
        // The answer may be of the one before.
        if second.door.try_with_value(|door| door.dataset() == of) == Some(true) {
            second.merge_layers(changes.layers);
        }
    });
}

/// The page of a link: `/s/{token}/view/{dataset}`. Nobody is signed in here.
#[component]
pub fn LinkViewerPage() -> impl IntoView {
    let session = Session::get();
    session.shows(None);
    let route = use_route_query(ViewerRoute::of_link);
    let wanted = Memo::new(move |_| {
        route.with(|route| LinkViewerQuery { token: route.token.clone(), dataset: route.dataset.clone() })
    });
    // Asked once, with the page: the cookie that a password gave is not sent anywhere else.
    let found = ask(move || wanted.get(), link_viewer);
    let compared = Memo::new(move |_| route.with(ViewerRoute::compared));
    let second = ask(move || compared.get(), viewer_compared);
    let now_shown = RwSignal::new(None::<Viewer>);
    let content = content(move || async move {
        let context = session.context().await;
        let view = found.await?;
        let second = second.await.ok().flatten();
        let route = route.get_untracked();
        let door = Door::Link { token: route.token, dataset: view.dataset.clone() };
        Ok(view! { <Shown view second door address=route.address now=context.now flash=None now_shown/> }.into_any())
    });
    view! {
        <div class="viewer-outside">
            <header class="shared-head"><span class="brand"><Brand/></span><span class="shared-mark">"Read-only"</span></header>
            <main class="page" id="content" tabindex="-1">{content}</main>
        </div>
    }
    .into_any()
}

/// The viewer, or that there is nothing to look at.
#[component]
fn Shown(
    view: ViewerView,
    second: Option<ViewerView>,
    door: Door,
    address: ViewerAddress,
    now: Timestamp,
    flash: Option<FormFlash>,
    now_shown: RwSignal<Option<Viewer>>,
) -> impl IntoView {
    let (name, back) = (view.name.clone(), door.page());
    let rel = door.is_link().then_some("external");
    let head = view! {
        <Title text=format!("{name} · Viewer")/>
        <FocusHeading/>
        <header class="viewer-head">
            <a class="viewer-back" rel=rel href=back><Icon name="chevron-left"/>"Dataset"</a>
            <h1 tabindex="-1">{name}</h1>
        </header>
    };
    let Some(mut viewer) = Viewer::new(view, door.clone(), &address, now) else {
        let sentence =
            "Nothing here has a place yet. Upload photos with GPS positions, or process the dataset for a map.";
        return view! {
            <div class="viewer-nothing">
                {head}
                <section class="panel">
                    <Empty icon="site" sentence><ButtonLink href=door.page()>"Back to the dataset"</ButtonLink></Empty>
                </section>
            </div>
        }
        .into_any();
    };
    viewer.not_compared = compare::open(viewer, second, &address);
    let is_compared =
        move |mode: CompareMode| move || viewer.compared.with(Option::is_some) && viewer.compare_mode.get() == mode;
    // The map needs a script, and until it runs the page is what the server sent.
    let live = RwSignal::new(false);
    Effect::new(move |_| {
        now_shown.set(Some(viewer));
        live.set(true);
        code::load(viewer);
    });
    keep_address(viewer, live);
    view! {
        <div
            class="viewer"
            class:viewer-live=move || live.get()
            class:viewer-no-layers=move || viewer.folded.get().0
            class:viewer-no-drawings=move || viewer.folded.get().1>
            <div class="viewer-side">
                {head}
                {move || match viewer.code.get() {
                    Some(code) => (code.layers)(viewer),
                    None => server_only(move || view! { <PlainLayers viewer/> }.into_any()),
                }}
            </div>
            <div class="viewer-map" class:compare-side=is_compared(CompareMode::Side) class:compare-slider-on=is_compared(CompareMode::Slider)>
                {move || if live.get() {
                    view! { <Map viewer/><Zoom viewer/><Scale viewer/> }.into_any()
                } else {
                    server_only(move || view! { <PlainMap viewer/> }.into_any())
                }}
                {move || viewer.code.get().map(|code| (code.over)(viewer))}
            </div>
            {move || if let Some(code) = viewer.code.get() {
                (code.drawings)(viewer)
            } else {
                let flash = flash.clone();
                server_only(move || view! { <PlainDrawings viewer flash/> }.into_any())
            }}
        </div>
    }
    .into_any()
}

/// Writes what is looked at into the address, a few times a second at most.
fn keep_address(viewer: Viewer, live: RwSignal<bool>) {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<String>| {
        let address = viewer.address();
        let to = viewer.door.with_value(|door| door.showing(&address));
        if !live.get() || before.as_ref().is_none_or(|before| *before == to) {
            return to;
        }
        if waiting.with_value(Option::is_none) {
            let replace = move || {
                // The page may have been left.
                if waiting.try_set_value(None).is_some() {
                    return;
                }
                let Some(to) = viewer.door.try_with_value(|door| untrack(|| door.showing(&viewer.address()))) else {
                    return;
                };
                if let Ok(history) = window().history() {
                    let state = history.state().unwrap_or(JsValue::NULL);
                    drop(history.replace_state_with_url(&state, "", Some(&to)));
                }
            };
            waiting.set_value(set_timeout_with_handle(replace, ADDRESS_INTERVAL).ok());
        }
        to
    });
    on_cleanup(move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    });
}
