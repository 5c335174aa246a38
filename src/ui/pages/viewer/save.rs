//! Drawing, changing and deleting, and what of it is kept (VIEW-3).
//!
//! Each change is shown at once. Where drawings are saved it is also sent, one request for a drawing at a time; what changed in the
//! meantime is sent afterwards. Somebody else who was first is a conflict, which people decide.

use leptos::{prelude::*, task::spawn_local};

use super::state::{Change, Conflict, Drawing, Saved, Sheet, Tool, Viewer};
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
    view::viewer::{AnnotationSaved, AnnotationView},
};

impl Viewer {
    /// Adds a drawing, selects it, and saves it where drawings are saved. Nothing happens with too few places.
    pub fn add(self, kind: AnnotationKind, places: Vec<Position>, colour: Colour) {
        let Ok(places) = kind.check(places) else { return };
        let key = self.next_key();
        let annotation = Annotation { places, name: String::new(), description: String::new(), colour };
        let drawing = Drawing { key, kind, annotation, saved: None, is_busy: false, trouble: None };
        self.insert(drawing.clone());
        self.selected.set(Some(key));
        self.remember(Change { before: None, after: Some(drawing), token: None });
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

    /// Changes what a drawing says or where it is, and saves it.
    pub fn edit(self, key: u32, before: &Annotation, annotation: Annotation) {
        if annotation == *before {
            return;
        }
        let Some(drawing) = self.drawing(key) else { return };
        let was = Drawing { annotation: before.clone(), ..drawing.clone() };
        self.change(key, |drawing| {
            drawing.annotation = annotation;
            drawing.trouble = None;
        });
        if let Some(now) = self.drawing(key) {
            let moved = now.annotation.places != before.places;
            self.say_done(if moved { format!("{} moved", now.title()) } else { format!("{} changed", now.title()) });
            self.remember(Change { before: Some(was), after: Some(now), token: None });
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
        self.remember(Change { before: Some(drawing.clone()), after: None, token: None });
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
                    self.insert(Drawing { saved: Some((*theirs).into()), ..drawing });
                    self.say("Somebody changed it in the meantime, so it was not deleted. Look at it once more.");
                }
                Ok(AnnotationSaved::Deleted { undo, .. }) => {
                    self.note_token(drawing.key, undo);
                    // What was loaded in the meantime may still have it.
                    self.drawings.update(|drawings| {
                        drawings.retain(|one| one.saved.as_ref().is_none_or(|saved| saved.number != number));
                    });
                }
                // Somebody else deleted it first.
                Ok(_) | Err(Failure::Refused(Refusal::NotFound)) => {}
                Err(failure) => {
                    self.insert(drawing);
                    self.say(format!("Not deleted. {failure}"));
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
                    drawing.trouble = Some("Somebody deleted it in the meantime.".to_owned());
                });
            }
            Err(failure) => self.change(key, |drawing| {
                drawing.is_busy = false;
                drawing.trouble = Some(failure.to_string());
            }),
        }
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
        let Some(Change { before, after, token }) = self.last_change() else { return };
        match (before, after) {
            (None, Some(added)) => {
                let Some(drawing) = self.drawing(added.key) else { return };
                if drawing.is_busy {
                    // It is being saved: it can be taken back once it is.
                    self.remember(Change { before: None, after: Some(added), token: None });
                    return;
                }
                self.take(drawing.key);
                self.say(format!("{} taken back", drawing.title()));
                if let Some(saved) = drawing.saved.clone().filter(|_| self.saves()) {
                    self.erase(drawing, &saved);
                }
            }
            (Some(was), Some(_)) => {
                if self.drawing(was.key).is_none() {
                    return;
                }
                self.change(was.key, |drawing| drawing.annotation = was.annotation.clone());
                self.selected.set(Some(was.key));
                self.say(format!("{} changed back", was.title()));
                self.send(was.key);
            }
            (Some(deleted), None) if token.is_some() => {
                let (dataset, token) = (self.dataset(), token.unwrap_or_default());
                spawn_local(async move {
                    let undone = undo_change(token, String::new()).await;
                    let now = annotations(dataset, String::new()).await;
                    if self.drawings.try_with_untracked(|_| ()).is_none() {
                        return;
                    }
                    match undone {
                        Ok(_) => self.say(format!("{} brought back", deleted.title())),
                        Err(failure) => self.say(failure.to_string()),
                    }
                    if let Ok(now) = now {
                        self.merge_annotations(now);
                    }
                });
            }
            (Some(deleted), None) => {
                let key = deleted.key;
                self.say(format!("{} brought back", deleted.title()));
                // On the server it is gone, so it is drawn anew.
                self.insert(Drawing { saved: None, is_busy: false, trouble: None, ..deleted });
                self.selected.set(Some(key));
                self.send(key);
            }
            (None, None) => {}
        }
    }
}
