//! The texts of the mail pages, in both languages.

use crate::store::mail_queue::Standing;
use crate::web::hosted_page::texts::catalogue;

catalogue! {
    /// The texts of the mail pages.
    MailTexts {
        waiting: "În așteptare", "Waiting";
        given_up: "Abandonate", "Given up";
        sent: "Trimise", "Sent";
        none: "Niciun mesaj.", "No messages.";
        first_ones: "Cel mult 50 de mesaje.", "At most 50 messages.";
        which: "Ce mesaje", "Which messages";
        to: "Destinatar", "To";
        about: "Despre", "About";
        payment: "Plata", "Payment";
        written_at: "Scris", "Written";
        attempts: "Încercări", "Tries";
        next_try: "Următoarea încercare", "Next try";
        sent_at: "Trimis", "Sent";
        why: "De ce nu a plecat", "Why it was not sent";
        send_again: "Trimite acum", "Send now";
        unreadable: "nu poate fi citit", "cannot be read";
        now_due: "Mesajul pleacă în câteva secunde.", "The message leaves within seconds.";
        soon_due: "Mesajul pleacă chiar acum sau în cel mult două minute; nu s-a schimbat nimic.", "The message leaves right now or within two minutes; nothing was changed.";
        was_sent: "Mesajul a fost deja trimis; nu s-a schimbat nimic.", "The message was sent already; nothing was changed.";
        previews: "Cum arată mesajele", "What the messages look like";
        preview_lead: "Cu date inventate. Așa arată mesajele trimise.", "With invented data. This is how the messages look that are sent.";
        preview_html: "Deschide varianta HTML", "Open the HTML form";
        all_mail: "Toate mesajele", "All messages";
        subject: "Subiect", "Subject";
        text: "Text simplu", "Plain text";
        kind_settled: "plată făcută", "payment made";
        kind_partly_settled: "plată făcută în parte", "payment made in part";
        kind_refused: "plată refuzată", "payment refused";
        kind_cancelled: "plată anulată", "payment cancelled";
        kind_on_its_way: "plata durează", "payment takes long";
        kind_in_doubt: "plată în dubiu", "payment in doubt";
        kind_corrected: "plată corectată", "payment corrected";
        kind_daily_report: "raport zilnic", "daily report";
        kind_webhook_off: "webhook oprit", "webhook switched off";
        kind_other: "alt mesaj", "another message";
    }
}

impl MailTexts {
    /// A standing in words.
    #[must_use]
    pub const fn standing(&self, standing: Standing) -> &'static str {
        match standing {
            Standing::Waiting => self.waiting,
            Standing::GivenUp => self.given_up,
            Standing::Sent => self.sent,
        }
    }

    /// A kind of mail in words.
    #[must_use]
    pub fn kind(&self, kind: &str) -> &'static str {
        match kind {
            "settled" => self.kind_settled,
            "partly_settled" => self.kind_partly_settled,
            "refused" => self.kind_refused,
            "cancelled" => self.kind_cancelled,
            "on_its_way" => self.kind_on_its_way,
            "in_doubt" => self.kind_in_doubt,
            "corrected" => self.kind_corrected,
            "daily_report" => self.kind_daily_report,
            "webhook_off" => self.kind_webhook_off,
            _ => self.kind_other,
        }
    }

    /// What came of asking for another try.
    #[must_use]
    pub fn notice(&self, word: &str) -> Option<&'static str> {
        match word {
            "due" => Some(self.now_due),
            "soon" => Some(self.soon_due),
            "sent" => Some(self.was_sent),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::look_after_mail::mail_kinds;
    use crate::payment::Language;

    #[test]
    fn every_kind_of_mail_has_a_name() {
        let t = MailTexts::of(Language::Ro);
        for kind in mail_kinds() {
            assert_ne!(t.kind(kind), t.kind_other, "{kind}");
        }
    }
}
