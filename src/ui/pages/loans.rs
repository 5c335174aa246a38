//! Loans of licences (ACCT-3): lending, calling back and returning.

use leptos::prelude::*;

use crate::{
    domain::{
        licence::{Amount, Model},
        loan::LoanDirection,
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        loan::{EndLoan, LendLicence, loans_page},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::{Field, Hidden},
            form::{Form, Submit},
            pages::Pages,
            select::Select,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
        words::{self, When},
    },
    view::{
        Control, LicenceView,
        loan::{LoanView, LoansView},
    },
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct LoansRoute {
    org: String,
    cursor: String,
    dialog: String,
    /// The loan that a dialog is about, or the licence that is to be lent.
    about: String,
}

impl LoansRoute {
    fn list(&self, cursor: &str) -> Address {
        Address::new(paths::loans(&self.org)).with("cursor", cursor)
    }

    fn address(&self) -> String {
        self.list(&self.cursor).text()
    }

    fn with_dialog(&self, dialog: &str, about: &str) -> String {
        self.list(&self.cursor).with("dialog", dialog).with("about", about).text()
    }
}

/// The page: `/o/{org}/loans`.
#[component]
pub fn LoansPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "loans"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(LoansRoute {
                org: (*org).to_owned(),
                cursor: text("cursor"),
                dialog: text("dialog"),
                about: text("about"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    // Without the dialog, so that opening one does not load the page again.
    let wanted = Memo::new(move |_| route.with(|route| (route.org.clone(), route.cursor.clone())));
    let loans = ask(move || (wanted.get(), session.version()), |((org, cursor), _)| loans_page(org, cursor));
    page(Section::Loans, org, move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            let loans = loans.await?;
            Ok(view! { <LoansContent route loans now=context.now flash=context.form/> }.into_any())
        }
    })
}

#[component]
fn LoansContent(route: LoansRoute, loans: LoansView, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let route = LoansRoute { org: loans.organization.org_id.clone(), ..route };
    let about = loans.loans.items.iter().find(|loan| loan.id.to_string() == route.about).cloned();
    let dialog = match (route.dialog.as_str(), about) {
        ("lend", _) if loans.lend == Control::Enabled => {
            view! { <LendDialog route=route.clone() lendable=loans.lendable.clone() flash/> }.into_any()
        }
        ("end", Some(loan)) if loan.term.runs(now) => view! { <EndDialog route=route.clone() loan flash/> }.into_any(),
        _ => ().into_any(),
    };
    let lend = match loans.lend {
        Control::Enabled => view! {
            <ButtonLink href=route.with_dialog("lend", "") tone=Tone::Primary icon="plus" in_place=true>"Lend"</ButtonLink>
        }
        .into_any(),
        Control::Disabled(reason) => {
            view! { <BlockedButton label="Lend" reason tone=Tone::Primary icon="plus"/> }.into_any()
        }
        Control::Absent => ().into_any(),
    };
    let (lent, borrowed): (Vec<LoanView>, Vec<LoanView>) =
        loans.loans.items.into_iter().partition(|loan| loan.direction == LoanDirection::Lent);
    let start = (!route.cursor.is_empty()).then(|| route.list("").text());
    let next = loans.loans.next_cursor.map(|cursor| route.list(&cursor).text());
    let pages = view! { <Pages start next/> };
    let seats = paths::seats(&route.org);
    let borrowed_asked = route.clone();
    view! {
        <PageHeader title="Loans" lead="While a licence is lent, only the other account can use it. The lender can call it back, and the borrower can return it, at any time.">
            <ButtonLink href=seats>"Seats"</ButtonLink>
            {lend}
        </PageHeader>
        <Loans title="Lent" empty="No licences lent. To lend one to a partner, ask for their Sharing ID." route loans=lent now/>
        <Loans title="Borrowed" empty="No licences borrowed. To borrow one, give the lender the Sharing ID of your account." route=borrowed_asked loans=borrowed now/>
        {pages}
        {dialog}
    }
}

/// The loans of one side.
#[component]
fn Loans(
    title: &'static str,
    empty: &'static str,
    route: LoansRoute,
    loans: Vec<LoanView>,
    now: Timestamp,
) -> impl IntoView {
    let id = title.to_lowercase();
    let labelled_by = id.clone();
    let none = loans.is_empty();
    let rows = loans.into_iter().map(|loan| view! { <Row route=route.clone() loan now/> }).collect_view();
    let content = if none {
        view! { <Empty icon="licence" sentence=empty/> }.into_any()
    } else {
        view! {
            <table class="list loans-table" aria-label=title>
                <thead>
                    <tr>
                        <th scope="col">"Licence"</th>
                        <th scope="col">{if title == "Lent" { "To" } else { "From" }}</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Used during the loan"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="panel loans" aria-labelledby=labelled_by>
            <h2 id=id>{title}</h2>
            {content}
        </section>
    }
}

/// The amount used, in the licence's units.
fn used(model: Option<Model>, amount: Amount) -> String {
    match model {
        Some(Model::ImagesProjects) => format!(
            "{}, {}",
            words::counted(amount.images, "image", "images"),
            words::counted(amount.projects, "project", "projects")
        ),
        Some(Model::Credits) => words::counted(amount.credits, "credit", "credits"),
        None => "—".to_owned(),
    }
}

#[component]
fn Row(route: LoansRoute, loan: LoanView, now: Timestamp) -> impl IntoView {
    let (state, tone) = match loan.term.end(now) {
        None => (format!("Until {}", loan.term.last_day().words()), "status run"),
        Some((at, how)) => (format!("{} {}", how.label(), words::day(at.day(), now)), "status"),
    };
    let kind = match (loan.model, loan.seats) {
        (Some(model), _) => model.label().to_owned(),
        (None, Some(seats)) => words::counted(seats, "seat", "seats"),
        (None, None) => String::new(),
    };
    let used_class = if loan.model.is_some() { "m num loan-used" } else { "m num loan-used none" };
    let action = loan.term.runs(now).then(|| {
        let words = ending(loan.direction);
        let label = format!("{words} {} of {}", loan.product.label(), loan.other);
        let href = route.with_dialog("end", &loan.id.to_string());
        view! { <a class="button" href=href aria-label=label data-noscroll="">{words}</a> }
    });
    view! {
        <tr>
            <td class="loan-what"><span class="two-lines"><b>{loan.product.label()}</b><small>{kind}</small></span></td>
            <td class="loan-who"><span class="two-lines"><span>{loan.other}</span><small>{loan.other_sharing_id}</small></span></td>
            <td class="loan-state"><span class=tone>{state}</span></td>
            <td class="m from-tablet"><span class="two-lines"><span class="num"><When at=loan.term.lent_at now/></span><small>{format!("by {}", loan.lent_by)}</small></span></td>
            <td class=used_class>{used(loan.model, loan.used)}</td>
            <td class="loan-act">{action}</td>
        </tr>
    }
}

/// The label of the button that ends a loan.
const fn ending(direction: LoanDirection) -> &'static str {
    match direction {
        LoanDirection::Lent => "Call back",
        LoanDirection::Borrowed => "Return",
    }
}

/// The label of a licence in a `<select>`.
fn called(licence: &LicenceView) -> String {
    let what = match (licence.model, licence.seats) {
        (Some(Model::ImagesProjects), _) => {
            format!("{} left", words::counted(licence.left.images, "image", "images"))
        }
        (Some(Model::Credits), _) => format!("{} left", words::counted(licence.left.credits, "credit", "credits")),
        (None, Some(seats)) => words::counted(seats, "seat", "seats"),
        (None, None) => String::new(),
    };
    let until = licence.active_until.map(|until| format!(", until {}", until.plus_millis(-1).day().words()));
    format!("{} ({what}{})", licence.product.label(), until.unwrap_or_default())
}

/// **Lend**.
#[component]
fn LendDialog(route: LoansRoute, lendable: Vec<LicenceView>, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<LendLicence>::new();
    let close = route.address();
    let options: Vec<(String, String)> =
        lendable.iter().map(|licence| (licence.id.to_string(), called(licence))).collect();
    let value = if options.iter().any(|(id, _)| *id == route.about) {
        route.about.clone()
    } else {
        options.first().map(|(id, _)| id.clone()).unwrap_or_default()
    };
    view! {
        <Dialog label="Lend" heading="Lend a licence" close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <DialogBody>
                    <Select name="licence" label="Licence" options value/>
                    <Field name="sharing_id" label="Sharing ID" hint="The account that borrows the licence, like table/chair. Ask the borrower for it." focused=true/>
                    <Field name="until" label="Last day" kind="date" hint="The licence comes back automatically after this day."/>
                    <p class="small">"Until then, this organization cannot use the licence, and people here lose its seats. What the borrower uses up is not given back."</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Lend"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

/// **Call back**, or **Return**.
#[component]
fn EndDialog(route: LoansRoute, loan: LoanView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<EndLoan>::new();
    let close = route.address();
    let label = ending(loan.direction);
    let product = loan.product.label();
    let (heading, sentence) = match loan.direction {
        LoanDirection::Lent => (
            format!("Call {product} back from {}?", loan.other),
            format!(
                "{} loses the licence at once, and programs there lose their seats. This organization can use it again.",
                loan.other
            ),
        ),
        LoanDirection::Borrowed => (
            format!("Return {product} to {}?", loan.other),
            format!(
                "This organization loses the licence at once, and programs here lose their seats. Only {} can lend it again.",
                loan.other
            ),
        ),
    };
    view! {
        <Dialog label heading close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="loan" value=loan.id.to_string()/>
                <DialogBody>
                    <p>{sentence}</p>
                    <p>{match loan.model { Some(_) => format!("Used during the loan: {}. This is not given back.", used(loan.model, loan.used)), None => "Work done with it is kept.".to_owned() }}</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
