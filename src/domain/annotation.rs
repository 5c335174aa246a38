//! What people draw on a dataset (VIEW-2, VIEW-3): points, lines, areas and texts.

use serde::{Deserialize, Serialize};

use super::photo::Position;

/// What is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum AnnotationKind {
    Point,
    Line,
    Area,
    Text,
}

words! {
    AnnotationKind
    Point => "point", "Point";
    Line => "line", "Line";
    Area => "area", "Area";
    Text => "text", "Text";
}

/// The colour of a drawing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Colour {
    #[default]
    Yellow,
    Red,
    Green,
    Blue,
    White,
}

words! {
    Colour
    Yellow => "yellow", "Yellow";
    Red => "red", "Red";
    Green => "green", "Green";
    Blue => "blue", "Blue";
    White => "white", "White";
}

/// What a drawing says and where it is; its kind never changes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Annotation {
    /// One place of a point or a text, two and more of a line, three and more of an area, whose first place is not repeated.
    pub places: Vec<Position>,
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub description: String,
    pub colour: Colour,
}
