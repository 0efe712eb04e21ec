//! A partner's colour, made readable (WCAG 2.2, success criteria 1.4.3: at least 4.5 to 1, and 1.4.11: a button at
//! least 3 to 1 on the dark page).

#![expect(clippy::float_arithmetic, reason = "relative luminance is defined on real numbers; no money here")]

use crate::crypto;
use crate::web::assets;
use std::fmt;

/// The least contrast between a text and what is behind it.
pub const MIN_CONTRAST: f64 = 4.5;
/// The least contrast between a button and the dark page it stands on.
pub const MIN_BUTTON_CONTRAST: f64 = 3.0;
/// The page's card in the light theme: the colour that accents are shown on.
pub const LIGHT_SURFACE: Colour = Colour::new(0xff, 0xff, 0xff);
/// The page's card in the dark theme.
pub const DARK_SURFACE: Colour = Colour::new(0x1a, 0x22, 0x2c);

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// Black.
    pub const BLACK: Self = Self::new(0, 0, 0);
    /// White.
    pub const WHITE: Self = Self::new(0xff, 0xff, 0xff);

    /// A colour of its three components, 0 to 255.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Reads `#rrggbb`, in any case; nothing else that CSS would take.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#')?;
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let at = |from: usize| u8::from_str_radix(&hex[from..from + 2], 16).ok();
        Some(Self::new(at(0)?, at(2)?, at(4)?))
    }

    /// Relative luminance, 0 (black) to 1 (white), as WCAG 2.2 defines it.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let linear = |component: u8| {
            let c = f64::from(component) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Contrast ratio, 1 to 21, as WCAG 2.2 defines it.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever reads better on this colour. The better one always reaches [`MIN_CONTRAST`]:
    /// the worst case is the square root of 21, about 4.58.
    #[must_use]
    pub fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// The nearest mix of this colour with black (on a light background) or white (on a dark one) that can
    /// be read as text there.
    #[must_use]
    pub fn readable_on(self, background: Self) -> Self {
        self.apart_from(background, MIN_CONTRAST)
    }

    /// What stands behind a button's text on the dark page: the nearest lighter mix that is seen to be a button.
    #[must_use]
    pub fn on_dark(self) -> Self {
        self.apart_from(DARK_SURFACE, MIN_BUTTON_CONTRAST)
    }

    fn apart_from(self, background: Self, contrast: f64) -> Self {
        let towards = background.text_on();
        (0..=20)
            .map(|step| self.mixed(towards, step))
            .find(|c| c.contrast(background) >= contrast)
            .unwrap_or(towards)
    }

    /// This colour with `twentieths` of 20 parts replaced by another.
    fn mixed(self, other: Self, twentieths: u16) -> Self {
        let mix = |a: u8, b: u8| {
            let sum = u16::from(a) * (20 - twentieths) + u16::from(b) * twentieths;
            u8::try_from(sum / 20).unwrap_or(u8::MAX)
        };
        Self::new(mix(self.red, other.red), mix(self.green, other.green), mix(self.blue, other.blue))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// A partner's part of the style sheet: `--brand` behind buttons, `--brand-text` on them, `--brand-ink` for accents
/// on the page's own surface, in both themes.
#[must_use]
pub fn partner_css(colour: Colour) -> String {
    let dark = colour.on_dark();
    format!(
        ":root{{--brand:{colour};--brand-text:{};--brand-ink:{}}}\n\
         @media (prefers-color-scheme:dark){{:root{{--brand:{dark};--brand-text:{};--brand-ink:{}}}}}\n",
        colour.text_on(),
        colour.readable_on(LIGHT_SURFACE),
        dark.text_on(),
        colour.readable_on(DARK_SURFACE),
    )
}

/// The whole style sheet of a partner's pages: one file, so that a page waits for one.
#[must_use]
pub fn page_css(colour: Colour) -> String {
    let css = assets::content("app.css").unwrap_or_default();
    format!("{}{}", String::from_utf8_lossy(&css), partner_css(colour))
}

/// Which screens a page is shown for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// As the reader's browser likes it.
    #[default]
    Either,
    /// As on light screens.
    Light,
    /// As on dark screens.
    Dark,
}

impl Scheme {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Either, Self::Light, Self::Dark];

    /// Its word in an address; empty when the browser decides.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Either => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one of a word; the browser decides when there is none.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.as_str() == word).unwrap_or_default()
    }
}

/// The same style sheet for one scheme, whatever the reader's browser likes: for previews.
#[must_use]
pub fn page_css_in(colour: Colour, scheme: Scheme) -> String {
    let css = page_css(colour);
    let (schemes, media) = match scheme {
        Scheme::Either => return css,
        Scheme::Light => ("color-scheme: light;", "@media not all"),
        Scheme::Dark => ("color-scheme: dark;", "@media all"),
    };
    css.replace("@media (prefers-color-scheme: dark)", media)
        .replace("@media (prefers-color-scheme:dark)", media)
        .replace("color-scheme: light dark;", schemes)
}

/// Changes with [`page_css`].
#[must_use]
pub fn page_css_version(colour: Colour) -> String {
    let own = crypto::fingerprint(partner_css(colour).as_bytes());
    format!("{}-{}", own.get(..8).unwrap_or_default(), assets::fingerprint("app.css"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_one_notation_and_knows_the_standards_figures() {
        assert_eq!(Colour::parse("#0A5c36").unwrap().to_string(), "#0a5c36");
        for text in ["", "0a5c36", "#fff", "#0a5c3", "#0a5c366", "#0a5c3g", "#ăb12", "red", "#12345;"] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        let grey = Colour::new(0x76, 0x76, 0x76);
        assert!((grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01);
        assert_eq!(Colour::parse("#ffcc00").unwrap().text_on(), Colour::BLACK);
        assert_eq!(
            partner_css(Colour::new(0x0a, 0x5c, 0x36)),
            ":root{--brand:#0a5c36;--brand-text:#ffffff;--brand-ink:#0a5c36}\n\
             @media (prefers-color-scheme:dark){:root{--brand:#3b7c5e;--brand-text:#ffffff;--brand-ink:#5f957c}}\n"
        );
    }

    #[test]
    fn a_preview_keeps_to_one_scheme() {
        let colour = Colour::new(0x0a, 0x5c, 0x36);
        assert_eq!(page_css_in(colour, Scheme::Either), page_css(colour));
        assert_eq!(page_css(colour).matches("prefers-color-scheme").count(), 2);
        for (scheme, word) in [(Scheme::Light, "color-scheme: light;"), (Scheme::Dark, "color-scheme: dark;")] {
            let css = page_css_in(colour, scheme);
            assert!(!css.contains("prefers-color-scheme") && css.contains(word), "{scheme:?}");
            assert_eq!(Scheme::parse(scheme.as_str()), scheme);
        }
        assert_eq!(Scheme::parse("sepia"), Scheme::Either);
    }

    proptest! {
        #[test]
        fn every_colour_is_readable(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);
            prop_assert!(colour.contrast(colour.text_on()) >= MIN_CONTRAST);
            let dark = colour.on_dark();
            prop_assert!(dark.contrast(dark.text_on()) >= MIN_CONTRAST);
            prop_assert!(dark.contrast(DARK_SURFACE) >= MIN_BUTTON_CONTRAST);
            prop_assert_eq!(Colour::parse(&colour.to_string()), Some(colour));
            for surface in [LIGHT_SURFACE, DARK_SURFACE] {
                prop_assert!(colour.readable_on(surface).contrast(surface) >= MIN_CONTRAST);
            }
        }
    }
}
