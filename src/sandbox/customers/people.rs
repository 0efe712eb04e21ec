//! The people themselves: a table. The check digits are real, the banks' codes partly invented.

use super::{Account, Customer, Holding, OtpFormat, ScaMethod};
use crate::sandbox::BankCode::{Brd, Bt, Cec, Cod, Link, Mobil, Pasi, Standard};
use crate::sandbox::money::{Currency, Money};

const SMS: ScaMethod = ScaMethod {
    id: "sms",
    kind: "SMS_OTP",
    name: "Cod prin SMS",
    format: OtpFormat::Integer,
    length: 6,
};

const APP: ScaMethod = ScaMethod {
    id: "app",
    kind: "PUSH_OTP",
    name: "Cod în aplicația băncii",
    format: OtpFormat::Characters,
    length: 8,
};

const MAIL: ScaMethod = ScaMethod {
    id: "mail",
    kind: "SMTP_OTP",
    name: "Cod prin e-mail",
    format: OtpFormat::Integer,
    length: 4,
};

const fn ron(iban: &'static str, label: &'static str, minor: i64) -> Account {
    let currency = Currency::Ron;
    let opening = Money { minor, currency };
    Account { iban, label, opening }
}

const fn eur(iban: &'static str, label: &'static str, minor: i64) -> Account {
    let currency = Currency::Eur;
    let opening = Money { minor, currency };
    Account { iban, label, opening }
}

const fn at(bank: crate::sandbox::BankCode, psu_id: &'static str, methods: &'static [ScaMethod], accounts: &'static [Account]) -> Holding {
    Holding {
        bank,
        psu_id,
        methods,
        accounts,
    }
}

/// Everybody, each with accounts at every bank.
pub const ALL: &[Customer] = &[
    Customer {
        user: "ana",
        code: "1111",
        name: "Ana Popescu",
        hint: "un cont cu bani destui",
        phone: "0700 000 101",
        holdings: &[
            at(Cec, "ana", &[], &[ron("RO30CECEB00030RON0001001", "Cont curent", 1_250_000)]),
            at(Brd, "30001001", &[], &[ron("RO14BRDE410000RON0001001", "Cont curent", 1_250_000)]),
            at(
                Mobil,
                "0700000101",
                &[],
                &[ron("RO50MOBIM00001RON0001001", "Cont curent", 1_250_000)],
            ),
            at(Cod, "100101", &[SMS], &[ron("RO83CODBC00001RON0001001", "Cont curent", 1_250_000)]),
            at(Link, "ana", &[], &[ron("RO03LINKL00001RON0001001", "Cont curent", 1_250_000)]),
            at(Pasi, "ana", &[], &[ron("RO27PASIP00001RON0001001", "Cont curent", 1_250_000)]),
            at(Bt, "ana", &[], &[ron("RO33BTRLT00001RON0001001", "Cont curent", 1_250_000)]),
            at(Standard, "ana", &[], &[ron("RO90STDRS00001RON0001001", "Cont curent", 1_250_000)]),
        ],
    },
    Customer {
        user: "mihai",
        code: "2222",
        name: "Mihai Ionescu",
        hint: "două conturi, de ales la plată",
        phone: "0700 000 102",
        holdings: &[
            at(
                Cec,
                "mihai",
                &[],
                &[
                    ron("RO93CECEB00030RON0002001", "Cont curent", 320_050),
                    ron("RO66CECEB00030RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Brd,
                "40002001",
                &[],
                &[
                    ron("RO77BRDE410000RON0002001", "Cont curent", 320_050),
                    ron("RO50BRDE410000RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Mobil,
                "0700000102",
                &[],
                &[
                    ron("RO16MOBIM00001RON0002001", "Cont curent", 320_050),
                    ron("RO86MOBIM00001RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Cod,
                "100102",
                &[SMS, APP, MAIL],
                &[
                    ron("RO49CODBC00001RON0002001", "Cont curent", 320_050),
                    ron("RO22CODBC00001RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Link,
                "mihai",
                &[],
                &[
                    ron("RO66LINKL00001RON0002001", "Cont curent", 320_050),
                    ron("RO39LINKL00001RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Pasi,
                "mihai",
                &[],
                &[
                    ron("RO90PASIP00001RON0002001", "Cont curent", 320_050),
                    ron("RO63PASIP00001RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Bt,
                "mihai",
                &[],
                &[
                    ron("RO96BTRLT00001RON0002001", "Cont curent", 320_050),
                    ron("RO69BTRLT00001RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
            at(
                Standard,
                "mihai",
                &[],
                &[
                    ron("RO56STDRS00001RON0002001", "Cont curent", 320_050),
                    ron("RO29STDRS00001RON0002002", "Cont de economii", 4_800_000),
                ],
            ),
        ],
    },
    Customer {
        user: "elena",
        code: "3333",
        name: "Elena Radu",
        hint: "aproape fără bani: banca refuză plata",
        phone: "0700 000 103",
        holdings: &[
            at(Cec, "elena", &[], &[ron("RO59CECEB00030RON0003001", "Cont curent", 437)]),
            at(Brd, "30003001", &[], &[ron("RO43BRDE410000RON0003001", "Cont curent", 437)]),
            at(Mobil, "0700000103", &[], &[ron("RO79MOBIM00001RON0003001", "Cont curent", 437)]),
            at(Cod, "100103", &[SMS], &[ron("RO15CODBC00001RON0003001", "Cont curent", 437)]),
            at(Link, "elena", &[], &[ron("RO32LINKL00001RON0003001", "Cont curent", 437)]),
            at(Pasi, "elena", &[], &[ron("RO56PASIP00001RON0003001", "Cont curent", 437)]),
            at(Bt, "elena", &[], &[ron("RO62BTRLT00001RON0003001", "Cont curent", 437)]),
            at(Standard, "elena", &[], &[ron("RO22STDRS00001RON0003001", "Cont curent", 437)]),
        ],
    },
    Customer {
        user: "stefan",
        code: "4444",
        name: "Ștefan Dumitru",
        hint: "un cont în lei și unul în euro",
        phone: "0700 000 104",
        holdings: &[
            at(
                Cec,
                "stefan",
                &[],
                &[
                    ron("RO25CECEB00030RON0004001", "Cont curent", 25_000),
                    eur("RO65CECEB00030EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Brd,
                "40004001",
                &[],
                &[
                    ron("RO09BRDE410000RON0004001", "Cont curent", 25_000),
                    eur("RO49BRDE410000EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Mobil,
                "0700000104",
                &[],
                &[
                    ron("RO45MOBIM00001RON0004001", "Cont curent", 25_000),
                    eur("RO85MOBIM00001EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Cod,
                "100104",
                &[APP],
                &[
                    ron("RO78CODBC00001RON0004001", "Cont curent", 25_000),
                    eur("RO21CODBC00001EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Link,
                "stefan",
                &[],
                &[
                    ron("RO95LINKL00001RON0004001", "Cont curent", 25_000),
                    eur("RO38LINKL00001EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Pasi,
                "stefan",
                &[],
                &[
                    ron("RO22PASIP00001RON0004001", "Cont curent", 25_000),
                    eur("RO62PASIP00001EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Bt,
                "stefan",
                &[],
                &[
                    ron("RO28BTRLT00001RON0004001", "Cont curent", 25_000),
                    eur("RO68BTRLT00001EUR0004002", "Cont în euro", 90_000),
                ],
            ),
            at(
                Standard,
                "stefan",
                &[],
                &[
                    ron("RO85STDRS00001RON0004001", "Cont curent", 25_000),
                    eur("RO28STDRS00001EUR0004002", "Cont în euro", 90_000),
                ],
            ),
        ],
    },
    Customer {
        user: "brutaria",
        code: "5555",
        name: "Brutăria Spicul SRL",
        hint: "o firmă, pentru sume mari",
        phone: "0700 000 105",
        holdings: &[
            at(
                Cec,
                "brutaria",
                &[],
                &[ron("RO88CECEB00030RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Brd,
                "30005001",
                &[],
                &[ron("RO72BRDE410000RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Mobil,
                "0700000105",
                &[],
                &[ron("RO11MOBIM00001RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Cod,
                "100105",
                &[SMS, APP],
                &[ron("RO44CODBC00001RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Link,
                "brutaria",
                &[],
                &[ron("RO61LINKL00001RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Pasi,
                "brutaria",
                &[],
                &[ron("RO85PASIP00001RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Bt,
                "brutaria",
                &[],
                &[ron("RO91BTRLT00001RON0005001", "Cont de firmă", 185_000_000)],
            ),
            at(
                Standard,
                "brutaria",
                &[],
                &[ron("RO51STDRS00001RON0005001", "Cont de firmă", 185_000_000)],
            ),
        ],
    },
];
