//! What others change appears while one looks at it (DRIVE): the server tells that something changed, and the page asks
//! again what there is. What is selected stays selected, and nothing moves under an open dialog or menu.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::EventSource;

use crate::{
    domain::view::DriveView,
    ui::{paths, session::Session},
};

/// Looks again whether the page may change, so much later.
const AGAIN: Duration = Duration::from_millis(400);
/// A stream that was refused is asked for again after so much, and then after twice as much each time.
const REFUSED: Duration = Duration::from_secs(3);
/// So often it is asked for in a row.
const TRIES: u32 = 5;

/// The address of the stream about what a page of the Drive shows. There is none about what is shared with somebody else.
pub fn stream_of(drive: &DriveView) -> Option<String> {
    match &drive.resource {
        Some(resource) => Some(format!("/api/v1/resources/{}/events", paths::encode(&resource.id.to_string()))),
        None => drive.looking.is_none().then(|| "/api/v1/me/events".to_owned()),
    }
}

/// Whether something is open that must not change under one's hands.
fn busy() -> bool {
    document()
        .query_selector("dialog[open], main :popover-open, [data-dragging], form [aria-busy=true]")
        .is_ok_and(|open| open.is_some())
}

/// Has the page look at its data again, as soon as nothing is open over it. `waiting` is true while it waits.
fn look_again(session: Session, waiting: StoredValue<bool>) {
    // A page that was left does not look any more.
    let Some(already) = waiting.try_get_value() else { return };
    if already {
        return;
    }
    if busy() {
        waiting.set_value(true);
        set_timeout(
            move || {
                if waiting.try_set_value(false).is_none() {
                    look_again(session, waiting);
                }
            },
            AGAIN,
        );
    } else {
        session.refresh();
    }
}

/// An open stream, with what listens to it.
struct Stream {
    source: EventSource,
    _changed: Closure<dyn FnMut()>,
    _failed: Closure<dyn FnMut()>,
}

impl Stream {
    fn open(address: &str, changed: impl Fn() + 'static, refused: impl Fn() + 'static) -> Option<Self> {
        let source = EventSource::new(address).ok()?;
        let heard = Closure::<dyn FnMut()>::new(changed);
        let failed = Closure::<dyn FnMut()>::new({
            let source = source.clone();
            move || {
                // After an interruption the browser comes back by itself; not after a refusal.
                if source.ready_state() == EventSource::CLOSED {
                    refused();
                }
            }
        });
        source.add_event_listener_with_callback("changed", heard.as_ref().unchecked_ref()).ok()?;
        source.add_event_listener_with_callback("error", failed.as_ref().unchecked_ref()).ok()?;
        Some(Self { source, _changed: heard, _failed: failed })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// Follows the stream at an address for as long as the page is there and looked at: a browser has few connections, and
/// a tab in the background needs none.
pub fn follow(address: Signal<Option<String>>) {
    let session = Session::get();
    let waiting = StoredValue::new(false);
    let seen = RwSignal::new(true);
    let (once_more, tries) = (RwSignal::new(0_u64), StoredValue::new(0_u32));
    Effect::new(move |before: Option<()>| {
        if before.is_none() {
            let listener = window_event_listener_untyped("visibilitychange", move |_| {
                let visible = !document().hidden();
                if seen.try_get_untracked().is_some_and(|before| before != visible) {
                    seen.set(visible);
                    if visible {
                        look_again(session, waiting);
                    }
                }
            });
            on_cleanup(move || listener.remove());
        }
    });
    Effect::new(move |_| {
        once_more.track();
        let wanted = address.get().filter(|_| seen.get());
        let changed = move || {
            let _ = tries.try_set_value(0);
            look_again(session, waiting);
        };
        // Perhaps this may no longer be seen, and the page says so when it looks again; perhaps the server was away.
        let refused = move || {
            let Some(before) = tries.try_get_value().filter(|before| *before < TRIES) else { return };
            tries.set_value(before + 1);
            let again = move || {
                look_again(session, waiting);
                let _ = once_more.try_update(|count| *count += 1);
            };
            set_timeout(again, REFUSED * (1 << before));
        };
        let stream = wanted.and_then(|address| Stream::open(&address, changed, refused));
        // Such things stay on one thread; there is only one in a browser.
        let stream = StoredValue::new_local(stream);
        on_cleanup(move || {
            drop(stream.try_update_value(Option::take));
        });
    });
}
