//! What is said to payers, in both languages side by side.
//!
//! `{bank}`, `{partner}` and `{creditor}` stand for names; the pages fill them in before escaping.

use super::form::FieldError;
use super::list_texts::ListTexts;
use crate::flow::init_payment::CannotTake;
use crate::partner::ButtonText;
use crate::partner::profile::Field;
use crate::payment::Language;
use crate::payment::amount::AmountError;

/// Declares a catalogue: a struct with a field per text and its two languages.
macro_rules! catalogue {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $ro:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name { $(#[doc = $en] pub $field: &'static str,)+ }

        impl $name {
            const RO: Self = Self { $($field: $ro,)+ };
            const EN: Self = Self { $($field: $en,)+ };

            /// The texts of a language.
            #[must_use]
            pub const fn of(language: crate::payment::Language) -> &'static Self {
                match language {
                    crate::payment::Language::Ro => &Self::RO,
                    crate::payment::Language::En => &Self::EN,
                }
            }
        }

        #[cfg(test)]
        #[test]
        fn both_languages_say_everything_with_the_right_letters_and_places() {
            $crate::web::hosted_page::texts::well_written(&[$(($ro, $en),)+]);
        }
    };
}
pub(crate) use catalogue;

/// Fails where a text is missing, is written with cedillas, or has other places to fill in the other language.
#[cfg(test)]
pub(crate) fn well_written(pairs: &[(&str, &str)]) {
    let places = |text: &str| -> std::collections::BTreeSet<String> {
        let parts = text.split('{').skip(1);
        parts.filter_map(|part| Some(part.split_once('}')?.0.to_owned())).collect()
    };
    for (ro, en) in pairs {
        assert!(!ro.is_empty() && !en.is_empty());
        assert!(!ro.contains(['ş', 'ţ', 'Ş', 'Ţ']), "cedilla in {ro}");
        assert_eq!(places(ro), places(en), "{ro}");
    }
}

catalogue! {
    /// The hosted page's texts.
    Texts {
        other_language: "English", "Română";
        other_language_code: "en", "ro";
        skip: "Sari la conținut", "Skip to content";
        error_prefix: "Eroare: ", "Error: ";
        step_check: "Verifici", "Check";
        step_bank: "Aprobi la bancă", "Approve at bank";
        step_done: "Gata", "Done";
        secure: "Plată securizată: conexiunea este criptată, iar parola și PIN-ul băncii le introduci numai la banca ta. Noi nu ți le cerem niciodată.",
            "Secure payment: the connection is encrypted, and you enter your bank password and PIN only at your bank. We never ask for them.";
        operated_by: "Serviciu de inițiere a plății oferit de", "Payment initiation service provided by";
        help: "Întrebări sau probleme", "Questions or problems";
        terms_link: "Termeni și condiții", "Terms and conditions";
        new_tab: "se deschide într-o filă nouă", "opens in a new tab";
        reference: "Referință", "Reference";

        form_title: "Verifică plata și alege banca", "Check the payment and choose your bank";
        order_heading: "Ce plătești", "What you pay";
        payment_heading: "Detaliile plății", "Payment summary";
        payer_heading: "De unde plătești", "Where you pay from";
        amount: "Suma de plată", "Amount to pay";
        partner_name: "Nume partener", "Partner name";
        creditor_name: "Nume beneficiar", "Payee name";
        creditor_iban: "IBAN beneficiar", "Payee IBAN";
        details: "Detalii de plată", "Payment details";
        for_bank: "Banca va primi", "Your bank will receive";
        bank: "Selectează banca plătitor", "Choose the payer’s bank";
        debtor_iban: "IBAN plătitor", "Payer IBAN";
        email: "Email plătitor", "Payer e-mail";
        user_code: "Cod utilizator", "User code";
        amount_hint: "De exemplu 1234,56", "For example 1234.56";
        details_hint: "Cel mult 140 de caractere. Banca primește textul fără diacritice (ș devine s).", "At most 140 characters. The bank receives the text without diacritics (ș becomes s).";
        bank_short: "banca", "bank";
        terms_short: "acceptarea termenilor", "acceptance of the terms";
        bank_hint: "Banca la care ai contul din care plătești.", "The bank where you hold the account you pay from.";
        iban_hint: "Contul din care plătești. Îl găsești în aplicația băncii tale.", "The account you pay from. You find it in your banking app.";
        email_hint: "Îți scriem aici cum s-a încheiat plata.", "We tell you here how the payment ended.";
        user_code_hint: "Codul cu care te recunoaște banca. Îl cer doar:", "The code your bank knows you by. Only these ask for it:";
        user_code_hint_one: "Așa te recunoaște {bank}. Nu este parola.", "This is how {bank} knows you. It is not the password.";
        bank_search: "Caută banca", "Search for a bank";
        bank_none: "Nicio bancă nu se potrivește.", "No bank matches.";
        bank_count: "bănci găsite", "banks found";
        bank_last: "Folosită ultima dată", "Used last time";
        bank_remember: "Ține minte banca pe acest dispozitiv", "Remember this bank on this device";
        bank_remember_hint: "Numai în acest browser, fără IBAN și fără alte date. Debifezi și o uităm imediat.",
            "In this browser only, without the IBAN or anything else. Untick it and it is forgotten at once.";
        bank_change: "Schimbă banca", "Change bank";
        bank_inactive: "indisponibilă momentan", "currently unavailable";
        bank_silent: "nu răspunde momentan; plata poate să nu reușească", "not answering at the moment; the payment may fail";
        bank_suggested: "Am propus banca după IBAN. Verifică dacă este corectă.", "We suggested the bank from the IBAN. Check that it is right.";
        bank_differs: "IBAN-ul pare să fie de la {bank}. Dacă ai cont acolo, schimbă banca; altfel poți continua.",
            "The IBAN looks like one of {bank}. If your account is there, change the bank; otherwise you can go on.";
        accept_before: "Am citit și accept", "I have read and accept the";
        terms_read: "Citește termenii și condițiile", "Read the terms and conditions";
        accept_link: "termenii și condițiile", "terms and conditions";
        accepted_already: "Ai acceptat deja termenii și condițiile.", "You have already accepted the terms and conditions.";
        pay: "Plătește", "Pay";
        confirm_payment: "Confirmă plata", "Confirm the payment";
        donate: "Donează", "Donate";
        top_up: "Reîncarcă", "Top up";
        paying: "Se trimite…", "Sending…";
        give_up: "Renunță", "Cancel";
        after_pay: "Urmează să aprobi plata la banca ta. Până atunci nu se ia niciun ban.", "Next you approve the payment at your bank. No money is taken before that.";
        still_missing: "Mai ai de completat:", "Still to fill in:";
        errors_heading: "Verifică datele", "Check what you entered";
        bank_declined: "{bank} nu a acceptat plata. Nu s-a luat niciun ban. Poți încerca din nou sau poți alege altă bancă.",
            "{bank} did not accept the payment. No money was taken. You can try again or choose another bank.";
        bank_not_reached: "{bank} nu răspunde acum. Nu s-a trimis nimic și nu s-a luat niciun ban. Încearcă din nou sau alege altă bancă.",
            "{bank} is not answering right now. Nothing was sent and no money was taken. Try again or choose another bank.";
        page_expired: "Pagina a stat deschisă prea mult. Verifică datele și apasă din nou butonul de plată.", "The page was open for too long. Check the details and press the payment button again.";

        required: "Câmp obligatoriu", "Required field";
        forbidden_characters: "Scrie textul pe un singur rând, fără caractere speciale invizibile.", "Write the text on one line, without invisible special characters.";
        nothing_for_bank: "Folosește litere și cifre; banca nu poate primi acest text.", "Use letters and digits; the bank cannot receive this text.";
        iban_short: "Lipsește un caracter din IBAN.|Lipsesc {n} caractere din IBAN.|Lipsesc {n} de caractere din IBAN.",
            "One character of the IBAN is missing.|{n} characters of the IBAN are missing.|{n} characters of the IBAN are missing.";
        iban_long: "IBAN-ul are un caracter în plus.|IBAN-ul are {n} caractere în plus.|IBAN-ul are {n} de caractere în plus.",
            "The IBAN has one character too many.|The IBAN has {n} characters too many.|The IBAN has {n} characters too many.";
        invalid_iban: "IBAN-ul nu este corect. Verifică fiecare cifră și literă.", "This IBAN is not correct. Check every digit and letter.";
        not_serbian: "În dinari se plătește numai între conturi din Serbia. Scrie un cont din Serbia.", "Dinars are paid between accounts in Serbia only. Enter an account in Serbia.";
        same_iban: "IBAN-ul tău este același cu al beneficiarului. Scrie contul din care plătești.", "Your IBAN is the same as the payee’s. Enter the account you pay from.";
        amount_not_a_number: "Scrie suma numai cu cifre, de exemplu 1234,56.", "Write the amount in digits only, for example 1234.56.";
        amount_decimals: "Suma poate avea cel mult două zecimale.", "The amount can have at most two decimals.";
        amount_zero: "Suma trebuie să fie mai mare decât zero.", "The amount must be greater than zero.";
        amount_too_large: "Suma este prea mare.", "The amount is too large.";
        amount_ambiguous: "Suma se poate citi în două feluri. Scrie-o cu două zecimale, de exemplu 1234,00.", "The amount can be read in two ways. Write it with two decimals, for example 1234.00.";
        invalid_email: "Adresa de e-mail nu este corectă, de exemplu nume@exemplu.ro.", "This e-mail address is not correct, for example name@example.com.";
        unknown_bank: "Alege o bancă din listă.", "Choose a bank from the list.";
        bank_unavailable: "Banca aleasă nu este disponibilă acum. Alege altă bancă.", "The chosen bank is not available right now. Choose another bank.";
        not_a_user_code: "Codul nu are forma celor de la banca aleasă. Verifică-l.", "The code does not look like one of the chosen bank. Check it.";
        terms_not_accepted: "Bifează că ai citit și accepți termenii și condițiile.", "Tick that you have read and accept the terms and conditions.";

        go_title: "Mergi la {bank}", "Go to {bank}";
        go_lead: "Mai ai un pas: aprobă plata la banca ta.", "One step left: approve the payment at your bank.";
        go_step_1: "Se deschide pagina sau aplicația {bank}.", "The page or app of {bank} opens.";
        go_step_2: "Te autentifici acolo și verifici suma și beneficiarul.", "You sign in there and check the amount and the payee.";
        go_step_3: "Aprobi plata și revii automat aici.", "You approve the payment and come back here automatically.";
        go_button: "Continuă la {bank}", "Continue to {bank}";
        go_soon: "Te ducem automat în câteva secunde.", "We take you there automatically in a few seconds.";
        go_address: "Adresa băncii", "The bank’s address";

        waiting_title: "Verificăm plata la banca ta", "We are checking the payment with your bank";
        waiting_processing: "{bank} a primit plata și o prelucrează. Încă verificăm dacă banii au plecat.", "{bank} has the payment and is processing it. We are still checking whether the money has left.";
        waiting_sending: "Trimitem plata la {bank}.", "We are sending the payment to {bank}.";
        waiting_leave: "Poți închide pagina în siguranță: îți scriem pe e-mail cum s-a încheiat plata.", "You can safely close this page: we will e-mail you how the payment ended.";
        waiting_alone: "Pagina se actualizează singură.", "This page updates by itself.";
        waiting_once: "Nu face plata încă o dată.", "Do not make the payment again.";
        check_again: "Verifică din nou", "Check again";

        doubt_title: "Încă verificăm plata", "We are still checking the payment";
        doubt_lead: "{bank} nu ne-a confirmat încă dacă plata a fost făcută.", "{bank} has not yet confirmed whether the payment was made.";
        doubt_once: "Nu plăti din nou până nu primești răspunsul nostru.", "Do not pay again until you hear from us.";

        settled_title: "Plata a fost făcută", "The payment has been made";
        settled_lead: "Banca ta a confirmat plata către {creditor}: banii au plecat din contul tău.", "Your bank confirmed the payment to {creditor}: the money has left your account.";
        corrected: "Ți-am arătat mai devreme că plata nu a fost făcută. Banca ne-a spus între timp că a făcut-o. Ne cerem scuze. Dacă ai plătit a doua oară, cere banii înapoi de la {partner}.",
            "We showed you earlier that the payment was not made. The bank has told us since that it made it. We apologise. If you have paid a second time, ask {partner} for that money back.";
        partly_title: "Plata a fost făcută doar în parte", "Only part of the payment was made";
        partly_lead: "Banca ta a făcut unele dintre plăți, dar nu pe toate. Mai jos vezi care au fost făcute.", "Your bank made some of the payments, but not all. Below you see which were made.";
        rejected_title: "Plata nu a fost făcută", "The payment was not made";
        rejected_psu: "Plata nu a fost aprobată la bancă. Nu s-a luat niciun ban.", "The payment was not approved at the bank. No money was taken.";
        rejected_bank: "Banca ta a refuzat plata, de exemplu din lipsă de fonduri sau din cauza unei limite. Nu s-a luat niciun ban.",
            "Your bank refused the payment, for example for lack of funds or because of a limit. No money was taken.";
        rejected_unknown: "Banca ta a refuzat plata fără să ne spună de ce. Nu s-a luat niciun ban.", "Your bank refused the payment without telling us why. No money was taken.";
        rejected_codes: "Codul a fost greșit de prea multe ori, așa că am retras plata de la bancă. Nu s-a luat niciun ban.",
            "The code was wrong too many times, so we withdrew the payment at the bank. No money was taken.";
        rejected_because: "Banca ta nu a făcut plata: {why}. Nu s-a luat niciun ban.", "Your bank did not make the payment: {why}. No money was taken.";
        rejected_ask: "Verifică soldul și limitele contului sau întreabă banca ta de ce.", "Check the balance and the limits of the account, or ask your bank why.";
        ended_withdrawn: "Plata a fost retrasă de la bancă înainte să fie executată. Nu s-a luat niciun ban.",
            "The payment was withdrawn at the bank before it was carried out. No money was taken.";
        ended_not_executed: "Am verificat cu banca ta: plata nu a fost executată și nu va mai fi. Nu s-a luat niciun ban.",
            "We checked with your bank: the payment was not carried out and will not be. No money was taken.";
        rejected_again: "Poți încerca din nou, cu aceeași bancă sau cu alta.", "You can try again, with the same bank or another one.";
        try_again: "Încearcă din nou", "Try again";
        rejected_next: "De la {partner} poți începe o plată nouă.", "From {partner} you can start a new payment.";
        cancelled_title: "Plata a fost anulată", "The payment was cancelled";
        cancelled_lead: "Banca ta a anulat plata înainte să o execute. Nu s-a luat niciun ban.", "Your bank cancelled the payment before carrying it out. No money was taken.";
        cancelled_psu: "Plata a fost anulată la cererea ta, înainte ca banca să o execute. Nu s-a luat niciun ban.",
            "The payment was cancelled at your request before the bank carried it out. No money was taken.";
        abandoned_title: "Ai renunțat la plată", "You cancelled the payment";
        abandoned_lead: "Am închis plata. Dacă nu ai aprobat-o la bancă, nu s-a luat niciun ban.", "We closed the payment. Unless you approved it at your bank, no money was taken.";
        expired_title: "Timpul pentru plată a expirat", "The time for this payment has run out";
        expired_lead: "Plata nu a fost aprobată la timp, așa că am închis-o. Dacă nu ai aprobat-o la bancă, nu s-a luat niciun ban.",
            "The payment was not approved in time, so we closed it. Unless you approved it at your bank, no money was taken.";
        blocked_title: "Plata a fost oprită", "The payment was stopped";
        blocked_lead: "Am oprit plata înainte să ajungă la bancă, din cauza unei reguli de siguranță sau a unei limite. Nu s-a luat niciun ban.",
            "We stopped the payment before it reached the bank, because of a security rule or a limit. No money was taken.";
        blocked_by_limit: "Am oprit plata înainte să ajungă la bancă. Nu s-a luat niciun ban.",
            "We stopped the payment before it reached the bank. No money was taken.";
        blocked_next: "Întreabă {partner} cum poți plăti altfel.", "Ask {partner} how else you can pay.";
        mail_sent: "Confirmarea merge la", "The confirmation goes to";
        finished_at: "Data și ora", "Date and time";
        your_bank: "Banca ta", "Your bank";
        your_account: "Contul tău", "Your account";
        thanks: "Mulțumesc!", "Thank you!";
        back_to: "Înapoi la {partner}", "Back to {partner}";
        back_soon: "Te întorci automat la {partner} în", "You return to {partner} automatically in";
        seconds: "s", "s";
        stay: "Rămâi pe pagină", "Stay on this page";
        staying: "Rămâi pe această pagină.", "You stay on this page.";

        elsewhere_title: "Te-ai întors de la bancă", "You are back from your bank";
        elsewhere_lead: "Întoarce-te la fereastra sau la browserul în care ai început plata: acolo vezi cum s-a încheiat.", "Go back to the window or browser where you started the payment: it shows how the payment ended.";
        elsewhere_more: "Poți închide această pagină. Îți scriem și pe e-mail.", "You can close this page. We will e-mail you too.";
        other_title: "Plata este deschisă în alt browser", "The payment is open in another browser";
        other_lead: "Din motive de siguranță, legătura merge numai în browserul în care a fost deschisă prima dată.", "For your safety, the link works only in the browser that opened it first.";
        other_more: "Dacă ai primit legătura de la altcineva și nu tu ai cumpărat, nu plăti și închide pagina.", "If somebody else sent you the link and it is not your purchase, do not pay and close this page.";
        gone_title: "Legătura nu mai este valabilă", "This link is no longer valid";
        gone_lead: "Timpul pentru această plată a trecut. Întoarce-te la magazin și începe din nou; dacă ai aprobat deja o plată la bancă, așteaptă e-mailul nostru.",
            "The time for this payment is over. Go back to the shop and start again; if you have already approved a payment at your bank, wait for our e-mail.";
        missing_title: "Nu găsim această plată", "We cannot find this payment";
        missing_lead: "Verifică dacă ai deschis legătura întreagă sau întoarce-te la magazin și începe din nou.", "Check that you opened the whole link, or go back to the shop and start again.";
        busy_title: "Se lucrează deja la această plată", "This payment is already being worked on";
        busy_lead: "Ai trimis-o din altă filă sau ai apăsat de două ori. Plata pleacă o singură dată; așteaptă câteva secunde.", "You sent it from another tab or pressed twice. The payment is sent only once; wait a few seconds.";
        error_reference: "Referința erorii", "Error reference";
        error_help: "Dacă se repetă, scrie-ne și spune-ne această referință.", "If it happens again, contact us and tell us this reference.";
    }
}

impl Texts {
    /// The three steps of a payment, in order.
    #[must_use]
    pub const fn step_names(&self) -> [&'static str; 3] {
        [self.step_check, self.step_bank, self.step_done]
    }

    /// What a partner's button says.
    #[must_use]
    pub const fn button(&self, button: ButtonText) -> &'static str {
        match button {
            ButtonText::PayAmount | ButtonText::Pay => self.pay,
            ButtonText::Confirm => self.confirm_payment,
            ButtonText::Donate => self.donate,
            ButtonText::TopUp => self.top_up,
        }
    }

    /// The label of a field, the same on the form, in messages and in mails.
    #[must_use]
    pub const fn label(&self, field: Field) -> &'static str {
        match field {
            Field::PartnerName => self.partner_name,
            Field::CreditorName => self.creditor_name,
            Field::CreditorIban => self.creditor_iban,
            Field::Amount => self.amount,
            Field::Details => self.details,
            Field::Bank => self.bank,
            Field::DebtorIban => self.debtor_iban,
            Field::Email => self.email,
            Field::UserCode => self.user_code,
            Field::Terms => self.terms_link,
        }
    }
}

/// What is wrong with a field, said to the payer.
#[must_use]
pub fn field_error(language: Language, error: FieldError) -> String {
    let t = Texts::of(language);
    let text = match error {
        FieldError::Required => t.required,
        FieldError::TooLong(most) => return too_long(language, most),
        FieldError::ForbiddenCharacters => t.forbidden_characters,
        FieldError::NothingForBank => t.nothing_for_bank,
        FieldError::InvalidIban => t.invalid_iban,
        FieldError::IbanTooShort(n) => return counted(t.iban_short, n),
        FieldError::IbanTooLong(n) => return counted(t.iban_long, n),
        FieldError::NotSerbian => t.not_serbian,
        FieldError::SameIban => t.same_iban,
        FieldError::Amount(AmountError::Empty) => t.required,
        FieldError::Amount(AmountError::NotANumber) => t.amount_not_a_number,
        FieldError::Amount(AmountError::TooManyDecimals) => t.amount_decimals,
        FieldError::Amount(AmountError::Zero) => t.amount_zero,
        FieldError::Amount(AmountError::TooLarge) => t.amount_too_large,
        FieldError::Amount(AmountError::Ambiguous) => t.amount_ambiguous,
        FieldError::InvalidEmail => t.invalid_email,
        FieldError::UnknownBank => t.unknown_bank,
        FieldError::BankUnavailable | FieldError::BankOff => t.bank_unavailable,
        FieldError::BankCannot(cannot) => return bank_cannot(language, cannot),
        FieldError::NotAUserCode => t.not_a_user_code,
        FieldError::TermsNotAccepted => t.terms_not_accepted,
    };
    text.to_owned()
}

/// Why a bank cannot be given an order, after its name.
#[must_use]
pub const fn cannot_take(language: Language, cannot: CannotTake) -> &'static str {
    let l = ListTexts::of(language);
    match cannot {
        CannotTake::Currency => l.no_currency,
        CannotTake::Several => l.no_several,
        CannotTake::StandingOrder => l.no_standing,
    }
}

fn bank_cannot(language: Language, cannot: CannotTake) -> String {
    let why = cannot_take(language, cannot);
    match language {
        Language::Ro => format!("Banca aleasă {why}. Alege altă bancă."),
        Language::En => format!("The chosen bank {why}. Choose another bank."),
    }
}

/// The form of a text for a number: for one, for few, and with the particle that Romanian puts before many.
fn counted(forms: &str, n: u64) -> String {
    let form = match n {
        1 => 0,
        n if n.is_multiple_of(100) || n % 100 >= 20 => 2,
        _ => 1,
    };
    forms.split('|').nth(form).unwrap_or(forms).replace("{n}", &n.to_string())
}

fn too_long(language: Language, most: u64) -> String {
    match language {
        Language::Ro => {
            // "de" follows numbers whose last two digits are 00 or 20 to 99.
            let de = if most.is_multiple_of(100) || most % 100 >= 20 { "de " } else { "" };
            format!("Scrie cel mult {most} {de}caractere.")
        }
        Language::En => format!("Write at most {most} characters."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn romanian_numbers_take_their_particle() {
        assert_eq!(
            field_error(Language::Ro, FieldError::TooLong(140)),
            "Scrie cel mult 140 de caractere."
        );
        assert_eq!(field_error(Language::Ro, FieldError::TooLong(101)), "Scrie cel mult 101 caractere.");
        assert_eq!(
            field_error(Language::Ro, FieldError::IbanTooShort(1)),
            "Lipsește un caracter din IBAN."
        );
        assert_eq!(
            field_error(Language::Ro, FieldError::IbanTooShort(2)),
            "Lipsesc 2 caractere din IBAN."
        );
        assert_eq!(
            field_error(Language::Ro, FieldError::IbanTooLong(20)),
            "IBAN-ul are 20 de caractere în plus."
        );
        assert_eq!(field_error(Language::En, FieldError::TooLong(35)), "Write at most 35 characters.");
    }
}
