//! What others change appears while one looks at it (DRIVE): the server tells that something changed, and the page asks
//! again what there is. What is selected stays selected, and nothing moves under an open dialog or menu.

use std::time::Duration;

use leptos::{
    leptos_dom::helpers::{IntervalHandle, WindowListenerHandle},
    prelude::*,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventSource, MessageEvent, MessagePort, SharedWorker};

use crate::{
    ui::{paths, session::Session},
    view::DriveView,
};

/// Looks again whether the page may change, so much later.
const AGAIN: Duration = Duration::from_millis(400);
/// A stream that was refused is asked for again after so much, and then after twice as much each time.
const REFUSED: Duration = Duration::from_secs(3);
/// So often it is asked for in a row.
const MAX_RETRIES: u32 = 5;

/// The script of the worker that has one stream for all windows (`public/live.js`).
const WORKER: &str = "/live.js";
/// So often a window tells the worker that it is still there.
const ALIVE: Duration = Duration::from_secs(30);
/// What is shared with me, in the worker's words.
const MINE: &str = "me";

/// What a page of the Drive shows, as streams name it: a resource's id, or `MINE`. There is no stream about what is shared
/// with somebody else.
pub fn stream_of(drive: &DriveView) -> Option<String> {
    match &drive.resource {
        Some(resource) => Some(resource.id.to_string()),
        None => drive.view_as.is_none().then(|| MINE.to_owned()),
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

/// What a page hears of a stream.
struct Heard {
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut()>,
}

/// An open stream, with what listens to it: the one of all windows, or where a browser cannot share, one of its own.
enum Stream {
    Shared { port: MessagePort, alive: Option<IntervalHandle>, leaving: Option<WindowListenerHandle>, _heard: Heard },
    Own { source: EventSource, _heard: Heard },
}

impl Stream {
    fn open(shows: &str, changed: impl Fn() + Clone + 'static, refused: impl Fn() + Clone + 'static) -> Option<Self> {
        Self::shared(shows, changed.clone(), refused.clone()).or_else(|| Self::own(shows, changed, refused))
    }

    fn shared(shows: &str, changed: impl Fn() + 'static, refused: impl Fn() + Clone + 'static) -> Option<Self> {
        let worker = SharedWorker::new(WORKER).ok()?;
        let port = worker.port();
        let heard = Closure::<dyn FnMut(MessageEvent)>::new({
            let refused = refused.clone();
            move |event: MessageEvent| match event.data().as_string().as_deref() {
                Some("changed") => changed(),
                Some("refused") => refused(),
                _ => mark(),
            }
        });
        // The worker's script did not come.
        let failed = Closure::<dyn FnMut()>::new(refused);
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let say = {
            let (port, shows) = (port.clone(), JsValue::from_str(shows));
            move || drop(port.post_message(&shows))
        };
        say();
        let alive = set_interval_with_handle(say, ALIVE).ok();
        let leaving = window_event_listener_untyped("pagehide", {
            let port = port.clone();
            move |_| drop(port.post_message(&JsValue::from_str("")))
        });
        let heard = Heard { _heard: heard, _failed: failed };
        Some(Self::Shared { port, alive, leaving: Some(leaving), _heard: heard })
    }

    fn own(shows: &str, changed: impl Fn() + 'static, refused: impl Fn() + 'static) -> Option<Self> {
        let address = match shows {
            MINE => "/api/v1/me/events".to_owned(),
            id => format!("/api/v1/resources/{}/events", paths::encode(id)),
        };
        let source = EventSource::new(&address).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |_| changed());
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
        Some(Self::Own { source, _heard: Heard { _heard: heard, _failed: failed } })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        match self {
            Self::Shared { port, alive, leaving, .. } => {
                if let Some(alive) = alive.take() {
                    alive.clear();
                }
                if let Some(leaving) = leaving.take() {
                    leaving.remove();
                }
                port.set_onmessage(None);
                drop(port.post_message(&JsValue::from_str("")));
            }
            Self::Own { source, .. } => source.close(),
        }
    }
}

/// Notes for who measures that changes are heard from now on.
fn mark() {
    if let Some(performance) = window().performance() {
        drop(performance.mark("live"));
    }
}

/// Follows the stream about what is shown for as long as the page is there and looked at: a tab in the background needs none,
/// and those in front share one, as a browser has few connections.
pub fn follow(shows: Signal<Option<String>>) {
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
        let wanted = shows.get().filter(|_| seen.get());
        let changed = move || {
            let _ = tries.try_set_value(0);
            look_again(session, waiting);
        };
        // Perhaps this may no longer be seen, and the page says so when it looks again; perhaps the server was away.
        let refused = move || {
            let Some(before) = tries.try_get_value().filter(|before| *before < MAX_RETRIES) else { return };
            tries.set_value(before + 1);
            let again = move || {
                look_again(session, waiting);
                let _ = once_more.try_update(|count| *count += 1);
            };
            set_timeout(again, REFUSED * (1 << before));
        };
        let stream = wanted.and_then(|shows| Stream::open(&shows, changed, refused));
        // Such things stay on one thread; there is only one in a browser.
        let stream = StoredValue::new_local(stream);
        on_cleanup(move || {
            drop(stream.try_update_value(Option::take));
        });
    });
}
