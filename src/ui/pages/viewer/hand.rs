//! What presses and keys do to drawings.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    map::{REACH, Spot},
    state::{Held, Tool, Viewer},
};
use crate::{
    domain::{
        annotation::{Annotation, AnnotationKind, Colour},
        on_map::{self, Handle},
        photo::Position,
        viewport::Viewport,
    },
    ui::components::dom::element_of,
};

/// How far an arrow key moves a point of a drawing, in pixels; with Shift ten times as far.
const POINT_STEP: f64 = 1.0;
/// How long a point that is moved by keys rests before it is saved.
const KEYS_REST: Duration = Duration::from_millis(700);

fn spots(viewport: &Viewport, places: &[Position]) -> Vec<Spot> {
    places.iter().map(|place| viewport.spot_of(*place)).collect()
}

/// What can be taken hold of at a place of the screen: a point of the selected drawing, or the middle of a side.
pub fn hold(viewer: Viewer, spot: Spot, reach: f64) -> Option<Held> {
    let key = viewer.selected.get_untracked()?;
    let drawing = viewer.drawing(key).filter(|drawing| viewer.may_change(drawing))?;
    let spots = viewer.viewport.with_untracked(|viewport| spots(viewport, &drawing.annotation.places));
    let handle = on_map::handle_at(drawing.kind, &spots, spot, reach)?;
    Some(Held { key, handle, before: drawing.annotation })
}

/// Moves the point that is held, or adds one where it is the middle of a side.
pub fn carry(viewer: Viewer, held: Held, spot: Spot) -> Held {
    let Some(place) = viewer.viewport.with_untracked(|viewport| viewport.place(spot)) else { return held };
    match held.handle {
        Handle::Point(index) => {
            move_vertex(viewer, held.key, index, place);
            held
        }
        Handle::Middle(index) if add_vertex(viewer, held.key, index + 1, place) => {
            Held { handle: Handle::Point(index + 1), ..held }
        }
        Handle::Middle(_) => held,
    }
}

pub fn let_go(viewer: Viewer, held: Held, is_moved: bool, is_double: bool) -> bool {
    let Held { key, handle, before } = held;
    match handle {
        _ if is_moved => vertex_moved(viewer, key, &before),
        // Of a point or a text there is nothing to remove but all of it.
        Handle::Point(index) if before.places.len() > 1 => {
            if is_double {
                remove_vertex(viewer, key, index);
            } else {
                focus_vertex(index);
            }
        }
        _ => return false,
    }
    true
}

/// Shows a point somewhere else, without saving it yet.
fn move_vertex(viewer: Viewer, key: u32, index: usize, place: Position) {
    viewer.drawings.update(|drawings| {
        if let Some(drawing) = drawings.iter_mut().find(|one| one.key == key)
            && let Some(point) = drawing.annotation.places.get_mut(index)
        {
            *point = place;
        }
    });
}

/// Shows a point more, without saving it yet. Whether there was room for it.
fn add_vertex(viewer: Viewer, key: u32, index: usize, place: Position) -> bool {
    let mut added = false;
    viewer.change(key, |drawing| {
        let places = &mut drawing.annotation.places;
        added = places.len() < drawing.kind.places().1 && index <= places.len();
        if added {
            places.insert(index, place);
        }
    });
    added
}

/// Ends moving a point.
fn vertex_moved(viewer: Viewer, key: u32, before: &Annotation) {
    if let Some(drawing) = viewer.drawing(key) {
        viewer.edit(key, before, drawing.annotation);
    }
}

pub fn draw(viewer: Viewer, spot: Spot, reach: f64, is_double: bool) {
    match viewer.tool.get_untracked() {
        // The first click of the two has set the last point.
        Tool::Draw(AnnotationKind::Line | AnnotationKind::Area) if is_double => viewer.finish(),
        _ => set_point(viewer, spot, reach),
    }
}

/// Sets a point with the chosen tool, or ends what is being drawn where the press is at its end.
fn set_point(viewer: Viewer, spot: Spot, reach: f64) {
    let Some(place) = viewer.viewport.with_untracked(|viewport| viewport.place(spot)) else { return };
    match viewer.tool.get_untracked() {
        Tool::Select => {}
        Tool::Draw(kind) if ends_at(viewer, kind, spot, reach) => viewer.finish(),
        Tool::Draw(kind @ (AnnotationKind::Point | AnnotationKind::Text)) => {
            viewer.tool.set(Tool::Select);
            viewer.add(kind, vec![place], Colour::default());
        }
        Tool::Draw(AnnotationKind::Line | AnnotationKind::Area) => viewer.draft.update(|draft| draft.push(place)),
    }
}

/// Whether a press there ends what is being drawn.
fn ends_at(viewer: Viewer, kind: AnnotationKind, spot: Spot, reach: f64) -> bool {
    let viewport = viewer.viewport.get_untracked();
    let spots = viewer.draft.with_untracked(|draft| spots(&viewport, draft));
    on_map::ends_at(kind, &spots, spot, reach)
}

/// How far a point is from a way, in pixels.
fn away_from(from: Spot, to: Spot, spot: Spot) -> f64 {
    let (east, south) = (to.0 - from.0, to.1 - from.1);
    let squared = east * east + south * south;
    let part = if squared > 0.0 { ((spot.0 - from.0) * east + (spot.1 - from.1) * south) / squared } else { 0.0 };
    let part = part.clamp(0.0, 1.0);
    (from.0 + part * east - spot.0).hypot(from.1 + part * south - spot.1)
}

/// Whether a place is within a shape.
fn is_within(corners: &[Spot], spot: Spot) -> bool {
    let Some(last) = corners.last() else { return false };
    let before = std::iter::once(last).chain(corners);
    let crossings = before.zip(corners).filter(|(from, to)| {
        (from.1 > spot.1) != (to.1 > spot.1) && spot.0 < from.0 + (spot.1 - from.1) / (to.1 - from.1) * (to.0 - from.0)
    });
    crossings.count() % 2 == 1
}

/// How far a drawing is from a place of the screen. The inside of an area is a little away, so that what is on it comes first.
fn distance(viewport: &Viewport, kind: AnnotationKind, places: &[Position], spot: Spot) -> f64 {
    let spots: Vec<Spot> = places.iter().map(|place| viewport.spot_of(*place)).collect();
    let along =
        |spots: &[Spot]| spots.windows(2).map(|pair| away_from(pair[0], pair[1], spot)).fold(f64::INFINITY, f64::min);
    match (kind, spots.as_slice()) {
        (AnnotationKind::Area, [first, .., last]) => {
            let edge = along(&spots).min(away_from(*last, *first, spot));
            if is_within(&spots, spot) { edge.min(REACH * 0.9) } else { edge }
        }
        (_, [one]) => away_from(*one, *one, spot),
        _ => along(&spots),
    }
}

pub fn nearest(viewer: Viewer, spot: Spot, reach: f64) -> Option<(f64, u32)> {
    let viewport = viewer.viewport.get_untracked();
    viewer.drawings.with_untracked(|drawings| {
        let near = drawings.iter().filter(|one| viewport.meets(&one.annotation.places, reach));
        let distances = near.map(|one| (distance(&viewport, one.kind, &one.annotation.places, spot), one.key));
        distances.filter(|(away, _)| *away <= reach).min_by(|one, other| one.0.total_cmp(&other.0))
    })
}

pub fn key(viewer: Viewer, event: &KeyboardEvent) -> bool {
    let is_drawing = viewer.tool.get_untracked() != Tool::Select;
    let has_draft = viewer.draft.with_untracked(|draft| !draft.is_empty());
    let name = event.key();
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return false;
    }
    let is_done = vertex_of(event).is_some_and(|point| point_key(viewer, event, point));
    if !is_done {
        match name.as_str() {
            " " if is_drawing => {
                viewer.pressed_second.set(false);
                let (width, height) = viewer.viewport.with_untracked(Viewport::size);
                set_point(viewer, (width / 2.0, height / 2.0), REACH);
            }
            "Enter" if is_drawing => viewer.finish(),
            "Escape" if has_draft => viewer.drop_draft(),
            "Backspace" if is_drawing => viewer.undo_point(),
            "Delete" => match viewer.selected.get_untracked() {
                Some(key) => viewer.delete(key),
                None => return false,
            },
            _ => return false,
        }
    }
    event.prevent_default();
    true
}

/// The point of a drawing that a key is pressed on.
fn vertex_of(event: &KeyboardEvent) -> Option<(u32, usize)> {
    let target: Element = element_of(event.target())?;
    let point = target.closest("[data-vertex]").ok().flatten()?;
    let number = |name: &str| point.get_attribute(name);
    Some((number("data-drawing")?.parse().ok()?, number("data-vertex")?.parse().ok()?))
}

/// Arrow keys move a point, Enter adds one beside it, Delete takes it away where enough are left. Whether it was one of these.
fn point_key(viewer: Viewer, event: &KeyboardEvent, (key, index): (u32, usize)) -> bool {
    let step = if event.shift_key() { 10.0 * POINT_STEP } else { POINT_STEP };
    let (right, down) = match event.key().as_str() {
        "ArrowLeft" => (-step, 0.0),
        "ArrowRight" => (step, 0.0),
        "ArrowUp" => (0.0, -step),
        "ArrowDown" => (0.0, step),
        "Delete" | "Backspace" => {
            remove_vertex(viewer, key, index);
            return true;
        }
        "Enter" => {
            add_vertex_beside(viewer, key, index);
            return true;
        }
        _ => return false,
    };
    let Some(drawing) = viewer.drawing(key) else { return true };
    let Some(place) = drawing.annotation.places.get(index).copied() else { return true };
    if viewer.moving.with_value(Option::is_none) {
        viewer.moving.set_value(Some((key, drawing.annotation.clone())));
    }
    let moved = viewer.viewport.with_untracked(|viewport| {
        let spot = viewport.spot_of(place);
        viewport.place((spot.0 + right, spot.1 + down))
    });
    if let Some(moved) = moved {
        move_vertex(viewer, key, index, moved);
    }
    if let Some(timer) = viewer.moving_rest.try_update_value(Option::take).flatten() {
        timer.clear();
    }
    let done = move || {
        if let Some((key, annotation)) = viewer.moving.try_update_value(Option::take).flatten() {
            vertex_moved(viewer, key, &annotation);
        }
    };
    viewer.moving_rest.set_value(set_timeout_with_handle(done, KEYS_REST).ok());
    true
}

/// Adds a point in the middle of the side behind a point; before it where it is the last one of a line.
fn add_vertex_beside(viewer: Viewer, key: u32, index: usize) {
    let Some(drawing) = viewer.drawing(key) else { return };
    let viewport = viewer.viewport.get_untracked();
    let spots = spots(&viewport, &drawing.annotation.places);
    let behind = on_map::middle(drawing.kind, &spots, index).map(|middle| (index, middle));
    let before = || {
        let index = index.checked_sub(1)?;
        Some((index, on_map::middle(drawing.kind, &spots, index)?))
    };
    let Some((index, middle)) = behind.or_else(before) else { return };
    if viewport.place(middle).is_some_and(|place| add_vertex(viewer, key, index + 1, place)) {
        vertex_moved(viewer, key, &drawing.annotation);
        focus_vertex(index + 1);
    }
}

fn remove_vertex(viewer: Viewer, key: u32, index: usize) {
    let Some(drawing) = viewer.drawing(key) else { return };
    let (least, most) = drawing.kind.places();
    if most == 1 {
        viewer.delete(key);
        return;
    }
    if drawing.annotation.places.len() <= least {
        let what = if drawing.kind == AnnotationKind::Area { "An area" } else { "A line" };
        viewer.say(format!("{what} needs {least} points at least."));
        return;
    }
    let mut annotation = drawing.annotation.clone();
    if index < annotation.places.len() {
        annotation.places.remove(index);
        let left = annotation.places.len();
        viewer.edit(key, &drawing.annotation, annotation);
        focus_vertex(index.min(left - 1));
    }
}

/// Focuses a point of the selected drawing, once it is on the page.
fn focus_vertex(index: usize) {
    request_animation_frame(move || {
        let point = document().query_selector(&format!("[data-vertex=\"{index}\"]")).ok().flatten();
        if let Some(point) = point {
            // Shapes can be focused as elements of HTML can.
            drop(point.unchecked_into::<HtmlElement>().focus());
        }
    });
}
