//! Parts of tables.

use leptos::prelude::*;

use super::icon::Icon;

/// Which way a column is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Not by this column.
    None,
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// The heading of a column that can be sorted by: a link to the same page, sorted.
#[component]
pub fn SortHeader(
    label: &'static str,
    /// How it is sorted now.
    order: Order,
    /// The page sorted by this column, or in the opposite order if it already is.
    #[prop(into)]
    href: String,
    /// Classes of the cell.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let (sorted, icon) = match order {
        Order::None => ("none", None),
        Order::Ascending => ("ascending", Some("sort-up")),
        Order::Descending => ("descending", Some("sort-down")),
    };
    view! {
        <th role="columnheader" scope="col" class=class aria-sort=sorted>
            <a href=href data-noscroll="">
                {label}
                {icon.map(|name| view! { <Icon name/> })}
            </a>
        </th>
    }
}

/// One fact with its label, in a list of facts.
#[component]
pub fn Fact(label: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{label}</dt>
            <dd>{children()}</dd>
        </div>
    }
}
