//! What the pages of applications say.

use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of applications.
    ApplicationTexts {
        title: "Cereri de înscriere", "Applications";
        lead: "Comercianți pe care platformele cer să îi înscriem. O cerere aprobată devine partener, dar nu poate porni plăți până când dosarul nu este complet și activarea nu este aprobată de doi.",
            "Merchants that platforms ask us to register. An approved application becomes a partner, but cannot start payments until its file is complete and two have approved its activation.";
        none: "Nicio cerere nu se potrivește.", "No application matches.";
        none_yet: "Nicio cerere până acum. Dă unui partener dreptul de platformă în profilul lui, ca să poată trimite cereri.", "No applications so far. Make a partner a platform in its profile, so that it can send some.";
        filter: "Filtrează", "Filter";
        state: "Stare", "State";
        platform: "Platforma", "Platform";
        any: "toate", "all";
        show: "Arată", "Show";
        clear: "Șterge filtrul", "Clear the filter";
        merchant: "Comerciant", "Merchant";
        external_id: "Id la platformă", "Id at the platform";
        came: "Primită", "Received";
        changed: "Schimbată", "Changed";
        older: "Mai vechi", "Older";
        newest: "Cele mai noi", "Newest";
        pages: "Pagini", "Pages";
        received: "nouă", "new";
        in_review: "în verificare", "in review";
        more_information: "așteaptă completări", "waits for more";
        approved: "aprobată", "approved";
        refused: "refuzată", "refused";
        erased: "datele au fost șterse", "erased";
        all: "← Toate cererile", "← All applications";
        declared: "Ce a declarat platforma", "What the platform declared";
        declared_lead: "Nimic de aici nu este verificat. Verifică înainte de aprobare; ce rămâne se verifică în dosar.", "Nothing here is verified. Verify before you approve; the rest is verified in the file.";
        kind: "Tip cerut", "Requested kind";
        legal_form: "Forma juridică", "Legal form";
        display_name: "Numele văzut de plătitori", "Name payers see";
        registration_number: "Cod de înregistrare (CUI)", "Registration number";
        register_number: "Registrul comerțului", "Trade register";
        country: "Țara", "Country";
        address: "Sediul", "Seat";
        activity_code: "Cod CAEN", "Class of activity";
        activity: "Activitatea", "Activity";
        website: "Site", "Website";
        iban: "IBAN", "IBAN";
        currency: "Moneda", "Currency";
        representative: "Reprezentant", "Representative";
        email: "E-mail", "E-mail";
        phone: "Telefon", "Telephone";
        redirect_urls: "Adrese de întoarcere", "Redirect URLs";
        figures: "Cifre declarate", "Declared figures";
        contact_email: "Platforma primește decizia la", "The platform is told at";
        reference: "Numărul cererii", "Application id";
        decided: "Decizia", "Decision";
        partner: "Partenerul", "The partner";
        note_asked: "Ce s-a cerut", "What was asked for";
        note_refused: "De ce a fost refuzată", "Why it was refused";
        kept_until: "Se șterge la", "Erased on";
        take: "Începe verificarea", "Begin the review";
        take_lead: "Platforma vede că cererea este în verificare.", "The platform sees that the application is in review.";
        ask: "Cere completări", "Ask for more";
        ask_label: "Ce trebuie să trimită platforma", "What the platform must send";
        ask_hint: "Între 10 și 500 de caractere. Platforma citește textul prin API și trimite cererea din nou.", "10 to 500 characters. The platform reads the text through the API and sends the application again.";
        approve: "Aprobă", "Approve";
        approve_lead: "Se creează un partener inactiv, cu dosarul început din cerere. Adresele de întoarcere și cifrele devin propuneri pentru al doilea administrator.",
            "An inactive partner is made, with its file begun from the application. Redirect URLs and figures become proposals for a second admin.";
        client_id: "Client ID", "Client id";
        client_id_hint: "Între 3 și 64 de litere, cifre, puncte, liniuțe. Nu se mai schimbă.", "3 to 64 letters, digits, dots, dashes. It does not change later.";
        refuse: "Refuză", "Refuse";
        refuse_label: "De ce", "Why";
        refuse_hint: "Între 10 și 500 de caractere. Rămâne aici: platforma află numai că cererea a fost refuzată. Cererea se șterge după 12 luni.", "10 to 500 characters. It stays here: the platform learns only that the application was refused. It is erased after 12 months.";
        errors: "Nu s-a schimbat nimic:", "Nothing was changed:";
        no_text: "Scrie între 10 și 500 de caractere.", "Write 10 to 500 characters.";
        wrong_client_id: "Client ID: între 3 și 64 de litere, cifre, puncte, liniuțe.", "Client id: 3 to 64 letters, digits, dots, dashes.";
        taken_client_id: "Există deja un partener cu acest Client ID.", "There is a partner of this client id already.";
        stale: "Cererea s-a schimbat între timp. Mai citește-o o dată.", "The application has changed meanwhile. Read it again.";
        not_now: "Nu se mai poate: cererea a fost decisă.", "Not possible any more: the application has been decided.";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
        not_fresh: "Confirmă întâi că ești tu (legătura se deschide în altă filă), apoi trimite din nou de aici: ce ai completat a rămas.", "First confirm that it is you (the link opens another tab), then send it again from here: what you entered is still there.";
        confirm_first: "Decizia cere o confirmare din ultimele 5 minute că ești tu.", "The decision needs a confirmation that it is you, of the last 5 minutes.";
        confirm_link: "Confirmă acum", "Confirm now";
        taken: "Cererea este în verificare.", "The application is in review.";
        asked: "Platforma a fost întrebată.", "The platform was asked.";
        was_refused: "Cererea a fost refuzată.", "The application was refused.";
        was_approved: "Partenerul a fost creat. Continuă cu dosarul lui.", "The partner was made. Go on with its file.";
    }
}

impl ApplicationTexts {
    /// A problem of a form in words, and its field as an anchor of the page.
    #[must_use]
    pub fn problem(&self, field: &str, code: &str) -> (&'static str, &'static str) {
        match (field, code) {
            ("text", _) => ("text", self.no_text),
            ("reason", _) => ("reason", self.no_text),
            ("client_id", "TAKEN") => ("client_id", self.taken_client_id),
            ("client_id", _) => ("client_id", self.wrong_client_id),
            ("page", _) => ("main", self.page_expired),
            ("fresh", _) => ("confirm", self.not_fresh),
            (_, "STALE") => ("main", self.stale),
            _ => ("main", self.not_now),
        }
    }

    /// What was done, in words.
    #[must_use]
    pub fn notice(&self, word: &str) -> Option<&'static str> {
        match word {
            "taken" => Some(self.taken),
            "asked" => Some(self.asked),
            "refused" => Some(self.was_refused),
            "approved" => Some(self.was_approved),
            _ => None,
        }
    }
}
