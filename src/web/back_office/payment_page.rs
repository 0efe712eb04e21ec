//! One payment as the operator sees it, as plain data: personal data masked, texts as they are shown.

use super::frame::OfficeShell;
use super::masking::UnmaskForm;
use super::payment_mails::MailRecord;
use super::webhooks::WebhookRecord;
use crate::flow::resolve_payment::{REASON_CHARS, Resolution};
use crate::payment::Status;
use crate::web::hosted_page::texts::catalogue;
use askama::Template;

catalogue! {
    /// The texts of a payment's page.
    PaymentTexts {
        payment: "Plata", "Payment";
        all_payments: "Toate plățile", "All payments";
        facts: "Datele plății", "The payment";
        creditor_iban: "IBAN beneficiar", "Creditor IBAN";
        debtor_iban: "IBAN plătitor", "Debtor IBAN";
        mail: "E-mail plătitor", "Payer e-mail";
        bank_order: "Ordinul la bancă", "Order at the bank";
        attempts: "Încercări", "Attempts";
        reason: "Motiv", "Reason";
        expires_at: "Timpul plătitorului se încheie", "The payer’s time ends";
        ended_at: "Încheiată", "Ended";
        due_at: "Următoarea verificare", "Next look";
        instructions: "Ordinele din plată", "Instructions";
        end_to_end_id: "Id capăt la capăt", "End-to-end id";
        more: "Sunt arătate primele ordine; în total:", "The first instructions are shown; in all:";
        timeline: "Istoric", "Timeline";
        when: "Când", "When";
        event: "Eveniment", "Event";
        from_to: "Stare", "Status";
        actor: "Cine", "Who";
        detail: "Detalii", "Detail";
        request_id: "Id cerere (X-Request-ID)", "Request id (X-Request-ID)";
        request_id_lead: "Când întrebi banca despre plată, spune-i id-ul cererii: după el își găsește banca apelul.", "When you ask the bank about the payment, quote the request id: the bank finds the call by it.";
        resolve: "Rezolvă dubiul", "Resolve the doubt";
        resolve_lead: "Numai după ce ai aflat de la bancă, în scris sau din extras, ce s-a întâmplat cu ordinul. Plătitorul și partenerul văd imediat rezultatul, iar el nu mai poate fi schimbat de aici.",
            "Only after you learnt from the bank, in writing or from a statement, what became of the order. The payer and the partner see the outcome at once, and it cannot be changed from here.";
        outcome: "Ce a spus banca", "What the bank said";
        outcome_settled: "Plata a fost executată", "The payment was executed";
        outcome_not_executed: "Plata nu a fost și nu va fi executată", "The payment was not and will not be executed";
        why: "Cum ai aflat", "How you learnt it";
        why_hint: "Între 10 și 500 de caractere, de exemplu numărul sesizării la bancă. Fără nume, IBAN sau alte date personale.", "10 to 500 characters, such as the bank’s case number. No names, IBANs or other personal data.";
        confirmed: "Am verificat la bancă și știu că rezultatul rămâne definitiv.", "I checked with the bank and know that the outcome is final.";
        resolve_button: "Rezolvă", "Resolve";
        errors: "Verifică ce ai completat", "Check what you entered";
        no_outcome: "Alege ce a spus banca.", "Choose what the bank said.";
        no_reason: "Spune în 10 până la 500 de caractere cum ai aflat.", "Say in 10 to 500 characters how you learnt it.";
        not_confirmed: "Bifează că ai verificat la bancă.", "Tick that you checked with the bank.";
        confirm_first: "Propunerea cere o confirmare din ultimele 5 minute că ești tu.", "The proposal needs a confirmation that it is you, of the last 5 minutes.";
        confirm_link: "Confirmă acum", "Confirm now";
        not_fresh: "Confirmă întâi că ești tu (legătura se deschide în altă filă), apoi trimite din nou de aici: ce ai completat a rămas.", "First confirm that it is you (the link opens another tab), then send it again from here: what you entered is still there.";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
        busy: "Chiar acum întrebăm banca despre această plată. Mai încearcă o dată.", "The bank is being asked about this payment right now. Try again.";
        not_in_doubt: "Plata nu mai este în dubiu; nu s-a schimbat nimic.", "The payment is no longer in doubt; nothing was changed.";
        resolved: "Dubiul a fost rezolvat.", "The doubt was resolved.";
        proposed: "Propunerea așteaptă decizia altui administrator.", "The proposal waits for another admin’s decision.";
    }
}

/// A fact about the payment: its label and its value.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is.
    pub label: &'static str,
    /// As it is shown.
    pub value: String,
}

/// One instruction of the order.
#[derive(Clone, Debug)]
pub struct InstructionLine {
    /// Who receives the money; hostile text.
    pub creditor: String,
    /// The account, masked.
    pub iban: String,
    /// With its currency.
    pub amount: String,
    /// The end-to-end id.
    pub end_to_end_id: String,
    /// What the bank said of it; hostile text.
    pub bank_word: String,
}

/// One line of the history.
#[derive(Clone, Debug)]
pub struct EventLine {
    /// When, in local time with seconds.
    pub at: String,
    /// What happened: the word of the transition table.
    pub event: String,
    /// State before.
    pub from: Status,
    /// State after.
    pub to: Status,
    /// psu, partner, bank, clock or admin.
    pub actor: String,
    /// The bank's word; hostile text.
    pub bank_word: String,
    /// Anything else; hostile text.
    pub detail: String,
    /// The id by which the bank knows the call (`X-Request-ID`).
    pub request_id: String,
}

/// What is wrong with a posted resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveProblem {
    /// No outcome was chosen.
    NoOutcome,
    /// The reason is too short, too long or unreadable.
    NoReason,
    /// The box was not ticked.
    NotConfirmed,
    /// The form's token is not good.
    PageExpired,
    /// The bank is being asked.
    Busy,
    /// The user has not proved to be there within the last minutes.
    NotFresh,
}

/// The form that ends a doubt, as it was posted last.
#[derive(Clone, Debug, Default)]
pub struct ResolveForm {
    /// Where it is posted to.
    pub action: String,
    /// The anti-forgery token.
    pub csrf: String,
    /// What was chosen.
    pub outcome: Option<Resolution>,
    /// What was typed.
    pub reason: String,
    /// What is wrong with it.
    pub problems: Vec<ResolveProblem>,
    /// Where one proves to be there before proposing the end.
    pub confirm: Option<String>,
}

/// One payment.
#[derive(Debug, Template)]
#[template(path = "back_office/payment.html", whitespace = "minimize")]
pub struct PaymentPage {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts of this page.
    pub p: &'static PaymentTexts,
    /// Our reference.
    pub reference: String,
    /// Where it stands.
    pub status: Status,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// What it orders: the first ones of many.
    pub instructions: Vec<InstructionLine>,
    /// How many there are.
    pub instruction_count: usize,
    /// The mails to the payer.
    pub mails: MailRecord,
    /// What its partner was told.
    pub webhooks: WebhookRecord,
    /// What happened to it, oldest first.
    pub timeline: Vec<EventLine>,
    /// For a payment in doubt.
    pub resolve: Option<ResolveForm>,
    /// What just happened.
    pub notice: Option<&'static str>,
    /// For those who see personal data masked and may say why they need it.
    pub unmask: Option<UnmaskForm>,
}

impl PaymentPage {
    fn has_problem(&self) -> bool {
        self.resolve.as_ref().is_some_and(|form| !form.problems.is_empty())
    }

    /// Where a problem's link leads, and its words.
    fn problem(&self, problem: &ResolveProblem) -> (&'static str, &'static str) {
        let p = self.p;
        match problem {
            ResolveProblem::NoOutcome => ("outcome-settled", p.no_outcome),
            ResolveProblem::NoReason => ("reason", p.no_reason),
            ResolveProblem::NotConfirmed => ("confirmed", p.not_confirmed),
            ResolveProblem::PageExpired => ("resolve", p.page_expired),
            ResolveProblem::Busy => ("resolve", p.busy),
            ResolveProblem::NotFresh => ("confirm", p.not_fresh),
        }
    }

    fn is_wrong(form: &ResolveForm, problem: ResolveProblem) -> bool {
        form.problems.contains(&problem)
    }

    fn longest_reason() -> usize {
        *REASON_CHARS.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::payment_mails::MailTexts;
    use super::super::webhooks::WebhookTexts;
    use super::*;
    use crate::payment::Language;
    use scraper::{Html, Selector};

    const HOSTILE: &str = "<script>alert(1)</script>";

    fn page(language: Language, problems: Vec<ResolveProblem>) -> String {
        let form = ResolveForm {
            action: "/resolve".into(),
            csrf: "token".into(),
            outcome: Some(Resolution::NotExecuted),
            reason: HOSTILE.into(),
            problems,
            confirm: Some("/back-office/confirm".into()),
        };
        let event = EventLine {
            at: "21.11.2026, 12:00:00".into(),
            event: "answer_lost".into(),
            from: Status::AwaitingPsu,
            to: Status::InDoubt,
            actor: "bank".into(),
            bank_word: HOSTILE.into(),
            detail: HOSTILE.into(),
            request_id: HOSTILE.into(),
        };
        let instruction = InstructionLine {
            creditor: HOSTILE.into(),
            iban: "RO66 •••• 7890".into(),
            amount: "1,00 RON".into(),
            end_to_end_id: "SP1".into(),
            bank_word: HOSTILE.into(),
        };
        let page = PaymentPage {
            shell: OfficeShell::new(language, "Plăți Sigure S.A.".into()),
            p: PaymentTexts::of(language),
            reference: "1234567890123456".into(),
            status: Status::InDoubt,
            facts: vec![Fact {
                label: "x",
                value: HOSTILE.into(),
            }],
            instructions: vec![instruction],
            instruction_count: 120,
            mails: MailRecord {
                l: MailTexts::of(language),
                mails: Vec::new(),
                resend: None,
            },
            webhooks: WebhookRecord {
                w: WebhookTexts::of(language),
                deliveries: Vec::new(),
                resend: None,
            },
            timeline: vec![event],
            resolve: Some(form),
            notice: None,
            unmask: None,
        };
        page.render().unwrap()
    }

    #[test]
    fn the_page_is_escaped_and_every_problem_leads_to_its_field() {
        let all = [
            ResolveProblem::NoOutcome,
            ResolveProblem::NoReason,
            ResolveProblem::NotConfirmed,
            ResolveProblem::PageExpired,
            ResolveProblem::Busy,
            ResolveProblem::NotFresh,
        ];
        for language in Language::ALL {
            let html = page(language, all.to_vec());
            assert!(!html.contains("<script>"));
            let page = Html::parse_document(&html);
            let select = |css: &str| page.select(&Selector::parse(css).unwrap()).collect::<Vec<_>>();
            let links = select("[role=alert] a");
            assert_eq!(links.len(), all.len());
            for link in links {
                assert_eq!(select(link.attr("href").unwrap()).len(), 1);
            }
            for field in select("input:not([type=hidden]), textarea") {
                assert_eq!(select(&format!("label[for='{}']", field.attr("id").unwrap())).len(), 1);
            }
            assert_eq!(select("[name=outcome][checked]")[0].attr("value"), Some("not_executed"));
            assert_eq!(select("textarea")[0].text().collect::<String>(), HOSTILE, "what was typed is kept");
            assert!(html.contains("120"), "how many instructions there are");
        }
    }
}
