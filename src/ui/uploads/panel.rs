//! The panel of the uploads, at the bottom right of every page (FILE-2): how far they are, what failed and why, and one question for all
//! names that are taken.
//!
//! # Invariants
//! - However many files there are, a few dozen rows are on the page.
//! - What screen readers hear are a few sentences, not every percent.

use leptos::{html, prelude::*};

use super::{
    Uploads,
    choice_dialog::ChoiceDialog,
    engine::{self, Engine, with},
    queue::{Item, State, Totals, left, of_sizes},
};
use crate::{
    domain::upload::OnConflict,
    ui::{
        components::{button::Tone, icon::Icon},
        words,
    },
};

/// How high a row is, in pixels, as the style sheet has it.
const ROW_HEIGHT: i32 = 52;
/// How many rows are on the page: those in view, and some around them.
const RENDERED_ROWS: usize = 24;
/// How many of them are above the view.
const OVERSCAN_ROWS: usize = 6;

/// What the panel shows besides the rows.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Summary {
    totals: Totals,
    is_paused: bool,
    /// Why nothing is sent, if so.
    halted: Option<&'static str>,
    left: Option<String>,
    may_replace: bool,
    /// The addresses and the names of the datasets that were made, once nothing is sent any more.
    made: Vec<(String, String)>,
}

/// How many of the datasets that were made the panel leads to.
const MAX_MADE: usize = 3;

impl Summary {
    fn of(engine: &Engine) -> Self {
        let queue = &engine.queue;
        let halted = if let Some(reason) = queue.stopped {
            Some(reason)
        } else if queue.offline {
            Some("You are offline. The upload goes on by itself when the connection is back.")
        } else {
            None
        };
        let totals = queue.totals();
        let made = queue.places.iter().filter_map(|place| Some((place.made.clone()?, place.name.clone())));
        let made = made.filter(|_| totals.is_over()).take(MAX_MADE).collect();
        Self {
            made,
            totals,
            is_paused: queue.paused || queue.stopped.is_some(),
            halted,
            left: queue.seconds_left().map(left),
            may_replace: queue.may_replace(),
        }
    }

    fn heading(&self) -> String {
        let Totals { files, failed, conflicts, busy, skipped, .. } = self.totals;
        let number = |number: usize| words::totalled(number as u64, "file", "files");
        match (busy, conflicts, failed) {
            (1.., ..) if self.is_paused => format!("Paused: {}", number(files)),
            (1.., ..) => format!("Uploading {}", number(files)),
            (0, 1.., _) => words::totalled(conflicts as u64, "name is taken", "names are taken"),
            (0, 0, 1..) => format!("{} not uploaded", words::totalled(failed as u64, "file was", "files were")),
            (0, 0, 0) => format!("{} uploaded", number(files - skipped)),
        }
    }

    /// "137 of 214 · 1.3 of 2.1 GB".
    fn far(&self) -> String {
        let Totals { files, here, bytes, sent_bytes, .. } = self.totals;
        format!("{} of {} · {}", words::total(here as u64), words::total(files as u64), of_sizes(sent_bytes, bytes))
    }

    /// What screen readers hear: it changes a few times in all.
    fn said(&self) -> String {
        let Totals { files, here, failed, busy, .. } = self.totals;
        if files == 0 {
            return String::new();
        }
        if let Some(halted) = self.halted {
            return halted.to_owned();
        }
        if busy == 0 || self.is_paused {
            return self.heading();
        }
        let far = match here * 4 / files {
            0 => String::new(),
            quarters => format!(" {} percent are here.", quarters * 25),
        };
        let failures = if failed > 0 { " Some failed." } else { "" };
        format!("{}.{far}{failures}", self.heading())
    }

    /// How far it is, of a thousand.
    fn permille(&self) -> i64 {
        let Totals { files, here, bytes, sent_bytes, .. } = self.totals;
        if bytes > 0 {
            sent_bytes.saturating_mul(1_000) / bytes
        } else {
            i64::try_from(here * 1_000 / files.max(1)).unwrap_or(0)
        }
    }
}

/// A row of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    index: usize,
    name: String,
    path: String,
    line: String,
    icon: RowIcon,
    percent: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RowIcon {
    Waiting,
    Sending,
    Failed,
    Conflict,
}

impl Row {
    fn of(engine: &Engine, index: usize, item: &Item) -> Self {
        let place = engine.queue.places.get(item.place).map(|place| place.name.as_str()).unwrap_or_default();
        let (icon, line) = match &item.state {
            State::Failed(reason) => (RowIcon::Failed, reason.clone()),
            State::Conflict => (RowIcon::Conflict, "Another file has this name.".to_owned()),
            State::Sending => (RowIcon::Sending, format!("to {place}")),
            _ => (RowIcon::Waiting, format!("to {place}")),
        };
        let percent =
            (icon == RowIcon::Sending).then(|| format!("{} %", item.sent.saturating_mul(100) / item.bytes.max(1)));
        let name = item.path.rsplit('/').next().unwrap_or(&item.path).to_owned();
        Self { index, name, path: item.path.clone(), line, icon, percent }
    }
}

/// The rows that are on the page: how many there are in all, the first of them, and they themselves.
type Window = (usize, usize, Vec<Row>);

fn rows_from(engine: &Engine, first: usize, only_failed: bool) -> Window {
    let rows = engine.queue.rows(only_failed);
    let first = first.min(rows.len().saturating_sub(1));
    let shown = rows.iter().skip(first).take(RENDERED_ROWS);
    let shown = shown.filter_map(|index| Some(Row::of(engine, *index, engine.queue.items.get(*index)?))).collect();
    (rows.len(), first, shown)
}

/// The panel, and the dialog that asks where files go.
pub(super) fn panel(uploads: Uploads) -> AnyView {
    let summary = Memo::new(move |_| {
        uploads.version.track();
        with(|engine| Summary::of(engine))
    });
    let question = Memo::new(move |_| {
        uploads.version.track();
        engine::question()
    });
    let said = Memo::new(move |_| summary.with(Summary::said));
    let shown = Memo::new(move |_| summary.with(|summary| summary.totals.files > 0));
    view! {
        {move || question.get().map(|question| view! { <ChoiceDialog uploads question/> })}
        // On the page from the start: a live region that comes with its text is not read out.
        <p class="visually-hidden" role="status">{move || said.get()}</p>
        {move || shown.get().then(|| view! { <Panel uploads summary/> })}
    }
    .into_any()
}

#[component]
fn Panel(uploads: Uploads, summary: Memo<Summary>) -> impl IntoView {
    let collapsed = RwSignal::new(false);
    let asks_to_stop = RwSignal::new(false);
    let only_failed = RwSignal::new(false);
    let over = Memo::new(move |_| summary.with(|summary| summary.totals.is_over()));
    let busy = Memo::new(move |_| summary.with(|summary| summary.totals.busy > 0));
    let paused = Memo::new(move |_| summary.with(|summary| summary.is_paused));
    let failed = Memo::new(move |_| summary.with(|summary| summary.totals.failed));
    let conflicts = Memo::new(move |_| summary.with(|summary| summary.totals.conflicts));
    let pause_label = move || if paused.get() { "Resume" } else { "Pause" };
    let end_label = move || if over.get() { "Close" } else { "Cancel upload" };
    // Once nothing has failed any more there would be nothing to show.
    Effect::new(move |_| {
        if failed.get() == 0 {
            only_failed.set(false);
        }
        if over.get() {
            asks_to_stop.set(false);
        }
    });
    view! {
        <aside class="uploads" class:collapsed=move || collapsed.get() aria-labelledby="uploads-heading">
            <header>
                <h2 id="uploads-heading">{move || summary.with(Summary::heading)}</h2>
                {move || busy.get().then(|| view! {
                    <button type="button" class="button icon-only quiet" aria-label=pause_label title=pause_label on:click=move |_| {
                        if paused.get_untracked() { engine::resume(uploads) } else { engine::pause(uploads) }
                    }>
                        {move || if paused.get() { view! { <Icon name="play"/> } } else { view! { <Icon name="pause"/> } }}
                    </button>
                })}
                <button type="button" class="button icon-only quiet" aria-expanded=move || (!collapsed.get()).to_string()
                    aria-controls="uploads-details" aria-label="Details" title="Details" on:click=move |_| collapsed.update(|collapsed| *collapsed = !*collapsed)>
                    {move || if collapsed.get() { view! { <Icon name="sort-up"/> } } else { view! { <Icon name="sort-down"/> } }}
                </button>
                <button type="button" class="button icon-only quiet" aria-label=end_label title=end_label on:click=move |_| {
                    if over.get_untracked() { engine::close(uploads) } else { asks_to_stop.set(true) }
                }>
                    <Icon name="close"/>
                </button>
            </header>
            <progress max="1000" value=move || summary.with(Summary::permille).to_string() aria-label="Upload"></progress>
            <p class="uploads-far num">
                <span>{move || summary.with(Summary::far)}</span>
                <span>{move || summary.with(|summary| summary.left.clone()).filter(|_| busy.get() && !paused.get())}</span>
            </p>
            {move || summary.with(|summary| summary.halted).map(|halted| view! { <p class="uploads-note">{halted}</p> })}
            {move || asks_to_stop.get().then(|| view! { <StopQuestion uploads asks_to_stop/> })}
            {move || (conflicts.get() > 0).then(|| view! { <ConflictQuestion uploads summary conflicts/> })}
            {move || (failed.get() > 0).then(|| view! {
                <div class="uploads-note bar">
                    <label class="tick"><input type="checkbox" prop:checked=only_failed on:change=move |event| only_failed.set(event_target_checked(&event))/>"Show only failed"</label>
                    <button type="button" class="button end" on:click=move |_| engine::retry_failed(uploads)>
                        "Retry failed"
                    </button>
                </div>
            })}
            {move || summary.with(|summary| summary.made.clone()).into_iter().map(|(href, name)| {
                let label = format!("Open dataset {name}");
                view! { <p class="uploads-note bar"><b title=name.clone()>{name.clone()}</b><a class="button end" href=href aria-label=label>"Open dataset"</a></p> }
            }).collect_view()}
            <div id="uploads-details" hidden=move || collapsed.get()>
                <Rows uploads only_failed/>
                {move || {
                    let Totals { here, present, skipped, .. } = summary.with(|summary| summary.totals);
                    (here + skipped > 0).then(|| view! {
                        <p class="upload-row" data-state="done">
                            <Icon name="check"/>
                            <span>
                                <b>{words::totalled(here as u64, "file", "files")}</b>
                                {(present > 0).then(|| view! { <small>{format!("{} there already", words::totalled(present as u64, "was", "were"))}</small> })}
                                {(skipped > 0).then(|| view! { <small>{format!("{} skipped", words::totalled(skipped as u64, "was", "were"))}</small> })}
                            </span>
                        </p>
                    })
                }}
            </div>
        </aside>
    }
}

/// Asks before everything is stopped.
#[component]
fn StopQuestion(uploads: Uploads, asks_to_stop: RwSignal<bool>) -> impl IntoView {
    let go_on = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(go_on) = go_on.get() {
            request_animation_frame(move || drop(go_on.focus()));
        }
    });
    view! {
        <div class="uploads-note" role="alertdialog" aria-labelledby="uploads-stop">
            <p id="uploads-stop"><b>"Stop uploading?"</b>" What arrived stays. The other files are not sent."</p>
            <div class="bar">
                <button type="button" class=Tone::Danger.class() on:click=move |_| {
                    asks_to_stop.set(false);
                    engine::cancel(uploads);
                }>"Stop uploading"</button>
                <button type="button" class=Tone::Plain.class() node_ref=go_on on:click=move |_| asks_to_stop.set(false)>"Go on"</button>
            </div>
        </div>
    }
}

/// One question for all names that are taken.
#[component]
fn ConflictQuestion(uploads: Uploads, summary: Memo<Summary>, conflicts: Memo<usize>) -> impl IntoView {
    let answer = move |choice| move |_| engine::answer_conflicts(uploads, choice);
    let may_replace = Memo::new(move |_| summary.with(|summary| summary.may_replace));
    // What is replaced is gone for good, so it is asked about once more.
    let asks = RwSignal::new(false);
    let cancel = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(cancel) = cancel.get() {
            request_animation_frame(move || drop(cancel.focus()));
        }
    });
    let really = move || {
        asks.get().then(|| {
            let files = words::totalled(conflicts.get_untracked() as u64, "file", "files");
            view! {
                <div class="uploads-note" role="alertdialog" aria-labelledby="uploads-replace">
                    <p id="uploads-replace"><b>{format!("Replace {files}?")}</b>" The files there are deleted for good, and no one can restore them."</p>
                    <div class="bar">
                        <button type="button" class=Tone::Danger.class() on:click=answer(OnConflict::Replace)>"Replace"</button>
                        <button type="button" class=Tone::Plain.class() node_ref=cancel on:click=move |_| asks.set(false)>"Cancel"</button>
                    </div>
                </div>
            }
        })
    };
    view! {
        {really}
        <div class="uploads-note" role="group" aria-labelledby="uploads-conflicts" hidden=move || asks.get()>
            <p id="uploads-conflicts">
                <b>{move || words::totalled(conflicts.get() as u64, "file has a name that is taken.", "files have names that are taken.")}</b>
                " The files there are different ones."
            </p>
            <div class="bar">
                {move || may_replace.get().then(|| view! { <button type="button" class="button" on:click=move |_| asks.set(true)>"Replace…"</button> })}
                <button type="button" class="button" on:click=answer(OnConflict::KeepBoth)>"Keep both"</button>
                <button type="button" class="button" on:click=answer(OnConflict::Skip)>"Skip"</button>
            </div>
        </div>
    }
}

/// The list of files, of which a window is on the page.
#[component]
fn Rows(uploads: Uploads, only_failed: RwSignal<bool>) -> impl IntoView {
    let first = RwSignal::new(0_usize);
    let (scroller, above, below) =
        (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let rows = Memo::new(move |_| {
        uploads.version.track();
        let (first, only_failed) = (first.get(), only_failed.get());
        with(|engine| rows_from(engine, first, only_failed))
    });
    let scrolled = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            let row = usize::try_from(scroller.scroll_top() / ROW_HEIGHT).unwrap_or(0);
            let start = row.saturating_sub(OVERSCAN_ROWS);
            if first.get_untracked() != start {
                first.set(start);
            }
        }
    };
    let heights =
        Memo::new(move |_| rows.with(|(all, first, shown)| (*first, all.saturating_sub(first + shown.len()))));
    // The policy of the page forbids styles in markup, and not those that a script sets.
    Effect::new(move |_| {
        let (over, under) = heights.get();
        for (spacer, rows) in [(above.get(), over), (below.get(), under)] {
            if let Some(spacer) = spacer {
                let height = i32::try_from(rows).unwrap_or(0).saturating_mul(ROW_HEIGHT);
                drop(web_sys::HtmlElement::style(&spacer).set_property("block-size", &format!("{height}px")));
            }
        }
    });
    view! {
        <div class="upload-rows" node_ref=scroller tabindex="0" role="region" aria-label="Files" on:scroll=scrolled>
            <div node_ref=above aria-hidden="true"></div>
            <ul>
                {move || rows.with(|(_, _, shown)| shown.clone()).into_iter().map(|row| row_view(uploads, row)).collect_view()}
            </ul>
            <div node_ref=below aria-hidden="true"></div>
        </div>
    }
}

fn row_view(uploads: Uploads, row: Row) -> impl IntoView {
    let Row { index, name, path, line, icon, percent } = row;
    let retries = icon == RowIcon::Failed;
    let (state, icon) = match icon {
        RowIcon::Waiting => ("waiting", "dataset"),
        RowIcon::Sending => ("sending", "dataset"),
        RowIcon::Failed => ("failed", "warning"),
        RowIcon::Conflict => ("conflict", "info"),
    };
    let label = format!("Retry {name}");
    view! {
        <li class="upload-row" data-state=state>
            <Icon name=icon/>
            <span>
                <b title=path>{name}</b>
                <small title=line.clone()>{line.clone()}</small>
            </span>
            <span class="num">{percent}</span>
            <button type="button" class="button quiet" hidden=!retries aria-label=label on:click=move |_| engine::retry(uploads, index)>"Retry"</button>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(totals: Totals) -> Summary {
        Summary { totals, is_paused: false, halted: None, left: None, may_replace: false, made: Vec::new() }
    }

    #[test]
    fn file_2_the_panel_says_how_far_it_is() {
        let totals = Totals {
            files: 214,
            here: 137,
            busy: 77,
            bytes: 2_100_000_000,
            sent_bytes: 1_300_000_000,
            ..Totals::default()
        };
        let busy = summary(totals);
        assert_eq!(busy.heading(), "Uploading 214 files");
        assert_eq!(busy.far(), "137 of 214 · 1.3 of 2.1 GB");
        assert_eq!(busy.permille(), 619);
        assert_eq!(busy.said(), "Uploading 214 files. 50 percent are here.");
        assert_eq!(Summary { is_paused: true, ..busy }.heading(), "Paused: 214 files");
        let ended = Totals { busy: 0, here: 214, ..totals };
        assert_eq!(summary(ended).said(), "214 files uploaded");
        assert_eq!(summary(Totals { here: 211, failed: 3, ..ended }).heading(), "3 files were not uploaded");
        assert_eq!(summary(Totals { here: 202, conflicts: 12, ..ended }).heading(), "12 names are taken");
    }

    #[test]
    fn file_2_screen_readers_hear_a_few_sentences_however_many_files_there_are() {
        let mut heard: Vec<String> = (0..=10_000)
            .map(|here| summary(Totals { files: 10_000, here, busy: 10_000 - here, ..Totals::default() }).said())
            .collect();
        heard.dedup();
        assert_eq!(heard.len(), 5, "{heard:?}");
    }
}
