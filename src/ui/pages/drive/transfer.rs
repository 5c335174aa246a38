//! **Confirm transfer**: the plan of a transfer, or what blocks it (XFER-14, XFER-15).

use leptos::prelude::*;

use super::{
    blockers::{Blockers, Sides as Ways},
    plan::{Consequences, Sides, contents, into, what},
    route::{DriveRoute, Listing, OpenDialog, Transfer},
};
use crate::{
    domain::transfer::{Plan, Scope},
    paths,
    rpc::{
        FormFlash, ask,
        transfer::{ConfirmTransfer, TakeAccessAndMove, plan_transfer},
    },
    ui::{
        components::{
            button::ButtonLink,
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Skeleton,
            field::Hidden,
            form::{Form, Submit},
            note::{Note, Severity},
        },
        form_action::FormAction,
        session::Session,
        suspend::rebuilt,
    },
    view::PlanView,
};

#[component]
pub fn TransferDialog(route: Memo<DriveRoute>) -> impl IntoView {
    let session = Session::get();
    // While the dialog closes, the address no longer describes it: keep the last state.
    let open = Memo::new(move |before: Option<&Transfer>| {
        route.with(|route| match &route.open {
            OpenDialog::Transfer(open) => open.clone(),
            _ => before.cloned().unwrap_or_default(),
        })
    });
    let listing = route.with_untracked(|route| route.listing.clone());
    let resource = ask(
        move || (open.get(), session.version()),
        |(open, _)| async move {
            let plan = plan_transfer(open.items.join(","), open.destination.clone()).await;
            (open, plan)
        },
    );
    // Made outside the plan, so that the answer survives when the plan is loaded again.
    let action = FormAction::<ConfirmTransfer>::new();
    let take = FormAction::<TakeAccessAndMove>::new();
    let close = listing.address();
    view! {
        <Transition fallback={
            let close = close.clone();
            move || view! {
                <Dialog label="Confirm transfer" starts_with_text=true heading="Checking what will change…" close>
                    <DialogBody focusable=true><Skeleton/></DialogBody>
                </Dialog>
            }
        }>
            {rebuilt(move || {
                let (listing, close) = (listing.clone(), close.clone());
                async move {
                    let context = session.context().await;
                    match resource.await {
                        (open, Ok(plan)) => view! { <PlanContent plan open listing action take flash=context.form/> }.into_any(),
                        (_, Err(failure)) => view! {
                            <Dialog label="Confirm transfer" starts_with_text=true heading="This cannot be moved" close=close.clone()>
                                <DialogBody focusable=true><Note severity=Severity::Error><p role="alert">{failure.to_string()}</p></Note></DialogBody>
                                <DialogButtons close>""</DialogButtons>
                            </Dialog>
                        }
                        .into_any(),
                    }
                }
            })}
        </Transition>
    }
}

#[component]
fn PlanContent(
    plan: PlanView,
    open: Transfer,
    listing: Listing,
    action: FormAction<ConfirmTransfer>,
    take: FormAction<TakeAccessAndMove>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let PlanView { plan, digest, target_name, target_org_id, may_take_access, .. } = plan;
    let close = listing.address();
    let elsewhere = listing.move_items(open.items.clone());
    // The items are in the other organization already, so the plan's source and target are both that one.
    let crossed = !listing.org.eq_ignore_ascii_case(&target_org_id);
    let ways = Ways { source: listing.org.clone(), target: target_org_id, offer: listing.offer_dialog(&open.items) };
    let blocked = !plan.blockers.is_empty();
    if plan.items.is_empty() && !blocked {
        return view! { <MovedAlready crossed org=listing.org.clone() close/> }.into_any();
    }
    let to = match plan.scope {
        Scope::Between => target_name.clone(),
        Scope::Within if plan.is_into_drive(&target_name) => "Drive".to_owned(),
        Scope::Within => format!("“{}”", plan.destination.name),
    };
    let (verb, moved) = match plan.scope {
        Scope::Between => ("Transfer", "transferred"),
        Scope::Within => ("Move", "moved"),
    };
    let heading = if blocked {
        format!("{} cannot be {moved} to {to} yet", what(&plan))
    } else {
        format!("{verb} {} to {to}?", what(&plan))
    };
    let content = if blocked && may_take_access {
        // A transfer between organizations has a receipt with all consequences; a move within one shows them only here.
        let (label, consequences) = match plan.scope {
            Scope::Within => ("Remove this access and move", Some(view! { <Consequences plan=plan.clone()/> })),
            Scope::Between => ("Remove this access", None),
        };
        view! {
            <Form action=take flash class="dialog-form">
                <Hidden name="items" value=open.items.join(",")/>
                <Hidden name="destination" value=open.destination/>
                <Hidden name="digest" value=digest/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody focusable=true>
                    <Blockers blockers=plan.blockers.clone() more=plan.more_blockers sides=ways/>
                    {consequences}
                </DialogBody>
                <DialogButtons close=close.clone() remark="Everything moves, or nothing does.">
                    <ButtonLink href=elsewhere in_place=true>"Choose another place"</ButtonLink>
                    <Submit label/>
                </DialogButtons>
            </Form>
        }
        .into_any()
    } else if blocked {
        view! {
            <DialogBody focusable=true>
                <Blockers blockers=plan.blockers.clone() more=plan.more_blockers sides=ways/>
            </DialogBody>
            <DialogButtons close=close.clone() remark="Everything moves, or nothing does.">
                <ButtonLink href=elsewhere in_place=true>"Choose another place"</ButtonLink>
            </DialogButtons>
        }
        .into_any()
    } else {
        view! {
            <Form action flash class="dialog-form">
                <Hidden name="items" value=open.items.join(",")/>
                <Hidden name="destination" value=open.destination/>
                <Hidden name="digest" value=digest/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody focusable=true>
                    <p>{summary(&plan, &target_name)}</p>
                    <Sides plan=plan.clone()/>
                    <Consequences plan/>
                </DialogBody>
                <DialogButtons close=close.clone() remark="Everything moves, or nothing does.">
                    <Submit label="Confirm transfer"/>
                </DialogButtons>
            </Form>
        }
        .into_any()
    };
    view! { <Dialog label="Confirm transfer" starts_with_text=true heading close=listing.address()>{content}</Dialog> }
        .into_any()
}

/// The items were moved already: says so to whoever opens an old address of the confirmation.
#[component]
fn MovedAlready(
    /// Whether they went to another organization, so that there is a receipt.
    crossed: bool,
    org: String,
    close: String,
) -> impl IntoView {
    let receipt = crossed.then(|| view! { " "<a href=paths::transfers(&org)>"See the receipt"</a>"." });
    view! {
        <Dialog label="Confirm transfer" starts_with_text=true heading="Nothing to move" close=close.clone()>
            <DialogBody focusable=true><p>"These items have already been moved."{receipt}</p></DialogBody>
            <footer><a class="button" href=close data-noscroll="" prop:replace=true>"Close"</a></footer>
        </Dialog>
    }
}

/// What moves, and into which folder.
fn summary(plan: &Plan, target: &str) -> String {
    let what = format!("{}: {}", what(plan), contents(plan));
    if plan.is_into_drive(target) { what } else { format!("{what}, {}", into(plan, target)) }
}
