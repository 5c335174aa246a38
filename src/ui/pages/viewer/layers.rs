//! The panel **Layers**: what is shown on the map, how strongly, and in which order.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, MouseEvent};

use super::{
    compare::{CompareForm, NameOfPart},
    state::{Sheet, Viewer},
};
use crate::{
    domain::{
        command::Control,
        layer::LayerState,
        viewport::{LayerSetting, ShownLayers},
    },
    ui::{
        components::{dom::element_of, icon::Icon},
        words,
    },
    view::viewer::{LayerView, PhotoOnMap},
};

/// The panel, with the layers of one dataset or of two.
#[component]
pub fn LayersPanel(viewer: Viewer) -> impl IntoView {
    view! {
        <section class="viewer-panel viewer-layers" id="viewer-layers" aria-labelledby="viewer-layers-title" class:viewer-open=move || viewer.sheet.get() == Some(Sheet::Layers)>
            <h2 id="viewer-layers-title">"Layers"</h2>
            <NameOfPart viewer part=viewer/>
            <Outdated viewer/>
            <LayerList viewer/>
            {move || viewer.compared.get().map(|second| view! {
                <NameOfPart viewer part=second/>
                <Outdated viewer=second/>
                <LayerList viewer=second/>
            })}
            <CompareForm viewer/>
        </section>
    }
}

/// Says that layers were made of other images than there are now, and where they can be made anew (JOB-3).
#[component]
pub fn Outdated(viewer: Viewer) -> impl IntoView {
    let counts = Memo::new(move |_| {
        viewer.layers.with(|layers| (layers.iter().filter(|layer| layer.outdated).count(), layers.len()))
    });
    move || {
        let (old, all) = counts.get();
        (old > 0).then(|| {
            let which = if old == all { "these layers were" } else { "some of these layers were" };
            let process = viewer.may_process.then(|| {
                let href = viewer.door.with_value(super::state::Door::process);
                view! { " " <a href=href>"Process again"</a> }
            });
            view! { <p class="viewer-outdated">{format!("The images have changed since {which} made.")}{process}</p> }
        })
    }
}

/// The layers of a dataset.
#[component]
fn LayerList(viewer: Viewer) -> impl IntoView {
    // From the highest to the lowest, as they lie on each other.
    let order = Memo::new(move |_| {
        viewer.shown.with(|shown| shown.rasters.iter().rev().map(|layer| layer.number).collect::<Vec<i64>>())
    });
    let photos = viewer.photos.with_value(|photos| photo_counts(photos));
    let footprints = viewer.photos.with_value(|photos| photos.iter().filter(|photo| photo.footprint.is_some()).count());
    let results = viewer.door.with_value(super::state::Door::results);
    let has_results = move || viewer.layers.with(|layers| !layers.is_empty());
    let label = format!("Layers of {}", viewer.name.get_value());
    view! {
        <ul role="list" aria-label=label>
            <For each=move || order.get() key=|number| *number let(number)>
                <LayerRow viewer number order/>
            </For>
            {photos.map(|(count, about)| {
                let about = if viewer.more_photos { format!("The first {}", words::count(count)) } else { about };
                view! {
                    <OverlayRow viewer label="Photo positions" about shown=|shown| shown.photos toggle=|shown| shown.photos = !shown.photos/>
                }
            })}
            {(footprints > 0).then(|| view! {
                <OverlayRow viewer label="Footprints" about="What each photo sees".to_owned() shown=|shown| shown.footprints toggle=|shown| shown.footprints = !shown.footprints/>
            })}
        </ul>
        {move || has_results().then(|| match viewer.download.get() {
            Control::Enabled => Some(view! {
                <a class="button" rel="external" download="" href=results.clone()><Icon name="download"/>"Download results"</a>
            }.into_any()),
            Control::Disabled(why) => Some(view! { <p class="hint">{why}</p> }.into_any()),
            Control::Absent => None,
        })}
    }
}

/// How many photos are on the map; nothing without any.
pub fn photo_counts(photos: &[PhotoOnMap]) -> Option<(i64, String)> {
    let count = i64::try_from(photos.len()).unwrap_or(i64::MAX);
    let left_out = i64::try_from(photos.iter().filter(|photo| photo.left_out).count()).unwrap_or(0);
    let about = match left_out {
        0 => words::counted(count, "photo", "photos"),
        left_out => format!("{}, {} left out", words::count(count), words::count(left_out)),
    };
    (count > 0).then_some((count, about))
}

/// Something over the rasters that can be shown and hidden.
#[component]
fn OverlayRow(
    viewer: Viewer,
    label: &'static str,
    about: String,
    shown: fn(&ShownLayers) -> bool,
    toggle: fn(&mut ShownLayers),
) -> impl IntoView {
    let is_shown = Signal::derive(move || viewer.shown.with(shown));
    view! {
        <li class="viewer-layer" class:viewer-hidden=move || !is_shown.get()>
            <Eye label=label.to_owned() is_shown press=Callback::new(move |()| viewer.shown.update(toggle))/>
            <div class="viewer-layer-words"><span>{label}</span><small>{about}</small></div>
        </li>
    }
}

/// Shows and hides.
#[component]
fn Eye(label: String, #[prop(into)] is_shown: Signal<bool>, press: Callback<()>) -> impl IntoView {
    let pressed = move || if is_shown.get() { "true" } else { "false" };
    view! {
        <button type="button" class="button icon-only quiet" aria-label=format!("Show {label}") aria-pressed=pressed on:click=move |_| press.run(())>
            {move || view! { <Icon name={if is_shown.get() { "eye" } else { "eye-off" }}/> }}
        </button>
    }
}

/// How far a layer is, or how large its pixels are.
pub fn about(layer: &LayerView, pixel: Option<f64>) -> String {
    match &layer.state {
        LayerState::Waiting => "Being prepared…".to_owned(),
        LayerState::Failed(why) => format!("Cannot be shown. {why}"),
        LayerState::Ready => {
            let kind = layer.kind.label();
            let pixel =
                pixel.map(
                    |metres| if metres < 1.0 { format!("{:.1} cm", metres * 100.0) } else { format!("{metres:.1} m") },
                );
            let parts = [(kind != layer.title).then(|| kind.to_owned()), pixel.map(|pixel| format!("{pixel} a pixel"))];
            let about = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
            let old = layer.outdated.then(|| "Made before the images changed".to_owned());
            let sentences = [Some(about).filter(|about| !about.is_empty()), old, layer.kind.note().map(str::to_owned)];
            sentences.into_iter().flatten().collect::<Vec<_>>().join(". ")
        }
    }
}

/// Keeps the focus on the button that was pressed, whose row goes elsewhere in the list; on its twin where it can do no more.
fn stay_on(event: &MouseEvent) {
    let Some(pressed) = element_of(event.current_target()) else { return };
    request_animation_frame(move || {
        let twin = || pressed.next_element_sibling().or_else(|| pressed.previous_element_sibling());
        let button = if pressed.has_attribute("disabled") { twin() } else { Some(pressed.clone()) };
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            drop(button.focus());
        }
    });
}

#[component]
fn LayerRow(viewer: Viewer, number: i64, order: Memo<Vec<i64>>) -> impl IntoView {
    let layer =
        Memo::new(move |_| viewer.layers.with(|layers| layers.iter().find(|one| one.number == number).cloned()));
    let setting = Memo::new(move |_| {
        let default = LayerSetting { number, shown: false, opacity: 100 };
        viewer.shown.with(|shown| shown.rasters.iter().find(|one| one.number == number).copied().unwrap_or(default))
    });
    let change = move |change: &dyn Fn(&mut LayerSetting)| {
        viewer.shown.update(|shown| {
            if let Some(setting) = shown.rasters.iter_mut().find(|one| one.number == number) {
                change(setting);
            }
        });
    };
    // Up is towards the end of the list, which is from the lowest to the highest.
    let shift = move |up: bool, event: &MouseEvent| {
        stay_on(event);
        viewer.shown.update(|shown| {
            let Some(at) = shown.rasters.iter().position(|one| one.number == number) else { return };
            let other = if up { at + 1 } else { at.wrapping_sub(1) };
            if other < shown.rasters.len() {
                shown.rasters.swap(at, other);
            }
        });
    };
    let is_top = move || order.with(|order| order.first() == Some(&number));
    let is_bottom = move || order.with(|order| order.last() == Some(&number));
    let alone = move || order.with(|order| order.len() < 2);
    let is_shown = Signal::derive(move || setting.get().shown);
    move || {
        layer.get().map(|layer| {
            let (title, is_ready) = (layer.title.clone(), layer.is_ready());
            let pixel = viewer.placement(&layer).map(|placement| placement.pixel());
            let about = about(&layer, pixel);
            let label = title.clone();
            let (opacity_label, up_label, down_label) =
                (format!("Opacity of {title}"), format!("Move {title} up"), format!("Move {title} down"));
            view! {
                <li class="viewer-layer" class:viewer-hidden=move || !is_shown.get()>
                    {if is_ready {
                        view! { <Eye label is_shown press=Callback::new(move |()| change(&|setting| setting.shown = !setting.shown))/> }.into_any()
                    } else {
                        let icon = if layer.state == LayerState::Waiting { "restore" } else { "warning" };
                        view! { <span class="viewer-layer-state"><Icon name=icon/></span> }.into_any()
                    }}
                    <div class="viewer-layer-words"><span>{title}</span><small>{about}</small></div>
                    {move || (!alone()).then(|| view! {
                        <div class="viewer-order">
                            <button type="button" aria-label=up_label.clone() title="Up" disabled=is_top on:click=move |event| shift(true, &event)><Icon name="arrow-up"/></button>
                            <button type="button" aria-label=down_label.clone() title="Down" disabled=is_bottom on:click=move |event| shift(false, &event)><Icon name="arrow-down"/></button>
                        </div>
                    })}
                    {is_ready.then(|| view! {
                        <input
                            type="range"
                            min="0"
                            max="100"
                            step="5"
                            aria-label=opacity_label
                            prop:value=move || setting.get().opacity.to_string()
                            on:input=move |event| {
                                if let Ok(opacity) = event_target_value(&event).parse::<u8>() {
                                    change(&|setting| setting.opacity = opacity.min(100));
                                }
                            }
                        />
                    })}
                </li>
            }
        })
    }
}
