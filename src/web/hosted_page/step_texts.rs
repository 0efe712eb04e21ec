//! What is said to payers while the payment is at their bank, when it changes browsers, and in doubt.
//!
//! `{bank}`, `{time}`, `{left}`, `{count}` and `{method}` stand for what the pages fill in before escaping.

use super::texts::catalogue;
use crate::payment::Language;

catalogue! {
    /// The texts of the steps.
    StepTexts {
        another_bank: "Altă bancă", "Another bank";
        check_now: "Verifică acum", "Check now";
        approved_already: "Am aprobat deja: verifică acum", "I have approved already: check now";
        bank_message: "Mesajul băncii", "Message from the bank";
        until: "Poți aproba plata până la ora {time}.", "You can approve the payment until {time}.";
        left: "Mai ai {left}.", "{left} left.";
        left_soon: "Mai ai mai puțin de două minute ca să aprobi plata.", "You have less than two minutes left to approve the payment.";
        offline: "Conexiunea s-a întrerupt. Mai încercăm; plata nu este afectată.", "The connection is interrupted. We keep trying; the payment is not affected.";
        not_withdrawn: "{bank} nu ne-a confirmat că a retras plata, așa că ea poate fi încă executată. Dacă ai aprobat-o, așteaptă; dacă nu, mai încearcă o dată.",
            "{bank} has not confirmed that it withdrew the payment, so it may still be executed. If you approved it, wait; if not, try once more.";
        not_answered: "{bank} nu a răspuns, așa că nu s-a schimbat nimic. Mai încearcă o dată.", "{bank} did not answer, so nothing has changed. Try once more.";

        approve_title: "Aprobă plata în aplicația băncii", "Approve the payment in your banking app";
        approve_lead: "{bank} ți-a trimis o cerere de aprobare.", "{bank} has sent you a request for approval.";
        approve_step_1: "Deschide aplicația băncii și aprobă plata.", "Open your banking app and approve the payment.";
        approve_step_2: "Verifică acolo suma și beneficiarul: trebuie să fie cele de pe această pagină.", "Check the amount and the payee there: they must be the ones on this page.";
        approve_step_3: "Întoarce-te aici ca să vezi că plata a fost făcută.", "Come back here to see that the payment was made.";
        approve_status: "Așteptăm aprobarea ta la {bank}.", "We are waiting for your approval at {bank}.";

        over_title: "Timpul pentru aprobare s-a încheiat", "The time for approval is over";
        over_lead: "Nu mai aproba această plată. Întrebăm {bank} ce s-a întâmplat cu ea și o retragem dacă nu a fost aprobată.",
            "Do not approve this payment any more. We are asking {bank} what became of it and withdraw it if it was not approved.";
        over_more: "Dacă ai aprobat-o la timp, o vezi aici și îți scriem pe e-mail cum s-a încheiat.", "If you approved it in time, you will see it here and we will e-mail you how it ended.";

        waits_title: "Plata așteaptă aprobarea ta", "The payment is waiting for your approval";
        waits_lead: "Plata este pregătită la {bank}. Dacă nu ai aprobat-o încă, poți continua acolo.", "The payment is ready at {bank}. If you have not approved it yet, you can go on there.";
        returned_title: "Banca nu ne-a confirmat aprobarea", "The bank has not confirmed your approval";
        returned_lead: "Te-ai întors de la {bank}, dar banca nu ne-a spus că ai aprobat plata. Dacă nu ai aprobat-o, mergi din nou la bancă; dacă ai aprobat-o, așteaptă puțin.",
            "You are back from {bank}, but the bank has not told us that you approved the payment. If you did not, go to the bank again; if you did, wait a moment.";

        code_title: "Introdu codul primit de la bancă", "Enter the code from your bank";
        code_lead: "{bank} ți-a trimis un cod de unică folosință pentru această plată.", "{bank} has sent you a one-time code for this payment.";
        code_label: "Cod de unică folosință", "One-time code";
        code_label_method: "Cod de unică folosință ({method})", "One-time code ({method})";
        code_digits: "Numai cifre.", "Digits only.";
        code_as_received: "Scrie codul așa cum l-ai primit.", "Type the code as you received it.";
        made_title: "Introdu codul de unică folosință", "Enter the one-time code";
        made_lead: "{bank} nu îți trimite nimic: codul pentru această plată îl ai în aplicația de autentificare sau pe token.",
            "{bank} sends you nothing: the code for this payment is in your authenticator app or on your token.";
        made_as_shown: "Scrie codul așa cum îl vezi.", "Type the code as it is shown.";
        made_wrong: "Codul nu este corect. Introdu-l pe cel afișat acum.", "The code is not correct. Enter the one shown now.";
        made_required: "Introdu codul de unică folosință.", "Enter the one-time code.";
        code_send: "Aprobă plata", "Approve the payment";
        code_resend: "Trimite alt cod", "Send another code";
        code_resent: "Am cerut băncii alt cod. Folosește-l pe ultimul primit.", "We asked the bank for another code. Use the last one you receive.";
        code_wrong: "Codul nu este corect. Verifică mesajul băncii și introdu-l din nou.", "The code is not correct. Check the bank’s message and enter it again.";
        code_required: "Introdu codul primit de la bancă.", "Enter the code from your bank.";
        code_only_digits: "Codul are numai cifre. Introdu-l din nou.", "The code has digits only. Enter it again.";
        code_too_long: "Codul este prea lung. Introdu-l din nou.", "The code is too long. Enter it again.";
        code_unreadable: "Codul are caractere care nu se văd. Introdu-l din nou.", "The code has invisible characters. Enter it again.";
        code_secure: "Conexiunea este criptată. Aici introduci numai codul de unică folosință al acestei plăți: îl trimitem băncii și nu îl păstrăm. Parola sau PIN-ul băncii nu ți le cerem niciodată.",
            "The connection is encrypted. Here you enter only the one-time code of this payment: we pass it to the bank and do not keep it. We never ask for your bank password or PIN.";
        blocked_title: "Codul a fost greșit de prea multe ori", "The code was wrong too many times";
        blocked_lead: "Pentru această plată nu mai putem primi coduri. Fără codul corect nu se ia niciun ban. {bank} nu ne-a confirmat încă retragerea plății.",
            "We cannot take more codes for this payment. Without the right code no money is taken. {bank} has not confirmed the withdrawal yet.";

        method_title: "Alege cum aprobi plata", "Choose how to approve the payment";
        method_lead: "La {bank} poți obține codul în mai multe feluri.", "At {bank} you can get the code in several ways.";
        method_legend: "Cum obții codul", "How you get the code";
        method_go: "Continuă", "Continue";
        method_required: "Alege una dintre variante.", "Choose one of these.";
        by_sms: "cod prin SMS", "code by text message";
        by_token: "cod de la token, cititorul de card sau aplicația de autentificare", "code from a token, card reader or authenticator app";
        by_photo: "cod dintr-o imagine scanată", "code from a scanned picture";
        by_push: "notificare în aplicația băncii", "notification in your banking app";
        by_mail: "cod prin e-mail", "code by e-mail";

        begin_title: "Banca nu a început aprobarea", "The bank has not started the approval";
        begin_lead: "Plata a ajuns la {bank}, dar banca nu ne-a confirmat că ți-a cerut aprobarea. Nu s-a luat niciun ban.",
            "The payment reached {bank}, but the bank has not confirmed that it asked for your approval. No money was taken.";
        begin_more: "O retragem de la bancă, apoi poți încerca din nou, cu aceeași bancă sau cu alta.", "We withdraw it at the bank, then you can try again, with the same bank or another one.";
        begin_again: "Încearcă din nou", "Try again";
        user_code_refused: "{bank} nu a recunoscut codul de utilizator. Nu s-a luat niciun ban. Verifică-l și încearcă din nou.",
            "{bank} did not recognise the user code. No money was taken. Check it and try again.";
        user_code_unknown: "Banca nu a recunoscut acest cod. Verifică-l și scrie-l din nou.", "The bank did not recognise this code. Check it and type it again.";
        form_refused: "Plata prin {bank} nu a fost făcută. Nu s-a luat niciun ban. Poți încerca din nou sau poți alege altă bancă.",
            "The payment through {bank} was not made. No money was taken. You can try again or choose another bank.";
        form_withdrawn: "Plata a fost retrasă de la {bank} și nu s-a luat niciun ban. Poți alege acum altă bancă.", "The payment was withdrawn at {bank} and no money was taken. You can choose another bank now.";

        phone: "Continuă pe telefon", "Continue on your phone";
        phone_lead: "Scanează codul cu camera telefonului și deschide adresa.", "Scan the code with your phone’s camera and open the address.";
        phone_valid: "Codul merge o singură dată, până la ora {time}. După aceea plata continuă numai pe telefon.", "The code works once, until {time}. After that the payment goes on only on your phone.";
        phone_secret: "Nu arăta și nu trimite nimănui codul sau adresa: cine o deschide preia plata.", "Do not show or send the code or the address to anybody: whoever opens it takes the payment over.";
        phone_picture: "Cod QR cu adresa de mai jos", "QR code with the address below";
        phone_address: "Sau scrie pe telefon adresa:", "Or type the address on your phone:";
        phone_stay: "Rămâi pe acest ecran", "Stay on this screen";
        take_title: "Continui plata aici?", "Continue the payment here?";
        take_lead: "Plata începută pe alt ecran se mută în acest browser.", "The payment you started on another screen moves to this browser.";
        take_warning: "Continuă numai dacă ai scanat chiar tu codul de pe ecranul tău. Dacă ai primit adresa de la altcineva, închide pagina și nu plăti.",
            "Continue only if you scanned the code from your own screen yourself. If somebody else sent you the address, close this page and do not pay.";
        take_button: "Continuă aici", "Continue here";
        moved_title: "Ai continuat pe telefon", "You went on with your phone";
        moved_lead: "Plata este deschisă acum pe celălalt ecran: acolo o aprobi și vezi cum s-a încheiat.", "The payment is open on the other screen now: approve it there and see how it ended.";
        moved_more: "Poți închide această pagină.", "You can close this page.";
        used_title: "Codul nu mai este valabil", "This code is no longer valid";
        used_lead: "Codul sau adresa merge o singură dată și numai câteva minute.", "The code or address works once and only for a few minutes.";
        used_more: "Întoarce-te la ecranul pe care ai început plata și cere alt cod.", "Go back to the screen where you started the payment and ask for another code.";

        doubt_known: "Ce știm", "What we know";
        doubt_sent: "Plata a fost trimisă la {bank}.", "The payment was sent to {bank}.";
        doubt_since: "De la {time} nu avem un răspuns sigur.", "Since {time} we have had no certain answer.";
        doubt_not_refused: "Nu este un refuz: banii pot să fi plecat sau nu.", "It is not a refusal: the money may or may not have left.";
        doubt_ours: "Ce facem noi", "What we do";
        doubt_asking: "Continuăm să verificăm cu {bank}; nu trebuie să stai pe această pagină.", "We keep checking with {bank}; you need not stay on this page.";
        doubt_mail: "Îți scriem la {mail} imediat ce aflăm.", "We will write to {mail} as soon as we know.";
        doubt_yours: "Ce poți face tu", "What you can do";
        doubt_look: "Uită-te în aplicația băncii tale dacă plata apare acolo.", "Look in your banking app whether the payment shows there.";
        doubt_write: "Dacă ne scrii, spune-ne referința plății:", "If you contact us, tell us the payment reference:";
    }
}

impl StepTexts {
    /// How a code comes, in words, when the kind of method is a known one (NextGenPSD2 `authenticationType`).
    #[must_use]
    pub fn kind_word(&self, kind: &str) -> Option<&'static str> {
        Some(match kind {
            "SMS_OTP" => self.by_sms,
            "CHIP_OTP" => self.by_token,
            "PHOTO_OTP" => self.by_photo,
            "PUSH_OTP" => self.by_push,
            "SMTP_OTP" => self.by_mail,
            _ => return None,
        })
    }
}

/// How many more wrong codes are taken, as a sentence.
#[must_use]
pub fn tries_left(language: Language, count: u32) -> String {
    match (language, count) {
        (Language::Ro, 1) => "Mai ai o încercare.".to_owned(),
        (Language::Ro, n) => format!("Mai ai {n} încercări."),
        (Language::En, 1) => "You have one try left.".to_owned(),
        (Language::En, n) => format!("You have {n} tries left."),
    }
}

/// The longest code the bank gives, as a sentence.
#[must_use]
pub fn at_most(language: Language, most: u8, digits: bool) -> String {
    // "de" follows numbers whose last two digits are 00 or 20 to 99.
    let de = if most % 100 >= 20 || most.is_multiple_of(100) { "de " } else { "" };
    match (language, digits) {
        (Language::Ro, true) => format!("Cel mult {most} {de}cifre."),
        (Language::Ro, false) => format!("Cel mult {most} {de}caractere."),
        (Language::En, true) => format!("At most {most} digits."),
        (Language::En, false) => format!("At most {most} characters."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(tries_left(Language::Ro, 1), "Mai ai o încercare.");
        assert_eq!(tries_left(Language::Ro, 4), "Mai ai 4 încercări.");
        assert_eq!(tries_left(Language::En, 1), "You have one try left.");
        assert_eq!(at_most(Language::Ro, 6, true), "Cel mult 6 cifre.");
        assert_eq!(at_most(Language::Ro, 20, false), "Cel mult 20 de caractere.");
    }
}
