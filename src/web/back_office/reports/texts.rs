//! The texts of reports, in both languages.

use super::query::PeriodProblem;
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of a report.
    ReportTexts {
        lead: "Plățile create în zilele alese, după ora României. Cifrele sunt refăcute la fiecare minut.",
            "Payments created on the days chosen, in Romanian time. The figures are renewed every minute.";
        counted_until: "Numărate până la", "Counted until";
        never_counted: "Încă nu a fost numărat nimic; prima numărătoare începe într-un minut.", "Nothing was counted yet; the first count begins within a minute.";
        what: "Ce plăți", "Which payments";
        unreadable: "Plăți care nu se pot citi din baza de date și nu sunt numărate:", "Payments that cannot be read from the database and are not counted:";
        declared: "Cifre declarate și reale", "Declared and actual figures";
        from: "De la", "From";
        to: "Până la", "To";
        all_partners: "toți partenerii", "all partners";
        all_banks: "toate băncile", "all banks";
        show: "Arată", "Show";
        file: "Descarcă CSV", "Download CSV";
        errors: "Verifică zilele alese", "Check the days chosen";
        wrong_from: "Prima zi nu este o dată, de exemplu 2026-11-21.", "The first day is not a date such as 2026-11-21.";
        wrong_to: "Ultima zi nu este o dată, de exemplu 2026-11-21.", "The last day is not a date such as 2026-11-21.";
        wrong_order: "Ultima zi este înaintea primei.", "The last day comes before the first.";
        too_long: "Alege cel mult 366 de zile.", "Choose at most 366 days.";
        none: "Nicio plată în aceste zile.", "No payments on these days.";
        in_all: "În total", "In all";
        by_day: "Pe zile", "By day";
        by_partner: "Pe parteneri", "By partner";
        by_bank: "Pe bănci", "By bank";
        left: "Unde renunță plătitorii", "Where payers give up";
        day: "Ziua", "Day";
        no_bank: "nicio bancă aleasă", "no bank chosen";
        created: "Create", "Created";
        settled: "Făcute", "Settled";
        partly_settled: "Făcute în parte", "Partly settled";
        rejected: "Refuzate", "Rejected";
        cancelled: "Anulate", "Cancelled";
        blocked: "Oprite", "Blocked";
        abandoned: "Abandonate", "Abandoned";
        open: "Neîncheiate", "Open";
        in_doubt: "dintre ele în dubiu", "of these in doubt";
        volume: "Sumă plătită", "Amount settled";
        success: "Reușite din cele încheiate", "Successful of those ended";
        median: "Timp până la decontare, mediana", "Time to settle, median";
        p95: "95 din 100 în cel mult", "95 of 100 within";
        timed: "De la „Plătește” până la cuvântul băncii; plăți măsurate:", "From “Pay” to the bank’s word; payments measured:";
        step: "Pasul", "Step";
        left_unopened: "pagina de plată nu a fost deschisă", "the payment page was never opened";
        left_on_page: "pe pagina de plată, înainte de bancă", "on the payment page, before the bank";
        left_at_bank: "la bancă, înainte de aprobare", "at the bank, before approval";
        without_order: "Tokenuri fără ordin de la partener, necuprinse în cifrele de mai sus:", "Tokens for which the partner sent no order, not among the figures above:";
        chart_payments: "Plăți create în fiecare zi, cu cele făcute marcate", "Payments created each day, with those settled marked";
        chart_volume: "Sumă plătită în fiecare zi", "Amount settled each day";
        highest: "Cea mai înaltă bară:", "Highest bar:";
        key_good: "făcute", "settled";
        key_other: "celelalte", "all others";
    }
}

impl ReportTexts {
    /// What is wrong with the days, and the field it is about.
    #[must_use]
    pub const fn problem(&self, problem: PeriodProblem) -> (&'static str, &'static str) {
        match problem {
            PeriodProblem::From => ("from", self.wrong_from),
            PeriodProblem::To => ("to", self.wrong_to),
            PeriodProblem::Order => ("to", self.wrong_order),
            PeriodProblem::TooLong => ("from", self.too_long),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_period_is_named() {
        let t = ReportTexts::of(crate::payment::Language::Ro);
        assert!(t.too_long.contains(&super::super::query::MOST_DAYS.to_string()));
    }
}
