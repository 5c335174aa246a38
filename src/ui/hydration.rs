//! Hydration of a page that others may have changed since the server sent it.
//!
//! Between the server's answer and hydration, browser extensions change the document: password managers insert nodes
//! beside fields, translators wrap text, others remove comments. Leptos finds its nodes by position, so one node more
//! or less either makes hydration panic or, worse, attaches a button's listener to its neighbour.
//!
//! `before.js`, in the head of every page, records such changes with a `MutationObserver`. Just before hydration it
//! reverts them, and afterwards inserts again what was merely added. While the parser is still running, its own
//! insertions look the same as foreign ones; only removals, insertions before an existing node, and custom
//! elements certainly come from others.
//!
//! The script also cancels drops of files that nothing on the page accepts: the browser would open the file in place of
//! the page, and typed text would be lost.
//!
//! # Invariants
//! - A page that cannot be hydrated stays as the server sent it: listeners added so far are removed, no task runs,
//!   `data-hydrated` is not set. Its links and forms work without WebAssembly.
//! - Focus and typed text survive.

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

/// The script in the head. [`begin`] and [`complete`] send it events.
pub const BEFORE: &str = include_str!("before.js");

thread_local! {
    static HYDRATED: Cell<bool> = const { Cell::new(false) };
}

/// Restores the document as the server sent it. The caller hydrates it next, without waiting in between.
pub fn begin() {
    // Fails only if there is an executor already, which there is not; tasks would then simply not be held back.
    drop(Executor::init_custom_executor(OnceHydrated));
    tell("commonhold:hydrating");
}

/// Lets tasks run, because the page is hydrated. If it is never called, none does.
pub fn complete() {
    HYDRATED.set(true);
    tell("commonhold:hydrated");
}

fn tell(what: &str) {
    if let Ok(event) = Event::new(what) {
        drop(document().dispatch_event(&event));
    }
}

/// Leptos' own executor, except that no task runs before the page is hydrated. Hydration is synchronous, so a task that
/// gets to run without [`HYDRATED`] belongs to a hydration that failed.
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
