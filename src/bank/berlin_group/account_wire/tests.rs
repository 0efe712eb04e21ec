use super::*;
use proptest::prelude::*;

fn money(hundredths: i64) -> Money {
    Money {
        hundredths,
        currency: "RON".to_owned(),
    }
}

#[test]
fn amounts_are_read_exactly_whether_texts_or_numbers() {
    for (text, expected) in [
        ("1056", Some(105_600)),
        ("-1.50", Some(-150)),
        ("5768.2", Some(576_820)),
        ("0.07", Some(7)),
        ("-0", Some(0)),
        ("0.1000", Some(10)),
        ("+3", Some(300)),
        ("1E+2", Some(10_000)),
        ("12.5e1", Some(12_500)),
        ("1200e-2", Some(1200)),
        ("1e-3", None),
        ("100e-20", None),
        ("0e-20", Some(0)),
        ("0.001", None),
        ("92233720368547758.07", Some(i64::MAX)),
        ("92233720368547758.08", None),
        ("1e20", None),
        ("1e21", None),
        ("", None),
        ("-", None),
        (".5", None),
        ("1,50", None),
        ("1.2.3", None),
        ("NaN", None),
        ("0x10", None),
        ("１", None),
    ] {
        assert_eq!(hundredths(text), expected, "{text}");
    }
    // The number that no double can hold is read to the last digit.
    let body = br#"{"balances":[{"balanceType":"expected","balanceAmount":{"currency":"RON","amount":90071992547409.93}}]}"#;
    assert_eq!(balances(body).unwrap()[0].amount, money(9_007_199_254_740_993));
}

proptest! {
    #[test]
    fn every_amount_is_read_as_it_was_written(hundredths_in in any::<i64>(), quoted: bool) {
        let sign = if hundredths_in < 0 { "-" } else { "" };
        let abs = hundredths_in.unsigned_abs();
        let text = format!("{sign}{}.{:02}", abs / 100, abs % 100);
        let written = if quoted { format!("\"{text}\"") } else { text };
        let body = format!(r#"{{"balances":[{{"balanceAmount":{{"currency":"RON","amount":{written}}}}}]}}"#);
        prop_assert_eq!(balances(body.as_bytes()).map(|b| b[0].amount.hundredths), Some(hundredths_in));
    }

    #[test]
    fn no_answer_panics(body in "\\PC{0,80}|[{}\\[\\]\":,a-z0-9.-]{0,80}") {
        let body = body.as_bytes();
        let _ = (accounts(body), account(body, "x"), balances(body), transactions(body), transaction(body));
        let _ = (consented(body), consent_status(body), valid_until(body));
    }

    #[test]
    fn a_link_to_what_follows_is_never_an_address(link in "\\PC{0,60}|[a-z:/?#&=%0-9.]{0,60}") {
        let body = json!({"accounts": [], "_links": {"next": {"href": link}}}).to_string();
        let page = accounts(body.as_bytes()).unwrap().next;
        prop_assert!(page.is_none_or(|page| is_page(&page)));
    }
}

#[test]
fn accounts_are_read_however_a_bank_writes_them() {
    let body = br#"{"accounts":[
        {"resourceId":"a-1","iban":"RO30CECEB00030RON0001001","currency":"RON","name":" Cont\u202e curent ","cashAccountType":"CACC",
         "status":"enabled","_links":{"balances":{"href":"/x"}},"somethingNew":{"a":[1,2]},
         "balances":[{"balanceType":"interimAvailable","balanceAmount":{"currency":"RON","amount":12500},"referenceDate":"2026-11-21"}]},
        {"resourceId":77,"iban":"RO00NONSENSE","currency":"lei","displayName":"Economii","name":"x"},
        {"iban":"RO66CECEB00030RON0002002","currency":"RON"},
        {"resourceId":"..","currency":"RON"}],
        "_links":{"next":"https://elsewhere.example/v1/accounts?pageIndex=2"}}"#;
    let page = accounts(body).unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.next.as_deref(), Some("pageIndex=2"));
    let first = &page.items[0];
    assert_eq!((first.id.as_str(), first.name.as_deref()), ("a-1", Some("Cont curent")));
    assert_eq!(first.iban.as_ref().unwrap().electronic(), "RO30CECEB00030RON0001001");
    assert_eq!(
        (&first.balances[0].amount, first.balances[0].at.as_deref()),
        (&money(1_250_000), Some("2026-11-21"))
    );
    let second = &page.items[1];
    assert_eq!(
        (second.id.as_str(), second.iban.is_none(), second.currency.as_str()),
        ("77", true, "XXX")
    );
    assert_eq!(second.name.as_deref(), Some("Economii"));
    let bare = br#"{"iban":"RO30CECEB00030RON0001001","currency":"RON"}"#;
    let wrapped = format!(r#"{{"account":{}}}"#, std::str::from_utf8(bare).unwrap());
    assert_eq!(account(bare, "a-1"), account(wrapped.as_bytes(), "a-1"));
    assert_eq!(account(bare, "a-1").unwrap().id, "a-1");
}

#[test]
fn transactions_name_the_other_side() {
    let body = br#"{"account":{"iban":"RO30CECEB00030RON0001001"},"transactions":{
        "booked":[
          {"transactionId":"t-1","bookingDate":"2026-11-02","valueDate":"2026-11-02","endToEndId":"E2E-1",
           "transactionAmount":{"currency":"RON","amount":"-12.5"},"creditorName":"Magazin\n SRL","creditorAccount":{"iban":"RO24BTRLRONCRT0000000001"},
           "debtorName":"Ana","remittanceInformationUnstructured":"Factura 12"},
          {"resourceId":12,"transactionId":"t-2","transactionAmount":{"currency":"RON","amount":4500},"debtorName":"Angajator SA",
           "debtorAccount":{"bban":"1234"},"remittanceInformationUnstructuredArray":["Salariu","octombrie"]}],
        "pending":[{"transactionAmount":{"currency":"EUR","amount":"-1"},"remittanceInformationStructured":{"reference":"RF18"}}],
        "_links":{"account":{"href":"/a"},"next":{"href":"?bookingStatus=both&page=2"}}}}"#;
    let page = transactions(body).unwrap();
    assert_eq!(page.next.as_deref(), Some("bookingStatus=both&page=2"));
    let [first, second, third] = page.items.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(
        (first.id.as_deref(), first.booked, &first.amount),
        (Some("t-1"), true, &money(-1250))
    );
    assert_eq!(first.counterparty_name.as_deref(), Some("Magazin SRL"));
    assert_eq!(first.counterparty_iban.as_deref(), Some("RO24BTRLRONCRT0000000001"));
    assert_eq!(
        (first.remittance.as_deref(), first.end_to_end_id.as_deref()),
        (Some("Factura 12"), Some("E2E-1"))
    );
    assert_eq!(
        (second.id.as_deref(), second.counterparty_iban.as_deref()),
        (Some("12"), Some("1234"))
    );
    assert_eq!(second.remittance.as_deref(), Some("Salariu octombrie"));
    assert_eq!(
        (third.booked, third.id.as_deref(), third.remittance.as_deref()),
        (false, None, Some("RF18"))
    );
    for wrapped in [
        r#"{"transactionId":"t-9","bookingDate":"2026-11-02","transactionAmount":{"currency":"RON","amount":"1"}}"#,
        r#"{"transactionsDetails":{"transactionId":"t-9","bookingDate":"2026-11-02","transactionAmount":{"currency":"RON","amount":1}}}"#,
        r#"{"transactionsDetails":{"transactionDetails":{"transactionId":"t-9","bookingDate":"2026-11-02","transactionAmount":{"currency":"RON","amount":1.00}}}}"#,
    ] {
        let one = transaction(wrapped.as_bytes()).unwrap();
        assert_eq!(
            (one.id.as_deref(), one.booked, one.amount),
            (Some("t-9"), true, money(100)),
            "{wrapped}"
        );
    }
}

#[test]
fn money_that_cannot_be_read_spoils_the_whole_answer() {
    for body in [
        r#"{"balances":[{"balanceAmount":{"currency":"RON","amount":"1"}},{"balanceAmount":{"currency":"RON","amount":"many"}}]}"#,
        r#"{"balances":[{"balanceAmount":{"currency":"ron","amount":"1"}}]}"#,
        r#"{"balances":[{"balanceAmount":{"amount":"1"}}]}"#,
        r#"{"balances":[7]}"#,
        r#"{"balances":"none"}"#,
        r#"{}"#,
        r#"[]"#,
    ] {
        assert_eq!(balances(body.as_bytes()), None, "{body}");
    }
    for body in [
        r#"{"transactions":{"booked":[{"transactionId":"1"}]}}"#,
        r#"{"transactions":{"booked":7}}"#,
        r#"{"something":1}"#,
    ] {
        assert_eq!(transactions(body.as_bytes()), None, "{body}");
    }
    let many = format!(r#"{{"balances":[{}]}}"#, vec!["{}"; MAX_ITEMS + 1].join(","));
    assert_eq!(balances(many.as_bytes()), None);
}
