//! Bringing the server's page to life, whatever became of it on the way.
//!
//! Between the server's answer and WebAssembly, others change a page: password managers put nodes beside fields, translators
//! wrap texts, extensions take comments out or put something first. Leptos finds its nodes by counting, so one node more or
//! less is either an end in the middle or, worse, a button that is taken for its neighbour.
//!
//! `before.js`, in the head of every page, writes down what changes the tree that the parser made. Just before hydration
//! it takes all of that back, and afterwards puts in again what was merely added. While the parser is at work only what it
//! cannot have done itself is known to come from others: whatever was taken out, or put before something.
//!
//! The script also keeps the page where a file is dropped on it and nothing takes it: the browser would show the file instead,
//! and what was typed would be lost.
//!
//! # Invariants
//! - A page that cannot be hydrated stays the page that the server sent: every listener that was added meanwhile is taken
//!   away again, no task of ours runs, `data-hydrated` is not set. Its links and forms work without us.
//! - Whoever is typing goes on typing.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use leptos::prelude::document;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

/// The script in the head; it hears [`begin`] and [`complete`].
pub const BEFORE: &str = include_str!("before.js");

thread_local! {
    static HYDRATED: Cell<bool> = const { Cell::new(false) };
}

/// Has the page made as the server sent it. Hydrate it next, without waiting for anything.
pub fn begin() {
    // It is the first one there is, so this cannot fail; if it did, tasks would run as they always do.
    drop(Executor::init_custom_executor(OnceHydrated));
    tell("commonhold:hydrating");
}

/// The page is hydrated. Where this is never called, nothing of ours runs any more.
pub fn complete() {
    HYDRATED.set(true);
    tell("commonhold:hydrated");
}

fn tell(what: &str) {
    if let Ok(event) = Event::new(what) {
        drop(document().dispatch_event(&event));
    }
}

/// Runs tasks as Leptos' own executor does, but none before the page is hydrated. Hydration happens in one go, so a task
/// that could run before its end belongs to one that failed.
struct OnceHydrated;

impl CustomExecutor for OnceHydrated {
    fn spawn(&self, task: PinnedFuture<()>) {
        spawn_local(BrowserFuture(task));
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        spawn_local(BrowserFuture(task));
    }

    fn poll_local(&self) {}
}

struct BrowserFuture<F: ?Sized>(Pin<Box<F>>);

impl<F: Future<Output = ()> + ?Sized> Future for BrowserFuture<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if HYDRATED.get() { self.0.as_mut().poll(context) } else { Poll::Pending }
    }
}
