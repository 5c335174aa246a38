//! The panel **Drawings**: the table of everything that is drawn, which is also how it is read and changed without the map (VIEW-2).

use leptos::{html, prelude::*};

use super::{
    files,
    state::{Conflict, Drawing, Sheet, Trouble, Viewer, colour_class, kind_icon},
};
use crate::{
    domain::{
        annotation::{Annotation, AnnotationKind, Colour, MAX_DESCRIPTION_LENGTH},
        measure::{NO_HEIGHTS, Units},
        text::NAME_LENGTH,
    },
    ui::{
        components::{focus::once_connected, icon::Icon},
        words,
    },
};

/// The panel.
#[component]
pub fn DrawingsPanel(viewer: Viewer) -> impl IntoView {
    let is_empty = move || viewer.drawings.with(Vec::is_empty);
    let rows = move || {
        // The newest first.
        viewer.drawings.with(|drawings| drawings.iter().rev().map(|one| one.key).collect::<Vec<u32>>())
    };
    view! {
        <section class="viewer-panel viewer-drawings" id="viewer-drawings" aria-labelledby="viewer-drawings-title" class:viewer-open=move || viewer.sheet.get() == Some(Sheet::Drawings)>
            <header>
                <h2 id="viewer-drawings-title">"Drawings"</h2>
                <files::FilesMenu viewer/>
            </header>
            <p class="hint" hidden=move || !is_empty()>
                "Nothing is drawn yet. Choose Point, Line, Area or Text above the map; areas and lines are measured."
            </p>
            <table role="table" aria-label="Drawings" hidden=is_empty>
                <thead role="rowgroup" class="visually-hidden">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Name"</th>
                        <th role="columnheader" scope="col">"Measure"</th>
                        <th role="columnheader" scope="col">"By"</th>
                        <th role="columnheader" scope="col">"Change"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=rows key=|key| *key let(key)>
                        <Row viewer key/>
                    </For>
                </tbody>
            </table>
            <p class="hint" hidden=is_empty>{NO_HEIGHTS}</p>
        </section>
    }
}

/// Lengths and areas of a drawing, each with what it is.
pub fn measures(drawing: &Drawing, units: Units) -> Vec<(&'static str, String)> {
    let measured = drawing.measured();
    let length = measured.length.map(|length| units.length(length));
    match drawing.kind {
        AnnotationKind::Area => {
            let area = measured.area.map(|area| ("Area (2D)", units.area(area)));
            area.into_iter().chain(length.map(|length| ("Perimeter (2D)", length))).collect()
        }
        _ => length.map(|length| ("Length (2D)", length)).into_iter().collect(),
    }
}

/// "4 points, not saved", "Point, John Keller, 21 Nov".
pub fn about(drawing: &Drawing, viewer: Viewer) -> String {
    let now = viewer.now.get_value();
    let count = i64::try_from(drawing.annotation.places.len()).unwrap_or(i64::MAX);
    let what = match drawing.kind {
        AnnotationKind::Line | AnnotationKind::Area => words::counted(count, "point", "points"),
        kind => kind.label().to_owned(),
    };
    let mut parts = vec![what];
    if let Some(saved) = &drawing.saved {
        parts.extend(saved.created_by.clone());
        parts.push(words::day(saved.created_at.day(), now));
    }
    let state = match (&drawing.saved, drawing.is_busy) {
        (Some(_), _) if drawing.is_clean() => "",
        (_, true) => "saving…",
        (Some(_), _) => "change not saved",
        (None, _) => "not saved",
    };
    if !state.is_empty() {
        parts.push(state.to_owned());
    }
    parts.join(" · ")
}

#[component]
fn Row(viewer: Viewer, key: u32) -> impl IntoView {
    let row = NodeRef::<html::Tr>::new();
    let selected = Memo::new(move |_| viewer.selected.get() == Some(key));
    // What was selected on the map comes into sight in the table.
    Effect::new(move |_| {
        if let (true, Some(row)) = (selected.get(), row.get()) {
            once_connected(&row.clone(), move || row.scroll_into_view_with_bool(false));
        }
    });
    // The row stays while its drawing changes, and with it the focus.
    let drawing =
        Memo::new(move |_| viewer.drawings.with(|drawings| drawings.iter().find(|one| one.key == key).cloned()));
    let of =
        move |read: &dyn Fn(&Drawing) -> String| drawing.with(|drawing| drawing.as_ref().map(read)).unwrap_or_default();
    let measured = move || {
        let units = viewer.units.get();
        let measures = drawing.with(|drawing| drawing.as_ref().map(|one| measures(one, units))).unwrap_or_default();
        measures
            .into_iter()
            .map(|(label, value)| view! { <span class="viewer-measure"><span>{label}</span><b class="num">{value}</b></span> })
            .collect_view()
    };
    let trouble = Memo::new(move |_| drawing.with(|drawing| drawing.as_ref()?.trouble.clone()));
    let trouble = move || {
        trouble.get().map(|why| {
            // What is sent again by itself is said once, above the map.
            let (why, is_unsent) = match why {
                Trouble::Unreachable => ("It is kept here and sent again.".to_owned(), true),
                Trouble::Refused(why) => (why, false),
            };
            view! {
                <p class="problem" role=(!is_unsent).then_some("alert")>"Not saved. "{why}</p>
                <button type="button" class="button" on:click=move |_| if is_unsent { viewer.retry() } else { viewer.send(key) }>"Retry"</button>
            }
        })
    };
    let icon = drawing.with_untracked(|drawing| drawing.as_ref().map_or("area", |one| kind_icon(one.kind)));
    let colour = move || of(&|one| format!("viewer-kind {}", colour_class(one.annotation.colour)));
    let pick = move |_| {
        if viewer.selected.get_untracked() == Some(key) {
            viewer.selected.set(None);
        } else {
            viewer.show_drawing(key);
        }
    };
    view! {
        <tr node_ref=row role="row" class="viewer-row" class:viewer-selected=move || selected.get()>
            <td role="cell">
                <button type="button" class="viewer-pick" aria-expanded=move || if selected.get() { "true" } else { "false" } on:click=pick>
                    <span class=colour><Icon name=icon/></span>
                    <b>{move || of(&Drawing::title)}</b>
                </button>
            </td>
            <td role="cell">{measured}</td>
            <td role="cell"><small>{move || of(&|one| about(one, viewer))}</small>{trouble}</td>
            <td role="cell">{move || selected.get().then(|| view! { <Details viewer drawing/> })}</td>
        </tr>
    }
}

/// What can be done with the selected drawing: everything with one's own and where drawings are saved; else it is read.
#[component]
fn Details(viewer: Viewer, drawing: Memo<Option<Drawing>>) -> impl IntoView {
    drawing.get_untracked().map(|one| {
        if viewer.may_change(&one) {
            view! { <Editor viewer drawing=one now=drawing/> }.into_any()
        } else {
            view! { <p class="viewer-description">{one.annotation.description}</p> }.into_any()
        }
    })
}

/// Names, describes, colours and deletes the selected drawing.
#[component]
fn Editor(viewer: Viewer, drawing: Drawing, now: Memo<Option<Drawing>>) -> impl IntoView {
    let Drawing { key, kind, annotation, .. } = drawing;
    let change = move |change: &dyn Fn(&mut Annotation)| {
        if let Some(drawing) = viewer.drawing(key) {
            let mut annotation = drawing.annotation.clone();
            change(&mut annotation);
            viewer.edit(key, &drawing.annotation, annotation);
        }
    };
    let said = move |read: fn(&Annotation) -> &String| {
        Memo::new(move |_| now.with(|now| now.as_ref().map(|one| read(&one.annotation).clone())).unwrap_or_default())
    };
    let (name, description) = (said(|annotation| &annotation.name), said(|annotation| &annotation.description));
    let colour = Memo::new(move |_| now.with(|now| now.as_ref().map(|one| one.annotation.colour)));
    let is_text = kind == AnnotationKind::Text;
    // A text without words is about to be written.
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let (true, true, Some(field)) = (is_text, annotation.name.is_empty(), field.get()) {
            once_connected(&field.clone(), move || drop(field.focus()));
        }
    });
    let group = format!("colour-{key}");
    let colours = Colour::ALL.map(|one| {
        view! {
            <label class=format!("viewer-swatch {}", colour_class(one)) title=one.label()>
                <input
                    type="radio"
                    name=group.clone()
                    aria-label=one.label()
                    prop:checked=move || colour.get() == Some(one)
                    on:change=move |_| change(&|annotation| annotation.colour = one)
                />
            </label>
        }
    });
    view! {
        <div class="viewer-editor">
            <label>
                <span>{if is_text { "Text" } else { "Name" }}</span>
                <input
                    node_ref=field
                    class="input"
                    type="text"
                    autocomplete="off"
                    maxlength=NAME_LENGTH.to_string()
                    prop:value=move || name.get()
                    on:change=move |event| {
                        let name = event_target_value(&event);
                        change(&|annotation| annotation.name.clone_from(&name));
                    }
                />
            </label>
            <label>
                <span>"Description"</span>
                <input
                    class="input"
                    type="text"
                    autocomplete="off"
                    maxlength=MAX_DESCRIPTION_LENGTH.to_string()
                    prop:value=move || description.get()
                    on:change=move |event| {
                        let description = event_target_value(&event);
                        change(&|annotation| annotation.description.clone_from(&description));
                    }
                />
            </label>
            {matches!(kind, AnnotationKind::Line | AnnotationKind::Area).then(|| view! {
                <p class="hint viewer-shape-hint">"Drag a point to move it, or the middle of a side to add one. Press a point twice to remove it."</p>
            })}
            <div class="viewer-editor-foot">
                <div class="viewer-swatches" role="radiogroup" aria-label="Colour">{colours}</div>
                <button type="button" class="button icon-only quiet" aria-label="Delete" title="Delete" on:click=move |_| viewer.delete(key)>
                    <Icon name="trash"/>
                </button>
            </div>
        </div>
    }
}

/// Two people changed the same drawing: both versions, to choose from.
#[component]
pub fn ConflictDialog(viewer: Viewer) -> impl IntoView {
    move || {
        viewer.conflict.get().map(|Conflict { yours, theirs, .. }| {
            let dialog = NodeRef::<html::Dialog>::new();
            Effect::new(move |_| {
                if let Some(dialog) = dialog.get() {
                    once_connected(&dialog.clone(), move || drop(dialog.show_modal()));
                }
            });
            let units = viewer.units.get_untracked();
            let kind = theirs.kind;
            let version = move |annotation: &Annotation| {
                let name = if annotation.name.is_empty() { kind.label().to_owned() } else { annotation.name.clone() };
                let measured = units.measured(kind.measure(&annotation.places));
                let (description, colour) = (annotation.description.clone(), annotation.colour.label());
                let count = i64::try_from(annotation.places.len()).unwrap_or(0);
                view! {
                    <b>{name}</b>
                    <span class="num">{measured}</span>
                    <span>{description}</span>
                    <small>{words::counted(count, "point", "points")}", "{colour}</small>
                }
            };
            // Who changed it last is not known: who drew it is another matter.
            let saved = format!("Saved {}", words::ago(theirs.modified_at, viewer.now.get_value()));
            view! {
                <dialog
                    node_ref=dialog
                    class="dialog"
                    aria-label="Changed by somebody else"
                    on:cancel=move |event: leptos::ev::Event| { event.prevent_default(); viewer.take_theirs(); }>
                    <header><h2>"Changed by somebody else"</h2></header>
                    <div class="dialog-body">
                        <p>"While you changed this drawing, somebody else saved it. Which one is to stay?"</p>
                        <div class="viewer-versions">
                            <section aria-label="Yours"><h3>"Yours"</h3>{version(&yours)}</section>
                            <section aria-label="Theirs"><h3>{saved}</h3>{version(&theirs.annotation)}</section>
                        </div>
                    </div>
                    <footer>
                        <button type="button" class="button" on:click=move |_| viewer.take_theirs()>"Take theirs"</button>
                        <button type="button" class="button primary" on:click=move |_| viewer.keep_mine()>"Keep mine"</button>
                    </footer>
                </dialog>
            }
        })
    }
}
