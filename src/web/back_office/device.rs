//! The mark of a browser that has signed in before: it gives its user an allowance of tries that no stranger
//! can use up (OWASP: device cookies). It signs nobody in.

use crate::crypto;
use crate::web::Site;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

fn name(site: &Site) -> &'static str {
    if site.https() { "__Host-office-device" } else { "office-device" }
}

fn proof(site: &Site, user_name: &str, nonce: &str) -> String {
    site.cx.db.vault().keyed_hash("office device", &format!("{user_name}|{nonce}"))
}

/// The cookie of a browser in which a user has just signed in.
pub(super) fn cookie(site: &Site, user_name: &str) -> Cookie<'static> {
    let nonce = crypto::new_token();
    let value = format!("{nonce}.{}", proof(site, user_name, &nonce));
    Cookie::build(name(site), value)
        .path("/")
        .max_age(Duration::days(365))
        .http_only(true)
        .secure(site.https())
        .same_site(SameSite::Strict)
        .finish()
}

/// The answer, which marks the browser.
pub(super) fn remembered(mut answer: HttpResponse, cookie: Option<Cookie<'static>>) -> HttpResponse {
    if let Some(cookie) = cookie {
        // Adding fails only for a cookie that is no header value, which ours always is.
        let _ = answer.add_cookie(&cookie);
    }
    answer
}

/// The mark of a browser in which this user has signed in before.
pub(super) fn known(site: &Site, request: &HttpRequest, user_name: &str) -> Option<String> {
    let cookie = request.cookie(name(site))?;
    let (nonce, shown) = cookie.value().split_once('.')?;
    crypto::same(&proof(site, user_name, nonce), shown).then(|| nonce.to_owned())
}
