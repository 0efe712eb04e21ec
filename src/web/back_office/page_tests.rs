//! What tests of pages share.

use super::frame::OfficeShell;
use crate::payment::Language;
use scraper::{Html, Selector};

/// Around a page of an operator.
pub fn shell(language: Language) -> OfficeShell {
    OfficeShell::new(language, "Plăți Sigure S.A.".into())
}

/// The texts of what a selector finds.
pub fn texts(page: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).unwrap();
    page.select(&selector)
        .map(|e| e.text().collect::<String>().trim().to_owned())
        .collect()
}
