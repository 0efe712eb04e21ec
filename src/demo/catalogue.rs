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
}

const fn ron(minor: i64) -> Amount {
    Amount {
        minor,
        currency: Currency::Ron,
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
    },
    Product {
        id: "miere",
        name: "Miere de tei, 450\u{a0}g",
        maker: "Stupina din Luncavița",
        text: "Culeasă în iunie, dintr-o singură pădure. Cristalizează fin spre iarnă.",
        picture: "Borcan de miere cu capac de pânză",
        price: ron(3_250),
    },
    Product {
        id: "linguri",
        name: "Trei linguri de cireș",
        maker: "Vasile Ciopraga, Gura Humorului",
        text: "Cioplite dintr-o bucată și unse cu ulei de in. Pentru oală, pentru salată, pentru gust.",
        picture: "Trei linguri de lemn așezate una lângă alta",
        price: ron(6_400),
    },
    Product {
        id: "prosop",
        name: "Prosop de in țesut",
        maker: "Țesătoarele din Mărginime",
        text: "In spălat, cu vrâste roșii alese la război. 50\u{a0}×\u{a0}70\u{a0}cm.",
        picture: "Prosop de in cu dungi roșii și motiv țesut",
        price: ron(5_400),
    },
    Product {
        id: "lumanare",
        name: "Lumânare din ceară de albine",
        maker: "Stupina din Luncavița",
        text: "Ceară curată, fitil de bumbac. Arde vreo 40 de ore și miroase a fagure.",
        picture: "Lumânare galbenă aprinsă",
        price: ron(3_990),
    },
    Product {
        id: "caiet",
        name: "Caiet cusut de mână",
        maker: "Legătoria de pe Blănari",
        text: "96 de pagini fără linii, coperte de pânză, cotor cusut la vedere. Se deschide drept.",
        picture: "Caiet albastru cu cotor cusut",
        price: ron(4_500),
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
    INVOICES.iter().find(|i| i.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::Iban;

    #[test]
    fn everything_on_sale_and_owed_can_be_paid() {
        for invoice in INVOICES.iter().chain([&RENT]) {
            let iban = Iban::parse(invoice.iban).unwrap_or_else(|_| panic!("{}", invoice.number));
            assert_eq!(iban.electronic(), invoice.iban);
            assert!(invoice.supplier.chars().count() <= 70);
        }
        for product in &PRODUCTS {
            assert!(product.price.minor > 0);
            assert!(super::super::pages::Assets::get(&format!("{}.svg", product.id)).is_some());
        }
    }
}
