//! The first page: how many payments stand where, and the newest.

use super::frame::OfficeShell;
use super::gate::SignedIn;
use super::masking::Sight;
use super::roles::Route;
use super::waiting::Waiting;
use crate::flow::Context;
use crate::payment::{Language, Status};
use crate::store::payment_search::{self, From, Line};
use crate::web::hosted_page::pages::money;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// Payments on the first page.
const NEWEST: i64 = 20;
/// Payments of a state are counted so far: one more than is said.
const COUNTED: i64 = 1001;

/// A line of the list of payments: texts as they are shown.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// Our reference.
    pub reference: String,
    /// When it was created, in local time.
    pub created_at: String,
    /// The partner's name.
    pub partner: String,
    /// Who receives the money; empty when not known yet.
    pub creditor: String,
    /// With its currency; empty when not known yet.
    pub amount: String,
    /// The bank's name; empty when none was chosen.
    pub bank: String,
    /// Where it stands; `None` when that cannot be read.
    pub status: Option<Status>,
    /// The bank's last word; hostile text.
    pub bank_word: String,
}

/// The first page after signing in.
#[derive(Debug, Template)]
#[template(path = "back_office/home.html", whitespace = "minimize")]
pub struct Home {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The state whose payments alone are shown.
    pub only: Option<Status>,
    /// How many payments stand where.
    pub counts: Vec<(Status, u64)>,
    /// The latest payments, newest first.
    pub payments: Vec<PaymentRow>,
    /// What waits for people.
    pub waiting: Waiting,
}

impl Home {
    fn in_doubt(&self) -> u64 {
        self.counts
            .iter()
            .find(|(s, _)| *s == Status::InDoubt)
            .map_or(0, |(_, count)| *count)
    }
}

/// The query of the first page.
#[derive(Debug, Deserialize)]
pub struct Filter {
    status: Option<String>,
}

/// GET /back-office: the newest payments, or those in one state. A state that does not exist is no filter.
pub async fn home(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    filter: web::Query<Filter>,
) -> Result<HttpResponse, PageError> {
    let language = user.language;
    let only = filter.status.as_deref().and_then(Status::parse);
    let (cx, sight) = (site.cx.clone(), user.sight("payments:list"));
    let (counts, payments) = site
        .cx
        .db
        .read(move |a| {
            let counts = payment_search::counts(a, COUNTED)?;
            let filter = payment_search::Filter {
                status: only,
                ..payment_search::Filter::default()
            };
            let places = payment_search::find(a, &filter, From::Top, NEWEST)?;
            let lines = payment_search::lines(a, &places)?;
            let rows = lines.into_iter().map(|line| row(&cx, line, language, sight)).collect();
            Ok((counts, rows))
        })
        .await
        .map_err(|e| user.failed(&site, e))?;
    let waiting = Waiting::read(&site, &user).await?;
    let page = Home {
        shell: user.shell(&site, &request, Route::Payments),
        only,
        counts: counts
            .into_iter()
            .map(|(s, count)| (s, u64::try_from(count).unwrap_or(0)))
            .collect(),
        payments,
        waiting,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

fn row(cx: &Context, line: Line, language: Language, sight: Sight) -> PaymentRow {
    let bank = line.bank_code.as_deref().and_then(|code| cx.banks.get(code));
    PaymentRow {
        reference: line.id.to_string(),
        created_at: crate::web::hosted_page::local_time(line.created_at, language),
        partner: line.partner,
        creditor: sight.name(&line.creditor),
        amount: line.amount.map(|amount| money(language, amount)).unwrap_or_default(),
        bank: bank.map(|b| b.name.clone()).or(line.bank_code).unwrap_or_default(),
        status: line.status,
        bank_word: line.bank_word.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::page_tests::{shell, texts};
    use super::super::texts::OfficeTexts;
    use super::*;

    #[test]
    fn the_list_is_escaped_and_every_status_has_words() {
        let row = |status| PaymentRow {
            reference: "1234567890123456".into(),
            created_at: "21.11.2026 10:00".into(),
            partner: "<i>Shop".into(),
            creditor: "A & B".into(),
            amount: "1,00 RON".into(),
            bank: String::new(),
            status,
            bank_word: "<script>".into(),
        };
        for language in Language::ALL {
            let page = Home {
                shell: shell(language),
                only: Some(Status::InDoubt),
                counts: Status::ALL.map(|s| (s, 1)).to_vec(),
                payments: Status::ALL.map(Some).into_iter().chain([None]).map(row).collect(),
                waiting: Waiting::none(language),
            }
            .render()
            .unwrap();
            assert_eq!(texts(&page, "tbody tr").len(), 2 * Status::ALL.len() + 1);
            assert!(!page.contains("<i>") && !page.contains("<script>"));
            assert_eq!(texts(&page, "h1"), [OfficeTexts::of(language).payments]);
        }
    }
}
