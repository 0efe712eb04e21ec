//! Our OAuth client against an authorisation server made of PyPI `authlib`.

use super::Program;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use smartpay::bank::BankError;
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::oauth::{AuthoriseRequest, CameBack, Grant, Secret, TokenEndpoint, Tokens, authorise_url, came_back, code_verifier};
use std::io::BufRead as _;
use url::Url;
use uuid::Uuid;

const CLIENT: &str = "tpp-client";
const SCOPE: &str = "PIS:1";
const SEED: [u8; 32] = [7; 32];

struct Server {
    _program: Program,
    at: Url,
    back: Url,
    state: Secret,
    http: BankHttp,
}

impl Server {
    fn start() -> Self {
        let back = Url::parse("https://pay.example/payment-return/cec?kept=1").unwrap();
        let mut program = Program::start("authorization_server.py", &[CLIENT, back.as_str()]);
        let mut at = String::new();
        program.says.read_line(&mut at).unwrap();
        Self {
            _program: program,
            at: Url::parse(at.trim_end()).unwrap(),
            back,
            state: Secret::from("st-0123456789".to_owned()),
            http: BankHttp::new(&BankHttpSettings::default()).unwrap(),
        }
    }

    /// What comes back with the PSU who decided.
    async fn decided(&self, decision: &str) -> CameBack {
        let verifier = code_verifier(&SEED);
        let request = AuthoriseRequest {
            client_id: CLIENT,
            redirect_uri: &self.back,
            scope: SCOPE,
            state: &self.state,
            verifier: &verifier,
        };
        let (url, scope) = authorise_url(&self.at.join("authorize").unwrap(), &request);
        assert_eq!(scope, SCOPE);
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let page = browser.get(url.clone()).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{}", page.text().await.unwrap());
        let sent = browser.post(url).form(&[("decision", decision)]).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::FOUND);
        let back = Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(self.back.as_str()), "{back}");
        let query: Vec<_> = back.query_pairs().into_owned().collect();
        came_back(&query, &self.state)
    }

    async fn code(&self) -> Secret {
        match self.decided("yes").await {
            CameBack::Code(code) => code,
            other => panic!("{other:?}"),
        }
    }

    async fn buy(&self, grant: Grant<'_>) -> Result<Tokens, BankError> {
        let endpoint = TokenEndpoint {
            http: &self.http,
            bank: "authlib",
            url: &self.at.join("token").unwrap(),
            headers: &HeaderMap::new(),
            client_id: CLIENT,
            client_secret: None,
        };
        endpoint.buy(grant, Uuid::now_v7()).await
    }

    async fn exchange(&self, code: &Secret, verifier: &Secret, redirect_uri: &Url) -> Result<Tokens, BankError> {
        let grant = Grant::Code {
            code,
            redirect_uri,
            scope: SCOPE,
            verifier,
        };
        self.buy(grant).await
    }

    /// Whether the token opens what it is for.
    async fn opens(&self, token: &Secret) -> bool {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = http.get(self.at.join("resource").unwrap()).bearer_auth(token.expose());
        let status = call.send().await.unwrap().status();
        assert!(matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED), "{status}");
        status == StatusCode::OK
    }
}

/// `invalid_grant` (RFC 6749 section 5.2).
fn is_refused(result: &Result<Tokens, BankError>) -> bool {
    matches!(result, Err(BankError::Refused { status: 400, code, .. }) if code == "invalid_grant")
}

#[tokio::test]
#[ignore = "needs tests/conformance.sh"]
async fn a_code_buys_tokens_once_and_they_are_refreshed() {
    let server = Server::start();
    let (code, verifier) = (server.code().await, code_verifier(&SEED));
    let tokens = server.exchange(&code, &verifier, &server.back).await.unwrap();
    assert!(server.opens(&tokens.access).await);
    assert!(!server.opens(&Secret::from("another".to_owned())).await);
    let replayed = server.exchange(&code, &verifier, &server.back).await;
    assert!(is_refused(&replayed), "{replayed:?}");
    let old = tokens.refresh.unwrap();
    let fresh = server.buy(Grant::Refresh { token: &old }).await.unwrap();
    assert!(server.opens(&fresh.access).await && !fresh.access.matches(tokens.access.expose()));
    // The server gave another refresh token and took the first one back, with its access token.
    assert!(!server.opens(&tokens.access).await);
    let again = server.buy(Grant::Refresh { token: &old }).await;
    assert!(is_refused(&again), "{again:?}");
    let new = fresh.refresh.unwrap();
    assert!(server.buy(Grant::Refresh { token: &new }).await.is_ok());
}

#[tokio::test]
#[ignore = "needs tests/conformance.sh"]
async fn a_code_is_bound_to_its_verifier_and_to_its_address() {
    let server = Server::start();
    let (code, good) = (server.code().await, code_verifier(&SEED));
    let wrong = server.exchange(&code, &code_verifier(&[8; 32]), &server.back).await;
    assert!(is_refused(&wrong), "{wrong:?}");
    let elsewhere = Url::parse("https://pay.example/payment-return/brd").unwrap();
    let wrong = server.exchange(&code, &good, &elsewhere).await;
    assert!(is_refused(&wrong), "{wrong:?}");
    // Neither attempt used it up.
    assert!(server.exchange(&code, &good, &server.back).await.is_ok());
}

#[tokio::test]
#[ignore = "needs tests/conformance.sh"]
async fn a_denial_is_understood() {
    assert_eq!(Server::start().decided("no").await, CameBack::Denied);
}
