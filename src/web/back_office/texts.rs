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
        partners: "Parteneri", "Partners";
        proposals: "Propuneri", "Proposals";
        onboarding: "Dosare parteneri", "Partner files";
        applications: "Cereri", "Applications";
        consents: "Consimțăminte", "Consents";
        personal_data: "Date personale", "Personal data";
        users: "Utilizatori", "Users";
        keys: "Chei", "Keys";
        account: "Contul meu", "My account";
        errors: "Verifică ce ai completat", "Check what you entered";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
        idle: "Fără activitate, sesiunea se încheie la", "Without activity the session ends at";
        idle_soon: "Sesiunea se încheie în mai puțin de un minut.", "The session ends in less than a minute.";
        extend: "Rămân conectat", "Stay signed in";
        change_password: "Schimbă parola", "Change the password";
        back: "Înapoi", "Back";
        continue_: "Continuă", "Continue";
        code: "Cod din aplicație", "Code from the app";
        code_hint: "Cele 6 cifre din aplicația de autentificare sau un cod de rezervă.", "The 6 digits of your authenticator app, or a recovery code.";
        code_title: "Introdu codul", "Enter the code";
        code_wrong: "Codul nu este corect sau a fost deja folosit. Așteaptă următorul cod.", "The code is not correct or was used already. Wait for the next one.";
        confirm_title: "Confirmă că ești tu", "Confirm that it is you";
        confirm_lead: "Urmează ceva ce cere o confirmare. Este valabilă 5 minute.", "What follows needs a confirmation. It is good for 5 minutes.";
        password_wrong: "Parola nu este corectă.", "The password is not correct.";
        audit: "Audit", "Audit";
        search_payments: "Toate plățile și căutarea", "All payments and search";
        counted_to: "peste 1000", "over 1000";
        reports: "Rapoarte", "Reports";
        banks: "Bănci", "Banks";
        reconciliation: "Reconciliere", "Reconciliation";
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
        unreadable: "nu se poate citi", "cannot be read";
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
