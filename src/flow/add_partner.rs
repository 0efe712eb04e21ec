//! Adds a partner.

use super::FlowError;
use super::error::FieldProblem;
use crate::clock::Timestamp;
use crate::partner::{Logos, Partner, PartnerKind, Screen};
use crate::payment::text::has_forbidden_characters;
use crate::store::{Db, StoreError, audit, partners};

/// Whether payers may be sent back to it in principle: http or https, no query, no fragment, no user.
#[must_use]
pub fn is_plain_url(url: &url::Url) -> bool {
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "https" | "http") && bare
}

/// What is wrong with a partner. One that is not to be activated yet needs no certificate.
pub(super) fn problems_of(partner: &Partner, may_lack_certificate: bool) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut check = |good: bool, field: &str, message: &str| {
        if !good {
            problems.push(FieldProblem::new(field, "NOT_USABLE", message));
        }
    };
    let usable = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    check(
        (3..=64).contains(&partner.client_id.len()) && partner.client_id.chars().all(usable),
        "client_id",
        "3 to 64 letters, digits, dots, dashes, underscores",
    );
    check(
        !partner.name.trim().is_empty() && partner.name.chars().count() <= 70 && !has_forbidden_characters(&partner.name),
        "name",
        "1 to 70 characters",
    );
    check(
        may_lack_certificate || (!partner.certificate_subject.is_empty() && !partner.certificate_issuer.is_empty()),
        "certificate",
        "subject and issuer are needed",
    );
    check(
        partner.redirect_urls.iter().all(is_plain_url),
        "redirect_urls",
        "https URLs without query and fragment",
    );
    let colour = partner
        .colour
        .strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    check(colour, "colour", "a colour is written #rrggbb");
    check(
        !partner.account_access || partner.kind == PartnerKind::Finance,
        "account_access",
        "only Finance partners may have access to accounts",
    );
    problems
}

/// Adds a partner; `actor` goes to the audit log.
///
/// # Errors
/// [`FlowError::Invalid`] names what is missing, wrong or taken.
pub async fn add_partner(db: &Db, partner: Partner, logos: Option<Logos>, actor: &'static str, now: Timestamp) -> Result<(), FlowError> {
    let problems = problems_of(&partner, false);
    if !problems.is_empty() {
        return Err(FlowError::Invalid(problems));
    }
    let added = db
        .write(move |a| {
            partners::add(a, &partner, now)?;
            let logos = logos.unwrap_or_default();
            for (screen, logo) in [(Screen::Light, &logos.light), (Screen::Dark, &logos.dark)] {
                if logo.is_some() {
                    partners::set_logo(a, &partner.id, screen, logo.as_ref())?;
                }
            }
            audit::add(a, now, actor, "partner_added", Some(&partner.id), None)
        })
        .await;
    match added {
        Err(StoreError::Taken(what)) => Err(FlowError::Invalid(vec![FieldProblem::new(
            "client_id",
            "TAKEN",
            format!("{what} is taken"),
        )])),
        other => Ok(other?),
    }
}
