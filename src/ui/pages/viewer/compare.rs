//! Two datasets of a site on one map (VIEW-6): the second map, the slider between the two, and how one begins and ends.
//!
//! The second dataset is a [`Viewer`] of its own that shares the viewport, the tools and the drawings of the first. So both maps move
//! together, and what is drawn belongs to the first dataset and is seen on both.
//!
//! # Invariants
//! - A press is on one of the two maps until it ends, also if it leaves that map meanwhile.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};

use super::{
    map::{focus_map, move_plane, set_style},
    overlay::Overlay,
    state::{Door, Viewer},
    tiles::Tiles,
};
use crate::{
    domain::{
        id::ResourceId,
        viewport::{CompareMode, Compared, Split, Spot, ViewerAddress, Viewport},
    },
    rpc::viewer::viewer_compared,
    ui::components::{field::Hidden, icon::Icon},
    view::{query::CompareQuery, viewer::ViewerView},
};

/// What is said where a second dataset was asked for and is not shown. It does not tell why: what one may not see does not exist.
const NOT_SHOWN: &str =
    "The second dataset cannot be shown beside this one. Only datasets of the same site can be compared.";

/// What is said where nothing of it is on the map.
const NO_PLACE: &str = "Nothing in the second dataset has a place yet.";

/// Puts the second dataset that an address asks for beside the first. What to say where that is not possible.
pub fn open(viewer: Viewer, view: Option<ViewerView>, address: &ViewerAddress) -> Option<&'static str> {
    let compared = address.compared.as_ref()?;
    let Some(view) = view else { return Some(NOT_SHOWN) };
    let second = viewer.second(view, compared.layers.as_ref());
    viewer.compared.set(second);
    second.is_none().then_some(NO_PLACE)
}

fn id(viewer: Viewer) -> Option<ResourceId> {
    viewer.door.with_value(|door| door.dataset().parse().ok())
}

fn href(viewer: Viewer, compared: Option<Compared>) -> String {
    let address = ViewerAddress { compared, ..viewer.address() };
    viewer.door.with_value(|door| door.showing(&address))
}

/// What the address of the second dataset's viewer says where it is compared with the first.
pub fn swapped(viewer: Viewer, second: Viewer) -> ViewerAddress {
    let (layers, photo) = (Some(second.shown.get()), second.photo.get());
    let compared = id(viewer).map(|dataset| Compared {
        dataset,
        mode: viewer.compare_mode.get(),
        layers: Some(viewer.shown.get()),
    });
    ViewerAddress { layers, photo, compared, ..viewer.address() }
}

fn swapped_href(viewer: Viewer, second: Viewer) -> String {
    second.door.with_value(|door| door.showing(&swapped(viewer, second)))
}

/// A place of the map as a place of the map of one dataset; `map` is the size of both together. While a press lasts, it stays on the map
/// that it began on.
pub fn map_of(viewer: Viewer, spot: Spot, map: Spot, is_held: bool) -> Spot {
    if viewer.compared.with_untracked(Option::is_none) {
        return spot;
    }
    let half = viewer.viewport.with_untracked(Viewport::size);
    let split = Split::of(viewer.compare_mode.get_untracked(), viewer.slider.get_untracked(), map, half);
    let is_second = split.is_second(spot);
    if !is_held && viewer.pressed_second.get_untracked() != is_second {
        viewer.pressed_second.set(is_second);
    }
    if viewer.pressed_second.get_untracked() {
        let (right, down) = split.corner();
        (spot.0 - right, spot.1 - down)
    } else {
        spot
    }
}

/// Shows a photo of one of the two datasets.
pub fn show_photo(viewer: Viewer, of: Viewer, number: i64) {
    if of.is_second {
        viewer.photo.set(None);
    }
    of.photo.set(Some(number));
}

/// Closes the photo of the second dataset; whether there was one.
pub fn close_second_photo(viewer: Viewer) -> bool {
    let Some(second) = viewer.compared.get_untracked() else { return false };
    let is_open = second.photo.with_untracked(Option::is_some);
    if is_open {
        second.photo.set(None);
    }
    is_open
}

/// The map of the second dataset: beside the first one, or on it and cut where the slider is.
#[component]
pub fn SecondMap(viewer: Viewer, second: Viewer) -> impl IntoView {
    let here = NodeRef::<html::Div>::new();
    let plane = NodeRef::<html::Div>::new();
    move_plane(viewer, plane);
    Effect::new(move |_| {
        let Some(here) = here.get() else { return };
        let cut = match viewer.compare_mode.get() {
            CompareMode::Side => "none".to_owned(),
            CompareMode::Slider => format!("inset(0 0 0 {}%)", viewer.slider.get()),
        };
        set_style(&here, "clip-path", &cut);
    });
    view! {
        <div node_ref=here class="compare-second">
            <div node_ref=plane class="viewer-plane">
                <Tiles viewer=second/>
                <Overlay viewer=second/>
            </div>
            <div class="viewer-cross" aria-hidden="true"></div>
            <OtherPointer viewer is_second=true/>
        </div>
    }
}

/// Shows on one of two maps side by side where the pointer is on the other.
#[component]
pub fn OtherPointer(viewer: Viewer, is_second: bool) -> impl IntoView {
    let here = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let (Some(here), Some((right, down))) = (here.get(), viewer.pointer.get()) {
            set_style(&here, "transform", &format!("translate({right:.1}px,{down:.1}px)"));
        }
    });
    let is_there = Memo::new(move |_| {
        viewer.compared.with(Option::is_some)
            && viewer.compare_mode.get() == CompareMode::Side
            && viewer.pressed_second.get() != is_second
            && viewer.pointer.with(Option::is_some)
    });
    move || is_there.get().then(|| view! { <div node_ref=here class="compare-pointer" aria-hidden="true"></div> })
}

/// The name and the day of a dataset.
fn name(viewer: Viewer) -> impl IntoView {
    let day = viewer.captured_on.map(|day| view! { <time datetime=day.iso()>{day.words()}</time> });
    view! { <b>{viewer.name.get_value()}</b>{day} }
}

/// The name and the day in a line.
fn name_words(viewer: Viewer) -> String {
    let name = viewer.name.get_value();
    viewer.captured_on.map_or_else(|| name.clone(), |day| format!("{name}, {}", day.words()))
}

/// What lies over the two maps: which dataset each is of, and the slider.
#[component]
pub fn Over(viewer: Viewer) -> impl IntoView {
    move || {
        viewer.compared.get().map(|second| {
            view! {
                <p class="compare-name">{name(viewer)}</p>
                <p class="compare-name compare-name-second">{name(second)}</p>
                {move || (viewer.compare_mode.get() == CompareMode::Slider).then(|| view! { <Slider viewer second/> })}
            }
        })
    }
}

#[component]
fn Slider(viewer: Viewer, second: Viewer) -> impl IntoView {
    let line = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(line) = line.get() {
            set_style(&line, "inset-inline-start", &format!("{}%", viewer.slider.get()));
        }
    });
    let label = format!("Slider between {} and {}", name_words(viewer), name_words(second));
    let first = viewer.name.get_value();
    let slide = move |event| {
        if let Ok(part) = event_target_value(&event).parse::<u8>() {
            viewer.slider.set(part.min(100));
        }
    };
    view! {
        <div node_ref=line class="compare-line" aria-hidden="true"></div>
        <input
            class="compare-slider"
            type="range"
            min="0"
            max="100"
            step="1"
            aria-label=label
            aria-valuetext=move || format!("{}% of the map shows {first}", viewer.slider.get())
            prop:value=move || viewer.slider.get().to_string()
            on:input=slide
        />
    }
}

/// How two datasets are compared, and the end of it.
#[component]
pub fn CompareBar(viewer: Viewer) -> impl IntoView {
    let end = move |_| {
        viewer.compared.set(None);
        focus_map();
    };
    move || {
        viewer.compared.get().map(|second| {
            // Not with every step of a movement.
            let swapped = move || {
                viewer.anchor.track();
                viewer.compare_mode.track();
                viewer.shown.track();
                second.shown.track();
                untrack(|| swapped_href(viewer, second))
            };
            view! {
                <div class="compare-bar" role="group" aria-label="Comparison">
                    {CompareMode::ALL.map(|mode| {
                        let pressed = move || if viewer.compare_mode.get() == mode { "true" } else { "false" };
                        view! { <button type="button" aria-pressed=pressed on:click=move |_| viewer.compare_mode.set(mode)>{mode.label()}</button> }
                    })}
                    // A page of its own: drawings belong to its first dataset.
                    <a rel="external" href=swapped title="Exchange the first and the second dataset" on:click=move |_| viewer.swaps.set_value(true)>"Swap"</a>
                    <button type="button" aria-label="End comparison" title="End comparison" on:click=end><Icon name="close"/></button>
                </div>
            }
        })
    }
}

/// The same without a script: the maps are one after another.
#[component]
pub fn PlainBar(viewer: Viewer, second: Viewer) -> impl IntoView {
    view! {
        <nav class="compare-plain" aria-label="Comparison">
            <a class="button" rel="external" href=untrack(|| swapped_href(viewer, second))>"Swap"</a>
            <a class="button" rel="external" href=untrack(|| href(viewer, None))>"End comparison"</a>
        </nav>
    }
}

/// The heading of what belongs to one of two datasets; nothing where there is one.
#[component]
pub fn NameOfPart(viewer: Viewer, part: Viewer) -> impl IntoView {
    move || viewer.compared.get().map(|_| view! { <h3 class="compare-part">{name(part)}</h3> })
}

/// **Compare with**: the other datasets of the site, by date.
#[component]
pub fn CompareForm(viewer: Viewer) -> impl IntoView {
    let others = viewer.others.get_value();
    if others.is_empty() {
        return None;
    }
    let select = NodeRef::<html::Select>::new();
    let owner = Owner::current();
    let compare = move |event: SubmitEvent| {
        let with = select.get_untracked().and_then(|select| select.value().parse().ok());
        let (Some(with), Some(owner)) = (with, owner.clone()) else { return };
        event.prevent_default();
        begin(viewer, with, owner);
    };
    let second = move || viewer.compared.get().and_then(id);
    let options = others
        .into_iter()
        .map(|other| {
            let (value, words) = (other.id.to_string(), format!("{}: {}", other.captured_on.words(), other.name));
            view! { <option value=value selected=move || second() == Some(other.id)>{words}</option> }
        })
        .collect_view();
    // A form replaces the address, so it has all that the address says.
    let kept = untrack(|| ViewerAddress { compared: None, ..viewer.address() }).parameters();
    let kept = kept.into_iter().map(|(name, value)| view! { <Hidden name value/> }).collect_view();
    let mode = viewer.compare_mode.get_untracked().as_str();
    let about = move || {
        second().map(|_| {
            let name = viewer.name.get_value();
            // Without a script no map shows any.
            let both = viewer.code.with(Option::is_some).then_some(" Both maps show them.");
            view! { <p class="hint">{format!("Drawings belong to “{name}”.")}{both}</p> }
        })
    };
    Some(view! {
        <form class="compare-form" method="get" action=viewer.door.with_value(Door::viewer) on:submit=compare>
            {kept}
            <Hidden name="compare" value=mode/>
            <label for="compare-with">"Compare with"</label>
            <select class="input" id="compare-with" name="with" node_ref=select>{options}</select>
            <button class="button">"Compare"</button>
            {about}
        </form>
    })
}

/// Loads the second dataset and shows it. The page stays, and what is drawn on it.
fn begin(viewer: Viewer, with: ResourceId, owner: Owner) {
    let mode = viewer.compare_mode.get_untracked();
    let Door::Person { dataset, .. } = viewer.door.get_value() else {
        // What a password opened is told by a cookie that only pages of the link get.
        let to = untrack(|| href(viewer, Some(Compared { dataset: with, mode, layers: None })));
        drop(window().location().assign(&to));
        return;
    };
    spawn_local(async move {
        let found = viewer_compared(CompareQuery { token: String::new(), dataset, with: with.to_string() }).await;
        // The page may have been left.
        if viewer.compared.try_get_untracked().is_none() {
            return;
        }
        match found {
            Ok(Some(view)) => match owner.with(|| viewer.second(view, None)) {
                Some(second) => {
                    viewer.sheet.set(None);
                    viewer.compared.set(Some(second));
                    viewer.say(format!("Compared with “{}”", second.name.get_value()));
                }
                None => viewer.say(NO_PLACE),
            },
            Ok(None) => viewer.say(NOT_SHOWN),
            Err(failure) => viewer.say(failure.to_string()),
        }
    });
}
