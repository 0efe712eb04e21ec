//! Consents as plain data: never a token, a session or an account.

use super::frame::OfficeShell;
use super::partners::OwnForm;
use crate::consent::{Kind, Status};
use crate::web::hosted_page::texts::catalogue;
use askama::Template;

catalogue! {
    /// The texts of consents.
    ConsentTexts {
        title: "Consimțăminte", "Consents";
        lead: "Accesul la conturi pe care plătitorii l-au dat partenerilor sau, pentru o plată, nouă.", "Access to accounts that payers gave partners or, for one payment, us.";
        none: "Niciun consimțământ nu se potrivește.", "No consent matches.";
        none_yet: "Niciun consimțământ până acum. Le cer partenerii care au acces la conturi.", "No consents so far. Partners that have access to accounts ask for them.";
        filter: "Filtrează", "Filter";
        any: "toate", "all";
        show: "Arată", "Show";
        clear: "Șterge filtrul", "Clear the filter";
        consent: "Consimțământul", "Consent";
        partner: "Partener", "Partner";
        bank: "Banca", "Bank";
        state: "Stare", "State";
        valid_until: "Valabil până la", "Valid until";
        last_use: "Ultima citire", "Last read";
        created: "Cerut", "Asked for";
        older: "Mai vechi", "Older";
        newest: "Cele mai noi", "Newest";
        pages: "Pagini", "Pages";
        all: "← Toate consimțămintele", "← All consents";
        facts: "Ce permite", "What it permits";
        scope: "Domeniul", "Scope";
        accounts: "conturi, solduri, tranzacții", "accounts, balances, transactions";
        funds: "întrebarea „sunt destui bani?”", "the question “is there enough money?”";
        use_: "Folosire", "Use";
        recurring: "repetată, fără plătitor, de cel mult 4 ori pe zi", "again without the payer, at most 4 times a day";
        once: "o singură dată", "once";
        payment: "Pentru plata", "For the payment";
        psu_id: "Id-ul plătitorului la partener", "The payer’s id at the partner";
        bank_word: "Cuvântul băncii", "The bank’s word";
        reason: "Motiv", "Reason";
        reads: "Citiri", "Reads";
        ended: "Încheiat", "Ended";
        at_bank: "La bancă", "At the bank";
        to_be_told: "banca mai trebuie anunțată", "the bank is still to be told";
        history: "Istoric", "History";
        when: "Când", "When";
        what: "Ce", "What";
        who: "Cine", "Who";
        detail: "Detalii", "Detail";
        no_history: "Nimic încă.", "Nothing yet.";
        end: "Încheie consimțământul", "End the consent";
        end_lead: "Partenerul nu mai poate citi nimic, de îndată. Banca este anunțată acum; dacă nu răspunde, din nou mai târziu.", "The partner can read nothing more, at once. The bank is told now, and again later when it does not answer.";
        end_label: "De ce", "Why";
        end_hint: "Între 10 și 500 de caractere. Rămâne în jurnalul de audit; fără date personale.", "10 to 500 characters. It stays in the audit log; no personal data.";
        errors: "Nu s-a schimbat nimic:", "Nothing was changed:";
        no_reason: "Scrie între 10 și 500 de caractere.", "Write 10 to 500 characters.";
        busy: "Chiar acum se citește sub acest consimțământ. Mai încearcă o dată.", "It is being read under this consent right now. Try again.";
        not_now: "Consimțământul s-a încheiat deja.", "The consent has ended already.";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
        not_fresh: "Confirmă întâi că ești tu (legătura se deschide în altă filă), apoi trimite din nou de aici: ce ai completat a rămas.", "First confirm that it is you (the link opens another tab), then send it again from here: what you entered is still there.";
        confirm_first: "Încheierea cere o confirmare din ultimele 5 minute că ești tu.", "Ending it needs a confirmation that it is you, of the last 5 minutes.";
        confirm_link: "Confirmă acum", "Confirm now";
        was_ended: "Consimțământul a fost încheiat.", "The consent was ended.";
        created_state: "cerut", "asked for";
        awaiting_psu: "așteaptă plătitorul", "waits for the payer";
        valid: "valabil", "valid";
        refused: "refuzat", "refused";
        abandoned: "abandonat", "abandoned";
        ended_state: "încheiat", "ended";
        ended_by_operator: "încheiat de un operator", "ended by an operator";
        terms_received: "termenii primiți", "terms received";
        bank_asked: "banca întrebată", "the bank was asked";
        granted: "dat", "given";
        withdrawn: "încercare renunțată", "attempt given up";
        expired: "timpul a trecut", "the time ran out";
        over: "s-a încheiat", "it ended";
    }
}

impl ConsentTexts {
    /// A state in words, and how it looks.
    #[must_use]
    pub const fn status(&self, status: Status) -> (&'static str, &'static str) {
        match status {
            Status::Created => (self.created_state, "open"),
            Status::AwaitingPsu => (self.awaiting_psu, "open"),
            Status::Valid => (self.valid, "good"),
            Status::Refused => (self.refused, "ended"),
            Status::Abandoned => (self.abandoned, "ended"),
            Status::Ended => (self.ended_state, "ended"),
        }
    }

    /// What a consent is for, in words.
    #[must_use]
    pub const fn kind(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Accounts => self.accounts,
            Kind::Funds => self.funds,
        }
    }

    /// An entry of the audit log in words; the word itself where there are none.
    #[must_use]
    pub fn action<'t>(&'t self, action: &'t str) -> &'t str {
        match action {
            "consent_ended_by_operator" => self.ended_by_operator,
            "consent_terms_received" => self.terms_received,
            "consent_bank_asked" => self.bank_asked,
            "consent_granted" => self.granted,
            "consent_refused" => self.refused,
            "consent_withdrawn" => self.withdrawn,
            "consent_expired" => self.expired,
            "consent_over" => self.over,
            other => other,
        }
    }
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ConsentLine {
    pub(super) href: String,
    pub(super) reference: String,
    pub(super) partner: String,
    pub(super) bank: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) valid_until: String,
    pub(super) last_use: String,
    pub(super) created: String,
}

/// A choice of a filter: value, words, whether it is chosen.
pub type Choice = (String, String, bool);

/// The list.
#[derive(Debug, Template)]
#[template(path = "back_office/consents.html", whitespace = "minimize")]
pub struct ConsentList {
    pub(super) shell: OfficeShell,
    pub(super) t: &'static ConsentTexts,
    pub(super) action: &'static str,
    pub(super) filtered: bool,
    pub(super) states: Vec<Choice>,
    pub(super) partners: Vec<Choice>,
    pub(super) banks: Vec<Choice>,
    pub(super) lines: Vec<ConsentLine>,
    pub(super) older: Option<String>,
    pub(super) newest: Option<String>,
}

/// What happened to a consent.
#[derive(Clone, Debug)]
pub struct HistoryLine {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) detail: String,
}

/// A consent.
#[derive(Debug, Template)]
#[template(path = "back_office/consent.html", whitespace = "minimize")]
pub struct ConsentPage {
    pub(super) shell: OfficeShell,
    pub(super) t: &'static ConsentTexts,
    pub(super) reference: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) partner: (String, String),
    pub(super) payment: Option<(String, String)>,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) history: Vec<HistoryLine>,
    pub(super) notice: Option<&'static str>,
    pub(super) problem: Option<(&'static str, &'static str)>,
    pub(super) confirm: Option<String>,
    pub(super) end: Option<OwnForm>,
    pub(super) typed: String,
}
