//! The receipt of a transfer, which both organizations can read (XFER-18).

use leptos::prelude::*;

use crate::{
    domain::transfer::{Plan, Scope},
    paths::{self, Address},
    rpc::{FormFlash, ask, offer::UndoTransfer, transfer::receipt},
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            field::Hidden,
            form::{Form, Submit},
            note::{Note, Severity},
            table::Fact,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        pages::drive::plan::{Consequences, Sides, contents, into, what},
        session::Session,
        words::{self, Moment},
    },
    view::{Control, ReceiptView},
};

/// The receipt, the organization it is seen from, and whether **Undo** is open.
#[derive(Clone, PartialEq, Default)]
struct ReceiptRoute {
    org: String,
    id: String,
    undoing: bool,
}

/// The page: `/o/{org}/transfers/{id}`.
#[component]
pub fn ReceiptPage() -> impl IntoView {
    let which = use_route_query(|segments, query| match segments {
        ["o", org, "transfers", id] => {
            let undoing = query.get("dialog").as_deref() == Some("undo");
            Some(ReceiptRoute { org: (*org).to_owned(), id: (*id).to_owned(), undoing })
        }
        _ => None,
    });
    let session = Session::get();
    let id = Memo::new(move |_| which.get().id);
    let resource = ask(move || (id.get(), session.version()), |(id, _)| receipt(id));
    let org = Memo::new(move |_| which.get().org);
    let undoing = Memo::new(move |_| which.get().undoing);
    // Made outside the dialog, so that the answer survives when the dialog is built again.
    let action = FormAction::<UndoTransfer>::new();
    page(Section::Transfers, org, move || {
        let org = org.get();
        async move {
            let context = session.context().await;
            let receipt = resource.await?;
            let (shown, asked) = (receipt.clone(), org.clone());
            let dialog = move || {
                undoing.get().then(|| {
                    let flash = context.form.clone();
                    view! { <UndoDialog receipt=receipt.clone() org=asked.clone() action flash/> }
                })
            };
            Ok(view! { <ReceiptContent receipt=shown org/> {dialog} }.into_any())
        }
    })
}

#[component]
fn ReceiptContent(receipt: ReceiptView, org: String) -> impl IntoView {
    let ReceiptView { id, at, by_name, source_name, target_name, target_org_id, plan, undoes, undone_by, undo, .. } =
        receipt;
    let title = match plan.scope {
        Scope::Between if undoes.is_some() => format!("Transfer of {} undone", what(&plan)),
        Scope::Between => format!("Transfer to {target_name}"),
        Scope::Within => format!("Move to {}", plan.destination.name),
    };
    let lead = match undoes {
        Some(_) => format!("Back from {source_name} to {target_name}"),
        None => format!("{} from {source_name} to {target_name}", what(&plan)),
    };
    let by_label = match plan.scope {
        Scope::Between if undoes.is_some() => "Undone by",
        Scope::Between => "Transferred by",
        Scope::Within => "Moved by",
    };
    let destination = plan.destination.clone();
    let destination_words = into(&plan, &target_name);
    let (contents, billing) = (contents(&plan), billing(&plan));
    let export = move |format: &'static str| {
        Address::new(format!("/api/v1/transfers/{id}/export")).with("format", format).text()
    };
    let undoing = match undo {
        Control::Enabled => {
            let href = Address::new(paths::receipt(&org, &id.to_string())).with("dialog", "undo").text();
            view! { <ButtonLink href in_place=true>"Undo transfer"</ButtonLink> }.into_any()
        }
        Control::Disabled(reason) => view! { <BlockedButton label="Undo transfer" reason/> }.into_any(),
        Control::Absent => ().into_any(),
    };
    let turned = [
        (undoes, "This receipt is of an undo: it took back an earlier transfer. "),
        (undone_by, "This transfer was undone. "),
    ]
    .into_iter()
    .filter_map(|(other, words)| Some((paths::receipt(&org, &other?.to_string()), words)))
    .map(|(href, words)| view! { <Note><p>{words} <a class="text-link" href=href>"See its receipt"</a></p></Note> })
    .collect_view();
    let items = plan.items.iter().map(|item| view! { <li>{item.name.clone()}</li> }).collect_view();
    view! {
        <PageHeader title lead>
            {target_org_id.map(|target| view! {
                <ButtonLink href=paths::drive(&target, &destination.id.to_string()) tone=Tone::Primary icon="drive">"Open in Drive"</ButtonLink>
            })}
            {undoing}
            <a class="button" rel="external" download="" href=export("csv")>"Export CSV"</a>
            <a class="button" rel="external" download="" href=export("json")>"Export JSON"</a>
        </PageHeader>
        {turned}
        <section class="panel tile" aria-labelledby="receipt">
            <h2 id="receipt">"Receipt"</h2>
            <dl class="facts">
                <Fact label=by_label>{by_name}</Fact>
                <Fact label="Date"><Moment at/></Fact>
                <Fact label="From">{source_name}</Fact>
                <Fact label="To">{target_name} ", " {destination_words}</Fact>
                <Fact label="Contents">{contents}</Fact>
                {billing.map(|billing| view! { <Fact label="Billing">{billing}</Fact> })}
            </dl>
            <h3>"Items"</h3>
            <ul class="plain-list">{items}</ul>
        </section>
        <section class="panel tile" aria-labelledby="effects">
            <h2 id="effects">"What changed"</h2>
            <Sides plan=plan.clone() done=true/>
            <Consequences plan done=true/>
        </section>
    }
}

/// What undoing would change, and the button for it.
#[component]
fn UndoDialog(
    receipt: ReceiptView,
    org: String,
    action: FormAction<UndoTransfer>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let ReceiptView { id, source_name, target_name, plan, undo, .. } = receipt;
    let close = paths::receipt(&org, &id.to_string());
    let Control::Enabled = undo else { return ().into_any() };
    let books = plan.effects.source.as_ref().is_some_and(|side| side.left_after != side.left_before);
    let links = plan.effects.links_stopped.total;
    view! {
        <Dialog label="Undo transfer" starts_with_text=true heading="Undo this transfer?" close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="transfer" value=id.to_string()/>
                <DialogBody focusable=true>
                    <p>{format!("Everything goes from {target_name} back to {source_name}, to where it was, under its old names.")}</p>
                    <Note severity=Severity::Warning>
                        <ul>
                            {books.then(|| view! {
                                <li>{format!("{target_name} gets back what it paid, and {source_name} pays it again.")}</li>
                            })}
                            <li>{format!("People in {target_name} lose access. People whose access ended with the transfer get it back.")}</li>
                            {(links > 0).then(|| view! {
                                <li>{if links == 1 { "The shared link works again.".to_owned() } else { format!("{} shared links work again.", words::total(links)) }}</li>
                            })}
                        </ul>
                    </Note>
                </DialogBody>
                <DialogButtons close remark="Everything goes back, or nothing does.">
                    <Submit label="Undo transfer"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
    .into_any()
}

/// The accounting case (XFER-10 to XFER-12).
fn billing(plan: &Plan) -> Option<String> {
    plan.effects.model_pair.map(|pair| format!("{} → {}", pair.source.label(), pair.target.label()))
}
