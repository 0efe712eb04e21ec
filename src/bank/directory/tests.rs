use super::*;
use crate::bank::contract::{credentials, tools};

const ONE: &str = include_str!("../../../config/banks.toml");

fn shipped_with(code: &str, base_url: Option<&str>) -> Result<Banks, DirectoryError> {
    let access = BankAccess {
        base_url: base_url.map(|u| u.parse().unwrap()),
        credentials: credentials(),
        ..BankAccess::default()
    };
    Directory::shipped()
        .unwrap()
        .connect(BTreeMap::from([(code.to_owned(), access)]), &tools())
}

fn named(error: &DirectoryError) -> (&str, &str) {
    match error {
        DirectoryError::Bank { bank, field, .. } => (bank, field),
        DirectoryError::File(_) => ("", ""),
    }
}

#[test]
fn a_bank_is_active_when_it_has_protocol_address_and_credentials() {
    let active = |banks: &Banks| banks.list().iter().filter(|b| b.active()).count();
    let nobody = Directory::shipped().unwrap().connect(BTreeMap::new(), &tools()).unwrap();
    assert_eq!(active(&nobody), 0);
    assert_eq!(active(&shipped_with("cec", None).unwrap()), 0);
    let banks = shipped_with("cec", Some("http://127.0.0.1:8090/cec")).unwrap();
    assert_eq!(active(&banks), 1);
    assert!(banks.list()[0].code == "cec" && banks.list()[0].connector().is_some());
    let names: Vec<_> = banks.list()[1..].iter().map(|b| b.name.to_lowercase()).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(banks.get("cec").unwrap().active() && banks.get("CEC").is_none());
    assert!(!banks.get("bcr").unwrap().active());
}

#[test]
fn an_iban_suggests_its_bank_also_by_the_code_of_a_merged_one() {
    let banks = shipped_with("cec", None).unwrap();
    let suggested = |text: &str| banks.suggest(&Iban::parse(text).unwrap()).map(|b| b.code.clone());
    assert_eq!(suggested("RO66BACX0000001234567890").as_deref(), Some("unicredit"));
    assert_eq!(suggested("RO09PORL7789778256833565").as_deref(), Some("porsche"));
    assert_eq!(suggested("RO49AAAA1B31007593840000"), None);
    assert_eq!(suggested("FR7613807008043001965405158").as_deref(), Some("bp-grand-ouest"));
    assert_eq!(suggested("FR7617515000920400430518020").as_deref(), Some("ce-ile-de-france"));
    assert_eq!(suggested("DE89370400440532013000"), None);
    let merged = banks.get("bt").unwrap();
    assert!(["BTRL", "OTPV"].iter().all(|c| merged.iban_codes.iter().any(|i| i == c)));
}

#[test]
fn the_facts_of_the_bank_served_are_those_of_its_documents() {
    let banks = shipped_with("cec", Some("https://bank.example")).unwrap();
    let cec = banks.get("cec").unwrap().facts;
    assert!(cec.status_needs_psu_token && cec.withdraw_before_sca && cec.takes_bulk);
    assert!(!cec.sca_starts_on_post && !cec.post_is_idempotent && !cec.requires_iban && !cec.requires_psu_id);
    assert_eq!((cec.max_name_chars, cec.max_remittance_chars), (70, 140));
    assert!(!cec.takes_standing_orders && cec.sca == Sca::Redirect && cec.offers_accounts && cec.offers_funds);
    let bt = banks.get("bt").unwrap().facts;
    assert!(bt.status_needs_psu_token && !bt.offers_accounts && !bt.offers_funds && bt.sca == Sca::Redirect);
    let decoupled = banks.get("brd").unwrap();
    let rule = decoupled.psu_id.as_ref().unwrap();
    assert!(decoupled.facts.requires_psu_id && rule.accepts("41234567"));
    for text in ["", "4123456", "412345678", "51234567", "x41234567", "41234567\n"] {
        assert!(!rule.accepts(text), "{text:?}");
    }
}

#[test]
fn a_test_bank_is_in_no_list_unless_the_operator_has_settings_for_it() {
    let none = shipped_with("cec", None).unwrap();
    assert!(none.list().iter().all(|b| !b.code.starts_with("demo-")));
    assert!(none.suggest(&Iban::parse("RO50MOBIM00001RON0001001").unwrap()).is_none());
    for (code, sca, at_once, bulk, standing, psu_id) in [
        ("demo-mobil", Sca::Decoupled, true, false, true, Some("0700000101")),
        ("demo-cod", Sca::Embedded, false, true, false, Some("100101")),
        ("demo-link", Sca::Redirect, false, true, true, None),
        ("demo-pasi", Sca::Redirect, false, false, false, None),
    ] {
        let access = BankAccess {
            base_url: Some("http://127.0.0.1:8090/x".parse().unwrap()),
            ..BankAccess::default()
        };
        let banks = Directory::shipped()
            .unwrap()
            .connect(BTreeMap::from([(code.to_owned(), access)]), &tools())
            .unwrap();
        let bank = banks.get(code).unwrap();
        assert!(bank.active() && banks.list().iter().filter(|b| b.code.starts_with("demo-")).count() == 1);
        let facts = bank.facts;
        assert_eq!(
            (facts.sca, facts.sca_starts_on_post, facts.takes_bulk, facts.takes_standing_orders),
            (sca, at_once, bulk, standing),
            "{code}"
        );
        assert!(facts.withdraw_before_sca && !facts.status_needs_psu_token, "{code}");
        assert_eq!(bank.psu_id.is_some(), psu_id.is_some());
        assert!(bank.psu_id.iter().all(|rule| rule.accepts(psu_id.unwrap()) && !rule.accepts("1")));
    }
}

#[test]
fn what_the_operator_configured_wrongly_is_named() {
    let wrong = |code: &str, access: BankAccess| {
        let access = BTreeMap::from([(code.to_owned(), access)]);
        let error = Directory::shipped().unwrap().connect(access, &tools()).unwrap_err();
        let (bank, field) = named(&error);
        assert!(error.to_string().contains(bank));
        format!("{bank}.{field}")
    };
    let access = |base: &str, credentials| BankAccess {
        base_url: Some(base.parse().unwrap()),
        credentials,
        ..BankAccess::default()
    };
    assert_eq!(wrong("cecc", BankAccess::default()), "cecc.code");
    assert_eq!(wrong("bcr", BankAccess::default()), "bcr.berlin_group");
    assert_eq!(wrong("cec", access("http://bank.example", credentials())), "cec.base_url");
    let page = BankAccess {
        authorise_url: Some("https://bank.example/authorize".parse().unwrap()),
        ..access("https://bank.example", credentials())
    };
    assert_eq!(wrong("cec", page), "cec.authorise_url");
    let bpce = BankAccess {
        credentials: credentials(),
        ..BankAccess::default()
    };
    assert_eq!(wrong("bp-grand-ouest", bpce), "bp-grand-ouest.signing_key_pem");
    assert_eq!(wrong("cec", access("https://bank.example?x=1", credentials())), "cec.base_url");
    assert_eq!(
        wrong("cec", access("https://bank.example", Credentials::default())),
        "cec.client_id"
    );
    let no_certificate = Credentials {
        signing_certificate_pem: Some("none".to_owned()),
        ..credentials()
    };
    assert_eq!(
        wrong("cec", access("https://bank.example", no_certificate)),
        "cec.signing_certificate_pem"
    );
}

/// What is replaced by what, and the bank and the field that must be named.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const OF_THE_BANK: &[Mistake] = &[
    ("code = \"cec\"", "code = \"C\"", "C", "code"),
    ("code = \"bt\"", "code = \"cec\"", "cec", "code"),
    ("name = \"CEC Bank\"", "name = \"\"", "cec", "name"),
    ("bic = \"CECEROBU\"", "bic = \"cecerobu\"", "cec", "bic"),
    ("bic = \"CECEROBU\"", "", "cec", "`bic`"),
    ("bic = \"CECEROBU\"", "bic = 5", "cec", "`bic`"),
    ("bic = \"CECEROBU\"", "bic = \"CECEROBU\"\nbicc = 1", "cec", "`bicc`"),
    ("currency = \"RON\"", "currency = \"USD\"", "cec", "`currency`"),
    ("country = \"RO\"", "country = \"Romania\"", "cec", "country"),
    ("[\"CECE\"]", "[\"CEC\"]", "cec", "iban_codes"),
    ("[\"CECE\"]", "[\"RNCB\"]", "bcr", "iban_codes"),
    ("logo = \"\"", "logo = \"../x.svg\"", "cec", "logo"),
];

const OF_THE_PROTOCOL: &[Mistake] = &[
    ("path_version = \"v1\"", "path_version = \"v1/x\"", "cec", "path_version"),
    ("path_version = \"v1\"", "pathversion = \"v1\"", "cec", "`pathversion`"),
    (
        "path_version = \"v1\"",
        "path_version = \"v1\"\nbase_url = \"http://bank.example\"",
        "cec",
        "base_url",
    ),
    (
        "path_version = \"v1\"",
        "path_version = \"v1\"\nbase_url = \"bank\"",
        "cec",
        "base_url",
    ),
    ("\"oauth_redirect\"", "\"telepathy\"", "cec", "`telepathy`"),
    ("\"oauth_redirect\"", "\"embedded\"", "cec", "psu_id"),
    ("\"oauth_redirect\"", "\"redirect\"", "cec", "authorise_url"),
    ("authorise_url = \"oauth2/authorize\"", "", "cec", "authorise_url"),
    ("token_url = \"oauth2/token\"", "", "cec", "token_url"),
    ("scope_prefix = \"PIS:\"", "", "cec", "scope_prefix"),
    ("scope_prefix = \"PIS:\"", "scope_prefix = \"șșșș\"", "cec", "scope_prefix"),
    ("consent_scope_prefix = \"AIS:\"", "", "cec", "consent_scope_prefix"),
    ("accounts = \"empty_body\"", "", "cec", "consent_scope_prefix"),
    ("accounts = \"empty_body\"\nconsent_scope_prefix = \"AIS:\"", "", "cec", "funds"),
    ("accounts = \"empty_body\"", "accounts = \"everything\"", "cec", "`everything`"),
    (
        "sca_approach = \"decoupled\"\naccounts = \"standard\"",
        "sca_approach = \"decoupled\"\nfunds = true",
        "brd",
        "funds",
    ),
    ("sca_approach = \"decoupled\"", "sca_approach = \"oauth_redirect\"", "brd", "psu_id"),
    (
        "sca_approach = \"redirect\"",
        "sca_approach = \"redirect\"\nbase_url = \"bank\"",
        "demo-link",
        "base_url",
    ),
    (
        "sca_approach = \"decoupled\"",
        "sca_approach = \"decoupled\"\ntoken_url = \"oauth2/token\"",
        "brd",
        "token_url",
    ),
    (
        "sca_approach = \"decoupled\"",
        "sca_approach = \"decoupled\"\nexecution_rule = \"following\"",
        "brd",
        "execution_rule",
    ),
    ("\"oauth2/token\"", "\"http://bank.example/token\"", "cec", "token_url"),
    ("psu_hosts = []", "psu_hosts = [\"https://x.example\"]", "cec", "psu_hosts"),
    ("max_name_chars = 70", "max_name_chars = 71", "cec", "max_name_chars"),
    (
        "max_remittance_chars = 140",
        "max_remittance_chars = 0",
        "cec",
        "max_remittance_chars",
    ),
    ("ask_limit_hours = 72", "ask_limit_hours = 0", "cec", "ask_limit_hours"),
    (
        "ask_limit_hours = 72",
        "ask_limit_hours = -1",
        "cec",
        "`berlin_group.ask_limit_hours`",
    ),
    ("[34][0-9]{7}", "[34", "brd", "psu_id.pattern"),
];

const OF_STET: &[Mistake] = &[
    ("[\"13807\"]", "[\"1380\"]", "bp-grand-ouest", "iban_codes"),
    ("version = \"1.4.2\"", "version = \"1.4.1\"", "bp-grand-ouest", "`1.4.1`"),
    (
        "api_path = \"stet/psd2/v1.4.2\"",
        "api_path = \"/stet\"",
        "bp-grand-ouest",
        "api_path",
    ),
    (
        "api_path = \"stet/psd2/v1.4.2\"",
        "api_path = \"a/../b\"",
        "bp-grand-ouest",
        "api_path",
    ),
    (
        "\"stet/psd2/oauth/token\"",
        "\"http://bank.example/token\"",
        "bp-grand-ouest",
        "token_url",
    ),
    ("\"stet/psd2/oauth/authorize\"", "\"a?b\"", "bp-grand-ouest", "authorise_url"),
    ("\"serial_and_issuer\"", "\"name\"", "bp-grand-ouest", "`name`"),
    ("\"o_confirmation\"", "\"maybe\"", "bp-grand-ouest", "`maybe`"),
    ("\"www.icgauth.banquepopulaire.fr\"", "\"a b\"", "bp-grand-ouest", "psu_hosts"),
    (
        "detailed_consent = true",
        "detailed_consent = true\nmore = 1",
        "bp-grand-ouest",
        "`more`",
    ),
    (
        "https://www.13807.live.api.89c3.com/",
        "http://bank.example",
        "bp-grand-ouest",
        "base_url",
    ),
    (
        "country = \"FR\"\ncurrency = \"EUR\"",
        "country = \"FR\"\ncurrency = \"RON\"",
        "bp-grand-ouest",
        "currency",
    ),
    (
        "max_name_chars = 70\nmax_remittance_chars = 140\nwithdraw_before_sca = true\nask_limit_hours = 72\n\n[[bank]]\ncode = \"bp-g",
        "max_name_chars = 141\nmax_remittance_chars = 140\nwithdraw_before_sca = true\nask_limit_hours = 72\n\n[[bank]]\ncode = \"bp-g",
        "bp-grand-ouest",
        "must be 1 to 140",
    ),
    ("group = \"bpce\"", "group = \"bcpe\"", "bp-grand-ouest", "no group \"bcpe\""),
    ("group = \"bpce\"", "group = 7", "bp-grand-ouest", "group"),
    ("group = \"bpce\"", "", "bp-grand-ouest", "`version`"),
    ("[group.bpce.stet]\n", "[group.bpce.stet]\nmore = 1\n", "bp-grand-ouest", "\"bpce\""),
    ("max_purpose_chars = 140", "max_purpose_chars = 141", "epp", "max_purpose_chars"),
    (
        "[bank.epp]",
        "[bank.berlin_group]\nproduct = \"x\"\n[bank.epp]",
        "epp",
        "`path_version`",
    ),
];

#[test]
fn every_mistake_in_the_file_names_bank_and_field() {
    for (from, to, bank, field) in OF_THE_BANK.iter().chain(OF_THE_PROTOCOL).chain(OF_STET) {
        let text = ONE.replacen(from, to, 1);
        assert_ne!(text, ONE, "{from}");
        let error = Directory::parse(&text).unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(&format!("bank {bank:?}")) && shown.contains(field), "{to}: {shown}");
    }
    for text in ["bank = 1", "[bank]\n", "x = 1", "[[bank]", "[[bank]]\n"] {
        Directory::parse(text).unwrap_err();
    }
    assert_eq!(named(&Directory::parse("[[bank]]\n").unwrap_err()).0, "#1");
}

#[test]
fn a_group_says_what_its_banks_do_not_say_themselves() {
    let own = "base_url = \"https://www.16807.live.api.89c3.com/\"";
    let text = ONE.replacen(own, &format!("{own}\nmax_name_chars = 35\npsu_hosts = []"), 1);
    assert_ne!(text, ONE);
    let entries = Directory::parse(&text).unwrap().entries;
    let of = |code: &str| entries.iter().find(|(e, _)| e.code == code).unwrap().0.stet.clone().unwrap();
    let (plain, other) = (of("bp-grand-ouest"), of("bp-aura"));
    assert_eq!((plain.max_name_chars, plain.psu_hosts.len()), (70, 2));
    assert_eq!((other.max_name_chars, other.psu_hosts.len()), (35, 0));
    assert_eq!((plain.ask_limit_hours, &plain.api_path), (other.ask_limit_hours, &other.api_path));
    assert_eq!(of("ce-ile-de-france").psu_hosts[0], "www.icgauth.caisse-epargne.fr");
    assert_ne!(plain.base_url, other.base_url);

    // A bank may leave its whole protocol to the group; what no entry reads is refused, and so is another kind of key.
    let alone = ONE.replacen("[bank.stet]\nbase_url = \"https://www.13807.live.api.89c3.com/\"\n", "", 1);
    assert!(
        Directory::parse(&alone)
            .unwrap()
            .entries
            .iter()
            .filter(|(e, _)| e.stet.is_some())
            .count()
            == 12
    );
    for (more, said) in [
        ("[group.idle.stet]\n", "group \"idle\": no bank is of this group"),
        (
            "[group.bpce]\nbic = \"CCBPFRPP\"\n",
            "group \"bpce\": \"bic\" is not the table of a protocol",
        ),
        ("[group.bpce.swift]\n", "group \"bpce\": \"swift\" is not the table of a protocol"),
        ("[group]\nbpce2 = 1\n", "[group.NAME.PROTOCOL]"),
    ] {
        let error = Directory::parse(&format!("{more}{ONE}")).unwrap_err().to_string();
        assert!(error.contains(said), "{more}: {error}");
    }
}
