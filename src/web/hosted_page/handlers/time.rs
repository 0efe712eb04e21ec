//! More time over HTTP: with a script the page stays as it is, without one it is shown again with what was typed.

use super::{Checked, Posted, check, see_other};
use crate::flow::FlowError;
use crate::flow::extend_time::{Extended, can_be_extended, extend_time};
use crate::payment::Status;
use crate::web::hosted_page::render::{AskedTime, View};
use crate::web::hosted_page::typed::Typed;
use crate::web::{PageError, Site};
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::DateTime;

/// POST /payment-initiation/time.
pub async fn extend(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let posted = posted.into_inner();
    let by_script = wants_json(&request);
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    if checked.forged {
        return Ok(if by_script {
            HttpResponse::Forbidden().finish()
        } else {
            see_other(&checked.view(&site).form_path())
        });
    }
    let shown = posted.until.parse().ok().and_then(DateTime::from_timestamp_micros);
    let (cx, id, browser) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    // A page that does not say what it showed gets what there is.
    let shown = shown.map_or(checked.payment.expires_at, |shown| shown.naive_utc());
    let extended = site.detached.run(async move { extend_time(&cx, id, &browser, shown).await }).await;
    let asked = match extended {
        Ok(Extended::Until(_)) => Some(AskedTime::Given),
        Ok(Extended::NoMore(_)) => Some(AskedTime::NoMore),
        Err(FlowError::Busy) => Some(AskedTime::Busy),
        Err(FlowError::NotAllowed) => None,
        Err(other) => return Err(PageError::new(&site, checked.language, other)),
    };
    let checked = checked.read_again(&site).await?;
    if by_script {
        return Ok(for_script(&site, &checked, asked));
    }
    Ok(shown_again(&site, &checked, asked, posted))
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|accept| accept.starts_with("application/json"))
}

/// What the page has to change; 409 when the payment no longer waits and the page is to be loaded again.
fn for_script(site: &Site, checked: &Checked, asked: Option<AskedTime>) -> HttpResponse {
    let Some(asked) = asked else {
        return HttpResponse::Conflict().json(serde_json::json!({ "over": true }));
    };
    let view = checked.view(site);
    let until = checked.payment.expires_at;
    HttpResponse::Ok().json(serde_json::json!({
        "said": asked.say(checked.language, until),
        "line": view.until_line(),
        "seconds": view.seconds_left(),
        "until": until.and_utc().timestamp_micros(),
        "more": can_be_extended(&site.cx, &checked.payment),
    }))
}

/// The page again, which keeps what was typed.
fn shown_again(site: &Site, checked: &Checked, asked: Option<AskedTime>, posted: Posted) -> HttpResponse {
    let view: View<'_> = checked.view(site);
    let word = asked.map(|asked| format!("&time={}", asked.as_str())).unwrap_or_default();
    let answer = see_other(&format!("{}{word}", view.form_path()));
    if !matches!(checked.payment.status, Status::Created | Status::AttemptRefused) {
        return answer;
    }
    let input = posted.into_input();
    Typed::of(&input).kept(answer, &checked.browser, site.https(), site.cx.db.vault(), checked.payment.id)
}
