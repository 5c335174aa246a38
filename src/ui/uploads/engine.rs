//! Sends what the queue says, three files at a time, and tells it what came of it (FILE-2).
//!
//! There is one engine in a window. It is outside of all pages, so what it does goes on while people go from page to page.
//!
//! # Invariants
//! - The engine is never borrowed while the browser may call back, and never across an `await`.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use leptos::{ev, leptos_dom::helpers::WindowListenerHandle, prelude::*, task::spawn_local};
use web_sys::{File, XmlHttpRequest, js_sys::Date};

use super::{
    Chosen, Target, Uploads,
    browser::{Call, ChosenFile, files_below, is_readable, path_of},
    choice::{Group, day_of, groups, is_left_out, name_of, suggested_name},
    queue::{Attempt, NewItem, PIECE_BYTES, Place, PlanBatch, Queue, Trouble, number},
};
use crate::{
    domain::{
        refusal::Refusal,
        time::{Day, Timestamp},
        upload::OnConflict,
    },
    paths,
    rpc::{
        Failure,
        upload::{discard_uploads, plan_new_dataset, plan_upload},
    },
    view::query::{PlannedFileQuery, UploadPlanQuery},
};

/// How often what is shown is brought up to date, and what waits is looked at.
const TICK: Duration = Duration::from_millis(250);

/// Files that were chosen, and not yet where they go.
pub(super) struct Question {
    number: u32,
    container: (String, String),
    dataset: Option<(String, String)>,
    files: Vec<ChosenFile>,
    groups: Vec<Group>,
    name: String,
    day: Day,
}

/// What the dialog asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct QuestionView {
    pub(super) number: u32,
    pub(super) files: usize,
    /// The name of the container.
    pub(super) container: String,
    /// The name of the dataset that they can be added to.
    pub(super) dataset: Option<String>,
    /// What a new dataset would be called.
    pub(super) name: String,
    /// The datasets that there would be, one for each folder.
    pub(super) each: Vec<String>,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Choice {
    /// Into one new dataset of this name.
    New(String),
    /// One for each folder.
    Each,
    /// Into the one that is selected.
    Selected,
}

#[derive(Default)]
pub(super) struct Engine {
    pub(super) queue: Queue,
    /// The files, by their place in the queue.
    files: Vec<File>,
    /// What is sent now, by the number of its attempt.
    requests: BTreeMap<u32, XmlHttpRequest>,
    questions: Vec<Question>,
    asked: u32,
    is_ticking: bool,
    listens: bool,
    /// Asks before the window is closed while something is sent.
    guard: Option<WindowListenerHandle>,
}

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::default();
}

/// Reads or changes the engine. `work` calls nothing of the browser.
pub(super) fn with<T>(work: impl FnOnce(&mut Engine) -> T) -> T {
    ENGINE.with(|engine| work(&mut engine.borrow_mut()))
}

fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

#[expect(clippy::cast_possible_truncation, reason = "sizes and times of files are whole numbers far below 2^53")]
const fn whole(number: f64) -> i64 {
    number as i64
}

/// Files with their paths.
fn alone(files: Vec<File>) -> Vec<ChosenFile> {
    files.into_iter().map(|file| ChosenFile { path: path_of(&file), file }).collect()
}

/// Takes files that somebody chose or dropped.
pub(super) fn take(uploads: Uploads, target: Target, chosen: Chosen) {
    listen(uploads);
    spawn_local(async move {
        let files = match chosen {
            Chosen::Files(files) => alone(files),
            Chosen::Dropped(entries, files) => {
                let mut found = files_below(entries).await;
                found.extend(alone(files));
                found
            }
        };
        let files: Vec<ChosenFile> = files.into_iter().filter(|chosen| !is_left_out(&chosen.path)).collect();
        if files.is_empty() {
            return uploads.toaster.show("There are no files to upload in this folder.");
        }
        match target {
            Target { container: Some(container), dataset } => {
                let paths: Vec<String> = files.iter().map(|chosen| chosen.path.clone()).collect();
                let modified = files.first().map(|chosen| Timestamp(whole(chosen.file.last_modified())));
                let day = day_of(modified, Timestamp(whole(Date::now())));
                let (groups, name) = (groups(&paths), suggested_name(&paths, &container.1, day));
                with(|engine| {
                    engine.asked += 1;
                    let number = engine.asked;
                    engine.questions.push(Question { number, container, dataset, files, groups, name, day });
                });
                changed(uploads);
            }
            Target { container: None, dataset: Some((id, name)) } => {
                begin(uploads, vec![(Place { dataset: Some(id), name, ..Place::default() }, files)]);
            }
            Target { container: None, dataset: None } => {}
        }
    });
}

/// The question to ask now.
pub(super) fn question() -> Option<QuestionView> {
    with(|engine| {
        let Question { number, container, dataset, files, groups, name, day } = engine.questions.first()?;
        let each = if groups.len() > 1 {
            groups.iter().map(|group| name_of(or(&group.name, &container.1), *day)).collect()
        } else {
            Vec::new()
        };
        Some(QuestionView {
            number: *number,
            files: files.len(),
            container: container.1.clone(),
            dataset: dataset.as_ref().map(|(_, name)| name.clone()),
            name: name.clone(),
            each,
        })
    })
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// Answers the question; without a choice the files are forgotten.
pub(super) fn answer(uploads: Uploads, choice: Option<Choice>) {
    let question = with(|engine| (!engine.questions.is_empty()).then(|| engine.questions.remove(0)));
    let (Some(Question { container, dataset, files, groups, day, .. }), Some(choice)) = (question, choice) else {
        return changed(uploads);
    };
    let parent = container.0.clone();
    let places = match choice {
        Choice::New(name) => vec![(Place { parent, name, ..Place::default() }, files)],
        Choice::Selected => {
            let Some((id, name)) = dataset else { return changed(uploads) };
            vec![(Place { dataset: Some(id), name, ..Place::default() }, files)]
        }
        Choice::Each => {
            let mut files: Vec<Option<ChosenFile>> = files.into_iter().map(Some).collect();
            let place_of = |group: Group| {
                let name = name_of(or(&group.name, &container.1), day);
                let own = group.files.into_iter().filter_map(|index| files.get_mut(index)?.take());
                let own = own.map(|chosen| ChosenFile { path: chosen.path[group.before..].to_owned(), ..chosen });
                (Place { parent: parent.clone(), name, ..Place::default() }, own.collect())
            };
            groups.into_iter().map(place_of).collect()
        }
    };
    begin(uploads, places);
}

fn begin(uploads: Uploads, places: Vec<(Place, Vec<ChosenFile>)>) {
    with(|engine| {
        let totals = engine.queue.totals();
        if totals.is_over() && totals.failed == 0 {
            engine.queue.clear();
            engine.files.clear();
        }
        for (place, files) in places {
            let items: Vec<NewItem> = files
                .iter()
                .map(|ChosenFile { file, path }| NewItem {
                    path: path.clone(),
                    bytes: whole(file.size()),
                    modified: Timestamp(whole(file.last_modified())).rfc3339(),
                })
                .collect();
            engine.queue.add(place, items);
            engine.files.extend(files.into_iter().map(|chosen| chosen.file));
        }
    });
    pump(uploads);
}

/// Follows the connection, once.
fn listen(uploads: Uploads) {
    if with(|engine| std::mem::replace(&mut engine.listens, true)) {
        return;
    }
    let follow = move |offline| {
        with(|engine| engine.queue.set_offline(offline));
        if offline {
            abort_all();
        }
        pump(uploads);
    };
    // For as long as the window is open.
    drop(window_event_listener(ev::offline, move |_| follow(true)));
    drop(window_event_listener(ev::online, move |_| follow(false)));
    with(|engine| engine.queue.set_offline(!window().navigator().on_line()));
}

/// Begins whatever can begin now.
fn pump(uploads: Uploads) {
    let now = now();
    if let Some(batch) = with(|engine| engine.queue.next_plan(now)) {
        spawn_local(plan(uploads, batch));
    }
    while let Some(attempt) = with(|engine| engine.queue.start(now)) {
        spawn_local(send(uploads, attempt));
    }
    changed(uploads);
    if with(|engine| engine.queue.totals().busy > 0 && !std::mem::replace(&mut engine.is_ticking, true)) {
        tick(uploads);
    }
}

fn tick(uploads: Uploads) {
    set_timeout(
        move || {
            let now = now();
            let stalled: Vec<XmlHttpRequest> = with(|engine| {
                engine.is_ticking = false;
                engine.queue.sample(now);
                let stalled = engine.queue.stalled(now);
                stalled.into_iter().filter_map(|attempt| engine.requests.get(&attempt).cloned()).collect()
            });
            // Their answers are connections that were cut.
            for request in stalled {
                drop(request.abort());
            }
            pump(uploads);
        },
        TICK,
    );
}

fn abort_all() {
    let requests = with(|engine| std::mem::take(&mut engine.requests));
    for request in requests.into_values() {
        drop(request.abort());
    }
}

/// Shows what has changed.
fn changed(uploads: Uploads) {
    let (under_way, busy) = with(|engine| (engine.queue.under_way(), engine.queue.totals().busy > 0));
    if uploads.under_way.with_untracked(|before| *before != under_way) {
        uploads.under_way.set(under_way);
    }
    let guards = with(|engine| engine.guard.is_some());
    if busy && !guards {
        let guard = window_event_listener(ev::beforeunload, |event| event.prevent_default());
        with(|engine| engine.guard = Some(guard));
    } else if !busy && guards {
        if let Some(guard) = with(|engine| engine.guard.take()) {
            guard.remove();
        }
        // What arrived is on the page.
        uploads.session().refresh();
    }
    uploads.version.update(|version| *version += 1);
}

/// Asks the server about a batch.
async fn plan(uploads: Uploads, batch: PlanBatch) {
    let (dataset, query) = with(|engine| {
        let place = engine.queue.places.get(batch.place).cloned().unwrap_or_default();
        let files = batch.items.iter().filter_map(|index| engine.queue.items.get(*index));
        let files = files.map(|item| PlannedFileQuery {
            path: item.path.clone(),
            bytes: item.bytes,
            modified: item.modified.clone(),
        });
        let query = UploadPlanQuery {
            place: place.dataset.clone().unwrap_or(place.parent),
            name: place.name,
            on_conflict: batch.on_conflict.as_str().to_owned(),
            files: files.collect(),
        };
        (place.dataset, query)
    });
    let answer = if dataset.is_some() {
        plan_upload(query).await.map(|plan| (plan.items, plan.may_replace, None))
    } else {
        plan_new_dataset(query).await.map(|made| {
            let id = made.dataset.to_string();
            (made.items, true, Some((paths::drive(&made.org_id, &id), id, made.name)))
        })
    };
    let now = now();
    let mut made_one = false;
    with(|engine| match answer {
        Ok((items, may_replace, made)) => {
            if let Some(place) = engine.queue.places.get_mut(batch.place) {
                place.may_replace = may_replace;
                if let Some((address, id, name)) = made {
                    (place.made, place.dataset, place.name) = (Some(address), Some(id), name);
                    made_one = true;
                }
            }
            engine.queue.planned(&batch, &items);
        }
        Err(failure) => {
            let refused = match &failure {
                Failure::Refused(Refusal::Unauthenticated) => {
                    engine.queue.sign_out();
                    None
                }
                // Trying again helps, or may help.
                Failure::Refused(Refusal::Busy(_) | Refusal::Unavailable | Refusal::Conflict)
                | Failure::Transport(_)
                | Failure::Unexpected { .. } => None,
                Failure::Refused(refusal) => Some(refusal.to_string()),
            };
            engine.queue.plan_failed(&batch, refused.as_deref(), now);
        }
    });
    if made_one {
        uploads.session().refresh();
    }
    pump(uploads);
}

/// Sends a file, piece by piece.
async fn send(uploads: Uploads, attempt: Attempt) {
    let trouble = send_pieces(uploads, &attempt).await;
    let now = now();
    with(|engine| {
        engine.requests.remove(&attempt.number);
        if let Some(trouble) = trouble {
            engine.queue.trouble(&attempt, trouble, now);
        }
    });
    pump(uploads);
}

/// Answers what went wrong, if anything did.
async fn send_pieces(uploads: Uploads, attempt: &Attempt) -> Option<Trouble> {
    let item = attempt.item;
    let mut offset = attempt.offset;
    if attempt.asks {
        let Some(call) = Call::new("HEAD", &attempt.url) else { return Some(Trouble::Cut) };
        hold(attempt, &call);
        match call.ask().await {
            Ok(received) => offset = received,
            Err(trouble) => return Some(trouble),
        }
        if !with(|engine| engine.queue.asked(attempt, offset, now())) {
            return None;
        }
    }
    loop {
        let file = with(|engine| engine.files.get(item).cloned())?;
        let end = attempt.bytes.min(offset + PIECE_BYTES);
        let Ok(piece) = file.slice_with_f64_and_f64(number(offset), number(end)) else { return Some(Trouble::Cut) };
        let Some(call) = Call::new("PATCH", &attempt.url) else { return Some(Trouble::Cut) };
        hold(attempt, &call);
        let told = attempt.clone();
        let progress = move |sent: f64| {
            let now = now();
            with(|engine| engine.queue.progress(&told, offset + whole(sent), now));
        };
        match call.send(offset, &piece, progress).await {
            Ok(received) => {
                let now = now();
                if !with(|engine| engine.queue.took(attempt, received, now)) {
                    return None;
                }
                offset = received;
                changed(uploads);
            }
            Err(Trouble::Cut) if end > offset && !is_readable(&piece).await => {
                let reason = "This file cannot be read any more. It was changed or removed since it was chosen.";
                return Some(Trouble::Refused(reason.to_owned()));
            }
            Err(trouble) => return Some(trouble),
        }
    }
}

/// Keeps a request, to abort it.
fn hold(attempt: &Attempt, call: &Call) {
    let request = call.handle();
    with(|engine| engine.requests.insert(attempt.number, request));
}

pub(super) fn pause(uploads: Uploads) {
    with(|engine| engine.queue.pause());
    abort_all();
    changed(uploads);
}

pub(super) fn resume(uploads: Uploads) {
    with(|engine| engine.queue.resume());
    pump(uploads);
}

pub(super) fn retry(uploads: Uploads, item: usize) {
    with(|engine| engine.queue.retry(item));
    pump(uploads);
}

pub(super) fn retry_failed(uploads: Uploads) {
    with(|engine| engine.queue.retry_failed());
    pump(uploads);
}

pub(super) fn answer_conflicts(uploads: Uploads, choice: OnConflict) {
    with(|engine| engine.queue.answer_conflicts(choice));
    pump(uploads);
}

/// Stops everything and forgets it. What arrived stays; what is in the middle is given up.
pub(super) fn cancel(uploads: Uploads) {
    let (here, datasets) = with(|engine| {
        let found = (engine.queue.totals().here, engine.queue.under_way());
        engine.queue.clear();
        engine.files.clear();
        found
    });
    abort_all();
    let files = crate::ui::words::totalled(here as u64, "file is", "files are");
    uploads.toaster.show(&format!("Uploading was stopped. {files} here."));
    spawn_local(async move {
        for dataset in datasets {
            // If this fails, the page of the dataset says that an upload is unfinished.
            drop(discard_uploads(dataset, String::new()).await);
        }
        uploads.session().refresh();
    });
    changed(uploads);
}

/// Forgets what is over.
pub(super) fn close(uploads: Uploads) {
    with(|engine| {
        engine.queue.clear();
        engine.files.clear();
    });
    changed(uploads);
}
