//! The list of payments as plain data: personal data masked, texts as they are shown.

use super::frame::OfficeShell;
use crate::flow::payment_query::{Asked, Wrong};
use crate::payment::Status;
use crate::web::hosted_page::texts::catalogue;
use askama::Template;

catalogue! {
    /// The texts of the list of payments.
    ListTexts {
        title: "Plăți", "Payments";
        search: "Caută", "Search";
        search_title: "Caută plăți", "Search payments";
        id: "Referință sau id la partener", "Reference or partner’s own id";
        who: "Plătitor sau cont", "Payer or account";
        who_hint: "E-mail întreg, IBAN întreg sau ultimele 4 caractere din IBAN.", "Whole e-mail address, whole IBAN, or the last 4 characters of an IBAN.";
        who_is: "Se caută după", "Searching by";
        who_forget: "Nu mai căuta după persoană", "Stop searching by person";
        least: "Suma de la", "Amount from";
        most: "Suma până la", "Amount to";
        from: "Creată de la", "Created from";
        to: "Creată până la", "Created to";
        any: "oricare", "any";
        clear: "Șterge căutarea", "Clear the search";
        results: "Rezultate", "Results";
        one: "o plată", "one payment";
        many: "plăți", "payments";
        many_of: "de plăți", "payments";
        more_than: "peste 1000 de plăți", "more than 1000 payments";
        none: "Nicio plată nu se potrivește.", "No payment matches.";
        older: "Mai vechi", "Older";
        newer: "Mai noi", "Newer";
        pages: "Pagini", "Pages";
        export_csv: "Descarcă CSV", "Download CSV";
        export_xlsx: "Pregătește XLSX", "Prepare XLSX";
        exports: "Exporturi", "Exports";
        external_id: "Id la partener", "Partner’s id";
        saved: "Căutări păstrate", "Saved searches";
        saved_none: "Nicio căutare păstrată.", "No saved searches.";
        save: "Păstrează", "Save";
        save_name: "Păstrează căutarea cu numele", "Save this search as";
        remove: "Șterge căutarea", "Delete the search";
        name_taken: "Ai deja o căutare cu acest nume, sau ai deja 50 de căutări.", "You have a search of this name already, or 50 searches.";
        no_name: "Scrie un nume de cel mult 60 de caractere.", "Enter a name of at most 60 characters.";
        errors: "Verifică ce ai completat", "Check what you entered";
        wrong_id: "Referința nu poate fi citită.", "The reference cannot be read.";
        wrong_status: "Alege o stare din listă.", "Choose a status from the list.";
        wrong_least: "Suma de la: scrie de exemplu 1.234,56.", "Amount from: write for example 1,234.56.";
        wrong_most: "Suma până la: scrie de exemplu 1.234,56.", "Amount to: write for example 1,234.56.";
        wrong_from: "Prima zi nu este o dată.", "The first day is not a date.";
        wrong_to: "Ultima zi nu este o dată sau este înaintea primei.", "The last day is not a date, or is before the first.";
        wrong_who: "Scrie un e-mail întreg, un IBAN întreg sau ultimele 4 caractere din IBAN.", "Enter a whole e-mail address, a whole IBAN, or the last 4 characters of an IBAN.";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
    }
}

/// How many payments were found; counted no further than 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(usize),
    /// More than 1000.
    Many,
    /// Not counted: a page further on.
    Unknown,
}

/// What is wrong with what was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A field of the search.
    Field(Wrong),
    /// The name of a search to be kept is missing or too long.
    NoName,
    /// The name is taken.
    NameTaken,
    /// The form's token is not good.
    PageExpired,
}

/// A line of the list: texts as they are shown.
#[derive(Clone, Debug)]
pub struct ListRow {
    /// Our reference.
    pub reference: String,
    /// When it was created, in local time.
    pub created_at: String,
    /// The partner's name.
    pub partner: String,
    /// The partner's own id; hostile text.
    pub external_id: String,
    /// Who receives the money; empty when not known yet. Hostile text.
    pub creditor: String,
    /// With its currency; empty when not known yet.
    pub amount: String,
    /// The bank's name; empty when none was chosen.
    pub bank: String,
    /// Where it stands; `None` when that cannot be read.
    pub status: Option<Status>,
    /// The bank's last word; hostile text.
    pub bank_word: String,
}

/// Something to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub name: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A kept search.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its id.
    pub id: String,
    /// What the user calls it.
    pub name: String,
    /// Where it leads.
    pub address: String,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "back_office/payments.html", whitespace = "minimize")]
pub struct PaymentList {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts of this page.
    pub l: &'static ListTexts,
    /// Where the forms are posted to.
    pub search_action: String,
    /// The anti-forgery token of all forms of this page.
    pub csrf: String,
    /// What was asked.
    pub asked: Asked,
    /// By whom it was asked, masked.
    pub who: Option<String>,
    /// Partners to choose from.
    pub partners: Vec<Choice>,
    /// Banks to choose from.
    pub banks: Vec<Choice>,
    /// Statuses to choose from.
    pub statuses: Vec<Choice>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub total: Total,
    /// The payments of this page.
    pub payments: Vec<ListRow>,
    /// The page before.
    pub newer: Option<String>,
    /// The page after.
    pub older: Option<String>,
    /// Whether the role may take payments out.
    pub exports: bool,
    /// Where exactly these payments are taken out from.
    pub csv: String,
    /// Kept searches.
    pub saved: Vec<Saved>,
    /// The query that would be kept; empty when nothing is searched for.
    pub query: String,
}

impl PaymentList {
    /// Where a problem is, and its words.
    const fn problem(&self, problem: &Problem) -> (&'static str, &'static str) {
        let l = self.l;
        match problem {
            Problem::Field(Wrong::Id) => ("id", l.wrong_id),
            Problem::Field(Wrong::Status) => ("status", l.wrong_status),
            Problem::Field(Wrong::Least) => ("least", l.wrong_least),
            Problem::Field(Wrong::Most) => ("most", l.wrong_most),
            Problem::Field(Wrong::From) => ("from", l.wrong_from),
            Problem::Field(Wrong::To) => ("to", l.wrong_to),
            Problem::Field(Wrong::Who) => ("who", l.wrong_who),
            Problem::NoName => ("name", l.no_name),
            Problem::NameTaken => ("name", l.name_taken),
            Problem::PageExpired => ("search", l.page_expired),
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|p| self.problem(p).0 == field)
    }

    /// In Romanian the noun takes `de` from 20 on, but not where the last two digits are 1 to 19.
    fn found(&self) -> String {
        match self.total {
            Total::Unknown => String::new(),
            Total::Many => self.l.more_than.to_owned(),
            Total::Exactly(1) => self.l.one.to_owned(),
            Total::Exactly(n) => {
                let of = n >= 20 && !(1..20).contains(&(n % 100));
                format!("{n} {}", if of { self.l.many_of } else { self.l.many })
            }
        }
    }
}

/// The choices of a list, with the one that was asked for.
pub fn choices(all: impl Iterator<Item = (String, String)>, asked: &str) -> Vec<Choice> {
    all.map(|(value, name)| Choice {
        chosen: value == asked.trim(),
        value,
        name,
    })
    .collect()
}

/// The statuses, in words.
pub fn statuses(shell: &OfficeShell, asked: &str) -> Vec<Choice> {
    let named = |status: Status| (status.as_str().to_owned(), shell.t.status_word(&status).to_owned());
    choices(Status::ALL.into_iter().map(named), asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::Language;

    #[test]
    fn what_is_typed_and_what_a_bank_says_is_escaped_and_every_problem_leads_to_its_field() {
        const HOSTILE: &str = "<script>alert(1)</script>";
        let shell = OfficeShell::new(Language::Ro, "Plăți Sigure S.A.".into());
        let wrong = [
            Wrong::Id,
            Wrong::Status,
            Wrong::Least,
            Wrong::Most,
            Wrong::From,
            Wrong::To,
            Wrong::Who,
        ];
        let list = PaymentList {
            l: ListTexts::of(Language::Ro),
            search_action: "/search".into(),
            csrf: "token".into(),
            asked: Asked {
                id: HOSTILE.into(),
                least: HOSTILE.into(),
                ..Asked::default()
            },
            who: Some(HOSTILE.into()),
            partners: choices(std::iter::once((HOSTILE.into(), HOSTILE.into())), HOSTILE),
            banks: Vec::new(),
            statuses: statuses(&shell, "settled"),
            problems: wrong.into_iter().map(Problem::Field).chain([Problem::PageExpired]).collect(),
            total: Total::Exactly(120),
            payments: vec![ListRow {
                reference: "1234567890123456".into(),
                created_at: "21.11.2026, 12:00".into(),
                partner: HOSTILE.into(),
                external_id: HOSTILE.into(),
                creditor: HOSTILE.into(),
                amount: "1,00 RON".into(),
                bank: HOSTILE.into(),
                status: Some(Status::Settled),
                bank_word: HOSTILE.into(),
            }],
            newer: None,
            older: None,
            exports: true,
            csv: "/csv".into(),
            saved: vec![Saved {
                id: "1".into(),
                name: HOSTILE.into(),
                address: "/list".into(),
            }],
            query: "id=1".into(),
            shell,
        };
        let html = list.render().unwrap();
        assert!(!html.contains("<script>"));
        let page = scraper::Html::parse_document(&html);
        let select = |css: &str| page.select(&scraper::Selector::parse(css).unwrap()).collect::<Vec<_>>();
        let links = select("[role=alert] a");
        assert_eq!(links.len(), wrong.len() + 1);
        for link in links {
            assert_eq!(select(link.attr("href").unwrap()).len(), 1, "{:?}", link.attr("href"));
        }
        for field in select("form input:not([type=hidden]), select") {
            assert_eq!(select(&format!("label[for='{}']", field.attr("id").unwrap())).len(), 1);
        }
        let found = |n| list_of(n).found();
        assert_eq!(
            (found(1), found(19), found(20)),
            ("o plată".into(), "19 plăți".into(), "20 de plăți".into())
        );
        assert_eq!((found(101), found(120)), ("101 plăți".into(), "120 de plăți".into()));
    }

    fn list_of(n: usize) -> PaymentList {
        let shell = OfficeShell::new(Language::Ro, String::new());
        PaymentList {
            l: ListTexts::of(Language::Ro),
            search_action: String::new(),
            csrf: String::new(),
            asked: Asked::default(),
            who: None,
            partners: Vec::new(),
            banks: Vec::new(),
            statuses: Vec::new(),
            problems: Vec::new(),
            total: Total::Exactly(n),
            payments: Vec::new(),
            newer: None,
            older: None,
            exports: false,
            csv: String::new(),
            saved: Vec::new(),
            query: String::new(),
            shell,
        }
    }
}
