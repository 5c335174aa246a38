//! Profile (SET-1): saved as it is changed. Without WebAssembly there is a button.

use leptos::prelude::*;

use crate::{
    domain::resource::CLUSTERS,
    rpc::{
        FormFlash, ask,
        first_steps::SaveFirstSteps,
        my_account::{ChangeEmail, UpdateProfile, account_profile},
        preferences::SaveLetterKeys,
    },
    ui::{
        components::{
            auto_save::AutoSaved,
            button::Tone,
            field::{Check, Field},
            form::{Form, FormButtons, Submit},
            note::Note,
            select::Select,
        },
        form_action::FormAction,
        page::content_built_once,
        session::Session,
        words,
    },
    view::my_account::ProfileView,
};

use super::AccountFrame;

/// The page: `/account`.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let session = Session::get();
    let profile = ask(move || session.version(), |_| account_profile());
    let (save, change_email) = (FormAction::<UpdateProfile>::new(), FormAction::<ChangeEmail>::new());
    let save_keys = FormAction::<SaveLetterKeys>::new();
    let save_steps = FormAction::<SaveFirstSteps>::new();
    let content = content_built_once(move || async move {
        let context = session.context().await;
        let first = profile.await?;
        let email_flash = context.form.clone();
        Ok(view! {
            <AboutMe action=save profile=first flash=context.form/>
            // Unlike the form above, which is saved while it is edited, this part shows what was loaded last.
            {move || {
                let profile = profile.get().and_then(Result::ok)?;
                Some(view! { <MyEmail action=change_email profile flash=email_flash.clone()/> })
            }}
            <BrowserSetting
                action=save_keys
                id="keys"
                heading="Keyboard"
                name="letter_keys"
                label="Single-key shortcuts"
                hint="In the Drive, M moves, I shows details, / searches and ? lists all shortcuts. Applies to this browser only."
                checked=context.preferences.letter_keys
            />
            <BrowserSetting
                action=save_steps
                id="first-steps-setting"
                heading="First steps"
                name="first_steps"
                label="Show first steps"
                hint="On the welcome page, and on the Home of a new organization until all of them are done. Applies to this browser only."
                checked=context.preferences.first_steps
            />
        }
        .into_any())
    });
    view! { <AccountFrame part="">{content}</AccountFrame> }.into_any()
}

/// Names and preferences.
#[component]
fn AboutMe(action: FormAction<UpdateProfile>, profile: ProfileView, flash: Option<FormFlash>) -> impl IntoView {
    let session = Session::get();
    let pairs = |known: &[(&str, &str)]| {
        known.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect::<Vec<_>>()
    };
    let organizations: Vec<(String, String)> = [(String::new(), "None (show all organizations)".to_owned())]
        .into_iter()
        .chain(profile.organizations.iter().map(|one| (one.id.to_string(), words::organization_name(one))))
        .collect();
    let default_organization = profile.default_organization.map(|id| id.to_string()).unwrap_or_default();

    view! {
        <section class="panel account-part" aria-labelledby="about-me">
            <h2 id="about-me">"About me"</h2>
            <AutoSaved pending=action.pending()>
                <Form action flash changes_session=true>
                    <div class="columns">
                        <Field name="first_name" label="First name" autocomplete="given-name" value=profile.person.first_name/>
                        <Field name="last_name" label="Last name" autocomplete="family-name" value=profile.person.last_name/>
                    </div>
                    <Select
                        name="default_organization"
                        label="Default organization"
                        options=organizations
                        value=default_organization
                        hint="The organization that opens when you sign in."
                    />
                        <Select
                            name="cluster"
                            label="Cluster location"
                            options=pairs(&CLUSTERS)
                            value=profile.cluster
                            hint="Where your new work is processed and stored. Existing data is not moved."
                        />
                    <p class="hint" hidden=move || !session.hydrated.get()>"Changes are saved as you make them."</p>
                    <div hidden=move || session.hydrated.get()>
                        <FormButtons><Submit label="Save"/></FormButtons>
                    </div>
                </Form>
            </AutoSaved>
        </section>
    }
}

/// The email address, and changing it.
#[component]
fn MyEmail(action: FormAction<ChangeEmail>, profile: ProfileView, flash: Option<FormFlash>) -> impl IntoView {
    let (class, state) =
        if profile.person.email_verified { ("status ok", "Verified") } else { ("status wait", "Not verified yet") };
    view! {
        <section class="panel account-part" aria-labelledby="my-email">
            <div class="bar">
                <h2 id="my-email">"Email address"</h2>
                <span class=class>{state}</span>
            </div>
            {profile.new_email.map(|email| view! {
                <Note>
                    <p>{format!("We sent a link to {email}. Open it to confirm the new address. Until then, your current address stays in use.")}</p>
                </Note>
            })}
            <Form action flash>
                <div class="columns">
                    <Field name="email" label="Email" kind="email" autocomplete="email" value=profile.person.email/>
                    <Field name="password" label="Password" kind="password" autocomplete="current-password" hint="Confirm with your password."/>
                </div>
                <FormButtons><Submit label="Change email" tone=Tone::Plain/></FormButtons>
            </Form>
        </section>
    }
}

/// A choice that counts in this browser only.
#[component]
fn BrowserSetting<F: 'static>(
    action: FormAction<F>,
    /// The id of the heading.
    id: &'static str,
    heading: &'static str,
    /// The field's name.
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    checked: bool,
) -> impl IntoView {
    let session = Session::get();
    view! {
        <section class="panel account-part" aria-labelledby=id>
            <h2 id=id>{heading}</h2>
            <AutoSaved pending=action.pending()>
                <Form action flash=None changes_session=true>
                    <Check name label hint checked/>
                    <div hidden=move || session.hydrated.get()>
                        <FormButtons><Submit label="Save"/></FormButtons>
                    </div>
                </Form>
            </AutoSaved>
        </section>
    }
}
