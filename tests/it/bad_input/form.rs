//! What the stories of the hosted page's forms share: a visitor who sends what no browser would.

use crate::support::TestApp;
use crate::support::browser::{Form, Page};
use crate::support::partner::{Partner, Started};
use crate::support::psu::{ANA, Psu};
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use scraper::{ElementRef, Html, Selector};
use serde_json::json;
use url::Url;

/// The page of a payment nobody can see.
pub const MISSING: &str = "Nu găsim această plată";
/// The page for everybody but the first browser.
pub const ELSEWHERE: &str = "Plata este deschisă în alt browser";
pub const SUBMIT: &str = "/payment-initiation";
pub const WITHDRAW: &str = "/payment-initiation/withdraw";
/// Everything that takes a form of a payment's own page.
pub const POSTED: [&str; 6] = [
    SUBMIT,
    WITHDRAW,
    "/payment-initiation/code",
    "/payment-initiation/resend",
    "/payment-initiation/method",
    "/payment-initiation/phone",
];

/// Headers and body as they are, cookies as given.
pub struct Raw {
    pub http: Client,
    pub cookie: Option<String>,
    pub origin: Option<String>,
    pub content_type: Option<&'static str>,
}

impl Raw {
    /// As a payer's own browser would send.
    pub fn like(app: &TestApp, psu: &Psu) -> Self {
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            cookie: psu.cookie("smartpay").map(|value| format!("smartpay={value}")),
            origin: Some(app.public("/").origin().ascii_serialization()),
            content_type: Some(super::FORM),
        }
    }

    pub async fn post(&self, url: &Url, body: impl Into<Vec<u8>>) -> Page {
        let headers = [
            (COOKIE, self.cookie.as_deref()),
            (ORIGIN, self.origin.as_deref()),
            (CONTENT_TYPE, self.content_type),
        ];
        let mut request = self.http.post(url.clone()).body(body.into());
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.unwrap();
        Page {
            url: url.clone(),
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }

    pub async fn submit(&self, form: &Form) -> Page {
        self.post(&form.action, encoded(form)).await
    }
}

/// The form as a browser writes it.
pub fn encoded(form: &Form) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish()
}

/// The form without a field.
pub fn without(mut form: Form, name: &str) -> Form {
    form.fields.retain(|(known, _)| known != name);
    form
}

/// A payment of a partner with its page open and the form filled in.
pub async fn filled_in(psu: &Psu, partner: &Partner) -> (Started, Form) {
    let started = partner.start(json!({ "redirectURL": "https://shop.example/inapoi" })).await;
    let page = psu.open(&started.link).await;
    let form = psu.fill(&page, ANA);
    (started, form)
}

/// A page that is looked at many times.
pub struct Look(Html);

impl Look {
    pub fn at(page: &Page) -> Self {
        Self(Html::parse_document(&page.body))
    }

    /// The texts of elements, spaces folded.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let selector = Selector::parse(css).unwrap();
        let text = |e: ElementRef<'_>| e.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        self.0.select(&selector).map(text).collect()
    }

    /// An attribute of the first element that matches.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(css).unwrap();
        let found = self.0.select(&selector).next()?;
        found.attr(name).map(str::to_owned)
    }
}

/// The texts of elements of a page.
pub fn texts(page: &Page, css: &str) -> Vec<String> {
    Look::at(page).texts(css)
}

/// An attribute of the first element of a page that matches.
pub fn attribute(page: &Page, css: &str, name: &str) -> Option<String> {
    Look::at(page).attribute(css, name)
}
