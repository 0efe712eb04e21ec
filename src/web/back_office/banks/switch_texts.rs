//! The texts about switching a bank off, in both languages.

use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts about switching a bank off.
    SwitchTexts {
        heading: "Oprește banca", "Switch the bank off";
        lead: "Cât este oprită, banca apare plătitorilor cu mesajul de mai jos și nu poate fi aleasă. Plățile care sunt deja la bancă merg mai departe.",
            "While it is off, payers see the bank with the message below and cannot choose it. Payments that are at the bank already go on.";
        confirm_first: "Întâi confirmă că ești tu, apoi completezi formularul.", "First prove that it is you, then fill in the form.";
        confirm: "Confirmă", "Confirm";
        from: "De la", "From";
        from_hint: "Ora României. Gol: de acum.", "Romanian time. Empty: from now on.";
        until: "Până la", "Until";
        until_hint: "Ora României. Gol: până când o pornește cineva.", "Romanian time. Empty: until somebody switches it on.";
        message_ro: "Mesaj către plătitori, în română", "Message to payers, in Romanian";
        message_en: "Mesaj către plătitori, în engleză", "Message to payers, in English";
        message_hint: "Între 10 și 200 de caractere.", "10 to 200 characters.";
        reason: "De ce", "Why";
        reason_hint: "Între 10 și 300 de caractere, pentru jurnal. Fără date personale.", "10 to 300 characters, for the log. No personal data.";
        switch_off: "Oprește banca", "Switch the bank off";
        times: "Opriri", "Times off";
        none: "Banca nu a fost oprită niciodată.", "The bank was never switched off.";
        period: "Perioada", "Time";
        message: "Mesajul", "Message";
        who: "Cine", "Who";
        standing: "Stare", "State";
        is_on: "acum oprită", "off now";
        is_planned: "planificată", "planned";
        is_over: "încheiată", "over";
        is_ended: "încheiată de un administrator", "ended by an admin";
        no_end: "fără sfârșit stabilit", "no end set";
        switch_on: "Pornește banca", "Switch the bank on";
        call_off: "Renunță la oprire", "Call it off";
        act: "Acțiune", "Action";
        done_off: "Oprirea a fost înregistrată. Toate serverele o respectă în cel mult 5 secunde.", "It was recorded. All servers heed it within 5 seconds.";
        done_on: "Oprirea s-a încheiat. Plătitorii pot alege din nou banca în cel mult 5 secunde.", "It has ended. Payers can choose the bank again within 5 seconds.";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
        too_many: "Sunt deja 20 de opriri planificate pentru această bancă. Renunță întâi la una.", "There are 20 times planned for this bank already. Call one off first.";
        wrong_from: "Începutul nu poate fi în trecut și nici peste mai mult de un an.", "It cannot begin in the past or in more than a year.";
        wrong_until: "Sfârșitul trebuie să fie după început, nu în trecut, în cel mult un an.", "It must end after it begins, not in the past, within a year.";
        wrong_message_ro: "Scrie mesajul în română, între 10 și 200 de caractere.", "Write the message in Romanian, 10 to 200 characters.";
        wrong_message_en: "Scrie mesajul în engleză, între 10 și 200 de caractere.", "Write the message in English, 10 to 200 characters.";
        wrong_reason: "Spune de ce, între 10 și 300 de caractere.", "Say why, in 10 to 300 characters.";
    }
}

impl SwitchTexts {
    /// What is wrong with a field of the form.
    #[must_use]
    pub fn problem(&self, field: &str) -> &'static str {
        match field {
            "from" => self.wrong_from,
            "until" => self.wrong_until,
            "message_ro" => self.wrong_message_ro,
            "message_en" => self.wrong_message_en,
            "reason" => self.wrong_reason,
            "many" => self.too_many,
            _ => self.page_expired,
        }
    }
}
