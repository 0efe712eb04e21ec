//! Whoever changes the audit log in the database is found out: by the chain, and by checkpoints under a key that
//! is not in the database.

use crate::support::TestApp;
use crate::support::database::connect;
use diesel::connection::SimpleConnection as _;
use smartpay::store::audit::{self, Fault, Verified};
use smartpay::store::audit_checkpoints;
use std::time::Duration;

/// Rows that the checkpoint vouches for.
const VOUCHED: i64 = 10;

/// An audit log of ten rows with a checkpoint over them, and three rows more.
async fn log() -> TestApp {
    let app = TestApp::start().await;
    let there = rows(&app);
    add(&app, VOUCHED - there).await;
    app.tick().await;
    add(&app, 3).await;
    assert_eq!(
        verify(&app).await,
        Verified::Intact {
            rows: 13,
            checkpoints: 1,
            beyond: 3
        }
    );
    app
}

fn rows(app: &TestApp) -> i64 {
    let rows = app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM audit");
    rows[0].parse().unwrap()
}

async fn add(app: &TestApp, many: i64) {
    let now = app.cx.now();
    for n in 0..many {
        let detail = format!("row {n}");
        let add = move |a: &mut smartpay::store::Access<'_>| audit::add(a, now, "story", "tried", Some("log"), Some(&detail));
        app.cx.db.write(add).await.unwrap();
    }
}

async fn verify(app: &TestApp) -> Verified {
    app.cx.db.read(audit::verify).await.unwrap()
}

fn attack(app: &TestApp, sql: &str) {
    connect(&app.database.url()).batch_execute(sql).unwrap();
}

const fn broken(at: i64, what: Fault) -> Verified {
    Verified::Broken { at, what }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_row_is_found() {
    let app = log().await;
    attack(&app, "UPDATE audit SET actor = 'somebody else' WHERE seq = 7");
    assert_eq!(verify(&app).await, broken(7, Fault::Changed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_taken_out_is_found() {
    let app = log().await;
    attack(&app, "DELETE FROM audit WHERE seq = 7");
    assert_eq!(verify(&app).await, broken(7, Fault::Missing));
    // Closing the gap does not help.
    attack(
        &app,
        "UPDATE audit SET seq = -seq WHERE seq > 7; UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
    );
    assert_eq!(verify(&app).await, broken(7, Fault::Moved));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_changed_places_are_found() {
    let app = log().await;
    attack(
        &app,
        "UPDATE audit SET seq = 99 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 8; UPDATE audit SET seq = 8 WHERE seq = 99",
    );
    assert_eq!(verify(&app).await, broken(7, Fault::Moved));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_newest_rows_were_cut_off_is_found_up_to_the_last_checkpoint() {
    let app = log().await;
    // What no checkpoint vouches for yet can go unnoticed: that is why one follows each day.
    attack(&app, "DELETE FROM audit WHERE seq > 10");
    assert!(matches!(verify(&app).await, Verified::Intact { rows: 10, .. }));
    attack(&app, "DELETE FROM audit WHERE seq > 8");
    assert_eq!(verify(&app).await, broken(9, Fault::Truncated));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_was_written_anew_does_not_fit_the_checkpoint() {
    let app = log().await;
    let before = app
        .cx
        .db
        .read(|a| audit_checkpoints::is_due(a, smartpay::clock::Clock::default().now()))
        .await
        .unwrap();
    assert!(!before, "three new rows are no reason for a checkpoint on the same day");
    attack(&app, "DELETE FROM audit WHERE seq > 6");
    // Each hash is right, and follows the one before.
    add(&app, 8).await;
    assert_eq!(verify(&app).await, broken(VOUCHED, Fault::Rewritten));
    // A checkpoint made to fit has no good MAC, because the key is not in the database.
    attack(
        &app,
        "UPDATE audit_checkpoints SET row_hash = (SELECT row_hash FROM audit WHERE seq = 10) WHERE number = 1",
    );
    assert_eq!(verify(&app).await, broken(VOUCHED, Fault::Checkpoint));
    // Without any checkpoint the rows look good: the copy in the program's log tells.
    attack(&app, "DELETE FROM audit_checkpoints");
    assert!(matches!(verify(&app).await, Verified::Intact { checkpoints: 0, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_follows_each_day_and_its_copy_shows_that_it_is_gone() {
    let app = log().await;
    app.tick().await;
    assert!(matches!(verify(&app).await, Verified::Intact { checkpoints: 1, .. }));
    app.advance(Duration::from_secs(24 * 3600));
    app.tick().await;
    assert!(matches!(
        verify(&app).await,
        Verified::Intact {
            checkpoints: 2,
            beyond: 0,
            ..
        }
    ));
    app.advance(Duration::from_secs(24 * 3600));
    app.tick().await;
    assert!(
        matches!(verify(&app).await, Verified::Intact { checkpoints: 2, .. }),
        "nothing new, no checkpoint"
    );
    let mac = app
        .database
        .lines("SELECT mac AS line FROM audit_checkpoints WHERE number = 2")
        .remove(0);
    let is_there = |number: i64| {
        let mac = mac.clone();
        app.cx.db.read(move |a| audit_checkpoints::is_there(a, number, &mac))
    };
    assert!(is_there(2).await.unwrap());
    assert!(!is_there(1).await.unwrap());
    attack(&app, "DELETE FROM audit_checkpoints WHERE number = 1");
    assert_eq!(verify(&app).await, broken(13, Fault::Checkpoint));
    attack(&app, "DELETE FROM audit_checkpoints; DELETE FROM audit WHERE seq > 8");
    assert!(matches!(verify(&app).await, Verified::Intact { .. }));
    assert!(!is_there(2).await.unwrap(), "both were cut off, and the copy shows it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rows_are_reason_enough_for_a_checkpoint() {
    let app = log().await;
    let (now, many) = (app.cx.now(), audit_checkpoints::ROWS - 4);
    let add = move |a: &mut smartpay::store::Access<'_>| (0..many).try_for_each(|_| audit::add(a, now, "story", "tried", None, None));
    app.cx.db.write(add).await.unwrap();
    app.tick().await;
    assert!(matches!(
        verify(&app).await,
        Verified::Intact {
            checkpoints: 1,
            beyond: 999,
            ..
        }
    ));
    self::add(&app, 1).await;
    app.tick().await;
    assert!(matches!(
        verify(&app).await,
        Verified::Intact {
            checkpoints: 2,
            beyond: 0,
            ..
        }
    ));
}
