//! Virtual scrolling: only the rows in view and a few around them are rendered (DRIVE-2), so that a folder with 100,000
//! children needs no more elements than one with 100.
//!
//! # Invariants
//! - The first rendering shows the rows that came with the page, as the server's did. Only scrolling changes that.
//! - Rows are identified by their position in the list, and loaded in blocks, each block once.

use leptos::{html, prelude::*, task::spawn_local};
use std::collections::{BTreeMap, BTreeSet};
use web_sys::{Element, HtmlElement};

use super::route::Listing;
use crate::{
    domain::command::{Command, MissingEntitlements, control},
    rpc::drive::drive_rows,
    ui::components::dom::all,
    view::{Control, DriveView, MAX_COUNTED_ROWS, ResourceView, RowView, query::DriveRowsQuery},
};

/// How many rows above and below the view are rendered, so that scrolling does not outrun rendering.
const OVERSCAN_ROWS: usize = 10;

/// How many rows are rendered at once, however large the screen is.
const MAX_RENDERED_ROWS: usize = 70;

/// How many rows one request loads.
const BLOCK_SIZE: usize = 100;

/// What decides about the commands of rows: the container, and missing licences.
type CommandFacts = (Option<ResourceView>, MissingEntitlements);

/// How a list that was loaded differs from the one that was shown before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Adopted {
    /// The same list; some of its rows may have changed.
    Same,
    /// The same rows in another order.
    Reordered,
    /// Another list.
    Other,
}

/// The rows of one list, as far as the browser knows them.
#[derive(Clone, Copy)]
pub struct VirtualRows {
    listing: StoredValue<Listing>,
    known: StoredValue<BTreeMap<usize, RowView>>,
    asked: StoredValue<BTreeSet<usize>>,
    command_facts: StoredValue<CommandFacts>,
    /// How many rows there are in all.
    pub total: RwSignal<usize>,
    /// The rendered range: the first position, and the one after the last.
    pub shown: RwSignal<(usize, usize)>,
    total_is_exact: RwSignal<bool>,
    version: RwSignal<u64>,
    /// How often the page has brought rows. An answer to a request from before is out of date.
    adoptions: StoredValue<u64>,
    /// Where the rows are.
    pub body: NodeRef<html::Tbody>,
    /// A spacer as high as the rows above.
    pub above: NodeRef<html::Tr>,
    /// A spacer as high as the rows below.
    pub below: NodeRef<html::Tr>,
    height: StoredValue<f64>,
}

impl VirtualRows {
    /// No list yet.
    pub fn empty() -> Self {
        Self {
            listing: StoredValue::new(Listing::default()),
            known: StoredValue::new(BTreeMap::new()),
            asked: StoredValue::new(BTreeSet::new()),
            command_facts: StoredValue::new((None, MissingEntitlements::default())),
            total: RwSignal::new(0),
            shown: RwSignal::new((0, 0)),
            total_is_exact: RwSignal::new(false),
            version: RwSignal::new(0),
            adoptions: StoredValue::new(0),
            body: NodeRef::new(),
            above: NodeRef::new(),
            below: NodeRef::new(),
            // Until a row has been measured.
            height: StoredValue::new(44.0),
        }
    }

    /// Takes the rows that came with the page, and says how the list differs from the one before. If it is the same
    /// list, rows in view further down stay until they are loaded again.
    pub fn adopt(self, listing: &Listing, drive: &DriveView) -> Adopted {
        let adopted = self.listing.with_value(|before| {
            if *before == listing.plain() {
                Adopted::Same
            } else if before.differs_in_order(listing) {
                Adopted::Reordered
            } else {
                Adopted::Other
            }
        });
        let other = adopted != Adopted::Same;
        let first = drive.rows.items.len();
        let total = drive.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(first);
        let total = if Self::is_whole(drive, listing) { total.max(first) } else { first };
        self.command_facts.set_value((drive.resource.clone(), drive.lacking.clone()));
        self.known.update_value(|known| {
            if other {
                known.clear();
            }
            for (row_index, row) in drive.rows.items.iter().enumerate() {
                known.insert(row_index, row.clone());
            }
            // Rows further down may have moved, so they are loaded again when they come into view. Those in view stay
            // until their new ones are there.
            let (start, end) = self.shown.get_untracked();
            known.retain(|row_index, _| *row_index < first || *row_index < total && (start..end).contains(row_index));
        });
        self.asked.update_value(BTreeSet::clear);
        self.adoptions.update_value(|adoptions| *adoptions += 1);
        self.listing.set_value(listing.plain());
        let (start, end) = self.shown.get_untracked();
        // The server counts only up to a limit. An exact total that is known already stays.
        let total_is_exact = i64::try_from(total).unwrap_or(i64::MAX) <= MAX_COUNTED_ROWS;
        let total = if other || total_is_exact { total } else { total.max(self.total.get_untracked()) };
        if other || total_is_exact {
            self.total_is_exact.set(total_is_exact);
        }
        self.total.set(total);
        if other || start == 0 {
            self.shown.set((0, first.min(MAX_RENDERED_ROWS)));
        } else {
            self.shown.set((start.min(total), end.min(total)));
            self.load_blocks(start.min(total), end.min(total), true);
        }
        self.version.update(|version| *version += 1);
        adopted
    }

    /// Whether the list can be scrolled through from its start. Search results, and later pages reached without
    /// WebAssembly, have page links instead.
    fn is_whole(drive: &DriveView, listing: &Listing) -> bool {
        drive.resource.is_some() && listing.cursor.is_empty() && listing.q.is_empty()
    }

    /// Whether the total was counted only up to a limit.
    pub fn is_total_capped(self) -> bool {
        !self.total_is_exact.get()
    }

    /// The rendered rows with their positions; `None` for a row that is still loading.
    pub fn visible(self) -> Vec<(usize, Option<RowView>)> {
        self.version.track();
        let (start, end) = self.shown.get();
        self.known
            .with_value(|known| (start..end).map(|row_index| (row_index, known.get(&row_index).cloned())).collect())
    }

    /// The row at a position, if it is loaded.
    pub fn at(self, row_index: usize) -> Option<RowView> {
        self.known.with_value(|known| known.get(&row_index).cloned())
    }

    /// How many rows are loaded.
    pub fn loaded(self) -> usize {
        self.version.track();
        self.known.with_value(BTreeMap::len)
    }

    /// Whether rows that are not loaded can be: search results have pages instead.
    pub fn can_load_more(self) -> bool {
        let (listed, of) =
            (self.command_facts.with_value(|(resource, _)| resource.is_some()), self.listing.get_value());
        listed && of.cursor.is_empty() && of.q.is_empty()
    }

    /// Loads the first `most` rows. `said` is told how many are loaded, and returns whether to continue. Returns
    /// whether all of them are loaded.
    pub async fn load(self, most: usize, said: impl Fn(usize) -> bool) -> bool {
        for block in 0..most.div_ceil(BLOCK_SIZE) {
            let there = |known: &BTreeMap<usize, RowView>| {
                (block * BLOCK_SIZE..most.min((block + 1) * BLOCK_SIZE)).all(|row_index| known.contains_key(&row_index))
            };
            if !self.known.with_value(there) {
                self.asked.update_value(|asked| {
                    asked.insert(block);
                });
                self.fetch(block).await;
            }
            if !said(most.min((block + 1) * BLOCK_SIZE)) {
                return false;
            }
        }
        // Rows may have been removed meanwhile, and a block may have failed to load.
        let total = self.total.get_untracked();
        self.known.with_value(|known| known.range(..most).count() >= most.min(total))
    }

    /// Whether every row is loaded.
    pub fn all_known(self) -> bool {
        self.known.with_value(BTreeMap::len) >= self.total.get_untracked()
    }

    /// The loaded rows of a range, both ends included.
    pub fn between(self, from: usize, to: usize) -> Vec<RowView> {
        let (low, high) = (from.min(to), from.max(to));
        self.known.with_value(|known| known.range(low..=high).map(|(_, row)| row.clone()).collect())
    }

    /// The position of a loaded row.
    pub fn place_of(self, id: &str) -> Option<usize> {
        self.known
            .with_value(|known| known.iter().find(|(_, row)| row.id.to_string() == id).map(|(row_index, _)| *row_index))
    }

    /// The commands of a row.
    pub fn controls(self, row: &RowView) -> Vec<(Command, Control)> {
        let is_view_as = self.listing.with_value(Listing::is_view_as);
        self.command_facts.with_value(|(resource, lacking)| {
            let target = row.target(resource.as_ref());
            let offered = |command| if is_view_as { Control::Absent } else { control(command, target, lacking) };
            Command::ALL.into_iter().map(|command| (command, offered(command))).collect()
        })
    }

    /// Whether everything in a row can be downloaded.
    pub fn download(self, row: &RowView) -> Control {
        if self.listing.with_value(Listing::is_view_as) {
            return Control::Absent;
        }
        self.command_facts.with_value(|(resource, _)| row.download(resource.as_ref()))
    }

    /// Chooses the rows to render from the scroll position, and sizes the spacers.
    pub fn render_rows_in_view(self) {
        let Some(body) = self.body.get_untracked() else { return };
        let total = self.total.get_untracked();
        let lines = self.measure(&body);
        let height = self.height.get_value();
        let rect = body.get_bounding_client_rect();
        let screen = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
        let line_of = |pixels: f64| -> usize {
            // Clamped, so the cast is exact.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut off at both ends")]
            let line = (pixels / height).clamp(0.0, 1.0e9) as usize;
            line
        };
        let first = (line_of(-rect.top()) * lines).saturating_sub(OVERSCAN_ROWS.max(lines));
        // A line begins with its first tile, or all tiles would shift while scrolling.
        let first = first - first % lines;
        let last = (line_of(screen - rect.top()) + 1) * lines + OVERSCAN_ROWS.max(lines);
        let end = last.min(total).min(first + MAX_RENDERED_ROWS.max(first_known(self.known)));
        let start = first.min(end);
        if self.shown.get_untracked() != (start, end) {
            self.shown.set((start, end));
        }
        self.size_spacers(start, end, lines);
        self.load_blocks(start, end, false);
    }

    /// Sizes the spacers for the rows that are not rendered.
    fn size_spacers(self, start: usize, end: usize, lines: usize) {
        let total = self.total.get_untracked();
        let height = self.height.get_value();
        for (spacer, rows) in [(self.above, start), (self.below, total.saturating_sub(end))] {
            if let Some(spacer) = spacer.get_untracked() {
                let room = pixels(rows.div_ceil(lines), height);
                let spacer: &HtmlElement = &spacer;
                drop(spacer.style().set_property("block-size", &format!("{room}px")));
                spacer.set_hidden(rows == 0);
            }
        }
    }

    /// Measures the height of a line, and returns how many rows a line has: one, or several as tiles.
    fn measure(self, body: &Element) -> usize {
        let rows = all(body, "tr[data-id]");
        let Some(first) = rows.first() else { return 1 };
        let top = first.offset_top();
        let beside = rows.iter().take_while(|row| row.offset_top() == top).count().max(1);
        let next = rows.get(beside).map_or_else(|| first.offset_height(), |row| row.offset_top() - top);
        if next > 0 {
            self.height.set_value(f64::from(next));
        }
        beside
    }

    /// Loads the blocks of a range, unless they are loaded or being loaded. With `again`, also those that are.
    fn load_blocks(self, start: usize, end: usize, again: bool) {
        let missing: BTreeSet<usize> = self.known.with_value(|known| {
            (start..end)
                .filter(|row_index| again || !known.contains_key(row_index))
                .map(|row_index| row_index / BLOCK_SIZE)
                .collect()
        });
        for block in missing {
            let new = self.asked.try_update_value(|asked| asked.insert(block)).unwrap_or(false);
            if new {
                spawn_local(async move { self.fetch(block).await });
            }
        }
    }

    /// Loads one block. The answer is dropped if another list is shown by then, or the list was loaded again.
    async fn fetch(self, block: usize) {
        let (listing, adoptions) = (self.listing.get_value(), self.adoptions.get_value());
        let resource =
            self.command_facts.with_value(|(resource, _)| resource.as_ref().map(|resource| resource.id.to_string()));
        let Some(resource) = resource else { return };
        let from = block * BLOCK_SIZE;
        let Listing { kind, status, sort, view_as, .. } = listing;
        let answer = drive_rows(DriveRowsQuery { resource, kind, status, sort, at: from as u64, view_as }).await;
        if self.adoptions.try_get_value() != Some(adoptions) {
            return;
        }
        match answer {
            Ok(more) => {
                self.known.update_value(|known| {
                    known.retain(|row_index, _| !(from..from + BLOCK_SIZE).contains(row_index));
                    for (at, row) in more.rows.into_iter().enumerate() {
                        known.insert(from + at, row);
                    }
                });
                let total = usize::try_from(more.total).unwrap_or(usize::MAX);
                self.total_is_exact.set(true);
                if self.total.get_untracked() != total {
                    self.total.set(total);
                }
                self.version.update(|version| *version += 1);
            }
            // The next scroll tries again.
            Err(_) => self.asked.update_value(|asked| {
                asked.remove(&block);
            }),
        }
    }

    /// Scrolls to a row; `then` is called once it is rendered.
    pub fn reveal(self, row_index: usize, then: impl FnOnce() + 'static) {
        self.scroll_to(row_index);
        request_animation_frame(then);
    }

    /// Scrolls to a row if it is not rendered.
    pub fn scroll_to(self, row_index: usize) {
        let (start, end) = self.shown.get_untracked();
        if !(start..end).contains(&row_index)
            && let Some(body) = self.body.get_untracked()
        {
            let lines = self.measure(&body);
            let top = body.get_bounding_client_rect().top() + pixels(row_index / lines, self.height.get_value());
            let middle = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0) / 2.0;
            let scrolled = window().scroll_y().unwrap_or(0.0);
            window().scroll_to_with_x_and_y(0.0, (scrolled + top - middle).max(0.0));
            self.render_rows_in_view();
        }
    }
}

/// The height of so many lines.
fn pixels(lines: usize, height: f64) -> f64 {
    f64::from(u32::try_from(lines).unwrap_or(u32::MAX)) * height
}

/// How many rows came with the page: all of them stay until somebody scrolls.
fn first_known(known: StoredValue<BTreeMap<usize, RowView>>) -> usize {
    known
        .with_value(|known| known.keys().enumerate().take_while(|(at, row_index)| at == *row_index).count())
        .min(MAX_RENDERED_ROWS)
}
