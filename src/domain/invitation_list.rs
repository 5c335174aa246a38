//! Reading a list of people to invite (PEOPLE-2): typed, pasted from a mail program, or the text of a CSV file.
//!
//! The parser never drops an address. What it cannot read stays in the list as one row, which is refused with its reason.

use super::{
    name::{is_blank, is_invisible},
    role::Role,
    text::{Email, FieldIssue, key, narrow, optional_line},
};

/// How many people are invited at a time.
pub const MAX_INVITATIONS: usize = 500;

/// One person of a list that was typed, pasted or read from a file; nothing in it is checked yet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invitee {
    /// What stands where the address should be.
    pub email: String,
    /// The name, where one was given.
    pub name: String,
    /// The word for a role, where one was given.
    pub role: String,
}

impl Invitee {
    /// The name and the role beside the address.
    fn name_and_role(&self, default_role: Role) -> Result<(Option<String>, Role), FieldIssue> {
        let name = optional_line(&self.name, super::text::NAME_LENGTH)?;
        let role = match key(&self.role).as_str() {
            "" => default_role,
            word => Role::parse(word).map_err(|_| FieldIssue::NotARole(self.role.trim().chars().take(40).collect()))?,
        };
        Ok((name, role))
    }

    /// What [`CheckedInvitee::parse`] will probably make of it, for showing while it is typed: the address as typed, the name and the role.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn preview(&self, default_role: Role) -> Result<(String, Option<String>, Role), FieldIssue> {
        let email = Email::shaped(&self.email)?;
        let (name, role) = self.name_and_role(default_role)?;
        Ok((email, name, role))
    }
}

/// One person to be invited, read and checked by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedInvitee {
    /// Address.
    pub email: Email,
    /// Name, where one was given.
    pub name: Option<String>,
    pub role: Role,
}

impl CheckedInvitee {
    /// Reads one person of a list; `default_role` is the role of those that come without one.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(invitee: &Invitee, default_role: Role) -> Result<Self, FieldIssue> {
        let email = Email::parse(&invitee.email)?;
        let (name, role) = invitee.name_and_role(default_role)?;
        Ok(Self { email, name, role })
    }
}

/// Reads a list of people in any usual form:
/// - `name@example.com` or `Name <name@example.com>`, separated by commas, semicolons, spaces or lines,
/// - lines of `Name, address, role`,
/// - `Last, First <address>; …`, as Outlook writes it,
/// - the text of a CSV file whose first line names its columns.
///
/// Text that cannot be read becomes a row of its own, which is then refused with a reason. Whatever looks like an address is
/// in exactly one row.
///
/// # Errors
/// `TooMany` for more than [`MAX_INVITATIONS`]; `NotUtf8` where a file was read in another encoding; `NoEmailColumn` for a CSV file
/// without one.
pub fn read_list(text: &str) -> Result<Vec<Invitee>, FieldIssue> {
    if text.contains('\u{FFFD}') {
        return Err(FieldIssue::NotUtf8);
    }
    let text = plain_text(text);
    let mut lines = lines(&text);
    // Excel names its separator in the first line (`sep=;`).
    let declared = lines.first().and_then(|line| declared_separator(line));
    if declared.is_some() {
        lines.remove(0);
    }
    let found: Vec<Invitee> = match lines.split_first() {
        Some((head, rest)) if is_heading(head) => {
            let separators = declared.map_or_else(|| separators_of(head), |declared| declared.to_string());
            let columns = Columns::read(&texts(&cells(head, &separators)))?;
            rest.iter().flat_map(|line| columns.rows(line, &separators)).collect()
        }
        _ => lines.iter().flat_map(|line| read_line(line)).collect(),
    };
    if found.len() > MAX_INVITATIONS { Err(FieldIssue::TooMany(MAX_INVITATIONS)) } else { Ok(found) }
}

/// The text of a file in UTF-8 or UTF-16, with or without a byte order mark. Excel writes all of these.
///
/// # Errors
/// `NotUtf8` in any other encoding.
pub fn text_of_file(bytes: &[u8]) -> Result<String, FieldIssue> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        if bytes.len().is_multiple_of(2) {
            String::from_utf16(&units).map_err(|_| FieldIssue::NotUtf8)
        } else {
            Err(FieldIssue::NotUtf8)
        }
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        // No byte order mark. A zero byte beside a letter tells UTF-16 from UTF-8, which has no zero bytes in names.
        [_, 0, ..] => wide(bytes, u16::from_le_bytes),
        [0, _, ..] => wide(bytes, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).map(str::to_owned).map_err(|_| FieldIssue::NotUtf8),
        _ => std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| FieldIssue::NotUtf8),
    }
}

/// Normalizes a list: one kind of line end, space, quote and separator, no invisible characters, full-width characters as
/// ASCII.
fn plain_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().filter(|c| !is_invisible(*c)).map(narrow).peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                plain.push('\n');
            }
            '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => plain.push('\n'),
            '\n' | '\t' => plain.push(c),
            '“' | '”' | '„' | '‟' | '«' | '»' | '〝' | '〞' => plain.push('"'),
            '‹' | '〈' | '⟨' => plain.push('<'),
            '›' | '〉' | '⟩' => plain.push('>'),
            '、' | '،' => plain.push(','),
            '؛' => plain.push(';'),
            c if is_blank(c) => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// `sep=;`.
fn declared_separator(line: &str) -> Option<char> {
    let rest = line.trim_matches('"');
    let rest = rest.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &rest[4..])?;
    let mut chars = rest.chars();
    // A tab at the end of the line may have been trimmed when the text was pasted.
    let separator = chars.next().unwrap_or('\t');
    Some(separator).filter(|c| [',', ';', '\t', '|'].contains(c) && chars.next().is_none())
}

/// The position of the closing quote for the quote at `from`. A doubled quote is text.
fn quote_end(text: &str, from: usize) -> Option<usize> {
    let mut rest = text[from + 1..].char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c != '"' {
            continue;
        }
        if rest.peek().is_some_and(|(_, next)| *next == '"') {
            rest.next();
            continue;
        }
        return Some(from + 1 + at);
    }
    None
}

/// The lines of a list. A quoted cell may contain line breaks. A quote without an end is text.
fn lines(text: &str) -> Vec<String> {
    /// Longer "cells" are stray quotes, which would swallow the lines between them.
    const MAX_CELL_LENGTH: usize = 2_000;
    let (mut lines, mut line) = (Vec::new(), String::new());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let begins_cell =
            line.trim_end_matches(' ').is_empty() || line.trim_end_matches(' ').ends_with([',', ';', '\t', '|']);
        if c == '"'
            && begins_cell
            && let Some(end) = quote_end(text, at)
        {
            let behind = text[end + 1..].trim_start_matches(' ').chars().next();
            let ends_cell = behind.is_none_or(|c| [',', ';', '\t', '|', '\n', '<'].contains(&c));
            let cell = &text[at..=end];
            if ends_cell && cell.len() <= MAX_CELL_LENGTH {
                line.push_str(&cell.replace('\n', " "));
                at = end + 1;
                continue;
            }
        }
        if c == '\n' {
            lines.push(std::mem::take(&mut line));
        } else {
            line.push(c);
        }
        at += c.len_utf8();
    }
    lines.push(line);
    // Spreadsheets pad tables with lines that have separators only.
    let is_empty = |line: &str| line.trim_matches([' ', '\t', ',', ';', '|', '"']).is_empty();
    lines.into_iter().map(|line| line.trim_matches(' ').to_owned()).filter(|line| !is_empty(line)).collect()
}

/// Names of columns, in the languages and habits of the programs that write such files; without accents (see [`comparable_heading`]).
const EMAIL_COLUMNS: &[&str] = &[
    "email",
    "e-mail",
    "mail",
    "email address",
    "e-mail address",
    "mail address",
    "email addresses",
    "primary email",
    "work email",
    // German
    "e-mail-adresse",
    "email-adresse",
    "e-mailadresse",
    "emailadresse",
    "mailadresse",
    "mail-adresse",
    "e-mail adresse",
    // French
    "adresse e-mail",
    "adresse email",
    "adresse mail",
    "adresse electronique",
    "adresse de messagerie",
    "courriel",
    "couriel",
    "mel",
    // Italian
    "indirizzo e-mail",
    "indirizzo email",
    "indirizzo mail",
    "posta elettronica",
    "indirizzo di posta elettronica",
    // Spanish, Portuguese
    "correo",
    "correo electronico",
    "direccion de correo",
    "direccion de correo electronico",
    "direccion de email",
    "correio eletronico",
    "correio electronico",
    "endereco de e-mail",
    "endereco de email",
    "endereco de correio eletronico",
    // Dutch, Polish
    "e-mailadres",
    "emailadres",
    "mailadres",
    "e-mail adres",
    "adres e-mail",
    "adres email",
    "adres mailowy",
    "adres poczty elektronicznej",
    "poczta",
    "poczta elektroniczna",
];

const NAME_COLUMNS: &[&str] = &[
    "name",
    "full name",
    "display name",
    "contact",
    "vollstandiger name",
    "anzeigename",
    "vor- und nachname",
    "nom",
    "nom complet",
    "nom et prenom",
    "prenom et nom",
    "nom d'affichage",
    "nome",
    "nome completo",
    "nome e cognome",
    "nombre",
    "nombre completo",
    "nombre y apellidos",
    "naam",
    "volledige naam",
    "weergavenaam",
    "imie i nazwisko",
    "pelne imie i nazwisko",
    "nazwa",
];

const FIRST_NAME_COLUMNS: &[&str] = &[
    "first name",
    "firstname",
    "given name",
    "forename",
    "vorname",
    "rufname",
    "prenom",
    "nome proprio",
    "primeiro nome",
    "nombre de pila",
    "primer nombre",
    "voornaam",
    "imie",
];

const LAST_NAME_COLUMNS: &[&str] = &[
    "last name",
    "lastname",
    "surname",
    "family name",
    "nachname",
    "familienname",
    "nom de famille",
    "cognome",
    "apellido",
    "apellidos",
    "sobrenome",
    "apelido",
    "achternaam",
    "familienaam",
    "nazwisko",
];

const ROLE_COLUMNS: &[&str] = &[
    "role", "rolle", "funktion", "fonction", "ruolo", "rol", "funcion", "papel", "funcao", "cargo", "functie", "rola",
    "funkcja",
];

/// A heading without case, accents and the characters around it. This is written by hand because the browser reads lists too,
/// and Unicode tables would add to its download.
fn comparable_heading(cell: &str) -> String {
    let letters = key(cell);
    let mut plain = String::with_capacity(letters.len());
    for c in letters.trim_matches(['*', ':', '"', ' ', '.']).chars() {
        plain.push(match c {
            // Accents that stand by themselves.
            '\u{300}'..='\u{36F}' => continue,
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' => 'a',
            'ç' | 'ć' => 'c',
            'é' | 'è' | 'ê' | 'ë' | 'ę' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ł' => 'l',
            'ñ' | 'ń' => 'n',
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            '_' => ' ',
            '’' => '\'',
            '‐' | '‑' => '-',
            c => c,
        });
    }
    plain
}

/// How the cells of a heading are separated: by what is in it, tabs before semicolons before commas.
fn separators_of(line: &str) -> String {
    ['\t', ';', '|', ','].into_iter().find(|c| line.contains(*c)).unwrap_or(',').to_string()
}

/// Whether a first line names columns: several words, no address, and one of them a name that we know.
fn is_heading(line: &str) -> bool {
    let cells = texts(&cells(line, &separators_of(line)));
    let known = |cell: &String| {
        let cell = comparable_heading(cell);
        [EMAIL_COLUMNS, NAME_COLUMNS, FIRST_NAME_COLUMNS, LAST_NAME_COLUMNS, ROLE_COLUMNS]
            .iter()
            .any(|names| names.contains(&cell.as_str()))
    };
    !line.contains('@')
        && (cells.len() > 1 || EMAIL_COLUMNS.contains(&comparable_heading(line).as_str()))
        && cells.iter().any(known)
}

/// Where the columns of a CSV file are.
struct Columns {
    count: usize,
    email: usize,
    name: Option<usize>,
    first_name: Option<usize>,
    last_name: Option<usize>,
    role: Option<usize>,
}

impl Columns {
    fn read(heads: &[String]) -> Result<Self, FieldIssue> {
        let find = |names: &[&str]| heads.iter().position(|head| names.contains(&comparable_heading(head).as_str()));
        let (mut name, mut first_name, mut last_name) =
            (find(NAME_COLUMNS), find(FIRST_NAME_COLUMNS), find(LAST_NAME_COLUMNS));
        // Some languages use one word for the whole name and for one of its parts: `Nom, Prénom`, `Nome, Cognome`.
        match (first_name, last_name) {
            (Some(_), None) => last_name = name.take(),
            (None, Some(_)) => first_name = name.take(),
            _ => {}
        }
        Ok(Self {
            count: heads.len(),
            email: find(EMAIL_COLUMNS).ok_or(FieldIssue::NoEmailColumn)?,
            name,
            first_name,
            last_name,
            role: find(ROLE_COLUMNS),
        })
    }

    fn rows(&self, line: &str, separators: &str) -> Vec<Invitee> {
        let mut cells = texts(&cells(line, separators));
        // Excel pads rows with empty cells.
        while cells.len() > self.count && cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.iter().all(String::is_empty) {
            return Vec::new();
        }
        // More cells than headings: the columns mean nothing, so the line is read as if there were no headings.
        if cells.len() > self.count {
            return read_line(line);
        }
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).cloned().unwrap_or_default();
        let (email, role) = (cell(Some(self.email)), cell(self.role));
        let known = [Some(self.email), self.name, self.first_name, self.last_name, self.role];
        if known.iter().skip(1).any(|at| cell(*at).contains('@')) {
            // An address in a column for something else: the known columns are read as if they had no headings.
            let mut at: Vec<usize> = known.into_iter().flatten().collect();
            at.sort_unstable();
            return read_cells(at.into_iter().map(|at| Cell { text: cell(Some(at)), before: Some(',') }).collect());
        }
        let mut name = cell(self.name);
        let (first, last) = (cell(self.first_name), cell(self.last_name));
        if name.is_empty() {
            format!("{first} {last}").trim().clone_into(&mut name);
        }
        let mut found = read_line(&email);
        if found.is_empty() {
            found.push(Invitee::default());
        }
        if let [only] = &mut found[..] {
            if !name.is_empty() {
                only.name = name;
            }
            if !role.is_empty() {
                only.role = role;
            }
        } else {
            for one in &mut found {
                one.role.clone_from(&role);
            }
        }
        found
    }
}

/// A cell of a line, and what separates it from the next.
struct Cell {
    text: String,
    before: Option<char>,
}

fn texts(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(|cell| cell.text.clone()).collect()
}

/// The cells of a line, separated outside quotes and angle brackets; quotes are taken off.
fn cells(line: &str, separators: &str) -> Vec<Cell> {
    let (mut found, mut text, mut before) = (Vec::new(), String::new(), None);
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let mut next = at + c.len_utf8();
        if c == '"' {
            // A quote that does not end is left away.
            if let Some(end) = quote_end(line, at) {
                text.push_str(&line[at + 1..end].replace("\"\"", "\""));
                next = end + 1;
            } else {
                text.push(' ');
            }
        } else if c == '<'
            && let Some(length) = line[at..].find('>')
        {
            text.push_str(&line[at..=at + length]);
            next = at + length + 1;
        } else if separators.contains(c) {
            found.push(Cell { text: std::mem::take(&mut text).trim().to_owned(), before });
            before = Some(c);
        } else {
            text.push(c);
        }
        at = next;
    }
    found.push(Cell { text: text.trim().to_owned(), before });
    found
}

/// A line without its bullet or number: `•`, `-`, `1.`, `(2)`.
fn without_bullet(line: &str) -> &str {
    let line = line.trim_start_matches([
        '•', '·', '▪', '◦', '‣', '●', '○', '■', '□', '►', '➢', '→', '✓', '✔', '⁃', '∙', ' ', '\t',
    ]);
    if let Some(rest) = line.strip_prefix(['-', '–', '—', '*', '>']).filter(|rest| rest.starts_with([' ', '\t'])) {
        return rest.trim_start();
    }
    let digits = line.trim_start_matches('(');
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let counted = rest.len() < digits.len() && digits.len() - rest.len() <= 3;
    match rest.strip_prefix(['.', ')', ':']) {
        Some(rest) if counted && rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    }
}

/// Reads a line without columns: one person with name and role beside the address, or several people.
fn read_line(line: &str) -> Vec<Invitee> {
    read_cells(cells(without_bullet(line), ",;\t|"))
}

fn read_cells(cells: Vec<Cell>) -> Vec<Invitee> {
    let cells: Vec<Cell> = cells.into_iter().filter(|cell| !cell.text.is_empty()).collect();
    let people: Vec<Vec<Invitee>> = cells
        .iter()
        .map(|cell| if cell.text.contains('@') { read_addresses(&cell.text) } else { Vec::new() })
        .collect();
    let alone = people.iter().flatten().count() == 1;
    let mut found: Vec<Invitee> = Vec::new();
    // Cells before an address, which may be parts of its name.
    let mut waiting: Vec<&Cell> = Vec::new();
    // Whether the name had a cell of its own before the address. The next cell is then the role, even if it is not a known one.
    let mut in_columns = false;
    let unread = |cell: &Cell| Invitee { email: cell.text.clone(), ..Invitee::default() };
    for (cell, people) in cells.iter().zip(people) {
        let is_role = Role::parse(&key(&cell.text)).is_ok();
        if people.is_empty() {
            match found.last_mut() {
                // `address, role`, `address, Name, role` and `Name, address, role`.
                Some(last) if (is_role || in_columns) && last.role.is_empty() && waiting.is_empty() => {
                    last.role.clone_from(&cell.text);
                }
                Some(last) if alone && last.name.is_empty() && !may_be_address(&cell.text) => {
                    last.name.clone_from(&cell.text);
                }
                _ => waiting.push(cell),
            }
            continue;
        }
        let mut people = people.into_iter();
        let Some(mut first) = people.next() else { continue };
        if alone && first.name.is_empty() {
            // `Name, address`, `Last, First, address`, `role, address`.
            for cell in waiting.drain(..) {
                if first.role.is_empty() && Role::parse(&key(&cell.text)).is_ok() {
                    first.role.clone_from(&cell.text);
                } else if first.name.is_empty() {
                    first.name.clone_from(&cell.text);
                } else {
                    first.name = format!("{} {}", first.name, cell.text);
                }
            }
            in_columns = !first.name.is_empty();
        } else if cell.before == Some(',')
            && !first.name.is_empty()
            && let Some(last_name) = waiting.pop()
        {
            // `Last, First <address>`, as Outlook writes it.
            first.name = format!("{}, {}", last_name.text, first.name);
        }
        found.extend(waiting.drain(..).map(unread));
        found.push(first);
        found.extend(people);
    }
    found.extend(waiting.into_iter().map(unread));
    found
}

/// Whether a text without an `@` is rather an address with a mistake than the name of a person: one word in small letters.
fn may_be_address(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_+".contains(c))
}

/// The people in a cell: `Name <address>`, `address`, or several of them separated by spaces. If something with an `@` is not
/// an address, the whole cell becomes one row, which is refused.
fn read_addresses(cell: &str) -> Vec<Invitee> {
    let whole = || vec![Invitee { email: cell.to_owned(), ..Invitee::default() }];
    let mut found: Vec<Invitee> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut rest = cell;
    while !rest.is_empty() {
        rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('<') {
            let (address, after) = inside.split_once('>').unwrap_or((inside, ""));
            rest = after;
            let several: Vec<&str> = address.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
            if several.iter().any(|word| !is_address(word)) {
                return whole();
            }
            for word in several {
                found.push(Invitee {
                    email: trim_address(word).to_owned(),
                    name: name_of(&words),
                    role: String::new(),
                });
                words.clear();
            }
            continue;
        }
        let end = rest.find([' ', '<']).unwrap_or(rest.len());
        let word = &rest[..end];
        rest = &rest[end..];
        if word.is_empty() || word == ">" {
            continue;
        }
        if !word.contains('@') {
            words.push(word);
            continue;
        }
        if !is_address(word) {
            return whole();
        }
        found.push(Invitee { email: trim_address(word).to_owned(), name: name_of(&words), role: String::new() });
        words.clear();
    }
    if words.is_empty() && !found.is_empty() {
        return found;
    }
    // Text after the last address is its name, if it has none yet.
    match &mut found[..] {
        [] => whole(),
        [only] if only.name.is_empty() => {
            only.name = name_of(&words);
            found
        }
        _ => {
            let nobody = Invitee { email: words.join(" "), ..Invitee::default() };
            found.push(nobody);
            found
        }
    }
}

/// Words beside an address as a name: without what stands around names.
fn name_of(words: &[&str]) -> String {
    let name = words.join(" ");
    name.trim_matches(['(', ')', '[', ']', ':', ',', ';', '-', '–', '"', ' ']).to_owned()
}

/// An address without what surrounds it in text: `mailto:`, brackets, quotes, a full stop.
fn trim_address(word: &str) -> &str {
    let word = word.trim_matches([
        '"', '(', ')', '[', ']', '{', '}', '<', '>', ',', ';', ':', '‘', '’', '‚', '•', '·', '▪', '●', '…',
    ]);
    let word = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).unwrap_or(word);
    match word.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:")) {
        Some(_) => word[7..].split('?').next().unwrap_or_default(),
        None => word.trim_end_matches('.'),
    }
}

/// Whether a word is one address and not two, or half of one.
fn is_address(word: &str) -> bool {
    let word = trim_address(word);
    word.matches('@').count() == 1 && !word.starts_with('@') && !word.ends_with('@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invitee(email: &str, name: &str, role: &str) -> Invitee {
        Invitee { email: email.to_owned(), name: name.to_owned(), role: role.to_owned() }
    }

    #[test]
    fn people_2_a_list_is_read_in_any_usual_form() {
        let table: [(&str, Vec<Invitee>); 18] = [
            ("anna@example.com", vec![invitee("anna@example.com", "", "")]),
            ("Anna Muster <anna@example.com>", vec![invitee("anna@example.com", "Anna Muster", "")]),
            ("\"Muster, Anna\" <anna@example.com>", vec![invitee("anna@example.com", "Muster, Anna", "")]),
            ("<anna@example.com>;", vec![invitee("anna@example.com", "", "")]),
            (
                "a@b.ch, c@d.ch;e@f.ch",
                vec![invitee("a@b.ch", "", ""), invitee("c@d.ch", "", ""), invitee("e@f.ch", "", "")],
            ),
            (
                "a@b.ch c@d.ch\te@f.ch",
                vec![invitee("a@b.ch", "", ""), invitee("c@d.ch", "", ""), invitee("e@f.ch", "", "")],
            ),
            ("a@b.ch\r\n\n  c@d.ch  \n", vec![invitee("a@b.ch", "", ""), invitee("c@d.ch", "", "")]),
            ("A <a@b.ch>, C D <c@d.ch>", vec![invitee("a@b.ch", "A", ""), invitee("c@d.ch", "C D", "")]),
            ("Anna Muster, anna@example.com, Editor", vec![invitee("anna@example.com", "Anna Muster", "Editor")]),
            ("Anna <a@b.ch>, nonsense", vec![invitee("a@b.ch", "Anna", ""), invitee("nonsense", "", "")]),
            ("Anna <a@b.ch>, editor", vec![invitee("a@b.ch", "Anna", "editor")]),
            ("anna@example.com;reader", vec![invitee("anna@example.com", "", "reader")]),
            ("Anna Muster anna@example.com", vec![invitee("anna@example.com", "Anna Muster", "")]),
            (
                "name,email,role\nAnna,a@b.ch,editor\n,c@d.ch,",
                vec![invitee("a@b.ch", "Anna", "editor"), invitee("c@d.ch", "", "")],
            ),
            (
                "E-Mail;First name;Last_name\na@b.ch;Anna;\"van \"\"der\"\" Berg\"",
                vec![invitee("a@b.ch", "Anna van \"der\" Berg", "")],
            ),
            ("\u{FEFF}email\na@b.ch", vec![invitee("a@b.ch", "", "")]),
            (
                "nonsense, a@b.ch, c@d.ch",
                vec![invitee("nonsense", "", ""), invitee("a@b.ch", "", ""), invitee("c@d.ch", "", "")],
            ),
            (" \n ; , ", vec![]),
        ];
        for (text, expected) in table {
            assert_eq!(read_list(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn people_2_nobody_is_lost_however_a_list_was_written() {
        let c = |name: &str| invitee("c@x.example", name, "");
        let d = |name: &str| invitee("d@x.example", name, "");
        let table: Vec<(&str, Vec<Invitee>)> = vec![
            ("<c@x.example> <d@x.example>", vec![c(""), d("")]),
            ("<c@x.example><d@x.example>", vec![c(""), d("")]),
            ("C <c@x.example> D <d@x.example>", vec![c("C"), d("D")]),
            ("c@x.example d@x.example", vec![c(""), d("")]),
            ("<c@x.example, d@x.example>", vec![c(""), d("")]),
            ("C c@x.example D d@x.example", vec![c("C"), d("D")]),
            ("c@x.example (Carl Weber)", vec![c("Carl Weber")]),
            ("c@x.example d@x.example someone", vec![c(""), d(""), invitee("someone", "", "")]),
            ("c@x.example/d@x.example", vec![invitee("c@x.example/d@x.example", "", "")]),
            ("Carl @ x.example", vec![invitee("Carl @ x.example", "", "")]),
            ("<c@x.example", vec![c("")]),
            ("C <c@x.example", vec![c("C")]),
            // Outlook.
            ("Weber, Carl <c@x.example>; Dietz, Dora <d@x.example>", vec![c("Weber, Carl"), d("Dietz, Dora")]),
            ("Weber, Carl <c@x.example>, Dietz, Dora <d@x.example>", vec![c("Weber, Carl"), d("Dietz, Dora")]),
            ("Weber, Carl <c@x.example>", vec![c("Weber, Carl")]),
            // What is meant as a role and is none is refused with its address, not beside it.
            ("Carl, c@x.example, Wizard", vec![invitee("c@x.example", "Carl", "Wizard")]),
            ("Weber, Carl, c@x.example; Wizard", vec![invitee("c@x.example", "Weber Carl", "Wizard")]),
            ("reader, c@x.example, Carl", vec![invitee("c@x.example", "Carl", "reader")]),
            ("'c@x.example'; 'd@x.example'", vec![c(""), d("")]),
            ("'Carl Weber' <c@x.example>", vec![c("'Carl Weber'")]),
            ("nobody; Carl <c@x.example>; d@x.example", vec![invitee("nobody", "", ""), c("Carl"), d("")]),
            (
                "c@x.example, reader; d@x.example, editor",
                vec![invitee("c@x.example", "", "reader"), invitee("d@x.example", "", "editor")],
            ),
            // Quotes of all kinds, and such that do not end.
            ("“Weber, Carl” <c@x.example>", vec![c("Weber, Carl")]),
            ("„Weber, Carl“ <c@x.example>, «Dora» <d@x.example>", vec![c("Weber, Carl"), d("Dora")]),
            ("“c@x.example”", vec![c("")]),
            ("\"Carl <c@x.example>\nDora <d@x.example>", vec![c("Carl"), d("Dora")]),
            ("\"c@x.example\n\"d@x.example", vec![c(""), d("")]),
            ("\"c@x.example\nd@x.example\"", vec![c(""), d("")]),
            // Bullets, numbers, mailto, invisible and full-width signs.
            ("• c@x.example\n- Dora d@x.example", vec![c(""), d("Dora")]),
            ("1. c@x.example\n2) d@x.example", vec![c(""), d("")]),
            ("(1) Carl <c@x.example>\n* <d@x.example>", vec![c("Carl"), d("")]),
            ("•c@x.example\n·\td@x.example", vec![c(""), d("")]),
            ("mailto:c@x.example, <mailto:d@x.example>", vec![c(""), d("")]),
            ("Carl <mailto:c@x.example?subject=Hi>", vec![c("Carl")]),
            ("c＠x．example；d@x.example", vec![c(""), d("")]),
            ("\u{200B}c@x.example\u{200B}, \u{202A}d@x.example\u{202C}", vec![c(""), d("")]),
            ("c@x.example\u{A0}d@x.example", vec![c(""), d("")]),
            ("c@x.example、d@x.example", vec![c(""), d("")]),
            ("Write to c@x.example.", vec![c("Write to")]),
            // Line ends.
            ("c@x.example\rd@x.example", vec![c(""), d("")]),
            ("c@x.example\u{2028}d@x.example", vec![c(""), d("")]),
            // Files.
            ("sep=;\r\nName;E-Mail\r\nWeber, Carl;c@x.example\r\n;d@x.example", vec![c("Weber, Carl"), d("")]),
            ("sep=;\nc@x.example;d@x.example", vec![c(""), d("")]),
            (
                "name,email\n\"Carl\nWeber\",c@x.example\n\"Dora \"\"D\"\" Dietz\",d@x.example",
                vec![c("Carl Weber"), d("Dora \"D\" Dietz")],
            ),
            ("name,email\n\"Weber, Carl\",\"c@x.example\"\n,,\n;;\n", vec![c("Weber, Carl")]),
            ("name,email\nWeber, Carl, c@x.example", vec![c("Weber Carl")]),
            ("name,email\nc@x.example,Carl", vec![c("Carl")]),
            ("name,email\nCarl,c@x.example d@x.example", vec![c(""), d("")]),
            ("email\nc@x.example, d@x.example", vec![c(""), d("")]),
            ("email,name\nCarl W <c@x.example>,", vec![c("Carl W")]),
            ("email,name\n,Carl", vec![invitee("", "Carl", "")]),
        ];
        for (text, expected) in table {
            assert_eq!(read_list(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn people_2_headings_are_read_in_the_languages_of_the_neighbours() {
        let expected = vec![invitee("a@b.ch", "Anna Muster", "editor")];
        for heading in [
            "Name;E-Mail-Adresse;Rolle\nAnna Muster;a@b.ch;editor",
            "Vorname;Nachname;E-Mail;Funktion\nAnna;Muster;a@b.ch;editor",
            "Nom complet;Adresse e-mail;Rôle\nAnna Muster;a@b.ch;editor",
            "Nom;Prénom;Courriel;Fonction\nMuster;Anna;a@b.ch;editor",
            "Nom;Pre\u{301}nom;Adresse électronique;Ro\u{302}le\nMuster;Anna;a@b.ch;editor",
            "Nome;Cognome;Indirizzo e-mail;Ruolo\nAnna;Muster;a@b.ch;editor",
            "Nombre;Apellidos;Correo electrónico;Rol\nAnna;Muster;a@b.ch;editor",
            "Nome completo;Endereço de e-mail;Função\nAnna Muster;a@b.ch;editor",
            "Nome;Sobrenome;E-mail;Papel\nAnna;Muster;a@b.ch;editor",
            "Naam;E-mailadres;Rol\nAnna Muster;a@b.ch;editor",
            "Voornaam;Achternaam;E-mail;Functie\nAnna;Muster;a@b.ch;editor",
            "Imię i nazwisko;Adres e-mail;Rola\nAnna Muster;a@b.ch;editor",
            "Imię;Nazwisko;Adres e-mail;Rola\nAnna;Muster;a@b.ch;editor",
            "Full name\tE-mail address\tRole\nAnna Muster\ta@b.ch\teditor",
            "\"Name\",\"EMAIL\",\"role*\"\n\"Anna Muster\",\"a@b.ch\",\"editor\"",
        ] {
            assert_eq!(read_list(heading), Ok(expected.clone()), "{heading}");
        }
    }

    #[test]
    fn people_2_a_file_of_excel_is_read_in_each_of_its_encodings() {
        let text = "Name\tE-Mail\r\nZoë\tzoe@example.com";
        let wide = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
            [mark.to_vec(), text.encode_utf16().flat_map(bytes).collect()].concat()
        };
        for file in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            wide(b"\xFF\xFE", u16::to_le_bytes),
            wide(b"\xFE\xFF", u16::to_be_bytes),
            wide(b"", u16::to_le_bytes),
            wide(b"", u16::to_be_bytes),
        ] {
            let read = text_of_file(&file).and_then(|text| read_list(&text));
            assert_eq!(read, Ok(vec![invitee("zoe@example.com", "Zoë", "")]), "{file:?}");
        }
        assert_eq!(text_of_file(b"Zo\xEB,zoe@example.com"), Err(FieldIssue::NotUtf8));
        assert_eq!(text_of_file(b"\xFF\xFEabc"), Err(FieldIssue::NotUtf8));
        assert_eq!(text_of_file(b""), Ok(String::new()));
    }

    #[test]
    fn people_2_a_row_says_which_sign_is_wrong() {
        let verdict = |text: &str| {
            read_list(text)
                .map(|list| list.iter().map(|one| CheckedInvitee::parse(one, Role::Member).err()).collect::<Vec<_>>())
        };
        assert_eq!(verdict("änna@example.com, b@example.com"), Ok(vec![Some(FieldIssue::NotInAnEmail('ä')), None]));
        assert_eq!(verdict("anna@exam🙂ple.com"), Ok(vec![Some(FieldIssue::NotInAnEmail('🙂'))]));
        assert_eq!(verdict("a@bücher.example a@xn--bcher-kva.example"), Ok(vec![None, None]));
        for text in ["anna", "a@b", "a@b@c.example", "änna@example.com", "a@bücher.example"] {
            let one = invitee(text, "", "");
            assert_eq!(one.preview(Role::Member).err(), CheckedInvitee::parse(&one, Role::Member).err(), "{text}");
        }
    }

    #[test]
    fn people_2_a_list_that_cannot_be_read_says_why() {
        // A name stands beside an address; a second address with a mistake does not.
        let texts = |text: &str| -> Vec<(String, String)> {
            read_list(text).expect("a list").into_iter().map(|one| (one.email, one.name)).collect()
        };
        let two = |one: &str, other: &str| vec![(one.to_owned(), String::new()), (other.to_owned(), String::new())];
        assert_eq!(texts("carl@example.com, notanaddress"), two("carl@example.com", "notanaddress"));
        assert_eq!(texts("carl@example.com, carl.example.com"), two("carl@example.com", "carl.example.com"));
        assert_eq!(texts("carl@example.com, Carl"), [("carl@example.com".to_owned(), "Carl".to_owned())]);
        assert_eq!(texts("carl@example.com, carl meier"), [("carl@example.com".to_owned(), "carl meier".to_owned())]);
        assert_eq!(read_list("name,role\nAnna,editor"), Err(FieldIssue::NoEmailColumn));
        assert_eq!(read_list("na\u{FFFD}me@example.com"), Err(FieldIssue::NotUtf8));
        let many = (0..=MAX_INVITATIONS).map(|n| format!("p{n}@example.com\n")).collect::<String>();
        assert_eq!(read_list(&many), Err(FieldIssue::TooMany(MAX_INVITATIONS)));
        assert_eq!(read_list(many.trim_start_matches("p0@example.com\n")).map(|list| list.len()), Ok(MAX_INVITATIONS));
    }

    #[test]
    fn people_2_one_person_of_a_list_is_checked_by_itself() {
        let read = |email, name, role| CheckedInvitee::parse(&invitee(email, name, role), Role::Reader);
        assert_eq!(
            read("Anna@Example.com", " ", "").map(|one| (one.email.key(), one.name, one.role)),
            Ok(("anna@example.com".to_owned(), None, Role::Reader))
        );
        assert_eq!(
            read("a@b.ch", "Anna", " EDITOR ").map(|one| (one.name, one.role)),
            Ok((Some("Anna".to_owned()), Role::Editor))
        );
        assert_eq!(read("anna", "", ""), Err(FieldIssue::NotAnEmail));
        assert_eq!(read("", "", ""), Err(FieldIssue::Missing));
        assert_eq!(read("a@b.ch", "a\u{202E}b", ""), Err(FieldIssue::ControlCharacters));
        assert_eq!(read("a@b.ch", "", "boss"), Err(FieldIssue::NotARole("boss".to_owned())));
    }

    proptest! {
        #[test]
        fn people_2_every_address_is_in_exactly_one_row(
            heading in proptest::sample::select(&["", "", "sep=;\n", "name,email\n", "email;role\n", "E-Mail\tName\n"][..]),
            parts in proptest::collection::vec((0_usize..8, proptest::sample::select(&[
                ",", ";", " ", "\n", ", ", "\r\n", "\r", "\t", " ; ", "\"", "“", "<", ">", " - ", "• ", "(", ")", "1. ", "\n\n", "'", ";;", "<>",
            ][..])), 1..40),
        ) {
            let mut text = heading.to_owned();
            let mut number = 100;
            for (kind, separator) in &parts {
                match kind {
                    0 => text.push_str("Anna "),
                    1 => text.push_str("Weber, Carl "),
                    2 => text.push_str("editor"),
                    3 => text.push_str("\"Dora\" "),
                    // Two addresses that touch each other are no two words.
                    kind => {
                        number += 1;
                        if text.ends_with(|c: char| c.is_alphanumeric()) {
                            text.push(' ');
                        }
                        let (before, after) = match kind {
                            4 => ("<", ">"),
                            5 => ("mailto:", ""),
                            _ => ("", ""),
                        };
                        text.extend([before, &format!("p{number}@x.example"), after]);
                    }
                }
                text.push_str(separator);
            }
            let rows = read_list(&text).map_err(|problem| TestCaseError::fail(problem.to_string()))?;
            for number in 101..=number {
                let address = format!("p{number}@x.example");
                let times = rows.iter().map(|row| [&row.email, &row.name, &row.role].iter().map(|cell| cell.matches(&address).count()).sum::<usize>()).sum::<usize>();
                prop_assert_eq!(times, 1, "{} in {:?} of {:?}", address, &rows, &text);
            }
        }

        #[test]
        fn people_2_no_text_breaks_the_reading_of_a_list(text in "\\PC{0,200}") {
            if let Ok(list) = read_list(&text) {
                prop_assert!(list.len() <= MAX_INVITATIONS);
                for one in list {
                    // Whatever it is, it has a verdict.
                    drop(CheckedInvitee::parse(&one, Role::Member));
                }
            }
        }

        #[test]
        fn people_2_addresses_are_found_whatever_separates_them(
            count in 1_usize..20,
            separators in proptest::collection::vec(proptest::sample::select(&[",", ";", " ", "\n", ", ", "\r\n", " ; "][..]), 20),
        ) {
            let text: String = (0..count).map(|n| format!("p{n}@example.com{}", separators[n])).collect();
            let found: Vec<String> = read_list(&text).unwrap_or_default().into_iter().map(|one| one.email).collect();
            prop_assert_eq!(found, (0..count).map(|n| format!("p{n}@example.com")).collect::<Vec<_>>());
        }
    }
}
