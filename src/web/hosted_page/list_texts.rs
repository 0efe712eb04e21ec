//! What is said of several payments in one order, and of standing orders, in both languages side by side.
//!
//! `{bank}`, `{creditor}`, `{count}`, `{often}`, `{day}`, `{page}`, `{pages}` and `{partner}` stand for what the pages fill in.

use super::texts::catalogue;

catalogue! {
    /// The texts of lists and standing orders.
    ListTexts {
        form_title: "Verifică plățile și alege banca", "Check the payments and choose your bank";
        how_many: "Câte plăți", "How many payments";
        total: "Total de plată", "Total to pay";
        lines: "Plățile", "The payments";
        once: "Le aprobi pe toate o singură dată la bancă.", "You approve them all at once at your bank.";
        and_more: "și încă {count}", "and {count} more";
        edit: "Modifică", "Edit";
        edit_title: "Modifică plata {count}", "Edit payment {count}";
        save: "Salvează modificările", "Save changes";
        remove: "Scoate plata din listă", "Remove this payment from the list";
        to_list: "Înapoi la listă", "Back to the list";
        payment_no: "plata", "payment";
        page_of: "Pagina {page} din {pages}", "Page {page} of {pages}";
        pages: "Paginile listei", "Pages of the list";
        first: "Prima pagină", "First page";
        previous: "Pagina anterioară", "Previous page";
        next: "Pagina următoare", "Next page";
        last: "Ultima pagină", "Last page";
        changed: "Lista s-a schimbat între timp, poate în altă filă. Nu s-a trimis nimic: verifică plățile și apasă din nou butonul de plată.",
            "The list has changed in the meantime, perhaps in another tab. Nothing was sent: check the payments and press the payment button again.";
        line_changed: "Plata s-a schimbat între timp, poate în altă filă. Verifică datele și salvează din nou.",
            "This payment has changed in the meantime, perhaps in another tab. Check it and save again.";
        edit_expired: "Pagina a stat deschisă prea mult și nu s-a salvat nimic. Verifică datele și salvează din nou.",
            "The page was open for too long and nothing was saved. Check the payment and save again.";
        no_currency: "nu face plăți în această monedă", "does not make payments in this currency";
        no_several: "nu acceptă mai multe plăți într-o singură autorizare", "does not take several payments in one authorisation";
        no_standing: "nu acceptă plăți programate", "does not take standing orders";
        none_currency: "Nicio bancă disponibilă acum nu face plăți în această monedă.", "No bank that is available now makes payments in this currency.";
        none_several: "Nicio bancă disponibilă acum nu acceptă mai multe plăți într-o singură autorizare. Scoate plăți din listă până rămâne una sau renunță și plătește-le pe rând.",
            "No bank available right now takes several payments in one authorisation. Remove payments until one is left, or cancel and pay them one by one.";
        none_standing: "Nicio bancă disponibilă acum nu acceptă plăți programate.", "No bank available right now takes standing orders.";

        made: "făcută", "made";
        not_made: "nefăcută", "not made";
        not_told: "banca nu ne-a spus", "the bank did not tell us";
        count_made: "Plăți făcute", "Payments made";
        count_not_made: "Plăți nefăcute", "Payments not made";
        count_not_told: "Plăți despre care banca nu ne-a spus", "Payments the bank did not tell us about";
        state: "Starea", "State";

        standing: "Plată programată", "Standing order";
        standing_notice: "Banca ta repetă plata {often}, începând cu {day}, până când o oprești la bancă.",
            "Your bank repeats the payment {often}, starting on {day}, until you stop it at the bank.";
        first_day: "Prima plată", "First payment";
        how_often: "Cât de des", "How often";
        standing_title: "Plata programată a fost acceptată", "The standing order was accepted";
        standing_lead: "Banca ta a confirmat plata programată către {creditor}. Banii pleacă din cont la datele programate; confirmarea nu înseamnă că prima plată a plecat deja.",
            "Your bank confirmed the standing order to {creditor}. The money leaves your account on the scheduled days; the confirmation does not mean that the first payment has left already.";
        late_title: "Prima zi a plății programate a trecut", "The first day of the standing order has passed";
        late_lead: "Plata programată trebuia să înceapă la {day}, iar ziua aceea a trecut înainte să o trimiți la bancă. Nu s-a programat nimic și nu s-a luat niciun ban.",
            "The standing order was to begin on {day}, and that day passed before you sent it to the bank. Nothing was set up and no money was taken.";
        late_next: "Cere altă plată programată de la {partner}, cu altă primă zi.",
            "Ask {partner} for another standing order, with another first day.";
        standing_processing: "{bank} a primit plata programată. Încă verificăm dacă a acceptat-o; banii pleacă din cont abia la datele programate.",
            "{bank} has the standing order. We are still checking whether it accepted it; the money leaves your account only on the scheduled days.";
    }
}
