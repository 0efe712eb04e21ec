//! What the pages say of webhooks.

use crate::partner::webhook::WebhookEvent;
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of webhooks.
    WebhookTexts {
        title: "Webhook-uri", "Webhooks";
        lead: "Adresele la care îi spunem partenerului că s-a întâmplat ceva cu o plată a lui. Fiecare eveniment este semnat cu cheia noastră și trimis din nou până la 72 de ore.",
            "Where the partner is told that something happened to a payment. Every event is signed with our key and sent again for up to 72 hours.";
        manage: "Adrese și trimiteri", "Endpoints and deliveries";
        none: "Nicio adresă. Cere-i partenerului o adresă https și adaug-o aici.", "No endpoint. Ask the partner for an https URL and add it here.";
        none_here: "Nicio adresă.", "No endpoint.";
        back: "← Partenerul", "← The partner";
        endpoint: "Adresă", "Endpoint";
        new: "Adresă nouă", "New endpoint";
        url: "Adresa (https)", "URL (https)";
        url_hint: "O gazdă publică, portul 443 sau de la 1024 în sus, fără utilizator și parolă.", "A public host, port 443 or 1024 and above, no user and password.";
        description: "Descriere", "Description";
        description_hint: "Cel mult 100 de caractere, numai pentru operator.", "At most 100 characters, for the operator only.";
        events: "Evenimente", "Events";
        is_active: "Pornită: trimitem aici", "On: we send here";
        on: "pornită", "on";
        off: "oprită", "off";
        off_failing: "oprită: 72 de ore fără niciun răspuns bun", "off: 72 hours without one good answer";
        failing: "nu răspunde bine din", "fails since";
        propose: "Propune", "Propose";
        remove: "Propune scoaterea", "Propose removal";
        test: "Trimite un eveniment de probă", "Send a test event";
        tested: "Adresa a preluat evenimentul de probă.", "The endpoint took the test event.";
        test_failed: "Adresa nu a preluat evenimentul de probă; răspunsul este mai jos.", "The endpoint did not take the test event; its answer is below.";
        deliveries: "Trimiteri", "Deliveries";
        no_deliveries: "Nimic trimis încă. Trimite un eveniment de probă unei adrese.", "Nothing was sent yet. Send a test event to an endpoint.";
        first_ones: "Cele mai noi 50.", "The newest 50.";
        event: "Eveniment", "Event";
        when: "Când", "When";
        payment: "Plata", "Payment";
        state: "Stare", "State";
        delivered: "preluat", "taken";
        waiting: "așteaptă", "waits";
        given_up: "abandonat", "given up";
        attempts: "Încercări", "Tries";
        next_try: "Următoarea încercare", "Next try";
        code: "Răspuns HTTP", "HTTP answer";
        content: "Conținut", "Content";
        request: "Ce am trimis", "What we sent";
        answer: "Ce a răspuns", "What it answered";
        no_answer: "nimic", "nothing";
        erased: "șters", "erased";
        resend: "Trimite din nou", "Send again";
        due: "Evenimentul pleacă în câteva secunde.", "The event leaves within seconds.";
        soon: "Evenimentul este trimis chiar acum; nu s-a schimbat nimic.", "The event is being sent right now; nothing was changed.";
        is_off: "Adresa este oprită: întâi trebuie pornită.", "The endpoint is off: switch it on first.";
        proposed: "Propunerea așteaptă decizia altui administrator.", "The proposal waits for another admin’s decision.";
        done: "Schimbarea a fost făcută.", "The change was made.";
        errors: "Nu s-a schimbat nimic:", "Nothing was changed:";
        wrong_url: "Scrie o adresă https a unei gazde publice, cu portul 443 sau de la 1024 în sus, fără utilizator și parolă.", "Enter an https URL of a public host, port 443 or 1024 and above, no user and password.";
        wrong_events: "Alege cel puțin un eveniment.", "Choose at least one event.";
        wrong_description: "Descrierea are cel mult 100 de caractere.", "A description has at most 100 characters.";
        known: "Partenerul are deja această adresă.", "The partner has this endpoint already.";
        too_many: "Un partener are cel mult cinci adrese; scoate întâi una.", "A partner has at most five endpoints; remove one first.";
        unchanged: "Nu s-ar schimba nimic.", "Nothing would change.";
        page_expired: "Pagina a expirat. Încearcă din nou.", "The page has expired. Try again.";
        not_fresh: "Confirmă întâi că ești tu, apoi trimite din nou de aici.", "First confirm that it is you, then send it again from here.";
        many_wait: "Prea multe propuneri așteaptă.", "Too many proposals wait.";
        not_possible: "Nu se poate acum.", "Not possible now.";
        confirm_first: "Propunerea cere o confirmare din ultimele 5 minute că ești tu.", "The proposal needs a confirmation that it is you, of the last 5 minutes.";
        confirm_link: "Confirmă acum", "Confirm now";
        accepted: "banca lucrează la plată", "the bank works on it";
        in_doubt: "în dubiu", "in doubt";
        settled: "plată făcută", "settled";
        partly_settled: "făcută în parte", "settled in part";
        refused: "refuzată", "refused";
        cancelled: "anulată", "cancelled";
        abandoned: "abandonată", "abandoned";
        blocked: "oprită de o limită", "blocked by a limit";
        corrected: "corectată: făcută totuși", "corrected: made after all";
    }
}

impl WebhookTexts {
    /// An event in words.
    #[must_use]
    pub const fn event_word(&self, event: &WebhookEvent) -> &'static str {
        match event {
            WebhookEvent::Accepted => self.accepted,
            WebhookEvent::InDoubt => self.in_doubt,
            WebhookEvent::Settled => self.settled,
            WebhookEvent::PartlySettled => self.partly_settled,
            WebhookEvent::Refused => self.refused,
            WebhookEvent::Cancelled => self.cancelled,
            WebhookEvent::Abandoned => self.abandoned,
            WebhookEvent::Blocked => self.blocked,
            WebhookEvent::Corrected => self.corrected,
        }
    }

    /// What was done just now.
    #[must_use]
    pub fn notice(&self, word: &str) -> Option<&'static str> {
        match word {
            "proposed" => Some(self.proposed),
            "done" => Some(self.done),
            "tested" => Some(self.tested),
            "test_failed" => Some(self.test_failed),
            "due" => Some(self.due),
            "soon" => Some(self.soon),
            "off" => Some(self.is_off),
            _ => None,
        }
    }

    /// What is wrong, and where: a part of a field's id, or of the page.
    #[must_use]
    pub fn problem(&self, code: &str) -> (&'static str, &'static str) {
        match code {
            "NOT_USABLE" => ("url", self.wrong_url),
            "NO_EVENT" => ("events", self.wrong_events),
            "DESCRIPTION" => ("description", self.wrong_description),
            "KNOWN" => ("url", self.known),
            "UNCHANGED" => ("url", self.unchanged),
            "TOO_MANY" => ("url", self.too_many),
            "page" => ("", self.page_expired),
            "fresh" => ("", self.not_fresh),
            "many" => ("", self.many_wait),
            _ => ("", self.not_possible),
        }
    }
}
