//! The accounting page: several invoices in one authorisation, and the rent as a standing order.

use super::catalogue::{Invoice, RENT, invoice};
use super::erp::{EMAIL, company, find, list_path};
use super::orders::{Line, Order, Site, Stage};
use super::{Demo, pages};
use crate::payment::{Amount, Currency};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{Datelike as _, Months, NaiveDate};

#[derive(Template)]
#[template(path = "demo/erp/order.html")]
struct OrderPage {
    refresh_s: u32,
    company: String,
    list_path: &'static str,
    order: Order,
    stage: Stage,
    rows: Vec<(&'static Invoice, Stage)>,
    /// The first day of the standing order.
    first_day: Option<String>,
}

#[derive(Template)]
#[template(path = "demo/erp/go_to_order.html")]
struct GoPage<'a> {
    refresh_s: u32,
    company: &'a str,
    total: String,
    to: &'a str,
}

fn new_order(demo: &Demo, key: String, lines: Vec<Line>, total: Amount) -> Order {
    Order {
        number: 0,
        owner: key.clone(),
        key,
        site: Site::Erp,
        customer: company(demo, total.currency).map_or_else(String::new, |c| c.creditor_name.clone()),
        email: EMAIL.to_owned(),
        lines,
        total,
        creditor_name: RENT.supplier.to_owned(),
        creditor_iban: RENT.iban.to_owned(),
        details: String::new(),
        created_at: demo.cashier.clock.now(),
        attempts: Vec::new(),
        problem: None,
        every_month_from: None,
    }
}

fn line(of: &Invoice) -> Line {
    Line {
        title: of.what.to_owned(),
        quantity: 1,
        total: of.amount,
        invoice: Some(of.id.to_owned()),
    }
}

/// POST: pays the ticked invoices that are not being paid yet, in one authorisation.
pub(super) async fn pay_together(demo: web::Data<Demo>, request: HttpRequest, form: web::Form<Vec<(String, String)>>) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    let book = &demo.cashier.book;
    let is_open = |i: &&Invoice| book.of_invoice(i.id).is_none_or(|o| o.stage_of(i.id).is_over_unpaid());
    let ticked = form.iter().filter(|(name, _)| name == "factura");
    let ticked: Vec<&'static Invoice> = ticked.filter_map(|(_, id)| invoice(id)).collect();
    let mut chosen: Vec<&Invoice> = ticked.iter().copied().filter(is_open).collect();
    chosen.sort_unstable_by_key(|i| i.id);
    chosen.dedup_by_key(|i| i.id);
    // One authorisation has one currency.
    let currency = ticked.first().map_or(Currency::Ron, |i| i.amount.currency);
    chosen.retain(|i| i.amount.currency == currency);
    let minor = chosen.iter().map(|i| i.amount.minor).sum();
    let Ok(total) = Amount::from_minor(minor, currency) else {
        // Pressed twice: all of them are in an order already.
        let order = ticked.first().and_then(|i| book.of_invoice(i.id));
        return pages::see_other(&order.map_or_else(|| list_path(currency).to_owned(), |o| o.path()));
    };
    let ids: Vec<&str> = chosen.iter().map(|i| i.id).collect();
    // One order for these invoices at a time, however often the button is pressed.
    let tries = book.times_together(&ids);
    let key = format!("{}.{tries}", ids.join("."));
    let order = new_order(&demo, key.clone(), chosen.iter().map(|i| line(i)).collect(), total);
    start(&demo, order, |_| String::new()).await
}

/// POST: sets the rent up as a standing order from the first of the next month.
pub(super) async fn set_up_rent(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    let today = demo.cashier.clock.now().date();
    let mut order = new_order(&demo, RENT.id.to_owned(), Vec::new(), RENT.amount);
    order.every_month_from = first_of_next_month(today);
    start(&demo, order, |_| "Chirie atelier".to_owned()).await
}

fn first_of_next_month(today: NaiveDate) -> Option<NaiveDate> {
    today.with_day(1)?.checked_add_months(Months::new(1))
}

async fn start(demo: &Demo, order: Order, details: impl FnOnce(u32) -> String) -> HttpResponse {
    let key = order.key.clone();
    demo.cashier.book.enter(order, details);
    if let Some(order) = find(demo, &key) {
        demo.cashier.start(order.number).await;
    }
    pages::see_other(&format!("/erp/comanda/{key}/mergi"))
}

/// GET: on the way to the payment's page.
pub(super) async fn go_to_payment(demo: web::Data<Demo>, key: web::Path<String>) -> HttpResponse {
    let Some(order) = find(&demo, &key) else {
        return pages::not_found();
    };
    let Some(to) = order.payment_page() else {
        return pages::see_other(&order.path());
    };
    let page = GoPage {
        refresh_s: 0,
        company: &order.customer,
        total: order.total.romanian(),
        to,
    };
    pages::page(StatusCode::OK, &page)
}

/// GET: how an order of several invoices, or the rent, stands.
pub(super) async fn show(demo: web::Data<Demo>, key: web::Path<String>) -> HttpResponse {
    if let Some(order) = find(&demo, &key) {
        demo.cashier.look(order.number).await;
    }
    let Some(order) = find(&demo, &key) else {
        return pages::not_found();
    };
    let stage = order.stage();
    let invoices = order.lines.iter().filter_map(|line| invoice(line.invoice.as_deref()?));
    let page = OrderPage {
        refresh_s: if stage.is_moving() && order.problem.is_none() { 4 } else { 0 },
        company: order.customer.clone(),
        list_path: list_path(order.total.currency),
        rows: invoices.map(|i| (i, order.stage_of(i.id))).collect(),
        first_day: order.every_month_from.map(|day| day.format("%d.%m.%Y").to_string()),
        stage,
        order,
    };
    pages::page(StatusCode::OK, &page)
}
