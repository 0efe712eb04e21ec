//! What several pages of the back office say, in both languages side by side. Each page with texts of its own
//! has them beside it.

use crate::payment::Status;
use crate::store::admins::Role;
use crate::web::hosted_page::texts::catalogue;

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
        navigation: "Secțiuni", "Areas";
        payments: "Plăți", "Payments";
        reports: "Rapoarte", "Reports";
        mail: "E-mail", "Mail";
        signed_in_as: "Autentificat ca", "Signed in as";
        sign_out: "Ieși", "Sign out";
        other_language: "English", "Română";
        refused_title: "Rolul tău nu deschide această pagină", "Your role does not open this page";
        refused_lead: "Rolul tău este", "Your role is";
        refused_help: "Un administrator îl poate schimba. Nimic nu a fost modificat.", "An administrator can change it. Nothing was changed.";
        role_administrator: "administrator", "administrator";
        role_operations: "operațiuni", "operations";
        role_support: "suport", "support";
        role_compliance: "conformitate", "compliance";
        role_read_only: "doar citire", "read only";
        unmask: "Arată datele personale", "Show personal data";
        unmask_lead: "Numele, IBAN-urile și adresele sunt mascate. Spune de ce ai nevoie de ele; motivul rămâne în jurnalul de audit.",
            "Names, IBANs and addresses are masked. Say why you need them; the reason stays in the audit log.";
        unmask_why: "Motivul", "The reason";
        unmask_hint: "Între 10 și 300 de caractere, de exemplu numărul sesizării. Fără date personale.", "10 to 300 characters, such as a case number. No personal data.";
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
    /// A role in words.
    #[must_use]
    pub const fn role_word(&self, role: Role) -> &'static str {
        match role {
            Role::Administrator => self.role_administrator,
            Role::Operations => self.role_operations,
            Role::Support => self.role_support,
            Role::Compliance => self.role_compliance,
            Role::ReadOnly => self.role_read_only,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_everything_with_the_right_letters() {
        for (ro, en) in OfficeTexts::PAIRS {
            assert!(!ro.is_empty() && !en.is_empty() && !ro.contains(['ş', 'ţ']), "{ro}");
        }
    }
}
