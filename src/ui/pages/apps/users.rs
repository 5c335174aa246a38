//! Who can run an app: for those who publish it.

use leptos::prelude::*;

use super::route::AppRoute;
use crate::{
    domain::id::PersonId,
    rpc::{
        FormFlash,
        app::{AuthorizeAppUser, RemoveAppUser},
    },
    ui::{
        components::{
            field::{Field, Hidden},
            form::{Form, FormButtons, Submit},
            icon::Icon,
        },
        form_action::FormAction,
    },
    view::app::AppUserView,
};

/// The list, and the form that adds to it.
#[component]
pub fn Users(
    route: AppRoute,
    everybody: bool,
    /// What the publishing organization is called.
    publisher: String,
    users: Vec<AppUserView>,
    me: Option<PersonId>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let (authorize, remove) = (FormAction::<AuthorizeAppUser>::new(), FormAction::<RemoveAppUser>::new());
    let sentence = if everybody {
        "Everyone: your administrator has authorized all organizations and people.".to_owned()
    } else {
        format!(
            "Everyone in {publisher}, and everyone in the organizations below, as far as their membership includes the use of apps."
        )
    };
    let rows = users
        .into_iter()
        .map(|user| {
            let (icon, kind) =
                if user.is_organization { ("organization", "Organization") } else { ("person", "Person") };
            let own = me.is_some_and(|me| me.to_string() == user.id);
            let label = format!("Remove {}", user.name);
            view! {
                <li>
                    <Icon name=icon/>
                    <span class="two-lines"><b>{user.name} {own.then_some(" (you)")}</b><small>{kind}</small></span>
                    <button type="submit" class="button" name="user" value=user.id aria-label=label>"Remove"</button>
                </li>
            }
        })
        .collect_view();
    let (org, app) = (route.org.clone(), route.slug.clone());
    view! {
        <section class="panel tile" aria-labelledby="app-users">
            <h2 id="app-users">"Who can run it"</h2>
            <p>{sentence} " Whoever is removed can no longer start jobs; jobs that began go on."</p>
            // One form for all rows: the button that is pressed says who.
            <Form action=remove flash=flash.clone() class="app-users">
                <Hidden name="org" value=org/>
                <Hidden name="app" value=app/>
                <ul aria-label="Authorized">{rows}</ul>
            </Form>
            <Form action=authorize flash class="form">
                <Hidden name="org" value=route.org/>
                <Hidden name="app" value=route.slug/>
                <Field name="user" label="Org ID, Sharing ID or personal ID" hint="Ask them for it: an organization has its Org ID on its Home, and whoever opens this app without leave sees the IDs to send you."/>
                <FormButtons><Submit label="Authorize"/></FormButtons>
            </Form>
        </section>
    }
}
