//! Adds a partner.

use super::FlowError;
use super::error::FieldProblem;
use crate::clock::Timestamp;
use crate::partner::{Logo, Partner, PartnerKind};
use crate::store::{Db, StoreError, audit, partners};

/// Adds a partner; `actor` goes to the audit log.
///
/// # Errors
/// [`FlowError::Invalid`] names what is missing, wrong or taken.
pub async fn add_partner(db: &Db, partner: Partner, logo: Option<Logo>, actor: &'static str, now: Timestamp) -> Result<(), FlowError> {
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
        !partner.name.trim().is_empty() && partner.name.chars().count() <= 70,
        "name",
        "1 to 70 characters",
    );
    check(
        !partner.certificate_subject.is_empty() && !partner.certificate_issuer.is_empty(),
        "certificate",
        "subject and issuer are needed",
    );
    let plain = |u: &url::Url| matches!(u.scheme(), "https" | "http") && u.query().is_none() && u.fragment().is_none();
    check(
        partner.redirect_urls.iter().all(plain),
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
    if !problems.is_empty() {
        return Err(FlowError::Invalid(problems));
    }
    let added = db
        .write(move |a| {
            partners::add(a, &partner, now)?;
            if let Some((bytes, media_type)) = &logo {
                partners::set_logo(a, &partner.id, bytes, media_type)?;
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
