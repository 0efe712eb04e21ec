//! How long the back office's lists, searches and details take with many payments stored, and how much memory an
//! export of all of them takes. `cargo bench --bench back_office [--features postgres]`; settings by environment:
//! `SMARTPAY_BENCH_DATABASE` (a URL; default: a new SQLite file), `SMARTPAY_BENCH_PAYMENTS` (default 20,000).
//! A database that holds as many already is measured as it is. `cargo test --benches` runs it with few payments, so
//! that it is known to work.
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use anyhow::Context as _;
use smartpay::clock::Clock;
use smartpay::config::Settings;
use smartpay::crypto::Vault;
use smartpay::demo::certificates::{DevelopmentCa, write_private};
use smartpay::demo::volume;
use smartpay::flow::Context;
use smartpay::flow::count_days::count_days;
use smartpay::flow::export::{Export, csv_rows};
use smartpay::payment::{PaymentId, Status};
use smartpay::store::connection::Location;
use smartpay::store::payment_search::{self, Filter, From, Line, Place};
use smartpay::store::reports::Wanted;
use smartpay::store::search_keys::Person;
use smartpay::store::{self, history, outbox, partners};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often each thing is measured.
const TIMES: usize = 200;
/// What a page shows, and how far it counts.
const PAGE: usize = 50;
const COUNTED: i64 = 1001;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = std::env::var("SMARTPAY_BENCH_DATABASE").unwrap_or_else(|_| format!("sqlite://{}/bench.db", folder.path().display()));
    // `cargo bench` says --bench, `cargo test` does not.
    let usual = if std::env::args().any(|a| a == "--bench") { 20_000 } else { 2_000 };
    let many: usize = std::env::var("SMARTPAY_BENCH_PAYMENTS").map_or(Ok(usual), |n| n.parse())?;
    let cx = open(&url, folder.path())?;
    let there = all(&cx, COUNTED).await?.len();
    if there < COUNTED as usize {
        let begun = Instant::now();
        volume::seed(&cx, many, |done| {
            if done % 100_000 < 2000 {
                println!("seeded {done} after {} s", begun.elapsed().as_secs());
            }
        })
        .await?;
        println!("seeded {many} payments in {} s", begun.elapsed().as_secs());
    }
    searches(&cx).await?;
    details(&cx).await?;
    reports(&cx).await?;
    export(&cx).await
}

/// The key must be the same one for a database that is kept: it lies beside a SQLite file, else in the target folder.
fn open(url: &str, folder: &Path) -> anyhow::Result<Context> {
    let location = Location::parse(url)?;
    let key_file = match std::env::var("SMARTPAY_BENCH_KEY") {
        Ok(path) => path.into(),
        Err(_) => folder.join("encryption.key"),
    };
    if !key_file.exists() {
        write_private(&key_file, Vault::new_key_file().as_bytes())?;
    }
    store::migrate(&location)?;
    DevelopmentCa::create(folder, &Clock::default())?;
    let settings = format!(
        "[gateway]\ncertificate = \"-\"\nkey = \"-\"\nclient_ca = \"{}\"\n[database]\nurl = \"{url}\"\n[encryption]\nkey_file = \"{}\"\n\
         [bank.cec]\nbase_url = \"http://127.0.0.1:9/cec\"\nclient_id = \"bench\"\n\
         [bank.brd]\nbase_url = \"http://127.0.0.1:9/brd\"\n[bank.demo-mobil]\nbase_url = \"http://127.0.0.1:9/mobil\"\n\
         [bank.demo-cod]\nbase_url = \"http://127.0.0.1:9/cod\"\n[bank.demo-link]\nbase_url = \"http://127.0.0.1:9/link\"\n\
         [bank.demo-pasi]\nbase_url = \"http://127.0.0.1:9/pasi\"\n",
        DevelopmentCa::certificate(folder).display(),
        key_file.display()
    );
    smartpay::app::context(&Settings::from_texts(&[&settings])?, Clock::default())
}

async fn all(cx: &Context, limit: i64) -> anyhow::Result<Vec<Place>> {
    Ok(cx
        .db
        .read(move |a| payment_search::find(a, &Filter::default(), From::Top, limit))
        .await?)
}

/// A page as the list reads it: with the count on the first one.
async fn page(cx: &Context, filter: Filter, from: From) -> anyhow::Result<Vec<Line>> {
    let limit = if from == From::Top { COUNTED } else { PAGE as i64 + 1 };
    let read = move |a: &mut store::Access<'_>| {
        let places = payment_search::find(a, &filter, from, limit)?;
        payment_search::lines(a, &places[..places.len().min(PAGE)])
    };
    Ok(cx.db.read(read).await?)
}

fn report(what: &str, mut took: Vec<Duration>, found: usize) {
    took.sort_unstable();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)].as_micros();
    println!(
        "{what:<46} p50 {:>8} µs   p95 {:>8} µs   max {:>8} µs   {:>3} rows",
        at(50),
        at(95),
        at(100),
        found / took.len()
    );
}

async fn measure(cx: &Context, what: &str, filter: impl Fn(usize) -> (Filter, From)) -> anyhow::Result<()> {
    let (mut took, mut found) = (Vec::with_capacity(TIMES), 0);
    for n in 0..TIMES {
        let (filter, from) = filter(n);
        let begun = Instant::now();
        found += page(cx, filter, from).await?.len();
        took.push(begun.elapsed());
    }
    report(what, took, found);
    Ok(())
}

/// What is asked for, from the top of the list.
fn with(change: impl FnOnce(&mut Filter)) -> (Filter, From) {
    let mut filter = Filter::default();
    change(&mut filter);
    (filter, From::Top)
}

/// Days back from now: another one each time.
fn days(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(0) * 3
}

async fn searches(cx: &Context) -> anyhow::Result<()> {
    let (settled, top) = with(|f| f.status = Some(Status::Settled));
    let sample = page(cx, settled, top).await?;
    let some = sample.first().context("there are payments")?;
    pages(cx, some.id).await?;
    let known = cx.db.read(partners::list).await?;
    let shop = |n: usize| Some(known[n % known.len()].id.clone());
    let banks: Vec<String> = cx.banks.list().iter().map(|b| b.code.clone()).collect();
    let bank = |n: usize| Some(banks[n % banks.len()].clone());
    let now = cx.now();
    let ago = |days: i64| Some(now - chrono::Duration::days(days));

    measure(cx, "status settled (most of them)", |_| with(|f| f.status = Some(Status::Settled))).await?;
    measure(cx, "status in doubt (one in a thousand)", |_| {
        with(|f| f.status = Some(Status::InDoubt))
    })
    .await?;
    measure(cx, "partner", |n| with(|f| f.partner_id = shop(n))).await?;
    measure(cx, "bank", |n| with(|f| f.bank_code = bank(n))).await?;
    let day = |n: usize| with(|f| (f.created_from, f.created_before) = (ago(days(n) + 1), ago(days(n))));
    measure(cx, "one day", day).await?;
    let exact = |n: usize| with(|f| (f.from_minor, f.to_minor) = (Some(12_345 + days(n)), Some(12_345 + days(n))));
    measure(cx, "amount, exact", exact).await?;
    let wide = |_| with(|f| (f.from_minor, f.to_minor) = (Some(10_000), Some(50_000)));
    measure(cx, "amount, wide range", wide).await?;
    let few = |n: usize| with(|f| f.from_minor = Some(20_000_000 + days(n)));
    measure(cx, "amount, range of few", few).await?;
    let id = |n: usize| with(|f| f.id = Some(sample[n % sample.len()].id));
    measure(cx, "payment id", id).await?;
    let external = |n: usize| with(|f| f.external_id.clone_from(&sample[n % sample.len()].external_id));
    measure(cx, "external id", external).await?;
    let refused = |n: usize| {
        with(|f| {
            (f.partner_id, f.bank_code) = (shop(n), bank(n / 40));
            f.status = Some(Status::Rejected);
        })
    };
    measure(cx, "partner, bank, refused", refused).await?;
    let large = |n: usize| {
        with(|f| {
            (f.partner_id, f.from_minor) = (shop(n), Some(400_000));
            f.status = Some(Status::Settled);
        })
    };
    measure(cx, "partner, wide range of amounts, settled", large).await?;
    people(cx, some.id).await
}

/// Pages of the whole list.
async fn pages(cx: &Context, id: PaymentId) -> anyhow::Result<()> {
    let now = cx.now();
    let at = |days: i64| Place {
        created_at: now - chrono::Duration::days(days),
        id,
    };
    measure(cx, "list, first page", |_| with(|_| ())).await?;
    let deep = |n: usize| (Filter::default(), From::After(at(657 + days(n) / 12)));
    measure(cx, "list, deep page (90 % of the way)", deep).await?;
    let before = |n: usize| (Filter::default(), From::Before(at(300 + days(n) / 3)));
    measure(cx, "list, page before", before).await
}

/// By what is kept as keyed hashes only.
async fn people(cx: &Context, some: PaymentId) -> anyhow::Result<()> {
    let (payment, _) = cx.payment(some).await?;
    let creditor = payment.instructions[0].creditor_iban.clone();
    let end = creditor.electronic()[creditor.electronic().len() - 4..].to_owned();
    let email = |n: usize| with(|f| f.person = Some(Person::Email(format!("platitor{n}@exemplu.example"))));
    measure(cx, "e-mail of a payer", email).await?;
    let whole = |_| with(|f| f.person = Some(Person::Iban(creditor.clone())));
    measure(cx, "whole IBAN of a creditor (many payments)", whole).await?;
    let its_end = |_| with(|f| f.person = Some(Person::IbanEnd(end.clone())));
    measure(cx, "end of IBAN of a creditor", its_end).await?;
    let any_end = |n: usize| with(|f| f.person = Some(Person::IbanEnd(format!("{:04}", n * 47))));
    measure(cx, "end of any IBAN", any_end).await?;
    let doubted = |_| {
        with(|f| {
            f.person = Some(Person::Iban(creditor.clone()));
            f.status = Some(Status::InDoubt);
        })
    };
    measure(cx, "creditor's IBAN, in doubt", doubted).await
}

async fn details(cx: &Context) -> anyhow::Result<()> {
    let ids: Vec<PaymentId> = all(cx, COUNTED).await?.into_iter().map(|p| p.id).collect();
    let mut took = Vec::with_capacity(TIMES);
    for id in ids.iter().step_by(5).take(TIMES).copied() {
        let begun = Instant::now();
        cx.payment(id).await?;
        cx.db.read(move |a| history::of(a, id)).await?;
        cx.db.read(move |a| outbox::of_payment(a, id)).await?;
        took.push(begun.elapsed());
    }
    let found = took.len();
    report("detail of a payment", took, found);
    Ok(())
}

/// Counts what was not counted yet, then what a report reads.
async fn reports(cx: &Context) -> anyhow::Result<()> {
    let begun = Instant::now();
    count_days(cx, || false).await?;
    println!("counted the days in {} ms", begun.elapsed().as_millis());
    let today = cx.now().date();
    let known = cx.db.read(partners::list).await?;
    for (what, days, one_partner) in [
        ("report of 30 days", 30, false),
        ("report of a year", 365, false),
        ("report of a year, one partner", 365, true),
    ] {
        let (mut took, mut found) = (Vec::with_capacity(TIMES), 0);
        for n in 0..TIMES {
            let wanted = Wanted {
                from: today - chrono::Duration::days(days),
                to: today,
                partner_id: one_partner.then(|| known[n % known.len()].id.clone()),
                bank_code: None,
            };
            let begun = Instant::now();
            let sums = cx.db.read(move |a| store::reports::sums(a, &wanted)).await?;
            found += sums.days.len() + sums.partners.len() + sums.banks.len();
            took.push(begun.elapsed());
        }
        report(what, took, found);
    }
    Ok(())
}

/// Resident memory now, in KiB (Linux).
fn resident_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("VmRSS")?.parse()?)
}

async fn export(cx: &Context) -> anyhow::Result<()> {
    let (begun, before) = (Instant::now(), resident_kib()?);
    let mut export = Export::new(cx.clone(), Filter::default());
    let (mut rows, mut bytes, mut peak) = (0, 0, before);
    while let Some(some) = export.next().await? {
        rows += some.len();
        bytes += csv_rows(&some)?.len();
        peak = peak.max(resident_kib()?);
        if rows % 100_000 == 0 {
            println!("exported {rows} rows: {} KiB resident", resident_kib()?);
        }
    }
    println!(
        "export of all as CSV: {rows} rows, {bytes} bytes in {} ms; resident {before} KiB before, {peak} KiB at most",
        begun.elapsed().as_millis()
    );
    Ok(())
}
