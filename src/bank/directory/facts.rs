//! What the rest of the program must know of a bank, from whichever protocol's table its entry has.

use super::Sca;
use super::entry::Entry;
use crate::bank::{epp, stet};

/// What the rest of the program must know of a bank. For a bank without a protocol: the careful answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The bank asks the PSU for approval as soon as it has the order: after a lost answer nothing may be
    /// sent again until the first order is known to be dead.
    pub sca_starts_on_post: bool,
    /// The bank tells the status only to a token bought with the code the PSU brings back.
    pub status_needs_psu_token: bool,
    /// The bank makes one order of two identical POSTs.
    pub post_is_idempotent: bool,
    /// An order the PSU has not authorised can be withdrawn.
    pub withdraw_before_sca: bool,
    /// How long asking makes sense, in hours.
    pub ask_limit_hours: u32,
    /// The PSU must type the id by which the bank knows them.
    pub requires_psu_id: bool,
    /// The PSU must also say what kind of id it is. No bank asks for that.
    pub requires_psu_id_type: bool,
    /// The order must name the debtor's account.
    pub requires_iban: bool,
    /// How the PSU authorises.
    pub sca: Sca,
    /// The bank takes several instructions in one authorisation.
    pub takes_bulk: bool,
    /// The bank takes standing orders.
    pub takes_standing_orders: bool,
    /// The bank shows accounts to the holder of a consent.
    pub offers_accounts: bool,
    /// Orders and account information go through a service account of the partner: there is no payer whose
    /// accounts could be shown.
    pub service_account: bool,
    /// The bank says whether an account has enough.
    pub offers_funds: bool,
    /// The PSU's return makes us confirm the order, and only then the bank executes it: it counts in the browser
    /// that the payment is bound to, and in no other.
    pub confirms_the_return: bool,
    /// Longest creditor name sent, in characters.
    pub max_name_chars: usize,
    /// Longest remittance information sent, in characters.
    pub max_remittance_chars: usize,
}

impl Facts {
    pub(super) fn of(entry: &Entry) -> Self {
        match (&entry.stet, &entry.epp) {
            (Some(protocol), _) => Self::of_stet(protocol),
            (None, Some(protocol)) => Self::of_epp(protocol),
            (None, None) => Self::of_berlin_group(entry),
        }
    }

    fn of_berlin_group(entry: &Entry) -> Self {
        let protocol = entry.berlin_group.as_ref();
        Self {
            sca_starts_on_post: protocol.is_none_or(|p| p.sca_starts_on_post),
            status_needs_psu_token: protocol.is_none_or(|p| p.status_needs_psu_token),
            post_is_idempotent: protocol.is_some_and(|p| p.post_is_idempotent),
            withdraw_before_sca: protocol.is_some_and(|p| p.withdraw_before_sca),
            ask_limit_hours: protocol.map_or(72, |p| p.ask_limit_hours),
            requires_psu_id: entry.psu_id.is_some(),
            requires_psu_id_type: false,
            requires_iban: protocol.is_none_or(|p| p.requires_debtor_iban),
            sca: protocol.map_or(Sca::Redirect, |p| p.sca_approach.sca()),
            takes_bulk: protocol.is_some_and(|p| p.bulk_product.is_some()),
            takes_standing_orders: protocol.is_some_and(|p| p.periodic_product.is_some()),
            offers_accounts: protocol.is_some_and(|p| p.accounts.is_some()),
            service_account: false,
            offers_funds: protocol.is_some_and(|p| p.funds),
            confirms_the_return: false,
            max_name_chars: protocol.map_or(70, |p| p.max_name_chars),
            max_remittance_chars: protocol.map_or(140, |p| p.max_remittance_chars),
        }
    }

    fn of_stet(protocol: &stet::Protocol) -> Self {
        Self {
            sca_starts_on_post: false,
            status_needs_psu_token: false,
            post_is_idempotent: false,
            withdraw_before_sca: protocol.withdraw_before_sca,
            ask_limit_hours: protocol.ask_limit_hours,
            requires_psu_id: false,
            requires_psu_id_type: false,
            requires_iban: false,
            sca: Sca::Redirect,
            takes_bulk: false,
            takes_standing_orders: false,
            offers_accounts: true,
            service_account: false,
            offers_funds: true,
            confirms_the_return: protocol.confirmation != stet::Confirmation::None,
            max_name_chars: protocol.max_name_chars,
            max_remittance_chars: protocol.max_remittance_chars,
        }
    }

    /// Nothing is paid before the code, and what was created without a payment is never carried out.
    const fn of_epp(protocol: &epp::Protocol) -> Self {
        Self {
            sca_starts_on_post: false,
            status_needs_psu_token: false,
            post_is_idempotent: true,
            withdraw_before_sca: true,
            ask_limit_hours: protocol.ask_limit_hours,
            requires_psu_id: false,
            requires_psu_id_type: false,
            requires_iban: true,
            sca: Sca::Embedded,
            takes_bulk: true,
            takes_standing_orders: false,
            offers_accounts: true,
            service_account: true,
            offers_funds: false,
            confirms_the_return: false,
            max_name_chars: protocol.max_name_chars,
            max_remittance_chars: protocol.max_purpose_chars,
        }
    }
}
