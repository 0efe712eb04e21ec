//! The accounting page: suppliers' invoices, each paid by one payment that the payer may still edit.

use super::catalogue::{INVOICES, INVOICES_RSD, Invoice, RENT, invoice};
use super::orders::{Line, Order, Site, Stage};
use super::{Demo, PartnerLogin, pages};
use crate::payment::iban::group;
use crate::payment::{Amount, Currency, Iban};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

pub(super) const EMAIL: &str = "contabilitate@firma.example";

struct Row {
    invoice: &'static Invoice,
    due: String,
    is_overdue: bool,
    order: Option<Order>,
}

impl Row {
    fn stage(&self) -> Option<Stage> {
        self.order.as_ref().map(|order| order.stage_of(self.invoice.id))
    }

    /// Whether it can be paid (again).
    fn is_open(&self) -> bool {
        self.stage().is_none_or(Stage::is_over_unpaid)
    }

    fn is_paid(&self) -> bool {
        self.stage() == Some(Stage::Paid)
    }
}

#[derive(Template)]
#[template(path = "demo/erp/list.html")]
struct ListPage<'a> {
    refresh_s: u32,
    company: &'a str,
    /// Where this list is.
    path: &'static str,
    in_dinars: bool,
    offers_dinars: bool,
    rows: Vec<Row>,
    open_total: String,
    all_paid: bool,
    rent: &'static Invoice,
    rent_order: Option<Order>,
}

#[derive(Template)]
#[template(path = "demo/erp/payment.html")]
struct PaymentPage {
    refresh_s: u32,
    company: String,
    list_path: &'static str,
    in_dinars: bool,
    invoice: &'static Invoice,
    order: Order,
    stage: Stage,
    iban: String,
    /// What the payer changed on the hosted page, when the gateway tells.
    other_amount: Option<String>,
    other_iban: Option<String>,
}

#[derive(Template)]
#[template(path = "demo/erp/go_to_payment.html")]
struct GoPage<'a> {
    refresh_s: u32,
    company: &'a str,
    invoice: &'static Invoice,
    to: &'a str,
}

pub(super) fn find(demo: &Demo, id: &str) -> Option<Order> {
    demo.cashier.book.find(Site::Erp, id)
}

/// The company that pays in a currency.
pub(super) fn company(demo: &Demo, currency: Currency) -> Option<&PartnerLogin> {
    match currency {
        Currency::Ron => Some(&demo.site.erp),
        Currency::Rsd => demo.site.erp_rsd.as_ref(),
        Currency::Eur => None,
    }
}

/// Where the invoices of a currency are listed.
pub(super) const fn list_path(currency: Currency) -> &'static str {
    match currency {
        Currency::Rsd => "/erp/dinari",
        Currency::Ron | Currency::Eur => "/erp",
    }
}

/// An account as people write it.
fn account(text: &str) -> String {
    Iban::parse(text).map_or_else(|_| group(text), |iban| iban.grouped())
}

pub(super) async fn list(demo: web::Data<Demo>) -> HttpResponse {
    list_in(&demo, Currency::Ron)
}

pub(super) async fn list_in_dinars(demo: web::Data<Demo>) -> HttpResponse {
    list_in(&demo, Currency::Rsd)
}

fn list_in(demo: &Demo, currency: Currency) -> HttpResponse {
    let Some(company) = company(demo, currency) else {
        return pages::problem(
            StatusCode::NOT_FOUND,
            "Nu sunt plăți în dinari",
            "Demonstrația a fost făcută înainte de ele. Porniți-o din nou cu --reset.",
        );
    };
    let today = demo.cashier.clock.now().date();
    let row = |invoice: &'static Invoice| {
        let due = demo.opened_at.date() + chrono::Duration::days(invoice.due_in_days);
        Row {
            invoice,
            due: due.format("%d.%m.%Y").to_string(),
            is_overdue: due < today,
            order: demo.cashier.book.of_invoice(invoice.id),
        }
    };
    let in_dinars = currency == Currency::Rsd;
    let invoices: &[Invoice] = if in_dinars { &INVOICES_RSD } else { &INVOICES };
    let rows: Vec<Row> = invoices.iter().map(row).collect();
    let open: i64 = rows.iter().filter(|r| !r.is_paid()).map(|r| r.invoice.amount.minor).sum();
    let open_total = Amount::from_minor(open, currency);
    let page = ListPage {
        refresh_s: if rows.iter().filter_map(Row::stage).any(Stage::is_moving) {
            5
        } else {
            0
        },
        company: &company.creditor_name,
        path: list_path(currency),
        in_dinars,
        offers_dinars: demo.site.erp_rsd.is_some(),
        open_total: open_total.map_or_else(|_| format!("0,00 {currency}"), |a| a.romanian()),
        all_paid: rows.iter().all(Row::is_paid),
        rent: &RENT,
        rent_order: find(demo, RENT.id),
        rows,
    };
    pages::page(StatusCode::OK, &page)
}

pub(super) async fn pay(demo: web::Data<Demo>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    let Some(invoice) = invoice(&id) else {
        return pages::not_found();
    };
    // An invoice that is being paid with others is not paid alone too.
    let together = demo.cashier.book.of_invoice(invoice.id).filter(Order::is_together);
    if let Some(other) = together.filter(|o| !o.stage_of(invoice.id).is_over_unpaid()) {
        return pages::see_other(&other.path());
    }
    let Some(company) = company(&demo, invoice.amount.currency) else {
        return pages::not_found();
    };
    let order = Order {
        number: 0,
        // One order for an invoice, however often the button is pressed.
        key: invoice.id.to_owned(),
        site: Site::Erp,
        owner: invoice.id.to_owned(),
        customer: company.creditor_name.clone(),
        email: EMAIL.to_owned(),
        lines: vec![Line {
            title: invoice.what.to_owned(),
            quantity: 1,
            total: invoice.amount,
            invoice: None,
        }],
        total: invoice.amount,
        creditor_name: invoice.supplier.to_owned(),
        creditor_iban: invoice.iban.to_owned(),
        details: String::new(),
        created_at: demo.cashier.clock.now(),
        attempts: Vec::new(),
        problem: None,
        every_month_from: None,
    };
    demo.cashier.book.enter(order, |_| format!("Factura {}", invoice.number));
    if let Some(order) = find(&demo, invoice.id) {
        demo.cashier.start(order.number).await;
    }
    pages::see_other(&format!("/erp/plata/{}/mergi", invoice.id))
}

pub(super) async fn go_to_payment(demo: web::Data<Demo>, id: web::Path<String>) -> HttpResponse {
    let (Some(order), Some(invoice)) = (find(&demo, &id), invoice(&id)) else {
        return pages::not_found();
    };
    let Some(to) = order.payment_page() else {
        return pages::see_other(&format!("/erp/plata/{}", invoice.id));
    };
    let page = GoPage {
        refresh_s: 0,
        company: &order.customer,
        invoice,
        to,
    };
    pages::page(StatusCode::OK, &page)
}

pub(super) async fn payment(demo: web::Data<Demo>, id: web::Path<String>) -> HttpResponse {
    if let Some(order) = find(&demo, &id) {
        demo.cashier.look(order.number).await;
    }
    let (Some(order), Some(invoice)) = (find(&demo, &id), invoice(&id)) else {
        return pages::not_found();
    };
    let stage = order.stage();
    let (other_amount, other_iban) = changes(&order);
    let page = PaymentPage {
        refresh_s: if stage.is_moving() && order.problem.is_none() { 4 } else { 0 },
        company: order.customer.clone(),
        list_path: list_path(order.total.currency),
        in_dinars: order.total.currency == Currency::Rsd,
        invoice,
        stage,
        iban: account(invoice.iban),
        other_amount,
        other_iban,
        order,
    };
    pages::page(StatusCode::OK, &page)
}

/// The amount and the account the payer confirmed, where they are not the invoice's.
fn changes(order: &Order) -> (Option<String>, Option<String>) {
    let Some(seen) = order.last_seen() else {
        return (None, None);
    };
    let amount = seen.amount.as_deref().and_then(|a| Amount::parse(a, order.total.currency).ok());
    let iban = seen.creditor_iban.as_deref().and_then(|i| Iban::parse(i).ok());
    (
        amount.filter(|a| *a != order.total).map(|a| a.romanian()),
        iban.filter(|i| Iban::parse(&order.creditor_iban).as_ref() != Ok(i))
            .map(|i| i.grouped()),
    )
}

/// Forgets the payments of an accounting page on which everything is paid, so that it can be tried again.
pub(super) async fn start_over(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    start_over_in(&demo, &request, Currency::Ron).await
}

pub(super) async fn start_over_in_dinars(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    start_over_in(&demo, &request, Currency::Rsd).await
}

async fn start_over_in(demo: &Demo, request: &HttpRequest, currency: Currency) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(request) {
        return refusal;
    }
    demo.cashier.book.forget_paid(Site::Erp, currency);
    demo.cashier.book.store().await;
    pages::see_other(list_path(currency))
}
