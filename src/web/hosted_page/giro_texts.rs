//! What is said of Serbian payment orders, and of single payments that a bank refused, in both languages.
//!
//! `{count}` stands for what the pages fill in.

use super::texts::catalogue;
use crate::payment::{Giro, Language};

catalogue! {
    /// The texts of Serbian orders.
    GiroTexts {
        payment_code: "Codul plății (šifra plaćanja)", "Payment code (šifra plaćanja)";
        debtor_reference: "Referința ta (poziv na broj zaduženja)", "Your reference (poziv na broj zaduženja)";
        creditor_reference: "Referința beneficiarului (poziv na broj odobrenja)", "Payee’s reference (poziv na broj odobrenja)";
        creditor_address: "Adresa beneficiarului", "Payee’s address";
        urgency: "Urgență (hitno)", "Urgency (hitno)";
        urgent: "da, plată urgentă", "yes, an urgent payment";
        refused_heading: "Ce nu a acceptat banca", "What your bank did not accept";
        refused_more: "și încă {count}", "and {count} more";
        account: "Cont plătitor (račun) sau IBAN", "Payer account (račun) or IBAN";
        account_hint: "Contul din care plătești, cum îl scrii de obicei: 840-742221843-57.", "The account you pay from, as you usually write it: 840-742221843-57.";
        creditor_row: "Cont beneficiar (račun)", "Payee account (račun)";
        creditor_account: "Cont beneficiar (račun) sau IBAN", "Payee account (račun) or IBAN";
    }
}

/// A label and what stands beside it.
pub type Fact = (&'static str, String);

/// What a Serbian order has beside the rest, as rows.
#[must_use]
pub fn facts(language: Language, giro: Option<&Giro>) -> Vec<Fact> {
    let Some(giro) = giro else { return Vec::new() };
    let t = GiroTexts::of(language);
    [
        (t.payment_code, Some(giro.payment_code.clone())),
        (t.creditor_reference, giro.creditor_reference_shown()),
        (t.debtor_reference, giro.debtor_reference_shown()),
        (t.creditor_address, giro.creditor_address.clone()),
        (t.urgency, giro.urgent.then(|| t.urgent.to_owned())),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::giro::Model;

    #[test]
    fn only_what_is_there_has_a_row() {
        let giro = Giro {
            creditor_model: Some(Model::M97),
            creditor_reference: Some("16-3220000".into()),
            urgent: true,
            ..Giro::default()
        };
        let values: Vec<String> = facts(Language::Ro, Some(&giro)).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["220", "(97) 16-3220000", "da, plată urgentă"]);
        assert!(facts(Language::En, None).is_empty());
    }
}
