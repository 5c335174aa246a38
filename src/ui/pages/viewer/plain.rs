//! The viewer without a script (VIEW-5): nine tiles of the highest layer with links to move and zoom, all drawings as a table, and a
//! form that adds a point. It is also what is seen until the script is there.

use leptos::prelude::*;

use super::{
    compare::{CompareForm, NameOfPart, PlainBar},
    drawings::{about as drawing_about, measures},
    layers::{Outdated, about as layer_about},
    state::{Door, Drawing, Viewer},
    tools::NotSaved,
};
use crate::{
    domain::{
        command::Control,
        viewport::{Compared, LayerSetting, LookedAt, Placement, ShownLayers, Tile, ViewerAddress, Viewport},
    },
    rpc::{
        FormFlash,
        annotation::{AddPoint, DeleteAnnotation},
    },
    ui::{
        components::{
            button::Tone,
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
    },
    view::viewer::LayerView,
};

/// How many tiles are shown, a side.
const SIDE: i64 = 3;

/// The layer that is shown: the highest one that is visible and ready.
fn shown_layer(viewer: Viewer) -> Option<LayerView> {
    let shown = viewer.shown.get_untracked();
    viewer.layers.with_untracked(|layers| {
        let ready = |number: i64| layers.iter().find(|layer| layer.number == number && layer.is_ready());
        shown.rasters.iter().rev().filter(|layer| layer.shown).find_map(|layer| ready(layer.number)).cloned()
    })
}

/// An address that shows the same elsewhere.
fn href(viewer: Viewer, viewport: Viewport) -> String {
    let address = ViewerAddress { looked_at: viewport.looked_at(), ..untrack(|| viewer.address()) };
    viewer.door.with_value(|door| door.showing(&address))
}

fn placed_layer(viewer: Viewer) -> Option<(LayerView, Placement)> {
    let layer = shown_layer(viewer)?;
    let placement = viewer.placement(&layer)?;
    Some((layer, placement))
}

/// The map as tiles with links; two of them where two datasets are compared. The links move both.
#[component]
pub fn PlainMap(viewer: Viewer) -> impl IntoView {
    let second = viewer.compared.get_untracked();
    let moved = if placed_layer(viewer).is_some() { viewer } else { second.unwrap_or(viewer) };
    let maps = [Some(viewer), second]
        .map(|part| part.map(|part| view! { <NameOfPart viewer part/><PlainTiles viewer=part/> }));
    view! {
        <NotSaved viewer/>
        {viewer.not_compared.map(|why| view! { <p class="viewer-banner">{why}</p> })}
        <div class="viewer-plain">
            {second.map(|second| view! { <PlainBar viewer second/> })}
            <PlainMoves viewer of=moved/>
            {maps.into_iter().collect_view()}
        </div>
    }
}

/// The links that move and zoom, by tiles of a dataset.
#[component]
fn PlainMoves(viewer: Viewer, of: Viewer) -> impl IntoView {
    let viewport = viewer.viewport.get_untracked();
    let (layer, placement) = placed_layer(of)?;
    let level = placement.level(layer.levels, &viewport, 1.0);
    let (columns, rows) = placement.tiles_of(layer.levels, level);
    // A tile is so many pixels of the screen wide.
    let tile =
        placement.pixel() * f64::from(Placement::step(layer.levels, level)) * 512.0 / viewport.metres_per_pixel();
    let (least, most) = viewport.zooms();
    let to = |label: &'static str, viewport: Viewport, is_there: bool| {
        is_there.then(|| view! { <a class="button" href=href(viewer, viewport)>{label}</a> })
    };
    let (width, height) = viewport.size();
    let middle = (width / 2.0, height / 2.0);
    Some(view! {
        <nav aria-label="Move and zoom">
            {to("West", viewport.pushed(tile, 0.0), columns > 3)}
            {to("North", viewport.pushed(0.0, tile), rows > 3)}
            {to("South", viewport.pushed(0.0, -tile), rows > 3)}
            {to("East", viewport.pushed(-tile, 0.0), columns > 3)}
            {to("Zoom in", viewport.zoomed(1.0, middle), viewport.zoom() < most && level + 1 < layer.levels)}
            {to("Zoom out", viewport.zoomed(-1.0, middle), viewport.zoom() > least && level > 0)}
        </nav>
    })
}

/// The tiles of a dataset.
#[component]
fn PlainTiles(viewer: Viewer) -> impl IntoView {
    let viewport = viewer.viewport.get_untracked();
    let Some((layer, placement)) = placed_layer(viewer) else {
        return view! { <p class="hint">"There is no layer to show. Photos and drawings are on the map once the page's script has loaded."</p> }
            .into_any();
    };
    let level = placement.level(layer.levels, &viewport, 1.0);
    let (columns, rows) = placement.tiles_of(layer.levels, level);
    let Tile { x, y, .. } = placement.tile_at(layer.levels, level, viewport.middle());
    let spread = |middle: u32, count: u32| {
        let first = (i64::from(middle) - SIDE / 2).clamp(0, (i64::from(count) - SIDE).max(0));
        (0..SIDE).filter_map(move |away| u32::try_from(first + away).ok()).filter(move |index| *index < count)
    };
    let tiles = spread(y, rows)
        .map(|y| {
            let row = spread(x, columns)
                .map(|x| {
                    let source = viewer.door.with_value(|door| door.tile(layer.number, Tile { level, x, y }));
                    let alt = format!("{}, row {}, column {}", layer.title, y + 1, x + 1);
                    view! { <img src=source alt=alt width="512" height="512"/> }
                })
                .collect_view();
            view! { <div>{row}</div> }
        })
        .collect_view();
    view! { <div class="viewer-plain-tiles">{tiles}</div> }.into_any()
}

/// The layers as links.
#[component]
pub fn PlainLayers(viewer: Viewer) -> impl IntoView {
    let second = viewer.compared.get_untracked();
    view! {
        <section class="viewer-panel viewer-layers" aria-labelledby="viewer-layers-title">
            <h2 id="viewer-layers-title">"Layers"</h2>
            <NameOfPart viewer part=viewer/>
            <Outdated viewer/>
            <PlainList viewer of=viewer/>
            {second.map(|second| view! { <NameOfPart viewer part=second/><Outdated viewer=second/><PlainList viewer of=second/> })}
            <CompareForm viewer/>
        </section>
    }
}

/// The layers of one dataset.
#[component]
fn PlainList(viewer: Viewer, of: Viewer) -> impl IntoView {
    let shown = shown_layer(of).map(|layer| layer.number);
    let layers = of.layers.with_untracked(|layers| {
        layers
            .iter()
            .rev()
            .map(|layer| {
                let pixel = of.placement(layer).map(|placement| placement.pixel());
                let about = layer_about(layer, pixel);
                let title = layer.title.clone();
                let current = (shown == Some(layer.number)).then_some("true");
                let title = if layer.is_ready() {
                    let only = LayerSetting { number: layer.number, shown: true, opacity: 100 };
                    let layers = Some(ShownLayers { rasters: vec![only], photos: true, footprints: false });
                    let looked_at: Option<LookedAt> = viewer.looked_at.get_value();
                    let address = ViewerAddress { looked_at, ..untrack(|| viewer.address()) };
                    let address = if of.is_second {
                        let compared = address.compared.map(|compared| Compared { layers, ..compared });
                        ViewerAddress { compared, ..address }
                    } else {
                        ViewerAddress { layers, ..address }
                    };
                    let to = viewer.door.with_value(|door| door.showing(&address));
                    view! { <a class="text-link" href=to aria-current=current>{title}</a> }.into_any()
                } else {
                    view! { <span>{title}</span> }.into_any()
                };
                view! { <li class="viewer-layer"><div class="viewer-layer-words">{title}<small>{about}</small></div></li> }
            })
            .collect_view()
    });
    let label = format!("Layers of {}", of.name.get_value());
    view! { <ul role="list" aria-label=label>{layers}</ul> }
}

/// The drawings as a table, and the form for a point.
#[component]
pub fn PlainDrawings(viewer: Viewer, flash: Option<FormFlash>) -> impl IntoView {
    let saves = viewer.save.with_untracked(|save| *save == Control::Enabled);
    let units = viewer.units.get_untracked();
    let (dataset, back) =
        (viewer.door.with_value(|door| door.dataset().to_owned()), viewer.door.with_value(Door::viewer));
    let drawings = viewer.drawings.get_untracked();
    let is_empty = drawings.is_empty();
    let row = |drawing: Drawing| {
        let about = drawing_about(&drawing, viewer);
        let measured = measures(&drawing, units).into_iter().map(|(label, value)| {
            view! { <span class="viewer-measure"><span>{label}</span><b class="num">{value}</b></span> }
        });
        let place = drawing.annotation.places.first().map(ToString::to_string);
        let (title, description) = (drawing.title(), drawing.annotation.description);
        let label = format!("Delete {title}");
        let (dataset, back) = (dataset.clone(), back.clone());
        let delete = drawing.saved.filter(|_| saves).map(move |saved| {
            let action = FormAction::<DeleteAnnotation>::new();
            let (number, version) = (saved.number.to_string(), saved.version.to_string());
            view! {
                <Form action flash=None class="inline-form">
                    <Hidden name="dataset" value=dataset/>
                    <Hidden name="number" value=number/>
                    <Hidden name="version" value=version/>
                    <Hidden name="back" value=back/>
                    <Submit label tone=Tone::Quiet/>
                </Form>
            }
        });
        view! {
            <tr role="row" class="viewer-row">
                <td role="cell"><b>{title}</b></td>
                <td role="cell">{measured.collect_view()}</td>
                <td role="cell"><small>{about}</small><small class="num">{place}</small></td>
                <td role="cell">{description}{delete}</td>
            </tr>
        }
    };
    let rows = drawings.into_iter().rev().map(row).collect_view();
    let (to, back) = (dataset.clone(), back.clone());
    let add = saves.then(move || {
        let action = FormAction::<AddPoint>::new();
        view! {
            <details class="viewer-add">
                <summary>"Add a point"</summary>
                <Form action flash class="form">
                    <Hidden name="dataset" value=to/>
                    <Hidden name="back" value=back/>
                    <Field name="latitude" label="Latitude"/>
                    <Field name="longitude" label="Longitude"/>
                    <Field name="name" label="Name" optional=true/>
                    <Submit label="Add point" tone=Tone::Plain/>
                </Form>
            </details>
        }
    });
    view! {
        <section class="viewer-panel viewer-drawings" aria-labelledby="viewer-drawings-title">
            <header><h2 id="viewer-drawings-title">"Drawings"</h2></header>
            <p class="hint" hidden=!is_empty>"Nothing is drawn yet."</p>
            <table role="table" aria-label="Drawings" hidden=is_empty>
                <thead role="rowgroup" class="visually-hidden">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Name"</th>
                        <th role="columnheader" scope="col">"Measure"</th>
                        <th role="columnheader" scope="col">"By"</th>
                        <th role="columnheader" scope="col">"Description"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
            {add}
        </section>
    }
}
