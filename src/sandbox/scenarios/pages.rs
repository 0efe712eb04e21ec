//! The page that lists what makes the banks tell which story.

use super::{CLOSED_ACCOUNT, Story};
use crate::payment::iban::group;
use crate::sandbox::berlin::profile::{Approach, Profile};
use crate::sandbox::epp::{
    self,
    users::{self, User},
};
use crate::sandbox::money::{Currency, Money};
use crate::sandbox::pages::html;
use crate::sandbox::stet::Cdetab;
use crate::sandbox::stet::people::{self, Persona};
use crate::sandbox::{BankCode, Sandbox, customers};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

pub(in crate::sandbox) fn routes(config: &mut web::ServiceConfig) {
    config.route("/scenarii", web::get().to(page));
}

#[derive(Template)]
#[template(path = "sandbox/scenarios.html")]
struct Page {
    amounts: Vec<Row>,
    closed: String,
    banks: Vec<&'static Profile>,
    /// One customer after the other, with the `PSU-ID` at each bank.
    people: &'static [customers::Customer],
    in_euro: InEuro,
    in_dinars: InDinars,
}

/// What can be tried at the STET banks.
struct InEuro {
    /// Their code in addresses, and their name.
    banks: Vec<(&'static str, &'static str)>,
    people: &'static [Persona],
    closed: String,
}

/// What can be tried at the Treasury.
struct InDinars {
    users: &'static [User],
    known_banks: String,
    closed: String,
}

struct Row {
    amount: String,
    title: &'static str,
    text: &'static str,
    /// What the interface says in the end.
    outcome: &'static str,
}

impl Story {
    /// A heading, what happens, and what the interface says in the end.
    fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::BankRefuses => (
                "Banca refuză",
                "Clientul își dă acordul, apoi banca refuză plata după regulile ei.",
                "RJCT; la CEC: CANC",
            ),
            Self::TooLittleMoney => (
                "Bani prea puțini",
                "Clientul își dă acordul, dar contul are prea puțin, oricine ar plăti.",
                "RJCT; la CEC: CANC",
            ),
            Self::Slow => ("Încet", "Fiecare pas de după acord durează 20 de secunde.", "ACSC după 80 s"),
            Self::Silent => (
                "Tăcere",
                "Banca nu răspunde la inițiere un minut și nu face nimic; apoi rupe legătura.",
                "niciun răspuns, niciun ordin",
            ),
            Self::LateAnswer => (
                "Răspuns pierdut",
                "Banca primește ordinul, dar răspunsul ei are nevoie de un minut.",
                "ordinul există la bancă",
            ),
            Self::UnknownWord => (
                "Cuvânt necunoscut",
                "Între acord și executare starea este XYZW, un cuvânt pe care nu îl știe nimeni.",
                "XYZW, apoi ACSC",
            ),
            Self::ErrorAfterwards => (
                "Eroare după faptă",
                "Banca primește ordinul și răspunde cu eroarea 500.",
                "ordinul există la bancă",
            ),
        }
    }
}

async fn page(_: web::Data<Sandbox>) -> HttpResponse {
    let row = |(minor, story): (i64, Story)| {
        let (title, text, outcome) = story.told();
        let currency = Currency::Ron;
        Row {
            amount: Money { minor, currency }.shown(),
            title,
            text,
            outcome,
        }
    };
    let page = Page {
        amounts: Story::ALL.into_iter().map(row).collect(),
        closed: group(CLOSED_ACCOUNT),
        banks: BankCode::ALL.into_iter().map(Profile::of).collect(),
        people: customers::ALL,
        in_euro: InEuro {
            banks: Cdetab::ALL.into_iter().map(|bank| (bank.prefix(), bank.name())).collect(),
            people: people::ALL,
            closed: group(people::CLOSED_ACCOUNT),
        },
        in_dinars: InDinars {
            users: users::ALL,
            known_banks: users::KNOWN_BANKS.join(", "),
            closed: epp::local(users::CLOSED_ACCOUNT),
        },
    };
    html(StatusCode::OK, &page)
}

impl Persona {
    /// The opening balances, for the page.
    fn balances(&self) -> Vec<(String, String)> {
        let shown = |minor| {
            Money {
                minor,
                currency: Currency::Eur,
            }
            .shown()
        };
        self.accounts.iter().map(|a| (group(a.iban), shown(a.opening_minor))).collect()
    }
}

impl Profile {
    /// How a PSU says yes and no here, for the page.
    fn decision(&self) -> &'static str {
        match self.approach {
            Approach::OAuth | Approach::Redirect => {
                "pe pagina băncii: „Confirm plata!” sau „Refuz plata!”; trei coduri greșite la conectare închid ordinul (RJCT)"
            }
            Approach::Decoupled => "pe telefon: „Aprob” sau „Refuz”; un PSU-ID necunoscut este respins (401)",
            Approach::Embedded => "codul de pe telefon, dat comerciantului; al cincilea cod greșit închide ordinul (RJCT)",
        }
    }
}
