//! CSV for spreadsheets: how they learn that a file is UTF-8, and what keeps them from reading text as a formula.

/// Makes a cell safe from spreadsheets: an apostrophe goes before every character that begins a formula. That is needed not only
/// at the start of the cell but also behind `;`, tab and line breaks, as programs in some countries split cells there.
pub fn escape_formula(cell: String) -> String {
    let mut escaped = String::with_capacity(cell.len() + 1);
    let mut begins = true;
    for c in cell.chars() {
        match c {
            // Full-width signs begin formulas in Japanese and Chinese programs.
            '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' if begins => {
                escaped.push('\'');
                begins = false;
            }
            '\t' | '\r' if escaped.is_empty() => escaped.push('\''),
            ';' | '\t' | '\r' | '\n' => begins = true,
            // Spreadsheets strip blanks and quotes before a formula.
            c => begins = begins && (c.is_whitespace() || c == '"'),
        }
        escaped.push(c);
    }
    escaped
}

/// At the start of a file it tells Excel that the text is UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f16_no_cell_is_a_formula_in_any_country() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@a", "'@a"),
            ("\ta", "'\ta"),
            ("\ra", "'\ra"),
            ("a=1", "a=1"),
            ("＝1＋1", "'＝1＋1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠a", "'＠a"),
            ("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"),
            ("x; \"=1", "x; \"'=1"),
            ("x;y;+1;-1;@a;＝1", "x;y;'+1;'-1;'@a;'＝1"),
            ("x\t=1", "x\t'=1"),
            ("x\n=1", "x\n'=1"),
            (" =1", " '=1"),
            ("\"=1", "\"'=1"),
            ("\t=1", "'\t'=1"),
            ("a;b", "a;b"),
            ("a - b; c", "a - b; c"),
            ("", ""),
        ] {
            assert_eq!(escape_formula(cell.to_owned()), written);
        }
    }
}
