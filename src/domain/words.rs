//! One macro for enums whose values are words: in the API, in the database, in forms and, with a label, on screen.

/// Gives an enum `ALL`, `as_str`, `parse` and, where labels are given, `label`. The order is that of `ALL`, which menus and
/// tables follow. `without parse` leaves `parse` to an enum that reads more than its own words.
macro_rules! words {
    ($name:ident without parse $($variant:ident => $word:literal $(, $label:literal)?;)+) => {
        impl $name {
            /// Every value, in the order in which it is shown.
            pub const ALL: [Self; <[Self]>::len(&[$(Self::$variant),+])] = [$(Self::$variant),+];

            /// The word in the API, in the database and in forms.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        words!(@label $name $($variant $(, $label)?;)+);
    };
    (@label $name:ident $($variant:ident, $label:literal;)+) => {
        impl $name {
            /// The word on screen.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label),+
                }
            }
        }
    };
    (@label $name:ident $($variant:ident;)+) => {};
    ($name:ident $($variant:ident => $word:literal $(, $label:literal)?;)+) => {
        words! { $name without parse $($variant => $word $(, $label)?;)+ }

        impl $name {
            /// Reads what [`Self::as_str`] says; any other word is `NotAChoice`.
            pub fn parse(word: &str) -> Result<Self, $crate::domain::text::FieldIssue> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::text::FieldIssue::NotAChoice),
                }
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::domain::text::FieldIssue;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Size {
        Small,
        Large,
    }

    words! {
        Size
        Small => "small", "Small";
        Large => "large", "Very large";
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        assert_eq!(Size::ALL.map(Size::as_str), ["small", "large"]);
        assert_eq!(Size::ALL.map(Size::label), ["Small", "Very large"]);
        for size in Size::ALL {
            assert_eq!(Size::parse(size.as_str()), Ok(size));
        }
        assert_eq!(Size::parse("Small"), Err(FieldIssue::NotAChoice));
        assert_eq!(Size::parse(""), Err(FieldIssue::NotAChoice));
    }
}
