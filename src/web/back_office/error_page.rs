//! The page of an error inside the back office, with a way back: its readers are the operator's own people, who
//! have no shop to return to.

use super::frame::OfficeShell;
use super::roles::Route;
use crate::payment::Language;
use crate::web::Site;
use crate::web::hosted_page::texts::catalogue;
use actix_web::http::StatusCode;
use askama::Template;

catalogue! {
    /// The texts.
    OfficeErrorTexts {
        missing: "Pagina nu există", "There is no such page";
        missing_lead: "Nu este nimic la această adresă, sau nu mai este.", "There is nothing at this address, or not any more.";
        too_many: "Prea multe încercări", "Too many tries";
        too_many_lead: "Așteaptă un minut și încearcă din nou.", "Wait a minute and try again.";
        refused: "Cererea nu a putut fi primită", "The request could not be taken";
        refused_lead: "Nimic nu s-a schimbat. Revino la pagina anterioară, reîncarc-o și încearcă din nou.",
            "Nothing has changed. Go back to the page before, reload it and try again.";
        fault: "Ceva nu a mers la noi", "Something went wrong on our side";
        fault_lead: "Nu știm dacă ce ai cerut s-a făcut. Uită-te la starea de acum înainte de a încerca din nou.",
            "We do not know whether what you asked for was done. Look at how things stand before you try again.";
        reference: "Referință, și în jurnalul programului", "Reference, also in the program’s log";
        home: "Înapoi la prima pagină", "Back to the first page";
    }
}

#[derive(Debug, Template)]
#[template(path = "back_office/error.html", whitespace = "minimize")]
struct OfficeError<'a> {
    shell: OfficeShell,
    e: &'static OfficeErrorTexts,
    title: &'static str,
    lead: &'static str,
    reference: &'a str,
    home: &'static str,
}

/// Whether an address is one of the back office.
#[must_use]
pub fn is_inside(path: &str) -> bool {
    path.strip_prefix(Route::Payments.path())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The page for a status.
#[must_use]
pub fn page(site: &Site, language: Language, status: StatusCode, reference: &str) -> String {
    let e = OfficeErrorTexts::of(language);
    let (title, lead) = match status {
        StatusCode::NOT_FOUND => (e.missing, e.missing_lead),
        StatusCode::TOO_MANY_REQUESTS => (e.too_many, e.too_many_lead),
        s if s.is_client_error() => (e.refused, e.refused_lead),
        _ => (e.fault, e.fault_lead),
    };
    let page = OfficeError {
        shell: OfficeShell::new(language, site.operator.name.clone()),
        e,
        title,
        lead,
        reference,
        home: Route::Payments.path(),
    };
    page.render().unwrap_or_else(|_| format!("{title}. {lead} ({reference})"))
}
