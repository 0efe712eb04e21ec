//! What partners, PSUs, timers, admins and banks do.

use super::aspsp::End;
use super::database::{CLIENT_ID, certificate};
use super::world::{Checked, Life, Outcome, Return, World};
use crate::bank::simulated::Style;
use crate::bank::{PsuReply, PsuStep};
use crate::flow::answer_step::answer_step;
use crate::flow::ask_bank::{ask_bank, due_payments};
use crate::flow::deliver_mail::{deliver_mail, due_mails};
use crate::flow::edit_instruction::EditedInstruction;
use crate::flow::four_eyes::{Change, Proposed, approve, propose};
use crate::flow::hand_over::{offer_hand_over, take_over};
use crate::flow::init_payment::{InitOrder, init_payment};
use crate::flow::issue_token::{TokenFlags, issue_token};
use crate::flow::open_page::open_page;
use crate::flow::reply_to_bank::reply_to_bank;
use crate::flow::resolve_payment::Resolution;
use crate::flow::submit_payment::{ConfirmedOrder, PsuDevice, submit_payment};
use crate::flow::withdraw_payment::{Then, withdraw_payment};
use crate::flow::{Context, FlowError};
use crate::payment::{Amount, Currency, Iban, Instruction, Language, PaymentId, Status};
use std::net::{IpAddr, Ipv4Addr};
use url::Url;

use super::actor::complete;

/// What can be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Init,
    Look,
    Submit,
    ComeBack,
    Forge,
    Answer,
    GiveUp,
    AnotherBank,
    HandOver,
    TakeOver,
    Status,
    Resolve,
}

const CREDITOR: &str = "RO49AAAA1B31007593840000";
const DEBTOR: &str = "RO09PORL7789778256833565";

/// More than is ever due: earlier runs may have left payments in doubt.
const ALL: i64 = 1_000_000;

/// The hash of a browser: of this run's payment alone.
pub(super) fn browser(life: &Life, n: usize) -> String {
    format!("browser-{}-{n}", life.id)
}

pub(super) fn init_order(id: PaymentId, minor: i64) -> InitOrder {
    InitOrder {
        instructions: vec![Instruction {
            creditor_name: "Magazin".into(),
            creditor_iban: Iban::parse(CREDITOR).unwrap(),
            amount: Amount::from_minor(minor, Currency::Ron).unwrap(),
            details: "Comanda".into(),
            end_to_end_id: format!("SP{id}"),
            giro: None,
        }],
        schedule: None,
        psu_email: Some("ana@client.example".into()),
        psu_id_at_partner: None,
        debtor_iban: None,
        debtor_bank: None,
        redirect_url: None,
        terms_accepted: true,
        iban_optimization: false,
        external_payment_id: None,
    }
}

impl Life {
    /// Its end was seen.
    pub(super) fn is_over(&self) -> bool {
        self.page.as_ref().is_some_and(|p| p.status.is_final())
    }
}

impl World {
    /// Every end was seen.
    pub(super) fn is_over(&self) -> bool {
        self.lives.iter().all(Life::is_over)
    }

    /// The partner gets a token, and with it a payment.
    pub(super) fn new_life(&mut self) {
        let issued = complete(issue_token(&self.nodes[0], &certificate(), CLIENT_ID, TokenFlags::default()));
        self.lives.push(Life {
            id: issued.unwrap().resource,
            link: None,
            browser: 0,
            page: None,
            returns: Vec::new(),
            key: None,
            stored: None,
            told: None,
        });
    }

    /// Somebody begins something.
    pub(super) fn somebody_begins(&mut self) -> Checked {
        let node = self.dice.roll(2);
        match self.dice.roll(10) {
            0 | 1 => {
                self.look_for_payments(node, 2);
                Ok(())
            }
            2 => {
                self.look_for_mails(node, 2);
                Ok(())
            }
            _ => self.life_goes_on(node),
        }
    }

    /// The timer of a node takes up some of the payments that are due.
    pub(super) fn look_for_payments(&mut self, node: usize, at_most: usize) -> usize {
        let due = complete(due_payments(&self.nodes[node], ALL, Vec::new())).unwrap();
        let mut lives: Vec<usize> = due.into_iter().filter_map(|(id, _)| self.number(id)).collect();
        lives.sort_unstable();
        lives.truncate(at_most);
        for life in &lives {
            let (cx, id) = (self.nodes[node].clone(), self.lives[*life].id);
            self.begin(node, Some(*life), "timer", async move { Outcome::Over(ask_bank(&cx, id).await) });
        }
        lives.len()
    }

    /// The timer of a node takes up some of the messages that are due.
    pub(super) fn look_for_mails(&mut self, node: usize, at_most: usize) -> usize {
        let mut due = complete(due_mails(&self.nodes[node], ALL)).unwrap();
        due.truncate(at_most);
        let count = due.len();
        for message in due {
            let cx = self.nodes[node].clone();
            self.begin(node, None, "mail", async move { Outcome::Over(deliver_mail(&cx, message).await) });
        }
        count
    }

    fn life_goes_on(&mut self, node: usize) -> Checked {
        let mut n = self.dice.roll(self.lives.len());
        if self.lives[n].is_over() {
            // Seldom does anybody do anything more.
            n = self.dice.roll(self.lives.len());
        }
        let life = &self.lives[n];
        if life.is_over() && self.dice.percent(60) {
            return Ok(());
        }
        if life.link.is_none() {
            self.deed(node, n, Deed::Init);
            return Ok(());
        }
        let status = life.page.as_ref().map(|p| p.status);
        let step = self.step_of(n);
        let wants_answer = matches!(step, Some(PsuStep::EnterCode(_) | PsuStep::ChooseMethod { .. }));
        let form = matches!(status, Some(Status::Created | Status::AttemptRefused));
        let waits = status == Some(Status::AwaitingPsu);
        let deeds = [
            (if status.is_none() { 40 } else { 6 }, Deed::Look),
            (if form { 25 } else { 2 }, Deed::Submit),
            (if life.returns.is_empty() { 0 } else { 25 }, Deed::ComeBack),
            (1, Deed::Forge),
            (if wants_answer { 25 } else { 0 }, Deed::Answer),
            (if waits { 3 } else { 1 }, Deed::GiveUp),
            (if waits { 4 } else { 1 }, Deed::AnotherBank),
            (1, Deed::HandOver),
            (if life.key.is_some() { 5 } else { 0 }, Deed::TakeOver),
            (1, Deed::Init),
            (2, Deed::Status),
            (if status == Some(Status::InDoubt) { 6 } else { 1 }, Deed::Resolve),
        ];
        match self.dice.weighted(&deeds) {
            Deed::Status => self.partner_asks(n),
            deed => {
                self.deed(node, n, deed);
                // A double click.
                if self.dice.percent(8) {
                    self.deed(1 - node, n, deed);
                }
                Ok(())
            }
        }
    }

    fn step_of(&self, life: usize) -> Option<PsuStep> {
        let page = self.lives[life].page.as_ref().filter(|p| p.status == Status::AwaitingPsu)?;
        serde_json::from_str(page.psu_step.as_deref()?).unwrap()
    }

    pub(super) fn deed(&mut self, node: usize, n: usize, deed: Deed) {
        let cx = self.nodes[node].clone();
        let life = &self.lives[n];
        let (id, mine) = (life.id, browser(life, life.browser));
        let what = format!("{deed:?}");
        match deed {
            Deed::Init => {
                let order = init_order(id, 1000);
                self.begin(node, Some(n), what, async move {
                    let partner = match cx.payment(id).await {
                        Ok((_, partner)) => partner,
                        Err(error) => return Outcome::Link(Err(error)),
                    };
                    Outcome::Link(init_payment(&cx, &partner, id, order).await.map(|a| a.link))
                });
            }
            Deed::Look => {
                // Mostly the PSU's own browser.
                let who = if self.dice.percent(5) { self.dice.roll(3) } else { life.browser };
                let (link, who_hash) = (life.link.clone().unwrap(), browser(life, who));
                self.begin(node, Some(n), what, async move {
                    Outcome::Page(who, open_page(&cx, id, &link, &who_hash).await)
                });
            }
            Deed::Submit => self.submit(node, n, mine),
            Deed::ComeBack | Deed::Forge => self.come_back(node, n, mine, deed == Deed::Forge),
            Deed::Answer => self.answer(node, n, mine),
            Deed::GiveUp | Deed::AnotherBank => {
                let then = if deed == Deed::GiveUp { Then::End } else { Then::AnotherWay };
                self.begin(node, Some(n), what, async move {
                    Outcome::Over(withdraw_payment(&cx, id, &mine, then).await)
                });
            }
            Deed::HandOver => self.begin(
                node,
                Some(n),
                what,
                async move { Outcome::Key(offer_hand_over(&cx, id, &mine).await) },
            ),
            Deed::TakeOver => {
                let (key, other) = (life.key.clone().unwrap(), browser(life, 1 - life.browser.min(1)));
                self.begin(node, Some(n), what, async move {
                    Outcome::TakenOver(take_over(&cx, id, &key, &other).await)
                });
            }
            Deed::Resolve => self.resolve(node, n),
            Deed::Status => {}
        }
    }

    fn submit(&mut self, node: usize, n: usize, browser_hash: String) {
        let bank = self.dice.pick(&self.banks).clone();
        let (cx, id) = (self.nodes[node].clone(), self.lives[n].id);
        let psu = PsuDevice {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            browser_hash,
            psu_id: None,
        };
        let instruction = init_order(id, 1000).instructions.pop().map(|i| EditedInstruction {
            creditor_name: i.creditor_name,
            creditor_iban: i.creditor_iban,
            amount: i.amount,
            details: i.details,
        });
        let confirmed = ConfirmedOrder {
            instruction,
            shown: None,
            bank_code: bank.clone(),
            debtor_iban: Iban::parse(DEBTOR).unwrap(),
            email: "ana@client.example".into(),
            language: Language::Ro,
        };
        self.begin(node, Some(n), format!("Submit to {bank}"), async move {
            Outcome::Over(submit_payment(&cx, id, &psu, confirmed, &[]).await)
        });
    }

    /// One of the ways back, again and again, or spoilt; or one that no bank gave.
    fn come_back(&mut self, node: usize, n: usize, browser_hash: String, forged: bool) {
        let life = &self.lives[n];
        let mut back = if forged || life.returns.is_empty() {
            let query = *self
                .dice
                .pick(&[("code", "code-of-nobody"), ("error", "access_denied"), ("x", "y")]);
            Return {
                bank: self.dice.pick(&self.banks).clone(),
                query: vec![(query.0.into(), query.1.into())],
            }
        } else {
            self.dice.pick(&life.returns).clone()
        };
        match self.dice.roll(20) {
            0 => back.query.retain(|(name, _)| name != "state"),
            1 => back.query.clear(),
            2 => back.query.push(("state".into(), "another".into())),
            _ => {}
        }
        let elsewhere = self.dice.percent(10);
        let cx = self.nodes[node].clone();
        let names: Vec<&str> = back.query.iter().map(|(name, _)| name.as_str()).collect();
        let what = format!("return to {} with {names:?}", back.bank);
        self.begin(node, Some(n), what, async move {
            let browser = (!elsewhere).then_some(browser_hash.as_str());
            Outcome::Over(reply_to_bank(&cx, &back.bank, back.query, browser).await.map(drop))
        });
    }

    fn answer(&mut self, node: usize, n: usize, browser_hash: String) {
        let order = self.lives[n].page.as_ref().and_then(|p| p.bank_payment_id.clone());
        let known = {
            let books = self.wire.books.lock().unwrap();
            order.and_then(|id| books.orders.iter().find(|o| o.id == id)?.otp.clone())
        };
        let (what, reply) = match (self.step_of(n), self.dice.roll(10)) {
            (Some(PsuStep::ChooseMethod { methods }), _) => ("method", PsuReply::Method(methods[0].id.clone())),
            (_, 0) => ("another code", PsuReply::Resend),
            (_, 1..=4) => ("wrong code", PsuReply::Code("x".to_owned().into())),
            _ => ("code", PsuReply::Code(known.unwrap_or_default().into())),
        };
        let (cx, id) = (self.nodes[node].clone(), self.lives[n].id);
        self.begin(node, Some(n), what, async move {
            Outcome::Over(answer_step(&cx, id, &browser_hash, reply).await)
        });
    }

    /// The partner asks for the status, and is never told what is not so.
    pub(super) fn partner_asks(&mut self, n: usize) -> Checked {
        let payment = self.payment(n);
        let before = self.lives[n].told.replace(payment.status);
        if let Some(before) = before.filter(|b| b.is_final() && *b != payment.status)
            && crate::payment::transition::correct(before) != Ok(payment.status)
        {
            return Err(format!("payment {n}: the partner was told {before}, and now {}", payment.status));
        }
        let word = payment.status.transaction_status(payment.bank_word.as_deref());
        let booked = self.wire.books.lock().unwrap().of(payment.id).any(|o| o.end == Some(End::Booked));
        if matches!(word, "ACSC" | "ACCC") && !booked {
            return Err(format!("I4: payment {n}: the partner is told {word}, and nothing was booked"));
        }
        Ok(())
    }

    /// An admin resolves a doubt, once the bank's books show what became of it.
    fn resolve(&mut self, node: usize, n: usize) {
        let payment = self.payment(n);
        // Seldom, one wants to resolve what is not in doubt; what they say is true all the same.
        let wants = payment.status == Status::InDoubt || self.dice.percent(20);
        let Some(resolution) = self.truth(n).filter(|_| wants) else {
            return;
        };
        let (cx, id) = (self.nodes[node].clone(), payment.id);
        self.begin(node, Some(n), format!("admin: {resolution:?}"), async move {
            Outcome::Over(two_admins(&cx, id, resolution).await)
        });
    }

    /// What became of the money, where that cannot change any more.
    fn truth(&mut self, n: usize) -> Option<Resolution> {
        let books = self.wire.books.lock().unwrap();
        let id = self.lives[n].id;
        if books.of(id).any(|o| o.end == Some(End::Booked)) {
            return Some(Resolution::Settled);
        }
        let open = books.of(id).any(super::aspsp::BankOrder::moves_money);
        let under_way = !books.under_way.is_empty() || self.actors.iter().any(|a| a.life == Some(n));
        (!open && !under_way).then_some(Resolution::NotExecuted)
    }

    /// Something happens at a bank, without us.
    pub(super) fn something_at_a_bank(&mut self) -> Checked {
        let n = self.dice.roll(self.lives.len());
        let id = self.lives[n].id;
        let reach = self.wire.books.lock().unwrap().within_reach(id);
        if !reach.is_empty() && self.dice.percent(70) {
            let order = self.dice.pick(&reach).clone();
            let yes = self.dice.percent(70);
            self.psu_decides(n, &order, yes);
            return self.is_true_now(n);
        }
        let workable = self.wire.books.lock().unwrap().workable();
        if !workable.is_empty() {
            let order = self.dice.pick(&workable).clone();
            let end = self.wire.books.lock().unwrap().work(&order);
            self.note(&format!("the bank works on {order}: {end:?}"));
        } else {
            self.wire.books.lock().unwrap().lapse();
        }
        Ok(())
    }

    /// The PSU says yes or no on the bank's page or in its app, and from a page is sent back to us.
    pub(super) fn psu_decides(&mut self, n: usize, id: &str, yes: bool) {
        self.note(&format!("the PSU of payment {n} says {} to {id}", if yes { "yes" } else { "no" }));
        let (order, code) = {
            let mut books = self.wire.books.lock().unwrap();
            let code = if yes {
                books.approve(id)
            } else {
                books.deny(id);
                None
            };
            (books.orders.iter().find(|o| o.id == id).unwrap().clone(), code)
        };
        let state = ("state".to_owned(), order.state.clone());
        let query = match (order.style, code) {
            (Style::Oauth, Some(code)) => vec![("code".into(), code), state],
            (Style::Oauth, None) => vec![("error".into(), "acces_denied".into()), state],
            (Style::Link | Style::LinkOnBegin, _) => vec![state],
            _ => return,
        };
        self.lives[n].returns.push(Return { bank: order.bank, query });
    }

    /// What is in the payer's link.
    pub(super) fn secret_of(link: &Url, name: &str) -> String {
        link.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned()
    }
}

/// One admin proposes how a doubt ended, another approves; whatever happens between the two.
async fn two_admins(cx: &Context, payment: PaymentId, resolution: Resolution) -> Result<(), FlowError> {
    let change = Change::ResolveDoubt {
        payment,
        resolution,
        reason: "the bank told us so".into(),
    };
    match propose(cx, "one", change).await? {
        Proposed::Waits(proposal) => approve(cx, "two", &proposal).await.map(drop),
        Proposed::Done(_) => Ok(()),
    }
}
