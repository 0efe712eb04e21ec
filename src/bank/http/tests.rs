use super::*;
use crate::bank::contract::{closed_port, http_answer, patient_http, scripted};
use std::sync::{Arc, Mutex};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

fn call(method: Method, url: Url) -> Call<'static> {
    Call {
        bank: "cec",
        operation: "test",
        request_id: Uuid::nil(),
        method,
        url,
        headers: HeaderMap::new(),
        body: Body::Empty,
        max_answer_bytes: MAX_ANSWER_BYTES,
    }
}

#[test]
fn plain_http_goes_to_this_machine_only() {
    for (url, safe) in [
        ("https://bank.example/x", true),
        ("http://127.0.0.1:8090/cec", true),
        ("http://[::1]/", true),
        ("http://localhost/", true),
        ("http://bank.example/", false),
        ("http://localhost.bank.example/", false),
        ("http://10.0.0.1/", false),
        ("https://user@bank.example/", false),
        ("https://:pw@bank.example/", false),
        ("ftp://127.0.0.1/", false),
        ("file:///etc/passwd", false),
    ] {
        assert_eq!(is_safe_destination(&Url::parse(url).unwrap()), safe, "{url}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let settings = |connect, total| BankHttpSettings {
        connect_timeout: Duration::from_secs(connect),
        total_timeout: Duration::from_secs(total),
        ..BankHttpSettings::default()
    };
    for (connect, total) in [(0, 5), (5, 5), (6, 5)] {
        assert!(matches!(BankHttp::new(&settings(connect, total)), Err(BankHttpError::Timeouts)));
    }
    let unreadable = BankHttpSettings {
        identity_pem: Some("no key here".to_owned().into()),
        ..settings(1, 2)
    };
    assert!(matches!(BankHttp::new(&unreadable), Err(BankHttpError::Setup(_))));
}

#[tokio::test]
async fn nothing_leaves_for_an_unsafe_destination() {
    let url = Url::parse("http://bank.example/").unwrap();
    let error = patient_http().call(call(Method::GET, url)).await.unwrap_err();
    assert!(matches!(error, BankError::NotSent(_)));
}

#[tokio::test]
async fn redirects_are_not_followed_and_nothing_is_repeated() {
    for method in [Method::GET, Method::POST, Method::DELETE] {
        for status in [301, 307, 408, 500, 502, 503] {
            let server = MockServer::builder().start().await;
            let answer = ResponseTemplate::new(status).insert_header("location", "/elsewhere");
            Mock::given(matchers::any()).respond_with(answer).mount(&server).await;
            let url = server.uri().parse().unwrap();
            let error = patient_http().call(call(method.clone(), url)).await.unwrap_err();
            assert!(matches!(error, BankError::Unknown(_)), "{method} {status}: {error:?}");
            assert_eq!(server.received_requests().await.unwrap().len(), 1, "{method} {status}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_dies_is_not_tried_again() {
    let seen = Arc::new(Mutex::new(0));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let counter = seen.clone();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            *counter.lock().unwrap() += 1;
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
        }
    });
    for method in [Method::GET, Method::POST] {
        let error = patient_http().call(call(method, url.clone())).await.unwrap_err();
        assert!(matches!(error, BankError::Unknown(_)), "{error:?}");
    }
    assert_eq!(*seen.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_large_answer_is_read_up_to_the_limit() {
    let body = "x".repeat(MAX_ANSWER_BYTES);
    let url = scripted(true, http_answer("200 OK", "", &body));
    let reply = patient_http().call(call(Method::GET, url)).await.unwrap();
    assert_eq!(reply.body.len(), MAX_ANSWER_BYTES);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_bank_and_outcome_and_nothing_that_was_said() {
    // With a single subscriber alive, a test on another thread that logs first would decide for all threads
    // that nobody listens.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("smartpay=trace")
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let refusing = scripted(
        true,
        http_answer(
            "400 Bad Request",
            "X-Said: canary\r\n",
            r#"{"error":"invalid_request","error_description":"canary"}"#,
        ),
    );
    let nobody = Url::parse(&format!("http://127.0.0.1:{}", closed_port())).unwrap();
    for base in [refusing, nobody] {
        let mut call = call(Method::POST, base.join("/canary?canary=1").unwrap());
        call.headers.insert("authorization", HeaderValue::from_static("Bearer canary"));
        call.body = Body::Json(b"\"canary\"".to_vec());
        assert!(!format!("{call:?}").contains("canary"));
        let _ = patient_http().call(call).await;
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for word in [
        "bank=\"cec\"",
        "operation=\"test\"",
        "method=POST",
        "host=\"127.0.0.1\"",
        "status=400",
        "duration_ms=",
    ] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    assert!(!text.contains("canary"), "{text}");
}

mod tls {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
    use std::io::{Read as _, Write as _};

    /// An authority, a bank that wants client certificates of it, and ours (certificate and key).
    fn bank() -> (Url, String, String) {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let ca_key = KeyPair::generate().unwrap();
        let mut ca_params = CertificateParams::default();
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = ca_params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(ca_params, ca_key);
        let issue = |usage| {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.extended_key_usages = vec![usage];
            (params.signed_by(&key, &issuer).unwrap(), key)
        };
        let (server_cert, server_key) = issue(ExtendedKeyUsagePurpose::ServerAuth);
        let (client_cert, client_key) = issue(ExtendedKeyUsagePurpose::ClientAuth);
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![server_cert.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
                if tls.read(&mut [0; 4096]).is_ok() {
                    let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                    tls.conn.send_close_notify();
                    let _ = tls.flush();
                }
            }
        });
        let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
        (url, ca.pem(), client_cert.pem() + &client_key.serialize_pem())
    }

    #[tokio::test]
    async fn both_sides_show_certificates() {
        let (url, root, identity) = bank();
        let with = |root: Option<&String>, identity: Option<&String>| {
            BankHttp::new(&BankHttpSettings {
                extra_root_pem: root.cloned(),
                identity_pem: identity.cloned().map(Into::into),
                ..BankHttpSettings::default()
            })
            .unwrap()
        };
        let ask = async |http: BankHttp| http.call(call(Method::GET, url.clone())).await;
        assert_eq!(ask(with(Some(&root), Some(&identity))).await.unwrap().body, b"{}");
        // A bank we do not trust gets nothing.
        assert!(matches!(ask(with(None, Some(&identity))).await, Err(BankError::NotSent(_))));
        // A bank that does not trust us may say so after the request has left.
        assert!(matches!(
            ask(with(Some(&root), None)).await,
            Err(BankError::Unknown(_) | BankError::NotSent(_))
        ));
    }
}

#[test]
fn what_the_browser_says_cannot_break_a_header() {
    assert_eq!(clean_user_agent("A\r\nX-Evil: 1\u{202e}é").as_deref(), Some("AX-Evil: 1"));
    assert_eq!(clean_user_agent(" \n"), None);
    assert_eq!(clean_user_agent(&"x".repeat(9999)).unwrap().len(), MAX_USER_AGENT_CHARS);
}
