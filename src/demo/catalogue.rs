//! What the shop sells and what the accounting page owes. All of it is made up.

use crate::payment::{Amount, Currency};

/// A product of the shop.
#[derive(Debug)]
pub(super) struct Product {
    pub id: &'static str,
    pub name: &'static str,
    pub maker: &'static str,
    pub text: &'static str,
    /// What the picture shows, for who cannot see it.
    pub picture: &'static str,
    pub price: Amount,
    /// What it costs in the shop's sales in euro.
    pub price_in_euro: Amount,
}

impl Product {
    pub(super) const fn price_in(&self, currency: Currency) -> Amount {
        match currency {
            Currency::Eur => self.price_in_euro,
            Currency::Ron | Currency::Rsd => self.price,
        }
    }
}

const fn ron(minor: i64) -> Amount {
    Amount {
        minor,
        currency: Currency::Ron,
    }
}

const fn eur(minor: i64) -> Amount {
    Amount {
        minor,
        currency: Currency::Eur,
    }
}

const fn rsd(minor: i64) -> Amount {
    Amount {
        minor,
        currency: Currency::Rsd,
    }
}

pub(super) const PRODUCTS: [Product; 6] = [
    Product {
        id: "cana",
        name: "Cană de lut smălțuită",
        maker: "Atelierul Horia, Horezu",
        text: "Modelată la roată, cu spirală trasă din corn. 300\u{a0}ml, nu se teme de mașina de spălat vase.",
        picture: "Cană de lut cu spirală albă și albastră",
        price: ron(4_800),
        price_in_euro: eur(960),
    },
    Product {
        id: "miere",
        name: "Miere de tei, 450\u{a0}g",
        maker: "Stupina din Luncavița",
        text: "Culeasă în iunie, dintr-o singură pădure. Cristalizează fin spre iarnă.",
        picture: "Borcan de miere cu capac de pânză",
        price: ron(3_250),
        price_in_euro: eur(650),
    },
    Product {
        id: "linguri",
        name: "Trei linguri de cireș",
        maker: "Vasile Ciopraga, Gura Humorului",
        text: "Cioplite dintr-o bucată și unse cu ulei de in. Pentru oală, pentru salată, pentru gust.",
        picture: "Trei linguri de lemn așezate una lângă alta",
        price: ron(6_400),
        price_in_euro: eur(1_280),
    },
    Product {
        id: "prosop",
        name: "Prosop de in țesut",
        maker: "Țesătoarele din Mărginime",
        text: "In spălat, cu vrâste roșii alese la război. 50\u{a0}×\u{a0}70\u{a0}cm.",
        picture: "Prosop de in cu dungi roșii și motiv țesut",
        price: ron(5_400),
        price_in_euro: eur(1_080),
    },
    Product {
        id: "lumanare",
        name: "Lumânare din ceară de albine",
        maker: "Stupina din Luncavița",
        text: "Ceară curată, fitil de bumbac. Arde vreo 40 de ore și miroase a fagure.",
        picture: "Lumânare galbenă aprinsă",
        price: ron(3_990),
        price_in_euro: eur(800),
    },
    Product {
        id: "caiet",
        name: "Caiet cusut de mână",
        maker: "Legătoria de pe Blănari",
        text: "96 de pagini fără linii, coperte de pânză, cotor cusut la vedere. Se deschide drept.",
        picture: "Caiet albastru cu cotor cusut",
        price: ron(4_500),
        price_in_euro: eur(900),
    },
];

pub(super) fn product(id: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|p| p.id == id)
}

/// A supplier's invoice the company has not paid.
#[derive(Debug)]
pub(super) struct Invoice {
    /// In links.
    pub id: &'static str,
    pub number: &'static str,
    pub supplier: &'static str,
    pub iban: &'static str,
    pub what: &'static str,
    pub amount: Amount,
    /// Days from the opening of the demonstration until it is due; negative is overdue.
    pub due_in_days: i64,
}

pub(super) const INVOICES: [Invoice; 4] = [
    Invoice {
        id: "ev-20418",
        number: "EV 20418",
        supplier: "Energia Văii SA",
        iban: "RO05BTRL0000000000204180",
        what: "Energie electrică, octombrie",
        amount: ron(184_237),
        due_in_days: -3,
    },
    Invoice {
        id: "ht-0097",
        number: "HT 0097",
        supplier: "Hârtie și Tipar SRL",
        iban: "RO40RNCB0000000000009700",
        what: "Etichete și cutii de carton",
        amount: ron(61_250),
        due_in_days: 2,
    },
    Invoice {
        id: "tl-3312",
        number: "TL 3312",
        supplier: "Transport Lacul Roșu SRL",
        iban: "RO25INGB0000000000331200",
        what: "Transport marfă, săptămâna 46",
        amount: ron(1_249_900),
        due_in_days: 6,
    },
    Invoice {
        id: "cm-118",
        number: "CM 118",
        supplier: "Contabilitate Mureș PFA",
        iban: "RO46BRDE0000000000001180",
        what: "Servicii de contabilitate",
        amount: ron(95_000),
        due_in_days: 14,
    },
];

/// What a company in Serbia owes; the accounts are written as people write them there.
pub(super) const INVOICES_RSD: [Invoice; 3] = [
    Invoice {
        id: "vd-2217",
        number: "VD 2217/26",
        supplier: "Vodovod Dunav JKP",
        iban: "160-451203-05",
        what: "Apă și canalizare, octombrie",
        amount: rsd(1_845_050),
        due_in_days: 4,
    },
    Invoice {
        id: "kn-0318",
        number: "KN 318",
        supplier: "Knjižara Most DOO",
        iban: "265-1100310000002-43",
        what: "Rechizite pentru școală",
        amount: rsd(623_000),
        due_in_days: 9,
    },
    Invoice {
        id: "gr-77",
        number: "GR 77",
        supplier: "Grejanje Sever AD",
        iban: "170-30012345000-46",
        what: "Încălzire, noiembrie",
        amount: rsd(9_610_025),
        due_in_days: 15,
    },
];

/// What the company pays every month, by a standing order.
pub(super) const RENT: Invoice = Invoice {
    id: "chirie",
    number: "contract 7",
    supplier: "Hala Veche SRL",
    iban: "RO49AAAA1B31007593840000",
    what: "Chiria atelierului, în fiecare lună",
    amount: ron(245_000),
    due_in_days: 0,
};

pub(super) fn invoice(id: &str) -> Option<&'static Invoice> {
    INVOICES.iter().chain(&INVOICES_RSD).find(|i| i.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::Iban;

    #[test]
    fn everything_on_sale_and_owed_can_be_paid() {
        for invoice in INVOICES_RSD.iter() {
            let account = Iban::parse(invoice.iban).unwrap_or_else(|_| panic!("{}", invoice.number));
            assert_eq!(account.local().as_deref(), Some(invoice.iban));
        }
        for invoice in INVOICES.iter().chain([&RENT]) {
            let iban = Iban::parse(invoice.iban).unwrap_or_else(|_| panic!("{}", invoice.number));
            assert_eq!(iban.electronic(), invoice.iban);
            assert!(invoice.supplier.chars().count() <= 70);
        }
        for product in &PRODUCTS {
            assert!(product.price.minor > 0 && product.price_in_euro.minor > 0);
            assert_eq!(product.price_in(Currency::Eur).currency, Currency::Eur);
            assert!(super::super::pages::Assets::get(&format!("{}.svg", product.id)).is_some());
        }
    }
}
