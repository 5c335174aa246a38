//! Two bundles: `viewer` shows layers and photos, and pans and zooms; `viewer_tools` has all else, and comes behind it. Until it is
//! there, the panels are as the server wrote them.

use leptos::{ev::KeyboardEvent, prelude::*, task::spawn_local};

use super::{
    compare::{CompareBar, Over, SecondMap},
    drawings::{ConflictDialog, DrawingsPanel},
    hand::{carry, draw, hold, key, let_go, nearest},
    layers::LayersPanel,
    map::Spot,
    overlay::DrawingsOverlay,
    state::{Held, Viewer},
    tools::{DraftBar, Folds, NotSaved, PhotoCard, Sheets, Told, Tools},
};
use crate::ui::lazy::in_bundle;

/// What the bundle `viewer_tools` has for the map. Reaches are in pixels.
#[derive(Clone, Copy)]
pub struct Code {
    pub layers: fn(Viewer) -> AnyView,
    /// The table of drawings, and what is asked where two people changed the same.
    pub drawings: fn(Viewer) -> AnyView,
    /// What lies over the map.
    pub over: fn(Viewer) -> AnyView,
    /// What people drew, and are drawing, on a map.
    pub on_map: fn(Viewer) -> AnyView,
    /// The map of a second dataset, beside that of the first.
    pub second_map: fn(Viewer, Viewer) -> AnyView,
    /// What a press takes hold of.
    pub hold: fn(Viewer, Spot, f64) -> Option<Held>,
    /// Brings what is held to another place.
    pub carry: fn(Viewer, Held, Spot) -> Held,
    /// Ends a press on what is held, with whether it was moved and whether it is the second of a double click. Whether something was
    /// done.
    pub let_go: fn(Viewer, Held, bool, bool) -> bool,
    /// A click with a tool, with its reach and whether it is the second of a double click.
    pub draw: fn(Viewer, Spot, f64, bool),
    /// The nearest drawing within reach: how far it is away, and its key.
    pub nearest: fn(Viewer, Spot, f64) -> Option<(f64, u32)>,
    /// Whether a key was for a drawing.
    pub key: fn(Viewer, &KeyboardEvent) -> bool,
}

const CODE: Code = Code {
    layers: |viewer| view! { <LayersPanel viewer/> }.into_any(),
    drawings: |viewer| {
        viewer.guard();
        view! { <DrawingsPanel viewer/><ConflictDialog viewer/> }.into_any()
    },
    over,
    on_map: |viewer| view! { <DrawingsOverlay viewer/> }.into_any(),
    second_map: |viewer, second| view! { <SecondMap viewer second/> }.into_any(),
    hold,
    carry,
    let_go,
    draw,
    nearest,
    key,
};

fn over(viewer: Viewer) -> AnyView {
    view! {
        <Over viewer/>
        <div class="viewer-top">
            <Tools viewer/>
            <CompareBar viewer/>
            {viewer.not_compared.map(|why| view! { <p class="viewer-banner">{why}</p> })}
            <NotSaved viewer/>
            <DraftBar viewer/>
        </div>
        <PhotoCard viewer/>
        {move || viewer.compared.get().map(|second| view! { <PhotoCard viewer=second first=viewer/> })}
        <Folds viewer/>
        <Sheets viewer/>
        <Told viewer/>
    }
    .into_any()
}

/// Fetches the bundle.
pub fn load(viewer: Viewer) {
    spawn_local(async move {
        let code = in_bundle!(viewer_tools, Code, CODE).await;
        // The page may have been left.
        if viewer.code.try_get_untracked().is_some()
            && let Ok(code) = code
        {
            viewer.code.set(Some(code));
        }
    });
}
