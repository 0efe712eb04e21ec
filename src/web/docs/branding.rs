//! A developer tries a colour and the words on the button.

use super::DocsShell;
use super::texts::DocsTexts;
use crate::partner::{ButtonText, PartnerKind};
use crate::payment::{Currency, Language};
use crate::web::hosted_page::colour::{Colour, DARK_SURFACE, LIGHT_SURFACE, Scheme, page_css_in};
use crate::web::hosted_page::pages::PartnerBrand;
use crate::web::hosted_page::sample::{self, Sample, Tried};
use crate::web::{PageError, Site, browser_language, html};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// The colour of a partner that has not chosen one.
const COLOUR: Colour = Colour::new(0x14, 0x50, 0x6b);

/// The language of the page, and of the page that is tried.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Spoken {
    lang: Option<String>,
}

impl Spoken {
    fn language(&self, request: &HttpRequest) -> Language {
        let chosen = self.lang.as_deref().and_then(Language::parse);
        chosen.unwrap_or_else(|| browser_language(request))
    }
}

/// What can be chosen of a list.
struct Choice {
    word: &'static str,
    text: &'static str,
    chosen: bool,
}

/// How well a colour reads somewhere.
struct Place {
    name: &'static str,
    /// The colour of the sample's letters, and behind them.
    front: String,
    back: String,
    /// In words.
    verdict: String,
}

/// The page.
#[derive(Template)]
#[template(path = "docs/branding.html", whitespace = "minimize")]
struct Branding {
    shell: DocsShell,
    /// As it was written.
    colour: String,
    is_wrong: bool,
    buttons: Vec<Choice>,
    kinds: Vec<Choice>,
    languages: Vec<Choice>,
    schemes: Vec<Choice>,
    places: Vec<Place>,
}

/// An address of these pages with what is tried.
fn address(path: &str, tried: &Tried, language: Language) -> String {
    let query = tried.query();
    let and = if query.is_empty() { "" } else { "&" };
    format!("{path}?{query}{and}lang={language}")
}

const fn other(language: Language) -> Language {
    match language {
        Language::Ro => Language::En,
        Language::En => Language::Ro,
    }
}

fn ratio(language: Language, front: Colour, back: Colour) -> String {
    // Never more than there is: 4.49 is not 4.5.
    let tenths = format!("{:.2} : 1", front.contrast(back));
    match language {
        Language::Ro => tenths.replace('.', ","),
        Language::En => tenths,
    }
}

fn places(language: Language, colour: Colour) -> Vec<Place> {
    let t = DocsTexts::of(language);
    let say = |text: &str, shown: (Colour, Colour), own: (Colour, Colour)| {
        text.replace("{ratio}", &ratio(language, shown.0, shown.1))
            .replace("{own}", &ratio(language, own.0, own.1))
            .replace("{colour}", &if shown.0 == own.0 { shown.1 } else { shown.0 }.to_string())
    };
    let on = |text: Colour| if text == Colour::WHITE { t.white_text } else { t.black_text };
    let place = |name, front: Colour, back: Colour, verdict| Place {
        name,
        front: front.to_string(),
        back: back.to_string(),
        verdict,
    };
    let ink = |name, surface: Colour, changed: &str| {
        let shown = colour.readable_on(surface);
        let text = if shown == colour { t.unchanged } else { changed };
        place(name, shown, surface, say(text, (shown, surface), (colour, surface)))
    };
    let (text, dark) = (colour.text_on(), colour.on_dark());
    let dark_text = dark.text_on();
    let dark_verdict = if dark == colour {
        say(on(dark_text), (dark_text, dark), (dark_text, dark))
    } else {
        t.lighter_button
            .replace("{own}", &ratio(language, colour, DARK_SURFACE))
            .replace("{colour}", &dark.to_string())
            .replace("{ratio}", &ratio(language, dark_text, dark))
    };
    vec![
        place(t.place_button, text, colour, say(on(text), (text, colour), (text, colour))),
        ink(t.place_ink, LIGHT_SURFACE, t.darker),
        place(t.place_dark_button, dark_text, dark, dark_verdict),
        ink(t.place_dark_ink, DARK_SURFACE, t.lighter),
    ]
}

fn button_words(t: &DocsTexts, button: ButtonText) -> &'static str {
    match button {
        ButtonText::PayAmount => t.button_pay_amount,
        ButtonText::Pay => t.button_pay,
        ButtonText::Confirm => t.button_confirm,
        ButtonText::Donate => t.button_donate,
        ButtonText::TopUp => t.button_top_up,
    }
}

/// GET /docs/branding.
pub async fn page(
    site: web::Data<Site>,
    request: HttpRequest,
    tried: web::Query<Tried>,
    spoken: web::Query<Spoken>,
) -> Result<HttpResponse, PageError> {
    let language = spoken.language(&request);
    let t = DocsTexts::of(language);
    let colour = tried.colour();
    let kind = tried.kind().unwrap_or(PartnerKind::Ecommerce);
    let button = tried.button().unwrap_or_default();
    let choice = |word, text, chosen| Choice { word, text, chosen };
    let schemes = Scheme::ALL.map(|scheme| {
        let text = match scheme {
            Scheme::Either => t.scheme_either,
            Scheme::Light => t.scheme_light,
            Scheme::Dark => t.scheme_dark,
        };
        choice(scheme.as_str(), text, scheme == tried.scheme())
    });
    let page = Branding {
        shell: DocsShell::new(language, &site.operator.name, address("/docs/branding", &tried, other(language))),
        is_wrong: tried.written().is_some() && colour.is_none(),
        colour: colour.unwrap_or(COLOUR).to_string(),
        buttons: ButtonText::ALL.map(|b| choice(b.as_str(), button_words(t, b), b == button)).into(),
        kinds: vec![
            choice(PartnerKind::Ecommerce.as_str(), t.ecommerce, kind == PartnerKind::Ecommerce),
            choice(PartnerKind::Finance.as_str(), t.finance, kind == PartnerKind::Finance),
        ],
        languages: vec![
            choice("ro", "Română", language == Language::Ro),
            choice("en", "English", language == Language::En),
        ],
        schemes: schemes.into(),
        places: places(language, colour.unwrap_or(COLOUR)),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// GET /docs/branding/preview: the payment page itself, with sample data.
pub async fn preview(
    site: web::Data<Site>,
    request: HttpRequest,
    tried: web::Query<Tried>,
    spoken: web::Query<Spoken>,
) -> Result<HttpResponse, PageError> {
    let language = spoken.language(&request);
    let sample = Sample {
        brand: PartnerBrand {
            name: DocsTexts::of(language).sample_name.into(),
            logo_url: None,
            dark_logo_url: None,
            css_url: Some(format!("/docs/branding/style.css?{}", tried.query())),
            button: tried.button().unwrap_or_default(),
        },
        kind: tried.kind().unwrap_or(PartnerKind::Ecommerce),
        currency: Currency::Ron,
        language,
        nowhere: address("/docs/branding/preview", &tried, language),
        other_language_url: Some(address("/docs/branding/preview", &tried, other(language))),
    };
    Ok(html(StatusCode::OK, sample::page(&site, sample)?))
}

/// POST /docs/branding/preview: the forms of the page lead back to it. What was posted is not read.
pub async fn nowhere(request: HttpRequest, tried: web::Query<Tried>, spoken: web::Query<Spoken>) -> HttpResponse {
    let back = address("/docs/branding", &tried, spoken.language(&request));
    HttpResponse::SeeOther().insert_header((LOCATION, back)).finish()
}

/// GET /docs/branding/style.css.
pub async fn style(tried: web::Query<Tried>) -> HttpResponse {
    let css = page_css_in(tried.colour().unwrap_or(COLOUR), tried.scheme());
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(css)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_verdict_says_what_the_page_does() {
        let of = |colour: &str| {
            let places = places(Language::En, Colour::parse(colour).unwrap());
            places.into_iter().map(|p| p.verdict).collect::<Vec<_>>()
        };
        let strong = of("#14506b");
        assert!(
            strong[0].starts_with("White text") && strong[1].starts_with("Your colour, unchanged: 8."),
            "{strong:?}"
        );
        assert!(strong[2].contains("lightens it to #"), "{strong:?}");
        let pale = of("#ffee88");
        assert!(
            pale[0].starts_with("Black text") && pale[1].contains("only 1.1") && pale[1].contains("darkens"),
            "{pale:?}"
        );
        assert!(
            pale[2].starts_with("Black text") && pale[3].starts_with("Your colour, unchanged"),
            "{pale:?}"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_shown_can_be_read(red: u8, green: u8, blue: u8) {
            for place in places(Language::Ro, Colour::new(red, green, blue)) {
                let (front, back) = (Colour::parse(&place.front).unwrap(), Colour::parse(&place.back).unwrap());
                prop_assert!(front.contrast(back) >= 4.5, "{}: {}", place.name, place.verdict);
                prop_assert!(!place.verdict.contains('{'), "{}", place.verdict);
            }
        }
    }
}
