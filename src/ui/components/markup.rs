//! Static markup for the rows of long lists: a view tree of every cell costs the server milliseconds, and the browser a
//! walk over every node. Such markup is never updated and has no listeners: the list around it handles events, and a
//! changed row is a new one.
//!
//! # Invariants
//! - Everything but the names of tags and attributes is escaped, here and only here (attack 36).
//! - Server and browser write the same markup: the server into the page, the browser into an element.

use leptos::tachys::{
    html::attribute::{Attribute, any_attribute::AnyAttribute},
    hydration::Cursor,
    renderer::{CastFrom, Rndr, types},
    view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr},
};

/// Names and values of an element's attributes.
type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Escapes text for use in markup.
pub fn escaped(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    escape(&mut markup, text);
    markup
}

fn escape(into: &mut String, text: &str) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        into.push_str(&text[plain..at]);
        into.push_str(entity);
        plain = at + 1;
    }
    into.push_str(&text[plain..]);
}

/// Elements and text, written one after the other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Markup(String);

impl Markup {
    /// Empty, with a capacity in bytes.
    pub fn with_room(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub fn open(&mut self, tag: &'static str, attributes: Attributes) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            escape(&mut self.0, value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    pub fn close(&mut self, tag: &'static str) {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    pub fn text(&mut self, text: &str) {
        escape(&mut self.0, text);
    }

    pub fn with(&mut self, tag: &'static str, attributes: Attributes, text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// An icon, as [`super::icon::Icon`].
    pub fn icon(&mut self, name: &'static str) {
        self.open("svg", &[("class", "icon"), ("aria-hidden", "true")]);
        self.with("use", &[("href", &format!("/icons.svg#{name}"))], "");
        self.close("svg");
    }
}

/// A view: an element with attributes, and markup in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    tag: &'static str,
    attributes: Vec<(&'static str, String)>,
    inside: Markup,
}

impl Written {
    pub fn new(tag: &'static str, attributes: Vec<(&'static str, String)>, inside: Markup) -> Self {
        Self { tag, attributes, inside }
    }
}

/// The rendered element.
pub struct WrittenState {
    element: types::Element,
    of: Written,
}

impl Render for Written {
    type State = WrittenState;

    fn build(self) -> Self::State {
        let element = Rndr::create_element(self.tag, None);
        for (name, value) in &self.attributes {
            Rndr::set_attribute(&element, name, value);
        }
        Rndr::set_inner_html(&element, &self.inside.0);
        WrittenState { element, of: self }
    }

    fn rebuild(self, state: &mut Self::State) {
        if self != state.of {
            let mut new = self.build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
        }
    }
}

impl Mountable for WrittenState {
    fn unmount(&mut self) {
        self.element.unmount();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        self.element.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.element.insert_before_this(child)
    }

    fn elements(&self) -> Vec<types::Element> {
        vec![self.element.clone()]
    }
}

impl AddAnyAttr for Written {
    type Output<SomeNewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self::Output<NewAttr>
    where
        Self::Output<NewAttr>: RenderHtml,
    {
        self
    }
}

impl RenderHtml for Written {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn html_len(&self) -> usize {
        self.inside.0.len() + 256
    }

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        _escape: bool,
        _mark_branches: bool,
        _extra_attrs: Vec<AnyAttribute>,
    ) {
        let attributes: Vec<(&'static str, &str)> =
            self.attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut whole = Markup(std::mem::take(buf));
        whole.open(self.tag, &attributes);
        whole.0.push_str(&self.inside.0);
        whole.close(self.tag);
        *buf = whole.0;
        *position = Position::NextChild;
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        match position.get() {
            Position::FirstChild => cursor.child(),
            Position::Current => {}
            _ => cursor.sibling(),
        }
        position.set(Position::NextChild);
        match types::Element::cast_from(cursor.current()) {
            Some(element) => WrittenState { element, of: self },
            // The document does not have the expected element, so build it.
            None => self.build(),
        }
    }

    fn into_owned(self) -> Self::Owned {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_36_whatever_people_write_is_text() {
        let mut markup = Markup::default();
        markup.with("b", &[("title", "\"><script>'")], "</b><script>alert(1)</script> & ä");
        assert_eq!(
            markup.0,
            "<b title=\"&quot;&gt;&lt;script&gt;&#39;\">&lt;/b&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; ä</b>"
        );
        let row = Written::new("tr", vec![("aria-label", "a \"b\"".to_owned())], markup);
        assert!(row.to_html().starts_with("<tr aria-label=\"a &quot;b&quot;\"><b title="));
    }
}
