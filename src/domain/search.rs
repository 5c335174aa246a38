//! Searching names (DRIVE-2): a name is found by the beginnings of its words. Scripts that put no spaces between words
//! (Chinese, Japanese, Thai and others) are found by any part of the text.

use unicode_normalization::char::is_combining_mark;

use super::{name::search_key, text::NAME_LENGTH};

/// How many characters of a word are compared.
const MAX_WORD_LENGTH: usize = 40;

/// The length of the parts into which text without spaces is cut. A longer search text is cut likewise, and every part of it
/// has to be found.
const PART_LENGTH: usize = 8;

/// Whether a letter belongs to writing without blanks between words.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Thai, Lao, Tibetan, Myanmar, Khmer.
        '\u{E00}'..='\u{EFF}' | '\u{F40}'..='\u{FBC}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17DD}' | '\u{AA60}'..='\u{AA7F}'
        // Hiragana, Katakana, Bopomofo; Chinese characters and the sign that repeats one.
        | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309A}' | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Splits a text into runs of letters and digits of the same kind of script. `true` marks a run of a script without spaces.
fn runs(text: &str) -> Vec<(bool, Vec<char>)> {
    let mut runs: Vec<(bool, Vec<char>)> = Vec::new();
    let mut open = false;
    for c in search_key(text).chars() {
        let mark = is_combining_mark(c);
        if !c.is_alphanumeric() && !mark {
            open = false;
            continue;
        }
        let unspaced = is_unspaced(c);
        match runs.last_mut() {
            Some((kind, run)) if open && (*kind == unspaced || mark) => run.push(c),
            // A mark without a letter before it is no word.
            _ if mark => continue,
            _ => runs.push((unspaced, vec![c])),
        }
        open = true;
    }
    runs
}

fn add(words: &mut Vec<String>, letters: &[char], most: usize) {
    let word: String = letters.iter().take(most).collect();
    if !words.contains(&word) {
        words.push(word);
    }
}

/// The words under which a name is stored in the search index, each once. For scripts without spaces these are all parts.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (unspaced, run) in runs(name) {
        if unspaced {
            for at in 0..run.len() {
                add(&mut words, &run[at..], PART_LENGTH);
            }
        } else {
            add(&mut words, &run, MAX_WORD_LENGTH);
        }
    }
    words
}

/// What somebody searches for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchTerms {
    /// The word that is looked up in the index: the longest, because the fewest names have it.
    pub first: String,
    /// The other words, longest first. A name must have a word that begins with each of them.
    pub others: Vec<String>,
}

impl SearchTerms {
    /// Reads a search text. `None` where it has no word. It is cut at the longest possible name.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().take(NAME_LENGTH).collect();
        let mut words: Vec<String> = Vec::new();
        for (unspaced, run) in runs(&text) {
            if unspaced && run.len() > PART_LENGTH {
                for part in run.chunks(PART_LENGTH) {
                    add(&mut words, part, PART_LENGTH);
                }
            } else {
                add(&mut words, &run, if unspaced { PART_LENGTH } else { MAX_WORD_LENGTH });
            }
        }
        // The sort is stable, so words of the same length stay in the order in which they were typed.
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        let mut words = words.into_iter();
        words.next().map(|first| Self { first, others: words.collect() })
    }

    /// Whether the search finds a name.
    pub fn matches(&self, name: &str) -> bool {
        let in_name = words(name);
        std::iter::once(&self.first).chain(&self.others).all(|asked| in_name.iter().any(|word| word.starts_with(asked)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn drive_2_words_are_found_without_case_and_between_everything_else() {
        assert_eq!(words("Gotthard-North_2024 (2)"), ["gotthard", "north", "2024", "2"]);
        assert_eq!(words("ÉCOLE école"), ["ecole"]);
        assert_eq!(words(" ../<b>🙂"), ["b"]);
        assert!(words("— 🙂").is_empty());
        assert_eq!(words("a b c d e f g h i j k l m n").len(), 14, "every word of a name is found");
        assert_eq!(words(&"x".repeat(255))[0].len(), MAX_WORD_LENGTH);
        assert_eq!(words("東京2024"), ["東京", "京", "2024"]);
        assert_eq!(words("नमस्ते"), ["नमस्ते"], "a sign between two letters does not end a word");
    }

    #[test]
    fn drive_2_every_word_of_a_search_counts() {
        let asked = |text: &str| SearchTerms::parse(text);
        assert_eq!(asked("  "), None);
        assert_eq!(asked("a tunnel"), Some(SearchTerms { first: "tunnel".to_owned(), others: vec!["a".to_owned()] }));
        let table = [
            ("goTT", "North Gotthard", true),
            ("north gott", "North Gotthard", true),
            ("south gott", "North Gotthard", false),
            ("otthard", "North Gotthard", false),
            ("%", "100%", false),
            ("_", "a_b", false),
            ("zurich", "Zürich", true),
            ("zürich", "Zurich", true),
            ("Zu\u{308}rich", "Zürich", true),
            ("strasse", "Straße", true),
            ("straße", "Hauptstrasse Strasse", true),
            ("ΟΔΟΣ", "οδός", true),
            ("istanbul", "İSTANBUL", true),
            ("tunnel", "Tun\u{200B}nel", true),
            ("one two three four five", "one two three four", false),
            ("one two three four five", "five four three two one", true),
            ("nmlkjihgfedcba n", "a b c d e f g h i j k l m n", false),
            ("n m l k j i h", "a b c d e f g h i j k l m n", true),
            ("京都", "東京都庁舎", true),
            ("都庁", "東京都庁舎", true),
            ("庁舎東", "東京都庁舎", false),
            ("ทะเล", "บ้านทะเลสาบ", true),
            ("測量", "山岳測量2024", true),
            ("测量 2024", "山岳测量2024", true),
            ("タワー", "東京タワー", true),
            ("東京都庁舎第一本庁舎", "新東京都庁舎第一本庁舎北", true),
            ("東京都庁舎第一本庁舎", "新東京都庁舎第二本庁舎北", false),
        ];
        for (text, name, found) in table {
            let answered = asked(text).is_some_and(|asked| asked.matches(name));
            assert_eq!(answered, found, "{text} in {name}");
        }
    }

    proptest! {
        #[test]
        fn drive_2_whatever_a_name_is_it_answers_to_itself(name in "\\PC{1,80}") {
            if let Some(text) = SearchTerms::parse(&name) {
                prop_assert!(text.matches(&name));
            }
        }

        #[test]
        fn drive_2_any_part_of_what_has_no_blanks_is_found(name in "[一-鿿]{1,40}", from in 0_usize..40, length in 1_usize..20) {
            let letters: Vec<char> = name.chars().collect();
            let from = from.min(letters.len() - 1);
            let part: String = letters[from..].iter().take(length).collect();
            prop_assert!(SearchTerms::parse(&part).is_some_and(|text| text.matches(&name)), "{} in {}", part, name);
        }
    }
}
