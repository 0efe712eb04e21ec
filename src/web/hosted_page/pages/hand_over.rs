//! Moving from one browser to another: the code that the first one shows, the question that the second one asks.

use super::{Shell, opaque};
use askama::Template;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

/// Light modules around a QR code (ISO/IEC 18004 section 9.1).
const QUIET: usize = 4;

/// A QR code as one SVG path, a unit a module.
#[derive(Clone)]
pub struct QrPath {
    /// Width and height, quiet zone included, in modules.
    pub side: usize,
    /// The dark modules: the `d` of a path.
    pub dark: String,
}

impl QrPath {
    /// The code of a text; `None` when it is too long for one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colours = code.to_colors();
        let mut dark = String::new();
        for (y, row) in colours.chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let run = row[x..].iter().take_while(|c| **c == Color::Dark).count();
                if run > 0 {
                    let _ = write!(dark, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        Some(Self {
            side: width + 2 * QUIET,
            dark,
        })
    }
}

/// The code that another browser scans to take the payment over.
#[derive(Template)]
#[template(path = "hosted_page/hand_over.html", whitespace = "minimize")]
pub struct HandOver {
    shell: Shell,
    qr: Option<QrPath>,
    address: String,
    until: String,
    status_url: String,
    stay_url: String,
}

impl HandOver {
    /// The page with an address that is good until a time of day. The script leaves for `stay_url`, the payment's
    /// own page, as soon as `status_url` says that something changed.
    #[must_use]
    pub fn new(shell: Shell, address: &url::Url, until: String, status_url: String, stay_url: String) -> Self {
        Self {
            qr: QrPath::of(address.as_str()),
            address: address.to_string(),
            shell,
            until,
            status_url,
            stay_url,
        }
    }

    fn valid(&self) -> String {
        self.shell.s.phone_valid.replace("{time}", &self.until)
    }
}

/// Asks the second browser whether it wants the payment. Names nothing of it.
#[derive(Template)]
#[template(path = "hosted_page/take_over.html", whitespace = "minimize")]
pub struct TakeOver {
    shell: Shell,
    payment: String,
    key: String,
    csrf: String,
}

impl TakeOver {
    /// The page for a key, which nobody has looked at yet.
    #[must_use]
    pub fn new(shell: Shell, payment: String, key: String, csrf: String) -> Self {
        Self {
            shell: shell.forget_payment(),
            payment,
            key,
            csrf,
        }
    }
}

opaque!(QrPath, HandOver, TakeOver);

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the path and compares every module with the code.
    #[test]
    fn the_path_is_the_code() {
        let text =
            "https://plati.example/payment-initiation/hand-over?payment=1234567890123456&key=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
        let path = QrPath::of(text).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let mut drawn = vec![Color::Light; code.width() * code.width()];
        for run in path.dark.split('M').skip(1) {
            let (start, rest) = run.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            for step in 0..length.parse().unwrap() {
                drawn[(y - QUIET) * code.width() + x - QUIET + step] = Color::Dark;
            }
        }
        assert_eq!(drawn, code.to_colors());
        assert_eq!(path.side, code.width() + 8);
        assert!(QrPath::of(&"x".repeat(5000)).is_none());
    }
}
