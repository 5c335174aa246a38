//! The picture of a file's own view, which can be zoomed (FILE-5): by the wheel and a double click about the pointer, by two fingers, by
//! keys and by buttons; a picture that is larger than its place is dragged.
//!
//! What is shown is the large preview. All pixels of a photo are in its file, which is an attachment.
//!
//! # Invariants
//! - A point of the picture under the pointer stays there while it is zoomed.
//! - No empty border is dragged into view.

use leptos::{
    ev::{KeyboardEvent, MouseEvent, PointerEvent, WheelEvent},
    html,
    prelude::*,
};

use super::row::Preview;
use crate::ui::{
    components::{
        dom::{element_of, within},
        icon::Icon,
    },
    session::Session,
};

/// How much a key or a button zooms.
const STEP: f64 = 1.4;
/// How far Shift and an arrow move the picture, in pixels.
const MOVE_PX: f64 = 80.0;
/// The largest scale shows a pixel of the preview as so many.
const MAX_PIXEL: f64 = 4.0;

/// One direction of the place: how long it is, and where in it the picture is as long as it fits.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    room: f64,
    begins: f64,
    length: f64,
}

impl Axis {
    /// The offset at another scale for which the point `at` of the place shows what it shows.
    fn about(self, offset: f64, at: f64, from: f64, to: f64) -> f64 {
        at - self.begins - (at - self.begins - offset) / from * to
    }

    /// The offset nearest to one that brings no empty border into view.
    fn held(self, offset: f64, scale: f64) -> f64 {
        let length = self.length * scale;
        if length <= self.room {
            (self.room - length) / 2.0 - self.begins
        } else {
            offset.clamp(self.room - length - self.begins, -self.begins)
        }
    }
}

/// How a picture is shown: how many times larger than it fits, and how far it is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Zoom {
    scale: f64,
    x: f64,
    y: f64,
}

const FIT: Zoom = Zoom { scale: 1.0, x: 0.0, y: 0.0 };

impl Zoom {
    /// Zoomed to a scale about a point of the place, and moved.
    fn to(self, axes: (Axis, Axis), scale: f64, at: (f64, f64), moved: (f64, f64)) -> Self {
        if scale <= 1.0 {
            return FIT;
        }
        let x = axes.0.about(self.x, at.0, self.scale, scale) + moved.0;
        let y = axes.1.about(self.y, at.1, self.scale, scale) + moved.1;
        Self { scale, x: axes.0.held(x, scale), y: axes.1.held(y, scale) }
    }
}

/// The elements, and what is done with them.
#[derive(Clone, Copy)]
struct Zoomed {
    place: NodeRef<html::A>,
    image: NodeRef<html::Img>,
    /// The preview's width in pixels.
    pixels: f64,
    now: StoredValue<Zoom>,
    /// In percent of the preview; nothing while the whole picture is shown.
    percent: RwSignal<Option<i64>>,
    /// The fingers, or the mouse, that press the picture.
    pressed: StoredValue<Vec<(i32, f64, f64)>>,
}

impl Zoomed {
    /// The place and the picture in it, as they are on the screen.
    fn axes(self) -> Option<(Axis, Axis)> {
        let (place, image) = (self.place.get_untracked()?, self.image.get_untracked()?);
        let (around, shown, now) =
            (place.get_bounding_client_rect(), image.get_bounding_client_rect(), self.now.get_value());
        Some((
            Axis {
                room: around.width(),
                begins: shown.left() - around.left() - now.x,
                length: shown.width() / now.scale,
            },
            Axis {
                room: around.height(),
                begins: shown.top() - around.top() - now.y,
                length: shown.height() / now.scale,
            },
        ))
    }

    /// Zooms by a factor about a point of the place, or about its middle, and moves the picture.
    fn by(self, factor: f64, at: Option<(f64, f64)>, moved: (f64, f64)) {
        let (Some(axes), now) = (self.axes(), self.now.get_value()) else { return };
        let fits = self.pixels / axes.0.length.max(1.0);
        let scale = (now.scale * factor).clamp(1.0, (fits * MAX_PIXEL).max(2.0));
        let at = at.unwrap_or((axes.0.room / 2.0, axes.1.room / 2.0));
        self.show(now.to(axes, scale, at, moved), fits);
    }

    /// Shows the pixels of the preview as they are, or the whole picture again.
    fn toggle(self, at: Option<(f64, f64)>) {
        let Some(axes) = self.axes() else { return };
        let fits = self.pixels / axes.0.length.max(1.0);
        if self.now.get_value().scale > 1.0 { self.show(FIT, fits) } else { self.by(fits.max(2.0), at, (0.0, 0.0)) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a percentage is small")]
    fn show(self, zoom: Zoom, fits: f64) {
        self.now.set_value(zoom);
        let percent = (zoom.scale > 1.0).then(|| (zoom.scale / fits * 100.0).round() as i64);
        if self.percent.get_untracked() != percent {
            self.percent.set(percent);
        }
        // The policy of the page forbids styles in markup, and not those that a script sets.
        if let Some(image) = self.image.get_untracked() {
            let Zoom { scale, x, y } = zoom;
            let to = if scale > 1.0 { format!("translate({x}px, {y}px) scale({scale})") } else { String::new() };
            drop(web_sys::HtmlElement::style(&image).set_property("transform", &to));
        }
    }

    /// Where an event is in the place.
    fn spot(self, event: &MouseEvent) -> Option<(f64, f64)> {
        let corner = self.place.get_untracked()?.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - corner.left(), f64::from(event.client_y()) - corner.top()))
    }

    fn wheel(self, event: &WheelEvent) {
        // Out of the whole picture the wheel scrolls the page.
        if self.now.get_value().scale <= 1.0 && event.delta_y() >= 0.0 {
            return;
        }
        event.prevent_default();
        let lines = if event.delta_mode() == 0 { 1.0 } else { 24.0 };
        // Two fingers on a pad send it with Ctrl, and in smaller steps.
        let fineness = if event.ctrl_key() { 90.0 } else { 320.0 };
        let factor = 2_f64.powf((-event.delta_y() * lines / fineness).clamp(-1.0, 1.0));
        self.by(factor, self.spot(event), (0.0, 0.0));
    }

    fn press(self, event: &PointerEvent) {
        let (Some(place), Some((x, y))) = (self.place.get_untracked(), self.spot(event)) else { return };
        if event.button() == 0 {
            // A drag that leaves the picture ends as well.
            drop(place.set_pointer_capture(event.pointer_id()));
            self.pressed.update_value(|pressed| {
                pressed.retain(|(id, ..)| *id != event.pointer_id());
                pressed.truncate(1);
                pressed.push((event.pointer_id(), x, y));
            });
        }
    }

    fn drag(self, event: &PointerEvent) {
        let Some((x, y)) = self.spot(event) else { return };
        let before = self.pressed.get_value();
        let mut after = before.clone();
        let Some(moved) = after.iter_mut().find(|(id, ..)| *id == event.pointer_id()) else { return };
        (moved.1, moved.2) = (x, y);
        let middle = |of: &[(i32, f64, f64)]| match of {
            [one, other] => {
                (f64::midpoint(one.1, other.1), f64::midpoint(one.2, other.2), (one.1 - other.1).hypot(one.2 - other.2))
            }
            [one, ..] => (one.1, one.2, 1.0),
            [] => (0.0, 0.0, 1.0),
        };
        let ((from_x, from_y, from), (to_x, to_y, to)) = (middle(&before), middle(&after));
        self.pressed.set_value(after);
        if before.len() > 1 || self.now.get_value().scale > 1.0 {
            self.by(to / from.max(1.0), Some((from_x, from_y)), (to_x - from_x, to_y - from_y));
        }
    }

    fn lift(self, event: &PointerEvent) {
        self.pressed.update_value(|pressed| pressed.retain(|(id, ..)| *id != event.pointer_id()));
    }

    fn key(self, event: &KeyboardEvent) {
        let in_field = element_of(event.target()).is_some_and(|target| within(&target, "input, textarea").is_some());
        if in_field || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let (factor, moved) = match (event.key().as_str(), event.shift_key()) {
            ("+" | "=", _) => (STEP, (0.0, 0.0)),
            ("-", _) => (1.0 / STEP, (0.0, 0.0)),
            ("0", _) => (0.0, (0.0, 0.0)),
            ("ArrowLeft", true) => (1.0, (MOVE_PX, 0.0)),
            ("ArrowRight", true) => (1.0, (-MOVE_PX, 0.0)),
            ("ArrowUp", true) => (1.0, (0.0, MOVE_PX)),
            ("ArrowDown", true) => (1.0, (0.0, -MOVE_PX)),
            _ => return,
        };
        event.prevent_default();
        self.by(factor, None, moved);
    }
}

/// The picture, a link to the preview itself for browsers without WebAssembly.
#[component]
pub fn Zoomable(preview: Preview, alt: String) -> impl IntoView {
    let session = Session::get();
    let Preview { address, width, height } = preview;
    let zoomed = Zoomed {
        place: NodeRef::new(),
        image: NodeRef::new(),
        pixels: width.parse().unwrap_or(1.0),
        now: StoredValue::new(FIT),
        percent: RwSignal::new(None),
        pressed: StoredValue::new(Vec::new()),
    };
    let (percent, shown) = (zoomed.percent, address.clone());
    let keys = window_event_listener(leptos::ev::keydown, move |event| zoomed.key(&event));
    on_cleanup(move || keys.remove());
    let clicked = move |event: MouseEvent| {
        // With a modifier the browser opens the picture elsewhere.
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            // Enter on the link is a click without a pointer.
            if event.detail() == 0 {
                zoomed.toggle(None);
            }
        }
    };
    let words = move || percent.get().map_or_else(|| "Fit".to_owned(), |percent| format!("{percent} %"));
    let bar = move || {
        session.hydrated.get().then(|| {
            let button = |icon, label, factor: f64| {
                let off = move || factor < 1.0 && percent.get().is_none();
                view! {
                    <button type="button" class="button icon-only" aria-label=label title=label disabled=off on:click=move |_| zoomed.by(factor, None, (0.0, 0.0))>
                        <Icon name=icon/>
                    </button>
                }
            };
            view! {
                <div class="photo-zoom-bar" role="group" aria-label="Zoom">
                    {button("minus", "Zoom out", 1.0 / STEP)}
                    <button type="button" class="button num" title="Of the preview. Download the file for all of its pixels." disabled=move || percent.get().is_none() on:click=move |_| zoomed.by(0.0, None, (0.0, 0.0))>
                        <span role="status">{words}</span>
                    </button>
                    {button("plus", "Zoom in", STEP)}
                </div>
            }
        })
    };
    view! {
        <a
            node_ref=zoomed.place
            class="photo-zoom"
            class:zoomed=move || percent.get().is_some()
            href=address
            rel="external"
            draggable="false"
            on:click=clicked
            on:dblclick=move |event| zoomed.toggle(zoomed.spot(&event))
            on:wheel=move |event| zoomed.wheel(&event)
            on:pointerdown=move |event| zoomed.press(&event)
            on:pointermove=move |event| zoomed.drag(&event)
            on:pointerup=move |event| zoomed.lift(&event)
            on:pointercancel=move |event| zoomed.lift(&event)
        >
            <img node_ref=zoomed.image src=shown alt=alt width=width height=height decoding="async" draggable="false"/>
        </a>
        {bar}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of 800 by 300 in the middle of a place of 800 by 600.
    const AXES: (Axis, Axis) =
        (Axis { room: 800.0, begins: 0.0, length: 800.0 }, Axis { room: 600.0, begins: 150.0, length: 300.0 });

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn file_5_what_is_under_the_pointer_stays_there_while_a_picture_is_zoomed() {
        let at = (200.0, 300.0);
        let twice = FIT.to(AXES, 2.0, at, (0.0, 0.0));
        // The point at a quarter of the width, in the middle of the height.
        assert!(near((200.0 - twice.x) / 2.0, 200.0));
        assert!(near((300.0 - 150.0 - twice.y) / 2.0, 150.0));
        let again = twice.to(AXES, 4.0, (100.0, 300.0), (0.0, 0.0));
        assert!(near((100.0 - twice.x) / 2.0, (100.0 - again.x) / 4.0));
        assert_eq!(again.to(AXES, 0.7, at, (0.0, 0.0)), FIT);
    }

    #[test]
    fn file_5_no_border_is_dragged_into_view_and_what_fits_is_in_the_middle() {
        let far = FIT.to(AXES, 2.0, (0.0, 0.0), (10_000.0, -10_000.0));
        assert!(near(far.x, 0.0));
        // Twice as high it fits just so.
        assert!(near(150.0 + far.y, 0.0));
        let little = FIT.to(AXES, 1.5, (400.0, 0.0), (-10_000.0, 50.0));
        assert!(near(little.x, 800.0 - 1_200.0));
        assert!(near(150.0 + little.y, (600.0 - 450.0) / 2.0));
    }
}
