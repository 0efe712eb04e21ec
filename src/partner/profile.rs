//! The profile of a partner: what kind it is and what its payers may therefore change.

use serde::{Deserialize, Serialize};

/// What a partner does with payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartnerKind {
    /// A shop: the order is fixed, the PSU only says where the money comes from.
    Ecommerce,
    /// A finance application: the PSU writes or corrects the order.
    Finance,
}

/// A field of the payment form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The partner's name.
    PartnerName,
    /// Who receives the money.
    CreditorName,
    /// The account that receives it.
    CreditorIban,
    /// How much.
    Amount,
    /// Remittance information.
    Details,
    /// The PSU's bank.
    Bank,
    /// The PSU's account.
    DebtorIban,
    /// Where the PSU is told how the payment ended.
    Email,
    /// The PSU's user code at the bank, asked only by banks that authorise decoupled.
    UserCode,
    /// The acceptance of the terms and conditions.
    Terms,
}

impl Field {
    /// Every field, in the order of the form.
    pub const ALL: [Self; 10] = [
        Self::PartnerName,
        Self::CreditorName,
        Self::CreditorIban,
        Self::Amount,
        Self::Details,
        Self::Bank,
        Self::DebtorIban,
        Self::Email,
        Self::UserCode,
        Self::Terms,
    ];
}

impl PartnerKind {
    /// Whether the PSU may change the field. What is not editable is never read from the form.
    #[must_use]
    pub const fn editable(self, field: Field) -> bool {
        match field {
            Field::PartnerName => false,
            Field::CreditorName | Field::CreditorIban | Field::Amount | Field::Details => matches!(self, Self::Finance),
            Field::Bank | Field::DebtorIban | Field::Email | Field::UserCode | Field::Terms => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_fixes_the_order_and_nobody_renames_the_partner() {
        let editable = |kind: PartnerKind| Field::ALL.into_iter().filter(move |f| kind.editable(*f)).count();
        assert_eq!(editable(PartnerKind::Ecommerce), 5);
        assert_eq!(editable(PartnerKind::Finance), 9);
        for kind in [PartnerKind::Ecommerce, PartnerKind::Finance] {
            assert!(!kind.editable(Field::PartnerName));
        }
        assert!(!PartnerKind::Ecommerce.editable(Field::Amount));
    }
}
