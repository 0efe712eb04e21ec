//! One run: two nodes, one database, some payments, their PSUs, one partner, some banks, a mail server, and
//! chance, which decides who moves next.

use super::actor::{Flow, Stand, complete};
use super::aspsp::Rules as BankRules;
use super::database::{self, Database};
use super::dice::Dice;
use super::gate::{Fate, Gate, Point, Wire};
use crate::bank::calls::Calls;
use crate::bank::directory::simulated::banks;
use crate::bank::simulated::{Request, Simulated, Style};
use crate::clock::{Clock, Timestamp};
use crate::flow::bank_states::BankStates;
use crate::flow::open_page::Opened;
use crate::flow::sign_in::SignInLimit;
use crate::flow::signing_keys::SigningKeys;
use crate::flow::{Context, FlowError, OfficeRules, Rules};
use crate::mail::Mailer;
use crate::payment::{PaymentId, Status};
use crate::store::between_jobs::{Fault, set_fault, writes};
use crate::store::payments::{self, Payment};
use crate::webhook::{Sender, WebhookSettings};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use url::Url;

/// What a flow ended with.
pub(super) enum Outcome {
    /// The payer's link, for the partner.
    Link(Result<Url, FlowError>),
    /// A page, for a browser.
    Page(usize, Result<Opened, FlowError>),
    /// The address for another browser.
    Key(Result<Url, FlowError>),
    /// Another browser has taken over.
    TakenOver(Result<Url, FlowError>),
    /// Anything else.
    Over(Result<(), FlowError>),
}

/// A flow under way.
pub(super) struct Actor {
    pub(super) node: usize,
    pub(super) life: Option<usize>,
    pub(super) what: String,
    flow: Flow<Outcome>,
    gate: Option<Arc<Gate>>,
    began_at: Timestamp,
    /// It is not moved before this step.
    frozen_until: usize,
}

/// A PSU's way back from a bank.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) bank: String,
    pub(super) query: Vec<(String, String)>,
}

/// A payment and those it matters to.
pub(super) struct Life {
    pub(super) id: PaymentId,
    /// The secret of the payer's link, once the partner knows it.
    pub(super) link: Option<String>,
    /// The browser the PSU uses now; the others belong to anybody.
    pub(super) browser: usize,
    /// What the page showed last.
    pub(super) page: Option<Payment>,
    pub(super) returns: Vec<Return>,
    pub(super) key: Option<String>,
    /// As it was in the database after so many writes.
    pub(super) stored: Option<(u64, Payment)>,
    /// What the partner was told last.
    pub(super) told: Option<Status>,
}

/// A run.
pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) nodes: [Context; 2],
    pub(super) wire: Wire,
    pub(super) clock: Clock,
    pub(super) lives: Vec<Life>,
    pub(super) actors: Vec<Actor>,
    pub(super) banks: Vec<String>,
    pub(super) trace: String,
    /// How many in a hundred messages come to grief.
    pub(super) storm: usize,
    pub(super) step: usize,
    /// What becomes of the next things that are sent, before chance decides again.
    pub(super) fates: VecDeque<Fate>,
    /// How often what happened.
    pub(super) seen: BTreeMap<String, u64>,
    _database: Database,
}

/// A sender of mail who took longer may not be the only one.
const MAIL_LEASE: chrono::Duration = chrono::Duration::seconds(120);

/// What must never happen.
pub(super) type Checked = Result<(), String>;

impl World {
    pub(super) fn new(seed: u64, database: &Database) -> Self {
        let mut dice = Dice::new(seed);
        let (clock, wire) = (Clock::stopped_at(database::start()), Wire::default());
        let rules: Vec<BankRules> = Style::ALL.into_iter().map(|style| bank_rules(style, &mut dice)).collect();
        let simulated = rules.iter().map(|r| {
            let bank = Simulated {
                code: r.code.clone(),
                style: r.style,
                withdraw_before_sca: r.withdraw_before_sca,
                line: Arc::new(wire.clone()),
            };
            (r.code.clone(), bank)
        });
        let node = Context {
            db: database.db.clone(),
            banks: banks(simulated.collect()),
            mailer: Arc::new(Mailer::Simulated(Box::new(wire.clone()))),
            clock: clock.clone(),
            rules: Arc::new(our_rules()),
            calls: Calls::default(),
            bank_states: BankStates::default(),
            signing_keys: SigningKeys::default(),
            webhooks: webhooks(),
        };
        // Few banks in a run: the same one again and another one are both likely.
        let (oauth, some) = (&rules[0], 1 + dice.roll(3));
        let mut pick = || if dice.percent(15) { oauth } else { dice.pick(&rules) };
        let banks = (0..some).map(|_| pick().code.clone()).collect();
        {
            let mut books = wire.books.lock().unwrap();
            books.rules = rules;
            books.clock = clock.clone();
            books.dice = Dice::new(dice.next());
        }
        Self {
            nodes: [node.clone(), node],
            wire,
            clock,
            lives: Vec::new(),
            actors: Vec::new(),
            banks,
            trace: String::new(),
            storm: *dice.pick(&[0, 5, 15, 35]),
            dice,
            step: 0,
            fates: VecDeque::new(),
            seen: BTreeMap::new(),
            _database: database.clone(),
        }
    }

    /// A line of the story.
    pub(super) fn note(&mut self, text: &str) {
        let at = (self.clock.now() - database::start()).num_seconds();
        let _ = writeln!(self.trace, "{:>4} {at:>7} s  {text}", self.step);
    }

    /// Counts what happened.
    pub(super) fn count(&mut self, what: impl Into<String>) {
        *self.seen.entry(what.into()).or_default() += 1;
    }

    /// A payment as it is in the database; read again only after a write.
    pub(super) fn payment(&mut self, life: usize) -> Payment {
        let (id, written) = (self.lives[life].id, writes());
        if let Some((_, known)) = self.lives[life].stored.as_ref().filter(|(then, _)| *then == written) {
            return known.clone();
        }
        let payment = complete(self.nodes[0].db.read(move |a| payments::get(a, id))).unwrap().unwrap();
        self.lives[life].stored = Some((written, payment.clone()));
        payment
    }

    /// The number of a payment in this run: ids are drawn anew each time.
    pub(super) fn number(&self, id: PaymentId) -> Option<usize> {
        self.lives.iter().position(|l| l.id == id)
    }

    /// Lets a flow begin on a node.
    pub(super) fn begin(
        &mut self,
        node: usize,
        life: Option<usize>,
        what: impl Into<String>,
        future: impl Future<Output = Outcome> + Send + 'static,
    ) {
        let what = what.into();
        let of = life.map_or_else(String::new, |n| format!("payment {n} "));
        self.note(&format!("node {node}: {of}{what} begins"));
        self.actors.push(Actor {
            node,
            life,
            what,
            flow: Flow::new(future),
            gate: None,
            began_at: self.clock.now(),
            frozen_until: 0,
        });
    }

    /// Those who may move.
    fn awake(&self) -> Vec<usize> {
        (0..self.actors.len())
            .filter(|n| self.actors[*n].frozen_until <= self.step)
            .collect()
    }

    /// Somebody moves; `false` when nobody can.
    pub(super) fn somebody_moves(&mut self) -> Result<bool, String> {
        let awake = self.awake();
        if awake.is_empty() {
            return Ok(false);
        }
        let who = *self.dice.pick(&awake);
        self.move_actor(who)?;
        Ok(true)
    }

    /// Moves one flow to its next wait for the world outside, or leaves it behind a database job.
    pub(super) fn move_actor(&mut self, who: usize) -> Checked {
        if let Some(gate) = self.actors[who].gate.take() {
            let fate = self.fate(gate.point);
            let (point, what, life) = (gate.point, &self.actors[who].what, self.actors[who].life);
            let line = format!(
                "payment {life:?} {what}: {point:?} {fate:?} {:?}",
                gate.said.as_ref().map(|(_, r)| r)
            );
            self.note(&without_secrets(&line));
            self.wire.inbox.lock().unwrap().stale = self.clock.now() - self.actors[who].began_at >= MAIL_LEASE;
            if let (Fate::Refused(_), Some((_, Request::Delete(order)))) = (fate, &gate.said) {
                self.wire.books.lock().unwrap().order(order).kept = true;
            }
            self.count(format!("{point:?} {fate:?}"));
            gate.open(fate);
        }
        // The database fails seldom, and then one write; a mail's mark that is not written costs a second copy.
        let spared = self.storm == 0 || self.actors[who].life.is_none();
        let fault = match !spared && self.dice.percent(3) {
            true => Some(*self.dice.pick(&[Fault::Busy, Fault::Unanswered])),
            false => None,
        };
        set_fault(fault);
        let moved = self.move_on(who);
        set_fault(None);
        moved
    }

    fn move_on(&mut self, who: usize) -> Checked {
        loop {
            match self.actors[who].flow.advance(&self.wire, &self.clock) {
                Stand::Done(outcome) => {
                    let actor = self.actors.remove(who);
                    return self.ended(&actor, outcome);
                }
                Stand::Waits(gate) => {
                    let said = gate.said.clone().map(|(_, request)| request);
                    self.actors[who].gate = Some(gate);
                    return said.map_or(Ok(()), |request| self.may_leave(&request));
                }
                Stand::Sleeps => return Ok(()),
                Stand::BehindDatabase if self.dice.percent(10) => return Ok(()),
                Stand::BehindDatabase => {}
            }
        }
    }

    /// Nothing that a crash could make us forget is said to a bank.
    fn may_leave(&mut self, request: &Request) -> Checked {
        match request {
            Request::Initiate { payment, attempt, .. } => {
                let n = self.number(*payment).unwrap();
                let stored = self.payment(n).attempts;
                if stored < i32::try_from(*attempt).unwrap() {
                    return Err(format!(
                        "payment {n} is sent to a bank, and the intent of attempt {attempt} is not saved"
                    ));
                }
            }
            Request::Begin(order) => {
                let payment = self.wire.books.lock().unwrap().order(order).payment;
                let n = self.number(payment).unwrap();
                if self.payment(n).status == Status::Initiating && self.payment(n).bank_payment_id.is_none() {
                    return Err(format!("the PSU of payment {n} is to be asked about {order}, which is not saved"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fate(&mut self, point: Point) -> Fate {
        if let Some(fate) = self.fates.pop_front() {
            return fate;
        }
        if !self.dice.percent(self.storm) {
            return Fate::Arrives;
        }
        match point {
            Point::ToBank => {
                let status = *self.dice.pick(&[400, 401, 403, 404, 429]);
                let fates = [(3, Fate::NotSent), (2, Fate::Refused(status)), (3, Fate::Lost), (2, Fate::Late)];
                self.dice.weighted(&fates)
            }
            Point::FromBank | Point::ToMail | Point::FromMail => Fate::Lost,
        }
    }

    /// As kill -9: what the flows of a node had not saved is gone; what they had sent may still arrive.
    pub(super) fn crash(&mut self, node: usize) {
        self.note(&format!("node {node} is killed"));
        self.count("kill");
        let (dead, alive): (Vec<Actor>, Vec<Actor>) = std::mem::take(&mut self.actors).into_iter().partition(|a| a.node == node);
        self.actors = alive;
        for said in dead.into_iter().filter_map(|a| a.gate?.said.clone()) {
            if self.dice.percent(30) {
                self.wire.books.lock().unwrap().under_way.push(said);
            }
        }
    }

    /// A flow stops for some steps, and much longer than its lease.
    pub(super) fn freeze(&mut self) {
        let awake = self.awake();
        if awake.is_empty() {
            return;
        }
        let who = *self.dice.pick(&awake);
        self.actors[who].frozen_until = self.step + 5 + self.dice.roll(40);
        let line = format!("payment {:?} {} is frozen", self.actors[who].life, self.actors[who].what);
        self.note(&line);
        if self.dice.percent(60) {
            self.time_passes(&[71, 90, 300]);
        }
    }

    pub(super) fn thaw(&mut self) {
        for actor in &mut self.actors {
            actor.frozen_until = 0;
        }
    }

    pub(super) fn time_passes(&mut self, seconds: &[u64]) {
        let by = Duration::from_secs(*self.dice.pick(seconds));
        self.clock.advance(by);
        self.note(&format!("{} s pass", by.as_secs()));
    }

    /// What had been under way arrives at the bank; nobody waits for the answer.
    pub(super) fn late_arrival(&mut self) {
        let arrived = {
            let mut books = self.wire.books.lock().unwrap();
            if books.under_way.is_empty() {
                return;
            }
            let (bank, request) = books.under_way.remove(0);
            let line = format!("late at the bank: {request:?}");
            let _ = books.receive(&bank, request);
            line
        };
        self.note(&without_secrets(&arrived));
    }
}

/// The story is the same each time although ids and secrets are drawn anew.
fn without_secrets(line: &str) -> String {
    let mut line = line.to_owned();
    for name in ["payment: PaymentId(", "state: \""] {
        if let Some(at) = line.find(name).map(|at| at + name.len()) {
            let end = line[at..].find([')', '"']).map_or(line.len(), |n| at + n);
            line.replace_range(at..end, "…");
        }
    }
    match line.find("Exchange(") {
        Some(at) => line[..at].to_owned() + "Exchange",
        None => line,
    }
}

fn bank_rules(style: Style, dice: &mut Dice) -> BankRules {
    let withdraw_before_sca = dice.percent(70);
    BankRules {
        code: format!("{style:?}").to_lowercase(),
        style,
        withdraw_before_sca,
        withdraw_after_sca: dice.percent(30),
        confirms_twice: dice.percent(50),
        // Where nothing can be withdrawn, a denial is the end.
        denial_ends: !withdraw_before_sca || dice.percent(50),
        wrong_codes: *dice.pick(&[3, 5, 8]),
        babbles: dice.percent(50),
    }
}

/// Nobody has an endpoint here; setting up a client takes its time, so there is one.
fn webhooks() -> Sender {
    static SENDER: LazyLock<Sender> = LazyLock::new(|| Sender::new(WebhookSettings::default()).unwrap());
    SENDER.clone()
}

fn our_rules() -> Rules {
    Rules {
        base_url: Url::parse("https://pay.example/").unwrap(),
        gateway_url: Url::parse("https://gateway.example/").unwrap(),
        signature_age_s: 300,
        link_life: Duration::from_secs(1800),
        access_life: Duration::from_secs(300),
        refresh_life: Duration::from_secs(7200),
        lease: Duration::from_secs(70),
        mail_from: "SmartPay <plati@pay.example>".into(),
        mail_domain: "pay.example".into(),
        support_contact: "ajutor@pay.example".into(),
        four_eyes: true,
        partner_cas: None,
        sign_in_limit: SignInLimit::default(),
        keeping: crate::flow::retention::Keeping::default(),
        office: OfficeRules::default(),
    }
}
