//! A payer whose server may die at any moment: every step says whether it went through.

use super::browser::{Form, Page};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, RequestBuilder};
use std::sync::Mutex;
use std::time::Duration;
use url::Url;

/// Why a step came to nothing.
pub type Gone = String;

/// Somebody who holds an account at the sandbox bank.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    pub user: &'static str,
    pub code: &'static str,
    pub iban: &'static str,
}

/// Has money enough.
pub const ANA: Holder = Holder {
    user: "ana",
    code: "1111",
    iban: "RO30CECEB00030RON0001001",
};

/// Has money for large amounts.
pub const BRUTARIA: Holder = Holder {
    user: "brutaria",
    code: "5555",
    iban: "RO88CECEB00030RON0005001",
};

/// Ana's account at the bank whose answer to the order has the link to its page.
pub const ANA_LINK: Holder = Holder {
    user: "ana",
    code: "1111",
    iban: "RO03LINKL00001RON0001001",
};

/// The payers' address.
pub const EMAIL: &str = "ana.popescu@payer.example";

struct Kept {
    name: String,
    value: String,
    path: String,
}

/// A payer at a browser that keeps cookies and follows a redirect only when told to.
pub struct Payer {
    http: Client,
    cookies: Mutex<Vec<Kept>>,
    email: String,
}

impl Payer {
    pub fn new() -> Self {
        Self::with_email(EMAIL)
    }

    pub fn with_email(email: &str) -> Self {
        // A connection each: one that is kept may be cut between two requests, as by any crash.
        Self::keeping(0, email)
    }

    /// Keeps a connection to each server, as browsers do and as reverse proxies do for them.
    pub fn who_keeps_connections() -> Self {
        Self::keeping(1, EMAIL)
    }

    fn keeping(connections: usize, email: &str) -> Self {
        let http = Client::builder()
            .no_proxy()
            // Plain HTTP on this machine: no roots to load.
            .tls_certs_only([])
            .timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(connections)
            .user_agent("Mozilla/5.0 (faults)")
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            cookies: Mutex::default(),
            email: email.to_owned(),
        }
    }

    pub async fn get(&self, url: &Url) -> Result<Page, Gone> {
        self.send(self.http.get(url.clone()), url).await
    }

    pub async fn submit(&self, form: &Form) -> Result<Page, Gone> {
        let request = self.http.post(form.action.clone());
        let request = request.header(ORIGIN, form.page.origin().ascii_serialization()).form(&form.fields);
        self.send(request, &form.action).await
    }

    /// Follows one redirect.
    pub async fn follow(&self, page: &Page) -> Result<Page, Gone> {
        if page.status != 303 {
            return Err(format!("{} answered {}: {}", page.url.path(), page.status, page.text()));
        }
        self.get(&page.leads_to()).await
    }

    /// The form, filled in.
    pub async fn form(&self, link: &Url, holder: Holder) -> Result<Form, Gone> {
        let page = self.get(link).await?;
        Ok(form_of(&page, "/payment-initiation")?
            .with("bank", "cec")
            .with("debtor_iban", holder.iban)
            .with("email", &self.email)
            .with("terms", "yes"))
    }

    /// Opens the link and presses „Plătește”; answers the page that follows.
    pub async fn press(&self, link: &Url, holder: Holder) -> Result<Page, Gone> {
        let form = self.form(link, holder).await?;
        let answer = self.submit(&form).await?;
        self.follow(&answer).await
    }

    /// As [`Self::press`], and insists on the way to the bank.
    pub async fn pay(&self, link: &Url, holder: Holder) -> Result<Page, Gone> {
        let page = self.press(link, holder).await?;
        if page.has("a#go") { Ok(page) } else { Err(page.text()) }
    }

    /// Goes to the bank, logs in, and says „da” or „nu”; answers the way back, which is not taken yet.
    pub async fn decide(&self, page: &Page, holder: Holder, decision: &str) -> Result<Url, Gone> {
        self.decide_at(&page.link("a#go"), holder, decision).await
    }

    /// As [`Self::decide`], with the bank's own link.
    pub async fn decide_at(&self, bank: &Url, holder: Holder, decision: &str) -> Result<Url, Gone> {
        let go = self.get(bank).await?;
        let login = self.follow(&go).await?;
        let form = form_of(&login, "/conectare")?.with("user", holder.user).with("code", holder.code);
        let answer = self.submit(&form).await?;
        let confirm = self.follow(&answer).await?;
        let form = form_of(&confirm, "/decizie")?.with("decizie", decision);
        let answer = self.submit(&form).await?;
        let back = self.follow(&answer).await?;
        if back.has("a.button") {
            Ok(back.link("a.button"))
        } else {
            Err(back.text())
        }
    }

    /// Comes back from the bank; answers the payment's page, or the neutral one.
    pub async fn come_back(&self, way_back: &Url) -> Result<Page, Gone> {
        let answer = self.get(way_back).await?;
        if answer.status == 303 {
            self.follow(&answer).await
        } else {
            Ok(answer)
        }
    }

    /// The whole way.
    pub async fn pay_and_approve(&self, link: &Url, holder: Holder) -> Result<Page, Gone> {
        let page = self.pay(link, holder).await?;
        let back = self.decide(&page, holder, "da").await?;
        self.come_back(&back).await
    }

    async fn send(&self, mut request: RequestBuilder, url: &Url) -> Result<Page, Gone> {
        let sent: Vec<String> = {
            let cookies = self.cookies.lock().unwrap();
            let fits = cookies.iter().filter(|c| url.path().starts_with(c.path.as_str()));
            fits.map(|c| format!("{}={}", c.name, c.value)).collect()
        };
        if !sent.is_empty() {
            request = request.header(COOKIE, sent.join("; "));
        }
        let answer = request.send().await.map_err(|e| format!("{}: {e:?}", url.path()))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for set in headers.get_all(SET_COOKIE) {
            self.keep(set.to_str().unwrap());
        }
        if status == 303 && !headers.contains_key(LOCATION) {
            return Err(format!("{}: a redirect to nowhere", url.path()));
        }
        let body = answer.text().await.map_err(|e| format!("{}: {e:?}", url.path()))?;
        Ok(Page {
            url: url.clone(),
            status,
            headers,
            body,
        })
    }

    fn keep(&self, set_cookie: &str) {
        let cookie = actix_web::cookie::Cookie::parse(set_cookie.to_owned()).unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|c| c.name != cookie.name());
        if !cookie.max_age().is_some_and(|age| age.is_zero()) {
            cookies.push(Kept {
                name: cookie.name().to_owned(),
                value: cookie.value().to_owned(),
                path: cookie.path().unwrap_or("/").to_owned(),
            });
        }
    }
}

/// The form whose action ends like this.
pub fn form_of(page: &Page, action: &str) -> Result<Form, Gone> {
    if page.has(&format!("form[action$=\"{action}\"]")) {
        Ok(page.form(action))
    } else {
        Err(format!(
            "{} {} has no form to {action}: {}",
            page.status,
            page.url.path(),
            page.text()
        ))
    }
}
