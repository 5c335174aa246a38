//! The map: what is under the pointer, and what presses, drags, pinches, the wheel and keys do to it.
//!
//! # Invariants
//! - While people move or zoom, one transform of the plane changes. What is on the plane is made anew once they rest, or once they
//!   are so far away that something would be missing.

use std::time::Duration;

use leptos::{
    ev::{self, KeyboardEvent, PointerEvent, WheelEvent},
    html,
    leptos_dom::helpers::TimeoutHandle,
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{CssStyleDeclaration, HtmlElement};

use super::{
    compare::{OtherPointer, close_second_photo, map_of, show_photo},
    overlay::Overlay,
    state::{Held, Tool, Viewer},
    tiles::Tiles,
};
use crate::domain::{geo::Point, viewport::Viewport};

/// A place on the screen, in pixels from the upper left corner of the map.
pub type Spot = (f64, f64);

/// How far an arrow key moves the map, in pixels.
const KEY_STEP: f64 = 80.0;
/// A press that moves less than this is a click, in pixels.
const CLICK_REACH: f64 = 5.0;
/// How near a click has to be to what it hits, in pixels; for a finger.
pub const REACH: f64 = 9.0;
const FINGER_REACH: f64 = 20.0;
/// Two clicks within this time at one place are a double click, in milliseconds.
const DOUBLE_CLICK_MILLIS: f64 = 350.0;
/// How long the map rests before it is made anew.
const REST: Duration = Duration::from_millis(140);
/// How much of the plane's size is made beyond the screen, on each side.
pub const BEYOND: f64 = 0.5;

/// What a drag does.
#[derive(Clone, Default)]
enum Drag {
    #[default]
    Nothing,
    Map,
    /// Moves a point of a drawing.
    Held(Held),
}

/// Fingers and buttons that are down.
#[derive(Clone, Default)]
struct Gesture {
    pointers: Vec<(i32, Spot)>,
    drag: Drag,
    /// Where it began.
    start: Spot,
    /// Whether it has moved too far for a click, or a second finger has come.
    is_drag: bool,
    /// The last click, by the clock of the page, and where.
    last_click: Option<(f64, Spot)>,
}

fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

fn style(element: &HtmlElement) -> CssStyleDeclaration {
    web_sys::HtmlElement::style(element)
}

/// Sets a property of an element's style. The policy of pages forbids styles in markup, and not this.
pub fn set_style(element: &HtmlElement, property: &str, value: &str) {
    drop(style(element).set_property(property, value));
}

/// The map with everything on it.
#[component]
pub fn Map(viewer: Viewer) -> impl IntoView {
    let surface = NodeRef::<html::Div>::new();
    let first = NodeRef::<html::Div>::new();
    let plane = NodeRef::<html::Div>::new();
    let gesture = StoredValue::new(Gesture::default());
    measure_screen(viewer, first);
    move_plane(viewer, plane);
    let spot = move |event: &ev::MouseEvent| {
        let corner = surface.get_untracked().map(|surface| surface.get_bounding_client_rect());
        corner.map_or((0.0, 0.0), |corner| {
            let spot = (f64::from(event.client_x()) - corner.left(), f64::from(event.client_y()) - corner.top());
            let is_held = gesture.try_with_value(|gesture| !gesture.pointers.is_empty()).unwrap_or(false);
            map_of(viewer, spot, (corner.width(), corner.height()), is_held)
        })
    };
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        if let Some(surface) = surface.get_untracked() {
            // Without it a drag that leaves the map would never end.
            drop(surface.set_pointer_capture(event.pointer_id()));
        }
        press(viewer, gesture, event.pointer_id(), spot(&event), is_touch(&event));
    };
    let moved = move |event: PointerEvent| drag(viewer, gesture, event.pointer_id(), spot(&event), is_touch(&event));
    let up = move |event: PointerEvent| release(viewer, gesture, event.pointer_id(), spot(&event), is_touch(&event));
    let cancelled = move |event: PointerEvent| {
        gesture.update_value(|gesture| {
            gesture.pointers.retain(|(id, _)| *id != event.pointer_id());
            gesture.is_drag = true;
        });
    };
    let wheel = move |event: WheelEvent| {
        event.prevent_default();
        let lines = if event.delta_mode() == 0 { 1.0 } else { 24.0 };
        // Two fingers on a pad send it with Ctrl, and in smaller steps.
        let fineness = if event.ctrl_key() { 90.0 } else { 320.0 };
        viewer.zoom((-event.delta_y() * lines / fineness).clamp(-1.0, 1.0), Some(spot(&event)));
    };
    let drawing = move || viewer.tool.get() != Tool::Select;
    view! {
        <div
            node_ref=surface
            class="viewer-surface"
            class:viewer-drawing-now=drawing
            tabindex="0"
            role="application"
            aria-label="Map"
            aria-describedby="viewer-keys"
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=cancelled
            on:pointerleave=move |_| viewer.pointer.set(None)
            on:wheel=wheel
            on:keydown=move |event| map_key(viewer, &event)
            on:contextmenu=move |event| if drawing() { event.prevent_default() }>
            <div node_ref=first class="viewer-first">
                <div node_ref=plane class="viewer-plane">
                    <Tiles viewer/>
                    <Overlay viewer/>
                </div>
                <div class="viewer-cross" aria-hidden="true"></div>
                <OtherPointer viewer is_second=false/>
            </div>
            {move || Some((viewer.code.get()?.second_map)(viewer, viewer.compared.get()?))}
        </div>
        <p id="viewer-keys" class="visually-hidden">
            "Arrow keys move the map, plus and minus zoom, 0 shows everything. With a tool chosen, Space sets a point in the middle of the map, \
            Backspace takes the last one back, Enter ends the drawing and Escape cancels it. On a point of the selected drawing, Enter adds \
            a point beside it and Delete removes it. Control and Z take the last change back. Every drawing is also in the table Drawings."
        </p>
    }
}

fn is_touch(event: &PointerEvent) -> bool {
    event.pointer_type() == "touch"
}

/// Keeps the viewport as large as the map.
fn measure_screen(viewer: Viewer, surface: NodeRef<html::Div>) {
    let measure = move |first: bool| {
        let Some(surface) = surface.try_get_untracked().flatten() else { return };
        let (width, height) = (f64::from(surface.client_width()), f64::from(surface.client_height()));
        if width < 1.0 || height < 1.0 {
            return;
        }
        let looked_at = viewer.looked_at.get_value();
        viewer.viewport.update(|viewport| {
            // What an address says is looked at in the middle of the map, however large it is.
            *viewport = if first {
                Viewport::at(*viewport.ground(), width, height, looked_at)
            } else {
                viewport.resized(width, height)
            };
        });
        viewer.anchor.set(viewer.viewport.get_untracked());
    };
    Effect::new(move |_| {
        if surface.get().is_some() {
            request_animation_frame(move || {
                if viewer.viewport.try_with_untracked(|_| ()).is_some() {
                    measure(true);
                }
            });
        }
    });
    // A panel that is folded away leaves its room to the map.
    Effect::new(move |before: Option<(bool, bool)>| {
        let folded = viewer.folded.get();
        if before.is_some_and(|before| before != folded) {
            request_animation_frame(move || {
                if viewer.viewport.try_with_untracked(|_| ()).is_some() {
                    measure(false);
                }
            });
        }
        folded
    });
    Effect::new(move |before: Option<()>| {
        if before.is_none() {
            let listener = window_event_listener(ev::resize, move |_| measure(false));
            on_cleanup(move || listener.remove());
        }
    });
    // The map is smaller beside a second one.
    Effect::new(move |before: Option<()>| {
        viewer.compared.track();
        viewer.compare_mode.track();
        if before.is_some() {
            request_animation_frame(move || measure(false));
        }
    });
}

/// Moves the plane to where people look, and has it made anew once they rest.
pub fn move_plane(viewer: Viewer, plane: NodeRef<html::Div>) {
    let resting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_| {
        let Some(plane) = plane.get() else { return };
        let (viewport, anchor) = (viewer.viewport.get(), viewer.anchor.get());
        if let Some(timer) = resting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        if viewport == anchor {
            set_style(&plane, "transform", "none");
            return;
        }
        let scale = anchor.metres_per_pixel() / viewport.metres_per_pixel();
        let (right, down) = viewport.spot(anchor.point((0.0, 0.0)));
        let (width, height) = anchor.size();
        let middle_away = viewport.spot(anchor.middle());
        let far = (middle_away.0 - width / 2.0).abs() > width * BEYOND * 0.8
            || (middle_away.1 - height / 2.0).abs() > height * BEYOND * 0.8;
        if far || !(0.75..=1.6).contains(&scale) {
            viewer.anchor.set(viewport);
            return;
        }
        set_style(&plane, "transform", &format!("translate({right:.2}px,{down:.2}px) scale({scale:.5})"));
        let rest = set_timeout_with_handle(
            move || {
                if let Some(viewport) = viewer.viewport.try_get_untracked() {
                    viewer.anchor.set(viewport);
                }
            },
            REST,
        );
        resting.set_value(rest.ok());
    });
}

const fn reach(touch: bool) -> f64 {
    if touch { FINGER_REACH } else { REACH }
}

fn press(viewer: Viewer, gesture: StoredValue<Gesture>, id: i32, spot: Spot, touch: bool) {
    gesture.update_value(|gesture| {
        gesture.pointers.retain(|(other, _)| *other != id);
        gesture.pointers.push((id, spot));
        if gesture.pointers.len() > 1 {
            gesture.is_drag = true;
            gesture.drag = Drag::Map;
            return;
        }
        gesture.is_drag = false;
        gesture.start = spot;
        let code = viewer.code.get_untracked().filter(|_| viewer.tool.get_untracked() == Tool::Select);
        let held = code.and_then(|code| (code.hold)(viewer, spot, reach(touch)));
        gesture.drag = held.map_or(Drag::Map, Drag::Held);
    });
}

fn drag(viewer: Viewer, gesture: StoredValue<Gesture>, id: i32, spot: Spot, touch: bool) {
    if !touch {
        viewer.pointer.set(Some(spot));
    }
    let Some(before) = gesture.try_get_value() else { return };
    let Some((_, last)) = before.pointers.iter().find(|(other, _)| *other == id).copied() else { return };
    gesture.update_value(|gesture| {
        for (other, at) in &mut gesture.pointers {
            if *other == id {
                *at = spot;
            }
        }
        let away = (spot.0 - gesture.start.0).hypot(spot.1 - gesture.start.1);
        gesture.is_drag |= away > if touch { 2.0 * CLICK_REACH } else { CLICK_REACH };
    });
    if let Some((_, other)) = before.pointers.iter().find(|(other, _)| *other != id).copied() {
        // Two fingers: what is between them stays between them.
        let apart = |one: Spot| (one.0 - other.0).hypot(one.1 - other.1).max(1.0);
        let middle = |one: Spot| (f64::midpoint(one.0, other.0), f64::midpoint(one.1, other.1));
        let (was, is) = (middle(last), middle(spot));
        viewer.viewport.update(|viewport| {
            *viewport = viewport.pushed(is.0 - was.0, is.1 - was.1).zoomed((apart(spot) / apart(last)).log2(), is);
        });
        return;
    }
    if !gesture.with_value(|gesture| gesture.is_drag) {
        return;
    }
    match before.drag {
        Drag::Map => {
            // What was held back while it might have been a click comes along.
            let from = if before.is_drag { last } else { before.start };
            viewer.push(spot.0 - from.0, spot.1 - from.1);
        }
        Drag::Held(held) => {
            if let Some(code) = viewer.code.get_untracked() {
                let held = (code.carry)(viewer, held, spot);
                gesture.update_value(|gesture| gesture.drag = Drag::Held(held));
            }
        }
        Drag::Nothing => {}
    }
}

fn release(viewer: Viewer, gesture: StoredValue<Gesture>, id: i32, spot: Spot, touch: bool) {
    let Some(before) = gesture.try_get_value() else { return };
    if !before.pointers.iter().any(|(other, _)| *other == id) {
        return;
    }
    let time = now();
    let mut is_double = false;
    gesture.update_value(|gesture| {
        gesture.pointers.retain(|(other, _)| *other != id);
        if gesture.pointers.is_empty() {
            gesture.drag = Drag::Nothing;
        } else {
            // The finger that is left goes on from where it is.
            gesture.drag = Drag::Map;
        }
        if !gesture.is_drag {
            is_double = gesture.last_click.is_some_and(|(at, place)| {
                time - at < DOUBLE_CLICK_MILLIS && (place.0 - spot.0).hypot(place.1 - spot.1) < 2.0 * reach(touch)
            });
            gesture.last_click = (!is_double).then_some((time, spot));
        }
    });
    let code = viewer.code.get_untracked();
    let is_held = match (before.drag, code) {
        (Drag::Held(held), Some(code)) => (code.let_go)(viewer, held, before.is_drag, is_double),
        _ => false,
    };
    if !is_held && !before.is_drag {
        click(viewer, spot, is_double, touch);
    }
}

fn click(viewer: Viewer, spot: Spot, is_double: bool, touch: bool) {
    match viewer.tool.get_untracked() {
        Tool::Select if is_double => viewer.zoom(1.0, Some(spot)),
        Tool::Select => select(viewer, spot, reach(touch)),
        Tool::Draw(_) => {
            if let Some(code) = viewer.code.get_untracked() {
                (code.draw)(viewer, spot, reach(touch), is_double);
            }
        }
    }
}

/// Selects what is at a place of the screen: a drawing, a photo, or nothing.
fn select(viewer: Viewer, spot: Spot, reach: f64) {
    let viewport = viewer.viewport.get_untracked();
    let drawing = viewer.code.get_untracked().and_then(|code| (code.nearest)(viewer, spot, reach));
    let of = viewer.pressed();
    let photo = of.shown.with_untracked(|shown| shown.photos).then(|| photo_at(of, &viewport, spot, reach)).flatten();
    close_second_photo(viewer);
    match (drawing, photo) {
        // A photo under the pointer is nearer than the inside of an area.
        (Some((away, _)), Some((nearer, number))) if nearer < away => show_photo(viewer, of, number),
        (Some((_, key)), _) => {
            viewer.selected.set(Some(key));
            viewer.photo.set(None);
        }
        (None, Some((_, number))) => show_photo(viewer, of, number),
        (None, None) => {
            viewer.selected.set(None);
            viewer.photo.set(None);
        }
    }
}

fn photo_at(viewer: Viewer, viewport: &Viewport, spot: Spot, reach: f64) -> Option<(f64, i64)> {
    let point: Point = viewport.point(spot);
    let metres = viewport.metres_per_pixel();
    viewer.photos.with_value(|photos| {
        let distances =
            photos.iter().map(|photo| (viewport.ground().point(photo.at).distance(point) / metres, photo.number));
        distances.filter(|(away, _)| *away <= reach).min_by(|one, other| one.0.total_cmp(&other.0))
    })
}

/// What a key does on the map.
fn map_key(viewer: Viewer, event: &KeyboardEvent) {
    if viewer.code.get_untracked().is_some_and(|code| (code.key)(viewer, event))
        || event.alt_key()
        || event.ctrl_key()
        || event.meta_key()
    {
        return;
    }
    match event.key().as_str() {
        "ArrowLeft" => viewer.push(KEY_STEP, 0.0),
        "ArrowRight" => viewer.push(-KEY_STEP, 0.0),
        "ArrowUp" => viewer.push(0.0, KEY_STEP),
        "ArrowDown" => viewer.push(0.0, -KEY_STEP),
        "+" | "=" => viewer.zoom(0.5, None),
        "-" | "_" => viewer.zoom(-0.5, None),
        "0" => viewer.show_all(),
        " " => {
            viewer.pressed_second.set(false);
            let (width, height) = viewer.viewport.with_untracked(Viewport::size);
            select(viewer, (width / 2.0, height / 2.0), REACH);
        }
        "Escape" => close(viewer),
        _ => return,
    }
    event.prevent_default();
}

/// Gives up the tool; then the photo, the selection.
fn close(viewer: Viewer) {
    if viewer.tool.get_untracked() != Tool::Select {
        viewer.tool.set(Tool::Select);
    } else if viewer.photo.get_untracked().is_some() {
        viewer.photo.set(None);
    } else if !close_second_photo(viewer) {
        viewer.selected.set(None);
    }
}

/// The element around the map takes the focus again, after a button that is gone by then.
pub fn focus_map() {
    let surface = document().query_selector(".viewer-surface").ok().flatten();
    if let Some(surface) = surface.and_then(|surface| surface.dyn_into::<HtmlElement>().ok()) {
        drop(surface.focus());
    }
}
