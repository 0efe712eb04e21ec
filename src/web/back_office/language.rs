//! The choice of the language: kept with the account, and in the browser for the pages before signing in.

use super::gate::{go, user_of};
use super::roles::Route;
use crate::flow::choose_language::choose_language;
use crate::payment::Language;
use crate::web::{PageError, Site, browser_language};
use actix_session::Session;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// Says nothing but the language.
pub const COOKIE: &str = "office-language";

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Choice {
    csrf: String,
    language: String,
    back: String,
}

/// An address of the back office as it was posted, or its first page for anything else.
pub(super) fn own_address(posted: &str) -> &str {
    let first = Route::Payments.path();
    let rest = posted.strip_prefix(first);
    let own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let plain = posted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if own && plain && posted.len() <= 500 { posted } else { first }
}

/// POST /back-office/language. Anything that is no language changes nothing.
pub async fn choose(
    site: web::Data<Site>,
    request: HttpRequest,
    session: Session,
    form: web::Form<Choice>,
) -> Result<HttpResponse, PageError> {
    let mut answer = go(own_address(&form.back));
    let own = site.is_own_form(&request, Route::ChooseLanguage.path(), &form.csrf);
    let Some(language) = Language::parse(&form.language).filter(|_| own) else {
        return Ok(answer);
    };
    let failed = |e| PageError::of_office(&site, browser_language(&request), e);
    if let Some(user) = user_of(&site, &request, &session).await.map_err(failed)? {
        choose_language(&site.cx, &user.admin.id, language).await.map_err(failed)?;
    }
    let cookie = Cookie::build(COOKIE, language.as_str())
        .path(Route::Payments.path())
        .max_age(Duration::days(365))
        .http_only(true)
        .secure(site.https())
        .same_site(SameSite::Lax)
        .finish();
    // Adding fails only for a cookie that is no header value, which this one always is.
    let _ = answer.add_cookie(&cookie);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for own in ["/back-office", "/back-office?status=in_doubt", "/back-office/payments/1?x=%20"] {
            assert_eq!(own_address(own), own);
        }
        let long = format!("/back-office?{}", "x".repeat(500));
        for other in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/back-office",
            "/back-office.evil.example",
            "/back-office/\\evil",
            "/back-office\r\nSet-Cookie: x",
            "/back-officer",
            &long,
        ] {
            assert_eq!(own_address(other), "/back-office", "{other}");
        }
    }
}
