//! Dialogs. They live in the address (`?dialog=…`), so the server renders them open, Back closes them, and a copied
//! link opens them again. WebAssembly turns an open one into a modal one: the browser then keeps the focus inside, and
//! the rest of the page still.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    focus::{keeping_focus_in, nowhere, once_connected, to_heading},
    icon::Icon,
    markup::escaped,
};

/// A dialog over a page.
#[component]
pub fn Dialog(
    /// The accessible name (ux.md, fixed).
    #[prop(into)]
    label: String,
    /// The visible heading.
    #[prop(into)]
    heading: Signal<String>,
    /// The page without the dialog.
    #[prop(into)]
    close: String,
    /// Whether it starts with text to read: then the heading takes the focus, not the first field.
    #[prop(optional)]
    starts_with_text: bool,
    /// What is in it: a [`DialogBody`], and a `<footer>`.
    children: Children,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    let leave = Callback::new({
        let navigate = use_navigate();
        let close = close.clone();
        move |()| navigate(&close, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() })
    });

    Effect::new(move |_| {
        let Some(dialog) = element.get() else { return };
        // Made inside the effect, which runs in the browser only: a local value must stay on the thread that made it.
        let opener = StoredValue::new_local(opened_from());
        once_connected(&dialog.clone(), move || {
            // Open as the server sent it, it is not modal; it has to be closed first to become so. Whoever types in it
            // already goes on typing.
            keeping_focus_in(&dialog, || {
                dialog.close();
                drop(dialog.show_modal());
            });
        });
        let address = shown_address();
        on_cleanup(move || {
            let opener = opener.try_get_value().flatten();
            // Once the dialog is gone, the focus goes back to where it came from; for one that came with its page, to
            // the link that opens it, or else to the page's heading.
            request_animation_frame(move || match opener.filter(|opener| opener.is_connected()) {
                Some(opener) => drop(opener.focus()),
                None if nowhere() => match link_to(&address) {
                    Some(link) => drop(link.focus()),
                    None => to_heading(),
                },
                None => {}
            });
        });
    });

    let on_click = move |event: leptos::ev::MouseEvent| {
        // A click on the backdrop counts as one on the dialog itself, never on something in it.
        let on_backdrop = element.get_untracked().is_some_and(|dialog| {
            event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Node>().ok())
                .is_some_and(|target| dialog.is_same_node(Some(&target)))
        });
        if on_backdrop {
            leave.run(());
        }
    };

    view! {
        <div class="dialog-backdrop">
            <dialog
                node_ref=element
                class="dialog"
                open=true
                aria-label=label
                on:cancel=move |event: leptos::ev::Event| {
                    // The address closes the dialog. The browser would close the element and leave the
                    // address as it is.
                    event.prevent_default();
                    leave.run(());
                }
                on:click=on_click
            >
                <header>
                    // Set as markup: a page translator replaces text nodes, and Leptos would then update nodes that are
                    // no longer shown.
                    <h2 tabindex=starts_with_text.then_some("-1") autofocus=starts_with_text inner_html=move || escaped(&heading.get())></h2>
                    <a class="button icon-only quiet" href=close aria-label="Close" data-noscroll="" prop:replace=true>
                        <Icon name="close"/>
                    </a>
                </header>
                {children()}
            </dialog>
        </div>
    }
}

/// The part of a [`Dialog`] between heading and buttons. Long content scrolls.
#[component]
pub fn DialogBody(
    /// Whether nothing inside is focusable: then the body itself is, so that keys can scroll it.
    #[prop(optional)]
    focusable: bool,
    children: Children,
) -> impl IntoView {
    view! { <div class="dialog-body" tabindex=focusable.then_some("0")>{children()}</div> }
}

/// The buttons of a [`Dialog`], with **Cancel** as a link to the page without it.
#[component]
pub fn DialogButtons(
    /// The page without the dialog.
    #[prop(into)]
    close: String,
    /// Something to say beside the buttons.
    #[prop(optional, into)]
    remark: Option<String>,
    /// What the link is called where **Cancel** could be taken for what the dialog is about.
    #[prop(default = "Cancel")]
    cancel: &'static str,
    /// The buttons after Cancel.
    children: Children,
) -> impl IntoView {
    view! {
        <footer>
            {remark.map(|remark| view! { <small>{remark}</small> })}
            <a class="button" href=close data-noscroll="" prop:replace=true>{cancel}</a>
            {children()}
        </footer>
    }
}

/// The path and query in the address bar.
fn shown_address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// A link on the page, outside any menu that is closed, which leads to an address.
fn link_to(address: &str) -> Option<HtmlElement> {
    let links = document().query_selector_all("main a[href]").ok()?;
    (0..links.length())
        .filter_map(|index| links.item(index)?.dyn_into::<HtmlElement>().ok())
        .find(|link| link.get_attribute("href").as_deref() == Some(address) && link.offset_parent().is_some())
}

/// The element that had the focus when the dialog opened; for a link in a menu, the button of that menu.
fn opened_from() -> Option<HtmlElement> {
    let active = document().active_element()?;
    let menu = active.closest("[popover]").ok().flatten();
    let opener = match menu {
        Some(menu) => document().query_selector(&format!("[popovertarget=\"{}\"]", menu.id())).ok().flatten()?,
        None => active,
    };
    // The focus cannot return to the page as a whole, nor into a dialog that is about to be removed.
    let nowhere = opener.tag_name() == "BODY" || opener.closest("dialog").is_ok_and(|dialog| dialog.is_some());
    if nowhere { None } else { opener.dyn_into().ok() }
}
