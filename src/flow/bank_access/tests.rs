use super::DatabaseKeeper;
use crate::bank::BankError;
use crate::bank::access::{AccessKey, Grant, Holder, Keeper, NotBought};
use crate::bank::oauth::Secret;
use crate::clock::Clock;
use crate::crypto::Vault;
use crate::store::connection::Location;
use crate::store::{self, Db};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn key() -> AccessKey {
    AccessKey {
        bank: "x".to_owned(),
        holder: Holder::Operator,
        scope: "pisp",
    }
}

fn grant(access: &str) -> Grant {
    Grant {
        access: Secret::from(access.to_owned()),
        refresh: None,
        lives: Duration::from_secs(3599),
    }
}

fn two_nodes(folder: &tempfile::TempDir) -> (Keeper, Keeper, Clock) {
    let location = Location::parse(&format!("sqlite://{}", folder.path().join("x.db").display())).unwrap();
    store::migrate(&location).unwrap();
    let vault = Vault::parse(&Vault::new_key_file()).unwrap();
    let clock = Clock::default();
    let node = || {
        let db = Db::open(&location, 4, vault.clone()).unwrap();
        Keeper::new(Arc::new(DatabaseKeeper::new(db, clock.clone())))
    };
    (node(), node(), clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_share_one_token_and_one_of_them_buys_it() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, clock) = two_nodes(&folder);
    let bought = Arc::new(AtomicU32::new(0));
    let calls = (0..20).map(|n| {
        let (keeper, bought) = (if n % 2 == 0 { &one } else { &two }, bought.clone());
        let keeper = keeper.clone();
        tokio::spawn(async move {
            let buy = async |_| {
                let n = bought.fetch_add(1, Ordering::SeqCst) + 1;
                Ok(grant(&format!("token-{n}")))
            };
            keeper.token(&key(), None, buy).await.unwrap()
        })
    });
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.unwrap().expose(), "token-1");
    }
    assert_eq!(bought.load(Ordering::SeqCst), 1);

    // A token that the bank has refused is replaced, once, for both.
    let spoiled = Secret::from("token-1".to_owned());
    let next = one.token(&key(), Some(&spoiled), async |_| Ok(grant("token-2"))).await.unwrap();
    let other = two.token(&key(), Some(&spoiled), async |_| panic!("bought twice")).await.unwrap();
    assert_eq!((next.expose(), other.expose()), ("token-2", "token-2"));

    clock.advance(Duration::from_secs(3600));
    let late = two.token(&key(), None, async |_| Ok(grant("token-3"))).await.unwrap();
    assert_eq!(late.expose(), "token-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_locks_us_out_is_left_alone_until_it_forgives() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, clock) = two_nodes(&folder);
    let refused = async |_| {
        Err(NotBought {
            error: BankError::Unsupported,
            locked: Duration::from_secs(61),
        })
    };
    let error = one.token(&key(), None, refused).await.unwrap_err();
    assert!(matches!(error, BankError::Unsupported));
    for keeper in [&one, &two] {
        let error = keeper
            .token(&key(), None, async |_| panic!("asked while locked"))
            .await
            .unwrap_err();
        assert!(matches!(error, BankError::NotSent(_)), "{error:?}");
    }
    clock.advance(Duration::from_secs(62));
    let token = two.token(&key(), None, async |_| Ok(grant("a"))).await.unwrap();
    assert_eq!(token.expose(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_forget_the_old_token() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, _, clock) = two_nodes(&folder);
    keeper.token(&key(), None, async |_| Ok(grant("old"))).await.unwrap();
    let location = Location::parse(&format!("sqlite://{}", folder.path().join("x.db").display())).unwrap();
    let vault = Vault::parse(&Vault::new_key_file()).unwrap();
    let db = Db::open(&location, 1, vault).unwrap();
    let (name, password) = ("erp".to_owned().into(), "geheim".to_owned().into());
    super::set_credentials(&db, "x", &Holder::Operator, name, password, "story", clock.now())
        .await
        .unwrap();
    let token = keeper.token(&key(), None, async |_| Ok(grant("new"))).await.unwrap();
    assert_eq!(token.expose(), "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_leave_alone_what_belongs_to_a_bank_of_a_similar_code() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, _, clock) = two_nodes(&folder);
    let of = |bank: &str| AccessKey {
        bank: bank.to_owned(),
        ..key()
    };
    for bank in ["a_b", "axb", "a_b2"] {
        keeper.token(&of(bank), None, async |_| Ok(grant(bank))).await.unwrap();
    }
    let location = Location::parse(&format!("sqlite://{}", folder.path().join("x.db").display())).unwrap();
    let vault = Vault::parse(&Vault::new_key_file()).unwrap();
    let db = Db::open(&location, 1, vault).unwrap();
    let (name, password) = ("erp".to_owned().into(), "geheim".to_owned().into());
    super::set_credentials(&db, "a_b", &Holder::Operator, name, password, "story", clock.now())
        .await
        .unwrap();
    for (bank, now) in [("a_b", "new"), ("axb", "axb"), ("a_b2", "a_b2")] {
        let token = keeper.token(&of(bank), None, async |_| Ok(grant("new"))).await.unwrap();
        assert_eq!(token.expose(), now, "{bank}");
    }
}
