//! Payments written as a bank writes them, read again and compared: all are found, those left out are missing, those
//! put in are surplus.

use super::columns::guess;
use super::matching::{Comparison, Finding, Instruction, Known, Named, Open, Standing, words};
use super::{Covered, Entry, Unreadable, camt, csv_file};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const OWN: &str = "RO49AAAA1B31007593840000";

/// By what the bank's line names the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    EndToEnd,
    Number,
    External,
    Nothing,
}

#[derive(Clone, Debug)]
struct Paid {
    number: i64,
    minor: i64,
    currency: &'static str,
    day: NaiveDate,
    by: By,
    is_dropped: bool,
}

impl Paid {
    fn end_to_end(&self) -> String {
        format!("SP{}", self.number)
    }

    fn external(&self) -> String {
        format!("ORD-{}", self.number % 1_000_000_007)
    }

    fn remittance(&self) -> String {
        match self.by {
            By::Number => format!("Plată & ref. {} <mulțumim>", self.number),
            By::External => format!("Comanda {}; \"urgent\"", self.external()),
            By::EndToEnd | By::Nothing => "fără detalii".to_owned(),
        }
    }

    /// What the bank writes as the end-to-end identification.
    fn told(&self) -> Option<String> {
        (self.by == By::EndToEnd).then(|| self.end_to_end())
    }
}

fn payments() -> impl Strategy<Value = Vec<Paid>> {
    let by = prop_oneof![Just(By::EndToEnd), Just(By::Number), Just(By::External), Just(By::Nothing)];
    let one = (
        1..9_000_000_i64,
        prop_oneof![Just("RON"), Just("EUR")],
        0..20_u64,
        by,
        prop::bool::weighted(0.2),
    );
    proptest::collection::vec(one, 0..25).prop_map(|all| {
        let paid = |(n, (minor, currency, day, by, is_dropped)): (usize, (i64, &'static str, u64, By, bool))| Paid {
            number: 4_000_000_000_000_000 + i64::try_from(n).unwrap() * 7_919,
            // No two amounts are the same, so that one without a name can be found.
            minor: minor * 100 + i64::try_from(n).unwrap(),
            currency,
            day: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap() + Days::new(day),
            by,
            is_dropped,
        };
        all.into_iter().enumerate().map(paid).collect()
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&#62;")
}

/// camt.053 in the old shape or the new one, with a namespace prefix or without.
fn camt_text(paid: &[&Paid], more: usize, is_new: bool) -> String {
    let (version, p) = if is_new { ("08", "n:") } else { ("02", "") };
    let xmlns = if is_new { "xmlns:n" } else { "xmlns" };
    let status = if is_new {
        format!("<{p}Sts><{p}Cd>BOOK</{p}Cd></{p}Sts>")
    } else {
        "<Sts>BOOK</Sts>".into()
    };
    let party = |name: &str| {
        if is_new {
            format!("<{p}Pty><{p}Nm>{name}</{p}Nm></{p}Pty>")
        } else {
            format!("<Nm>{name}</Nm>")
        }
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{p}Document {xmlns}=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\">\n\
         <{p}BkToCstmrStmt><{p}Stmt><{p}FrToDt><{p}FrDtTm>2026-11-01T00:00:00</{p}FrDtTm><{p}ToDtTm>2026-11-20T23:59:59</{p}ToDtTm></{p}FrToDt>\n\
         <{p}Acct><{p}Id><{p}IBAN>{OWN}</{p}IBAN></{p}Id></{p}Acct>\n"
    );
    let mut entry = |minor: i64, currency: &str, day: NaiveDate, e2e: &str, details: &str| {
        let amount = format!("{}.{:02}", minor / 100, minor % 100);
        writeln!(
            text,
            "<{p}Ntry><{p}Amt Ccy=\"{currency}\">{amount}</{p}Amt><{p}CdtDbtInd>CRDT</{p}CdtDbtInd>{status}\n<{p}BookgDt><{p}Dt>{day}</{p}Dt></{p}BookgDt>\n\
             <{p}NtryDtls><{p}TxDtls><{p}Refs><{p}EndToEndId>{e2e}</{p}EndToEndId></{p}Refs>\n<{p}RltdPties><{p}Dbtr>{}</{p}Dbtr></{p}RltdPties>\n\
             <{p}RmtInf><{p}Ustrd>{}</{p}Ustrd></{p}RmtInf></{p}TxDtls></{p}NtryDtls></{p}Ntry>",
            party("Ana"),
            escaped(details)
        )
        .unwrap();
    };
    for one in paid {
        let e2e = one.told().unwrap_or_else(|| "NOTPROVIDED".into());
        entry(one.minor, one.currency, one.day, &e2e, &one.remittance());
    }
    for n in 0..more {
        let day = NaiveDate::from_ymd_opt(2026, 11, 5).unwrap();
        entry(50 + i64::try_from(n).unwrap(), "RON", day, "NOTPROVIDED", "altceva 12");
    }
    writeln!(text, "</{p}Stmt></{p}BkToCstmrStmt></{p}Document>").unwrap();
    text
}

/// A table as a Romanian bank writes it, or an English one.
fn csv_text(paid: &[&Paid], more: usize, is_english: bool) -> String {
    let separator = if is_english { b',' } else { b';' };
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    if is_english {
        writer
            .write_record(["Booking date", "Amount", "Currency", "Description", "End-to-end id"])
            .unwrap();
    } else {
        writer
            .write_record(["Data tranzacției", "Debit", "Credit", "Valuta", "Detalii", "Referința"])
            .unwrap();
    }
    let mut row = |minor: i64, currency: &str, day: NaiveDate, e2e: &str, details: &str| {
        let (whole, rest) = (minor / 100, minor % 100);
        if is_english {
            let day = day.to_string();
            writer
                .write_record([&day, &format!("{whole}.{rest:02}"), currency, details, e2e])
                .unwrap();
        } else {
            let day = day.format("%d.%m.%Y").to_string();
            writer
                .write_record([&day, "", &format!("{whole},{rest:02}"), currency, details, e2e])
                .unwrap();
        }
    };
    for one in paid {
        row(one.minor, one.currency, one.day, &one.told().unwrap_or_default(), &one.remittance());
    }
    for n in 0..more {
        let day = NaiveDate::from_ymd_opt(2026, 11, 5).unwrap();
        row(50 + i64::try_from(n).unwrap(), "RON", day, "", "altceva 12");
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn entries(text: &str, is_camt: bool) -> Result<(Vec<Entry>, Covered), Unreadable> {
    let mut all = Vec::new();
    let mut take = |entry| {
        all.push(entry);
        Ok(())
    };
    let covered = if is_camt {
        camt::read(text, None, &mut take)?
    } else {
        csv_file::read(text, &guess(text, "RON").0, Some(OWN), &mut take)?
    };
    Ok((all, covered))
}

/// The instructions that an entry names, as the database would answer.
fn named(entry: &Entry, paid: &[Paid]) -> Vec<Known> {
    let words = words(entry);
    let of = |one: &Paid| {
        let known = |named, name: &str| Known {
            instruction: (one.number, 1),
            minor: one.minor,
            currency: one.currency.into(),
            standing: Standing::Settled,
            named,
            name_length: name.len(),
        };
        let e2e = one.end_to_end();
        if entry.end_to_end_id.as_ref() == Some(&e2e) || words.contains(&e2e) {
            return Some(known(Named::EndToEnd, &e2e));
        }
        if words.contains(&one.number.to_string()) {
            return Some(known(Named::Number, &one.number.to_string()));
        }
        words.contains(&one.external()).then(|| known(Named::External, &one.external()))
    };
    paid.iter().filter_map(of).collect()
}

fn compared(entries: &[Entry], paid: &[Paid]) -> (BTreeMap<Finding, i64>, Vec<Instruction>) {
    let mut comparison = Comparison::default();
    for entry in entries {
        comparison.take(entry, &named(entry, paid));
    }
    let open = |one: &Paid| Open {
        instruction: (one.number, 1),
        minor: one.minor,
        currency: one.currency.into(),
        settled: one.day,
        iban: OWN.into(),
    };
    let unnamed: Vec<Open> = paid.iter().filter(|one| !comparison.has((one.number, 1))).map(open).collect();
    comparison.pair(&unnamed);
    let mut missing = Vec::new();
    for one in paid.iter().filter(|one| !comparison.has((one.number, 1))).collect::<Vec<_>>() {
        comparison.miss(one.minor, one.currency);
        missing.push((one.number, 1));
    }
    let mut counts = BTreeMap::new();
    for (finding, _, total) in comparison.totals() {
        *counts.entry(finding).or_default() += total.count;
    }
    (counts, missing)
}

proptest! {
    #[test]
    fn what_was_paid_is_found_what_was_dropped_is_missing_what_was_added_is_surplus(
        paid in payments(), more in 0..4_usize, is_camt in any::<bool>(), is_other in any::<bool>(),
    ) {
        let written: Vec<&Paid> = paid.iter().filter(|one| !one.is_dropped).collect();
        let text = if is_camt { camt_text(&written, more, is_other) } else { csv_text(&written, more, is_other) };
        if written.is_empty() && more == 0 {
            // A table without rows says nothing; a statement without entries says that nothing was booked.
            prop_assert_eq!(entries(&text, is_camt).is_ok(), is_camt);
            return Ok(());
        }
        let (entries, _) = entries(&text, is_camt).unwrap();
        prop_assert_eq!(entries.len(), written.len() + more);
        let (counts, missing) = compared(&entries, &paid);
        let count = |finding| counts.get(&finding).copied().unwrap_or(0);
        let (unnamed, named): (Vec<&&Paid>, Vec<&&Paid>) = written.iter().partition(|one| one.by == By::Nothing);
        prop_assert_eq!(count(Finding::Matched), i64::try_from(named.len()).unwrap());
        prop_assert_eq!(count(Finding::Probable), i64::try_from(unnamed.len()).unwrap());
        prop_assert_eq!(count(Finding::Surplus), i64::try_from(more).unwrap());
        prop_assert_eq!(count(Finding::Differing), 0);
        let dropped: Vec<Instruction> = paid.iter().filter(|one| one.is_dropped).map(|one| (one.number, 1)).collect();
        prop_assert_eq!(missing, dropped);
    }

    #[test]
    fn no_file_makes_the_readers_panic(text in "\\PC{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = super::format_of(&bytes);
        let _ = entries(&text, true);
        let _ = entries(&text, false);
        let _ = entries(&format!("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">{text}"), true);
    }
}

/// Reads a file in which one thing is another.
fn spoilt(from: &str, to: &str) -> Unreadable {
    let one = Paid {
        number: 4_000_000_000_000_000,
        minor: 12_345,
        currency: "RON",
        day: NaiveDate::from_ymd_opt(2026, 11, 9).unwrap(),
        by: By::EndToEnd,
        is_dropped: false,
    };
    let text = camt_text(&[&one], 0, false);
    assert!(text.contains(from), "{from}");
    entries(&text.replacen(from, to, 1), true).unwrap_err()
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_element() {
    use super::Why;
    for (from, to, why, line, at) in [
        ("123.45", "123,45", Why::Amount, 5, "Document/BkToCstmrStmt/Stmt/Ntry/Amt"),
        ("123.45", "123.455", Why::Amount, 5, "Document/BkToCstmrStmt/Stmt/Ntry/Amt"),
        (
            "Ccy=\"RON\"",
            "Ccy=\"lei\"",
            Why::Currency,
            5,
            "Document/BkToCstmrStmt/Stmt/Ntry/Amt",
        ),
        (
            "<Dt>2026-11-09",
            "<Dt>09.11.2026",
            Why::Day,
            6,
            "Document/BkToCstmrStmt/Stmt/Ntry/BookgDt/Dt",
        ),
        (">CRDT<", ">IN<", Why::Direction, 5, "Document/BkToCstmrStmt/Stmt/Ntry/CdtDbtInd"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "", Why::Missing, 5, "Ntry/CdtDbtInd"),
        (
            "fără",
            "&xxe;",
            Why::Entity,
            9,
            "Document/BkToCstmrStmt/Stmt/Ntry/NtryDtls/TxDtls/RmtInf/Ustrd",
        ),
        ("<Document ", "<!DOCTYPE d [<!ENTITY a 'b'>]><Document ", Why::Doctype, 2, ""),
        ("camt.053.001.02", "pain.001.001.03", Why::NotCamt, 2, ""),
        (
            "</Stmt></BkToCstmrStmt></Document>",
            "</Stmt>",
            Why::CutOff,
            11,
            "Document/BkToCstmrStmt",
        ),
        (
            "</RmtInf>",
            "</Rmt>",
            Why::Syntax,
            9,
            "Document/BkToCstmrStmt/Stmt/Ntry/NtryDtls/TxDtls/RmtInf",
        ),
    ] {
        let found = spoilt(from, to);
        assert_eq!((found.why, found.line, found.at.as_str()), (why, line, at), "{from} → {to}");
    }
}

#[test]
fn a_table_names_the_row_and_the_column() {
    use super::Why;
    let head = "Data;Suma;Detalii\n";
    let good = "09.11.2026;12,00;x\n";
    for (row, why, column) in [
        ("09.11.2026;12.00.1;x\n", Why::Amount, "2"),
        ("31.02.2026;12,00;x\n", Why::Day, "1"),
        (";12,00;x\n", Why::Missing, "1"),
        ("09.11.2026;;x\n", Why::Missing, "2"),
    ] {
        let text = format!("{head}{good}\n{row}");
        let columns = guess(&format!("{head}{good}"), "RON").0;
        let found = csv_file::read(&text, &columns, None, &mut |_| Ok(())).unwrap_err();
        assert_eq!((found.why, found.line, found.at.as_str()), (why, 4, column), "{row}");
    }
}

#[test]
fn several_transactions_of_one_entry_and_what_is_not_booked() {
    let ntry = |inside: &str| {
        format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Ntry><Amt Ccy=\"RON\">30.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd>{inside}</Ntry></Stmt></BkToCstmrStmt></Document>"
        )
    };
    let day = "<BookgDt><DtTm>2026-11-09T10:00:00+02:00</DtTm></BookgDt>";
    let each = |amounts: [&str; 2]| {
        let one = |amount: &str| format!("<TxDtls><Refs><EndToEndId>A{amount}</EndToEndId></Refs>{amount}</TxDtls>");
        ntry(&format!(
            "<Sts><Cd>BOOK</Cd></Sts>{day}<NtryDtls>{}{}</NtryDtls>",
            one(amounts[0]),
            one(amounts[1])
        ))
    };
    let (all, covered) = entries(&each(["<Amt Ccy=\"RON\">10.00</Amt>", "<Amt Ccy=\"RON\">20</Amt>"]), true).unwrap();
    assert_eq!(all.iter().map(|e| e.minor).collect::<Vec<_>>(), [1000, 2000]);
    assert_eq!(covered.from, NaiveDate::from_ymd_opt(2026, 11, 9));
    // Only their sum is known.
    let (all, _) = entries(&each(["<Amt Ccy=\"RON\">10.00</Amt>", ""]), true).unwrap();
    assert_eq!(
        all.iter().map(|e| (e.minor, e.end_to_end_id.clone())).collect::<Vec<_>>(),
        [(3000, None)]
    );
    let pending = ntry(&format!("<Sts><Cd>PDNG</Cd></Sts>{day}")).replace("<Stmt>", "<Stmt><FrToDt><FrDtTm>2026-11-09</FrDtTm></FrToDt>");
    let (all, covered) = entries(&pending, true).unwrap();
    assert_eq!((all.len(), covered.not_booked), (0, 1));
}
