//! How names are searched (DRIVE-2): by the words in them, and each word by how it begins.

use super::text::key;

/// How many words of a name can be found. Names have at most 255 characters; what has more words than this is found by
/// its first ones.
pub const WORDS: usize = 12;

/// How much of a word counts.
const LONGEST: usize = 40;

/// How many words of a question count.
const ASKED: usize = 4;

/// The words of a name or a question, as they are compared: without case, between whatever is neither letter nor digit;
/// each once.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in key(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word: String = word.chars().take(LONGEST).collect();
        if words.len() < WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// What somebody searches for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The word that is looked up: the longest, which the fewest names have.
    pub first: String,
    /// The others; a name must have each of them somewhere.
    pub others: Vec<String>,
}

impl Question {
    /// Reads it; `None` where there is no word in it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = words(text);
        words.truncate(ASKED);
        let longest = (0..words.len()).max_by_key(|at| (words[*at].chars().count(), usize::MAX - at))?;
        let first = words.remove(longest);
        Some(Self { first, others: words })
    }

    /// Whether a name is among the answers.
    pub fn is_answered_by(&self, name: &str) -> bool {
        let (in_name, name_key) = (words(name), key(name));
        in_name.iter().any(|word| word.starts_with(&self.first))
            && self.others.iter().all(|other| name_key.contains(other.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_2_words_are_found_without_case_and_between_everything_else() {
        assert_eq!(words("Gotthard-North_2024 (2)"), ["gotthard", "north", "2024", "2"]);
        assert_eq!(words("ÉCOLE école"), ["école"]);
        assert_eq!(words(" ../<b>🙂"), ["b"]);
        assert!(words("— 🙂").is_empty());
        assert_eq!(words("a b c d e f g h i j k l m n").len(), WORDS);
        assert_eq!(words(&"x".repeat(255))[0].len(), LONGEST);
    }

    #[test]
    fn drive_2_every_word_of_a_question_counts() {
        let asked = |text: &str| Question::parse(text);
        assert_eq!(asked("  "), None);
        assert_eq!(asked("a tunnel"), Some(Question { first: "tunnel".to_owned(), others: vec!["a".to_owned()] }));
        let finds = |question: &str, name: &str| asked(question).is_some_and(|asked| asked.is_answered_by(name));
        assert!(finds("goTT", "North Gotthard"));
        assert!(finds("north gott", "North Gotthard"));
        assert!(!finds("south gott", "North Gotthard"));
        assert!(!finds("otthard", "North Gotthard"), "words are found by how they begin");
        assert!(!finds("%", "100%") && !finds("_", "a_b"), "no wildcards");
    }
}
