//! From bytes to text: which format a file has, and which encoding.

use super::{Unreadable, Why};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1250};
use std::borrow::Cow;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022 camt.053, XML.
    Camt,
    /// A table of text.
    Csv,
}

impl Format {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Camt => "camt053",
            Self::Csv => "csv",
        }
    }

    /// The format of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Camt, Self::Csv].into_iter().find(|f| f.as_str() == word)
    }
}

/// Which format a file has, by how it begins.
///
/// # Errors
/// [`Why::NotAStatement`] for what is neither, such as an archive or a spreadsheet; [`Why::Empty`] for nothing.
pub fn format_of(bytes: &[u8]) -> Result<Format, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::new(Why::Empty, 1, ""));
    }
    // Text in two bytes a character has many zeros; nothing else that is text has one.
    let is_wide = Encoding::for_bom(bytes).is_some_and(|(encoding, _)| encoding != UTF_8);
    if !is_wide && bytes.contains(&0) {
        return Err(Unreadable::new(Why::NotAStatement, 1, ""));
    }
    let text = decode(bytes)?;
    match text.trim_start().chars().next() {
        None => Err(Unreadable::new(Why::Empty, 1, "")),
        Some('<') => Ok(Format::Camt),
        Some(_) if text.trim_start().starts_with("%PDF") => Err(Unreadable::new(Why::NotAStatement, 1, "")),
        Some(_) => Ok(Format::Csv),
    }
}

/// The text of a file: by its byte order mark, else by the encoding that an XML declaration names, else UTF-8, else
/// (tables only) Windows-1250, as Romanian banks' older programs write it.
///
/// # Errors
/// [`Why::Encoding`] when XML has bytes that its encoding does not.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return strict(encoding, &bytes[length..]);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    if !begin.trim_start().starts_with('<') {
        return strict(WINDOWS_1250, bytes);
    }
    let named = begin.split_once("encoding=").map(|(_, rest)| rest);
    let named = named.and_then(|rest| rest.get(1..)?.split(['"', '\'']).next());
    let encoding = named.and_then(|label| Encoding::for_label(label.as_bytes())).unwrap_or(UTF_8);
    strict(encoding, bytes)
}

fn strict<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, Unreadable> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| Unreadable::new(Why::Encoding, first_bad_line(encoding, bytes), ""))
}

/// The line with the first byte that is not of the encoding.
fn first_bad_line(encoding: &'static Encoding, bytes: &[u8]) -> u64 {
    let (text, _, _) = encoding.decode(bytes);
    let before = text.split('\u{FFFD}').next().unwrap_or_default();
    1 + before.matches('\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_mark_by_name_and_by_what_fits() {
        let (windows, _, _) = WINDOWS_1250.encode("Detalii;Sumă\nplată;1,00\n");
        assert_eq!(decode(&windows).unwrap(), "Detalii;Sumă\nplată;1,00\n");
        let wide: Vec<u8> = "\u{FEFF}Data;Sumă".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide).unwrap(), "Data;Sumă");
        assert_eq!(format_of(&wide), Ok(Format::Csv));
        let (latin, _, _) = encoding_rs::ISO_8859_2.encode("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?>\n<a>plată</a>");
        assert!(decode(&latin).unwrap().ends_with("<a>plată</a>"));
        let wrong = decode(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n\xE3</a>").unwrap_err();
        assert_eq!((wrong.why, wrong.line), (Why::Encoding, 3));
    }

    #[test]
    fn what_is_no_statement_is_said_to_be_none() {
        assert_eq!(format_of(b"\xEF\xBB\xBF  <Document/>"), Ok(Format::Camt));
        assert_eq!(format_of(b"Data,Suma\n"), Ok(Format::Csv));
        for (bytes, why) in [
            (&b"PK\x03\x04\x00\x00"[..], Why::NotAStatement),
            (b"%PDF-1.7 ...", Why::NotAStatement),
            (b"", Why::Empty),
            (b" \r\n ", Why::Empty),
        ] {
            assert_eq!(format_of(bytes).unwrap_err().why, why);
        }
    }
}
