//! What a restarted bank still knows, also when it was stopped in the middle of a line.

use super::support::{Banks, payment};
use crate::clock::Clock;
use crate::sandbox::{BankCode, LedgerEvent, customers};
use serde_json::json;

#[tokio::test]
async fn a_bank_cut_off_between_two_bookings_goes_on_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.jsonl");
    let clock = Clock::default();
    let banks = Banks::with_ledger(Some(file.clone()), clock.clone());
    let body = json!({ "payments": [payment("10.00"), payment("20.00"), payment("30.00")] });
    let (created, path) = banks.order(BankCode::Link, None, &body).await;
    banks.visit(&created.text("/_links/scaRedirect/href"), "ana", "da").await;
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    let ledger = banks.sandbox.ledger();
    banks.server.stop(false).await;
    // The last booking and the order's last word are lost, and half a line is left of them.
    let text = std::fs::read_to_string(&file).unwrap();
    let kept: String = text.lines().take(ledger.len() - 2).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, format!("{kept}{{\"seq\":")).unwrap();

    let certificate = banks.certificate;
    let banks = Banks {
        certificate,
        ..Banks::with_ledger(Some(file), clock)
    };
    assert_eq!(banks.word(&path).await, "ACSC");
    assert_eq!(banks.sandbox.ledger(), ledger);
    let booked = ledger.iter().filter(|e| matches!(e.event, LedgerEvent::Booked { .. })).count();
    let ana = customers::by_user("ana").unwrap().accounts(BankCode::Link)[0].iban;
    assert_eq!((booked, banks.sandbox.balance_minor(ana)), (3, Some(1_250_000 - 6_000)));
}

#[tokio::test]
async fn requests_and_codes_survive_on_the_telephone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.jsonl");
    let clock = Clock::default();
    let banks = Banks::with_ledger(Some(file.clone()), clock.clone());
    let (_, pushed) = banks.order(BankCode::Mobil, Some("0700000101"), &payment("10.00")).await;
    let (_, path) = banks.order(BankCode::Cod, None, &payment("20.00")).await;
    let id = banks.authorise(&path, Some("100101")).await.text("/authorisationId");
    let codes = banks.sandbox.codes_for("ana");
    banks.server.stop(false).await;

    let certificate = banks.certificate;
    let banks = Banks {
        certificate,
        ..Banks::with_ledger(Some(file), clock)
    };
    assert_eq!((banks.sandbox.codes_for("ana"), codes.len()), (codes.clone(), 1));
    let code = json!({ "scaAuthenticationData": codes[0] });
    assert_eq!(
        banks.put(&format!("{path}/authorisations/{id}"), code).await.text("/scaStatus"),
        "finalised"
    );
    assert_eq!(banks.sandbox.approve_on_phone("ana").as_deref(), pushed.rsplit('/').next());
    banks.settle();
    assert_eq!((banks.word(&path).await, banks.word(&pushed).await), ("ACSC".into(), "ACSC".into()));
}
