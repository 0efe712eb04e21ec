//! A browser: keeps cookies, reads pages, fills in forms, and follows a redirect only when told to.

use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, RequestBuilder};
use scraper::{ElementRef, Html, Selector};
use std::sync::Mutex;
use std::time::Duration;
use url::Url;

/// A page, or a redirect to one.
#[derive(Clone, Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Page {
    /// The text people see, spaces folded (no-break spaces too).
    pub fn text(&self) -> String {
        let page = Html::parse_document(&self.body);
        let text: String = page.select(&selector("body")).flat_map(|body| body.text()).collect();
        folded(&text)
    }

    /// Insists on a text that people see.
    pub fn says(&self, text: &str) -> &Self {
        let seen = self.text();
        assert!(
            self.status == 200 && seen.contains(&folded(text)),
            "{} {} does not say „{text}”, but: {seen}",
            self.status,
            self.url.path()
        );
        self
    }

    /// The one heading.
    pub fn heading(&self) -> String {
        let page = Html::parse_document(&self.body);
        let headings: Vec<String> = page
            .select(&selector("h1"))
            .map(|h| folded(&h.text().collect::<String>()))
            .collect();
        assert_eq!(headings.len(), 1, "{} {}: {headings:?}", self.status, self.url.path());
        headings.concat()
    }

    /// Where a redirect leads.
    pub fn leads_to(&self) -> Url {
        assert_eq!(self.status, 303, "{}: {}", self.url.path(), self.text());
        self.url.join(self.headers[LOCATION].to_str().unwrap()).unwrap()
    }

    /// The address of the first link that matches.
    pub fn link(&self, css: &str) -> Url {
        let page = Html::parse_document(&self.body);
        let link = page.select(&selector(css)).next().and_then(|a| a.attr("href").map(str::to_owned));
        let link = link.unwrap_or_else(|| panic!("{} has no {css}: {}", self.url.path(), self.text()));
        self.url.join(&link).unwrap()
    }

    /// The addresses of all links that match.
    pub fn links(&self, css: &str) -> Vec<Url> {
        let page = Html::parse_document(&self.body);
        let css = selector(css);
        let found = page.select(&css).filter_map(|a| a.attr("href"));
        found.map(|href| self.url.join(href).unwrap()).collect()
    }

    /// The text of the first element that matches, spaces folded.
    pub fn part(&self, css: &str) -> String {
        let page = Html::parse_document(&self.body);
        let found = page.select(&selector(css)).next();
        let found = found.unwrap_or_else(|| panic!("{} has no {css}: {}", self.url.path(), self.text()));
        folded(&found.text().collect::<String>())
    }

    /// The texts of all elements that match, spaces folded.
    pub fn parts(&self, css: &str) -> Vec<String> {
        let page = Html::parse_document(&self.body);
        let css = selector(css);
        page.select(&css).map(|e| folded(&e.text().collect::<String>())).collect()
    }

    /// The values of all controls that match.
    pub fn values(&self, css: &str) -> Vec<String> {
        let page = Html::parse_document(&self.body);
        let css = selector(css);
        page.select(&css).filter_map(|e| e.attr("value").map(str::to_owned)).collect()
    }

    /// The value of the first control that matches.
    pub fn value_of(&self, css: &str) -> String {
        let page = Html::parse_document(&self.body);
        let found = page.select(&selector(css)).next().and_then(|e| e.attr("value").map(str::to_owned));
        found.unwrap_or_else(|| panic!("{} has no {css}: {}", self.url.path(), self.text()))
    }

    /// The address in an attribute of the page's main part, such as `data-status-url`.
    pub fn main_url(&self, attribute: &str) -> Url {
        let page = Html::parse_document(&self.body);
        let main = page.select(&selector("main")).next().and_then(|m| m.attr(attribute));
        self.url.join(main.unwrap_or_else(|| panic!("no {attribute}"))).unwrap()
    }

    /// Whether an element is there.
    pub fn has(&self, css: &str) -> bool {
        Html::parse_document(&self.body).select(&selector(css)).next().is_some()
    }

    /// The form whose action ends like this, as it stands.
    pub fn form(&self, action: &str) -> Form {
        let page = Html::parse_document(&self.body);
        let found = page
            .select(&selector("form"))
            .find(|f| f.attr("action").is_some_and(|a| a.ends_with(action)));
        let form = found.unwrap_or_else(|| panic!("{} has no form to {action}: {}", self.url.path(), self.text()));
        Form {
            page: self.url.clone(),
            action: self.url.join(form.attr("action").unwrap()).unwrap(),
            fields: form
                .select(&selector("input, textarea, select, button"))
                .filter_map(successful)
                .collect(),
        }
    }

    /// The form of a button as it stands when that button is pressed.
    pub fn press(&self, css: &str) -> Form {
        let page = Html::parse_document(&self.body);
        let found = page.select(&selector(css)).next();
        let button = found.unwrap_or_else(|| panic!("{} has no {css}: {}", self.url.path(), self.text()));
        let form = page
            .select(&selector(&format!("form#{}", button.attr("form").unwrap())))
            .next()
            .unwrap();
        let mut form = self.form(form.attr("action").unwrap());
        form.action = self.url.join(button.attr("formaction").unwrap()).unwrap();
        form.with(button.attr("name").unwrap(), button.attr("value").unwrap())
    }
}

/// Name and value that a browser would send (HTML, "successful controls"); buttons only when pressed.
fn successful(input: ElementRef<'_>) -> Option<(String, String)> {
    if input.value().name() == "button" || input.attr("disabled").is_some() {
        return None;
    }
    if matches!(input.attr("type"), Some("radio" | "checkbox")) && input.attr("checked").is_none() {
        return None;
    }
    if input.value().name() == "select" {
        let options: Vec<_> = input.select(&selector("option")).collect();
        let chosen = options.iter().find(|o| o.attr("selected").is_some()).or(options.first())?;
        return Some((input.attr("name")?.to_owned(), chosen.attr("value").unwrap_or_default().to_owned()));
    }
    let value = if input.value().name() == "textarea" {
        input.text().collect()
    } else {
        input.attr("value").unwrap_or_default().to_owned()
    };
    Some((input.attr("name")?.to_owned(), value))
}

/// A form that is being filled in.
#[derive(Clone, Debug)]
pub struct Form {
    pub page: Url,
    pub action: Url,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// Fills in a field, or adds it, or presses the button of that name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Empties a field, or unticks a box.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// What a field holds now.
    pub fn value(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map_or_else(|| panic!("no field {name}"), |(_, value)| value)
    }
}

struct Kept {
    name: String,
    value: String,
    path: String,
}

/// A browser with its cookies. As in real ones, a cookie belongs to the host and not to the port.
pub struct Browser {
    http: Client,
    cookies: Mutex<Vec<Kept>>,
}

impl Browser {
    pub fn new() -> Self {
        let http = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(120))
            .user_agent("Mozilla/5.0 (stories)")
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            cookies: Mutex::default(),
        }
    }

    pub async fn get(&self, url: &Url) -> Page {
        self.send(self.http.get(url.clone()), url).await
    }

    pub async fn submit(&self, form: &Form) -> Page {
        let request = self
            .http
            .post(form.action.clone())
            .header(ORIGIN, form.page.origin().ascii_serialization())
            .form(&form.fields);
        self.send(request, &form.action).await
    }

    /// Sends a form as the page's script does, which wants to know and not to be led.
    pub async fn submit_by_script(&self, form: &Form) -> Page {
        let request = self
            .http
            .post(form.action.clone())
            .header(ORIGIN, form.page.origin().ascii_serialization())
            .header(reqwest::header::ACCEPT, "application/json")
            .form(&form.fields);
        self.send(request, &form.action).await
    }

    /// Submits a form with a file in its field `file`.
    pub async fn upload(&self, form: &Form, file: &[u8]) -> Page {
        self.submit_file(form, "file", "fisier", file).await
    }

    /// Sends a form with a file, as `multipart/form-data` (RFC 7578); the fields go first, as in the page.
    pub async fn submit_file(&self, form: &Form, field: &str, name: &str, content: &[u8]) -> Page {
        const BOUNDARY: &str = "----stories7348201";
        let mut body = Vec::new();
        for (known, value) in form.fields.iter().filter(|(known, _)| known != field) {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{known}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: application/pdf\r\n\r\n"
        );
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let request = self
            .http
            .post(form.action.clone())
            .header(ORIGIN, form.page.origin().ascii_serialization())
            .header(reqwest::header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(body);
        self.send(request, &form.action).await
    }

    /// Asks as the page's script does whether there is something new to show.
    pub async fn has_news(&self, page: &Page) -> bool {
        let answer = self.get(&page.main_url("data-status-url")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        answer["changed"].as_bool().unwrap()
    }

    /// Follows one redirect.
    pub async fn follow(&self, page: &Page) -> Page {
        self.get(&page.leads_to()).await
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|c| c.name == name).map(|c| c.value.clone())
    }

    /// Plants a cookie.
    pub fn remember(&self, name: &str, value: &str) {
        self.keep(&format!("{name}={value}; Path=/"));
    }

    /// What happens when a browser's cookies are cleared.
    pub fn forget_cookies(&self) {
        self.cookies.lock().unwrap().clear();
    }

    async fn send(&self, mut request: RequestBuilder, url: &Url) -> Page {
        let sent: Vec<String> = {
            let cookies = self.cookies.lock().unwrap();
            let fits = cookies.iter().filter(|c| url.path().starts_with(c.path.as_str()));
            fits.map(|c| format!("{}={}", c.name, c.value)).collect()
        };
        if !sent.is_empty() {
            request = request.header(COOKIE, sent.join("; "));
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for set in headers.get_all(SET_COOKIE) {
            self.keep(set.to_str().unwrap());
        }
        Page {
            url: url.clone(),
            status,
            headers,
            body: answer.text().await.unwrap(),
        }
    }

    fn keep(&self, set_cookie: &str) {
        let cookie = actix_web::cookie::Cookie::parse(set_cookie.to_owned()).unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|c| c.name != cookie.name());
        let removed = cookie.max_age().is_some_and(|age| age.is_zero());
        if !removed {
            cookies.push(Kept {
                name: cookie.name().to_owned(),
                value: cookie.value().to_owned(),
                path: cookie.path().unwrap_or("/").to_owned(),
            });
        }
    }
}
