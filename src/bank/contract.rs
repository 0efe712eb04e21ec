//! What every connector must do, whatever its bank does: shared by the tests of all protocols.

use super::access::Keeper;
use super::accounts::{AccountInformation as _, BookingStatus, ConsentSession, FundsConfirmation as _, TransactionQuery};
use super::berlin_group::BerlinGroup;
use super::directory::shipped_protocol;
use super::http::{BankHttp, BankHttpSettings, MAX_ANSWER_BYTES};
use super::{BankError, Connector, Credentials, PaymentInitiation as _, PsuContext, Tools};
use crate::clock::Clock;
use crate::payment::{Amount, Currency, Iban, Instruction, Order, PaymentId};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::net::TcpSocket;
use url::Url;

pub fn order() -> Order {
    let instruction = |name: &str, iban: &str, minor, details: &str, id: &str| Instruction {
        creditor_name: name.to_owned(),
        creditor_iban: Iban::parse(iban).unwrap(),
        amount: Amount::from_minor(minor, Currency::Ron).unwrap(),
        details: details.to_owned(),
        end_to_end_id: id.to_owned(),
        giro: None,
    };
    Order {
        payment: PaymentId::from_number(1_234_567_890_123_456).unwrap(),
        partner: "partner-1".to_owned(),
        attempt: 1,
        debtor_iban: Some(Iban::parse("RO66BACX0000001234567890").unwrap()),
        instructions: vec![
            instruction(
                "Școală de șoferi S.R.L.",
                "RO49AAAA1B31007593840000",
                12_350,
                "Factură nr. 12 – instruire",
                "E2E-1",
            ),
            instruction("Al doilea", "RO09PORL7789778256833565", 1, "Rest", "E2E-2"),
        ],
        schedule: None,
    }
}

pub fn psu() -> PsuContext {
    PsuContext {
        ip: "198.51.100.7".parse().unwrap(),
        user_agent: Some("Mozilla/5.0 (X11)\r\n".to_owned()),
        return_url: Url::parse("https://pay.example/payment-return/cec").unwrap(),
        state: "st-0123456789".to_owned(),
        seed: std::array::from_fn(|i| u8::try_from(i).unwrap()),
        psu_id: None,
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        client_id: "client-1".to_owned(),
        client_secret: Some("hush".to_owned().into()),
        signing_certificate_pem: Some("-----BEGIN CERTIFICATE-----\nQUJDREVG\nR0g=\n-----END CERTIFICATE-----\n".to_owned()),
        ..Credentials::default()
    }
}

pub fn bank_at(base: &Url, http: &BankHttp) -> BerlinGroup {
    bank_called("cec", base, http)
}

/// A bank of the shipped directory.
pub fn bank_called(code: &str, base: &Url, http: &BankHttp) -> BerlinGroup {
    BerlinGroup::new(code, &shipped_protocol(code).unwrap(), base, credentials(), http).unwrap()
}

/// What connectors share.
pub fn tools() -> Tools {
    Tools {
        http: patient_http(),
        keeper: Keeper::in_memory(),
        clock: Clock::default(),
    }
}

/// Time-outs that a busy machine does not reach.
pub fn patient_http() -> BankHttp {
    BankHttp::new(&BankHttpSettings::default()).unwrap()
}

pub fn hasty_http() -> BankHttp {
    BankHttp::new(&BankHttpSettings {
        connect_timeout: Duration::from_millis(400),
        total_timeout: Duration::from_millis(800),
        ..BankHttpSettings::default()
    })
    .unwrap()
}

/// A port of loopback at which nobody ever listens: kept taken, so that no other server is given it.
pub fn closed_port() -> u16 {
    static TAKEN: LazyLock<TcpSocket> = LazyLock::new(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket
    });
    TAKEN.local_addr().unwrap().port()
}

/// A server that reads one request (or not), writes these bytes and closes. `None`: it never answers.
pub fn scripted(reads: bool, answer: Option<Vec<u8>>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            if reads {
                let _ = stream.read(&mut [0; 16 * 1024]);
            }
            match &answer {
                Some(bytes) => {
                    let _ = stream.write_all(bytes);
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                }
                None => held.push(stream),
            }
        }
    });
    url
}

pub fn http_answer(status: &str, headers: &str, body: &str) -> Option<Vec<u8>> {
    let length = body.len();
    Some(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes())
}

/// The contract's table: what the bank does, and what may be concluded from it.
pub async fn keeps_the_contract(at: impl Fn(&Url, &BankHttp) -> Connector) {
    let mut one = order();
    one.instructions.truncate(1);
    keeps_the_contract_with(&one, at).await;
}

/// The same with an order that this connector's bank takes.
pub async fn keeps_the_contract_with(one: &Order, at: impl Fn(&Url, &BankHttp) -> Connector) {
    let patient = patient_http();
    let initiate = async |base: &Url, http: &BankHttp| at(base, http).initiate(one, &psu()).await.map(drop).unwrap_err();

    let refused_connection = Url::parse(&format!("http://127.0.0.1:{}", closed_port())).unwrap();
    let no_tls = Url::parse(&scripted(true, http_answer("200 OK", "", "{}")).as_str().replace("http", "https")).unwrap();
    let no_name = Url::parse("https://bank.invalid/").unwrap();
    for base in [refused_connection, no_tls, no_name] {
        let error = initiate(&base, &patient).await;
        assert!(matches!(error, BankError::NotSent(_)), "{base}: {error:?}");
    }

    let huge = "x".repeat(MAX_ANSWER_BYTES + 1);
    let endless = format!("HTTP/1.1 201 Created\r\n\r\n{huge}").into_bytes();
    for (what, answer) in [
        ("closed without an answer", Some(Vec::new())),
        ("half a status line", Some(b"HTTP/1.1 20".to_vec())),
        ("not HTTP", Some(b"220 smtp.example\r\n".to_vec())),
        (
            "cut",
            Some(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"paymentId\":\"1\"}".to_vec()),
        ),
        ("500", http_answer("500 Internal Server Error", "", "{}")),
        ("503", http_answer("503 Service Unavailable", "Retry-After: 5\r\n", "{}")),
        ("moved", http_answer("307 Temporary Redirect", "Location: /again\r\n", "")),
        ("malformed", http_answer("201 Created", "", "{\"paymentId\":")),
        ("empty", http_answer("201 Created", "", "")),
        ("huge, announced", http_answer("201 Created", "", &huge)),
        ("huge, not announced", Some(endless)),
    ] {
        let error = initiate(&scripted(true, answer), &patient).await;
        assert!(matches!(error, BankError::Unknown(_)), "{what}: {error:?}");
    }
    let error = initiate(&scripted(true, None), &hasty_http()).await;
    assert!(matches!(error, BankError::Unknown(_)), "no answer in time: {error:?}");

    for (answer, status, retry_after) in [
        (http_answer("400 Bad Request", "", "{\"tppMessages\":"), 400, None),
        (http_answer("403 Forbidden", "", &huge), 403, None),
        (http_answer("429 Too Many Requests", "Retry-After: 12\r\n", "<html>"), 429, Some(12)),
    ] {
        match initiate(&scripted(true, answer), &patient).await {
            BankError::Refused {
                status: s, retry_after_s, ..
            } => assert_eq!((s, retry_after_s), (status, retry_after)),
            other => panic!("{status}: {other:?}"),
        }
    }
}

/// Reads one thing under a consent; the session always comes back, and never to be used as it was.
async fn read_one(bank: &Connector, session: &ConsentSession, what: &str) -> BankError {
    let query = TransactionQuery {
        booking_status: BookingStatus::Both,
        date_from: "2026-11-01".parse().ok(),
        date_to: None,
        page: None,
    };
    let (result, after) = match what {
        "accounts" => {
            let read = bank.accounts(session, None).await;
            (read.result.map(drop), read.session)
        }
        "account" => {
            let read = bank.account(session, "a-1").await;
            (read.result.map(drop), read.session)
        }
        "balances" => {
            let read = bank.balances(session, "a-1").await;
            (read.result.map(drop), read.session)
        }
        "transactions" => {
            let read = bank.transactions(session, "a-1", &query).await;
            (read.result.map(drop), read.session)
        }
        "transaction" => {
            let read = bank.transaction(session, "a-1", "t-1").await;
            (read.result.map(drop), read.session)
        }
        _ => {
            let iban = Iban::parse("RO66BACX0000001234567890").unwrap();
            let amount = Amount::from_minor(100, Currency::Ron).unwrap();
            let read = bank.confirm_funds(session, &iban, &amount).await;
            (read.result.map(drop), read.session)
        }
    };
    assert_eq!(after.consent, session.consent);
    assert!(after.calls > session.calls, "{what}: the next call needs an id of its own");
    result.unwrap_err()
}

/// The same for what is read under a consent: nothing that is not an account, a balance, a transaction or an
/// answer becomes one.
pub async fn reading_keeps_the_contract(session: &ConsentSession, at: impl Fn(&Url, &BankHttp) -> Connector) {
    let read = async |base: &Url, http: &BankHttp, what: &str| read_one(&at(base, http), session, what).await;
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(9 * MAX_ANSWER_BYTES));
    let (patient, hasty) = (patient_http(), hasty_http());
    for what in ["accounts", "account", "balances", "transactions", "transaction", "funds"] {
        let nobody = Url::parse(&format!("http://127.0.0.1:{}", closed_port())).unwrap();
        let error = read(&nobody, &patient, what).await;
        assert!(matches!(error, BankError::NotSent(_)), "{what}: {error:?}");
        for (how, answer) in [
            ("closed without an answer", Some(Vec::new())),
            ("not HTTP", Some(b"220 smtp.example\r\n".to_vec())),
            ("503", http_answer("503 Service Unavailable", "", "{}")),
            ("moved", http_answer("302 Found", "Location: /again\r\n", "")),
            ("malformed", http_answer("200 OK", "", "{\"accounts\":[")),
            ("empty", http_answer("200 OK", "", "")),
            ("a page", http_answer("200 OK", "Content-Type: text/html\r\n", "<html>")),
            ("a list", http_answer("200 OK", "", "[]")),
            (
                "something else",
                http_answer(
                    "200 OK",
                    "",
                    "{\"accounts\":7,\"balances\":{},\"transactions\":{\"booked\":[null]}}",
                ),
            ),
            ("huge", http_answer("200 OK", "", &huge)),
        ] {
            // An account is what has the id that was asked for; a bank may say nothing else of it.
            if what == "account" && how == "something else" {
                continue;
            }
            let error = read(&scripted(true, answer), &patient, what).await;
            assert!(matches!(error, BankError::Unknown(_)), "{what}, {how}: {error:?}");
        }
        let error = read(&scripted(true, http_answer("403 Forbidden", "", "<html>")), &patient, what).await;
        assert!(matches!(error, BankError::Refused { status: 403, .. }), "{what}: {error:?}");
        let error = read(&scripted(true, None), &hasty, what).await;
        assert!(matches!(error, BankError::Unknown(_)), "{what}, no answer in time: {error:?}");
    }
}
