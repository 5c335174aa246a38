//! What lies over the map: the tools, what is said, the scale, and the photo that is shown.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use super::{
    compare::swapped,
    map::{focus_map, set_style},
    state::{Sheet, Tool, Viewer},
};
use crate::{
    domain::{annotation::AnnotationKind, command::Control, measure::Units, photo::PreviewSize, viewport::Viewport},
    ui::{components::icon::Icon, words},
};

/// How long the scale is at most, in pixels.
const SCALE: f64 = 110.0;

/// The tools above the map.
#[component]
pub fn Tools(viewer: Viewer) -> impl IntoView {
    let choose = move |tool: Tool| {
        if viewer.tool.get_untracked() != tool {
            viewer.drop_draft();
        }
        viewer.tool.set(tool);
        if tool != Tool::Select {
            viewer.selected.set(None);
            viewer.sheet.set(None);
        }
        focus_map();
    };
    view! {
        <div class="viewer-tools" role="toolbar" aria-label="Tools">
            {Tool::ALL.map(|tool| {
                let pressed = move || if viewer.tool.get() == tool { "true" } else { "false" };
                view! {
                    <button type="button" aria-label=tool.label() title=tool.label() aria-pressed=pressed on:click=move |_| choose(tool)>
                        <Icon name=tool.icon()/>
                    </button>
                }
            })}
        </div>
    }
}

/// That nothing is saved, or not yet, and why.
#[component]
pub fn NotSaved(viewer: Viewer) -> impl IntoView {
    let unsent =
        Memo::new(move |_| viewer.drawings.with(|drawings| drawings.iter().filter(|one| one.is_unsent()).count()));
    move || match (viewer.save.get(), unsent.get()) {
        (Control::Disabled(why), _) => Some(view! { <p class="viewer-banner">{why}</p> }.into_any()),
        (_, 0) => None,
        (_, count) => {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let what = words::counted(count, "drawing is", "drawings are");
            Some(view! {
                <div class="viewer-banner viewer-unsent" role="alert">
                    <span>"The server cannot be reached. "{what}" kept on this page and saved once it can. Do not reload the page."</span>
                    <button type="button" class="button" on:click=move |_| viewer.retry()>"Retry"</button>
                </div>
            }.into_any())
        }
    }
}

/// What is being drawn: how long and large it is so far, and buttons for those without keys.
#[component]
pub fn DraftBar(viewer: Viewer) -> impl IntoView {
    let kind = move || match viewer.tool.get() {
        Tool::Select => None,
        Tool::Draw(kind) => Some(kind),
    };
    let measured = move || {
        let (kind, units) = (kind()?, viewer.units.get());
        let mut places = viewer.draft.get();
        if places.is_empty() {
            return None;
        }
        places.extend(viewer.pointer.get().and_then(|spot| viewer.viewport.with(|viewport| viewport.place(spot))));
        let measured = kind.measure(&places);
        let length = measured.length.map(|length| units.length(length));
        match measured.area.filter(|_| places.len() > 2) {
            Some(area) => Some(format!("{} (2D), {} around", units.area(area), length.unwrap_or_default())),
            None => length.map(|length| format!("{length} (2D)")),
        }
    };
    let count = move || viewer.draft.with(Vec::len);
    let can_end = move || kind().is_some_and(|kind| count() >= kind.places().0);
    let is_way = move || matches!(kind(), Some(AnnotationKind::Line | AnnotationKind::Area));
    // How it ends is said as soon as it can.
    let how_to_end = move || {
        let kind = kind().filter(|_| can_end())?;
        match kind {
            AnnotationKind::Area => Some("Press the first point to close it."),
            AnnotationKind::Line => Some("Press the last point to end it."),
            _ => None,
        }
    };
    move || {
        kind().map(|_| {
            let hint = viewer.tool.with_untracked(|tool| tool.hint());
            view! {
                <div class="viewer-draft-bar">
                    <span class="viewer-draft-words">
                        <span class="num" aria-live="off">{move || measured().unwrap_or_else(|| hint.to_owned())}</span>
                        <small>{how_to_end}</small>
                    </span>
                    {move || is_way().then(|| view! {
                        <button type="button" class="button" disabled=move || !can_end() on:click=move |_| { viewer.finish(); focus_map(); }>"Done"</button>
                        <button type="button" class="button" disabled=move || count() == 0 on:click=move |_| viewer.undo_point()>"Back"</button>
                    })}
                    <button type="button" class="button" on:click=move |_| { viewer.drop_draft(); viewer.tool.set(Tool::Select); focus_map(); }>"Cancel"</button>
                </div>
            }
        })
    }
}

/// What was done, with **Undo**. The style sheet takes it away after a while.
#[component]
pub fn Told(viewer: Viewer) -> impl IntoView {
    let told = move || Some(viewer.said.get()).filter(|said| !said.text.is_empty());
    view! {
        <div class="viewer-told" role="status">
            <For each=told key=|said| said.number let(said)>
                <div class="toast">
                    <span>{said.text}</span>
                    {said.undo.then(|| view! {
                        <button type="button" class="button quiet" on:click=move |_| { viewer.undo(); focus_map(); }>"Undo"</button>
                    })}
                    <button type="button" class="toast-close" aria-label="Dismiss" on:click=move |_| viewer.said.update(|said| said.text.clear())>
                        <Icon name="close"/>
                    </button>
                </div>
            </For>
        </div>
    }
}

/// **+**, **−** and all of it.
#[component]
pub fn Zoom(viewer: Viewer) -> impl IntoView {
    let limits = Memo::new(move |_| {
        viewer.viewport.with(|viewport| {
            let (least, most) = viewport.zooms();
            (viewport.zoom() <= least + 1e-6, viewport.zoom() >= most - 1e-6)
        })
    });
    view! {
        <div class="viewer-zoom" role="group" aria-label="Zoom">
            <button type="button" aria-label="Zoom in" title="Zoom in (+)" disabled=move || limits.get().1 on:click=move |_| viewer.zoom(1.0, None)>
                <Icon name="plus"/>
            </button>
            <button type="button" aria-label="Zoom out" title="Zoom out (−)" disabled=move || limits.get().0 on:click=move |_| viewer.zoom(-1.0, None)>
                <Icon name="minus"/>
            </button>
            <button type="button" aria-label="Show everything" title="Show everything (0)" on:click=move |_| viewer.show_all()>
                <Icon name="fit"/>
            </button>
        </div>
    }
}

/// The scale, the place under the pointer, and the units.
#[component]
pub fn Scale(viewer: Viewer) -> impl IntoView {
    let bar = NodeRef::<leptos::html::Span>::new();
    let scale = Memo::new(move |_| {
        let units = viewer.units.get();
        viewer.viewport.with(|viewport| viewport.scale_bar(SCALE, units))
    });
    Effect::new(move |_| {
        if let Some(bar) = bar.get() {
            set_style(&bar, "inline-size", &format!("{:.1}px", scale.get().1));
        }
    });
    let place = move || {
        let spot = viewer.pointer.get();
        viewer.viewport.with(|viewport| {
            let (width, height) = Viewport::size(viewport);
            viewport
                .place(spot.unwrap_or((width / 2.0, height / 2.0)))
                .map(|place| place.to_string())
                .unwrap_or_default()
        })
    };
    let copy = move |_| {
        let place = untrack(place);
        if !window().is_secure_context() {
            viewer.say(place);
            return;
        }
        let copied = JsFuture::from(window().navigator().clipboard().write_text(&place));
        spawn_local(async move {
            viewer.say(if copied.await.is_ok() { format!("Copied {place}") } else { place });
        });
    };
    let other = move || if viewer.units.get() == Units::Metric { Units::Imperial } else { Units::Metric };
    view! {
        <div class="viewer-scale">
            <span class="viewer-scale-bar" node_ref=bar aria-hidden="true"></span>
            <span class="num"><span class="visually-hidden">"Scale: "</span>{move || scale.get().0}</span>
            <button type="button" class="num viewer-place" title="Copy these coordinates" on:click=copy>
                <span class="visually-hidden">"Copy "</span>{place}
            </button>
            <button type="button" title="Change units" on:click=move |_| viewer.units.set(other())>
                <span class="visually-hidden">"Units: "</span>{move || viewer.units.get().label()}
            </button>
        </div>
    }
}

/// The photo that was pressed.
#[component]
pub fn PhotoCard(
    viewer: Viewer,
    /// The first dataset, where this photo is of the second.
    #[prop(optional)]
    first: Option<Viewer>,
) -> impl IntoView {
    let is_compared = move || first.unwrap_or(viewer).compared.with(Option::is_some);
    let photo = Memo::new(move |_| {
        let number = viewer.photo.get()?;
        viewer.photos.with_value(|photos| photos.iter().find(|photo| photo.number == number).cloned())
    });
    move || {
        photo.get().map(|photo| {
            let number = photo.number;
            let source = viewer.door.with_value(|door| door.preview(number, PreviewSize::Small));
            // The page of the photo leads back here. Once people rest, the way back is where they look.
            let href = move || {
                viewer.anchor.track();
                viewer.shown.track();
                let now = untrack(|| first.map_or_else(|| viewer.address(), |first| swapped(first, viewer)));
                viewer.door.with_value(|door| door.photo(number, &now))
            };
            // The page of a link is none of the application's.
            let rel = viewer.door.with_value(super::state::Door::is_link).then_some("external");
            let name = photo.path.rsplit('/').next().unwrap_or(&photo.path).to_owned();
            view! {
                <section class="viewer-card" aria-label="Photo">
                    <img src=source alt=photo.path.clone() decoding="async"/>
                    <div>
                        <h2 title=photo.path>{name}</h2>
                        {is_compared().then(|| view! { <small>{viewer.name.get_value()}</small> })}
                        <small class="num">{photo.at.to_string()}</small>
                        {photo.left_out.then(|| view! { <small>"Left out of processing"</small> })}
                        <a class="text-link" rel=rel href=href>"Open photo"</a>
                    </div>
                    <button type="button" class="button icon-only quiet" aria-label="Close" on:click=move |_| { viewer.photo.set(None); focus_map(); }>
                        <Icon name="close"/>
                    </button>
                </section>
            }
        })
    }
}

/// What the browser remembers of folded panels during a visit.
const FOLDED: &str = "viewer-folded";

/// On a large screen the panels fold away, for a larger map.
#[component]
pub fn Folds(viewer: Viewer) -> impl IntoView {
    let kept = || window().session_storage().ok().flatten();
    Effect::new(move |_| {
        let folded = kept().and_then(|kept| kept.get_item(FOLDED).ok().flatten()).unwrap_or_default();
        viewer.folded.set((folded.contains('l'), folded.contains('d')));
    });
    let keep = move || {
        let (layers, drawings) = viewer.folded.get_untracked();
        let text = format!("{}{}", if layers { "l" } else { "" }, if drawings { "d" } else { "" });
        // Without a place to remember it, it holds for this page.
        drop(kept().map(|kept| kept.set_item(FOLDED, &text)));
    };
    let fold = move |is_layers: bool, label: &'static str| {
        let folded = move || if is_layers { viewer.folded.get().0 } else { viewer.folded.get().1 };
        let press = move |_| {
            viewer.folded.update(|(layers, drawings)| {
                let folded = if is_layers { layers } else { drawings };
                *folded = !*folded;
            });
            keep();
        };
        let title = move || format!("{} {label}", if folded() { "Show" } else { "Hide" });
        view! {
            <button
                type="button"
                class=if is_layers { "viewer-fold viewer-fold-layers" } else { "viewer-fold viewer-fold-drawings" }
                aria-label=format!("{label} panel")
                title=title
                aria-expanded=move || if folded() { "false" } else { "true" }
                aria-controls=if is_layers { "viewer-layers" } else { "viewer-drawings" }
                on:click=press>
                // The arrow says where the panel goes.
                {move || view! { <Icon name={if folded() == is_layers { "chevron-right" } else { "chevron-left" }}/> }}
            </button>
        }
    };
    view! { {fold(true, "Layers")}{fold(false, "Drawings")} }
}

/// On a small screen the panels are sheets, opened here.
#[component]
pub fn Sheets(viewer: Viewer) -> impl IntoView {
    let toggle = move |sheet: Sheet| {
        viewer.sheet.update(|open| *open = if *open == Some(sheet) { None } else { Some(sheet) });
    };
    let expanded = move |sheet: Sheet| move || if viewer.sheet.get() == Some(sheet) { "true" } else { "false" };
    let drawings = move || {
        let count = i64::try_from(viewer.drawings.with(Vec::len)).unwrap_or(0);
        (count > 0).then(|| words::count(count))
    };
    view! {
        <div class="viewer-sheets">
            <button type="button" aria-expanded=expanded(Sheet::Layers) aria-controls="viewer-layers" on:click=move |_| toggle(Sheet::Layers)>
                <Icon name="layers"/>"Layers"
            </button>
            <button type="button" aria-expanded=expanded(Sheet::Drawings) aria-controls="viewer-drawings" on:click=move |_| toggle(Sheet::Drawings)>
                <Icon name="area"/>"Drawings"<small class="num">{drawings}</small>
            </button>
        </div>
    }
}
