//! The shop: products, cart, checkout, orders.

use super::catalogue::{PRODUCTS, Product, product};
use super::orders::{Line, Order, Site, Stage};
use super::sessions::{self, Cart, MAX_QUANTITY};
use super::{Demo, PartnerLogin, pages};
use crate::payment::text::has_forbidden_characters;
use crate::payment::{Amount, Currency};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

const MAX_NAME_CHARS: usize = 70;
const MAX_EMAIL_CHARS: usize = 254;

/// What the shop's frame needs on every page.
struct Frame {
    in_cart: u32,
    /// Seconds until the page looks again by itself; 0 is never.
    refresh_s: u32,
}

struct CartLine {
    product: &'static Product,
    quantity: u32,
    total: Amount,
}

#[derive(Template)]
#[template(path = "demo/shop/list.html")]
struct ListPage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "demo/shop/cart.html")]
struct CartPage {
    frame: Frame,
    lines: Vec<CartLine>,
    total: String,
}

#[derive(Template)]
#[template(path = "demo/shop/checkout.html")]
struct CheckoutPage<'a> {
    frame: Frame,
    in_euro: bool,
    offers_euro: bool,
    lines: Vec<CartLine>,
    total: String,
    creditor: &'a str,
    key: String,
    name: &'a str,
    email: &'a str,
    name_error: Option<&'static str>,
    email_error: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "demo/shop/orders.html")]
struct OrdersPage {
    frame: Frame,
    orders: Vec<Order>,
}

#[derive(Template)]
#[template(path = "demo/shop/order.html")]
struct OrderPage {
    frame: Frame,
    stage: Stage,
    order: Order,
}

#[derive(Template)]
#[template(path = "demo/shop/go_to_payment.html")]
struct GoPage<'a> {
    frame: Frame,
    order: &'a Order,
    to: &'a str,
}

/// An amount as a Romanian shop writes it.
pub(super) fn shown(amount: &Amount) -> String {
    amount.romanian().replace(" RON", "\u{a0}lei").replace(" EUR", "\u{a0}€")
}

fn cart_lines(cart: &Cart, currency: Currency) -> Vec<CartLine> {
    let line = |(id, quantity): (&&'static str, &u32)| {
        let product = product(id)?;
        let total = Amount::from_minor(product.price_in(currency).minor * i64::from(*quantity), currency).ok()?;
        Some(CartLine {
            product,
            quantity: *quantity,
            total,
        })
    };
    cart.iter().filter_map(line).collect()
}

fn sum(lines: &[CartLine]) -> Option<Amount> {
    let currency = lines.first()?.total.currency;
    Amount::from_minor(lines.iter().map(|l| l.total.minor).sum(), currency).ok()
}

fn frame(cart: &Cart, refresh_s: u32) -> Frame {
    Frame {
        in_cart: cart.values().sum(),
        refresh_s,
    }
}

fn cart_of(demo: &Demo, request: &HttpRequest) -> (Cart, String) {
    demo.sessions.cart(sessions::id_of(request).as_deref())
}

pub(super) async fn list(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    let (cart, _) = cart_of(&demo, &request);
    pages::page(StatusCode::OK, &ListPage { frame: frame(&cart, 0) })
}

pub(super) async fn cart(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    let (cart, _) = cart_of(&demo, &request);
    cart_page(StatusCode::OK, &cart)
}

fn cart_page(status: StatusCode, cart: &Cart) -> HttpResponse {
    let lines = cart_lines(cart, Currency::Ron);
    let total = sum(&lines).as_ref().map(shown).unwrap_or_default();
    pages::page(
        status,
        &CartPage {
            frame: frame(cart, 0),
            lines,
            total,
        },
    )
}

#[derive(Deserialize)]
pub(super) struct CartForm {
    product: String,
    /// How many to have; without it, one more than now.
    quantity: Option<String>,
}

pub(super) async fn change_cart(demo: web::Data<Demo>, request: HttpRequest, form: web::Form<CartForm>) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    let wanted: Option<Result<u32, _>> = form.quantity.as_deref().map(|q| q.trim().parse());
    let (Some(product), None | Some(Ok(_))) = (product(&form.product), &wanted) else {
        return pages::problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Coșul a rămas cum era",
            "Produsul nu există sau cantitatea nu este un număr.",
        );
    };
    let id = sessions::id_of(&request).unwrap_or_else(sessions::random_key);
    let now = demo.cashier.clock.now();
    demo.sessions.change(&id, product.id, now, |have| match wanted {
        Some(Ok(quantity)) => quantity,
        _ => have + 1,
    });
    let mut answer = pages::see_other("/shop/cos");
    let cookie = sessions::cookie(&id, demo.site.base_url.scheme() == "https");
    match answer.add_cookie(&cookie) {
        Ok(()) => answer,
        Err(_) => pages::not_found(),
    }
}

pub(super) async fn checkout(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    let (cart, key) = cart_of(&demo, &request);
    if cart.is_empty() {
        return pages::see_other("/shop/cos");
    }
    let form =
        web::Query::<CheckoutForm>::from_query(request.query_string()).map_or_else(|_| CheckoutForm::default(), |form| form.into_inner());
    checkout_page(
        &demo,
        &cart,
        key,
        &CheckoutForm {
            currency: form.currency,
            ..CheckoutForm::default()
        },
        StatusCode::OK,
        (None, None),
    )
}

type FieldErrors = (Option<&'static str>, Option<&'static str>);

fn checkout_page(demo: &Demo, cart: &Cart, key: String, form: &CheckoutForm, status: StatusCode, errors: FieldErrors) -> HttpResponse {
    let (currency, seller) = form.seller(demo);
    let lines = cart_lines(cart, currency);
    let total = sum(&lines).as_ref().map(shown).unwrap_or_default();
    let page = CheckoutPage {
        in_euro: currency == Currency::Eur,
        offers_euro: demo.site.shop_eur.is_some(),
        frame: frame(cart, 0),
        lines,
        total,
        creditor: &seller.creditor_name,
        key,
        name: &form.name,
        email: &form.email,
        name_error: errors.0,
        email_error: errors.1,
    };
    pages::page(status, &page)
}

#[derive(Default, Deserialize)]
pub(super) struct CheckoutForm {
    /// The order this form stands for, so that it makes one order however often it is sent.
    #[serde(default)]
    key: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    /// `EUR` for a sale in euro.
    #[serde(default, rename = "moneda")]
    currency: String,
}

impl CheckoutForm {
    /// In what is paid, and to whom.
    fn seller<'a>(&self, demo: &'a Demo) -> (Currency, &'a PartnerLogin) {
        match &demo.site.shop_eur {
            Some(seller) if self.currency == Currency::Eur.code() => (Currency::Eur, seller),
            _ => (Currency::Ron, &demo.site.shop),
        }
    }
}

fn check(form: &CheckoutForm) -> FieldErrors {
    let (name, email) = (form.name.trim(), form.email.trim());
    let name_error = if name.is_empty() {
        Some("Câmp obligatoriu")
    } else if name.chars().count() > MAX_NAME_CHARS || has_forbidden_characters(name) {
        Some("Scrieți numele pe un rând, cu cel mult 70 de caractere")
    } else {
        None
    };
    let is_address = email.len() <= MAX_EMAIL_CHARS && email.contains('@') && email.parse::<lettre::Address>().is_ok();
    let email_error = if email.is_empty() {
        Some("Câmp obligatoriu")
    } else if !is_address {
        Some("Scrieți o adresă de forma nume@exemplu.ro")
    } else {
        None
    };
    (name_error, email_error)
}

pub(super) async fn place_order(demo: web::Data<Demo>, request: HttpRequest, form: web::Form<CheckoutForm>) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    if demo.cashier.book.find(Site::Shop, &form.key).is_some() {
        return pages::see_other(&format!("/shop/comanda/{}", form.key));
    }
    let (cart, key) = cart_of(&demo, &request);
    let (currency, seller) = form.seller(&demo);
    let lines = cart_lines(&cart, currency);
    let (Some(total), Some(id)) = (sum(&lines), sessions::id_of(&request)) else {
        return cart_page(StatusCode::UNPROCESSABLE_ENTITY, &Cart::new());
    };
    let errors = check(&form);
    if errors != (None, None) {
        return checkout_page(&demo, &cart, key, &form, StatusCode::UNPROCESSABLE_ENTITY, errors);
    }
    let to_line = |l: &CartLine| Line {
        title: l.product.name.to_owned(),
        quantity: l.quantity,
        total: l.total,
        invoice: None,
    };
    let now = demo.cashier.clock.now();
    let order = Order {
        number: 0,
        key: key.clone(),
        site: Site::Shop,
        owner: id.clone(),
        customer: form.name.trim().to_owned(),
        email: form.email.trim().to_owned(),
        lines: lines.iter().map(to_line).collect(),
        total,
        creditor_name: seller.creditor_name.clone(),
        creditor_iban: seller.creditor_iban.clone(),
        details: String::new(),
        created_at: now,
        attempts: Vec::new(),
        problem: None,
        every_month_from: None,
    };
    if demo.cashier.book.enter(order, |number| format!("Comanda {number}")) {
        demo.sessions.empty(&id, now);
    }
    start_and_go(&demo, &key).await
}

/// Starts the payment of an order and sends the buyer to it, or to the order when it could not be started.
async fn start_and_go(demo: &Demo, key: &str) -> HttpResponse {
    let Some(order) = demo.cashier.book.find(Site::Shop, key) else {
        return pages::not_found();
    };
    demo.cashier.start(order.number).await;
    // One address for both outcomes: it leads on when there is a payment to go to.
    pages::see_other(&format!("/shop/comanda/{key}/plata"))
}

pub(super) async fn start_payment(demo: web::Data<Demo>, request: HttpRequest, key: web::Path<String>) -> HttpResponse {
    if let Some(refusal) = pages::refuse_foreign_form(&request) {
        return refusal;
    }
    start_and_go(&demo, &key).await
}

pub(super) async fn go_to_payment(demo: web::Data<Demo>, request: HttpRequest, key: web::Path<String>) -> HttpResponse {
    let Some(order) = demo.cashier.book.find(Site::Shop, &key) else {
        return pages::not_found();
    };
    let Some(to) = order.payment_page() else {
        return pages::see_other(&format!("/shop/comanda/{}", order.key));
    };
    let (cart, _) = cart_of(&demo, &request);
    let page = GoPage {
        frame: frame(&cart, 0),
        order: &order,
        to,
    };
    pages::page(StatusCode::OK, &page)
}

pub(super) async fn order(demo: web::Data<Demo>, request: HttpRequest, key: web::Path<String>) -> HttpResponse {
    let book = &demo.cashier.book;
    if let Some(order) = book.find(Site::Shop, &key) {
        demo.cashier.look(order.number).await;
    }
    let Some(order) = book.find(Site::Shop, &key) else {
        return pages::not_found();
    };
    let (cart, _) = cart_of(&demo, &request);
    let stage = order.stage();
    let refresh_s = if stage.is_moving() && order.problem.is_none() { 4 } else { 0 };
    let page = OrderPage {
        frame: frame(&cart, refresh_s),
        stage,
        order,
    };
    pages::page(StatusCode::OK, &page)
}

pub(super) async fn orders(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    let (cart, _) = cart_of(&demo, &request);
    let orders = sessions::id_of(&request).map_or_else(Vec::new, |id| demo.cashier.book.of_owner(Site::Shop, &id));
    let refresh_s = if orders.iter().any(|o| o.stage().is_moving()) { 8 } else { 0 };
    pages::page(
        StatusCode::OK,
        &OrdersPage {
            frame: frame(&cart, refresh_s),
            orders,
        },
    )
}
