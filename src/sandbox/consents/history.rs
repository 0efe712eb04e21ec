//! An account's transactions: what the ledger has, and some from before the bank's first day, so that nobody's
//! account is without a past.

use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::books::Books;
use crate::sandbox::customers;
use crate::sandbox::ledger::{LedgerEvent, Word};
use crate::sandbox::money::{Currency, Money};
use crate::sandbox::secrets::sha256_hex;
use chrono::{Days, NaiveDate};

/// How many transactions there are from before the first day.
const BEFORE: u64 = 40;

/// One transaction, as its account sees it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: String,
    /// None while it is only announced.
    pub booked_on: Option<NaiveDate>,
    /// Negative when it left the account.
    pub money: Money,
    pub other_name: String,
    pub other_iban: Option<Iban>,
    pub remittance: Option<String>,
    pub end_to_end: Option<String>,
}

/// Everything booked on the account, the newest first.
pub(super) fn booked(books: &Books, account: &Iban, today: NaiveDate) -> Vec<Entry> {
    let mut entries: Vec<Entry> = books
        .entries()
        .iter()
        .filter_map(|e| of_the_ledger(books, account, e.seq, e.at, &e.event))
        .collect();
    entries.reverse();
    // A consent is in the ledger before anything is read: the first day does not move.
    let first_day = books.entries().first().map_or(today, |entry| entry.at.date());
    entries.extend(from_before(account, first_day));
    entries
}

fn of_the_ledger(books: &Books, account: &Iban, seq: u64, at: Timestamp, event: &LedgerEvent) -> Option<Entry> {
    let LedgerEvent::Booked {
        payment_id,
        index,
        end_to_end,
        debtor_iban,
        creditor_iban,
        money,
    } = event
    else {
        return None;
    };
    let instruction = books.order(payment_id)?.received.instructions().into_iter().nth(*index)?;
    let leaves = debtor_iban == account;
    let credited = creditor_iban == account && customers::by_iban(account.electronic())?.1.opening.currency == money.currency;
    if !leaves && !credited {
        return None;
    }
    let holder = || {
        customers::holder(debtor_iban.electronic())
            .map_or("Plătitor", |c| c.name)
            .to_owned()
    };
    Some(Entry {
        id: format!("b-{seq}"),
        booked_on: Some(at.date()),
        money: Money {
            minor: if leaves { -money.minor } else { money.minor },
            ..*money
        },
        other_name: if leaves { instruction.creditor_name } else { holder() },
        other_iban: Some(if leaves { creditor_iban.clone() } else { debtor_iban.clone() }),
        remittance: instruction.remittance,
        end_to_end: end_to_end.clone().or(instruction.end_to_end),
    })
}

/// What is promised to orders on their way.
pub(super) fn pending(books: &Books, account: &Iban) -> Vec<Entry> {
    let mut entries = Vec::new();
    for order in books.orders() {
        let on_its_way = order.reserves() && matches!(order.status, Word::Accp | Word::Actc | Word::Acsp);
        let debits = order.authorised.as_ref().is_some_and(|(_, iban, _)| iban == account);
        if !on_its_way || !debits {
            continue;
        }
        entries.extend(order.pending().map(|(index, instruction)| Entry {
            id: format!("p-{}-{index}", order.received.payment_id),
            booked_on: None,
            money: Money {
                minor: -instruction.money.minor,
                ..instruction.money
            },
            other_name: instruction.creditor_name,
            other_iban: Some(instruction.creditor_iban),
            remittance: instruction.remittance,
            end_to_end: instruction.end_to_end,
        }));
    }
    entries.reverse();
    entries
}

/// Name, text, and the amount in hundredths; an account that holds little has small ones.
const LIFE: [(&str, &str, i64); 8] = [
    ("Energia Exemplu SA", "Factura de energie", -18_734),
    ("Angajator Exemplu SRL", "Salariu", 612_000),
    ("Mega Market SRL", "Cumpărături", -23_517),
    ("Internet Exemplu SA", "Abonament internet", -4_500),
    ("Farmacia Salvia SRL", "Medicamente", -6_240),
    ("Casa de Asigurări Exemplu", "Primă de asigurare", -35_000),
    ("Ion Vecinu", "Chirie garaj", 20_000),
    ("Transport Exemplu SA", "Abonament lunar", -8_000),
];

fn from_before(account: &Iban, first_day: NaiveDate) -> impl Iterator<Item = Entry> {
    let currency = customers::by_iban(account.electronic()).map_or(Currency::Ron, |(_, a)| a.opening.currency);
    // Each account has a life of its own, always the same one.
    let seed = u64::from_str_radix(&sha256_hex(account.electronic().as_bytes())[..8], 16).unwrap_or_default();
    (0..BEFORE).map(move |n| {
        let (name, text, minor) = LIFE[usize::try_from((n + seed) % 8).unwrap_or_default()];
        let cents = i64::try_from((seed / 8 + n * 37) % 100).unwrap_or_default();
        let day = first_day.checked_sub_days(Days::new(1 + n * 2)).unwrap_or(first_day);
        Entry {
            id: format!("h-{}", BEFORE - n),
            booked_on: Some(day),
            money: Money {
                minor: minor + cents,
                currency,
            },
            other_name: name.to_owned(),
            other_iban: None,
            remittance: Some(text.to_owned()),
            end_to_end: None,
        }
    })
}
