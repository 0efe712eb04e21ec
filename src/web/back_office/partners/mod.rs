//! Partners: the list, a new one, and a partner's profile, whose changes that matter become proposals.
//!
//! **Invariant:** nothing is written here: handlers read a form, start one flow, and show the page again with what
//! was wrong and what was typed.

mod certificate;
mod changes;
mod list;
mod page;
mod preview;
mod show;
mod signatures;
pub mod texts;
mod upload;

use super::look;
use super::roles::{Route, serve};
use crate::web::Site;
use crate::web::hosted_page::browser::Browser;
use actix_web::{HttpRequest, web};

/// Pages about a partner.
#[derive(Debug)]
pub enum OfPartner {}

/// Who looks at a partner's page.
type Look = look::Look<OfPartner>;

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::Partners, list::list);
    serve(config, Route::NewPartner, list::new_page);
    serve(config, Route::AddPartner, list::add);
    serve(config, Route::Partner, show::show);
    serve(config, Route::EditPartner, changes::edit);
    serve(config, Route::PartnerLogo, changes::logo);
    serve(config, Route::ReadCertificate, certificate::read);
    serve(config, Route::ProposeCertificate, certificate::propose_new);
    serve(config, Route::RemoveCertificate, certificate::remove);
    serve(config, Route::ProposeRedirects, changes::redirects);
    serve(config, Route::ProposeLimits, changes::limits);
    serve(config, Route::ProposeSignatures, signatures::propose_new);
    serve(config, Route::ProposeActivation, changes::activation);
    serve(config, Route::PreviewPartner, preview::page);
    serve(config, Route::TryColour, preview::tried);
    serve(config, Route::PreviewStyle, preview::style);
}

/// The address of a route about a partner or a proposal.
pub(super) fn address(route: Route, id: &str) -> String {
    route.path().replace("{id}", id)
}

/// Whether a text of an address can be the id of a partner or a proposal; what cannot is no business of a database.
pub(super) fn is_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// A form of a page: where it is posted to, and its anti-forgery token.
#[derive(Clone, Debug)]
pub struct OwnForm {
    /// Where it is posted to.
    pub action: String,
    /// The field `csrf`.
    pub csrf: String,
}

impl OwnForm {
    /// The form of a route about a partner or a proposal.
    pub(super) fn of(site: &Site, request: &HttpRequest, route: Route, id: &str) -> Self {
        let action = address(route, id);
        Self {
            csrf: Browser::of(request, site.https()).csrf(site.cx.db.vault(), &action),
            action,
        }
    }

    /// Whether a posted form is that one.
    pub(super) fn is_own(site: &Site, request: &HttpRequest, route: Route, id: &str, csrf: &str) -> bool {
        site.is_own_form(request, &address(route, id), csrf)
    }
}
