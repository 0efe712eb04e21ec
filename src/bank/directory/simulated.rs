//! Makes banks of the simulation.

use super::{Bank, Banks, Facts, Sca};
use crate::bank::Connector;
use crate::bank::simulated::{Simulated, Style};
use crate::payment::Currency;

/// The facts of a bank of this style.
#[must_use]
pub fn facts(bank: &Simulated) -> Facts {
    Facts {
        sca_starts_on_post: bank.style == Style::Push,
        status_needs_psu_token: bank.style == Style::Oauth,
        post_is_idempotent: false,
        withdraw_before_sca: bank.withdraw_before_sca,
        ask_limit_hours: 72,
        requires_psu_id: false,
        requires_psu_id_type: false,
        requires_iban: false,
        sca: match bank.style {
            Style::Oauth | Style::Link | Style::LinkOnBegin => Sca::Redirect,
            Style::Push | Style::PushOnBegin => Sca::Decoupled,
            Style::CodeOnBegin => Sca::Embedded,
        },
        takes_bulk: false,
        takes_standing_orders: false,
        offers_accounts: false,
        service_account: false,
        offers_funds: false,
        confirms_the_return: false,
        max_name_chars: 70,
        max_remittance_chars: 140,
    }
}

/// Banks by their codes.
#[must_use]
pub fn banks(of: Vec<(String, Simulated)>) -> Banks {
    let banks = of.into_iter().map(|(code, bank)| Bank {
        name: code.clone(),
        bic: "SIMUROBU".into(),
        country: "RO".into(),
        logo_file: String::new(),
        logo: None,
        iban_codes: Vec::new(),
        currency: Currency::Ron,
        facts: facts(&bank),
        psu_id: None,
        code,
        connector: Some(Connector::Simulated(bank)),
    });
    Banks(banks.collect())
}
