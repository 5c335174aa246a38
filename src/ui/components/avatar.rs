//! Initials in a colour that stays the same: round for people, square for organizations.

use leptos::prelude::*;

/// A person.
#[component]
pub fn PersonAvatar(
    #[prop(into)] name: String,
    /// One of twelve hues.
    hue: u8,
) -> impl IntoView {
    view! { <span class=format!("face hue-{hue}") aria-hidden="true">{initials(&name)}</span> }
}

/// An organization.
#[component]
pub fn OrganizationAvatar(
    #[prop(into)] name: String,
    /// One of twelve hues.
    hue: u8,
    /// Whether it stands in a list.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    view! { <span class=format!("mark hue-{hue}") class:small=small aria-hidden="true">{initials(&name)}</span> }
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_of_the_first_and_last_word() {
        for (name, expected) in [
            ("Anna Muster", "AM"),
            ("Alpine Survey Group", "AG"),
            ("x", "X"),
            ("", ""),
            ("“Tunnel” North", "TN"),
            ("éa ß", "ÉSS"),
        ] {
            assert_eq!(initials(name), expected);
        }
    }
}
