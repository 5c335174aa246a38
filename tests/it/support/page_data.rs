//! The data that comes with a page, as text. It is base64 in the HTML, where no test would find what a reader must not see.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use commonhold::rpc::encoding::MARK;
use uuid::Uuid;

/// What stands in front of the data of a resource, up to its number.
const RESOURCE: &str = "__RESOLVED_RESOURCES[";

/// The page with its data as text in place of base64, escaped as Leptos escapes text. Panics if any of it is not ours: it
/// would not be searched.
pub fn readable(html: &str) -> String {
    let mut pieces = html.split(RESOURCE);
    let mut page = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once("] = \"").unwrap_or_else(|| panic!("not the data of a page: {piece}"));
        let (data, rest) = rest.split_once('"').expect("the data ends");
        let bytes = STANDARD_NO_PAD.decode(data).unwrap_or_else(|error| panic!("not base64 ({error}): {data}"));
        let text = format!("{:?}", text_of(&bytes)).replace('<', "\\u003c");
        page.extend([RESOURCE, number, "] = ", &text, rest]);
    }
    page
}

/// The text in what is encoded, and after it every id, which has no text there.
pub fn text_of(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(MARK.as_bytes()).expect("it begins with the mark of the build");
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    // An id is its length and 16 bytes. What only looks like one does no harm.
    for id in bytes.windows(17).filter(|window| window[0] == 16) {
        let id = Uuid::from_slice(&id[1..]).expect("16 bytes");
        text.extend([" ", &id.to_string()]);
    }
    text
}

#[test]
fn what_is_only_in_the_data_of_a_page_is_found() {
    use commonhold::{domain::id::ResourceId, rpc::encoding::encode};

    let (id, name) = (ResourceId(Uuid::from_u128(0x0123_4567_89ab_cdef)), "</script>Secret “Ü”");
    let page = |data: &str| {
        format!("<h1>Drive</h1><script>{RESOURCE}0] = \"{data}\";{RESOURCE}12] = \"{data}\";</script><p>End</p>")
    };
    let html = page(&STANDARD_NO_PAD.encode(encode(&vec![(1_u8, id, name)]).expect("it is encoded")));
    assert!(!html.contains("Secret") && !html.contains(&id.to_string()), "{html}");
    let read = readable(&html);
    assert_eq!(read.matches("\\u003c/script>Secret “Ü”").count(), 2, "{read}");
    assert_eq!(read.matches(&id.to_string()).count(), 2, "{read}");
    assert!(read.starts_with("<h1>Drive</h1><script>") && read.ends_with("\";</script><p>End</p>"), "{read}");
    // What is not ours is not passed over.
    for other in [r"{\u0022name\u0022:1}", &STANDARD_NO_PAD.encode("Secret")] {
        assert!(std::panic::catch_unwind(|| readable(&page(other))).is_err(), "{other}");
    }
}
