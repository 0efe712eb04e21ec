//! One payment that never was: how amounts, banks, states and times are spread.

use crate::clock::Timestamp;
use crate::partner::{Partner, PartnerKind};
use crate::payment::{Amount, Event, Iban, Instruction, Language, PaymentId, Status, next};
use crate::store::bulk::Made;
use crate::store::history::Entry;
use crate::store::payments::Payment;
use chrono::Duration;

/// Two years, in seconds.
const SPAN_S: u64 = 2 * 365 * 86_400;
/// Banks whose identifiers stand in the accounts.
const IDENTIFIERS: [&str; 6] = ["BTRL", "RNCB", "BRDE", "BACX", "INGB", "CECE"];

/// Numbers that look random and are the same every time (SplitMix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    const fn below(&mut self, end: u64) -> u64 {
        self.throw() % end
    }

    /// A number below `end`; small ones more often.
    const fn skewed(&mut self, end: u64) -> u64 {
        let (one, other) = (self.below(end), self.below(end));
        if one < other { one } else { other }
    }
}

/// Over what the payments are spread.
#[derive(Debug)]
pub struct Spread {
    /// Partners; the first have more payments.
    pub partners: Vec<Partner>,
    /// Codes of banks; the first have more payments.
    pub banks: Vec<String>,
    /// The end of the two years.
    pub now: Timestamp,
    /// How many payments there will be.
    pub many: u64,
}

/// How a payment ends, what leads there, the bank's last word and the reason.
type Course = (&'static [Event], Option<&'static str>, Option<&'static str>);

const fn course(of_a_thousand: u64) -> Course {
    use Event as E;
    match of_a_thousand {
        0..780 => (
            &[E::OrderReceived, E::SubmitStarted, E::PsuNeeded, E::BankWorking, E::BankSettled],
            Some("ACSC"),
            None,
        ),
        780..850 => (
            &[E::OrderReceived, E::SubmitStarted, E::PsuNeeded, E::BankRejected],
            Some("RJCT"),
            Some("bank_declined"),
        ),
        850..870 => (
            &[E::OrderReceived, E::SubmitStarted, E::PsuNeeded, E::BankCancelled],
            Some("CANC"),
            Some("psu_declined"),
        ),
        870..998 => (&[E::OrderReceived, E::PsuGaveUp], None, None),
        998 => (
            &[E::OrderReceived, E::SubmitStarted, E::PsuNeeded, E::BankWorking],
            Some("ACSP"),
            None,
        ),
        _ => (&[E::OrderReceived, E::SubmitStarted, E::AnswerLost], None, None),
    }
}

impl Spread {
    /// The payment of a number; of two numbers the higher is the later.
    pub fn payment(&self, n: u64, dice: &mut Dice) -> Made {
        let back_s = (self.many - n) * SPAN_S / self.many.max(1);
        let jitter = Duration::microseconds(dice.below(40_000_000).cast_signed());
        let created_at = self.now - Duration::seconds(back_s.cast_signed()) + jitter - Duration::seconds(40);
        let partner = &self.partners[dice.skewed(self.partners.len() as u64) as usize];
        let (events, word, reason) = course(dice.below(1000));
        let (status, history) = history(created_at, events, word);
        let ended_at = status.is_final().then(|| history.last().map_or(created_at, |(at, _)| *at));
        let id = PaymentId::from_random(crate::crypto::random());
        let at_bank = events.contains(&Event::SubmitStarted);
        let payer = dice.skewed(self.many / 5 + 1);
        let payment = Payment {
            id,
            status,
            bank_word: word.map(Into::into),
            reason: reason.map(Into::into),
            // Those that have not ended are never asked about: no bank knows them.
            due_at: (!status.is_final()).then(|| self.now + Duration::days(3650)),
            attempts: i32::from(at_bank),
            external_payment_id: Some(format!("CMD-{n:07}")),
            redirect_url: Some("https://shop.example/inapoi".into()),
            language: Some(if dice.below(10) == 0 { Language::En } else { Language::Ro }),
            terms_accepted: at_bank,
            psu_email: Some(format!("platitor{payer}@exemplu.example")),
            debtor_iban: at_bank.then(|| account(payer)).flatten(),
            bank_code: at_bank.then(|| self.banks[dice.skewed(self.banks.len() as u64) as usize].clone()),
            bank_payment_id: at_bank.then(|| format!("bank-{n:07}")),
            updated_at: history.last().map_or(created_at, |(at, _)| *at),
            ended_at,
            instructions: vec![instruction(id, partner, n, dice)],
            instruction_words: vec![None],
            instruction_texts: vec![None],
            ..Payment::new(id, &partner.id, partner.currency, created_at, created_at + Duration::minutes(30))
        };
        Made { payment, history }
    }
}

/// An account that is always the same one for the same number.
fn account(number: u64) -> Option<Iban> {
    let bank = IDENTIFIERS[(number % IDENTIFIERS.len() as u64) as usize];
    let digits = number.wrapping_mul(7_919).wrapping_add(1_000_003);
    Iban::from_bban("RO", &format!("{bank}{digits:016}")).ok()
}

fn instruction(id: PaymentId, partner: &Partner, n: u64, dice: &mut Dice) -> Instruction {
    // A shop is paid into its own account; an ERP pays many.
    let digits: u64 = partner
        .client_id
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |all, b| all * 10 + u64::from(b - b'0'));
    let number = match partner.kind {
        PartnerKind::Finance => 900_000 + dice.below(50_000),
        PartnerKind::Ecommerce => 800_000 + digits,
    };
    let name = match partner.kind {
        PartnerKind::Finance => format!("Furnizor {}", number - 900_000),
        PartnerKind::Ecommerce => format!("{} SRL", partner.name),
    };
    // From 1 to 5,000 lei; small ones more often; one in ten thousand much more.
    let minor = if dice.below(10_000) == 0 {
        10_000_000 + dice.below(40_000_000)
    } else {
        100 + dice.skewed(499_900)
    };
    #[expect(clippy::expect_used, reason = "16 digits after four letters are an account")]
    let creditor_iban = account(number).expect("an account");
    Instruction {
        creditor_name: name,
        creditor_iban,
        amount: Amount {
            minor: minor.cast_signed(),
            currency: partner.currency,
        },
        details: format!("Comanda {n}"),
        end_to_end_id: format!("SP{id}"),
        giro: None,
    }
}

/// The history that the transition table allows for these events.
fn history(created_at: Timestamp, events: &[Event], word: Option<&str>) -> (Status, Vec<(Timestamp, Entry)>) {
    let (mut at, mut status, mut lines) = (created_at, Status::Created, Vec::with_capacity(events.len()));
    for event in events {
        at += Duration::seconds(9);
        let Ok(to) = next(status, *event) else { break };
        let entry = Entry {
            from: status,
            event: event.as_str().into(),
            to,
            actor: match event {
                Event::OrderReceived => "partner",
                Event::SubmitStarted | Event::PsuGaveUp => "psu",
                _ => "bank",
            },
            bank_word: if matches!(event, Event::BankSettled | Event::BankRejected | Event::BankCancelled) {
                word.map(Into::into)
            } else {
                None
            },
            detail: None,
            request_id: None,
        };
        lines.push((at, entry));
        status = to;
    }
    (status, lines)
}
