//! Personal data is shown to those who need it for their work; to others its shape only, until they give a
//! reason, which the audit log keeps (GDPR Art. 5(1)(c), 25).

use super::frame::{Button, shown_address};
use super::gate::{SignedIn, go};
use super::language::own_address;
use super::roles::Route;
use super::session_store::SESSION;
use crate::flow::FlowError;
use crate::flow::unmask::unmask;
use crate::payment::iban::Iban;
use crate::store::admins::Role;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::pages::mask_email;
use crate::web::{PageError, Site};
use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// How personal data is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// As it is.
    Full,
    /// Its shape only.
    Masked,
}

impl Sight {
    /// What a role sees, before or after it gave a reason.
    #[must_use]
    pub fn of(role: Role, unmasked: bool) -> Self {
        match role {
            Role::Administrator | Role::Operations | Role::Compliance => Self::Full,
            Role::Support if unmasked => Self::Full,
            Role::Support | Role::ReadOnly => Self::Masked,
        }
    }

    /// An account number.
    #[must_use]
    pub fn iban(self, iban: &Iban) -> String {
        match self {
            Self::Full => iban.grouped(),
            Self::Masked => iban.masked(),
        }
    }

    /// An e-mail address.
    #[must_use]
    pub fn email(self, email: &str) -> String {
        match self {
            Self::Full => email.to_owned(),
            Self::Masked => mask_email(email),
        }
    }

    /// A name: `I••• P•••`.
    #[must_use]
    pub fn name(self, name: &str) -> String {
        let initial = |word: &str| word.chars().take(1).chain("•••".chars()).collect::<String>();
        match self {
            Self::Full => name.to_owned(),
            Self::Masked => name.split_whitespace().map(initial).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The form that unmasks, as a page shows it: `parts::unmask`.
#[derive(Clone, Debug)]
pub struct UnmaskForm {
    /// Where it is posted to: `about`, `reason`, `back`.
    pub button: Button,
    /// A kind and an id, such as `payment:123`.
    pub about: String,
    /// The page to come back to.
    pub back: String,
}

impl UnmaskForm {
    /// The form for those who see personal data masked there and may unmask it.
    #[must_use]
    pub fn of(site: &Site, request: &HttpRequest, user: &SignedIn, about: &str) -> Option<Self> {
        let needed = user.sight(about) == Sight::Masked && Route::Unmask.allows(user.role);
        needed.then(|| Self {
            button: Button::of(site, &Browser::of(request, site.https()), Route::Unmask),
            about: about.to_owned(),
            back: shown_address(request),
        })
    }
}

/// The posted form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Unmasking {
    csrf: String,
    about: String,
    reason: String,
    back: String,
}

/// POST /back-office/unmask.
pub async fn unmasked(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    session: Session,
    form: web::Form<Unmasking>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let back = own_address(&form.back);
    if !site.is_own_form(&request, Route::Unmask.path(), &form.csrf) {
        return Err(user.failed(&site, FlowError::NotYou));
    }
    unmask(&site.cx, &user.admin.id, &form.about, &form.reason)
        .await
        .map_err(|e| user.failed(&site, e))?;
    let mut kept = user.session.clone();
    if !kept.unmasked.contains(&form.about) {
        kept.unmasked.push(form.about);
    }
    session
        .insert(SESSION, kept)
        .map_err(|e| user.failed(&site, FlowError::Internal(e.to_string())))?;
    Ok(go(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_keeps_its_shape_and_loses_its_content() {
        let iban = Iban::parse("RO66BACX0000001234567890").unwrap();
        let masked = Sight::Masked;
        assert_eq!(masked.name("Ana-Maria  Popescu"), "A••• P•••");
        assert_eq!(masked.name(""), "");
        assert_eq!(masked.email("ana@exemplu.ro"), "a•••@exemplu.ro");
        assert!(!masked.iban(&iban).contains("0000001234"));
        let full = Sight::Full;
        assert_eq!(
            (full.name("Ana").as_str(), full.email("ana@exemplu.ro").as_str()),
            ("Ana", "ana@exemplu.ro")
        );
        assert_eq!(full.iban(&iban).replace(' ', "").replace('\u{a0}', ""), iban.electronic());
    }

    #[test]
    fn support_sees_with_a_reason_and_who_only_looks_never() {
        for role in Role::ALL {
            let (before, after) = (Sight::of(role, false), Sight::of(role, true));
            let expected = match role {
                Role::Support => (Sight::Masked, Sight::Full),
                Role::ReadOnly => (Sight::Masked, Sight::Masked),
                _ => (Sight::Full, Sight::Full),
            };
            assert_eq!((before, after), expected, "{role:?}");
        }
    }
}
