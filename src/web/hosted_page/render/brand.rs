//! How a partner shows itself on its payers' pages.

use crate::partner::Partner;
use crate::web::hosted_page::colour::{Colour, page_css_version};
use crate::web::hosted_page::pages::PartnerBrand;

/// Its name, logos, colour and button.
#[must_use]
pub fn brand(partner: &Partner) -> PartnerBrand {
    let colour = Colour::parse(&partner.colour);
    PartnerBrand {
        name: partner.name.clone(),
        logo_url: partner.has_logo.then(|| format!("/partner/{}/logo", partner.id)),
        dark_logo_url: partner.has_dark_logo.then(|| format!("/partner/{}/dark-logo", partner.id)),
        css_url: colour.map(|colour| format!("/partner/{}/style.css?v={}", partner.id, page_css_version(colour))),
        button: partner.button_text,
    }
}
