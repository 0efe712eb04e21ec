//! The simulated banks, which are also the judge: what was ordered, authorised, booked, refused.

use super::dice::Dice;
use super::gate::refused;
use crate::bank::BankError;
use crate::bank::simulated::{Request, Response, Style};
use crate::clock::{Clock, Timestamp};
use crate::payment::PaymentId;

/// How far the PSU's authorisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sca {
    NotStarted,
    Asked,
    Given,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Booked,
    Rejected,
    Cancelled,
}

/// An order at a bank.
#[derive(Clone, Debug)]
pub(super) struct BankOrder {
    pub(super) id: String,
    pub(super) bank: String,
    pub(super) style: Style,
    pub(super) payment: PaymentId,
    attempt: u32,
    pub(super) state: String,
    pub(super) sca: Sca,
    pub(super) end: Option<End>,
    /// A page of ours has shown the way to it.
    pub(super) link_seen: bool,
    /// The PSU said no on the bank's page.
    pub(super) denied: bool,
    /// A cancellation was refused.
    pub(super) kept: bool,
    /// Codes for tokens, and until when each is good.
    codes: Vec<(String, Timestamp)>,
    tokens: Vec<String>,
    /// The one-time code that was sent last.
    pub(super) otp: Option<String>,
    wrong: u32,
    asked_at: Timestamp,
}

impl BankOrder {
    /// The PSU can authorise it without us.
    pub(super) fn within_reach(&self) -> bool {
        let can = match self.style {
            Style::Oauth | Style::Link | Style::LinkOnBegin => self.link_seen,
            Style::Push | Style::PushOnBegin => true,
            Style::CodeOnBegin => false,
        };
        can && self.end.is_none() && self.sca == Sca::Asked
    }

    /// Money moved, or may move without us.
    pub(super) fn moves_money(&self) -> bool {
        match self.end {
            Some(end) => end == End::Booked,
            None => self.sca == Sca::Given || self.within_reach(),
        }
    }

    const fn word(&self) -> Option<&'static str> {
        match self.end {
            Some(End::Booked) => Some("ACSC"),
            Some(End::Rejected) => Some("RJCT"),
            Some(End::Cancelled) => Some("CANC"),
            None => None,
        }
    }
}

/// A bank's own rules.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) code: String,
    pub(super) style: Style,
    pub(super) withdraw_before_sca: bool,
    /// An authorised order can still be cancelled.
    pub(super) withdraw_after_sca: bool,
    /// Cancelling a cancelled order is confirmed again.
    pub(super) confirms_twice: bool,
    /// The PSU's no ends the order; elsewhere the PSU may think again.
    pub(super) denial_ends: bool,
    /// After so many wrong codes the bank ends the order.
    pub(super) wrong_codes: u32,
    /// Words go backwards, and some are unknown.
    pub(super) babbles: bool,
}

/// Everything at all banks.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) rules: Vec<Rules>,
    pub(super) orders: Vec<BankOrder>,
    /// What arrives later.
    pub(super) under_way: Vec<(String, Request)>,
    /// What must never happen and did.
    pub(super) faults: Vec<String>,
    pub(super) dice: Dice,
    /// From now on every word is what it should be, and nothing is refused.
    pub(super) honest: bool,
    pub(super) clock: Clock,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            orders: Vec::new(),
            under_way: Vec::new(),
            faults: Vec::new(),
            dice: Dice::new(0),
            honest: false,
            clock: Clock::default(),
        }
    }
}

type Said = Result<Response, BankError>;

/// How long a code for a token is good.
const CODE_LIFE: chrono::Duration = chrono::Duration::minutes(10);
/// How long the PSU has at the bank.
const SCA_LIFE: chrono::Duration = chrono::Duration::minutes(20);

impl Books {
    fn rules_of(&self, bank: &str) -> Rules {
        self.rules.iter().find(|r| r.code == bank).unwrap().clone()
    }

    /// A request arrives.
    pub(super) fn receive(&mut self, bank: &str, request: Request) -> Said {
        match request {
            Request::Initiate { payment, attempt, state } => self.initiate(bank, payment, attempt, state),
            Request::Exchange(code, state) => self.exchange(bank, &code, &state),
            Request::Begin(id) => self.begin(&id),
            Request::Method(id) | Request::Resend(id) => self.send_code(&id),
            Request::Code(id, code) => self.code(&id, &code),
            Request::Status(id, token) => self.status(&id, token),
            Request::Delete(id) => self.delete(&id),
        }
    }

    pub(super) fn order(&mut self, id: &str) -> &mut BankOrder {
        self.orders.iter_mut().find(|o| o.id == id).unwrap()
    }

    /// The orders of a payment.
    pub(super) fn of(&self, payment: PaymentId) -> impl Iterator<Item = &BankOrder> {
        self.orders.iter().filter(move |o| o.payment == payment)
    }

    fn initiate(&mut self, bank: &str, payment: PaymentId, attempt: u32, state: String) -> Said {
        if self.of(payment).any(|o| o.attempt == attempt) {
            self.faults.push(format!("attempt {attempt} was sent to a bank twice"));
        }
        if !self.honest && self.dice.percent(5) {
            return Err(refused(*self.dice.pick(&[400, 401, 403])));
        }
        let style = self.rules_of(bank).style;
        let at_once = !self.honest && self.dice.percent(4);
        let id = format!("o{}", self.orders.len() + 1);
        self.orders.push(BankOrder {
            id: id.clone(),
            bank: bank.to_owned(),
            style,
            payment,
            attempt,
            state,
            sca: match style {
                Style::Oauth | Style::Link | Style::Push => Sca::Asked,
                Style::LinkOnBegin | Style::PushOnBegin | Style::CodeOnBegin => Sca::NotStarted,
            },
            end: at_once.then_some(End::Rejected),
            link_seen: false,
            denied: false,
            kept: false,
            codes: Vec::new(),
            tokens: Vec::new(),
            otp: None,
            wrong: 0,
            asked_at: self.clock.now(),
        });
        let word = if at_once {
            "RJCT"
        } else {
            *self.dice.pick(&["RCVD", "RCVD", "ACTC", "Submit"])
        };
        Ok(Response::Taken(id, word.into()))
    }

    fn begin(&mut self, id: &str) -> Said {
        let (choose, now) = (self.dice.percent(40), self.clock.now());
        let otp = self.new_code();
        let order = self.order(id);
        if order.end.is_some() || order.sca != Sca::NotStarted {
            return Err(refused(409));
        }
        order.sca = Sca::Asked;
        order.asked_at = now;
        order.otp = (order.style == Style::CodeOnBegin && !choose).then_some(otp);
        Ok(Response::Begun { choose })
    }

    fn new_code(&mut self) -> String {
        format!("{:06}", self.dice.roll(1_000_000))
    }

    fn send_code(&mut self, id: &str) -> Said {
        let otp = self.new_code();
        let order = self.order(id);
        if order.end.is_some() || order.sca != Sca::Asked {
            return Err(refused(409));
        }
        order.otp = Some(otp);
        Ok(Response::CodeSent)
    }

    fn code(&mut self, id: &str, code: &str) -> Said {
        let bank = self.order(id).bank.clone();
        let most = self.rules_of(&bank).wrong_codes;
        let order = self.order(id);
        if order.end.is_some() || order.sca != Sca::Asked || order.otp.is_none() {
            return Err(refused(409));
        }
        if order.otp.as_deref() == Some(code) {
            self.authorise(id);
            return Ok(self.told(id));
        }
        order.wrong += 1;
        if order.wrong >= most {
            order.end = Some(End::Rejected);
            return Ok(Response::Status("RJCT".into(), false));
        }
        Ok(Response::WrongCode)
    }

    fn exchange(&mut self, bank: &str, code: &str, state: &str) -> Said {
        let now = self.clock.now();
        let token = format!("token-{}", self.dice.next());
        let of_code = |o: &&mut BankOrder| o.bank == bank && o.state == state && o.codes.iter().any(|(c, until)| c == code && *until > now);
        let Some(order) = self.orders.iter_mut().find(of_code) else {
            return Err(refused(400));
        };
        // A code works once.
        order.codes.retain(|(c, _)| c != code);
        order.tokens.push(token.clone());
        Ok(Response::Token(token))
    }

    fn status(&mut self, id: &str, token: Option<String>) -> Said {
        let order = self.order(id);
        if order.style == Style::Oauth && !token.is_some_and(|t| order.tokens.contains(&t)) {
            return Err(refused(401));
        }
        Ok(self.told(id))
    }

    /// What the bank tells of an order; the end is always told as it is.
    fn told(&mut self, id: &str) -> Response {
        let order = self.order(id).clone();
        if let Some(word) = order.word() {
            return Response::Status(word.into(), false);
        }
        let babbles = !self.honest && self.rules_of(&order.bank).babbles && self.dice.percent(40);
        if babbles {
            let word = *self.dice.pick(&["RCVD", "ACTC", "PART", "QQQQ", "", "acsc", "PDNG"]);
            let waits = if order.sca == Sca::Given { self.dice.percent(20) } else { true };
            return Response::Status(word.into(), waits);
        }
        match order.sca {
            Sca::Given => Response::Status("ACSP".into(), false),
            _ => Response::Status("RCVD".into(), true),
        }
    }

    fn delete(&mut self, id: &str) -> Said {
        let bank = self.order(id).bank.clone();
        let rules = self.rules_of(&bank);
        let order = self.order(id);
        let may = match (order.end, order.sca) {
            (Some(End::Cancelled), _) => rules.confirms_twice,
            (Some(_), _) => false,
            (None, Sca::Given) => rules.withdraw_after_sca,
            (None, _) => rules.withdraw_before_sca,
        };
        if !may {
            order.kept = true;
            return Err(refused(409));
        }
        order.end = Some(End::Cancelled);
        Ok(Response::Deleted)
    }

    /// The PSU authorises an order, by whatever way.
    pub(super) fn authorise(&mut self, id: &str) {
        let order = self.order(id);
        order.sca = Sca::Given;
        let payment = order.payment;
        let moving = self.of(payment).filter(|o| o.sca == Sca::Given && o.moves_money()).count();
        if moving > 1 {
            self.faults
                .push(format!("I1: {moving} orders of one payment are authorised ({id} just now)"));
        }
    }

    /// The PSU says yes on the bank's page or in its app; a code where the bank gives one.
    pub(super) fn approve(&mut self, id: &str) -> Option<String> {
        self.authorise(id);
        let (code, until) = (format!("code{}", self.dice.next()), self.clock.now() + CODE_LIFE);
        let order = self.order(id);
        if order.style != Style::Oauth {
            return None;
        }
        order.codes.push((code.clone(), until));
        Some(code)
    }

    /// The PSU says no there.
    pub(super) fn deny(&mut self, id: &str) {
        let bank = self.order(id).bank.clone();
        let ends = self.rules_of(&bank).denial_ends;
        let order = self.order(id);
        order.denied = true;
        if ends {
            order.end = Some(End::Rejected);
        }
    }

    /// The bank works on an authorised order.
    pub(super) fn work(&mut self, id: &str) -> End {
        let end = self.dice.weighted(&[(70, End::Booked), (20, End::Rejected), (10, End::Cancelled)]);
        self.order(id).end = Some(end);
        end
    }

    /// Ids of orders that the bank can work on.
    pub(super) fn workable(&self) -> Vec<String> {
        self.ids(|o| o.end.is_none() && o.sca == Sca::Given)
    }

    /// Ids of orders that the PSU of a payment can authorise without us.
    pub(super) fn within_reach(&self, payment: PaymentId) -> Vec<String> {
        self.ids(|o| o.payment == payment && o.within_reach())
    }

    fn ids(&self, which: impl Fn(&BankOrder) -> bool) -> Vec<String> {
        self.orders.iter().filter(|o| which(o)).map(|o| o.id.clone()).collect()
    }

    /// Orders that nobody authorised in time end.
    pub(super) fn lapse(&mut self) {
        let now = self.clock.now();
        for order in &mut self.orders {
            if order.end.is_none() && order.sca != Sca::Given && order.asked_at + SCA_LIFE < now {
                order.end = Some(End::Rejected);
            }
        }
    }
}
