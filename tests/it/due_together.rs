//! What is due is claimed and written for many payments at once: nothing is asked about twice, nothing written
//! by somebody who came too late, and one payment that cannot be read keeps no other from its end.

use crate::support::TestApp;
use crate::support::database::connect;
use crate::support::psu::ANA;
use diesel::connection::SimpleConnection as _;
use serde_json::json;
use smartpay::flow::ask_bank::{Due, ask_claimed, claim_due, save_asked};
use smartpay::payment::{PaymentId, Status};
use smartpay::worker::{self, Pace};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Payments that the bank works on, all due.
async fn due(app: &TestApp, how_many: usize) -> Vec<PaymentId> {
    let mut ids = Vec::new();
    for _ in 0..how_many {
        let started = app.shop().start(json!({})).await;
        let psu = app.psu();
        let to_bank = psu.pay(&started.link, ANA).await;
        psu.come_back(&psu.approve(&to_bank, ANA).await).await;
        ids.push(PaymentId::from_number(started.tokens.payment).unwrap());
    }
    // Long enough for the bank, and shorter than its tokens live: what is lost is then only an answer.
    app.advance(Duration::from_secs(300));
    ids
}

fn ids_of(due: &[Due]) -> Vec<PaymentId> {
    due.iter().map(Due::id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_claimers_share_what_is_due() {
    let app = TestApp::start().await;
    let ids = due(&app, 8).await;
    let claims = (0..6).map(|n| {
        let (cx, mut ids) = (app.cx.clone(), ids.clone());
        ids.rotate_left(n);
        tokio::spawn(async move { claim_due(&cx, ids).await.unwrap() })
    });
    let claims: Vec<Due> = futures_util::future::join_all(claims)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    let taken: BTreeSet<_> = ids_of(&claims).iter().map(|id| id.number()).collect();
    assert_eq!((claims.len(), taken.len()), (8, 8), "each is taken once");
    assert!(claim_due(&app.cx, ids.clone()).await.unwrap().is_empty(), "all are held");
    let until = app.cx.now() + app.cx.rules.lease;
    for id in &ids {
        let held = app.payment(id.number()).await;
        assert!(held.lease_until.unwrap() <= until && held.is_leased(app.cx.now()));
    }
    // Whoever held them is gone: they are free when the leases have run out, and not before.
    app.advance(app.cx.rules.lease - Duration::from_secs(1));
    assert!(claim_due(&app.cx, ids.clone()).await.unwrap().is_empty());
    app.advance(Duration::from_secs(2));
    let mut asked = Vec::new();
    for claim in claim_due(&app.cx, ids.clone()).await.unwrap() {
        asked.extend(ask_claimed(&app.cx, claim).await.unwrap());
    }
    assert_eq!(asked.len(), 8);
    save_asked(&app.cx, asked).await.unwrap();
    for id in ids {
        let saved = app.payment(id.number()).await;
        assert!(saved.status.is_successful() && saved.lease_until.is_none(), "{saved:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_writes_nothing_and_holds_up_nobody() {
    let app = TestApp::start().await;
    let ids = due(&app, 3).await;
    let mut late = Vec::new();
    for claim in claim_due(&app.cx, ids.clone()).await.unwrap() {
        late.extend(ask_claimed(&app.cx, claim).await.unwrap());
    }
    app.advance(app.cx.rules.lease + Duration::from_secs(1));
    // Another node takes one of them over, and holds it.
    let other = claim_due(&app.cx, vec![ids[1]]).await.unwrap();
    let held = app.payment(ids[1].number()).await;
    save_asked(&app.cx, late).await.unwrap();
    let after = app.payment(ids[1].number()).await;
    assert_eq!((after.version, after.lease_until), (held.version, held.lease_until));
    assert_eq!(after.status, Status::Processing);
    for id in [ids[0], ids[2]] {
        assert!(app.payment(id.number()).await.status.is_successful());
    }
    for claim in other {
        let asked = ask_claimed(&app.cx, claim).await.unwrap();
        save_asked(&app.cx, asked.into_iter().collect()).await.unwrap();
    }
    assert!(app.payment(ids[1].number()).await.status.is_successful());
}

/// The worker as it runs in production, until these payments are settled.
async fn work_until_settled(app: &TestApp, ids: &[PaymentId]) {
    let stop = CancellationToken::new();
    let pace = Pace {
        interval: Duration::from_millis(10),
        at_once: 64,
    };
    let worker = tokio::spawn(worker::run(app.cx.clone(), pace, stop.clone()));
    let settled = async {
        for id in ids {
            while !app.payment(id.number()).await.status.is_successful() {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.unwrap();
    stop.cancel();
    worker.await.unwrap();
}

/// Columns in which one unreadable value must not hold up other payments: table, column, key.
const SEALED: [(&str, &str, &str); 2] = [
    ("payments", "bank_session_sealed", "id"),
    ("payment_instructions", "details_sealed", "payment_id"),
];

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_read_keeps_no_other_from_its_end() {
    for (table, column, key) in SEALED {
        let app = TestApp::start().await;
        let ids = due(&app, 4).await;
        let (broken, mut sql) = (ids[1], connect(&app.database.url()));
        sql.batch_execute(&format!(
            "CREATE TABLE kept AS SELECT {column} AS sealed FROM {table} WHERE {key} = {broken};
             UPDATE {table} SET {column} = substr({column}, 1, 9) WHERE {key} = {broken};"
        ))
        .unwrap();
        let others: Vec<PaymentId> = ids.into_iter().filter(|id| *id != broken).collect();
        work_until_settled(&app, &others).await;
        let status = app
            .database
            .lines(&format!("SELECT status AS line FROM payments WHERE id = {broken}"));
        assert_eq!(status, [Status::Processing.as_str()], "{column}");
        sql.batch_execute(&format!(
            "UPDATE {table} SET {column} = (SELECT sealed FROM kept) WHERE {key} = {broken}; DROP TABLE kept;"
        ))
        .unwrap();
        app.advance(app.cx.rules.lease + Duration::from_secs(1));
        app.tick().await;
        assert!(app.payment(broken.number()).await.status.is_successful(), "{column}");
    }
}
