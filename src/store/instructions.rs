//! The instructions of a payment: 1 to 5000 rows, written many at a time.

use super::connection::Conn;
use super::schema::payment_instructions as i;
use super::{Access, StoreError};
use crate::payment::{Amount, Currency, Giro, Iban, Instruction, PaymentId};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use std::collections::{BTreeMap, HashMap};

use super::payments::Payment;

const TABLE: &str = "payment_instructions";
/// Rows of one statement. SQLite takes 32,766 values in one, PostgreSQL 65,535.
const BATCH: usize = 500;

#[derive(Queryable, Insertable)]
// Without defaults diesel writes many rows in one statement; with them it would open a transaction on SQLite.
#[diesel(table_name = i, treat_none_as_default_value = false)]
struct Row {
    payment_id: i64,
    seq: i32,
    creditor_name_sealed: Vec<u8>,
    creditor_iban_sealed: Vec<u8>,
    amount_minor: i64,
    details_sealed: Vec<u8>,
    end_to_end_id: String,
    bank_word: Option<String>,
    giro_sealed: Option<Vec<u8>>,
    bank_text_sealed: Option<Vec<u8>>,
}

impl Row {
    fn seal(a: &Access<'_>, id: PaymentId, seq: i32, instruction: &Instruction) -> Result<Self, StoreError> {
        let key = format!("{id}/{seq}");
        let giro = instruction.giro.as_ref().map(serde_json::to_string).transpose();
        let giro = giro.map_err(|e| StoreError::Broken(format!("giro of {key}: {e}")))?;
        Ok(Self {
            payment_id: id.number(),
            seq,
            creditor_name_sealed: a.seal(TABLE, "creditor_name", &key, &instruction.creditor_name),
            creditor_iban_sealed: a.seal(TABLE, "creditor_iban", &key, instruction.creditor_iban.electronic()),
            amount_minor: instruction.amount.minor,
            details_sealed: a.seal(TABLE, "details", &key, &instruction.details),
            end_to_end_id: instruction.end_to_end_id.clone(),
            bank_word: None,
            giro_sealed: giro.map(|text| a.seal(TABLE, "giro", &key, &text)),
            bank_text_sealed: None,
        })
    }

    /// What a Serbian payment order has beside the rest.
    fn giro(&self, a: &Access<'_>, key: &str) -> Result<Option<Giro>, StoreError> {
        let Some(sealed) = &self.giro_sealed else { return Ok(None) };
        let text = a.open(TABLE, "giro", key, sealed)?;
        let giro = serde_json::from_str(&text).map_err(|_| StoreError::Broken(format!("giro of {key} is unreadable")))?;
        Ok(Some(giro))
    }
}

/// What the bank said of one instruction.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Its status word.
    pub word: String,
    /// Why, in the bank's own words: hostile text.
    pub text: Option<String>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("word", &self.word).finish_non_exhaustive()
    }
}

/// Instructions in their order, the bank's word of each, and its text of each.
pub(super) type WithWords = (Vec<Instruction>, Vec<Option<String>>, Vec<Option<String>>);

/// The instructions of a payment and what the bank said of each, in their order.
pub(super) fn of(a: &mut Access<'_>, id: PaymentId, currency: Currency) -> Result<WithWords, StoreError> {
    Ok(of_several(a, &[(id, currency)])?.remove(&id).unwrap_or_default())
}

/// As [`of`], of several payments.
pub(super) fn of_several(a: &mut Access<'_>, of: &[(PaymentId, Currency)]) -> Result<HashMap<PaymentId, WithWords>, StoreError> {
    let known: HashMap<i64, (PaymentId, Currency)> = of.iter().map(|one| (one.0.number(), *one)).collect();
    let rows: Vec<Row> = i::table
        .filter(i::payment_id.eq_any(known.keys().copied()))
        .order((i::payment_id, i::seq))
        .load(a.conn)?;
    let mut all: HashMap<PaymentId, WithWords> = of.iter().map(|(id, _)| (*id, WithWords::default())).collect();
    for row in rows {
        let Some((id, currency)) = known.get(&row.payment_id) else {
            continue;
        };
        let key = format!("{id}/{}", row.seq);
        let creditor_iban = creditor_iban(a, &key, &row.creditor_iban_sealed)?;
        let (instructions, words, texts) = all.entry(*id).or_default();
        instructions.push(Instruction {
            creditor_name: text(a, "creditor_name", &key, &row.creditor_name_sealed)?,
            creditor_iban,
            amount: Amount {
                minor: row.amount_minor,
                currency: *currency,
            },
            details: text(a, "details", &key, &row.details_sealed)?,
            giro: row.giro(a, &key)?,
            end_to_end_id: row.end_to_end_id,
        });
        let bank_text = row
            .bank_text_sealed
            .map(|sealed| a.open(TABLE, "bank_text", &key, &sealed))
            .transpose()?;
        words.push(row.bank_word);
        texts.push(bank_text.map(|text| text.to_string()));
    }
    Ok(all)
}

/// A text, empty once it was erased.
fn text(a: &Access<'_>, column: &'static str, key: &str, sealed: &[u8]) -> Result<String, StoreError> {
    match sealed {
        [] => Ok(String::new()),
        _ => Ok(a.open(TABLE, column, key, sealed)?.to_string()),
    }
}

fn creditor_iban(a: &Access<'_>, key: &str, sealed: &[u8]) -> Result<Iban, StoreError> {
    match text(a, "creditor_iban", key, sealed)?.as_str() {
        "" => Ok(Iban::erased()),
        iban => Iban::parse(iban).map_err(|_| StoreError::Broken(format!("creditor IBAN of {key} is not one"))),
    }
}

/// Replaces the instructions of a payment: only while nothing has been sent to a bank, which the caller knows.
pub(super) fn replace(a: &mut Access<'_>, payment: &Payment) -> Result<(), StoreError> {
    diesel::delete(i::table.filter(i::payment_id.eq(payment.id.number()))).execute(a.conn)?;
    add_all(a, &[payment])
}

/// Writes the instructions of payments that have none yet.
pub(super) fn add_all(a: &mut Access<'_>, payments: &[&Payment]) -> Result<(), StoreError> {
    let numbered = payments
        .iter()
        .flat_map(|payment| (1..).zip(&payment.instructions).map(|(seq, one)| (payment.id, seq, one)));
    let rows: Vec<Row> = numbered
        .map(|(id, seq, instruction)| Row::seal(a, id, seq, instruction))
        .collect::<Result<_, _>>()?;
    for some in rows.chunks(BATCH) {
        // Several rows in one statement are written differently for each database.
        match a.conn {
            Conn::Sqlite(conn) => diesel::insert_into(i::table).values(some).execute(conn)?,
            #[cfg(feature = "postgres")]
            Conn::Pg(conn) => diesel::insert_into(i::table).values(some).execute(conn)?,
        };
    }
    Ok(())
}

/// Writes one instruction of several, found by its end-to-end id, which stays.
///
/// # Errors
/// [`StoreError::Conflict`] when there is none of this id.
pub fn update(a: &mut Access<'_>, id: PaymentId, instruction: &Instruction) -> Result<(), StoreError> {
    let one = i::table
        .filter(i::payment_id.eq(id.number()))
        .filter(i::end_to_end_id.eq(&instruction.end_to_end_id));
    let found: Vec<i32> = one.select(i::seq).load(a.conn)?;
    let [seq] = found.as_slice() else {
        return Err(StoreError::Conflict);
    };
    let row = Row::seal(a, id, *seq, instruction)?;
    let set = (
        i::creditor_name_sealed.eq(row.creditor_name_sealed),
        i::creditor_iban_sealed.eq(row.creditor_iban_sealed),
        i::amount_minor.eq(row.amount_minor),
        i::details_sealed.eq(row.details_sealed),
        i::giro_sealed.eq(row.giro_sealed),
    );
    diesel::update(i::table.find((id.number(), seq))).set(set).execute(a.conn)?;
    Ok(())
}

/// Takes one instruction of several away.
///
/// # Errors
/// [`StoreError::Conflict`] when there is none of this id.
pub fn remove(a: &mut Access<'_>, id: PaymentId, end_to_end_id: &str) -> Result<(), StoreError> {
    let one = i::table
        .filter(i::payment_id.eq(id.number()))
        .filter(i::end_to_end_id.eq(end_to_end_id));
    match diesel::delete(one).execute(a.conn)? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// Writes what the bank said of single instructions, by end-to-end id. Only what has changed is written.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn save_words(a: &mut Access<'_>, id: PaymentId, words: &[(String, Said)]) -> Result<(), StoreError> {
    if words.is_empty() {
        return Ok(());
    }
    let known: Vec<(i32, String, Option<String>)> = i::table
        .filter(i::payment_id.eq(id.number()))
        .select((i::seq, i::end_to_end_id, i::bank_word))
        .load(a.conn)?;
    let said: HashMap<&str, &Said> = words.iter().map(|(id, said)| (id.as_str(), said)).collect();
    let mut changed: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (seq, end_to_end_id, before) in &known {
        let Some(said) = said.get(end_to_end_id.as_str()) else { continue };
        if before.as_deref() != Some(said.word.as_str()) {
            changed.entry(&said.word).or_default().push(*seq);
        }
        if let Some(text) = &said.text {
            let sealed = a.seal(TABLE, "bank_text", &format!("{id}/{seq}"), text);
            diesel::update(i::table.find((id.number(), *seq)))
                .set(i::bank_text_sealed.eq(sealed))
                .execute(a.conn)?;
        }
    }
    for (word, seqs) in changed {
        for some in seqs.chunks(BATCH) {
            let these = i::table.filter(i::payment_id.eq(id.number())).filter(i::seq.eq_any(some));
            diesel::update(these).set(i::bank_word.eq(word)).execute(a.conn)?;
        }
    }
    Ok(())
}

/// Forgets what a bank said of the instructions: another attempt begins.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forget_words(a: &mut Access<'_>, id: PaymentId) -> Result<(), StoreError> {
    let said = i::table.filter(i::payment_id.eq(id.number())).filter(i::bank_word.is_not_null());
    let nothing = (i::bank_word.eq(None::<String>), i::bank_text_sealed.eq(None::<Vec<u8>>));
    diesel::update(said).set(nothing).execute(a.conn)?;
    Ok(())
}
