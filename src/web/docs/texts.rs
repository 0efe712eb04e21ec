//! What the pages for developers say, in both languages side by side.
//!
//! `{ratio}`, `{colour}` and `{own}` stand for what the pages fill in before escaping.

crate::web::hosted_page::texts::catalogue! {
    /// The texts.
    DocsTexts {
        skip: "Sari la conținut", "Skip to content";
        other_language: "English", "Română";
        other_language_code: "en", "ro";
        developers: "Pentru dezvoltatori", "For developers";
        new_tab: "se deschide într-o filă nouă", "opens in a new tab";

        title: "Cum arată pagina de plată cu marca ta", "How the payment page looks with your brand";
        lead: "Alege o culoare și textul butonului și vezi pagina așa cum o văd plătitorii tăi. Nu pornește nicio plată și nu păstrăm nimic din ce scrii.",
            "Choose a colour and the words on the button, and see the page as your payers see it. It starts no payment, and we keep nothing of what you type.";
        choose: "Ce încerci", "What you try";
        colour: "Culoarea", "Colour";
        colour_hint: "Scrisă #rrggbb, de exemplu #a33b24.", "Written #rrggbb, for example #a33b24.";
        colour_wrong: "Scrie culoarea ca #rrggbb: diezul și șase cifre hexazecimale, de exemplu #a33b24. Mai jos vezi culoarea obișnuită.",
            "Write the colour as #rrggbb: the hash and six hexadecimal digits, for example #a33b24. Below you see the usual colour.";
        button_text: "Textul butonului", "Words on the button";
        button_hint: "Dintr-o listă, ca butonul să spună adevărul.", "From a list, so that the button tells the truth.";
        button_pay_amount: "Plătește + suma", "Pay and the amount";
        button_pay: "Plătește", "Pay";
        button_confirm: "Confirmă plata", "Confirm the payment";
        button_donate: "Donează + suma", "Donate and the amount";
        button_top_up: "Reîncarcă + suma", "Top up and the amount";
        kind: "Felul partenerului", "Kind of partner";
        ecommerce: "Magazin: plătitorul nu schimbă comanda", "Shop: the payer does not change the order";
        finance: "ERP sau facturare: plătitorul poate schimba plata", "ERP or billing: the payer may change the payment";
        language: "Limba paginii", "Language of the page";
        scheme: "Ecranul", "Screen";
        scheme_either: "cum îl are cititorul", "as the reader has it";
        scheme_light: "pe fond deschis", "light";
        scheme_dark: "pe fond închis", "dark";
        check: "Verifică contrastul", "Check the contrast";
        see: "Vezi pagina de plată", "See the payment page";

        contrast: "Se citește bine?", "Can it be read?";
        contrast_lead: "Un text are nevoie de un contrast de cel puțin 4,5 : 1 cu fondul (WCAG 2.2, criteriul 1.4.3), iar un buton de 3 : 1 cu pagina pe fond închis (1.4.11). Unde culoarea ta nu ajunge, pagina o schimbă singură, cât e nevoie.",
            "Text needs a contrast of at least 4.5 : 1 with what is behind it (WCAG 2.2, criterion 1.4.3), and a button 3 : 1 with the dark page (1.4.11). Where your colour falls short, the page changes it by itself, as far as needed.";
        place_button: "Butonul pe fond deschis", "The button on a light screen";
        place_ink: "Linkuri și accente pe fond deschis", "Links and accents on a light screen";
        place_dark_button: "Butonul pe fond închis", "The button on a dark screen";
        place_dark_ink: "Linkuri și accente pe fond închis", "Links and accents on a dark screen";
        white_text: "Text alb pe culoarea ta: {ratio}, se citește bine.", "White text on your colour: {ratio}, reads well.";
        black_text: "Text negru pe culoarea ta: {ratio}, se citește bine.", "Black text on your colour: {ratio}, reads well.";
        unchanged: "Culoarea ta, neschimbată: {ratio}, se citește bine.", "Your colour, unchanged: {ratio}, reads well.";
        darker: "Culoarea ta are aici doar {own}; pagina o închide la {colour}: {ratio}, se citește bine.", "Your colour has only {own} here; the page darkens it to {colour}: {ratio}, reads well.";
        lighter: "Culoarea ta are aici doar {own}; pagina o deschide la {colour}: {ratio}, se citește bine.", "Your colour has only {own} here; the page lightens it to {colour}: {ratio}, reads well.";
        lighter_button: "Culoarea ta nu se distinge de pagină ({own}); pagina o deschide la {colour}, cu textul la {ratio}.", "Your colour does not stand out from the page ({own}); the page lightens it to {colour}, with its text at {ratio}.";
        sample: "Text", "Text";

        logos: "Siglele", "Logos";
        logos_text: "O siglă PNG sau JPEG, cel mult 1 MB; o redesenăm din pixelii ei și o arătăm la cel mult 40 de pixeli înălțime. Poți avea și una pentru ecrane pe culori închise. Fără ea, sigla obișnuită apare și acolo: dacă are text închis pe fond transparent, nu se va vedea.",
            "A logo is PNG or JPEG, 1 MB at most; we draw it anew from its pixels and show it at most 40 pixels high. You may have another one for dark screens. Without it the usual logo is shown there too: dark letters on a transparent ground would not be seen.";
        who: "Culoarea, textul butonului și siglele le schimbă operatorul, în back office. Trimite-i ce ai ales aici.",
            "The operator changes colour, button and logos in the back office. Send what you have chosen here.";
        sample_name: "Magazinul tău", "Your shop";
    }
}
