//! What the proposals' pages say.

use crate::flow::four_eyes::Kind;
use crate::store::proposals;
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of the proposals' pages.
    ProposalTexts {
        proposals: "Propuneri", "Proposals";
        lead: "Ce contează se schimbă cu doi oameni: unul propune, altul hotărăște.", "What matters takes two people: one proposes, another decides.";
        off: "Al doilea om este oprit în setări: propunerile se fac pe loc și rămân aici ca dovadă.", "The second person is switched off in the settings: proposals are carried out at once and stay here as a record.";
        none: "Nicio propunere nu așteaptă.", "No proposal waits.";
        waiting: "Te așteaptă", "Waiting for you";
        all: "← Toate propunerile", "← All proposals";
        what: "Schimbarea", "The change";
        about: "Despre", "About";
        by: "Propusă de", "Proposed by";
        at: "La", "At";
        until: "Așteaptă până la", "Waits until";
        state: "Stare", "State";
        before: "Acum", "Now";
        before_then: "Când a fost propusă", "When it was proposed";
        after: "După", "After";
        decided_by: "Hotărâtă de", "Decided by";
        reason: "Motivul refuzului", "Reason of the refusal";
        approve: "Aprobă și fă schimbarea", "Approve and carry out";
        confirm_first: "Aprobarea cere o confirmare din ultimele 5 minute că ești tu.", "Approving needs a confirmation that it is you, of the last 5 minutes.";
        confirm_link: "Confirmă acum", "Confirm now";
        refuse: "Refuză", "Refuse";
        take_back: "Retrage propunerea", "Take the proposal back";
        why: "De ce", "Why";
        why_hint: "Între 10 și 500 de caractere, fără date personale.", "10 to 500 characters, no personal data.";
        own: "Ai propus-o chiar tu: alt administrator trebuie să o aprobe.", "You proposed it yourself: another admin must approve it.";
        decide: "Hotărârea ta", "Your decision";
        done: "Hotărârea a fost dusă la capăt.", "The decision was carried out.";
        was_stale: "Nu s-a făcut: ce trebuia schimbat s-a schimbat între timp, sau nu se mai poate schimba așa.", "Not done: what it was to change has changed meanwhile, or cannot be changed so any more.";
        was_late: "Nu s-a făcut: propunerea a expirat.", "Not done: the proposal has expired.";
        was_ended: "Altcineva a hotărât deja.", "Somebody decided before.";
        busy: "Plata este folosită chiar acum. Încearcă peste o clipă.", "The payment is in use right now. Try again in a moment.";
        no_reason: "Scrie motivul, între 10 și 500 de caractere.", "Write the reason, 10 to 500 characters.";
        page_expired: "Pagina a expirat. Încearcă din nou.", "The page has expired. Try again.";
        errors: "Nu s-a schimbat nimic:", "Nothing was changed:";
        clock: "trecerea timpului", "time";
        open: "așteaptă", "waits";
        approved: "aprobată", "approved";
        refused: "refuzată", "refused";
        expired: "expirată", "expired";
        stale: "depășită", "overtaken";
        add_certificate: "certificat nou", "new certificate";
        remove_certificate: "scoaterea unui certificat", "removal of a certificate";
        redirect_urls: "adrese de întoarcere", "redirect URLs";
        limits: "cifre declarate și limite", "declared figures and limits";
        signed_requests: "semnarea cererilor", "signed requests";
        must_sign: "cererile trebuie semnate", "requests must be signed";
        activation: "activare sau dezactivare", "activation or deactivation";
        webhook: "adresă de webhook", "webhook endpoint";
        remove_webhook: "scoaterea unei adrese de webhook", "removal of a webhook endpoint";
        webhook_on: "pornită", "on";
        webhook_off: "oprită", "off";
        resolve_doubt: "sfârșitul unui dubiu", "end of a doubt";
        payment: "plata", "payment";
        settled: "plata s-a făcut la bancă", "the payment was made at the bank";
        not_executed: "plata nu s-a făcut și nu se va face", "the payment was not made and will not be";
        in_doubt: "în dubiu", "in doubt";
        nothing: "nimic", "nothing";
        flexible: "calea și parametrii pot varia", "path and query may vary";
        by_subject: "oricare cu subiectul și emitentul numite la înscriere", "any of the subject and issuer named at set-up";
    }
}

impl ProposalTexts {
    /// A kind of change in words.
    #[must_use]
    pub fn kind_word(&self, word: &str) -> &'static str {
        let kinds = [
            (Kind::AddCertificate, self.add_certificate),
            (Kind::RemoveCertificate, self.remove_certificate),
            (Kind::RedirectUrls, self.redirect_urls),
            (Kind::Limits, self.limits),
            (Kind::SignedRequests, self.signed_requests),
            (Kind::Activation, self.activation),
            (Kind::SetWebhook, self.webhook),
            (Kind::RemoveWebhook, self.remove_webhook),
            (Kind::ResolveDoubt, self.resolve_doubt),
        ];
        kinds
            .into_iter()
            .find(|(kind, _)| kind.as_str() == word)
            .map_or("?", |(_, words)| words)
    }

    /// Where a proposal stands, in words, and how that looks.
    #[must_use]
    pub fn state_word(&self, state: &str) -> (&'static str, &'static str) {
        match state {
            proposals::OPEN => (self.open, "open"),
            proposals::APPROVED => (self.approved, "good"),
            proposals::REFUSED => (self.refused, "ended"),
            proposals::EXPIRED => (self.expired, "ended"),
            _ => (self.stale, "ended"),
        }
    }
}
