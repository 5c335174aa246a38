//! Live updates (DRIVE, JOB-3): the server announces that something changed, and the page loads its data again.
//! The selection survives, and nothing moves while a dialog or menu is open.

use std::time::Duration;

use leptos::{
    leptos_dom::helpers::{IntervalHandle, WindowListenerHandle},
    prelude::*,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventSource, MessageEvent, MessagePort, SharedWorker};

use crate::{paths, ui::session::Session, view::DriveView};

/// How long to wait before checking again whether the page may change.
const BUSY_RECHECK_INTERVAL: Duration = Duration::from_millis(400);
/// The first delay before a refused stream is opened again. It doubles with each retry.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(3);
/// How many retries there are in a row.
const MAX_RETRIES: u32 = 5;

/// The script of the shared worker, which has one stream for all windows (`public/live.js`).
const WORKER_SCRIPT: &str = "/live.js";
/// How often a window tells the worker that it is still open.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// The name of the stream about what is shared with me, and about my tickets.
pub const MY_STREAM: &str = "me";

/// The name of the stream about what the page shows: a resource's id, or `MY_STREAM`. There is none about
/// what is shared with somebody else.
pub fn stream_of(drive: &DriveView) -> Option<String> {
    match &drive.resource {
        Some(resource) => Some(resource.id.to_string()),
        None => drive.view_as.is_none().then(|| MY_STREAM.to_owned()),
    }
}

/// Whether a dialog, a menu or a drag is open, under which the page must not change.
fn is_busy() -> bool {
    document()
        .query_selector("dialog[open], main :popover-open, [data-dragging], form [aria-busy=true]")
        .is_ok_and(|open| open.is_some())
}

/// How much time is between two refreshes at least: an upload changes its dataset with every file.
const MIN_REFRESH_INTERVAL_MILLIS: f64 = 1_000.0;

/// When the data was loaded again, and whether it will be.
#[derive(Clone, Copy, Default)]
struct Refreshes {
    is_waiting: bool,
    /// By the clock of the page, in milliseconds.
    last: Option<f64>,
}

/// Loads the data again as soon as nothing is open over the page, and the last time was long enough ago.
fn refresh_when_idle(session: Session, refreshes: StoredValue<Refreshes>) {
    // The page was left.
    let Some(Refreshes { is_waiting, last }) = refreshes.try_get_value() else { return };
    if is_waiting {
        return;
    }
    let now = window().performance().map_or(0.0, |performance| performance.now());
    if is_busy() || last.is_some_and(|last| now - last < MIN_REFRESH_INTERVAL_MILLIS) {
        refreshes.set_value(Refreshes { is_waiting: true, last });
        set_timeout(
            move || {
                if refreshes.try_set_value(Refreshes { is_waiting: false, last }).is_none() {
                    refresh_when_idle(session, refreshes);
                }
            },
            BUSY_RECHECK_INTERVAL,
        );
    } else {
        refreshes.set_value(Refreshes { is_waiting: false, last: Some(now) });
        session.refresh();
    }
}

/// The listeners of a stream, which must live as long as it does: calling a dropped closure is an error.
struct Listeners {
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut()>,
}

/// An open stream with its listeners: the shared one of all windows or, in browsers without shared workers, an own one.
enum Stream {
    Shared {
        port: MessagePort,
        alive: Option<IntervalHandle>,
        leaving: Option<WindowListenerHandle>,
        _heard: Listeners,
    },
    Own {
        source: EventSource,
        _open: Closure<dyn FnMut()>,
        _heard: Listeners,
    },
}

impl Stream {
    /// `opened` is called once changes are heard, and may be called again.
    fn open(
        shows: &str,
        opened: impl Fn() + Clone + 'static,
        changed: impl Fn() + Clone + 'static,
        refused: impl Fn() + Clone + 'static,
    ) -> Option<Self> {
        Self::shared(shows, opened.clone(), changed.clone(), refused.clone())
            .or_else(|| Self::own(shows, opened, changed, refused))
    }

    fn shared(
        shows: &str,
        opened: impl Fn() + 'static,
        changed: impl Fn() + 'static,
        refused: impl Fn() + Clone + 'static,
    ) -> Option<Self> {
        let worker = SharedWorker::new(WORKER_SCRIPT).ok()?;
        let port = worker.port();
        let heard = Closure::<dyn FnMut(MessageEvent)>::new({
            let refused = refused.clone();
            move |event: MessageEvent| match event.data().as_string().as_deref() {
                Some("changed") => changed(),
                Some("refused") => refused(),
                _ => opened(),
            }
        });
        // The worker's script could not be loaded.
        let failed = Closure::<dyn FnMut()>::new(refused);
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let say = {
            let (port, shows) = (port.clone(), JsValue::from_str(shows));
            move || drop(port.post_message(&shows))
        };
        say();
        let alive = set_interval_with_handle(say, KEEP_ALIVE_INTERVAL).ok();
        // A worker does not learn by itself that a window has closed.
        let leaving = window_event_listener_untyped("pagehide", {
            let port = port.clone();
            move |_| drop(port.post_message(&JsValue::from_str("")))
        });
        let heard = Listeners { _heard: heard, _failed: failed };
        Some(Self::Shared { port, alive, leaving: Some(leaving), _heard: heard })
    }

    fn own(
        shows: &str,
        opened: impl Fn() + 'static,
        changed: impl Fn() + 'static,
        refused: impl Fn() + 'static,
    ) -> Option<Self> {
        let address = match shows {
            MY_STREAM => "/api/v1/me/events".to_owned(),
            id => format!("/api/v1/resources/{}/events", paths::encode(id)),
        };
        let source = EventSource::new(&address).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |_| changed());
        let failed = Closure::<dyn FnMut()>::new({
            let source = source.clone();
            move || {
                // The browser reconnects by itself after an interruption, but not after a refusal.
                if source.ready_state() == EventSource::CLOSED {
                    refused();
                }
            }
        });
        let open = Closure::<dyn FnMut()>::new(opened);
        source.add_event_listener_with_callback("open", open.as_ref().unchecked_ref()).ok()?;
        source.add_event_listener_with_callback("changed", heard.as_ref().unchecked_ref()).ok()?;
        source.add_event_listener_with_callback("error", failed.as_ref().unchecked_ref()).ok()?;
        Some(Self::Own { source, _open: open, _heard: Listeners { _heard: heard, _failed: failed } })
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

/// Marks for tests and measurements that changes are followed from now on.
fn mark() {
    if let Some(performance) = window().performance() {
        drop(performance.mark("live"));
    }
}

/// Follows the stream about what is shown, while the page is visible. Tabs in the background need no updates, and the
/// visible ones share a stream, because a browser opens only a few connections to a server.
pub fn follow(shows: Signal<Option<String>>) {
    follow_changes(shows, false);
}

/// [`follow`] for what changes within moments, such as a job: its data is loaded once more when changes are heard. Whatever happened
/// after the page was loaded and before that, nobody would tell it.
pub fn follow_closely(shows: Signal<Option<String>>) {
    follow_changes(shows, true);
}

fn follow_changes(shows: Signal<Option<String>>, closely: bool) {
    let session = Session::get();
    let refreshes = StoredValue::new(Refreshes::default());
    let seen = RwSignal::new(true);
    // There was no stream while the page was hidden, so it may have missed changes. It loads its data again once it hears of changes: of
    // one before that, nobody would tell it.
    let behind = StoredValue::new(false);
    let catch_up = move || {
        if behind.try_get_value() == Some(true) && behind.try_set_value(false).is_none() {
            refresh_when_idle(session, refreshes);
        }
    };
    let (once_more, tries) = (RwSignal::new(0_u64), StoredValue::new(0_u32));
    Effect::new(move |before: Option<()>| {
        if before.is_none() {
            let listener = window_event_listener_untyped("visibilitychange", move |_| {
                let visible = !document().hidden();
                if seen.try_get_untracked().is_some_and(|before| before != visible) {
                    seen.set(visible);
                    if visible && behind.try_set_value(true).is_none() {
                        // Without a stream it has to do.
                        set_timeout(catch_up, FIRST_RETRY_DELAY);
                    }
                }
            });
            on_cleanup(move || listener.remove());
        }
    });
    Effect::new(move |_| {
        once_more.track();
        let wanted = shows.get().filter(|_| seen.get());
        if closely && wanted.is_some() {
            behind.set_value(true);
        }
        let opened = move || {
            mark();
            catch_up();
        };
        let changed = move || {
            let _ = tries.try_set_value(0);
            refresh_when_idle(session, refreshes);
        };
        // Either access was lost, which the page shows once it loads its data again, or the server was away for a
        // moment.
        let refused = move || {
            let Some(before) = tries.try_get_value().filter(|before| *before < MAX_RETRIES) else { return };
            tries.set_value(before + 1);
            let again = move || {
                refresh_when_idle(session, refreshes);
                let _ = once_more.try_update(|count| *count += 1);
            };
            set_timeout(again, FIRST_RETRY_DELAY * (1 << before));
        };
        let stream = wanted.and_then(|shows| Stream::open(&shows, opened, changed, refused));
        // JavaScript objects must stay on their thread; a browser has only one.
        let stream = StoredValue::new_local(stream);
        on_cleanup(move || {
            drop(stream.try_update_value(Option::take));
        });
    });
}
