//! The rasters on the map: tiles as pictures, laid on the ground by one matrix for each layer.
//!
//! Tiles of the level that fits are on top of a coarser one that covers all of the layer, so there is something to see while they
//! load, and no gap between them. Tiles of other levels stay until those that replace them are there.

use std::{collections::BTreeMap, time::Duration};

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, js_sys::Reflect};

use super::{
    map::{BEYOND, set_style},
    state::Viewer,
};
use crate::{
    domain::{
        layer::TILE,
        viewport::{Placement, Tile, Viewport},
    },
    view::viewer::LayerView,
};

/// How many tiles of a coarse level are always there.
const MAX_COARSE_TILES: u32 = 4;
/// How far tiles reach over their neighbours, in pixels of the screen: otherwise a line would shine through.
const OVERLAP: f64 = 0.6;
/// How often it is looked whether new tiles are there, so that the old ones can go.
const LOADED_INTERVAL: Duration = Duration::from_millis(250);
/// After so many looks old tiles go in any case.
const MAX_LOOKS: u32 = 40;

/// All layers that are shown, from the lowest to the highest.
#[component]
pub fn Tiles(viewer: Viewer) -> impl IntoView {
    let shown = Memo::new(move |_| {
        let ready: Vec<i64> = viewer
            .layers
            .with(|layers| layers.iter().filter(|layer| layer.is_ready()).map(|layer| layer.number).collect());
        viewer.shown.with(|shown| {
            let visible = shown.rasters.iter().filter(|layer| layer.shown && ready.contains(&layer.number));
            visible.map(|layer| layer.number).collect::<Vec<i64>>()
        })
    });
    view! {
        <For each=move || shown.get() key=|number| *number let(number)>
            <Raster viewer number/>
        </For>
    }
}

/// The pictures of a layer, and how often it was drawn.
#[derive(Default)]
struct Pictures {
    tiles: BTreeMap<Tile, HtmlElement>,
    draws: u32,
}

#[component]
fn Raster(viewer: Viewer, number: i64) -> impl IntoView {
    let here = NodeRef::<html::Div>::new();
    // Made in the browser only: elements stay on the thread that made them.
    let pictures = StoredValue::new_local(Pictures::default());
    let layer =
        Memo::new(move |_| viewer.layers.with(|layers| layers.iter().find(|one| one.number == number).cloned()));
    Effect::new(move |_| {
        let (Some(here), Some(layer)) = (here.get(), layer.get()) else { return };
        let anchor = viewer.anchor.get();
        let Some(placement) = viewer.placement(&layer) else { return };
        draw(viewer, &here, &layer, &placement, &anchor, pictures);
    });
    let opacity = Memo::new(move |_| {
        viewer.shown.with(|shown| shown.rasters.iter().find(|one| one.number == number).map_or(100, |one| one.opacity))
    });
    Effect::new(move |_| {
        if let Some(here) = here.get() {
            set_style(&here, "opacity", &format!("{}%", opacity.get()));
        }
    });
    view! { <div node_ref=here class="viewer-raster" aria-hidden="true"></div> }
}

/// The coarsest level that covers the layer with few tiles.
fn coarse_level(placement: &Placement, levels: u32) -> u32 {
    let few = |level: &u32| {
        let (columns, rows) = placement.tiles_of(levels, *level);
        columns * rows <= MAX_COARSE_TILES
    };
    (0..levels).take_while(few).last().unwrap_or(0)
}

fn draw(
    viewer: Viewer,
    here: &HtmlElement,
    layer: &LayerView,
    placement: &Placement,
    anchor: &Viewport,
    pictures: StoredValue<Pictures, LocalStorage>,
) {
    let matrix = placement.matrix(anchor).map(|number| format!("{number:.7}"));
    set_style(here, "inline-size", &format!("{}px", layer.width));
    set_style(here, "block-size", &format!("{}px", layer.height));
    set_style(here, "transform", &format!("matrix({})", matrix.join(",")));
    let density = window().device_pixel_ratio();
    let level = placement.level(layer.levels, anchor, density);
    let (width, height) = anchor.size();
    let beyond = width.max(height) * BEYOND * 0.6;
    let mut wanted = placement.tiles(layer.levels, level, anchor, beyond);
    let coarse = coarse_level(placement, layer.levels);
    if coarse < level {
        let (columns, rows) = placement.tiles_of(layer.levels, coarse);
        wanted.splice(0..0, (0..rows).flat_map(|y| (0..columns).map(move |x| Tile { level: coarse, x, y })));
    }
    let on_screen = placement.pixel() / anchor.metres_per_pixel();
    let mut draws = 0;
    pictures.update_value(|Pictures { tiles, draws: before }| {
        *before += 1;
        draws = *before;
        for tile in &wanted {
            if !tiles.contains_key(tile)
                && let Some(picture) = picture(viewer, layer, *tile)
            {
                drop(here.append_child(&picture));
                tiles.insert(*tile, picture);
            }
        }
        for (tile, picture) in tiles.iter() {
            let step = f64::from(Placement::step(layer.levels, tile.level));
            let side = step * f64::from(TILE) + OVERLAP / on_screen;
            set_style(picture, "inline-size", &format!("{side:.2}px"));
            set_style(picture, "block-size", &format!("{side:.2}px"));
        }
        // Those that are far away go at once.
        let near = placement.tiles(layer.levels, level, anchor, beyond * 2.0);
        tiles.retain(|tile, picture| {
            let keep = tile.level != level || near.contains(tile);
            if !keep {
                picture.remove();
            }
            keep
        });
    });
    forget_others(pictures, wanted, draws, MAX_LOOKS);
}

/// A tile as a picture at its place.
fn picture(viewer: Viewer, layer: &LayerView, tile: Tile) -> Option<HtmlElement> {
    let picture = document().create_element("img").ok()?.dyn_into::<HtmlElement>().ok()?;
    let step = f64::from(Placement::step(layer.levels, tile.level) * TILE);
    set_style(&picture, "left", &format!("{}px", f64::from(tile.x) * step));
    set_style(&picture, "top", &format!("{}px", f64::from(tile.y) * step));
    set_style(&picture, "z-index", &tile.level.to_string());
    let address = viewer.door.with_value(|door| door.tile(layer.number, tile));
    for (name, value) in [("alt", ""), ("draggable", "false"), ("decoding", "async"), ("src", address.as_str())] {
        picture.set_attribute(name, value).ok()?;
    }
    Some(picture)
}

fn is_loaded(picture: &HtmlElement) -> bool {
    Reflect::get(picture, &JsValue::from_str("complete")).is_ok_and(|complete| complete.is_truthy())
}

/// Takes the tiles of other levels away, once those that are wanted have been loaded; unless the layer was drawn again since.
fn forget_others(pictures: StoredValue<Pictures, LocalStorage>, wanted: Vec<Tile>, draws: u32, looks: u32) {
    let look = move || {
        let loaded = pictures.try_with_value(|Pictures { tiles, draws: now }| {
            (*now == draws).then(|| wanted.iter().all(|tile| tiles.get(tile).is_none_or(is_loaded)))
        });
        match loaded.flatten() {
            // The layer is gone, or drawn anew.
            None => {}
            Some(false) if looks > 0 => forget_others(pictures, wanted, draws, looks - 1),
            Some(_) => pictures.update_value(|Pictures { tiles, .. }| {
                tiles.retain(|tile, picture| {
                    let keep = wanted.iter().any(|one| one.level == tile.level);
                    if !keep {
                        picture.remove();
                    }
                    keep
                });
            }),
        }
    };
    set_timeout(look, LOADED_INTERVAL);
}
