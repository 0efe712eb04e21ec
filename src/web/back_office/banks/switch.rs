//! The forms that switch a bank off and on.

use super::address;
use super::page::OffForm;
use super::show::page;
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::close_bank::{Closing, close_bank, open_bank};
use crate::web::back_office::gate::{Fresh, SignedIn, go};
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{NaiveDateTime, TimeZone as _};
use chrono_tz::Europe::Bucharest;
use serde::Deserialize;

/// The form that switches a bank off.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Off {
    csrf: String,
    from: String,
    until: String,
    message_ro: String,
    message_en: String,
    reason: String,
}

/// The form that ends a time off.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct On {
    csrf: String,
    closure: String,
}

/// A time as a browser sends it (HTML `datetime-local`), Romanian time; `Ok(None)` for none. A time that comes twice,
/// when clocks are set back, is the first of the two; one that does not come is none.
fn time(text: &str) -> Result<Option<Timestamp>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let at = local.and_then(|local| Bucharest.from_local_datetime(&local).earliest());
    at.map(|at| Some(at.naive_utc())).ok_or(())
}

impl Off {
    /// What is wanted, or the fields that cannot be read.
    fn closing(&self, bank: &str) -> Result<Closing, Vec<String>> {
        let (from, until) = (time(&self.from), time(&self.until));
        let unreadable = [("from", from.is_err()), ("until", until.is_err())];
        let wrong = unreadable.into_iter().filter(|(_, wrong)| *wrong);
        let wrong: Vec<String> = wrong.map(|(field, _)| field.to_owned()).collect();
        match (from, until) {
            (Ok(from), Ok(until)) => Ok(Closing {
                bank: bank.to_owned(),
                from,
                until,
                message_ro: self.message_ro.clone(),
                message_en: self.message_en.clone(),
                reason: self.reason.clone(),
            }),
            _ => Err(wrong),
        }
    }

    fn again(self, wrong: Vec<String>) -> OffForm {
        OffForm {
            from: self.from,
            until: self.until,
            message_ro: self.message_ro,
            message_en: self.message_en,
            reason: self.reason,
            wrong,
        }
    }
}

/// POST /back-office/banks/{id}/off.
pub async fn off(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    _: Fresh,
    bank: web::Path<String>,
    form: web::Form<Off>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let (status, wrong) = if site.is_own_form(&request, &address(Route::SwitchBankOff, &bank), &form.csrf) {
        let done = match form.closing(&bank) {
            Ok(closing) => close_bank(&site.cx, &user.admin.id, closing).await,
            Err(wrong) => {
                let state = (StatusCode::UNPROCESSABLE_ENTITY, None, form.again(wrong));
                return page(&site, &request, &user, &bank, state).await;
            }
        };
        match done {
            Ok(()) => return Ok(go(&format!("{}?off=1", address(Route::Bank, &bank)))),
            Err(FlowError::Invalid(problems)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                problems.into_iter().map(|problem| problem.field).collect(),
            ),
            Err(FlowError::TooMany) => (StatusCode::CONFLICT, vec!["many".to_owned()]),
            Err(other) => return Err(user.failed(&site, other)),
        }
    } else {
        (StatusCode::FORBIDDEN, vec!["page".to_owned()])
    };
    page(&site, &request, &user, &bank, (status, None, form.again(wrong))).await
}

/// POST /back-office/banks/{id}/on.
pub async fn on(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    _: Fresh,
    bank: web::Path<String>,
    form: web::Form<On>,
) -> Result<HttpResponse, PageError> {
    if !site.is_own_form(&request, &address(Route::SwitchBankOn, &bank), &form.csrf) {
        return Err(user.failed(&site, FlowError::NotYou));
    }
    match open_bank(&site.cx, &user.admin.id, &bank, &form.closure).await {
        Ok(()) => Ok(go(&format!("{}?on=1", address(Route::Bank, &bank)))),
        Err(other) => Err(user.failed(&site, other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_romanian_and_none_that_does_not_come_is_taken() {
        let utc = |text: &str| text.parse::<Timestamp>().unwrap();
        for (typed, meant) in [
            ("2026-11-21T22:30", Ok(Some(utc("2026-11-21T20:30:00")))),
            ("2026-07-01T00:15:00", Ok(Some(utc("2026-06-30T21:15:00")))),
            // Clocks are set back at four: half past three comes twice.
            ("2026-10-25T03:30", Ok(Some(utc("2026-10-25T00:30:00")))),
            // And forward at three.
            ("2026-03-29T03:30", Err(())),
            (" ", Ok(None)),
            ("mâine", Err(())),
            ("2026-02-30T10:00", Err(())),
        ] {
            assert_eq!(time(typed), meant, "{typed}");
        }
    }
}
