//! Makes the tasks that render one page run one at a time.
//!
//! Leptos renders a page with several tasks that share signals. On the server they run on several threads, and reading a signal
//! while another task writes it panics, as if the signal had been disposed of; the page then never ends. So a task holds its
//! page's lock while it is polled. Pages do not wait for each other, and a task that waits for the database holds no lock.

use std::{
    cell::RefCell,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};

thread_local! {
    /// The page that the running task belongs to.
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// A page that is being rendered.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<()>>);

impl Page {
    /// Runs a part of the rendering under the lock. Tasks that it spawns belong to the page too.
    fn take_turn<T>(&self, part: impl FnOnce() -> T) -> T {
        let _turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _restore = RestorePage(PAGE.replace(Some(self.clone())));
        part()
    }
}

/// Restores the previous page of this thread, also after a panic.
struct RestorePage(Option<Page>);

impl Drop for RestorePage {
    fn drop(&mut self) {
        PAGE.set(self.0.take());
    }
}

/// A future or a body that is polled under its page's lock.
struct InTurn<T> {
    page: Page,
    inner: Pin<Box<T>>,
}

impl<T> InTurn<T> {
    fn new(page: Page, inner: T) -> Self {
        Self { page, inner: Box::pin(inner) }
    }
}

impl<T: Future> Future for InTurn<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T::Output> {
        let Self { page, inner } = &mut *self;
        page.take_turn(|| inner.as_mut().poll(context))
    }
}

impl HttpBody for InTurn<Body> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { page, inner } = &mut *self;
        page.take_turn(|| inner.as_mut().poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Middleware around pages: the handler and its body are polled under the lock of one page.
pub async fn in_turn(request: Request, next: Next) -> Response {
    let page = Page::default();
    let answer = InTurn::new(page.clone(), next.run(request)).await;
    answer.map(|body| Body::new(InTurn::new(page, body)))
}

/// Spawns Leptos' tasks on Tokio, each under the lock of its page.
struct Pages;

impl CustomExecutor for Pages {
    fn spawn(&self, task: PinnedFuture<()>) {
        match PAGE.with_borrow(Clone::clone) {
            Some(page) => drop(tokio::spawn(InTurn::new(page, task))),
            None => drop(tokio::spawn(task)),
        }
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        drop(tokio::task::spawn_local(task));
    }

    fn poll_local(&self) {}
}

/// Installs this executor in Leptos. Only the first call in a program has an effect.
pub fn install_executor() {
    // Fails if it was installed before.
    drop(Executor::init_custom_executor(Pages));
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_tasks_of_a_page_run_one_at_a_time_and_those_of_two_pages_beside_each_other() {
        install_executor();
        let busiest = |pages: Vec<Page>| async move {
            let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let (done, mut all) = tokio::sync::mpsc::unbounded_channel();
            for page in pages {
                let (running, most, done) = (running.clone(), most.clone(), done.clone());
                page.take_turn(|| {
                    for _ in 0..4 {
                        let (running, most, done) = (running.clone(), most.clone(), done.clone());
                        Executor::spawn(async move {
                            for _ in 0..5 {
                                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                                std::thread::park_timeout(Duration::from_millis(5));
                                running.fetch_sub(1, Ordering::SeqCst);
                                tokio::task::yield_now().await;
                            }
                            let _ = done.send(());
                        });
                    }
                });
            }
            drop(done);
            while all.recv().await.is_some() {}
            most.load(Ordering::SeqCst)
        };
        assert_eq!(busiest(vec![Page::default()]).await, 1);
        assert!(busiest(vec![Page::default(), Page::default()]).await > 1);
    }

    #[tokio::test]
    async fn a_part_that_panics_leaves_the_turn_to_others() {
        let page = Page::default();
        let failed = tokio::spawn(InTurn::new(page.clone(), async { panic!("a page that cannot be rendered") }));
        assert!(failed.await.is_err());
        assert!(PAGE.with_borrow(Option::is_none));
        assert_eq!(InTurn::new(page, async { 1 }).await, 1);
    }
}
