//! The accounting page: the company's accounts at its bank, read under a consent that is kept in memory only.

use super::gateway_accounts::{Account, Balance};
use super::gateway_client::{GatewayError, Tokens};
use super::{Demo, pages};
use crate::payment::{Amount, Currency, Iban};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

const HERE: &str = "/erp/conturi";

/// The consent there is.
pub(super) struct Asked {
    tokens: Tokens,
    page: String,
}

/// What the page shows of it.
enum State {
    /// Nothing was asked.
    None,
    /// The payer has not decided yet.
    Waiting,
    /// The accounts.
    Seen(Vec<Account>),
    /// It came to nothing, or has ended.
    Over,
    /// The service does not answer.
    Failed,
}

#[derive(Template)]
#[template(path = "demo/erp/accounts.html")]
struct AccountsPage<'a> {
    refresh_s: u32,
    company: &'a str,
    state: State,
    bank: String,
    until: String,
    /// The gateway's own word.
    word: String,
}

#[derive(Template)]
#[template(path = "demo/erp/go_to_consent.html")]
struct GoPage<'a> {
    refresh_s: u32,
    company: &'a str,
    to: &'a str,
}

impl Account {
    fn number(&self) -> String {
        let text = self.iban.as_deref().unwrap_or_default();
        Iban::parse(text).map_or_else(|_| text.to_owned(), |iban| iban.grouped())
    }
}

impl Balance {
    fn shown(&self) -> String {
        let (sign, number) = self.amount.strip_prefix('-').map_or(("", self.amount.as_str()), |n| ("−", n));
        let amount = Currency::from_code(&self.currency).and_then(|c| Amount::parse(number, c).ok());
        amount.map_or_else(
            || format!("{} {}", self.amount.replace('.', ","), self.currency),
            |a| format!("{sign}{}", a.romanian()),
        )
    }
}

/// GET: the accounts, or the way to them.
pub(super) async fn show(demo: web::Data<Demo>) -> HttpResponse {
    let mut page = AccountsPage {
        refresh_s: 0,
        company: &demo.site.erp.creditor_name,
        state: State::None,
        bank: String::new(),
        until: String::new(),
        word: String::new(),
    };
    if let Some(asked) = demo.asked.lock().await.as_mut()
        && let Err(error) = look(&demo, asked, &mut page).await
    {
        tracing::info!(%error, "the demo's consent cannot be looked at now");
        page.state = State::Failed;
    }
    pages::page(StatusCode::OK, &page)
}

async fn look(demo: &Demo, asked: &mut Asked, page: &mut AccountsPage<'_>) -> Result<(), GatewayError> {
    let gateway = &demo.cashier.erp;
    let status = gateway.consent_status(&mut asked.tokens).await?;
    page.state = if status.is_usable {
        State::Seen(gateway.accounts(&mut asked.tokens).await?)
    } else if status.is_final {
        State::Over
    } else {
        page.refresh_s = 4;
        State::Waiting
    };
    page.bank = status.bank.unwrap_or_default();
    let day = status.valid_until.unwrap_or_default();
    page.until = day.parse::<NaiveDate>().map_or(day, |day| day.format("%d.%m.%Y").to_string());
    page.word = status.consent_status;
    Ok(())
}

/// POST: asks for a new consent.
pub(super) async fn ask(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    let back = demo.site.base_url.join(HERE).map_or_else(|_| String::new(), String::from);
    match demo.cashier.erp.ask_consent(&back).await {
        Ok((tokens, page)) => {
            *demo.asked.lock().await = Some(Asked { tokens, page: page.into() });
            pages::see_other("/erp/conturi/mergi")
        }
        Err(error) => {
            tracing::warn!(%error, "the demo's consent could not be asked for");
            let text = "Serviciul de plată nu răspunde sau a refuzat cererea. Încercați din nou mai târziu.";
            pages::problem(StatusCode::BAD_GATEWAY, "Accesul nu a putut fi cerut", text)
        }
    }
}

/// GET: on the way to the consent's page.
pub(super) async fn go(demo: web::Data<Demo>) -> HttpResponse {
    let to = demo.asked.lock().await.as_ref().map(|asked| asked.page.clone());
    let Some(to) = to else { return pages::see_other(HERE) };
    let page = GoPage {
        refresh_s: 0,
        company: &demo.site.erp.creditor_name,
        to: &to,
    };
    pages::page(StatusCode::OK, &page)
}

/// POST: ends the consent. Without an answer it is kept, so that it can be ended later.
pub(super) async fn end(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    if let Some(asked) = demo.asked.lock().await.as_mut()
        && let Err(error) = demo.cashier.erp.revoke_consent(&mut asked.tokens).await
    {
        tracing::info!(%error, "the demo's consent could not be ended now");
    }
    pages::see_other(HERE)
}

#[cfg(test)]
mod tests {
    use super::Balance;

    #[test]
    fn balances_are_written_as_romanians_read_them() {
        for (amount, shown) in [("3200.50", "3.200,50 RON"), ("-2894.05", "−2.894,05 RON"), ("0.00", "0,00 RON")] {
            let (amount, currency) = (amount.to_owned(), "RON".to_owned());
            assert_eq!(Balance { amount, currency }.shown(), shown);
        }
    }
}
