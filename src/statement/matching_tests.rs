//! Which payment an entry is about, case by case.

use super::*;

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
}

fn entry(minor: i64) -> Entry {
    Entry {
        line: 1,
        booked: day(10),
        is_credit: true,
        is_reversal: false,
        minor,
        currency: "RON".into(),
        end_to_end_id: None,
        name: None,
        iban: None,
        creditor_iban: None,
        remittance: String::new(),
        reference: None,
    }
}

fn known(number: i64, minor: i64, standing: Standing, named: Named, name_length: usize) -> Known {
    Known {
        instruction: (number, 1),
        minor,
        currency: "RON".into(),
        standing,
        named,
        name_length,
    }
}

fn decided(minor: i64, known: &[Known], used: &[i64]) -> (Finding, Option<i64>) {
    let used = used.iter().map(|number| (*number, 1)).collect();
    let decision = decide(&entry(minor), known, &used);
    (decision.finding, decision.of.map(|(number, _)| number))
}

#[test]
fn the_surest_name_decides_and_the_amount_must_be_the_same() {
    use Named::{EndToEnd, External, Number};
    use Standing::{InDoubt, Otherwise, Settled};
    let all = [known(2, 500, Settled, Number, 16), known(1, 500, Settled, EndToEnd, 10)];
    assert_eq!(decided(500, &all, &[]), (Finding::Matched, Some(1)));
    for (standing, finding) in [
        (Settled, Finding::Matched),
        (InDoubt, Finding::InDoubt),
        (Otherwise, Finding::NotSettled),
    ] {
        assert_eq!(decided(500, &[known(1, 500, standing, Number, 16)], &[]), (finding, Some(1)));
    }
    assert_eq!(
        decided(501, &[known(1, 500, Settled, EndToEnd, 10)], &[]),
        (Finding::Differing, Some(1))
    );
    // Anybody may call an order 1001.
    assert_eq!(decided(501, &[known(1, 500, Settled, External, 4)], &[]), (Finding::Surplus, None));
    assert_eq!(
        decided(500, &[known(1, 500, Settled, External, 4)], &[]),
        (Finding::Matched, Some(1))
    );
    // The second entry of one payment is one too many.
    assert_eq!(
        decided(500, &[known(1, 500, Settled, EndToEnd, 10)], &[1]),
        (Finding::Surplus, Some(1))
    );
    // Two of the same name: the settled one.
    let two = [known(1, 500, Otherwise, EndToEnd, 9), known(2, 500, Settled, EndToEnd, 9)];
    assert_eq!(decided(500, &two, &[]), (Finding::Matched, Some(2)));
    assert_eq!(decided(700, &two, &[]), (Finding::Surplus, None), "which of the two is not known");
    let back = Entry {
        is_reversal: true,
        ..entry(500)
    };
    let taken_back = decide(&back, &[known(1, 500, Settled, EndToEnd, 9)], &HashSet::new());
    assert_eq!(taken_back, SURPLUS);
}

#[test]
fn only_what_fits_one_alone_is_paired() {
    let left = |seq, booked| Left {
        seq,
        minor: 100,
        currency: "RON".into(),
        booked: day(booked),
        iban: "A".into(),
    };
    let open = |number, settled| Open {
        instruction: (number, 1),
        minor: 100,
        currency: "RON".into(),
        settled: day(settled),
        iban: "A".into(),
    };
    assert_eq!(pair(&[left(1, 10)], &[open(7, 9)]), [(1, (7, 1))]);
    assert_eq!(pair(&[left(1, 10)], &[open(7, 9), open(8, 10)]), []);
    assert_eq!(pair(&[left(1, 10), left(2, 11)], &[open(7, 9)]), []);
    // Too far apart is no candidate.
    assert_eq!(
        pair(&[left(1, 10), left(2, 20)], &[open(7, 9), open(8, 18)]),
        [(1, (7, 1)), (2, (8, 1))]
    );
    let other = Open {
        iban: "B".into(),
        ..open(7, 9)
    };
    assert_eq!(pair(&[left(1, 10)], &[other]), []);
}

#[test]
fn words_that_may_be_ids_are_found_in_what_banks_write() {
    let said = Entry {
        remittance: "Plata comanda #ORD-2026/17, ref.1234567890123456 /ROC/AB12/ și Ana".into(),
        ..entry(1)
    };
    let words = words(&said);
    for word in ["ORD-2026/17", "ORD-2026", "AB12", "1234567890123456"] {
        assert!(words.iter().any(|w| w == word), "{word}: {words:?}");
    }
    assert!(!words.iter().any(|w| w == "Ana"));
}
