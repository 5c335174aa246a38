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
    photo::Position,
    viewport::Viewport,
};

/// How many drawings are labelled at once; of more, only the selected one is.
const MAX_LABELS: usize = 80;
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

/// Everything over the rasters.
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
            <path class="viewer-footprint viewer-chosen" d=shape/>
            <path class="viewer-photo-chosen" d=place/>
        })
    };
    view! {
        <svg class="viewer-overlay" aria-hidden="true">
            <path class="viewer-footprint" d=move || footprints.get()/>
            <path class="viewer-photo-edge" d=used/>
            <path class="viewer-photo" d=used/>
            <path class="viewer-photo-out" d=left_out/>
            {photo}
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
                    (AnnotationKind::Area, _) => way(&mut paths.areas, &anchor, places, true),
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

/// The selected drawing, with its points.
#[component]
fn Selected(viewer: Viewer) -> impl IntoView {
    let drawing = Memo::new(move |_| {
        let key = viewer.selected.get()?;
        viewer.drawings.with(|drawings| drawings.iter().find(|one| one.key == key).cloned())
    });
    let path = move || {
        let anchor = viewer.anchor.get();
        let mut path = String::new();
        if let Some(drawing) = drawing.get() {
            way(&mut path, &anchor, &drawing.annotation.places, drawing.kind == AnnotationKind::Area);
        }
        path
    };
    let is_area = move || drawing.with(|drawing| drawing.as_ref().is_some_and(|one| one.kind == AnnotationKind::Area));
    // The points are kept while they are moved, so that the focus stays.
    let points = Memo::new(move |_| {
        let saves = viewer.save.with(|save| *save == Control::Enabled);
        drawing.with(|drawing| {
            let one = drawing.as_ref().filter(|one| !viewer.is_second && (saves || one.saved.is_none()))?;
            Some((one.key, one.annotation.places.len().min(MAX_POINTS)))
        })
    });
    let points = move || {
        points.get().map(|(key, count)| {
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
                    let label = format!("Point {} of {count}. Arrow keys move it.", index + 1);
                    view! {
                        <circle
                            class="viewer-vertex"
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
        <path class="viewer-casing viewer-thick" d=path/>
        <path class="viewer-chosen-shape" class:viewer-filled=is_area d=path/>
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
    view! {
        <path class="viewer-casing" d=path/>
        <path class="viewer-draft" class:viewer-filled=is_area d=path/>
        <path class="viewer-point-edge viewer-small" d=points/>
        <path class="viewer-draft-points" d=points/>
    }
}

/// What stands beside a drawing on the map: what it measures, or what it says.
fn label(drawing: &Drawing, units: Units) -> String {
    let measured = drawing.measured();
    match drawing.kind {
        AnnotationKind::Text => drawing.title(),
        AnnotationKind::Point => drawing.annotation.name.clone(),
        AnnotationKind::Line => measured.length.map(|length| units.length(length)).unwrap_or_default(),
        AnnotationKind::Area => measured.area.map(|area| units.area(area)).unwrap_or_default(),
    }
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

/// The labels of what is on the screen.
#[component]
fn Labels(viewer: Viewer) -> impl IntoView {
    move || {
        let (anchor, units, selected) = (viewer.anchor.get(), viewer.units.get(), viewer.selected.get());
        viewer.drawings.with(|drawings| {
            let seen: Vec<&Drawing> = drawings
                .iter()
                .filter(|one| anchor.meets(&one.annotation.places, 0.0) || Some(one.key) == selected)
                .collect();
            let few = seen.len() <= MAX_LABELS;
            seen.into_iter()
                .filter(|one| few || Some(one.key) == selected)
                .filter_map(|drawing| {
                    let (right, down) = label_spot(drawing, &anchor)?;
                    let label = label(drawing, units);
                    let class = if drawing.kind == AnnotationKind::Text {
                        format!("viewer-label viewer-label-text {}", colour_class(drawing.annotation.colour))
                    } else {
                        "viewer-label".to_owned()
                    };
                    Some(view! { <text class=class x=tenth(right) y=tenth(down) aria-hidden="true">{label}</text> })
                })
                .collect_view()
        })
    }
}
