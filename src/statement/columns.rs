//! Which column of a table says what: guessed from the words that Romanian and English banks put in its head, and
//! shown to people before it is used.

use super::amount;
use chrono::NaiveDate;
use deunicode::deunicode;
use serde::{Deserialize, Serialize};

/// Lines above the head that banks put there (account, owner, period), at most.
pub const MAX_HEAD: usize = 40;
/// Most columns of a table.
pub const MAX_COLUMNS: usize = 100;

/// How a table writes days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayForm {
    /// 21.11.2026, 21/11/2026 or 21-11-2026.
    DayMonthYear,
    /// 2026-11-21 or 20261121.
    YearMonthDay,
    /// 11/21/2026.
    MonthDayYear,
}

impl DayForm {
    /// Every form, the usual ones first.
    pub const ALL: [Self; 3] = [Self::DayMonthYear, Self::YearMonthDay, Self::MonthDayYear];

    /// The word of it in a form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DayMonthYear => "day_month_year",
            Self::YearMonthDay => "year_month_day",
            Self::MonthDayYear => "month_day_year",
        }
    }

    /// The form of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }

    /// A day written so; a time behind it is left out.
    #[must_use]
    pub fn read(self, text: &str) -> Option<NaiveDate> {
        let day = text.trim().split([' ', 'T']).next().unwrap_or_default();
        let formats: &[&str] = match self {
            Self::DayMonthYear => &["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"],
            Self::YearMonthDay => &["%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y%m%d"],
            Self::MonthDayYear => &["%m/%d/%Y", "%m-%d-%Y"],
        };
        let read = formats.iter().find_map(|format| NaiveDate::parse_from_str(day, format).ok());
        // A year of two digits is read as one of the first century.
        read.filter(|day| (2000..=2200).contains(&chrono::Datelike::year(day)))
    }
}

/// Which column says what; columns are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// What stands between two cells: `,`, `;`, a tabulator or `|`.
    pub separator: char,
    /// The row of the head, counted from 0.
    pub head: usize,
    /// The booking day.
    pub day: Option<usize>,
    /// How days are written.
    pub day_form: DayForm,
    /// The amount, negative where money went out.
    pub amount: Option<usize>,
    /// Money that went out, where it has a column of its own.
    pub debit: Option<usize>,
    /// Money that came in, where it has a column of its own.
    pub credit: Option<usize>,
    /// What stands before decimals: `,` or `.`.
    pub decimal: char,
    /// The currency; without one it is `usual_currency`.
    pub currency: Option<usize>,
    /// ISO 4217 code of amounts without one.
    pub usual_currency: String,
    /// The other side's name.
    pub name: Option<usize>,
    /// The other side's account.
    pub iban: Option<usize>,
    /// Remittance information.
    pub remittance: Option<usize>,
    /// The reference, which is compared with end-to-end identifications.
    pub reference: Option<usize>,
}

/// What separates cells.
pub const SEPARATORS: [char; 4] = [';', ',', '\t', '|'];

/// What a column may say, with the words by which it is known, the surest first.
type Words = &'static [&'static str];
const DAY: Words = &[
    "data tranzactiei",
    "data tranzactie",
    "data operatiunii",
    "data inregistrarii",
    "data contabila",
    "data procesarii",
    "booking date",
    "transaction date",
    "posting date",
    "data",
    "date",
    "completed date",
    "date completed",
    "data valutei",
    "value date",
];
const AMOUNT: Words = &["suma tranzactiei", "suma", "amount", "valoare", "transaction amount"];
const DEBIT: Words = &[
    "debit",
    "suma debit",
    "debit amount",
    "plati",
    "iesiri",
    "money out",
    "paid out",
    "withdrawals",
];
const CREDIT: Words = &[
    "credit",
    "suma credit",
    "credit amount",
    "incasari",
    "intrari",
    "money in",
    "paid in",
    "deposits",
];
const CURRENCY: Words = &["valuta", "moneda", "currency", "ccy", "deviza"];
const NAME: Words = &[
    "nume contrapartida",
    "contrapartida",
    "nume partener",
    "beneficiar/ordonator",
    "ordonator/beneficiar",
    "nume platitor",
    "platitor",
    "ordonator",
    "counterparty name",
    "counterparty",
    "payer name",
    "payer",
    "beneficiar",
    "partener",
    "nume",
    "name",
];
const IBAN: Words = &[
    "iban contrapartida",
    "iban partener",
    "iban platitor",
    "cont contrapartida",
    "cont partener",
    "cont platitor",
    "cont ordonator",
    "counterparty iban",
    "counterparty account",
    "payer account",
    "iban",
    "cont corespondent",
    "cont",
    "account number",
    "account",
];
const REMITTANCE: Words = &[
    "detalii tranzactie",
    "detalii plata",
    "detaliile tranzactiei",
    "explicatii",
    "explicatie",
    "descriere",
    "detalii",
    "payment details",
    "remittance information",
    "transaction details",
    "narrative",
    "description",
    "details",
    "reference text",
];
const REFERENCE: Words = &[
    "end to end id",
    "end-to-end id",
    "endtoendid",
    "end-to-end",
    "e2e",
    "referinta platitor",
    "referinta client",
    "referinta",
    "nr. referinta",
    "numar referinta",
    "customer reference",
    "payment reference",
    "reference",
    "ref",
];

/// Letters and spaces alone, small, without diacritics.
fn plain(head: &str) -> String {
    let text = deunicode(head).to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How sure a head says this; the smaller the surer.
fn rank(head: &str, words: Words) -> Option<(u8, usize)> {
    let how = |word: &str| match () {
        () if head == word => Some(0),
        () if head.starts_with(word) && !head[word.len()..].starts_with(char::is_alphanumeric) => Some(1),
        () if word.len() > 4 && head.contains(word) => Some(2),
        () => None,
    };
    words.iter().zip(0..).filter_map(|(word, at)| Some((how(word)?, at))).min()
}

/// The column that says this surest and is not taken.
fn pick(heads: &[String], words: Words, taken: &mut Vec<usize>) -> Option<usize> {
    let free = heads.iter().enumerate().filter(|(column, _)| !taken.contains(column));
    let found = free.filter_map(|(column, head)| Some((rank(head, words)?, column))).min();
    let column = found.map(|(_, column)| column);
    taken.extend(column);
    column
}

/// The rows of a table, at most `limit`.
pub(super) fn rows(text: &str, separator: char, limit: usize) -> Vec<Vec<String>> {
    let mut reader = super::csv_file::reader(text, separator);
    let rows = reader.records().take(limit).filter_map(Result::ok);
    rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
}

/// What the table seems to be, and its first rows from the head on, for people to check.
#[must_use]
pub fn guess(text: &str, usual_currency: &str) -> (Columns, Vec<Vec<String>>) {
    // Of separators that make the same sense the one that makes most columns.
    let readings = SEPARATORS.map(|separator| {
        let rows = rows(text, separator, MAX_HEAD + 30);
        let (head, columns) = head_of(&rows);
        (known(&columns), rows.get(head).map_or(0, Vec::len), separator, head, columns, rows)
    });
    let best = readings.into_iter().rev().max_by_key(|(known, width, ..)| (*known, *width));
    let Some((_, _, separator, head, mut columns, rows)) = best else {
        return (head_of(&[]).1, Vec::new());
    };
    let body = rows.get(head + 1..).unwrap_or_default();
    columns.separator = separator;
    columns.head = head;
    columns.usual_currency = usual_currency.to_owned();
    columns.day_form = day_form(body, columns.day);
    columns.decimal = decimal(body, [columns.amount, columns.debit, columns.credit]);
    (columns, rows.into_iter().skip(head).take(6).collect())
}

/// How many columns say something.
fn known(columns: &Columns) -> usize {
    let sure = [columns.day, columns.amount.or(columns.credit).or(columns.debit)];
    let more = [
        columns.currency,
        columns.name,
        columns.iban,
        columns.remittance,
        columns.reference,
        columns.debit,
    ];
    sure.iter().flatten().count() * 10 + more.iter().flatten().count()
}

/// The row that reads most like a head.
fn head_of(rows: &[Vec<String>]) -> (usize, Columns) {
    let read = |row: &Vec<String>| {
        let heads: Vec<String> = row.iter().take(MAX_COLUMNS).map(|head| plain(head)).collect();
        let mut taken = Vec::new();
        let taken = &mut taken;
        Columns {
            separator: ';',
            head: 0,
            day: pick(&heads, DAY, taken),
            day_form: DayForm::DayMonthYear,
            debit: pick(&heads, DEBIT, taken),
            credit: pick(&heads, CREDIT, taken),
            amount: pick(&heads, AMOUNT, taken),
            decimal: ',',
            currency: pick(&heads, CURRENCY, taken),
            usual_currency: String::new(),
            reference: pick(&heads, REFERENCE, taken),
            remittance: pick(&heads, REMITTANCE, taken),
            iban: pick(&heads, IBAN, taken),
            name: pick(&heads, NAME, taken),
        }
        .one_way_of_amounts()
    };
    let all = rows.iter().take(MAX_HEAD).map(read).enumerate();
    // The first of those that say as much.
    let best = all.rev().max_by_key(|(_, columns)| known(columns));
    best.unwrap_or_else(|| (0, read(&Vec::new())))
}

impl Columns {
    /// An amount column beside both others would say the same twice.
    fn one_way_of_amounts(mut self) -> Self {
        if self.debit.is_some() && self.credit.is_some() {
            self.amount = None;
        } else if self.amount.is_some() {
            (self.debit, self.credit) = (None, None);
        }
        self
    }

    /// Every column that is named.
    fn named(&self) -> [Option<usize>; 9] {
        [
            self.day,
            self.amount,
            self.debit,
            self.credit,
            self.currency,
            self.name,
            self.iban,
            self.remittance,
            self.reference,
        ]
    }

    /// Whether a file can be read by it.
    #[must_use]
    pub fn can_be(&self) -> bool {
        let is_code = self.usual_currency.len() == 3 && self.usual_currency.bytes().all(|b| b.is_ascii_uppercase());
        self.day.is_some()
            && (self.amount.is_some() || self.debit.is_some() || self.credit.is_some())
            && SEPARATORS.contains(&self.separator)
            && matches!(self.decimal, ',' | '.')
            && (is_code || self.currency.is_some())
            && self.head < MAX_HEAD
            && self.named().into_iter().flatten().all(|column| column < MAX_COLUMNS)
    }
}

/// The form in which all first days are days.
fn day_form(body: &[Vec<String>], column: Option<usize>) -> DayForm {
    let cells: Vec<&String> = body
        .iter()
        .filter_map(|row| row.get(column?))
        .filter(|c| !c.trim().is_empty())
        .collect();
    let fits = |form: &DayForm| !cells.is_empty() && cells.iter().all(|cell| form.read(cell).is_some());
    DayForm::ALL.into_iter().find(fits).unwrap_or(DayForm::DayMonthYear)
}

/// What stands before decimals in the first amounts.
fn decimal(body: &[Vec<String>], columns: [Option<usize>; 3]) -> char {
    let mut cells = body
        .iter()
        .flat_map(|row| columns.into_iter().flatten().filter_map(|c| row.get(c)))
        .filter(|c| !c.trim().is_empty())
        .peekable();
    let is_comma = cells.peek().is_none() || cells.all(|cell| amount::written(cell, ',').is_some());
    if is_comma { ',' } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_banks_are_understood() {
        let romanian = "Extras de cont;;;\nTitular: Librăria SRL;;;\n\nData tranzacției;Descriere;Referință;Debit;Credit;Sold\n\
                        21.11.2026;Comanda 1;SP1;;1.234,50;1\n22.11.2026;Comision;;2,00;;1\n";
        let (columns, rows) = guess(romanian, "RON");
        assert_eq!((columns.separator, columns.head, columns.decimal), (';', 2, ','));
        assert_eq!(
            (columns.day, columns.debit, columns.credit, columns.amount),
            (Some(0), Some(3), Some(4), None)
        );
        assert_eq!(
            (columns.remittance, columns.reference, columns.day_form),
            (Some(1), Some(2), DayForm::DayMonthYear)
        );
        assert_eq!(rows[1][4], "1.234,50");
        assert!(columns.can_be());

        let english = "Type,Booking Date,Amount,Currency,Description,Counterparty name,Counterparty IBAN\n\
                       TRANSFER,2026-11-21,-12.30,EUR,Order 1,Ana,RO49AAAA1B31007593840000\n";
        let (columns, _) = guess(english, "RON");
        assert_eq!(
            (columns.separator, columns.decimal, columns.day_form),
            (',', '.', DayForm::YearMonthDay)
        );
        assert_eq!((columns.day, columns.amount, columns.currency), (Some(1), Some(2), Some(3)));
        assert_eq!((columns.remittance, columns.name, columns.iban), (Some(4), Some(5), Some(6)));

        let american = "Date\tAmount\n11/21/2026\t1,000.00\n11/02/2026\t2.00\n";
        let (columns, _) = guess(american, "USD");
        assert_eq!(
            (columns.separator, columns.day_form, columns.decimal),
            ('\t', DayForm::MonthDayYear, '.')
        );
    }

    #[test]
    fn what_is_no_table_is_guessed_without_columns() {
        for text in ["", "hello", "\u{0}\u{1}", "a;b;c\n1;2;3\n"] {
            let (columns, _) = guess(text, "RON");
            assert!(!columns.can_be(), "{text}");
        }
    }

    #[test]
    fn days_of_two_digit_years_and_impossible_days_are_none() {
        for text in ["21.11.26", "31.02.2026", "", "21.13.2026", "1999-01-01"] {
            assert!(DayForm::ALL.iter().all(|form| form.read(text).is_none()), "{text}");
        }
        let day = NaiveDate::from_ymd_opt(2026, 11, 2);
        assert_eq!(DayForm::DayMonthYear.read("02/11/2026 10:11"), day);
        assert_eq!(DayForm::MonthDayYear.read("11/02/2026"), day);
        assert_eq!(DayForm::YearMonthDay.read("2026-11-02T10:11:12Z"), day);
    }
}
