//! Comparing, sorting and searching names (DRIVE-2, DRIVE-5). Three keys are computed here and stored beside each name, so that both
//! databases give the same answers whatever their collation.
//!
//! Unicode has several ways to write one letter, many spaces, and invisible characters. Names that look the same are the same
//! name. Sorting uses base letters and compares numbers by value. Searching ignores accents.
//!
//! # Invariants
//! - Every key is a function of the name alone. A change of what a key comes to needs a migration of the stored
//!   ones; the doctor compares them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest key of a name. An index entry of PostgreSQL must fit into a third of a page.
const MAX_SAME_KEY_BYTES: usize = 1_500;

/// The longest part of a key for ordering that counts letters and numbers; and of the part that settles the rest.
const MAX_SORT_KEY_BYTES: usize = 800;
const MAX_TIE_BYTES: usize = 400;

/// Whether a character is invisible: joiners, direction marks, fillers, variation selectors, tags.
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character looks like a space. The braille pattern without dots does, although Unicode calls it a symbol.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Whether there is anything to see in a text.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !is_blank(c) && !is_invisible(c) && !c.is_control())
}

/// A name as names are told apart (DRIVE-5): two that look the same, or differ in case only, have the same one.
pub fn same_key(name: &str) -> String {
    bounded(folded(name), MAX_SAME_KEY_BYTES)
}

/// A name or a question as names are searched: without accents, and letters that are written with two as these.
pub fn search_key(text: &str) -> String {
    plain(&folded(text))
}

/// A name as names are ordered: by plain letters, numbers by how much they are; then by accents.
pub fn sort_key(name: &str) -> String {
    let folded = folded(name);
    let mut key = counted(&plain(&folded));
    cut(&mut key, MAX_SORT_KEY_BYTES);
    // Sorts before every character of a name, so that "a" comes before "ab".
    key.push('\u{1}');
    let mut tie = folded;
    cut(&mut tie, MAX_TIE_BYTES);
    key.push_str(&tie);
    key
}

/// The beginning of a name, at most so many characters: never between a letter and its marks, without a blank at the end. Whatever is
/// put behind it, its key begins with the key of the beginning.
pub fn beginning(name: &str, most: usize) -> &str {
    let Some((mut at, _)) = name.char_indices().nth(most) else { return name.trim_end() };
    let belongs_before =
        |at: usize| name[at..].chars().next().is_some_and(|c| is_combining_mark(c) || is_invisible(c) || is_joining(c));
    while at > 0 && belongs_before(at) {
        at = name[..at].char_indices().next_back().map_or(0, |(before, _)| before);
    }
    // One letter with more marks than fit: cut between its marks after all.
    if at == 0 {
        at = name.char_indices().nth(most).map_or(name.len(), |(at, _)| at);
    }
    name[..at].trim_end_matches(is_blank)
}

/// Whether a sign may become one with what is before it though it is no mark: parts of Korean syllables.
const fn is_joining(c: char) -> bool {
    matches!(c, '\u{1160}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{D7B0}'..='\u{D7FF}' | '\u{FFA1}'..='\u{FFDC}')
}

/// One way of writing: compatible letters as one, lower case, no signs that show nothing, one kind of blank and never two of them.
fn folded(text: &str) -> String {
    let mut lower = String::with_capacity(text.len());
    for c in text.nfkc().filter(|c| !is_invisible(*c)) {
        if is_blank(c) || c.is_control() {
            if !lower.is_empty() && !lower.ends_with(' ') {
                lower.push(' ');
            }
            continue;
        }
        for c in c.to_lowercase() {
            match c {
                // Both are the lower case of Σ.
                'ς' => lower.push('σ'),
                // Upper and lower case of the dotted and the dotless i differ by language, so all four are one letter here.
                'ı' => lower.push('i'),
                '\u{307}' if lower.ends_with('i') => {}
                c => lower.push(c),
            }
        }
    }
    // Lower-casing may decompose letters, and compatibility forms may contain spaces.
    lower.nfkc().collect::<String>().trim().to_owned()
}

/// Letters without their accents, those of other alphabets with what tells them apart.
fn plain(folded: &str) -> String {
    let mut text = String::with_capacity(folded.len());
    for c in folded.nfd() {
        let letters = match c {
            // Accents of Latin, Greek and Cyrillic letters; vowel points of Hebrew; vowel signs and the long line of Arabic.
            '\u{300}'..='\u{36F}'
            | '\u{591}'..='\u{5BD}'
            | '\u{5BF}'
            | '\u{5C1}'
            | '\u{5C2}'
            | '\u{5C4}'
            | '\u{5C5}'
            | '\u{5C7}'
            | '\u{640}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}' => "",
            'ß' => "ss",
            'æ' => "ae",
            'œ' => "oe",
            'ø' => "o",
            'ł' => "l",
            'đ' | 'ð' => "d",
            'þ' => "th",
            'ħ' => "h",
            'ŧ' => "t",
            'ŋ' => "n",
            c => {
                text.push(c);
                continue;
            }
        };
        text.push_str(letters);
    }
    text.nfc().collect()
}

/// The digit that a sign of one of the usual alphabets stands for.
fn digit(c: char) -> Option<u32> {
    // Where the digits of Arabic, Persian, Devanagari, Bengali and Thai begin; full-width ones are plain by now.
    const ZEROS: [u32; 5] = [0x660, 0x6F0, 0x966, 0x9E6, 0xE50];
    c.to_digit(10).or_else(|| ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|digit| *digit < 10)))
}

/// Puts the number of its digits in front of each number, so that comparing the text compares the numbers.
fn counted(text: &str) -> String {
    let mut counted = String::with_capacity(text.len() + 8);
    let mut digits = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(value) = digit(c) else {
            counted.push(c);
            continue;
        };
        // Leading zeros do not count here; the second part of the key tells such names apart.
        if value > 0 || !digits.is_empty() {
            digits.extend(char::from_digit(value, 10));
        }
        if chars.peek().is_none_or(|next| digit(*next).is_none()) {
            // 1 to 8 digits: that digit; more: a 9 for every eight of them.
            let mut length = digits.len();
            while length > 8 {
                counted.push('9');
                length -= 8;
            }
            counted.extend(u32::try_from(length).ok().and_then(|length| char::from_digit(length, 10)));
            counted.push_str(&digits);
            digits.clear();
        }
    }
    counted
}

/// Cuts a text between two characters.
fn cut(text: &mut String, longest: usize) {
    if text.len() > longest {
        let at = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(at);
    }
}

/// A text of at most so many bytes. A longer one becomes its beginning with a hash of the whole.
fn bounded(text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    // FNV-1a gives the same hash on every machine. Names this long do not occur in practice, and the worst result of a
    // collision is a number behind one of them.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mut text = text;
    cut(&mut text, longest - 17);
    format!("{text}\u{1}{hash:016x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn drive_5_names_that_look_the_same_are_the_same() {
        for (one, other) in [
            ("Zürich", "Zu\u{308}rich"),
            ("Zürich", "ZÜRICH"),
            ("ΟΔΟΣ", "οδος"),
            ("ΟΔΟΣ", "οδοσ"),
            ("İstanbul", "istanbul"),
            ("İstanbul", "ISTANBUL"),
            ("Isparta", "ısparta"),
            ("STRAẞE", "straße"),
            ("Tunnel", "Tun\u{200B}nel"),
            ("Tunnel", "Tunnel\u{200E}"),
            ("Tunnel", "\u{2060}Tunnel\u{FE0F}"),
            ("Tun\u{AD}nel", "Tunnel"),
            ("North portal", "North\u{A0}portal"),
            ("North portal", "North\u{2009}portal"),
            ("North portal", "North\u{3000}portal"),
            ("North portal", "North  portal"),
            ("North portal", " North\u{2800}portal "),
            ("Kelvin", "\u{212A}elvin"),
            ("file", "ﬁle"),
            ("Tunnel2", "Ｔｕｎｎｅｌ２"),
            ("한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}"),
            ("が", "か\u{3099}"),
            ("Ångström", "\u{212B}ngström"),
        ] {
            assert_eq!(same_key(one), same_key(other), "{one} and {other}");
            assert_eq!(sort_key(one), sort_key(other), "{one} and {other}");
        }
        for (one, other) in [
            ("Zürich", "Zurich"),
            ("Straße", "Strasse"),
            ("か", "が"),
            ("North portal", "Northportal"),
            ("a1", "a01"),
            ("Müller", "Mueller"),
        ] {
            assert_ne!(same_key(one), same_key(other), "{one} and {other}");
        }
    }

    #[test]
    fn drive_5_a_name_has_something_to_see() {
        for nothing in [
            "",
            " ",
            "\u{A0}",
            "\u{3000}\u{2009}",
            "\u{200B}",
            "\u{2800}",
            "\u{3164}\u{FFA0}",
            "\u{200D}\u{FE0F} \u{E0020}",
        ] {
            assert!(!is_visible(nothing), "{nothing:?}");
        }
        for something in ["a", "測", "🙂", ".", "\u{200B}a", "مرحبا"] {
            assert!(is_visible(something), "{something:?}");
        }
    }

    #[test]
    fn drive_1_names_are_in_the_order_in_which_people_count() {
        let order = [
            "(1)",
            "0",
            "01",
            "1",
            "2",
            "2 north",
            "10",
            "20",
            "100",
            "12345678",
            "123456789",
            "1234567890123456",
            "12345678901234567",
            "_",
            "a",
            "A",
            "ä",
            "a 1",
            "a 2",
            "a 10",
            "ab",
            "B",
            "cafe",
            "café",
            "caff",
            "Flight 1.9",
            "Flight 1.10",
            "IMG_2",
            "IMG_10",
            "Lodz",
            "Łódź",
            "Lodzz",
            "strasse",
            "straße",
            "strassen",
            "z",
            "Ž",
            "zz",
            "Ωμέγα",
            "ж",
            "测",
        ];
        for pair in order.windows(2) {
            assert!(sort_key(pair[0]) <= sort_key(pair[1]), "{} before {}", pair[0], pair[1]);
            assert!(sort_key(pair[0]) != sort_key(pair[1]) || same_key(pair[0]) == same_key(pair[1]), "{pair:?}");
        }
        assert!(sort_key("Flight ٢") < sort_key("Flight ١٠"), "digits of other alphabets count too");
    }

    #[test]
    fn drive_2_accents_do_not_matter_to_searching() {
        for (text, key) in [
            ("Zürich", "zurich"),
            ("Zu\u{308}rich", "zurich"),
            ("Straße", "strasse"),
            ("ŁÓDŹ", "lodz"),
            ("Škoda", "skoda"),
            ("Ærø", "aero"),
            ("Ёлка", "елка"),
            ("Αθήνα", "αθηνα"),
            ("東京が", "東京が"),
            ("नमस्ते", "नमस्ते"),
            ("한국", "한국"),
        ] {
            assert_eq!(search_key(text), key, "{text}");
        }
    }

    #[test]
    fn drive_5_a_beginning_does_not_tear_letters_apart() {
        assert_eq!(beginning("Tunnel", 3), "Tun");
        assert_eq!(beginning("Tu nnel", 3), "Tu");
        assert_eq!(beginning("Tunnel", 9), "Tunnel");
        assert_eq!(beginning("Zu\u{308}rich", 2), "Z");
        assert_eq!(beginning("👩\u{200D}🚀", 1), "👩\u{200D}".split('\u{200D}').next().unwrap_or_default());
    }

    #[test]
    fn drive_5_keys_fit_into_an_index() {
        for name in ["\u{FDFA}", "🙂", "é", "ΐ", "\u{1D160}", "測"] {
            let name = name.repeat(255);
            assert!(same_key(&name).len() <= MAX_SAME_KEY_BYTES, "{name}");
            assert!(sort_key(&name).len() <= MAX_SORT_KEY_BYTES + MAX_TIE_BYTES + 1, "{name}");
        }
        let (one, other) = (format!("{}a", "\u{FDFA}".repeat(250)), format!("{}b", "\u{FDFA}".repeat(250)));
        assert_ne!(same_key(&one), same_key(&other));
    }

    proptest! {
        #[test]
        fn drive_5_a_key_is_its_own_key(name in "\\PC{0,60}") {
            let key = same_key(&name);
            prop_assert_eq!(same_key(&key), key.clone());
            prop_assert_eq!(search_key(&key), search_key(&name));
        }

        #[test]
        fn drive_1_numbers_are_in_their_order(one in 0_u64..2_000_000_000_000, other in 0_u64..2_000_000_000_000) {
            let key = |n: u64| sort_key(&format!("Flight {n}"));
            prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
        }

        #[test]
        fn drive_5_the_key_of_a_beginning_is_a_beginning_of_the_key(rest in "[aéßi\u{300}\u{307}\u{200D} がㄱㅏ一🙂Σς]{1,40}", most in 1_usize..40) {
            let name = format!("ab{rest}");
            let start = beginning(&name, most);
            prop_assert!(start.chars().count() <= most && name.starts_with(start));
            let key = same_key(start);
            prop_assert!(same_key(&name).starts_with(&key), "{:?}", start);
            prop_assert_eq!(same_key(&format!("{start} (2)")), format!("{key} (2)"));
        }
    }
}
