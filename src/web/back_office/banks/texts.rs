//! The texts of the pages about banks, in both languages.

use super::state::State;
use crate::bank::Connector;
use crate::bank::directory::{Bank, Sca};
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of the pages about banks.
    BankTexts {
        title: "Bănci", "Banks";
        all_banks: "Toate băncile", "All banks";
        lead: "Din apelurile făcute către bănci. Un răspuns înseamnă și un refuz: disponibilitatea scade numai când banca nu răspunde, răspunde cu 5xx sau nu se înțelege ce răspunde.",
            "From the calls made to the banks. A refusal is an answer too: availability falls only when a bank does not answer, answers with 5xx, or answers with what cannot be read.";
        none_called: "Încă nu a fost apelată nicio bancă.", "No bank was called yet.";
        none_called_do: "O bancă este apelată când are [bank.<cod>] în setări și un plătitor o alege. Verifică setările cu „smartpay bank list”, apoi fă o plată de probă.",
            "A bank is called when it has [bank.<code>] in the settings and a payer chooses it. Check the settings with “smartpay bank list”, then make a trial payment.";
        bank: "Banca", "Bank";
        state: "Stare", "State";
        availability: "Disponibilitate", "Availability";
        hour: "Ultima oră", "Last hour";
        day: "24 de ore", "24 hours";
        week: "7 zile", "7 days";
        median: "Mediană", "Median";
        p95: "95 % sub", "95% within";
        last_done: "Ultimul succes", "Last success";
        last_error: "Ultima eroare", "Last error";
        never: "niciodată", "never";
        works: "funcționează", "works";
        trouble: "are probleme", "has trouble";
        down: "nu răspunde", "does not answer";
        off: "oprită", "switched off";
        quiet: "fără apeluri", "no calls";
        not_configured: "neconfigurată", "not configured";
        without_settings: "Fără setări", "Without settings";
        planned: "oprire planificată", "switching off is planned";
        rules: "Nu răspunde: cel puțin trei apeluri la rând au eșuat, ultimul în cel mult 15 minute; plătitorii văd un avertisment și o pot alege. Are probleme: în ultima oră mai mult de un apel din 20, și cel puțin două, au eșuat sau au primit 429.",
            "Does not answer: at least three calls in a row failed, the last within 15 minutes; payers see a warning and may choose it. Has trouble: in the last hour more than one call in 20, and at least two, failed or got 429.";
        facts: "Din catalogul băncilor", "From the bank directory";
        family: "Interfață", "Interface";
        no_family: "niciuna configurată", "none configured";
        sca: "Autorizare (SCA)", "Authorisation (SCA)";
        redirect: "pe pagina băncii", "on the bank’s page";
        decoupled: "în aplicația băncii", "in the bank’s app";
        embedded: "cu un cod pe pagina noastră", "with a code on our page";
        code: "Cod", "Code";
        bic: "BIC", "BIC";
        iban_codes: "Coduri în IBAN", "Codes in IBANs";
        country: "Țara", "Country";
        currency: "Moneda", "Currency";
        offers: "Mai oferă", "Also offers";
        several: "mai multe plăți la o autorizare", "several payments in one authorisation";
        standing: "plăți programate", "standing orders";
        accounts: "informații despre conturi", "account information";
        funds: "confirmarea fondurilor", "funds confirmation";
        chart_hour: "Apeluri în ultima oră, câte 5 minute", "Calls in the last hour, by 5 minutes";
        chart_day: "Apeluri în ultimele 24 de ore, pe oră", "Calls in the last 24 hours, by hour";
        chart_week: "Apeluri în ultimele 7 zile, câte 6 ore", "Calls in the last 7 days, by 6 hours";
        chart_times: "95 % din apeluri au durat cel mult, pe oră", "95% of the calls took at most, by hour";
        highest: "Bara cea mai înaltă:", "The highest bar:";
        beyond: "peste 12 s", "more than 12 s";
        key_good: "cu răspuns", "answered";
        key_other: "eșuate", "failed";
        now: "acum", "now";
        ago_hour: "acum o oră", "an hour ago";
        ago_day: "acum 24 de ore", "24 hours ago";
        ago_week: "acum 7 zile", "7 days ago";
        by_kind: "Pe feluri de apel, 7 zile", "By kind of call, 7 days";
        kind: "Apel", "Call";
        calls: "Apeluri", "Calls";
        done: "Reușite", "Done";
        refused: "Refuzate (4xx)", "Refused (4xx)";
        too_many: "Prea multe (429)", "Too many (429)";
        server_error: "Eroarea băncii (5xx)", "Bank’s error (5xx)";
        timed_out: "Timp depășit", "Timed out";
        unreachable: "Fără conexiune", "No connection";
        malformed: "Răspuns neinteligibil", "Unreadable answer";
        kind_order: "ordin", "order";
        kind_authorisation: "autorizare", "authorisation";
        kind_status: "stare", "status";
        kind_withdrawal: "retragere", "withdrawal";
        kind_token: "token", "token";
        kind_consent: "consimțământ", "consent";
        kind_accounts: "conturi", "accounts";
        kind_funds: "fonduri", "funds";
        kind_other: "altele", "other";
        errors: "Ultimele erori", "Latest errors";
        errors_lead: "Cel mult 50. Când întrebi banca, spune-i id-ul cererii.", "At most 50. When you ask the bank, quote the request id.";
        no_errors: "Nicio eroare.", "No errors.";
        when: "Când", "When";
        what: "Ce s-a întâmplat", "What happened";
        http_status: "HTTP", "HTTP";
        bank_code: "Codul băncii", "Bank’s code";
        request_id: "Id cerere (X-Request-ID)", "Request id (X-Request-ID)";
        payment: "Plata", "Payment";
    }
}

impl BankTexts {
    /// A state in words, and how it looks.
    #[must_use]
    pub const fn state(&self, state: State) -> (&'static str, &'static str) {
        match state {
            State::Works => (self.works, "good"),
            State::Trouble => (self.trouble, "alarm"),
            State::Down => (self.down, "alarm"),
            State::Off => (self.off, "ended"),
            State::Quiet => (self.quiet, "open"),
            State::NotConfigured => (self.not_configured, "ended"),
        }
    }

    /// How a call went, by its word in the database.
    #[must_use]
    pub fn outcome(&self, word: &str) -> &'static str {
        match word {
            "done" => self.done,
            "refused" => self.refused,
            "too_many" => self.too_many,
            "server_error" => self.server_error,
            "timed_out" => self.timed_out,
            "unreachable" => self.unreachable,
            _ => self.malformed,
        }
    }

    /// A kind of call, by its word in the database.
    #[must_use]
    pub fn call(&self, word: &str) -> &'static str {
        match word {
            "order" => self.kind_order,
            "authorisation" => self.kind_authorisation,
            "status" => self.kind_status,
            "withdrawal" => self.kind_withdrawal,
            "token" => self.kind_token,
            "consent" => self.kind_consent,
            "accounts" => self.kind_accounts,
            "funds" => self.kind_funds,
            _ => self.kind_other,
        }
    }

    /// What the directory says of a bank.
    #[must_use]
    pub fn facts_of(&self, bank: &Bank) -> Vec<(&'static str, String)> {
        let family = match bank.connector() {
            Some(Connector::BerlinGroup(_)) => "Berlin Group NextGenPSD2",
            Some(Connector::Stet(_)) => "STET",
            Some(Connector::Epp(_)) => "ePP",
            _ => self.no_family,
        };
        let sca = match bank.facts.sca {
            Sca::Redirect => self.redirect,
            Sca::Decoupled => self.decoupled,
            Sca::Embedded => self.embedded,
        };
        let offers: Vec<&str> = [
            (bank.facts.takes_bulk, self.several),
            (bank.facts.takes_standing_orders, self.standing),
            (bank.facts.offers_accounts, self.accounts),
            (bank.facts.offers_funds, self.funds),
        ]
        .into_iter()
        .filter_map(|(does, what)| does.then_some(what))
        .collect();
        let facts = [
            (self.family, family.to_owned()),
            (self.sca, sca.to_owned()),
            (self.code, bank.code.clone()),
            (self.bic, bank.bic.clone()),
            (self.iban_codes, bank.iban_codes.join(", ")),
            (self.country, bank.country.clone()),
            (self.currency, bank.currency.code().to_owned()),
            (self.offers, offers.join(", ")),
        ];
        facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::calls::{Kind, Outcome};
    use crate::payment::Language;

    #[test]
    fn every_kind_and_outcome_has_words_of_its_own() {
        let t = BankTexts::of(Language::Ro);
        let kinds: std::collections::BTreeSet<&str> = Kind::ALL.iter().map(|kind| t.call(kind.as_str())).collect();
        assert_eq!(kinds.len(), Kind::ALL.len());
        let outcomes: std::collections::BTreeSet<&str> = Outcome::ALL.iter().map(|o| t.outcome(o.as_str())).collect();
        assert_eq!(outcomes.len(), Outcome::ALL.len());
    }
}
