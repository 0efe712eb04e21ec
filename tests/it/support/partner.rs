//! A partner: calls the gateway with its own certificate.

use super::certificates;
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

pub const TOKEN: &str = "/gateway/authenticate/rest/api/authenticate/token";
pub const REFRESH: &str = "/gateway/authenticate/rest/api/authenticate/refreshToken";
pub const INIT: &str = "/gateway/core/rest/api/core/initPayment";
pub const STATUS: &str = "/gateway/core/rest/api/core/status";
pub const BANKS: &str = "/gateway/core/rest/api/core/banks";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub json: Value,
}

impl Answer {
    /// The text of a field.
    pub fn text(&self, field: &str) -> &str {
        self.json[field]
            .as_str()
            .unwrap_or_else(|| panic!("no text {field} in {}", self.json))
    }

    /// Insists on success, which is HTTP 200 and the word for it.
    pub fn good(self) -> Self {
        assert_eq!((self.status, self.text("messageStatus")), (200, "SUCCESS"), "{}", self.json);
        assert_eq!(self.json["status"], 200);
        self
    }
}

/// A token pair and the payment it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub payment: i64,
}

impl Tokens {
    /// Reads the answer of the token and refresh calls.
    pub fn of(answer: &Answer) -> Self {
        let result = &answer.json["result"];
        let text = |field: &str| result[field].as_str().unwrap().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            payment: result["paymentId"].as_i64().unwrap(),
        }
    }
}

/// A payment as its partner knows it.
#[derive(Clone, Debug)]
pub struct Started {
    pub tokens: Tokens,
    pub link: Url,
}

/// A partner's connection to the gateway.
#[derive(Clone)]
pub struct Partner {
    /// Its client id.
    pub client_id: String,
    base: Url,
    http: Client,
}

impl Partner {
    pub fn new(base: Url, name: &str) -> Self {
        let identity = [certificates::pem(&format!("{name}.pem")), certificates::pem(&format!("{name}.key"))].concat();
        let http = Client::builder()
            .no_proxy()
            .https_only(true)
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only(Certificate::from_pem_bundle(certificates::pem("ca.pem")).unwrap())
            .identity(Identity::from_pem(&identity).unwrap())
            .build()
            .unwrap();
        Self {
            client_id: name.to_owned(),
            base,
            http,
        }
    }

    /// The same partner with another certificate.
    pub fn with_certificate(&self, name: &str) -> Self {
        Self {
            client_id: self.client_id.clone(),
            ..Self::new(self.base.clone(), name)
        }
    }

    /// A request to a path of the gateway, to be completed and given to [`Self::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.base.join(path).unwrap())
    }

    /// The whole address of a path of the gateway.
    pub fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    /// Sends a request that is complete.
    pub async fn execute(&self, request: reqwest::Request) -> reqwest::Response {
        self.http.execute(request).await.unwrap()
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.unwrap();
        let json = serde_json::from_str(&body).unwrap_or_else(|_| panic!("HTTP {status} with a body that is not JSON: {body}"));
        Answer { status, headers, json }
    }

    pub async fn token(&self) -> Answer {
        let form = [("client_id", self.client_id.as_str())];
        self.send(self.request(Method::POST, TOKEN).form(&form)).await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let form = [("client_id", self.client_id.as_str()), ("refresh_token", refresh_token)];
        self.send(self.request(Method::POST, REFRESH).form(&form)).await
    }

    pub async fn init(&self, tokens: &Tokens, order: &Value) -> Answer {
        let request = self.request(Method::POST, &format!("{INIT}/{}", tokens.payment));
        self.send(request.bearer_auth(&tokens.access).json(order)).await
    }

    pub async fn status(&self, tokens: &Tokens) -> Answer {
        let request = self.request(Method::GET, &format!("{STATUS}/{}", tokens.payment));
        self.send(request.bearer_auth(&tokens.access)).await
    }

    pub async fn banks(&self) -> Answer {
        self.send(self.request(Method::GET, BANKS)).await
    }

    pub async fn tokens(&self) -> Tokens {
        Tokens::of(&self.token().await.good())
    }

    /// Starts a payment with this order as it is.
    pub async fn start_with(&self, order: &Value) -> Started {
        let tokens = self.tokens().await;
        let answer = self.init(&tokens, order).await.good();
        let link = answer.text("redirectUri").parse().unwrap();
        Started { tokens, link }
    }

    /// Starts a payment; `order` replaces and adds fields of [`an_order`].
    pub async fn start(&self, order: Value) -> Started {
        let tokens = self.tokens().await;
        let answer = self.init(&tokens, &with(an_order(), order)).await.good();
        let link = answer.text("redirectUri").parse().unwrap();
        Started { tokens, link }
    }

    /// The status as the partner sees it: transactionStatus, paymentStatus, isFinal, isSuccessful. Asks with a
    /// fresh access token, because stories move the clock.
    pub async fn sees(&self, started: &mut Started) -> Sight {
        let mut answer = self.status(&started.tokens).await;
        if answer.status == 401 {
            started.tokens = Tokens::of(&self.refresh(&started.tokens.refresh).await.good());
            answer = self.status(&started.tokens).await;
        }
        Sight::of(&answer.good())
    }
}

/// What a partner reads of a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    pub word: String,
    pub payment: String,
    pub is_final: bool,
    pub is_successful: bool,
}

impl Sight {
    pub fn of(answer: &Answer) -> Self {
        let flag = |field: &str| answer.json[field].as_bool().unwrap();
        Self {
            word: answer.text("transactionStatus").to_owned(),
            payment: answer.text("paymentStatus").to_owned(),
            is_final: flag("isFinal"),
            is_successful: flag("isSuccessful"),
        }
    }
}

/// An order with everything a partner has to say, and nothing it may leave out.
pub fn an_order() -> Value {
    json!({
        "creditorName": "Foișor Atelier SRL",
        "creditorIban": "RO66BACX0000001234567890",
        "amount": "123.45",
        "details": "Comanda 4711: o cană și două linguri",
    })
}

/// `order` with the fields of `more` over it; `null` takes a field away.
pub fn with(mut order: Value, more: Value) -> Value {
    let fields = order.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap().clone() {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    order
}

/// An order of so many payments, each of another amount to the creditor of [`an_order`].
pub fn a_list(n: usize) -> Value {
    list_of(&vec![json!({}); n])
}

/// An order of several payments, with fields replaced and added.
pub fn list_of(more: &[Value]) -> Value {
    let one = |(n, more): (usize, &Value)| {
        let order = json!({
            "creditorName": format!("Furnizor {} SRL", n + 1),
            "creditorIban": "RO66BACX0000001234567890",
            "amount": format!("{}.50", n + 10),
            "details": format!("Factura {}", n + 1),
        });
        with(order, more.clone())
    };
    json!({ "payments": more.iter().enumerate().map(one).collect::<Vec<_>>() })
}
