//! The operator's pages as plain data.

use crate::payment::{Language, Status};
use crate::web::assets;
use crate::web::hosted_page::texts::catalogue;
use askama::Template;

catalogue! {
    /// The back office's texts.
    OfficeTexts {
        office: "Administrare plăți", "Payment back office";
        skip: "Sari la conținut", "Skip to content";
        error_prefix: "Eroare: ", "Error: ";
        sign_in: "Autentificare", "Sign in";
        user: "Utilizator", "User";
        password: "Parolă", "Password";
        enter: "Intră", "Sign in";
        wrong: "Utilizatorul sau parola nu este corectă.", "The user or the password is not correct.";
        too_many: "Prea multe încercări. Mai încearcă peste câteva minute.", "Too many attempts. Try again in a few minutes.";
        ended: "Sesiunea s-a încheiat. Intră din nou.", "The session has ended. Sign in again.";
        home: "Plăți", "Payments";
        signed_in_as: "Autentificat ca", "Signed in as";
        sign_out: "Ieși", "Sign out";
        by_status: "Plăți după stare", "Payments by status";
        last_payments: "Ultimele plăți", "Latest payments";
        none: "Nicio plată.", "No payments.";
        filter: "Ce plăți se văd", "Which payments are shown";
        all: "toate", "all";
        status: "Stare", "Status";
        count: "Număr", "Count";
        reference: "Referință", "Reference";
        created_at: "Creată", "Created";
        partner: "Partener", "Partner";
        creditor: "Beneficiar", "Creditor";
        amount: "Sumă", "Amount";
        bank: "Bancă", "Bank";
        bank_word: "Cuvântul băncii", "Bank’s word";
        created: "creată", "created";
        initiating: "se trimite", "being sent";
        awaiting_psu: "așteaptă aprobarea", "awaiting approval";
        processing: "în lucru la bancă", "at the bank";
        in_doubt: "în dubiu", "in doubt";
        settled: "făcută", "settled";
        partly_settled: "făcută în parte", "partly settled";
        rejected: "refuzată", "rejected";
        cancelled: "anulată", "cancelled";
        attempt_refused: "refuzată, se poate reîncerca", "refused, may be tried again";
        abandoned: "abandonată", "abandoned";
        blocked: "oprită", "blocked";
    }
}

impl OfficeTexts {
    /// The status in words.
    #[must_use]
    pub const fn status_word(&self, status: &Status) -> &'static str {
        match status {
            Status::Created => self.created,
            Status::Initiating => self.initiating,
            Status::AwaitingPsu => self.awaiting_psu,
            Status::Processing => self.processing,
            Status::InDoubt => self.in_doubt,
            Status::AttemptRefused => self.attempt_refused,
            Status::Settled => self.settled,
            Status::PartlySettled => self.partly_settled,
            Status::Rejected => self.rejected,
            Status::Cancelled => self.cancelled,
            Status::Abandoned => self.abandoned,
            Status::Blocked => self.blocked,
        }
    }
}

/// What stands around every page of the back office.
#[derive(Clone, Debug)]
pub struct OfficeShell {
    language: Language,
    /// The texts of every page.
    pub(super) t: &'static OfficeTexts,
    pub(super) operator: String,
}

impl OfficeShell {
    /// The back office of an operator.
    #[must_use]
    pub const fn new(language: Language, operator: String) -> Self {
        Self {
            language,
            t: OfficeTexts::of(language),
            operator,
        }
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    pub(super) fn css(&self) -> String {
        assets::url("office.css")
    }

    pub(super) fn icon(&self) -> String {
        assets::url("icon.svg")
    }

    /// How a status looks: never the only sign of it.
    pub(super) const fn tone(&self, status: &Status) -> &'static str {
        match status {
            Status::Settled => "good",
            Status::InDoubt | Status::PartlySettled | Status::Blocked => "alarm",
            Status::Rejected | Status::Cancelled | Status::Abandoned => "ended",
            Status::Created | Status::Initiating | Status::AwaitingPsu | Status::Processing | Status::AttemptRefused => "open",
        }
    }
}

/// Why the sign-in page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// Unknown user or wrong password: never told apart.
    Wrong,
    /// Slowed down.
    TooMany,
    /// The session ran out.
    SessionEnded,
}

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "back_office/login.html", whitespace = "minimize")]
pub struct Login {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// Where the form is posted to: `csrf`, `user`, `password`.
    pub action: String,
    /// The anti-forgery token.
    pub csrf: String,
    /// The user as typed.
    pub user: String,
    /// Why it did not work.
    pub problem: Option<LoginProblem>,
}

impl Login {
    fn message(&self) -> Option<&'static str> {
        Some(match self.problem? {
            LoginProblem::Wrong => self.shell.t.wrong,
            LoginProblem::TooMany => self.shell.t.too_many,
            LoginProblem::SessionEnded => self.shell.t.ended,
        })
    }
}

/// A line of the list of payments: texts as they are shown.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// Our reference.
    pub reference: String,
    /// When it was created, in local time.
    pub created_at: String,
    /// The partner's name.
    pub partner: String,
    /// Who receives the money; empty when not known yet.
    pub creditor: String,
    /// With its currency; empty when not known yet.
    pub amount: String,
    /// The bank's name; empty when none was chosen.
    pub bank: String,
    /// Where it stands.
    pub status: Status,
    /// The bank's last word; hostile text.
    pub bank_word: String,
}

/// The user who is signed in, and the way out.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user.
    pub user: String,
    /// Where signing out is posted to: `csrf`.
    pub action: String,
    /// The anti-forgery token.
    pub csrf: String,
}

/// The first page after signing in.
#[derive(Debug, Template)]
#[template(path = "back_office/home.html", whitespace = "minimize")]
pub struct Home {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// Who is signed in.
    pub session: SignedIn,
    /// The state whose payments alone are shown.
    pub only: Option<Status>,
    /// How many payments stand where.
    pub counts: Vec<(Status, u64)>,
    /// The latest payments, newest first.
    pub payments: Vec<PaymentRow>,
}

impl Home {
    fn in_doubt(&self) -> u64 {
        self.counts
            .iter()
            .find(|(s, _)| *s == Status::InDoubt)
            .map_or(0, |(_, count)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scraper::{Html, Selector};

    fn shell(language: Language) -> OfficeShell {
        OfficeShell::new(language, "Plăți Sigure S.A.".into())
    }

    fn texts(page: &str, selector: &str) -> Vec<String> {
        let page = Html::parse_document(page);
        let selector = Selector::parse(selector).unwrap();
        page.select(&selector)
            .map(|e| e.text().collect::<String>().trim().to_owned())
            .collect()
    }

    #[test]
    fn the_sign_in_page_names_the_fields_and_never_shows_a_password() {
        for language in Language::ALL {
            let page = Login {
                shell: shell(language),
                action: "/back-office/login".into(),
                csrf: "token".into(),
                user: "<b>ana".into(),
                problem: Some(LoginProblem::Wrong),
            }
            .render()
            .unwrap();
            let t = OfficeTexts::of(language);
            assert_eq!(texts(&page, "label"), [t.user, t.password]);
            assert_eq!(texts(&page, "h1"), [t.sign_in]);
            assert_eq!(texts(&page, "[role=alert]"), [t.wrong]);
            assert!(texts(&page, "title")[0].starts_with(t.error_prefix));
            assert!(!page.contains("<b>ana"));
        }
    }

    #[test]
    fn the_list_is_escaped_and_every_status_has_words() {
        let row = |status| PaymentRow {
            reference: "1234567890123456".into(),
            created_at: "21.11.2026 10:00".into(),
            partner: "<i>Shop".into(),
            creditor: "A & B".into(),
            amount: "1,00 RON".into(),
            bank: String::new(),
            status,
            bank_word: "<script>".into(),
        };
        for language in Language::ALL {
            let page = Home {
                shell: shell(language),
                session: SignedIn {
                    user: "ana".into(),
                    action: "/back-office/logout".into(),
                    csrf: "token".into(),
                },
                only: Some(Status::InDoubt),
                counts: Status::ALL.map(|s| (s, 1)).to_vec(),
                payments: Status::ALL.map(row).to_vec(),
            }
            .render()
            .unwrap();
            assert_eq!(texts(&page, "tbody tr").len(), 2 * Status::ALL.len());
            assert!(!page.contains("<i>") && !page.contains("<script>"));
            assert_eq!(texts(&page, "h1"), [OfficeTexts::of(language).home]);
        }
        for (ro, en) in OfficeTexts::PAIRS {
            assert!(!ro.is_empty() && !en.is_empty() && !ro.contains(['ş', 'ţ']));
        }
    }
}
