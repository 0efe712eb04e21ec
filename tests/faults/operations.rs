//! Faults of people and of time: clocks, keys, migrations, backups.

use crate::support::database::connect;
use crate::support::node::run_to_end;
use crate::support::payer::{ANA, BRUTARIA, Payer};
use crate::support::{World, eventually};
use diesel::connection::SimpleConnection as _;
use serde_json::json;
use smartpay::crypto::Vault;
use smartpay::demo::certificates::write_private;
use smartpay::payment::{PaymentId, Status};
use smartpay::store::payments;
use std::path::Path;

const POST: &str = "POST /cec/v1/payments";

#[tokio::test(flavor = "multi_thread")]
async fn fault_27_the_clock_jumps() {
    let world = World::start().await;
    let _node = world.node().await;
    let hour_ms = 3_600_000;
    for jumps in [[hour_ms, 0], [-hour_ms, 0], [-hour_ms, hour_ms], [hour_ms / 2, -hour_ms]] {
        let approved = world.started(json!({})).await;
        let payer = Payer::new();
        let page = payer.pay(&approved.link, BRUTARIA).await.unwrap();
        let idle = world.started(json!({})).await;
        let _ = payer.get(&idle.link).await.unwrap();
        world.set_program_clock(jumps[0]).await;
        // At the bank, whose clock is right, the payer may be early or late.
        let back = payer.decide(&page, BRUTARIA, "da").await;
        world.set_program_clock(jumps[1]).await;
        if let Ok(back) = back {
            payer.come_back(&back).await.unwrap();
        }
        assert_eq!(payer.get(&idle.link).await.unwrap().status, 200);
        world.set_program_clock(0).await;
    }
    world.ends_well().await;
    // Leases and due times from a future that never came hold nothing up for good.
    let started = world.started(json!({})).await;
    Payer::new().pay_and_approve(&started.link, BRUTARIA).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    world.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_a_new_key_with_live_payments() {
    let world = World::start().await;
    let mut node = world.node().await;
    let (payer, idle, at_bank) = (Payer::new(), world.started(json!({})).await, world.started(json!({})).await);
    let page = payer.pay(&at_bank.link, ANA).await.unwrap();
    let key_file = world.file("encryption.key");
    let old = std::fs::read_to_string(&key_file).unwrap();
    let fresh = Vault::new_key_file().replace("\n1:", "\n2:");
    write_private(&key_file, format!("{}\n{old}", fresh.as_str()).as_bytes()).unwrap();
    // The running node goes on with what it has read; the next start seals with the new key.
    let before = world.started(json!({})).await;
    assert_eq!(keys_in_use(&world), [1]);
    node.ask_to_stop();
    assert!(node.ended().await.success());
    let _node = world.node().await;
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(at_bank.tokens.payment, Status::Settled).await;
    for started in [&idle, &before, &world.started(json!({})).await] {
        Payer::new().pay_and_approve(&started.link, BRUTARIA).await.unwrap();
        world.becomes(started.tokens.payment, Status::Settled).await;
    }
    // While it serves, the node seals again with the new key what the old one had sealed.
    eventually("everything is sealed with the new key", async || {
        (keys_in_use(&world) == [2]).then_some(())
    })
    .await;
    // Without that key nothing is guessed: a value does not open, and the program says so.
    write_private(&key_file, old.as_bytes()).unwrap();
    let id = PaymentId::from_number(at_bank.tokens.payment).unwrap();
    let unopened = world.db().read(move |a| payments::get(a, id)).await.unwrap_err().to_string();
    assert!(unopened.contains("does not open"), "{unopened}");
    write_private(&key_file, format!("{}\n{old}", fresh.as_str()).as_bytes()).unwrap();
    world.ends_well().await;
}

/// The ids of the keys with which columns are sealed.
fn keys_in_use(world: &World) -> Vec<u32> {
    let sealed = world.database.lines(
        "SELECT hex(substr(debtor_iban_sealed, 2, 4)) AS line FROM payments WHERE debtor_iban_sealed IS NOT NULL \
         UNION SELECT hex(substr(payload_sealed, 2, 4)) FROM outbox \
         UNION SELECT hex(substr(details_sealed, 2, 4)) FROM payment_instructions",
    );
    let mut ids: Vec<u32> = sealed.iter().map(|id| u32::from_str_radix(id, 16).unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_a_migration_with_live_payments() {
    let world = World::start().await;
    let _node = world.node().await;
    let started = world.started(json!({})).await;
    let payer = Payer::new();
    let page = payer.pay(&started.link, ANA).await.unwrap();
    // As before the newest-but-known migration, which adds columns to a table that is in use.
    let undo = include_str!("../../migrations/sqlite/2026-11-21-000003_audit_chain/down.sql");
    let mut conn = connect(&world.database.url());
    // Later indexes over its columns; they only make pages fast.
    conn.batch_execute("DROP INDEX audit_actor; DROP INDEX audit_action; DROP INDEX audit_subject;")
        .unwrap();
    conn.batch_execute(undo).unwrap();
    conn.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261121000003'")
        .unwrap();
    conn.batch_execute("DELETE FROM audit; DELETE FROM audit_checkpoints;").unwrap();
    let settings = world.settings_file("migrate", "");
    let load = async {
        for _ in 0..6 {
            let started = world.started(json!({})).await;
            Payer::new().pay_and_approve(&started.link, BRUTARIA).await.unwrap();
        }
    };
    let migrate = tokio::task::spawn_blocking(move || run_to_end(&settings, &["migrate"], &[]));
    let ((), migrated) = tokio::join!(load, migrate);
    let (well, said) = migrated.unwrap();
    assert!(well && said.contains("20261121000003"), "{said}");
    let back = payer.decide(&page, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    world.becomes(started.tokens.payment, Status::Settled).await;
    let now = world.clock.now();
    world
        .db()
        .write(move |a| smartpay::store::audit::add(a, now, "faults", "migrated", None, None))
        .await
        .unwrap();
    world.ends_well().await;
}

/// What cannot be put back leaves everything as it was.
async fn only_a_good_copy_is_put_back(world: &World, backup: &Path, copies: impl Fn(&str, &Path) -> (bool, String)) {
    let settled = "SELECT COUNT(*) || '' AS line FROM payments WHERE status = 'settled'";
    assert_eq!(world.database.lines(settled), ["2"]);
    let mut bytes = std::fs::read(backup).unwrap();
    let half = world.file("half.db");
    std::fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    // A page in the middle, written over.
    bytes[40_960..45_056].fill(0xa5);
    let damaged = world.file("damaged.db");
    std::fs::write(&damaged, &bytes).unwrap();
    let other = world.file("other.db");
    std::fs::write(&other, "no database at all, but long enough for one to be looked for").unwrap();
    for (copy, words) in [
        (&half, "damaged"),
        (&damaged, "damaged"),
        (&other, "no SQLite database"),
        (&world.file("none"), "no file"),
    ] {
        let (well, said) = copies("restore", copy);
        assert!(!well && said.contains(words), "{words}: {said}");
    }
    let key = world.file("encryption.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::write(&key, Vault::new_key_file().as_bytes()).unwrap();
    let (well, said) = copies("restore", backup);
    std::fs::write(&key, kept).unwrap();
    assert!(!well && said.contains("do not open this copy"), "{said}");
    assert_eq!(world.database.lines(settled), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_30_an_old_backup_is_restored() {
    let world = World::start().await;
    let mut node = world.node().await;
    // At the time of the backup: one that nobody has opened, one whose payer looks at the form, one at the bank.
    let (untouched, form_open, at_bank) = (
        world.started(json!({})).await,
        world.started(json!({})).await,
        world.started(json!({})).await,
    );
    let (payer, second) = (Payer::new(), Payer::new());
    let form = payer.form(&form_open.link, ANA).await.unwrap();
    let page = second.pay(&at_bank.link, BRUTARIA).await.unwrap();
    let backup = world.file("backup.db");
    let file = world.settings_file("copies", "");
    let copies = |word: &str, copy: &Path| run_to_end(&file, &[word, copy.to_str().unwrap()], &[]);
    let (well, said) = copies("backup", &backup);
    assert!(well && said.contains("encryption.key"), "{said}");
    let (well, said) = copies("backup", &backup);
    assert!(!well && said.contains("already"), "an older copy is not written over: {said}");
    // Since then both have paid.
    let answer = payer.submit(&form).await.unwrap();
    let to_bank = payer.follow(&answer).await.unwrap();
    let back = payer.decide(&to_bank, ANA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    let way_back = second.decide(&page, BRUTARIA, "da").await.unwrap();
    second.come_back(&way_back).await.unwrap();
    world.becomes(form_open.tokens.payment, Status::Settled).await;
    world.becomes(at_bank.tokens.payment, Status::Settled).await;
    let (well, said) = copies("restore", &backup);
    assert!(!well && said.contains("stop the service first"), "{said}");
    node.kill();
    only_a_good_copy_is_put_back(&world, &backup, copies).await;
    let (well, said) = copies("restore", &backup);
    assert!(
        well && said.contains("3 payments are in doubt") && said.contains(".before-restore-"),
        "{said}"
    );
    let posts = world.door.seen(POST);
    let node = world.node().await;
    // The payers press again wherever they can: nothing is sent.
    for (payer, started) in [(&payer, &form_open), (&second, &at_bank), (&Payer::new(), &untouched)] {
        let page = payer.get(&started.link).await.unwrap();
        assert!(!page.has("input[name=debtor_iban]"), "no form: {}", page.text());
        let _ = payer.submit(&form).await;
    }
    let _ = second.come_back(&way_back).await;
    assert_eq!(world.door.seen(POST), posts, "never initiated again");
    for id in [form_open.tokens.payment, untouched.tokens.payment] {
        assert_eq!(world.payment(id).await.status, Status::InDoubt);
    }
    eventually("the bank is asked where it can be", async || {
        (node.said("bank_call") > 0).then_some(())
    })
    .await;
    world.heal().await;
    let found = crate::support::checks::violations(&world, crate::support::checks::MANY, true).await;
    assert!(found.0.is_empty(), "{:#?}", found.0);
}
