//! The list of payments: search, pages, kept searches, and taking out what it shows.

use super::gate::{SignedIn, go};
use super::masking::Sight;
use super::payment_list_page::{ListRow, ListTexts, PaymentList, Problem, Saved, Total, choices, statuses};
use super::roles::Route;
use crate::flow::export::{COLUMNS, Export, csv_head, csv_rows};
use crate::flow::payment_query::{Asked, Wrong, place, written};
use crate::flow::{FlowError, saved_searches};
use crate::payment::Language;
use crate::store::payment_search::{self, Filter, From, Line};
use crate::store::search_keys::Person;
use crate::store::{StoreError, partners, saved_filters};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::pages::{mask_email, money};
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, LOCATION};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

pub(super) const ADDRESS: &str = "/back-office/payments";
const SEARCH: &str = "/back-office/payments/search";
/// Payments of a page.
const PAGE: usize = 50;
/// Payments are counted so far and no further.
const COUNTED: usize = 1000;

/// Where in the list a page begins, in its address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct At {
    after: String,
    before: String,
}

/// What a page is made of.
struct Look<'a> {
    site: &'a Site,
    request: &'a HttpRequest,
    user: &'a SignedIn,
}

/// What was found.
struct Found {
    lines: Vec<Line>,
    total: Total,
    newer: Option<String>,
    older: Option<String>,
}

impl Found {
    const fn nothing() -> Self {
        Self {
            lines: Vec::new(),
            total: Total::Exactly(0),
            newer: None,
            older: None,
        }
    }
}

/// A person as the page says whom it searched for.
fn masked(person: &Person) -> String {
    match person {
        Person::Email(address) => mask_email(address),
        Person::Iban(iban) => iban.masked(),
        Person::IbanEnd(end) => format!("•••• {end}"),
    }
}

/// An address of the list.
fn address(path: &str, query: &str, more: &str) -> String {
    match (query.is_empty(), more.is_empty()) {
        (true, true) => path.to_owned(),
        (false, true) => format!("{path}?{query}"),
        (true, false) => format!("{path}?{more}"),
        (false, false) => format!("{path}?{query}&{more}"),
    }
}

/// A page of a filter. The first one is counted with what it reads; the others are not.
async fn page(site: &Site, filter: Filter, from: From, query: &str) -> Result<Found, StoreError> {
    let limit = if from == From::Top { COUNTED } else { PAGE } + 1;
    let (mut places, lines) = site
        .cx
        .db
        .read(move |a| {
            let mut places = payment_search::find(a, &filter, from, limit as i64)?;
            // Read towards newer payments, the one too many is the first.
            let too_many = matches!(from, From::Before(_)) && places.len() > PAGE;
            let shown = if too_many {
                &places[1..]
            } else {
                &places[..places.len().min(PAGE)]
            };
            let lines = payment_search::lines(a, shown)?;
            if too_many {
                places.rotate_left(1);
            }
            Ok((places, lines))
        })
        .await?;
    let (found, more) = (places.len(), places.len() > PAGE);
    places.truncate(PAGE);
    let newer = match from {
        From::Top => false,
        From::After(_) => true,
        From::Before(_) => more,
    };
    let older = more || matches!(from, From::Before(_));
    let link = |name: &str, place: Option<&payment_search::Place>| {
        place.map(|place| address(ADDRESS, query, &format!("{name}={}", written(*place))))
    };
    Ok(Found {
        lines,
        total: match from {
            From::Top if found > COUNTED => Total::Many,
            From::Top => Total::Exactly(found),
            _ => Total::Unknown,
        },
        newer: link("before", places.first()).filter(|_| newer),
        older: link("after", places.last()).filter(|_| older),
    })
}

impl Look<'_> {
    async fn render(&self, asked: Asked, at: &At, mut problems: Vec<Problem>) -> Result<String, PageError> {
        let (site, language) = (self.site, self.user.language);
        let query = asked.query();
        let vault = site.cx.db.vault();
        let mut who = None;
        let found = match asked.filter(vault) {
            Ok(filter) => {
                who = filter.person.as_ref().map(masked);
                page(site, filter, place(&at.after, &at.before), &query)
                    .await
                    .map_err(|e| self.user.failed(site, e))?
            }
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(Problem::Field));
                Found::nothing()
            }
        };
        let admin_id = self.user.admin.id.clone();
        let (all, saved) = site
            .cx
            .db
            .read(move |a| Ok((partners::list(a)?, saved_filters::of(a, &admin_id)?)))
            .await
            .map_err(|e| self.user.failed(site, e))?;
        let shell = self.user.shell(site, self.request, Route::PaymentList);
        let sight = self.user.sight("payments:list");
        let banks = site.cx.banks.list().iter().map(|b| (b.code.clone(), b.name.clone()));
        let list = PaymentList {
            l: ListTexts::of(language),
            search_action: SEARCH.into(),
            csrf: Browser::of(self.request, site.https()).csrf(vault, ADDRESS),
            who,
            partners: choices(all.into_iter().map(|p| (p.id, p.name)), &asked.partner),
            banks: choices(banks, &asked.bank),
            statuses: statuses(&shell, &asked.status),
            problems,
            total: found.total,
            payments: found.lines.into_iter().map(|line| row(site, line, language, sight)).collect(),
            newer: found.newer,
            older: found.older,
            exports: Route::PaymentsCsv.allows(self.user.role),
            csv: address("/back-office/payments.csv", &query, ""),
            saved: saved
                .into_iter()
                .map(|s| Saved {
                    address: address(ADDRESS, &s.query, ""),
                    id: s.id,
                    name: s.name,
                })
                .collect(),
            asked,
            query,
            shell,
        };
        Ok(list.render()?)
    }
}

fn row(site: &Site, line: Line, language: Language, sight: Sight) -> ListRow {
    let bank = line.bank_code.as_deref().and_then(|code| site.cx.banks.get(code));
    ListRow {
        reference: line.id.to_string(),
        created_at: local_time(line.created_at, language),
        partner: line.partner,
        external_id: line.external_id.unwrap_or_default(),
        creditor: sight.name(&line.creditor),
        amount: line.amount.map(|amount| money(language, amount)).unwrap_or_default(),
        bank: bank.map(|b| b.name.clone()).or(line.bank_code).unwrap_or_default(),
        status: line.status,
        bank_word: line.bank_word.unwrap_or_default(),
    }
}

/// GET /back-office/payments.
pub async fn list(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    asked: web::Query<Asked>,
    at: web::Query<At>,
) -> Result<HttpResponse, PageError> {
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
    };
    Ok(html(StatusCode::OK, look.render(asked.into_inner(), &at, Vec::new()).await?))
}

/// The search form: a person is typed here, and never stands in an address as typed.
#[derive(Deserialize)]
pub struct SearchForm {
    csrf: String,
    #[serde(flatten)]
    asked: Asked,
    #[serde(default)]
    typed_who: String,
    #[serde(default)]
    forget_who: String,
}

/// POST /back-office/payments/search: leads to the address of what was asked.
pub async fn search(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    form: web::Form<SearchForm>,
) -> Result<HttpResponse, PageError> {
    let SearchForm {
        csrf,
        mut asked,
        typed_who,
        forget_who,
    } = form.into_inner();
    let mut problems = Vec::new();
    if !site.is_own_form(&request, ADDRESS, &csrf) {
        problems.push(Problem::PageExpired);
    }
    if !forget_who.is_empty() {
        asked.who.clear();
    }
    if asked.seal_person(&typed_who, site.cx.db.vault()).is_err() {
        problems.push(Problem::Field(Wrong::Who));
    }
    if problems.is_empty() {
        return Ok(go(&address(ADDRESS, &asked.query(), "")));
    }
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
    };
    Ok(html(
        StatusCode::UNPROCESSABLE_ENTITY,
        look.render(asked, &At::default(), problems).await?,
    ))
}

/// A search to be kept.
#[derive(Deserialize)]
pub struct ToSave {
    csrf: String,
    name: String,
    query: String,
}

/// POST /back-office/payments/saved.
pub async fn save(site: web::Data<Site>, request: HttpRequest, user: SignedIn, form: web::Form<ToSave>) -> Result<HttpResponse, PageError> {
    // Only what this page understands is kept, in its own words.
    let asked = Asked::read(&form.query);
    let problem = if site.is_own_form(&request, ADDRESS, &form.csrf) {
        match saved_searches::keep(&site.cx, &user.admin.id, &form.name, asked.query()).await {
            Ok(()) => return Ok(go(&address(ADDRESS, &asked.query(), ""))),
            Err(FlowError::Invalid(_)) => Problem::NoName,
            Err(FlowError::OtherContent) => Problem::NameTaken,
            Err(other) => return Err(user.failed(&site, other)),
        }
    } else {
        Problem::PageExpired
    };
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
    };
    Ok(html(
        StatusCode::UNPROCESSABLE_ENTITY,
        look.render(asked, &At::default(), vec![problem]).await?,
    ))
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub struct Token {
    csrf: String,
}

/// POST /back-office/payments/saved/{id}/remove.
pub async fn forget(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Token>,
) -> Result<HttpResponse, PageError> {
    if site.is_own_form(&request, ADDRESS, &form.csrf) {
        saved_searches::forget(&site.cx, &user.admin.id, &id)
            .await
            .map_err(|e| user.failed(&site, e))?;
    }
    Ok(go(ADDRESS))
}

/// GET /back-office/payments.csv: all payments of the list, written as they are read.
pub async fn csv(site: web::Data<Site>, user: SignedIn, asked: web::Query<Asked>) -> Result<HttpResponse, PageError> {
    let Ok(filter) = asked.filter(site.cx.db.vault()) else {
        // The list says what cannot be read.
        let to = address(ADDRESS, &asked.query(), "");
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, to)).finish());
    };
    let wrong = |e: FlowError| user.failed(&site, e);
    saved_searches::exported(&site.cx, &user.admin.id, "payments_exported", "csv")
        .await
        .map_err(wrong)?;
    let head = csv_head(&COLUMNS).map_err(wrong)?;
    let rows = stream::try_unfold(Export::new(site.cx.clone(), filter), |mut export| async move {
        let Some(rows) = export.next().await? else { return Ok(None) };
        Ok::<_, FlowError>(Some((Bytes::from(csv_rows(&rows)?), export)))
    });
    let body = stream::once(async { Ok(Bytes::from(head)) }).chain(rows);
    let name = format!("attachment; filename=\"payments-{}.csv\"", site.cx.now().format("%Y%m%d-%H%M%S"));
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(Box::pin(body.inspect_err(|e| tracing::error!(error = %e, "an export broke off")))))
}
