//! A partner's file: entered and checked field by field, complete before the partner may be activated, renewed every
//! year, kept for five years after the relation has ended, and readable by nobody who steals the disk.

use crate::support::TestApp;
use crate::support::onboarding::{
    COMPANY_NAME, DOCUMENT_WORD, DOCUMENTS, OWNER_CNP, OWNER_NAME, REPRESENTATIVE, Typed, company, owner, pdf,
};
use smartpay::flow::FlowError;
use smartpay::flow::onboarding::{self, Change, documents, relation, renewals};
use smartpay::flow::retention;
use smartpay::partner::onboarding::{DocumentKind, Missing, Section};
use smartpay::store::partners;
use std::time::Duration;
use zeroize::Zeroizing;

const DAY: Duration = Duration::from_secs(24 * 3600);
const OFFICER: &str = "[retention]\ncompliance_mail = \"ofiter@smartpay.example\"\n";

fn with(mut typed: Typed, field: &'static str, value: &str) -> Typed {
    typed.retain(|(name, _)| *name != field);
    typed.push((field, value.to_owned()));
    typed
}

fn problems(result: Result<(), FlowError>) -> Vec<(String, &'static str)> {
    match result {
        Err(FlowError::Invalid(problems)) => problems.into_iter().map(|p| (p.field, p.code)).collect(),
        other => panic!("{other:?}"),
    }
}

fn audited(app: &TestApp, action: &str) -> Vec<String> {
    app.database.lines(&format!(
        "SELECT CAST(COALESCE(actor, '') || ' ' || COALESCE(detail, '') AS TEXT) AS line FROM audit WHERE action = '{action}' ORDER BY seq"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_complete_when_nothing_misses_and_a_wrong_number_is_refused() {
    let app = TestApp::start().await;
    let id = app.partner_id("shop").await;
    let start = app.onboarded(&id).await;
    assert_eq!((start.file.version, start.file.complete), (0, false));
    assert!(start.missing.contains(&Missing::Identification) && start.missing.contains(&Missing::Document(DocumentKind::Articles)));

    let wrong = with(with(company(), "company_code", "14399841"), "caen", "x");
    let refused = problems(app.enter(&id, Section::Company, None, &wrong).await);
    assert_eq!(
        refused,
        [("company_code".to_owned(), "NOT_A_CUI"), ("caen".to_owned(), "NOT_A_CAEN_CLASS")]
    );
    let wrong = with(owner(), "cnp", "1800101221145");
    assert_eq!(
        problems(app.enter(&id, Section::Owner, None, &wrong).await),
        [("cnp".to_owned(), "NOT_A_CNP")]
    );
    assert_eq!(app.onboarded(&id).await.file.version, 0, "nothing was written");

    app.onboard("shop").await;
    let done = app.onboarded(&id).await;
    assert_eq!(done.missing, []);
    assert!(done.file.complete && done.file.renewal_due_at.is_some());
    assert_eq!(done.file.version, 9, "five sections and four documents");
    // An owner more, who is a politically exposed person, and the class is no longer right.
    app.enter(&id, Section::Owner, None, &with(owner(), "pep", "yes")).await.unwrap();
    let exposed = app.onboarded(&id).await;
    assert_eq!(
        (exposed.missing.as_slice(), exposed.file.complete),
        ([Missing::HighRisk].as_slice(), false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_one_file_do_not_overwrite_each_other() {
    let app = TestApp::start().await;
    let id = app.partner_id("shop").await;
    app.enter(&id, Section::Company, None, &company()).await.unwrap();
    let late = Change {
        by: "colega".into(),
        partner_id: id.clone(),
        version: 0,
    };
    let typed = with(company(), "caen", "6201");
    let value = |name: &str| typed.iter().find(|(known, _)| *known == name).map_or("", |(_, v)| v);
    let refused = onboarding::enter(&app.cx, late, Section::Company, None, value).await;
    assert_eq!(problems(refused), [(String::new(), "STALE")]);
    assert_eq!(
        app.onboarded(&id).await.file.file.section(Section::Company).unwrap().get("caen"),
        "4791"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_in_the_history_with_who_what_when_and_the_old_value() {
    let app = TestApp::start().await;
    let id = app.onboard("shop").await;
    app.advance(DAY);
    app.enter(&id, Section::Owner, Some(1), &with(owner(), "share_percent", "51"))
        .await
        .unwrap();
    let (_, versions) = onboarding::history(&app.cx, &id).await.unwrap();
    let [.., before, last] = versions.as_slice() else {
        panic!("{}", versions.len())
    };
    assert_eq!(
        (last.version, last.actor.as_str(), last.changed.as_slice()),
        (10, "ofiter", ["owner.1.share_percent".to_owned()].as_slice())
    );
    let share =
        |file: &smartpay::partner::onboarding::OnboardingFile| file.entry(Section::Owner, 1).unwrap().get("share_percent").to_owned();
    assert_eq!((share(&before.file), share(&last.file)), ("100".to_owned(), "51".to_owned()));
    assert!(last.at - before.at >= chrono::Duration::hours(24));
    let told = audited(&app, "onboarding_changed");
    assert!(told.last().unwrap().contains("owner.1.share_percent"), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("51") || line.contains("Popescu")), "{told:?}");
    // The same again changes nothing, and is no version.
    app.enter(&id, Section::Owner, Some(1), &with(owner(), "share_percent", "51"))
        .await
        .unwrap();
    assert_eq!(app.onboarded(&id).await.file.version, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_known_by_their_content_read_under_audit_and_removed_with_a_reason() {
    let app = TestApp::start().await;
    let id = app.partner_id("shop").await;
    let add = async |content: &[u8]| {
        documents::add(
            &app.cx,
            "ofiter",
            &id,
            DocumentKind::Articles,
            "act.pdf",
            Zeroizing::new(content.to_vec()),
        )
        .await
    };
    assert_eq!(problems(add(b"MZ\x90\x00 nu e pdf").await), [("file".to_owned(), "NOT_A_DOCUMENT")]);
    assert_eq!(problems(add(b"").await), [("file".to_owned(), "MISSING")]);
    let mut huge = pdf();
    huge.resize(10 * 1024 * 1024 + 1, b' ');
    assert_eq!(problems(add(&huge).await), [("file".to_owned(), "TOO_LARGE")]);
    huge.truncate(10 * 1024 * 1024);
    add(&huge).await.unwrap();
    app.add_document(&id, DocumentKind::Articles).await.unwrap();

    let listed = app.onboarded(&id).await.documents;
    let (large, small) = (&listed[0], &listed[1]);
    assert_eq!((large.media_type.as_str(), large.size_bytes), ("application/pdf", 10 * 1024 * 1024));
    let (_, content) = documents::download(&app.cx, "ofiter", &id, &large.id).await.unwrap();
    assert!(*content == huge, "the same to the byte");
    let (named, content) = documents::download(&app.cx, "ofiter", &id, &small.id).await.unwrap();
    assert_eq!((named.name.as_str(), content.as_slice()), ("act-canar.pdf", pdf().as_slice()));
    assert_eq!(audited(&app, "onboarding_document_read").len(), 2);
    let elsewhere = app.partner_id("erp").await;
    assert!(matches!(
        documents::download(&app.cx, "ofiter", &elsewhere, &small.id).await,
        Err(FlowError::NotFound)
    ));

    let refused = documents::remove(&app.cx, "ofiter", &id, &small.id, "gata").await;
    assert_eq!(problems(refused), [("reason".to_owned(), "NO_REASON")]);
    documents::remove(&app.cx, "ofiter", &id, &small.id, "încărcat la partenerul greșit")
        .await
        .unwrap();
    assert!(matches!(
        documents::download(&app.cx, "ofiter", &id, &small.id).await,
        Err(FlowError::NotFound)
    ));
    let removed = app.onboarded(&id).await.documents.pop().unwrap();
    assert_eq!(
        (removed.removed_by.as_deref(), removed.remove_reason.as_deref()),
        (Some("ofiter"), Some("încărcat la partenerul greșit"))
    );
    let left = app
        .database
        .lines("SELECT CAST(COUNT(DISTINCT document_id) AS TEXT) AS line FROM onboarding_document_parts");
    assert_eq!(left, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_renewed_every_year_and_the_officer_is_told_in_time() {
    let app = TestApp::start_with(OFFICER).await;
    // Far from midnight, as days are counted here and summer time moves them.
    let hour = chrono::Timelike::hour(&app.cx.now());
    app.advance(Duration::from_secs(u64::from((34 - hour) % 24) * 3600));
    let id = app.onboard("shop").await;
    app.tick().await;
    assert!(renewals::due(&app.cx).await.unwrap().is_empty() && app.mails.take().is_empty());
    let first = app.onboarded(&id).await.file.renewal_due_at.unwrap();
    let to_61 = u32::try_from((first.date() - app.today()).num_days() - 61).unwrap();
    for (days, left, mails) in [
        (to_61, None, 0),
        (1, Some(60), 1),
        (10, Some(50), 0),
        (20, Some(30), 1),
        (30, Some(0), 1),
        (1, Some(-1), 1),
        (5, Some(-6), 0),
    ] {
        app.advance(DAY * days);
        app.tick().await;
        app.tick().await;
        let listed = renewals::due(&app.cx).await.unwrap();
        assert_eq!(listed.first().map(|r| r.days_left), left);
        let sent = app.mails.take();
        assert_eq!(sent.len(), mails, "{left:?}");
        for mail in sent {
            assert!(
                mail.to == "ofiter@smartpay.example" && mail.subject.contains("Partener shop"),
                "{}",
                mail.subject
            );
            assert!(!mail.text.contains(OWNER_NAME) && !mail.html.contains(REPRESENTATIVE));
        }
    }
    let version = app.onboarded(&id).await.file.version;
    assert_eq!(
        problems(relation::confirm_renewal(&app.cx, "ofiter", &id, version - 1).await),
        [(String::new(), "STALE")]
    );
    relation::confirm_renewal(&app.cx, "ofiter", &id, version).await.unwrap();
    let renewed = app.onboarded(&id).await.file.renewal_due_at.unwrap();
    assert!(renewed - first > chrono::Duration::days(366), "a year from today");
    assert!(renewals::due(&app.cx).await.unwrap().is_empty());
    // What has expired is noticed without anybody changing the file, and keeps it from being renewed.
    for _ in 0..9 {
        app.advance(DAY * 365);
    }
    app.tick().await;
    let expired = app.onboarded(&id).await;
    assert_eq!(
        (expired.missing.as_slice(), expired.file.complete),
        ([Missing::RepresentativeExpired].as_slice(), false)
    );
    let refused = relation::confirm_renewal(&app.cx, "ofiter", &id, expired.file.version).await;
    assert!(matches!(refused, Err(FlowError::NotAllowed)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_relation_ended_the_file_is_kept_for_five_years_and_then_erased() {
    let app = TestApp::start_with(OFFICER).await;
    let id = app.onboard("shop").await;
    assert_eq!(
        problems(relation::end(&app.cx, "ofiter", &id, "gata").await),
        [("reason".to_owned(), "NO_REASON")]
    );
    relation::end(&app.cx, "ofiter", &id, "contract încetat prin acord").await.unwrap();
    assert!(matches!(
        relation::end(&app.cx, "ofiter", &id, "contract încetat prin acord").await,
        Err(FlowError::NotAllowed)
    ));
    let wanted = id.clone();
    let partner = app.cx.db.read(move |a| partners::get(a, &wanted)).await.unwrap().unwrap();
    assert!(!partner.active);
    let shop = app.shop();
    assert!([401, 403].contains(&shop.token().await.status), "it may not call any more");
    // Nothing of it changes any more.
    assert!(matches!(
        app.enter(&id, Section::Company, None, &company()).await,
        Err(FlowError::NotAllowed)
    ));
    assert!(matches!(
        app.add_document(&id, DocumentKind::Other).await,
        Err(FlowError::NotAllowed)
    ));
    let document = app.onboarded(&id).await.documents[0].id.clone();
    let refused = documents::remove(&app.cx, "ofiter", &id, &document, "nu mai este nevoie de el").await;
    assert!(matches!(refused, Err(FlowError::NotAllowed)));

    app.tick().await;
    app.advance(DAY * (5 * 365 - 10));
    app.tick().await;
    assert!(retention::plan(&app.cx).await.unwrap().files.is_empty());
    assert_eq!(
        app.onboarded(&id).await.file.file.section(Section::Company).unwrap().get("name"),
        COMPANY_NAME
    );
    app.advance(DAY * 14);
    let plan = retention::plan(&app.cx).await.unwrap();
    assert_eq!(
        (plan.files.len(), plan.files[0].documents, plan.files[0].partner.as_str()),
        (1, 4, "Partener shop")
    );
    assert!(app.onboarded(&id).await.file.erased_at.is_none(), "a plan erases nothing");
    let _ = app.mails.take();
    app.tick().await;
    let erased = app.onboarded(&id).await;
    assert!(erased.file.erased_at.is_some() && erased.documents.is_empty() && erased.file.end_reason.is_none());
    assert!(erased.file.file.section(Section::Company).is_none());
    let empty = "SELECT CAST((SELECT COUNT(*) FROM onboarding_versions) + (SELECT COUNT(*) FROM onboarding_documents) \
                 + (SELECT COUNT(*) FROM onboarding_document_parts) AS TEXT) AS line";
    assert_eq!(app.database.lines(empty), ["0"]);
    let reports = retention::reports(&app.cx).await.unwrap();
    assert_eq!(
        (reports.len(), reports[0].partners, reports[0].documents, reports[0].actor.as_str()),
        (1, 1, 4, "clock")
    );
    assert_eq!(audited(&app, "onboarding_file_erased"), ["clock 4 documents"]);
    app.tick().await;
    let told = app.mails.take();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].text.contains("Dosare de parteneri: 1") && told[0].text.contains("Documente din dosare: 4"),
        "{}",
        told[0].text
    );
    // Once is enough.
    app.advance(DAY);
    app.tick().await;
    assert_eq!(retention::reports(&app.cx).await.unwrap().len(), 1);
}

fn holds(haystack: &[u8], plain: &str) -> bool {
    let hex: String = plain.bytes().map(|b| format!("{b:02x}")).collect();
    [plain.as_bytes(), hex.as_bytes()]
        .iter()
        .any(|n| haystack.windows(n.len()).any(|w| w == *n))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_steals_the_disk_learns_nothing_of_a_file() {
    let app = TestApp::start().await;
    let id = app.onboard("shop").await;
    let document = app.onboarded(&id).await.documents[0].id.clone();
    documents::remove(&app.cx, "ofiter", &id, &document, "motiv-canar: alt act")
        .await
        .unwrap();
    let other = app.onboard("erp").await;
    relation::end(&app.cx, "ofiter", &other, "sfarsit-canar de contract").await.unwrap();
    let stolen = app.database.stolen();
    let all: Vec<u8> = stolen.iter().flat_map(|(_, content)| content.clone()).collect();
    assert!(
        holds(&all, "owner.1.cnp") && holds(&all, "application/pdf"),
        "the search finds what is there"
    );
    assert_eq!(DOCUMENTS.len(), 4);
    for secret in [
        COMPANY_NAME,
        OWNER_NAME,
        OWNER_CNP,
        REPRESENTATIVE,
        DOCUMENT_WORD,
        "%PDF-1.7",
        "act-canar",
        "motiv-canar",
        "sfarsit-canar",
        "1980-01-01",
        "ion.canar@firma.example",
        "Canarului 81",
    ] {
        let found: Vec<&str> = stolen.iter().filter(|(_, c)| holds(c, secret)).map(|(n, _)| n.as_str()).collect();
        assert!(found.is_empty(), "{secret} is readable in {found:?}");
    }
}
