//! The pages of reconciliation as plain data.

use super::texts::ReconciliationTexts;
use crate::payment::{Amount, Currency, Language};
use crate::statement::columns::{Columns, DayForm, SEPARATORS};
use crate::statement::matching::Finding;
use crate::store::reconciliation_lines::Line;
use crate::store::reconciliations::{Direction, State};
use crate::web::back_office::frame::OfficeShell;
use crate::web::hosted_page::pages::money;
use askama::Template;
use chrono::NaiveDate;

/// An amount of any currency.
pub(super) fn any_money(language: Language, minor: i64, currency: &str) -> String {
    match Currency::from_code(currency) {
        Some(currency) => money(language, Amount { minor, currency }),
        None => format!("{}.{:02} {currency}", minor / 100, minor % 100),
    }
}

/// A day as people read it.
pub(super) fn any_day(language: Language, day: NaiveDate) -> String {
    let format = match language {
        Language::Ro => "%d.%m.%Y",
        Language::En => "%d/%m/%Y",
    };
    day.format(format).to_string()
}

/// A statement in the list.
#[derive(Clone, Debug)]
pub struct StatementRow {
    /// Its page.
    pub href: String,
    /// When it was uploaded.
    pub at: String,
    /// The file's name; hostile text.
    pub name: String,
    /// Whose payments.
    pub partner: String,
    /// The days it covers.
    pub days: String,
    /// Where it stands.
    pub state: State,
    /// Findings that want attention; none before it is ready.
    pub to_see: Option<i64>,
}

/// Something that may be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub name: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// The form that uploads a file.
#[derive(Clone, Debug)]
pub struct UploadForm {
    /// The anti-forgery token.
    pub csrf: String,
    /// Partners, and all of them.
    pub partners: Vec<Choice>,
    /// Which entries.
    pub direction: Direction,
    /// The account as it was typed.
    pub account: String,
}

impl UploadForm {
    fn directions() -> [Direction; 3] {
        Direction::ALL
    }
}

/// The list of statements.
#[derive(Debug, Template)]
#[template(path = "back_office/reconciliation.html", whitespace = "minimize")]
pub struct StatementList {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts.
    pub r: &'static ReconciliationTexts,
    /// The form, where the role may use it.
    pub form: Option<UploadForm>,
    /// The field and the words.
    pub problem: Option<(&'static str, &'static str)>,
    /// Newest first.
    pub statements: Vec<StatementRow>,
}

/// A column that may be chosen.
#[derive(Clone, Debug)]
pub struct ColumnField {
    /// The name of the field.
    pub field: &'static str,
    /// What it says.
    pub label: &'static str,
    /// The columns, and none.
    pub choices: Vec<Choice>,
}

/// The columns of a table.
#[derive(Debug, Template)]
#[template(path = "back_office/reconciliation_columns.html", whitespace = "minimize")]
pub struct ColumnsPage {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts.
    pub r: &'static ReconciliationTexts,
    /// The file's name; hostile text.
    pub name: String,
    /// Where the form is posted to.
    pub action: String,
    /// The anti-forgery token.
    pub csrf: String,
    /// What was guessed or typed.
    pub columns: Columns,
    /// The names of the columns; hostile text.
    pub heads: Vec<String>,
    /// The rows below; hostile text.
    pub rows: Vec<Vec<String>>,
    /// What cannot be read by them.
    pub problem: Option<String>,
    /// Whether the role may use the form.
    pub may_choose: bool,
}

impl ColumnsPage {
    fn fields(&self) -> [ColumnField; 9] {
        let (r, c) = (self.r, &self.columns);
        let field = |field, label, column| ColumnField {
            field,
            label,
            choices: self.choices(column),
        };
        [
            field("day", r.col_day, c.day),
            field("amount", r.col_amount, c.amount),
            field("debit", r.col_debit, c.debit),
            field("credit", r.col_credit, c.credit),
            field("currency", r.col_currency, c.currency),
            field("reference", r.col_reference, c.reference),
            field("remittance", r.col_remittance, c.remittance),
            field("name", r.col_name, c.name),
            field("iban", r.col_iban, c.iban),
        ]
    }

    fn day_forms() -> [DayForm; 3] {
        DayForm::ALL
    }

    /// What is sent for a separator, and what is shown.
    fn separators(&self) -> Vec<Choice> {
        let choice = |separator: char| Choice {
            value: if separator == '\t' { "tab".into() } else { separator.to_string() },
            name: if separator == '\t' {
                self.r.tab.into()
            } else {
                separator.to_string()
            },
            is_chosen: separator == self.columns.separator,
        };
        SEPARATORS.into_iter().map(choice).collect()
    }

    /// Every column with its number, as people count, and its name.
    fn choices(&self, chosen: Option<usize>) -> Vec<Choice> {
        let none = Choice {
            value: String::new(),
            name: self.r.no_column.into(),
            is_chosen: chosen.is_none(),
        };
        let column = |(column, head): (usize, &String)| Choice {
            value: column.to_string(),
            name: format!("{}. {}", column + 1, head.trim()),
            is_chosen: chosen == Some(column),
        };
        std::iter::once(none).chain(self.heads.iter().enumerate().map(column)).collect()
    }
}

/// A line of the result.
#[derive(Clone, Debug)]
pub struct ResultRow {
    /// What came of it.
    pub finding: Finding,
    /// The day.
    pub day: String,
    /// What the bank says; of a missing payment what we say.
    pub amount: String,
    /// What we say, where that is another amount.
    pub here: String,
    /// The payment's number.
    pub payment: Option<String>,
    /// The other side's name and account; hostile text.
    pub other: String,
    /// End-to-end identification and remittance information; hostile text.
    pub details: String,
    /// A remark of ours.
    pub note: &'static str,
    /// The line of the file.
    pub line: String,
}

/// A finding with its sums.
#[derive(Clone, Debug)]
pub struct SumRow {
    /// Which.
    pub finding: Finding,
    /// The address of its lines.
    pub href: String,
    /// How many.
    pub count: i64,
    /// How much, once a currency.
    pub sums: Vec<String>,
}

impl SumRow {
    /// How it is marked beside its words.
    fn tone(&self) -> &'static str {
        match self.finding {
            Finding::Matched => "good",
            _ if self.count == 0 => "",
            Finding::Probable => "open",
            _ => "alarm",
        }
    }
}

/// A statement.
#[derive(Debug, Template)]
#[template(path = "back_office/reconciliation_result.html", whitespace = "minimize")]
pub struct ResultPage {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts.
    pub r: &'static ReconciliationTexts,
    /// Its address.
    pub address: String,
    /// The file's name; hostile text.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// Names and values of what is known of it.
    pub facts: Vec<(&'static str, String)>,
    /// An earlier statement with the same file: its page, and when.
    pub same: Option<(String, String)>,
    /// Entries compared so far.
    pub rows_done: i64,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// The result in figures.
    pub sums: Vec<SumRow>,
    /// The finding whose lines are shown; none: all.
    pub only: Option<Finding>,
    /// The lines.
    pub rows: Vec<ResultRow>,
    /// Whether these are not the first.
    pub is_later: bool,
    /// The address of the lines behind these, when there are more.
    pub next: Option<String>,
}

impl ResultPage {
    const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Waiting | State::Running)
    }

    fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    /// The address of the first lines of the finding shown.
    fn first_lines(&self) -> String {
        lines_of(&self.address, self.only, None)
    }
}

/// The address of the lines of a finding (or all), from the first or behind a place.
pub(super) fn lines_of(address: &str, only: Option<Finding>, after: Option<i64>) -> String {
    let only = only.map(|finding| format!("finding={}", finding.as_str()));
    let after = after.map(|after| format!("after={after}"));
    let query = only.into_iter().chain(after).collect::<Vec<_>>().join("&");
    if query.is_empty() {
        format!("{address}#lines")
    } else {
        format!("{address}?{query}#lines")
    }
}

/// The other side of an entry in one line.
pub(super) fn other_side(line: &Line) -> String {
    let Some(entry) = &line.entry else { return String::new() };
    let parts = [entry.name.as_deref(), entry.iban.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What an entry names, in one line.
pub(super) fn details(line: &Line) -> String {
    let Some(entry) = &line.entry else { return String::new() };
    let text = Some(entry.remittance.as_str()).filter(|text| !text.is_empty());
    let parts = [entry.end_to_end_id.as_deref(), text];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
