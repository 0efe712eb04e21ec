//! Pages for those who build with this service. Anyone may read them.
//!
//! **Invariant:** nothing here needs a session, touches a payment or keeps what a reader typed: every page is a GET
//! whose address says all that was chosen.

pub mod branding;
pub mod texts;

use crate::payment::Language;
use crate::web::assets;
use actix_web::web;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/docs/branding", web::get().to(branding::page));
    config.service(
        web::resource("/docs/branding/preview")
            .route(web::get().to(branding::preview))
            .route(web::post().to(branding::nowhere)),
    );
    config.route("/docs/branding/style.css", web::get().to(branding::style));
}

/// What stands around every page.
#[derive(Clone, Debug)]
pub struct DocsShell {
    language: Language,
    /// The texts.
    pub t: &'static texts::DocsTexts,
    /// Who runs the service.
    pub operator: String,
    /// The same page in the other language.
    pub other_language_url: String,
}

impl DocsShell {
    /// Around a page whose address in the other language is this.
    #[must_use]
    pub fn new(language: Language, operator: &str, other_language_url: String) -> Self {
        Self {
            language,
            t: texts::DocsTexts::of(language),
            operator: operator.to_owned(),
            other_language_url,
        }
    }

    /// The page's language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    fn css(&self) -> String {
        assets::url("app.css")
    }

    fn own_css(&self) -> String {
        assets::url("docs.css")
    }

    fn icon(&self) -> String {
        assets::url("icon.svg")
    }
}
