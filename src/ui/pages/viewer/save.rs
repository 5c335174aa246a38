//! Drawing, changing and deleting, and what of it is kept (VIEW-3).
//!
//! Each change is shown at once. Where drawings are saved it is also sent, one request for a drawing at a time; what changed in the
//! meantime is sent afterwards. Somebody else who was first is a conflict, which people decide. What cannot be sent stays on the page
//! and is sent again, by itself; until then the browser asks before the page is left.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{KeyboardEvent, MouseEvent};

use super::map::focus_map;
use super::state::{Change, Conflict, Drawing, Saved, Sheet, Tool, Trouble, Viewer};
use crate::{
    domain::{
        annotation::{Annotation, AnnotationKind, Colour, Places},
        photo::Position,
        refusal::Refusal,
    },
    rpc::{
        Failure,
        annotation::{annotations, draw_annotation, erase_annotation, redraw_annotation},
        trash::undo_change,
    },
    ui::{
        components::dom::{element_of, within},
        words,
    },
    view::viewer::{AnnotationSaved, AnnotationView},
};

/// How long it takes until a drawing that could not be sent is sent again.
const RETRY: Duration = Duration::from_secs(15);

/// Why something was not done. A page with drawings that are not saved must not be reloaded, so that is no advice here.
fn why(failure: Failure) -> String {
    match failure {
        Failure::Transport(_) => "The server cannot be reached. Try again in a moment.".to_owned(),
        failure => failure.to_string(),
    }
}

/// How near the map comes to what was imported.
const IMPORT_ZOOM: f64 = 21.0;

impl Viewer {
    /// Adds a drawing, selects it, and saves it where drawings are saved. Nothing happens with too few places.
    pub fn add(self, kind: AnnotationKind, places: Vec<Position>, colour: Colour) {
        let Ok(places) = kind.check(places) else { return };
        let key = self.next_key();
        let annotation = Annotation { places, name: String::new(), description: String::new(), colour };
        let drawing = Drawing { key, kind, annotation, saved: None, is_busy: false, trouble: None };
        self.insert(drawing);
        self.selected.set(Some(key));
        self.remember(Change::Drawn { key, before: None });
        self.say_done(format!("{} added", kind.label()));
        if kind == AnnotationKind::Text {
            // Its words are written there.
            self.sheet.set(Some(Sheet::Drawings));
        }
        self.send(key);
    }

    fn insert(self, drawing: Drawing) {
        self.drawings.update(|drawings| drawings.push(drawing));
    }

    /// Ends what is being drawn.
    pub fn finish(self) {
        let Tool::Draw(kind) = self.tool.get_untracked() else { return };
        let places = self.draft.with_untracked(Clone::clone);
        if places.len() < kind.places().0 {
            return;
        }
        self.draft.set(Vec::new());
        self.tool.set(Tool::Select);
        self.add(kind, places, Colour::default());
    }

    /// Gives up what is being drawn. It can be taken back.
    pub fn drop_draft(self) {
        let places = self.draft.try_update(std::mem::take).unwrap_or_default();
        if let (Tool::Draw(kind), false) = (self.tool.get_untracked(), places.is_empty()) {
            self.remember(Change::Dropped { kind, places });
            self.say_done(format!("{} discarded", kind.label()));
        }
    }

    /// Changes what a drawing says or where it is, and saves it.
    pub fn edit(self, key: u32, before: &Annotation, annotation: Annotation) {
        if annotation == *before {
            return;
        }
        self.change(key, |drawing| {
            drawing.annotation = annotation;
            drawing.trouble = None;
        });
        if let Some(now) = self.drawing(key) {
            let places = &now.annotation.places;
            let moved = *places != before.places && places.len() == before.places.len();
            self.say_done(format!("{} {}", now.title(), if moved { "moved" } else { "changed" }));
            self.remember(Change::Drawn { key, before: Some(before.clone()) });
        }
        self.send(key);
    }

    /// Takes a drawing away, and deletes it where it is saved.
    pub fn delete(self, key: u32) {
        let Some(drawing) = self.drawing(key).filter(|drawing| self.may_change(drawing)) else { return };
        if drawing.is_busy {
            self.say("It is being saved. Delete it in a moment.");
            return;
        }
        self.take(key);
        self.say_done(format!("{} deleted", drawing.title()));
        self.remember(Change::Deleted { drawing: drawing.clone(), token: None });
        if let Some(saved) = drawing.saved.clone().filter(|_| self.saves()) {
            self.erase(drawing, &saved);
        }
    }

    fn take(self, key: u32) {
        if self.selected.get_untracked() == Some(key) {
            self.selected.set(None);
        }
        self.drawings.update(|drawings| drawings.retain(|one| one.key != key));
    }

    fn erase(self, drawing: Drawing, saved: &Saved) {
        let dataset = self.dataset();
        let (number, version) = (saved.number, saved.version);
        spawn_local(async move {
            let answer = erase_annotation(dataset, number.to_string(), version).await;
            // The page may have been left.
            if self.drawings.try_with_untracked(|_| ()).is_none() {
                return;
            }
            match answer {
                Ok(AnnotationSaved::Changed(theirs)) => {
                    self.note_deletion(drawing.key, None);
                    self.insert(Drawing { saved: Some((*theirs).into()), ..drawing });
                    self.say("Somebody changed it in the meantime, so it was not deleted. Look at it once more.");
                }
                Ok(AnnotationSaved::Deleted { undo, .. }) => {
                    self.note_deletion(drawing.key, Some(undo));
                    // What was loaded in the meantime may still have it.
                    self.drawings.update(|drawings| {
                        drawings.retain(|one| one.saved.as_ref().is_none_or(|saved| saved.number != number));
                    });
                }
                // Somebody else deleted it first.
                Ok(_) | Err(Failure::Refused(Refusal::NotFound)) => {}
                Err(failure) => {
                    self.note_deletion(drawing.key, None);
                    self.insert(drawing);
                    self.say(format!("Not deleted. {}", why(failure)));
                }
            }
        });
    }

    fn dataset(self) -> String {
        self.door.with_value(|door| door.dataset().to_owned())
    }

    /// Sends a drawing to the server, unless it is there already or nothing is saved here.
    pub fn send(self, key: u32) {
        let Some(drawing) = self.drawing(key) else { return };
        if drawing.is_busy || drawing.is_clean() || !self.saves() {
            return;
        }
        self.change(key, |drawing| {
            drawing.is_busy = true;
            drawing.trouble = None;
        });
        let dataset = self.dataset();
        let Drawing { kind, annotation, saved, .. } = drawing;
        let Annotation { places, name, description, colour } = annotation.clone();
        let (kind, colour, places) = (kind.as_str().to_owned(), colour.as_str().to_owned(), Places(places).text());
        spawn_local(async move {
            let answer = match saved {
                None => draw_annotation(dataset, kind, places, name, description, colour).await,
                Some(Saved { number, version, .. }) => {
                    redraw_annotation(dataset, number.to_string(), version, places, name, description, colour).await
                }
            };
            // The page may have been left.
            if self.drawings.try_with_untracked(|_| ()).is_some() {
                self.answered(key, &annotation, answer);
            }
        });
    }

    fn answered(self, key: u32, sent: &Annotation, answer: Result<AnnotationSaved, Failure>) {
        match answer {
            Ok(AnnotationSaved::Saved { annotation, .. }) => {
                let is_there = self.drawing(key).is_some();
                self.change(key, |drawing| {
                    drawing.is_busy = false;
                    // The server takes blanks off the ends of texts.
                    if drawing.annotation == *sent {
                        drawing.annotation = annotation.annotation.clone();
                    }
                    drawing.saved = Some((*annotation.clone()).into());
                });
                // It may have come from the server before its answer did.
                self.drawings.update(|drawings| {
                    drawings.retain(|one| {
                        one.key == key || one.saved.as_ref().is_none_or(|saved| saved.number != annotation.number)
                    });
                });
                if is_there {
                    self.send(key);
                }
            }
            Ok(AnnotationSaved::Changed(theirs)) => self.collided(key, *theirs),
            Ok(AnnotationSaved::Deleted { .. }) => {}
            Err(Failure::Refused(Refusal::NotFound)) => {
                self.change(key, |drawing| {
                    drawing.is_busy = false;
                    drawing.saved = None;
                    drawing.trouble = Some(Trouble::Refused("Somebody deleted it in the meantime.".to_owned()));
                });
            }
            Err(failure) => {
                let trouble = match failure {
                    Failure::Transport(_) => Trouble::Unreachable,
                    failure => Trouble::Refused(failure.to_string()),
                };
                if trouble == Trouble::Unreachable {
                    self.retry_later();
                }
                self.change(key, |drawing| {
                    drawing.is_busy = false;
                    drawing.trouble = Some(trouble);
                });
            }
        }
    }

    fn retry_later(self) {
        if self.retries.get_value() {
            return;
        }
        self.retries.set_value(true);
        let again = move || {
            // The page may have been left.
            if self.retries.try_set_value(false).is_none() {
                self.retry();
            }
        };
        set_timeout(again, RETRY);
    }

    /// Sends again what could not be sent. An answer may have been lost after its drawing was saved, so what the server has is asked
    /// for first.
    pub fn retry(self) {
        if !self.drawings.with_untracked(|drawings| drawings.iter().any(Drawing::is_unsent)) {
            return;
        }
        let dataset = self.dataset();
        spawn_local(async move {
            let now = annotations(dataset, String::new()).await;
            if self.drawings.try_with_untracked(|_| ()).is_none() {
                return;
            }
            let Ok(now) = now else {
                self.retry_later();
                return;
            };
            self.merge_annotations(now);
            let unsent = self.drawings.with_untracked(|drawings| {
                drawings.iter().filter(|one| one.is_unsent()).map(|one| one.key).collect::<Vec<u32>>()
            });
            for key in unsent {
                self.send(key);
            }
        });
    }

    /// Whether **Swap** was pressed just now, and something that is drawn would be lost with the page, also where nothing is ever saved.
    fn is_lost_by_swap(self) -> bool {
        let swaps = self.swaps.get_value();
        self.swaps.set_value(false);
        swaps
            && (self.draft.with_untracked(|draft| !draft.is_empty())
                || self.drawings.with_untracked(|drawings| drawings.iter().any(|one| one.saved.is_none())))
    }

    /// Whether something is saved neither here nor there: a drawing that is to be saved and is not yet, or is being drawn.
    fn is_unsaved(self) -> bool {
        let is_begun = self.draft.with_untracked(|draft| !draft.is_empty());
        self.saves()
            && (is_begun || self.drawings.with_untracked(|drawings| drawings.iter().any(|one| !one.is_clean())))
    }

    /// Takes changes back by keys wherever the focus is. Sends again what could not be sent once the browser is online, and has the browser ask before the page is left with something
    /// unsaved. Whose drawings are temporary by rule is asked by **Swap** only.
    pub fn guard(self) {
        let undone = window_event_listener(ev::keydown, move |event| self.undo_key(&event));
        let online = window_event_listener(ev::online, move |_| self.retry());
        let leaving = window_event_listener(ev::beforeunload, move |event| {
            if self.is_unsaved() | self.is_lost_by_swap() {
                event.prevent_default();
            }
        });
        // A link of the application leaves the page without the browser's question, unless the browser follows it itself.
        let followed = Closure::<dyn FnMut(MouseEvent)>::new(move |event: MouseEvent| {
            let link = element_of(event.target()).and_then(|target| within(&target, "a[href]:not([download])"));
            let leads_away =
                link.and_then(|link| link.get_attribute("href")).is_some_and(|href| !href.starts_with('#'));
            if leads_away && !event.default_prevented() && self.is_unsaved() {
                event.stop_propagation();
            }
        });
        drop(document().add_event_listener_with_callback("click", followed.as_ref().unchecked_ref()));
        let followed = StoredValue::new_local(followed);
        on_cleanup(move || {
            undone.remove();
            online.remove();
            leaving.remove();
            followed.try_with_value(|followed| {
                drop(document().remove_event_listener_with_callback("click", followed.as_ref().unchecked_ref()));
            });
        });
    }

    /// Control and Z take the last point back while something is drawn, and the last change otherwise. In a field they are the browser's.
    fn undo_key(self, event: &KeyboardEvent) {
        let is_undo = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && !event.alt_key();
        let field = "textarea, select, dialog[open], input:not([type=radio], [type=checkbox], [type=range])";
        let in_field = element_of(event.target()).is_some_and(|target| within(&target, field).is_some());
        if !is_undo || event.key() != "z" || in_field || event.default_prevented() {
            return;
        }
        event.prevent_default();
        if self.draft.with_untracked(Vec::is_empty) {
            self.undo();
        } else {
            self.undo_point();
        }
        // What had the focus may be gone with the change.
        request_animation_frame(|| {
            if document().active_element().is_none_or(|focused| focused.tag_name() == "BODY") {
                focus_map();
            }
        });
    }

    /// Shows what was imported, and offers to take it back.
    pub fn imported(self, numbers: Vec<i64>, token: Option<String>) {
        let dataset = self.dataset();
        spawn_local(async move {
            let now = annotations(dataset, String::new()).await;
            if self.drawings.try_with_untracked(|_| ()).is_none() {
                return;
            }
            if let Ok(now) = now {
                self.merge_annotations(now);
            }
            let mut places: Vec<Position> = Vec::new();
            self.drawings.with_untracked(|drawings| {
                for drawing in drawings {
                    if drawing.saved.as_ref().is_some_and(|saved| numbers.contains(&saved.number)) {
                        places.extend(&drawing.annotation.places);
                    }
                }
            });
            self.viewport.update(|viewport| *viewport = viewport.fitted(&places, IMPORT_ZOOM));
            let is_seen = self.viewport.with_untracked(|viewport| {
                places.is_empty() || places.iter().any(|place| viewport.shows(viewport.spot_of(*place), 0.0))
            });
            let count = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
            let mut text = format!("Imported {}", words::counted(count, "drawing", "drawings"));
            if !is_seen {
                text.push_str(". They are far from this dataset: check the coordinates in the file.");
            }
            match token {
                Some(token) => {
                    self.remember(Change::Imported { count: numbers.len(), token });
                    self.say_done(text);
                }
                None => self.say(text),
            }
        });
    }

    /// Has the server take a change back, and shows what there is by then.
    fn undo_there(self, change: Change, token: String, said: String) {
        let dataset = self.dataset();
        spawn_local(async move {
            let undone = undo_change(token, String::new()).await;
            let now = annotations(dataset, String::new()).await;
            if self.drawings.try_with_untracked(|_| ()).is_none() {
                return;
            }
            match undone {
                Ok(_) => self.say(said),
                Err(failure @ Failure::Transport(_)) => {
                    self.remember(change);
                    self.say_done(why(failure));
                }
                Err(failure) => self.say(why(failure)),
            }
            if let Ok(now) = now {
                self.merge_annotations(now);
            }
        });
    }

    fn collided(self, key: u32, theirs: AnnotationView) {
        self.change(key, |drawing| drawing.is_busy = false);
        let Some(drawing) = self.drawing(key) else { return };
        self.conflict.set(Some(Conflict { key, yours: drawing.annotation, theirs }));
    }

    /// Saves mine over what somebody else saved.
    pub fn keep_mine(self) {
        let Some(Conflict { key, theirs, .. }) = self.conflict.try_update(Option::take).flatten() else { return };
        self.change(key, |drawing| drawing.saved = Some(theirs.into()));
        self.send(key);
    }

    /// Takes what somebody else saved.
    pub fn take_theirs(self) {
        let Some(Conflict { key, theirs, .. }) = self.conflict.try_update(Option::take).flatten() else { return };
        self.change(key, |drawing| {
            drawing.annotation = theirs.annotation.clone();
            drawing.saved = Some(theirs.into());
            drawing.trouble = None;
        });
    }

    /// Takes the last change back.
    pub fn undo(self) {
        let Some(change) = self.last_change() else { return };
        match change.clone() {
            Change::Dropped { kind, places } => {
                // What was begun since can be taken back in turn.
                self.drop_draft();
                self.selected.set(None);
                self.tool.set(Tool::Draw(kind));
                self.draft.set(places);
                self.say(format!("{} brought back", kind.label()));
            }
            Change::Imported { count, token } => {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.undo_there(change, token, format!("{} taken back", words::counted(count, "drawing", "drawings")));
            }
            Change::Drawn { key, before: None } => {
                let Some(drawing) = self.drawing(key) else { return };
                if drawing.is_busy {
                    // It is being saved: it can be taken back once it is.
                    self.remember(change);
                    return;
                }
                self.take(key);
                self.say(format!("{} taken back", drawing.title()));
                if let Some(saved) = drawing.saved.clone().filter(|_| self.saves()) {
                    self.erase(drawing, &saved);
                }
            }
            Change::Drawn { key, before: Some(was) } => {
                self.change(key, |drawing| {
                    drawing.annotation = was;
                    drawing.trouble = None;
                });
                let Some(drawing) = self.drawing(key) else { return };
                self.selected.set(Some(key));
                self.say(format!("{} changed back", drawing.title()));
                self.send(key);
            }
            Change::Deleted { drawing, token: Some(token) } => {
                self.undo_there(change, token, format!("{} brought back", drawing.title()));
            }
            Change::Deleted { drawing, token: None } => {
                let key = drawing.key;
                self.say(format!("{} brought back", drawing.title()));
                // On the server it is gone, so it is drawn anew.
                self.insert(Drawing { saved: None, is_busy: false, trouble: None, ..drawing });
                self.selected.set(Some(key));
                self.send(key);
            }
        }
    }

    /// Takes the last point of what is being drawn back.
    pub fn undo_point(self) {
        let _ = self.draft.try_update(Vec::pop);
    }
}
