//! What people take hold of on the map, where a drawing ends, and which labels there is room for (VIEW-2).
//!
//! All of it is computed from places on the screen, so that a mouse, a finger and a key mean the same.

use super::{annotation::AnnotationKind, photo::Position, viewport::Spot};

/// A side of a drawing that is shorter than this shows no handle in its middle, in pixels.
const LEAST_SIDE: f64 = 28.0;

/// How high a label is, in pixels.
const LABEL_HEIGHT: f64 = 19.0;
/// How wide a character of a label is at most, in pixels.
const LABEL_CHARACTER: f64 = 8.6;

/// What of a drawing is taken hold of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handle {
    /// One of its points.
    Point(usize),
    /// The middle of the side that begins with this point: dragging it adds a point.
    Middle(usize),
}

fn apart(one: Spot, other: Spot) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

/// The middle between the point `index` and the one after it. `None` without such a side: points and texts have none.
pub fn middle(kind: AnnotationKind, spots: &[Spot], index: usize) -> Option<Spot> {
    let next = match (kind, spots.get(index + 1)) {
        (AnnotationKind::Line | AnnotationKind::Area, Some(next)) => next,
        (AnnotationKind::Area, None) if spots.len() > 2 => spots.first()?,
        _ => return None,
    };
    let from = spots.get(index)?;
    Some((f64::midpoint(from.0, next.0), f64::midpoint(from.1, next.1)))
}

/// The middles of the sides that are long enough to be taken hold of, each with the point that its side begins with.
pub fn middles(kind: AnnotationKind, spots: &[Spot]) -> Vec<(usize, Spot)> {
    let mut middles = Vec::new();
    for (index, from) in spots.iter().enumerate() {
        if let Some(middle) = middle(kind, spots, index)
            && 2.0 * apart(*from, middle) >= LEAST_SIDE
        {
            middles.push((index, middle));
        }
    }
    middles
}

/// What of a drawing is at a place of the screen, or not farther from it than `reach`. A point comes before the middle of a side.
pub fn handle_at(kind: AnnotationKind, spots: &[Spot], at: Spot, reach: f64) -> Option<Handle> {
    let (mut nearest, mut found) = (reach, None);
    for (index, spot) in spots.iter().enumerate() {
        let away = apart(*spot, at);
        if away <= nearest {
            (nearest, found) = (away, Some(Handle::Point(index)));
        }
    }
    if found.is_some() {
        return found;
    }
    for (index, spot) in middles(kind, spots) {
        let away = apart(spot, at);
        if away <= nearest {
            (nearest, found) = (away, Some(Handle::Middle(index)));
        }
    }
    found
}

/// The point of a drawing of so many points that ends it when it is pressed again: the first one of an area, the last one of a line.
/// `None` while there are too few.
pub const fn end_point(kind: AnnotationKind, count: usize) -> Option<usize> {
    match kind {
        AnnotationKind::Area if count >= 3 => Some(0),
        AnnotationKind::Line if count >= 2 => Some(count - 1),
        _ => None,
    }
}

/// Whether a press ends what is being drawn: at its end point, and for an area at its last point as well, where nobody wants two.
pub fn ends_at(kind: AnnotationKind, spots: &[Spot], at: Spot, reach: f64) -> bool {
    let Some(end) = end_point(kind, spots.len()) else { return false };
    let near = |spot: Option<&Spot>| spot.is_some_and(|spot| apart(*spot, at) <= reach);
    near(spots.get(end)) || near(spots.last())
}

/// A label that is wanted on the map.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Label {
    /// The middle of its lower edge.
    pub at: Spot,
    /// How many characters it has.
    pub characters: usize,
    /// Whether it is shown whatever it covers.
    pub always: bool,
}

/// The order in which labels are placed, by their numbers: those that are always shown, then those of larger drawings. Not more than
/// `most` of them.
pub fn label_order(wanted: &[(bool, f64)], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| {
        let (one, other) = (wanted[*one], wanted[*other]);
        other.0.cmp(&one.0).then(other.1.total_cmp(&one.1))
    });
    order.truncate(most);
    order
}

/// Which of these labels are shown, in the order in which they are placed: each that covers none before it. Empty ones are not shown.
pub fn with_room(labels: &[Label]) -> Vec<bool> {
    let mut placed: Vec<(f64, f64, f64)> = Vec::new();
    let mut shown = Vec::with_capacity(labels.len());
    for label in labels {
        let characters = u32::try_from(label.characters).unwrap_or(u32::MAX);
        let half = f64::from(characters) * LABEL_CHARACTER / 2.0;
        let (right, down) = label.at;
        let covers = placed.iter().any(|(other, other_down, other_half)| {
            (right - other).abs() < half + other_half && (down - other_down).abs() < LABEL_HEIGHT
        });
        let is_shown = characters > 0 && (label.always || !covers);
        if is_shown {
            placed.push((right, down, half));
        }
        shown.push(is_shown);
    }
    shown
}

/// The corners of an area in the order that goes round it clockwise. The areas of one path cover each other only if all go round the same
/// way; otherwise the ground that two share would be left out.
pub fn clockwise(places: &[Position]) -> Vec<Position> {
    let mut corners = places.to_vec();
    let next = places.iter().cycle().skip(1);
    let twice: i128 = places
        .iter()
        .zip(next)
        .map(|(one, other)| {
            let wide = |number: i64| i128::from(number);
            (wide(other.longitude) - wide(one.longitude)) * (wide(other.latitude) + wide(one.latitude))
        })
        .sum();
    if twice < 0 {
        corners.reverse();
    }
    corners
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SQUARE: [Spot; 4] = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)];

    #[test]
    fn view_2_all_areas_go_round_the_same_way() {
        let place = |latitude, longitude| Position::new(latitude, longitude).expect("a place");
        let clockwise_square = [place(1, 1), place(900, 1), place(900, 900), place(1, 900)];
        let mut other_way = clockwise_square;
        other_way.reverse();
        assert_eq!(clockwise(&clockwise_square), clockwise_square);
        assert_eq!(clockwise(&other_way), clockwise_square);
        assert_eq!(clockwise(&[]), []);
    }

    #[test]
    fn view_2_points_and_middles_of_sides_are_taken_hold_of() {
        use AnnotationKind::{Area, Line, Point, Text};
        for (kind, at, handle) in [
            (Area, (3.0, 3.0), Some(Handle::Point(0))),
            (Area, (50.0, 4.0), Some(Handle::Middle(0))),
            (Area, (-4.0, 50.0), Some(Handle::Middle(3))),
            (Area, (50.0, 50.0), None),
            (Line, (-4.0, 50.0), None),
            (Line, (50.0, 104.0), Some(Handle::Middle(2))),
            (Line, (95.0, 95.0), Some(Handle::Point(2))),
        ] {
            assert_eq!(handle_at(kind, &SQUARE, at, 9.0), handle, "{kind:?} {at:?}");
        }
        for kind in [Point, Text] {
            assert_eq!(handle_at(kind, &SQUARE[..1], (3.0, 3.0), 9.0), Some(Handle::Point(0)));
            assert_eq!(middles(kind, &SQUARE[..1]), []);
        }
        // Of short sides the points are taken hold of, and nothing between them.
        let short = SQUARE.map(|(right, down)| (right / 10.0, down / 10.0));
        assert_eq!(middles(Area, &short), []);
        assert_eq!(handle_at(Area, &short, (4.0, 0.0), 20.0), Some(Handle::Point(0)));
        // Two points are no area yet, so there is one side and not two.
        assert_eq!(middles(Area, &SQUARE[..2]).len(), 1);
        assert_eq!(middle(Line, &SQUARE, 3), None);
        assert_eq!(middle(Area, &SQUARE, 3), Some((0.0, 50.0)));
        assert_eq!(middle(Area, &[], 0), None);
    }

    #[test]
    fn view_2_an_area_ends_at_its_first_point_and_a_line_at_its_last() {
        use AnnotationKind::{Area, Line, Point, Text};
        for (kind, count, at, ends) in [
            (Area, 4, (2.0, 2.0), true),
            (Area, 4, (2.0, 98.0), true),
            (Area, 4, (98.0, 2.0), false),
            (Area, 2, (2.0, 2.0), false),
            (Line, 4, (2.0, 2.0), false),
            (Line, 4, (2.0, 98.0), true),
            (Line, 1, (2.0, 2.0), false),
            (Point, 1, (0.0, 0.0), false),
            (Text, 1, (0.0, 0.0), false),
        ] {
            assert_eq!(ends_at(kind, &SQUARE[..count], at, 9.0), ends, "{kind:?} {count} {at:?}");
        }
    }

    fn label(right: f64, down: f64, characters: usize) -> Label {
        Label { at: (right, down), characters, always: false }
    }

    #[test]
    fn view_2_a_label_that_would_cover_another_is_left_out() {
        let labels = [
            label(100.0, 100.0, 6),
            label(110.0, 105.0, 6),
            label(100.0, 120.0, 6),
            label(200.0, 100.0, 0),
            Label { always: true, ..label(104.0, 100.0, 3) },
            label(160.0, 100.0, 6),
        ];
        assert_eq!(with_room(&labels), [true, false, true, false, true, true]);
    }

    #[test]
    fn view_2_the_selected_drawing_is_labelled_first_and_then_the_larger_ones() {
        let wanted = [(false, 3.0), (true, 1.0), (false, 9.0), (false, f64::NAN), (false, 5.0)];
        assert_eq!(label_order(&wanted, 3)[0], 1);
        assert_eq!(label_order(&wanted[..3], 9), [1, 2, 0]);
        assert_eq!(label_order(&[], 3), [0_usize; 0]);
    }

    proptest! {
        #[test]
        fn view_2_labels_that_are_shown_cover_none_of_each_other(
            places in proptest::collection::vec((0.0..900.0_f64, 0.0..600.0_f64, 1..14_usize), 0..200),
        ) {
            let labels: Vec<Label> = places.into_iter().map(|(right, down, characters)| label(right, down, characters)).collect();
            let shown: Vec<&Label> = labels.iter().zip(with_room(&labels)).filter(|(_, shown)| *shown).map(|(label, _)| label).collect();
            for (at, one) in shown.iter().enumerate() {
                for other in &shown[at + 1..] {
                    let beside = (one.at.0 - other.at.0).abs() >= 8.5 || (one.at.1 - other.at.1).abs() >= 10.0;
                    prop_assert!(beside, "{:?} {:?}", one, other);
                }
            }
            prop_assert!(labels.is_empty() || !shown.is_empty());
        }
    }
}
