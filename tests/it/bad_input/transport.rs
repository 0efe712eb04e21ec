//! What arrives at the listeners themselves: certificates, methods, addresses, limits, and what is no HTTP.

use super::{FORM, NO_CALL, Snapshot, UNLIMITED, WRONG_METHOD, is_refused, refusal};
use crate::support::TestApp;
use crate::support::certificates::pem;
use crate::support::partner::{BANKS, INIT, Partner, REFRESH, STATUS, TOKEN, an_order};
use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, Client, Identity, Method};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use smartpay::clock::Clock;
use smartpay::demo::certificates::{DevelopmentCa, Purpose};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

fn gateway(partner: &Partner) -> Url {
    partner.request(Method::GET, "/").build().unwrap().url().clone()
}

fn address(url: &Url) -> SocketAddr {
    url.socket_addrs(|| None).unwrap()[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trusted_certificate_nothing_is_said() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let before = Snapshot::of(&app);
    let folder = tempfile::tempdir().unwrap();
    let foreign = DevelopmentCa::create(folder.path(), &Clock::default()).unwrap();
    // Same names, another CA.
    let pair = foreign.issue("shop", "Foișor Atelier SRL", Purpose::Client).unwrap();
    let foreign = [std::fs::read(pair.certificate).unwrap(), std::fs::read(pair.key).unwrap()].concat();
    let servers_own = [pem("gateway.pem"), pem("gateway.key")].concat();
    for (row, identity) in [
        ("no certificate", None),
        ("a foreign CA", Some(foreign)),
        ("a certificate for servers", Some(servers_own)),
    ] {
        let roots = Certificate::from_pem_bundle(pem("ca.pem")).unwrap();
        let mut client = Client::builder().no_proxy().tls_certs_only(roots).timeout(Duration::from_secs(10));
        if let Some(identity) = identity {
            client = client.identity(Identity::from_pem(&identity).unwrap());
        }
        let client = client.build().unwrap();
        for path in [TOKEN, BANKS, "/"] {
            let answer = client.post(gateway(&shop).join(path).unwrap()).send().await;
            assert!(answer.is_err(), "{row}: {path} answered {answer:?}");
        }
        shop.banks().await.good();
    }
    before.is_still(&app, "untrusted connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_and_addresses() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let before = Snapshot::of(&app);
    let paths = [
        (TOKEN.to_owned(), Method::POST),
        (REFRESH.to_owned(), Method::POST),
        (format!("{INIT}/{}", tokens.payment), Method::POST),
        (format!("{STATUS}/{}", tokens.payment), Method::GET),
        (BANKS.to_owned(), Method::GET),
    ];
    let odd = Method::from_bytes(b"BREW").unwrap();
    for (path, right) in paths {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            odd.clone(),
        ] {
            if method != right {
                let row = format!("{method} {path}");
                let request = shop.request(method, &format!("{path}?client_id=shop")).bearer_auth(&tokens.access);
                is_refused(&row, &shop.send(request.json(&an_order())).await, WRONG_METHOD, &[&tokens.access]);
            }
        }
    }
    for path in [
        "/",
        "/gateway",
        "/gateway/",
        "/gateway/core/rest/api/core/nope",
        "/gateway/core/rest/api/core/banks/",
        "/gateway/core/rest/api/core/status",
        "/gateway/core/rest/api/core/status/1/2",
        "/gateway/gateway/core/rest/api/core/banks",
        "/gateway//core/rest/api/core/banks",
        "/GATEWAY/core/rest/api/core/banks",
        "/authenticate/rest/api/core/banks",
        "/payment-initiation",
        "/back-office/login",
        "/%ff/%00",
        "/static/app.css",
    ] {
        for method in [Method::GET, Method::POST] {
            is_refused(path, &shop.send(shop.request(method, path)).await, NO_CALL, &[]);
        }
    }
    before.is_still(&app, "wrong methods and addresses");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_certificate_cannot_take_everything() {
    let app = TestApp::start_with("[gateway]\nrequests_per_minute = 30\nrequests_burst = 3\n").await;
    let (shop, other) = (app.shop(), app.partner("other-shop"));
    let before = Snapshot::of(&app);
    let mut asked = 0;
    let refused = loop {
        let answer = shop.banks().await;
        asked += 1;
        if answer.status != 200 {
            break answer;
        }
        assert!(asked < 20, "the limit is never reached");
    };
    assert!(asked > 3, "three at once are allowed");
    is_refused("too many", &refused, refusal(429, "TOO_MANY_REQUESTS", &[]), &[]);
    let wait: u64 = refused.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    // The limit comes before everything else: not even an address is looked at.
    let nowhere = shop.send(shop.request(Method::GET, "/nowhere")).await;
    assert_eq!(nowhere.status, 429);
    before.is_still(&app, "too many calls");
    other.token().await.good();
    tokio::time::sleep(Duration::from_secs(wait)).await;
    shop.token().await.good();
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn open(to: SocketAddr, tls: bool) -> Self {
        let socket = TcpStream::connect(to).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        if !tls {
            return Self::Plain(socket);
        }
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem("ca.pem")).unwrap()).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(pem("shop.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(pem("shop.key")).unwrap();
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap();
        let server = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::new(config), server).unwrap();
        Self::Tls(Box::new(StreamOwned::new(connection, socket)))
    }

    /// Sends bytes; the other side may have hung up already.
    fn send(&mut self, bytes: &[u8]) {
        let _ = match self {
            Self::Plain(s) => s.write_all(bytes).and_then(|()| s.flush()),
            Self::Tls(s) => s.write_all(bytes).and_then(|()| s.flush()),
        };
    }

    /// Reads until the other side closes, however it does that.
    fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let _ = match self {
            Self::Plain(s) => s.read_to_end(&mut all),
            Self::Tls(s) => s.read_to_end(&mut all),
        };
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// What is no request: bytes, and how often it may be answered with success all the same.
fn garbage() -> Vec<(&'static str, Vec<u8>, usize)> {
    let head = "GET /gateway/core/rest/api/core/banks HTTP/1.1\r\nHost: x\r\n";
    let post = "POST /gateway/authenticate/rest/api/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let long = "x".repeat(300_000);
    let request = |rest: &str| format!("{head}{rest}").into_bytes();
    let posted = |rest: &str| format!("{post}{rest}").into_bytes();
    vec![
        ("words", b"hello, is anybody there?\r\n\r\n".into(), 0),
        ("bytes", (0..=255u8).cycle().take(5000).collect(), 0),
        ("zeros", vec![0; 200_000], 0),
        ("an old version", b"GET / HTTP/0.9\r\n\r\n".into(), 0),
        ("a version to come", b"GET / HTTP/7.0\r\n\r\n".into(), 0),
        ("a long address", format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes(), 0),
        ("a long header", request(&format!("X: {long}\r\n\r\n")), 0),
        ("many headers", request(&format!("{}\r\n", "X: y\r\n".repeat(20_000))), 0),
        ("NUL in a header", request("X: a\0b\r\n\r\n"), 0),
        ("a header without a name", request(": x\r\n\r\n"), 0),
        ("a negative length", posted("Content-Length: -1\r\n\r\n"), 0),
        ("a length in words", posted("Content-Length: many\r\n\r\n"), 0),
        (
            "a length beyond numbers",
            posted("Content-Length: 99999999999999999999999\r\n\r\n"),
            0,
        ),
        ("two lengths", posted("Content-Length: 5\r\nContent-Length: 9\r\n\r\nhello"), 0),
        (
            "length and chunks",
            posted("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            0,
        ),
        ("an unknown coding", posted("Transfer-Encoding: magic\r\n\r\nhello"), 0),
        ("a broken chunk", posted("Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n"), 0),
        (
            "a chunk beyond numbers",
            posted("Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n"),
            0,
        ),
        ("a good call, then garbage", request("\r\nGARBAGE\r\n\r\n"), 1),
        ("HTTP/2 without being asked for", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 0),
    ]
}

async fn survives_garbage(app: &TestApp, to: SocketAddr, tls: bool) {
    for (row, bytes, successes) in garbage() {
        let sent = tokio::task::spawn_blocking(move || {
            let mut stream = Stream::open(to, tls);
            stream.send(&bytes);
            stream.rest()
        });
        let answer = sent.await.unwrap();
        let successes = if tls { successes } else { 0 };
        assert_eq!(answer.matches("HTTP/1.1 200").count(), successes, "{row}: {answer}");
        assert!(!answer.contains("HTTP/1.1 5"), "{row}: {answer}");
        assert!(answer.is_empty() || answer.contains("HTTP/1.1 4"), "{row}: {answer}");
        app.shop().banks().await.good();
        app.psu().get(&app.public("/terms")).await.says("Termeni");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_ends_its_own_connection_only() {
    let app = TestApp::start_with(UNLIMITED).await;
    let before = Snapshot::of(&app);
    let (gateway, public) = (address(&gateway(&app.shop())), address(&app.public("/")));
    survives_garbage(&app, gateway, true).await;
    survives_garbage(&app, public, false).await;
    // Plain text where TLS is spoken.
    let sent = tokio::task::spawn_blocking(move || {
        let mut stream = Stream::open(gateway, false);
        stream.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.rest()
    });
    assert!(!sent.await.unwrap().contains("HTTP/"));
    app.shop().banks().await.good();
    before.is_still(&app, "garbage");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_finishes_a_request_is_cut_off() {
    let app = TestApp::start_with(UNLIMITED).await;
    let before = Snapshot::of(&app);
    let (gateway, public) = (address(&gateway(&app.shop())), address(&app.public("/")));
    let head = "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ".to_owned();
    let body = |path: &str| format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 14\r\n\r\nclient_id=sho");
    let requests = [
        (gateway, true, head.clone()),
        (gateway, true, body(TOKEN)),
        (public, false, head),
        (public, false, body("/payment-initiation")),
        (public, false, body("/back-office/login")),
    ];
    let slow = requests.map(|(to, tls, part)| {
        tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let mut stream = Stream::open(to, tls);
            stream.send(part.as_bytes());
            (part, stream.rest(), begun.elapsed())
        })
    });
    app.shop().banks().await.good();
    for one in slow {
        let (part, answer, took) = one.await.unwrap();
        assert!(took < Duration::from_secs(18), "{part}: {took:?}");
        assert!(answer.is_empty() || answer.contains("HTTP/1.1 4"), "{part}: {answer}");
    }
    app.shop().banks().await.good();
    before.is_still(&app, "slow requests");
}
