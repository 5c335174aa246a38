//! How pages and components read the address that is shown.

use leptos::prelude::*;
use leptos_router::{hooks::use_location, params::ParamsMap};

/// The path that is shown.
pub fn current_path() -> Memo<String> {
    use_location().pathname
}

/// What a page reads from the address. `read` gets the path's segments and the query, and returns `None` for an address
/// of another page. The memo then keeps its last value, so that a page that is being left neither reloads nor flickers.
/// This also keeps path and query consistent, because the router updates its two signals one after the other.
pub fn use_route_query<T>(read: impl Fn(&[&str], &ParamsMap) -> Option<T> + Send + Sync + 'static) -> Memo<T>
where
    T: Clone + Default + PartialEq + Send + Sync + 'static,
{
    let location = use_location();
    Memo::new(move |before: Option<&T>| {
        let fresh = location.pathname.with(|path| {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            location.query.with(|query| read(&segments, query))
        });
        fresh.or_else(|| before.cloned()).unwrap_or_default()
    })
}

/// The current path with its query, for forms and links that lead back to it.
pub fn current_address() -> Signal<String> {
    let location = use_location();
    Signal::derive(move || {
        let (path, search) = (location.pathname.get(), location.search.get());
        if search.is_empty() { path } else { format!("{path}?{search}") }
    })
}
