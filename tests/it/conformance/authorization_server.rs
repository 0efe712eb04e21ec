//! Our OAuth client against an authorisation server made of PyPI `authlib`.

use super::Program;
use crate::support::at_banks::{connected_by, order, psu};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::json;
use smartpay::bank::directory::{Banks, Directory};
use smartpay::bank::http::{BankHttp, BankHttpSettings};
use smartpay::bank::oauth::{AuthoriseRequest, CameBack, Grant, Secret, TokenEndpoint, Tokens, authorise_url, came_back, code_verifier};
use smartpay::bank::{BankError, PaymentInitiation as _, PsuContext, PsuReply, PsuStep, Reason, Verdict};
use std::io::BufRead as _;
use url::Url;
use uuid::Uuid;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

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
        came_back(&self.visited(&url, decision).await, &self.state)
    }

    /// The PSU decides at the server; answers what the way back carries.
    async fn visited(&self, url: &Url, decision: &str) -> Vec<(String, String)> {
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let page = browser.get(url.clone()).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{}", page.text().await.unwrap());
        let sent = browser.post(url.clone()).form(&[("decision", decision)]).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::FOUND);
        let back = Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(self.back.as_str()), "{back}");
        back.query_pairs().into_owned().collect()
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

/// CEC as the directory knows it, but for its authorisation server, which is this one.
fn connected(server: &Server, api: &MockServer) -> Banks {
    let shipped = include_str!("../../../config/banks.toml");
    let text = ["authorize", "token"].iter().fold(shipped.to_owned(), |text, name| {
        let here = server.at.join(name).unwrap();
        let there = format!("\"oauth2/{name}\"");
        assert!(text.contains(&there));
        text.replacen(&there, &format!("\"{here}\""), 1)
    });
    connected_by(Directory::parse(&text).unwrap(), &api.uri().parse().unwrap(), CLIENT, None)
}

/// CEC's interface: one order, whose status it tells to whoever brings a token. Each answer is given once, 401 for
/// none.
async fn interface(server: &Server, words: &[Option<&str>]) -> MockServer {
    let api = MockServer::start().await;
    let mut location = server.at.join("authorize").unwrap();
    location
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", CLIENT)
        .append_pair("redirect_uri", server.back.as_str())
        .append_pair("scope", SCOPE);
    let taken = json!({ "transactionStatus": "RCVD", "paymentId": "1", "_links": {} });
    let taken = ResponseTemplate::new(201)
        .insert_header("Location", location.as_str())
        .set_body_json(taken);
    let on = |method: &str, path: &str| Mock::given(matchers::method(method)).and(matchers::path(format!("/cec/v1/{path}")));
    on("POST", "payments/sepa-credit-transfer")
        .respond_with(taken)
        .expect(1)
        .mount(&api)
        .await;
    for word in words {
        let answer = word.map_or_else(
            || ResponseTemplate::new(401),
            |word| ResponseTemplate::new(200).set_body_json(json!({ "transactionStatus": word })),
        );
        let status = on("GET", "payments/sepa-credit-transfer/1/status").respond_with(answer);
        status.up_to_n_times(1).expect(1).mount(&api).await;
    }
    api
}

/// The tokens that the interface was brought, in order.
async fn brought(api: &MockServer) -> Vec<Secret> {
    let all = api.received_requests().await.unwrap();
    let bearer = |r: &wiremock::Request| {
        let header = r.headers.get("authorization")?.to_str().unwrap();
        Some(Secret::from(header.strip_prefix("Bearer ").unwrap().to_owned()))
    };
    all.iter().filter_map(bearer).collect()
}

#[tokio::test]
#[ignore = "needs tests/conformance.sh"]
async fn a_whole_connector_buys_its_tokens_there() {
    let server = Server::start();
    let api = interface(&server, &[Some("RCVD"), None, Some("ACSC")]).await;
    let banks = connected(&server, &api);
    let bank = banks.get("cec").unwrap().connector().unwrap();
    let context = PsuContext {
        return_url: server.back.clone(),
        ..psu("cec")
    };
    let taken = bank.initiate(&order(1, 10), &context).await.unwrap();
    let Verdict::PsuNeeded(PsuStep::GoToBank { url }) = &taken.verdict else {
        panic!("{:?}", taken.verdict)
    };
    // Before the PSU was there nobody has a token.
    assert!(matches!(bank.ask(&taken.session).await, Err(BankError::Unsupported)));
    let query = server.visited(url, "yes").await;
    let reply = PsuReply::CameBack { query };
    let back = bank.reply(&taken.session, &reply).await.unwrap();
    assert_eq!((&back.verdict, &*back.bank_word), (&Verdict::StillWorking, "RCVD"));
    let first = brought(&api).await;
    assert!(first.len() == 1 && server.opens(&first[0]).await);
    // The same return once more, without the session that has the tokens: a code buys once.
    let again = bank.reply(&taken.session, &reply).await;
    assert!(
        matches!(&again, Err(BankError::Refused { status: 400, code, .. }) if code == "invalid_grant"),
        "{again:?}"
    );
    // The interface says 401: the token is exchanged for another, and the old one is void.
    let end = bank.ask(&back.session).await.unwrap();
    assert_eq!((&end.verdict, &*end.bank_word), (&Verdict::Settled, "ACSC"));
    let all = brought(&api).await;
    assert!(all.len() == 3 && all[1].matches(first[0].expose()) && !all[2].matches(first[0].expose()));
    assert!(server.opens(&all[2]).await && !server.opens(&all[0]).await);
}

#[tokio::test]
#[ignore = "needs tests/conformance.sh"]
async fn a_whole_connector_is_told_that_the_psu_denies() {
    let server = Server::start();
    let api = interface(&server, &[]).await;
    let banks = connected(&server, &api);
    let bank = banks.get("cec").unwrap().connector().unwrap();
    let context = PsuContext {
        return_url: server.back.clone(),
        ..psu("cec")
    };
    let taken = bank.initiate(&order(1, 10), &context).await.unwrap();
    let Verdict::PsuNeeded(PsuStep::GoToBank { url }) = &taken.verdict else {
        panic!("{:?}", taken.verdict)
    };
    let query = server.visited(url, "no").await;
    let back = bank.reply(&taken.session, &PsuReply::CameBack { query }).await.unwrap();
    assert_eq!(back.verdict, Verdict::Rejected(Reason::PsuDeclined));
    assert!(brought(&api).await.is_empty());
}
