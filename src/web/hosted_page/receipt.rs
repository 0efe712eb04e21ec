//! The confirmation of a payment as a PDF that can be kept: tagged, so that a screen reader reads it in order
//! (PDF/UA-1, ISO 14289-1), with fonts of its own.

use super::texts::catalogue;
use crate::clock::Timestamp;
use crate::payment::Language;
use chrono::{Datelike as _, Timelike as _};
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::tagging::{ContentTag, Node, SpanTag, Tag, TagGroup, TagTree};
use krilla::text::{Font, TextDirection};
use krilla::{Document, SerializeSettings};
use std::num::NonZeroU16;
use std::sync::LazyLock;

catalogue! {
    /// The texts of the confirmation.
    ReceiptTexts {
        title: "Confirmare de plată", "Payment confirmation";
        amount: "Suma", "Amount";
        shop: "Partener", "Partner";
        order: "Comanda la partener", "Order at the partner";
        our_reference: "Referința noastră", "Our reference";
        bank_reference: "Referința băncii", "Bank's reference";
        note: "Arată ce ne-a comunicat banca. Dovada plății rămâne extrasul de cont.",
            "It shows what the bank told us. The proof of payment is your account statement.";
        help: "Întrebări sau probleme", "Questions or problems";
        download: "Descarcă confirmarea (PDF)", "Download the confirmation (PDF)";
        print: "Tipărește", "Print";
    }
}

/// A4 in points (1/72 inch), and the white around the text.
const PAGE: (u16, u16) = (595, 842);
const MARGIN: u16 = 56;
/// What fits on a line, in characters of the plain size; wide ones are rare.
const LINE_CHARS: usize = 74;

/// What a confirmation says.
pub struct Receipt {
    /// Its language.
    pub language: Language,
    /// Who runs the service.
    pub operator: String,
    /// How the payment ended.
    pub outcome: &'static str,
    /// Names and values, in order.
    pub rows: Vec<(String, String)>,
    /// Where to ask.
    pub contact: String,
    /// When the payment ended.
    pub at: Timestamp,
}

super::pages::opaque!(Receipt);

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[error("the confirmation cannot be written as PDF: {0}")]
pub struct NotWritten(String);

/// A text's look.
#[derive(Clone, Copy)]
struct Look {
    font: &'static Font,
    size: u8,
    grey: u8,
    /// From its base line to the next.
    height: u16,
}

static PLAIN: LazyLock<Option<Font>> = LazyLock::new(|| font(include_bytes!("../../../static/fonts/NotoSans-Regular.ttf")));
static BOLD: LazyLock<Option<Font>> = LazyLock::new(|| font(include_bytes!("../../../static/fonts/NotoSans-Bold.ttf")));

fn font(bytes: &'static [u8]) -> Option<Font> {
    Font::new(bytes.into(), 0)
}

/// A line at a place of a page: what is drawn, and to which element of the document it belongs.
struct Line {
    text: String,
    look: Look,
    element: usize,
    top: u16,
}

/// Pages of lines, and what the elements are.
struct Layout {
    pages: Vec<Vec<Line>>,
    elements: Vec<Element>,
    top: u16,
}

enum Element {
    Heading(String),
    Paragraph,
}

impl Layout {
    fn new() -> Self {
        Self {
            pages: vec![Vec::new()],
            elements: Vec::new(),
            top: MARGIN,
        }
    }

    /// Adds an element in one look.
    fn add(&mut self, element: Element, text: &str, look: Look, before: u16) {
        self.elements.push(element);
        self.top += before;
        self.more(text, look);
    }

    /// More text of the last element, perhaps in another look.
    fn more(&mut self, text: &str, look: Look) {
        let widest = LINE_CHARS * 11 / usize::from(look.size.max(1));
        for text in wrapped(&known_letters(text), widest) {
            if self.top + look.height > PAGE.1 - MARGIN {
                self.pages.push(Vec::new());
                self.top = MARGIN;
            }
            self.top += look.height;
            let line = Line {
                text,
                look,
                element: self.elements.len() - 1,
                top: self.top,
            };
            if let Some(page) = self.pages.last_mut() {
                page.push(line);
            }
        }
    }
}

/// The text with what the fonts do not have as question marks, on one line.
fn known_letters(text: &str) -> String {
    let known = |c: char| match c {
        ' '..='~' | '\u{a0}'..='\u{24f}' | '\u{400}'..='\u{45f}' | '\u{2010}'..='\u{2027}' | '\u{202f}' | '\u{20ac}' => c,
        c if c.is_whitespace() => ' ',
        _ => '?',
    };
    text.chars().map(known).collect()
}

/// Lines of at most `widest` characters; a longer word is cut.
fn wrapped(text: &str, widest: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(widest.max(1)) {
            let Some(line) = lines.last_mut() else { break };
            let fits = line.is_empty() || line.chars().count() + 1 + part.len() <= widest;
            if !fits {
                lines.push(part.iter().collect());
                continue;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(part);
        }
    }
    lines
}

/// Writes a confirmation.
///
/// # Errors
/// [`NotWritten`] when the file would not be accessible.
pub fn pdf(receipt: &Receipt) -> Result<Vec<u8>, NotWritten> {
    let missing = || NotWritten("a font".into());
    let (plain, bold) = (PLAIN.as_ref().ok_or_else(missing)?, BOLD.as_ref().ok_or_else(missing)?);
    let look = |font, size, grey, height| Look { font, size, grey, height };
    let t = ReceiptTexts::of(receipt.language);
    let mut layout = Layout::new();
    layout.add(Element::Paragraph, &receipt.operator, look(bold, 11, 70, 16), 0);
    layout.add(Element::Heading(t.title.to_owned()), t.title, look(bold, 20, 20, 28), 6);
    layout.add(Element::Paragraph, receipt.outcome, look(plain, 12, 20, 18), 4);
    for (label, value) in &receipt.rows {
        layout.add(Element::Paragraph, &format!("{label}:"), look(plain, 9, 90, 13), 9);
        layout.more(value, look(plain, 11, 20, 16));
    }
    layout.add(Element::Paragraph, t.note, look(plain, 9, 70, 13), 20);
    let help = format!("{}: {}", t.help, receipt.contact);
    layout.add(Element::Paragraph, &help, look(plain, 9, 70, 13), 2);
    draw(receipt, t, layout)
}

fn draw(receipt: &Receipt, t: &ReceiptTexts, layout: Layout) -> Result<Vec<u8>, NotWritten> {
    let fault = |what: String| NotWritten(what);
    let accessible = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1);
    let mut document = Document::new_with(SerializeSettings {
        configuration: accessible.finish().map_err(|e| fault(format!("{e:?}")))?,
        ..SerializeSettings::default()
    });
    let mut marked: Vec<Vec<Node>> = layout.elements.iter().map(|_| Vec::new()).collect();
    let (width, height) = PAGE;
    for lines in &layout.pages {
        let size = PageSettings::from_wh(width.into(), height.into()).ok_or_else(|| fault("the page's size".into()))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for line in lines {
            let grey = line.look.grey;
            surface.set_fill(Some(Fill {
                paint: rgb::Color::new(grey, grey, grey).into(),
                ..Fill::default()
            }));
            let place = Point::from_xy(MARGIN.into(), line.top.into());
            let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
            surface.draw_text(
                place,
                line.look.font.clone(),
                line.look.size.into(),
                &line.text,
                false,
                TextDirection::Auto,
            );
            surface.end_tagged();
            marked[line.element].push(id.into());
        }
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new();
    for (element, children) in layout.elements.into_iter().zip(marked) {
        tree.push(match element {
            Element::Heading(title) => TagGroup::with_children(Tag::Hn(NonZeroU16::MIN, Some(title)), children),
            Element::Paragraph => TagGroup::with_children(Tag::P, children),
        });
    }
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0u16.into(), 0u16.into()));
    outline.push_child(OutlineNode::new(t.title.to_owned(), top));
    document.set_outline(outline);
    document.set_metadata(metadata(receipt, t));
    document.finish().map_err(|e| fault(format!("{e:?}")))
}

fn metadata(receipt: &Receipt, t: &ReceiptTexts) -> Metadata {
    let at = receipt.at;
    let part = |n: u32| u8::try_from(n).unwrap_or_default();
    let date = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(t.title.to_owned())
        .language(receipt.language.as_str().to_owned())
        .authors(vec![known_letters(&receipt.operator)])
        .creation_date(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(rows: usize) -> Receipt {
        Receipt {
            language: Language::Ro,
            operator: "Plăți Exemplu SRL".into(),
            outcome: "Plata a fost făcută",
            rows: (0..rows).map(|n| (format!("Rândul {n}"), "Șțăâî Њ € 李 ".repeat(20))).collect(),
            contact: "ajutor@exemplu.example".into(),
            at: "2026-11-21T10:00:00".parse().unwrap(),
        }
    }

    #[test]
    fn any_text_becomes_an_accessible_file_of_as_many_pages_as_it_needs() {
        for rows in [0, 1, 300] {
            let file = pdf(&receipt(rows)).unwrap();
            assert!(file.starts_with(b"%PDF-1.") && file.ends_with(b"%%EOF"), "{rows}");
        }
    }

    #[test]
    fn lines_are_wrapped_between_words_and_long_words_are_cut() {
        assert_eq!(wrapped("unu doi trei", 7), ["unu doi", "trei"]);
        assert_eq!(wrapped("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(known_letters("a\u{202e}\nb李ș"), "a? b?ș");
    }
}
