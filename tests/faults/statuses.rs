//! Status words that go backwards, contradict one another or are unknown: every word after every other.

use crate::support::payer::{BRUTARIA, Payer};
use crate::support::proxy::{Act, http};
use crate::support::{World, eventually};
use serde_json::json;
use smartpay::payment::Status;
use std::time::Duration;

/// Words after which a payment goes on: the standard's, banks' own, and none at all.
const NOT_FINAL: [&str; 14] = [
    "RCVD", "PDNG", "ACTC", "ACCP", "ACFC", "ACSP", "ACWC", "ACWP", "PATC", "PART", "Submit", "acsc", "ȘTERS", "",
];
/// Words that end a payment.
const FINAL: [&str; 4] = ["ACSC", "ACCC", "RJCT", "CANC"];

fn says(word: &str) -> Act {
    Act::Say(http(
        "200 OK",
        "Content-Type: application/json\r\n",
        &json!({ "transactionStatus": word }).to_string(),
    ))
}

fn paid(word: &str) -> bool {
    matches!(word, "ACSC" | "ACCC")
}

struct Asked {
    id: i64,
    path: String,
    payer: Payer,
    back: url::Url,
    first: &'static str,
    second: &'static str,
}

/// A payment whose bank says `first` when the payer is back, and `second` from then on.
async fn asked(world: &World, first: &'static str, second: &'static str) -> Asked {
    let started = world.started(json!({})).await;
    let (payer, id) = (Payer::new(), started.tokens.payment);
    let page = payer.pay(&started.link, BRUTARIA).await.unwrap();
    let order = &world.orders(id)[0].received.payment_id;
    let path = format!("GET /cec/v1/payments/sepa-credit-transfer/{order}/status");
    world.door.once(&path, says(first));
    world.door.always(&path, says(second));
    let back = payer.decide(&page, BRUTARIA, "da").await.unwrap();
    payer.come_back(&back).await.unwrap();
    Asked {
        id,
        path,
        payer,
        back,
        first,
        second,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_19_every_status_word_after_every_other() {
    let world = World::start_slow("", Duration::from_secs(86_400)).await;
    let _node = world.node().await;
    let words = || NOT_FINAL.into_iter().chain(FINAL);
    let pairs: Vec<_> = words().flat_map(|first| words().map(move |second| (first, second))).collect();
    let mut all = Vec::new();
    for some in pairs.chunks(8) {
        all.extend(futures_util::future::join_all(some.iter().map(|(first, second)| asked(&world, first, second))).await);
    }
    assert_eq!(all.len(), 18 * 18);
    for asked in &all {
        let status = world.payment(asked.id).await.status;
        let first = asked.first;
        let fits = match status {
            Status::Settled => paid(first) || paid(asked.second),
            // A refusal at a bank that the payer has just left may be followed by another attempt.
            Status::AttemptRefused | Status::Rejected | Status::Cancelled => {
                matches!(first, "RJCT" | "CANC") || matches!(asked.second, "RJCT" | "CANC")
            }
            Status::Processing => !FINAL.contains(&first),
            _ => false,
        };
        assert!(fits, "{} after {first}: {status}", asked.second);
    }
    // The second word is asked for, or brought by a payer who comes back once more.
    world.advance(Duration::from_secs(120)).await;
    for asked in &all {
        if FINAL.contains(&asked.first) {
            asked.payer.come_back(&asked.back).await.unwrap();
        } else {
            eventually("the second word is asked for", async || {
                (world.door.seen(&asked.path) >= 2).then_some(())
            })
            .await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for asked in &all {
        let status = world.payment(asked.id).await.status;
        let (first, second) = (asked.first, asked.second);
        let decides = if FINAL.contains(&first) { first } else { second };
        let fits = match status {
            Status::Settled => paid(decides) || (!paid(first) && paid(second)),
            Status::AttemptRefused | Status::Rejected | Status::Cancelled => matches!(decides, "RJCT" | "CANC"),
            Status::Processing => !FINAL.contains(&decides),
            _ => false,
        };
        assert!(fits, "{second} after {first}: {status}");
    }
}
