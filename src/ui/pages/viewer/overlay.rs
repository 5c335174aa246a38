//! What is drawn over the rasters: photos, what they see, and drawings.
//!
//! Photos are one path, and drawings one path for each colour, whatever their number. What is pressed is found by computing, not by
//! listeners. Only the points of the selected drawing are elements of their own, so that keys reach them.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::{
    map::BEYOND,
    state::{Drawing, Tool, Viewer, colour_class},
};
use crate::domain::{
    annotation::{AnnotationKind, Colour},
    command::Control,
    measure::Units,
    on_map::{self, Label},
    photo::Position,
    viewport::Viewport,
};

/// How many drawings are labelled at once.
const MAX_LABELS: usize = 200;
/// How many points of a drawing can be focused.
const MAX_POINTS: usize = 300;

fn beyond(anchor: &Viewport) -> f64 {
    let (width, height) = anchor.size();
    width.max(height) * BEYOND
}

/// A coordinate with a tenth of a pixel.
fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// Adds a way to a path.
fn way(path: &mut String, anchor: &Viewport, places: &[Position], is_closed: bool) {
    for (index, place) in places.iter().enumerate() {
        let (right, down) = anchor.spot_of(*place);
        // Writing into a string cannot fail.
        let _ = write!(path, "{}{} {}", if index == 0 { 'M' } else { 'L' }, tenth(right), tenth(down));
    }
    if is_closed && !places.is_empty() {
        path.push('Z');
    }
}

/// Adds a dot to a path.
fn dot(path: &mut String, anchor: &Viewport, place: Position) {
    let (right, down) = anchor.spot_of(place);
    let _ = write!(path, "M{} {}h0", tenth(right), tenth(down));
}

/// The paths of all drawings of a colour but the selected one.
#[derive(Clone, Default, PartialEq)]
struct Paths {
    areas: String,
    lines: String,
    points: String,
}

/// Photos and what they see, and drawings once their bundle is there.
#[component]
pub fn Overlay(viewer: Viewer) -> impl IntoView {
    let photos = Memo::new(move |_| {
        if !viewer.shown.with(|shown| shown.photos) {
            return (String::new(), String::new());
        }
        let anchor = viewer.anchor.get();
        let beyond = beyond(&anchor);
        let (mut used, mut left_out) = (String::new(), String::new());
        viewer.photos.with_value(|photos| {
            for photo in photos {
                if anchor.shows(anchor.spot_of(photo.at), beyond) {
                    dot(if photo.left_out { &mut left_out } else { &mut used }, &anchor, photo.at);
                }
            }
        });
        (used, left_out)
    });
    let footprints = Memo::new(move |_| {
        let mut path = String::new();
        if viewer.shown.with(|shown| shown.footprints) {
            let anchor = viewer.anchor.get();
            let beyond = beyond(&anchor);
            viewer.photos.with_value(|photos| {
                let shapes = photos.iter().filter(|photo| !photo.left_out).filter_map(|photo| photo.footprint);
                for shape in shapes.filter(|shape| anchor.meets(shape, beyond)) {
                    way(&mut path, &anchor, &shape, true);
                }
            });
        }
        path
    });
    let used = move || photos.with(|photos| photos.0.clone());
    let left_out = move || photos.with(|photos| photos.1.clone());
    let photo = move || {
        let number = viewer.photo.get()?;
        let anchor = viewer.anchor.get();
        let found = viewer.photos.with_value(|photos| photos.iter().find(|photo| photo.number == number).cloned())?;
        let mut place = String::new();
        dot(&mut place, &anchor, found.at);
        let mut shape = String::new();
        way(&mut shape, &anchor, found.footprint.as_ref().map_or(&[], |shape| shape.as_slice()), true);
        Some(view! {
            <path class="viewer-casing viewer-thick" d=shape.clone()/>
            <path class="viewer-footprint viewer-chosen" d=shape/>
            <path class="viewer-photo-chosen" d=place/>
        })
    };
    view! {
        <svg class="viewer-overlay" aria-hidden="true" class:viewer-one-photo=move || viewer.photo.get().is_some()>
            <path class="viewer-footprint" d=move || footprints.get()/>
            <path class="viewer-photo-edge" d=used/>
            <path class="viewer-photo" d=used/>
            <path class="viewer-photo-out" d=left_out/>
            {photo}
        </svg>
        {move || viewer.code.get().map(|code| (code.on_map)(viewer))}
    }
}

/// What people drew, and are drawing.
#[component]
pub fn DrawingsOverlay(viewer: Viewer) -> impl IntoView {
    view! {
        <svg class="viewer-overlay" aria-hidden="true">
            {Colour::ALL.map(|colour| view! { <OfColour viewer colour/> })}
        </svg>
        <svg class="viewer-overlay" role="group" aria-label="Points of the selected drawing" aria-hidden=viewer.is_second.then_some("true")>
            <Selected viewer/>
            <DraftShape viewer/>
            <Labels viewer/>
        </svg>
    }
}

/// The drawings of a colour.
#[component]
fn OfColour(viewer: Viewer, colour: Colour) -> impl IntoView {
    let paths = Memo::new(move |_| {
        let (anchor, selected) = (viewer.anchor.get(), viewer.selected.get());
        let beyond = beyond(&anchor);
        let mut paths = Paths::default();
        viewer.drawings.with(|drawings| {
            let seen = drawings.iter().filter(|one| one.annotation.colour == colour && Some(one.key) != selected);
            for drawing in seen.filter(|one| anchor.meets(&one.annotation.places, beyond)) {
                let places = &drawing.annotation.places;
                match (drawing.kind, places.first()) {
                    (AnnotationKind::Area, _) => way(&mut paths.areas, &anchor, &on_map::clockwise(places), true),
                    (AnnotationKind::Line, _) => way(&mut paths.lines, &anchor, places, false),
                    (AnnotationKind::Point, Some(place)) => dot(&mut paths.points, &anchor, *place),
                    _ => {}
                }
            }
        });
        paths
    });
    let areas = move || paths.with(|paths| paths.areas.clone());
    let lines = move || paths.with(|paths| paths.lines.clone());
    let points = move || paths.with(|paths| paths.points.clone());
    view! {
        <g class=colour_class(colour)>
            <path class="viewer-casing" d=areas/>
            <path class="viewer-casing" d=lines/>
            <path class="viewer-area" d=areas/>
            <path class="viewer-line" d=lines/>
            <path class="viewer-point-edge" d=points/>
            <path class="viewer-point" d=points/>
        </g>
    }
}

/// The classes of what is drawn of a kind: what shows that it is selected in two, its dark edge, and itself in its own colour.
const fn layers_of(kind: AnnotationKind) -> [&'static str; 4] {
    match kind {
        AnnotationKind::Area => ["viewer-halo-edge", "viewer-halo", "viewer-casing", "viewer-area"],
        AnnotationKind::Line => ["viewer-halo-edge", "viewer-halo", "viewer-casing", "viewer-line"],
        AnnotationKind::Point | AnnotationKind::Text => {
            ["viewer-halo-edge viewer-of-point", "viewer-halo viewer-of-point", "viewer-point-edge", "viewer-point"]
        }
    }
}

/// The selected drawing in its colour, with its points and the middles of its sides.
#[component]
fn Selected(viewer: Viewer) -> impl IntoView {
    let drawing = Memo::new(move |_| {
        let key = viewer.selected.get()?;
        viewer.drawings.with(|drawings| drawings.iter().find(|one| one.key == key).cloned())
    });
    let may_change = move |one: &Drawing| {
        !viewer.is_second && (viewer.save.with(|save| *save == Control::Enabled) || one.saved.is_none())
    };
    // The shape, and the middles of its sides where they can be taken hold of.
    let paths = Memo::new(move |_| {
        let anchor = viewer.anchor.get();
        let (mut shape, mut middles) = (String::new(), String::new());
        drawing.with(|drawing| {
            let Some(one) = drawing else { return };
            let places = &one.annotation.places;
            match (one.kind, places.first()) {
                (AnnotationKind::Area | AnnotationKind::Line, _) => {
                    way(&mut shape, &anchor, places, one.kind == AnnotationKind::Area);
                    if may_change(one) {
                        let spots: Vec<(f64, f64)> = places.iter().map(|place| anchor.spot_of(*place)).collect();
                        for (_, (right, down)) in on_map::middles(one.kind, &spots) {
                            let _ = write!(middles, "M{} {}h0", tenth(right), tenth(down));
                        }
                    }
                }
                (AnnotationKind::Point, Some(place)) => dot(&mut shape, &anchor, *place),
                _ => {}
            }
        });
        (shape, middles)
    });
    let shape = move || paths.with(|paths| paths.0.clone());
    let middles = move || paths.with(|paths| paths.1.clone());
    let colour = move || drawing.with(|drawing| drawing.as_ref().map_or("", |one| colour_class(one.annotation.colour)));
    let class = move |layer: usize| {
        move || drawing.with(|drawing| drawing.as_ref().map_or("", |one| layers_of(one.kind)[layer]))
    };
    // The points are kept while they are moved, so that the focus stays.
    let points = Memo::new(move |_| {
        drawing.with(|drawing| {
            let one = drawing.as_ref().filter(|one| may_change(one))?;
            Some((one.key, one.kind, one.annotation.places.len().min(MAX_POINTS)))
        })
    });
    let points = move || {
        points.get().map(|(key, kind, count)| {
            let class = match kind {
                AnnotationKind::Point | AnnotationKind::Text => "viewer-vertex viewer-vertex-alone",
                _ => "viewer-vertex",
            };
            (0..count)
                .map(|index| {
                    let spot = Memo::new(move |_| {
                        let anchor = viewer.anchor.get();
                        drawing.with(|drawing| {
                            let place = drawing.as_ref()?.annotation.places.get(index).copied()?;
                            Some(anchor.spot_of(place))
                        })
                    });
                    let right = move || spot.get().map(|spot| tenth(spot.0));
                    let down = move || spot.get().map(|spot| tenth(spot.1));
                    let more = if count > 1 { ", Enter adds one beside it, Delete removes it" } else { "" };
                    let label = format!("Point {} of {count}. Arrow keys move it{more}.", index + 1);
                    view! {
                        <circle
                            class=class
                            tabindex="0"
                            role="button"
                            aria-label=label
                            data-drawing=key.to_string()
                            data-vertex=index.to_string()
                            r="6"
                            cx=right
                            cy=down
                        />
                    }
                })
                .collect_view()
        })
    };
    view! {
        <g class=colour>
            <path class=class(0) d=shape/>
            <path class=class(1) d=shape/>
            <path class=class(2) d=shape/>
            <path class=class(3) d=shape/>
        </g>
        <path class="viewer-middles-edge" d=middles/>
        <path class="viewer-middles" d=middles/>
        {points}
    }
}

/// What is being drawn, up to the pointer.
#[component]
fn DraftShape(viewer: Viewer) -> impl IntoView {
    let path = move || {
        let places = viewer.draft.get();
        if places.is_empty() {
            return String::new();
        }
        let anchor = viewer.anchor.get();
        let mut path = String::new();
        let is_area = viewer.tool.get() == Tool::Draw(AnnotationKind::Area);
        let pointer = viewer.pointer.get().map(|spot| viewer.viewport.with(|viewport| viewport.point(spot)));
        way(&mut path, &anchor, &places, false);
        if let Some(point) = pointer {
            let (right, down) = anchor.spot(point);
            let _ = write!(path, "L{} {}", tenth(right), tenth(down));
        }
        if is_area && places.len() + usize::from(pointer.is_some()) > 2 {
            path.push('Z');
        }
        path
    };
    let points = move || {
        let anchor = viewer.anchor.get();
        let mut path = String::new();
        viewer.draft.with(|places| places.iter().for_each(|place| dot(&mut path, &anchor, *place)));
        path
    };
    let is_area = move || viewer.tool.get() == Tool::Draw(AnnotationKind::Area);
    // The point that ends the drawing when it is pressed.
    let end = move || {
        let Tool::Draw(kind) = viewer.tool.get() else { return None };
        let anchor = viewer.anchor.get();
        let place = viewer.draft.with(|places| places.get(on_map::end_point(kind, places.len())?).copied())?;
        let (right, down) = anchor.spot_of(place);
        Some(view! { <circle class="viewer-draft-end" r="8" cx=tenth(right) cy=tenth(down)/> })
    };
    view! {
        <path class="viewer-casing" d=path/>
        <path class="viewer-draft" class:viewer-filled=is_area d=path/>
        <path class="viewer-point-edge viewer-small" d=points/>
        <path class="viewer-draft-points" d=points/>
        {end}
    }
}

/// What stands beside a drawing on the map: what it measures, or what it says.
fn label(drawing: &Drawing, units: Units) -> String {
    let measured = drawing.measured();
    match drawing.kind {
        AnnotationKind::Text => drawing.title(),
        AnnotationKind::Point => drawing.annotation.name.clone(),
        AnnotationKind::Line => named(drawing, measured.length.map(|length| units.length(length))),
        AnnotationKind::Area => named(drawing, measured.area.map(|area| units.area(area))),
    }
}

/// A measure behind the drawing's name.
fn named(drawing: &Drawing, measure: Option<String>) -> String {
    let (name, measure) = (&drawing.annotation.name, measure.unwrap_or_default());
    if name.is_empty() { measure } else { format!("{name}: {measure}") }
}

/// Where that stands: in the middle of an area, above the middle of a line, beside a point.
fn label_spot(drawing: &Drawing, anchor: &Viewport) -> Option<(f64, f64)> {
    let places = &drawing.annotation.places;
    let spots: Vec<(f64, f64)> = places.iter().map(|place| anchor.spot_of(*place)).collect();
    match drawing.kind {
        AnnotationKind::Point => spots.first().map(|(right, down)| (*right, down - 14.0)),
        AnnotationKind::Text => spots.first().map(|(right, down)| (*right, down + 5.0)),
        AnnotationKind::Line => spots.get(spots.len() / 2).map(|(right, down)| (*right, down - 14.0)),
        AnnotationKind::Area => {
            let count = f64::from(u32::try_from(spots.len()).ok()?);
            let (right, down) = spots.iter().fold((0.0, 0.0), |sum, spot| (sum.0 + spot.0, sum.1 + spot.1));
            Some((right / count, down / count + 5.0))
        }
    }
}

/// How large a drawing is on the screen.
fn extent(drawing: &Drawing, anchor: &Viewport) -> f64 {
    let (mut low, mut high) = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
    for place in &drawing.annotation.places {
        let (right, down) = anchor.spot_of(*place);
        low = (low.0.min(right), low.1.min(down));
        high = (high.0.max(right), high.1.max(down));
    }
    (high.0 - low.0) + (high.1 - low.1)
}

/// The labels of what is on the screen, as far as there is room. A text is nothing but its label, so it is always shown.
#[component]
fn Labels(viewer: Viewer) -> impl IntoView {
    move || {
        let (anchor, units, selected) = (viewer.anchor.get(), viewer.units.get(), viewer.selected.get());
        viewer.drawings.with(|drawings| {
            let mut seen: Vec<&Drawing> = Vec::new();
            let mut wanted: Vec<(bool, f64)> = Vec::new();
            for one in drawings {
                let is_selected = Some(one.key) == selected;
                if is_selected || anchor.meets(&one.annotation.places, 0.0) {
                    wanted.push((is_selected || one.kind == AnnotationKind::Text, extent(one, &anchor)));
                    seen.push(one);
                }
            }
            let (mut labels, mut texts): (Vec<Label>, Vec<(&Drawing, String)>) = (Vec::new(), Vec::new());
            for index in on_map::label_order(&wanted, MAX_LABELS) {
                if let Some(at) = label_spot(seen[index], &anchor) {
                    let text = label(seen[index], units);
                    labels.push(Label { at, characters: text.chars().count(), always: wanted[index].0 });
                    texts.push((seen[index], text));
                }
            }
            let mut views = Vec::new();
            for ((label, (drawing, text)), is_shown) in labels.iter().zip(texts).zip(on_map::with_room(&labels)) {
                if is_shown {
                    let text_class = match drawing.kind {
                        AnnotationKind::Text => {
                            format!(" viewer-label-text {}", colour_class(drawing.annotation.colour))
                        }
                        _ => String::new(),
                    };
                    let chosen = if Some(drawing.key) == selected { " viewer-label-chosen" } else { "" };
                    let class = format!("viewer-label{text_class}{chosen}");
                    let (right, down) = label.at;
                    views.push(
                        view! { <text class=class x=tenth(right) y=tenth(down) aria-hidden="true">{text}</text> },
                    );
                }
            }
            views
        })
    }
}
