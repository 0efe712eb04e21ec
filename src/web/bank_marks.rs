//! What stands beside a bank's name: its own logo where the operator has one, else its initials on a colour of its
//! own. All of them are one picture, so that a page with many banks loads one file; partners get them one by one.

use super::Site;
use crate::bank::directory::{Bank, Banks};
use crate::bank::logo::{Logo, LogoKind};
use crate::crypto::fingerprint;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use url::Url;

/// The side of a mark, in the units of the picture.
const SIDE: usize = 40;
/// How many hexadecimal digits of the SHA-256 stand in a name.
const FINGERPRINT_DIGITS: usize = 16;
/// The name of the picture of all marks: longer than the code of any bank.
const SHEET: &str = "marks-of-all-the-banks";
/// White can be read on every one of them.
const COLOURS: [&str; 24] = [
    "#1f5f8b", "#8b2f2f", "#2f6b3c", "#6b3fa0", "#7d5200", "#00695c", "#ad1457", "#37474f", "#4e342e", "#283593", "#b3261e", "#2e6b30",
    "#6a1b9a", "#01579b", "#9c4a00", "#00606b", "#5d4037", "#455a64", "#1556b0", "#7b1fa2", "#a31651", "#33691e", "#004d40", "#3f51a5",
];

/// The marks of all banks, drawn once.
#[derive(Clone, Debug)]
pub struct BankMarks {
    files: HashMap<String, File>,
}

/// A picture as it is served.
#[derive(Clone, Debug)]
struct File {
    content: Bytes,
    media_type: &'static str,
    fingerprint: String,
    extension: &'static str,
}

impl File {
    fn new(content: Vec<u8>, kind: LogoKind) -> Self {
        Self {
            fingerprint: fingerprint(&content).chars().take(FINGERPRINT_DIGITS).collect(),
            content: content.into(),
            media_type: kind.media_type(),
            extension: kind.extension(),
        }
    }
}

impl BankMarks {
    /// Draws the marks.
    #[must_use]
    pub fn of(banks: &Banks) -> Self {
        let colours = colours(banks.list());
        let height = banks.list().len().max(1) * SIDE;
        let mut sheet = head(SIDE, height);
        let mut files = HashMap::new();
        for (n, bank) in banks.list().iter().enumerate() {
            let (y, colour) = (n * SIDE, colours.get(bank.code.as_str()).copied().unwrap_or(COLOURS[0]));
            // The part of the picture that `#code` names (SVG 2, 16.1.2).
            let _ = write!(sheet, "<view id=\"{}\" viewBox=\"0 {y} {SIDE} {SIDE}\"/>", bank.code);
            match bank.logo() {
                Some(logo) => {
                    sheet.push_str(&framed(logo, y));
                    files.insert(bank.code.clone(), File::new(logo.bytes.clone(), logo.kind));
                }
                None => {
                    sheet.push_str(&monogram(&bank.name, colour, y));
                    let alone = format!("{}{}</svg>", head(SIDE, SIDE), monogram(&bank.name, colour, 0));
                    files.insert(bank.code.clone(), File::new(alone.into_bytes(), LogoKind::Svg));
                }
            }
        }
        sheet.push_str("</svg>");
        files.insert(SHEET.to_owned(), File::new(sheet.into_bytes(), LogoKind::Svg));
        Self { files }
    }

    /// The address of one picture; empty when there is no such bank.
    fn path(&self, name: &str) -> String {
        let named = |file: &File| format!("/banks/{name}.{}.{}", file.fingerprint, file.extension);
        self.files.get(name).map(named).unwrap_or_default()
    }

    /// The address of the picture of all marks; `#code` after it names one of them.
    #[must_use]
    pub fn sheet(&self) -> String {
        self.path(SHEET)
    }

    /// Where partners find a bank's mark.
    #[must_use]
    pub fn url(&self, base: &Url, bank: &str) -> String {
        base.join(self.path(bank).trim_start_matches('/'))
            .map(Into::into)
            .unwrap_or_default()
    }

    /// The picture of a file's name, and whether the name holds its fingerprint. One of another content is found,
    /// too: a page of another release may still ask for it.
    fn find(&self, file: &str) -> Option<(&File, bool)> {
        let (rest, extension) = file.rsplit_once('.')?;
        let (name, fingerprint) = rest.rsplit_once('.')?;
        let known = self.files.get(name)?;
        Some((known, known.fingerprint == fingerprint && known.extension == extension))
    }
}

/// GET /banks/{file}.
pub async fn serve(site: web::Data<Site>, file: web::Path<String>) -> HttpResponse {
    let Some((found, is_fingerprint)) = site.bank_marks.find(&file) else {
        return HttpResponse::NotFound().finish();
    };
    let caching = if is_fingerprint {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=60"
    };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, caching))
        // Partners show them on their own pages.
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .content_type(found.media_type)
        .body(found.content.clone())
}

fn head(width: usize, height: usize) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif\" font-weight=\"700\" text-anchor=\"middle\">"
    )
}

/// A logo on white: most are drawn for it, and it is the same on dark screens.
fn framed(logo: &Logo, y: usize) -> String {
    format!(
        "<rect y=\"{y}\" width=\"{SIDE}\" height=\"{SIDE}\" rx=\"9\" fill=\"#fff\"/><image x=\"4\" y=\"{}\" width=\"32\" height=\"32\" href=\"data:{};base64,{}\"/>",
        y + 4,
        logo.kind.media_type(),
        BASE64_STANDARD.encode(&logo.bytes)
    )
}

/// Initials; only letters and digits ever get there.
fn monogram(name: &str, colour: &str, y: usize) -> String {
    let letters = initials(name);
    let (size, drop) = match letters.chars().count() {
        0..=1 => (20, 27),
        2 => (17, 26),
        3 => (14, 25),
        _ => (11, 24),
    };
    format!(
        "<rect y=\"{y}\" width=\"{SIDE}\" height=\"{SIDE}\" rx=\"9\" fill=\"{colour}\"/><text x=\"20\" y=\"{}\" font-size=\"{size}\" fill=\"#fff\">{letters}</text>",
        y + drop
    )
}

/// A colour for every bank, by its code: the same from start to start, and another bank's only where there are more
/// banks than colours.
fn colours(banks: &[Bank]) -> HashMap<&str, &'static str> {
    let codes: BTreeSet<&str> = banks.iter().map(|bank| bank.code.as_str()).collect();
    let mut taken = [0_usize; COLOURS.len()];
    let mut colours = HashMap::new();
    for code in codes {
        // FNV-1a.
        let hash = code
            .bytes()
            .fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        let from = usize::try_from(hash).unwrap_or_default() % COLOURS.len();
        let fewest = taken.iter().min().copied().unwrap_or_default();
        let free = (0..COLOURS.len())
            .map(|step| (from + step) % COLOURS.len())
            .find(|n| taken[*n] == fewest);
        let chosen = free.unwrap_or(from);
        taken[chosen] += 1;
        colours.insert(code, COLOURS[chosen]);
    }
    colours
}

/// A short word in capitals stays (`ING Bank` → `ING`), other names give their first two initials.
fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let abbreviation = (2..=4).contains(&first.chars().count()) && first.chars().all(|c| c.is_uppercase() || c.is_numeric());
    if abbreviation {
        return first.to_owned();
    }
    let letters = first.chars().take(1).chain(words.next().and_then(|w| w.chars().next()));
    letters.flat_map(char::to_uppercase).take(4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::hosted_page::colour::{Colour, MIN_CONTRAST};

    #[test]
    fn initials_stand_for_logos() {
        for (name, short) in [
            ("Banca Transilvania", "BT"),
            ("ING Bank", "ING"),
            ("BCR", "BCR"),
            ("BRD – Groupe Société Générale", "BRD"),
            ("Banca Cod (demo)", "BC"),
            ("Revolut", "R"),
            ("UniCredit Bank", "UB"),
            ("<script>\"'&", "S"),
            ("", ""),
            ("ß", "SS"),
        ] {
            assert_eq!(initials(name), short);
        }
    }

    #[test]
    fn white_letters_can_be_read_on_every_colour_and_neighbours_differ() {
        for colour in COLOURS {
            let contrast = Colour::parse(colour).unwrap().contrast(Colour::WHITE);
            assert!(contrast >= MIN_CONTRAST, "{colour}: {contrast:.2}");
        }
        assert_eq!(COLOURS.iter().collect::<BTreeSet<_>>().len(), COLOURS.len());
    }
}
