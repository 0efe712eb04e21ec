//! A consent that a PSU gave at the bank (STET: an OAuth 2.0 authorisation code, an access token for an hour at most,
//! a refresh token for 180 days), and the calls that are made with it.

use super::client::{self, Ask};
use super::tokens::Bought;
use super::{Stet, account_reading, unknown, with};
use crate::bank::accounts::{ConsentAnswer, ConsentKind, ConsentRequest, ConsentSession, ConsentVerdict, Read};
use crate::bank::http::{Reply, clean_user_agent};
use crate::bank::oauth::{self, CameBack, Secret};
use crate::bank::{BankError, PsuContext, PsuReply, PsuStep, Reason};
use chrono::{Days, NaiveDate};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// Longest OAuth `state` that STET banks take, in characters.
const MAX_STATE_CHARS: usize = 34;
/// How long a consent is good at most (RTS 2018/389 Art. 10a).
const MAX_DAYS: Days = Days::new(180);
/// Most pages of accounts read to tell the bank which ones the PSU chose.
const MAX_PAGES: usize = 20;

/// What must survive between two calls.
#[derive(Clone, Serialize, Deserialize)]
struct Held {
    kind: ConsentKind,
    authorise_url: Url,
    redirect_uri: Url,
    state: Secret,
    psu_ip: IpAddr,
    psu_user_agent: Option<String>,
    valid_until: NaiveDate,
    /// A code that could not be exchanged yet because the bank was not reached.
    code: Option<Secret>,
    access: Option<Secret>,
    refresh: Option<Secret>,
    /// The bank knows which accounts the PSU chose.
    told: bool,
    ended: bool,
}

/// A consent in use: a working copy of its session.
pub(super) struct Consent<'a> {
    bank: &'a Stet,
    session: ConsentSession,
    held: Held,
}

impl<'a> Consent<'a> {
    /// A consent to be asked for. The bank is not called: the PSU goes to it.
    ///
    /// # Errors
    /// [`BankError::Unsupported`] when `state` is longer than STET allows.
    pub(super) fn request(bank: &'a Stet, wanted: &ConsentRequest, psu: &PsuContext) -> Result<ConsentAnswer, BankError> {
        if psu.state.chars().count() > MAX_STATE_CHARS {
            return Err(BankError::Unsupported);
        }
        let scope = match wanted.kind {
            ConsentKind::Accounts => "aisp",
            ConsentKind::Funds => bank.protocol.version.funds_scope(),
        };
        let mut authorise_url = bank.addresses.authorise().clone();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", bank.credentials.client_id.as_str()),
            ("redirect_uri", psu.return_url.as_str()),
            ("scope", scope),
            ("state", psu.state.as_str()),
        ] {
            authorise_url = with(&authorise_url, name, value);
        }
        let longest = bank.clock.now().date().checked_add_days(MAX_DAYS);
        let held = Held {
            kind: wanted.kind,
            authorise_url: authorise_url.clone(),
            redirect_uri: psu.return_url.clone(),
            state: Secret::from(psu.state.clone()),
            psu_ip: psu.ip,
            psu_user_agent: psu.user_agent.as_deref().and_then(clean_user_agent),
            valid_until: longest.map_or(wanted.valid_until, |longest| longest.min(wanted.valid_until)),
            code: None,
            access: None,
            refresh: None,
            told: wanted.kind == ConsentKind::Funds || !bank.protocol.detailed_consent,
            ended: false,
        };
        let session = ConsentSession {
            consent: wanted.consent,
            calls: 0,
            bank_consent_id: None,
            state: Value::Null,
        };
        let new = Self { bank, session, held };
        Ok(new.answer(ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url: authorise_url })))
    }

    /// Takes a consent up again.
    ///
    /// # Errors
    /// [`BankError::Unsupported`] for a session of another kind.
    pub(super) fn open(bank: &'a Stet, session: &ConsentSession) -> Result<Self, BankError> {
        let held = serde_json::from_value(session.state.clone()).map_err(|_| BankError::Unsupported)?;
        let session = session.clone();
        Ok(Self { bank, session, held })
    }

    pub(super) const fn kind(&self) -> ConsentKind {
        self.held.kind
    }

    /// The session to keep.
    pub(super) fn close(mut self) -> ConsentSession {
        // A struct of texts and numbers always serialises.
        self.session.state = serde_json::to_value(&self.held).unwrap_or_default();
        self.session
    }

    fn answer(self, verdict: ConsentVerdict) -> ConsentAnswer {
        let bank_word = match verdict {
            ConsentVerdict::Valid => "valid",
            ConsentVerdict::Ended => "ended",
            ConsentVerdict::Refused(_) => "access_denied",
            ConsentVerdict::PsuNeeded(_) | ConsentVerdict::StillWorking => "",
        };
        ConsentAnswer {
            bank_word: bank_word.to_owned(),
            valid_until: (verdict == ConsentVerdict::Valid).then_some(self.held.valid_until),
            verdict,
            session: self.close(),
            ask_again_after: Duration::from_secs(2),
        }
    }

    /// - A code with our `state` is exchanged; where the exchange did not reach the bank it stays in the session.
    /// - A denial with our `state` is a refusal, unless a code came before it.
    /// - All else changes nothing and calls nobody.
    pub(super) async fn reply(self, reply: &PsuReply) -> Result<ConsentAnswer, BankError> {
        let PsuReply::CameBack { query } = reply else {
            return Err(BankError::Unsupported);
        };
        let ours = query.iter().any(|(name, value)| name == "state" && self.held.state.matches(value));
        let was_there = self.held.code.is_some() || self.held.access.is_some();
        match oauth::came_back(query, &self.held.state) {
            CameBack::Code(code) if ours && !was_there && !self.held.ended => self.exchange_first(code).await,
            CameBack::Denied if !was_there => {
                let mut denied = self;
                denied.held.ended = true;
                Ok(denied.answer(ConsentVerdict::Refused(Reason::PsuDeclined)))
            }
            _ if was_there => self.ask().await,
            _ => {
                let url = self.held.authorise_url.clone();
                Ok(self.answer(ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url })))
            }
        }
    }

    async fn exchange_first(mut self, code: Secret) -> Result<ConsentAnswer, BankError> {
        match self.exchange(&code).await {
            Ok(()) => self.ask().await,
            Err(BankError::NotSent(_) | BankError::Refused { status: 429, .. }) => {
                self.held.code = Some(code);
                Ok(self.answer(ConsentVerdict::StillWorking))
            }
            Err(error) => Err(error),
        }
    }

    /// How it stands. What is left to do is done first: a code exchanged, the accounts told.
    pub(super) async fn ask(mut self) -> Result<ConsentAnswer, BankError> {
        if self.held.ended {
            return Ok(self.answer(ConsentVerdict::Ended));
        }
        if let (None, Some(code)) = (&self.held.access, self.held.code.clone()) {
            match self.exchange(&code).await {
                Ok(()) => {}
                Err(BankError::Refused { status, .. }) if status != 429 => {
                    self.held.code = None;
                    let url = self.held.authorise_url.clone();
                    return Ok(self.answer(ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url })));
                }
                Err(error) => return Err(error),
            }
        }
        if self.held.access.is_none() {
            let url = self.held.authorise_url.clone();
            return Ok(self.answer(ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url })));
        }
        let usable = match self.held.kind {
            _ if !self.held.told => self.tell_accounts().await,
            ConsentKind::Accounts => self.get("accounts", self.bank.addresses.api(&["accounts"])).await.map(drop),
            // There is no call that would only tell.
            ConsentKind::Funds => Ok(()),
        };
        let verdict = match usable {
            Ok(()) => ConsentVerdict::Valid,
            Err(_) if self.held.ended => ConsentVerdict::Ended,
            Err(error) => {
                tracing::warn!(bank = %self.bank.code, %error, "the consent is not usable yet");
                ConsentVerdict::StillWorking
            }
        };
        Ok(self.answer(verdict))
    }

    /// Tells the bank that the PSU allows nothing any more, where the bank keeps a list.
    ///
    /// # Errors
    /// [`BankError::Unsupported`] where it does not.
    pub(super) async fn revoke(mut self) -> Result<ConsentAnswer, BankError> {
        if self.held.kind != ConsentKind::Accounts || !self.bank.protocol.detailed_consent || self.held.access.is_none() {
            return Err(BankError::Unsupported);
        }
        self.put_consents(&[], false).await?;
        self.held.ended = true;
        (self.held.access, self.held.refresh) = (None, None);
        Ok(self.answer(ConsentVerdict::Ended))
    }

    /// All the PSU's accounts, as the bank offers them, are those of the consent (STET "mixed detailed consent").
    async fn tell_accounts(&mut self) -> Result<(), BankError> {
        let mut url = self.bank.addresses.api(&["accounts"]);
        let mut chosen = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(body) = self.get("accounts", url.clone()).await? else {
                break;
            };
            chosen.extend(account_reading::account_ids(&body));
            let Some(next) = account_reading::next(&body, &url) else { break };
            url.set_query(Some(&next));
        }
        self.put_consents(&chosen, true).await?;
        self.held.told = true;
        Ok(())
    }

    async fn put_consents(&mut self, accounts: &[Value], allowed: bool) -> Result<(), BankError> {
        let mut body = json!({
            "balances": accounts,
            "transactions": accounts,
            "trustedBeneficiaries": allowed,
            "psuIdentity": allowed,
        });
        if self.bank.protocol.version > super::Version::V1_4_0 {
            body["owners"] = json!([]);
        }
        let url = self.bank.addresses.api(&["consents"]);
        self.call("consents", Method::PUT, url, body.to_string().into_bytes())
            .await
            .map(drop)
    }

    /// Reads a resource; `None` when the bank has nothing to tell (204).
    pub(super) async fn get(&mut self, operation: &'static str, url: Url) -> Result<Option<Value>, BankError> {
        let reply = self.call(operation, Method::GET, url, Vec::new()).await?;
        if reply.status == 204 {
            return Ok(None);
        }
        let body: Value = serde_json::from_slice(&reply.body).map_err(|_| unknown("the answer is unreadable"))?;
        body.is_object()
            .then_some(Some(body))
            .ok_or_else(|| unknown("the answer is unreadable"))
    }

    /// Calls with the PSU's token. One that has run out (there is no clock for that here: the bank says 401) is
    /// renewed once.
    pub(super) async fn call(&mut self, operation: &'static str, method: Method, url: Url, json: Vec<u8>) -> Result<Reply, BankError> {
        let access = self.held.access.clone().ok_or(BankError::Unsupported)?;
        let ask = Ask {
            operation,
            request_id: self.next_request_id(operation),
            method,
            url,
            headers: client::psu_headers(self.held.psu_ip, self.held.psu_user_agent.as_deref()),
            json,
        };
        match self.bank.call(ask.clone(), &access).await {
            Err(BankError::Refused {
                status: 401, code, text, ..
            }) => {
                let Some(refresh) = self.held.refresh.clone() else {
                    self.held.ended = true;
                    return Err(refused(code, text));
                };
                self.renew(&refresh).await?;
                let access = self.held.access.clone().ok_or(BankError::Unsupported)?;
                self.bank.call(ask, &access).await
            }
            other => other,
        }
    }

    pub(super) fn next_request_id(&mut self, operation: &str) -> uuid::Uuid {
        let id = client::request_id(self.session.consent, 0, operation, self.session.calls);
        self.session.calls = self.session.calls.saturating_add(1);
        id
    }

    async fn exchange(&mut self, code: &Secret) -> Result<(), BankError> {
        let form = self.bank.tokens().code(code, &self.held.redirect_uri);
        let id = self.next_request_id("exchange_code");
        let bought = self.bank.buy("exchange_code", form, id).await?;
        self.keep(bought);
        Ok(())
    }

    async fn renew(&mut self, refresh: &Secret) -> Result<(), BankError> {
        let form = self.bank.tokens().refresh(refresh);
        let id = self.next_request_id("refresh_token");
        match self.bank.buy("refresh_token", form, id).await {
            Ok(bought) => {
                self.keep(bought);
                Ok(())
            }
            Err(error) => {
                // The bank does not know the refresh token any more: only the PSU can give another consent.
                if matches!(
                    &error,
                    BankError::Refused {
                        status: 400 | 401 | 403,
                        ..
                    }
                ) {
                    self.held.ended = true;
                    (self.held.access, self.held.refresh) = (None, None);
                }
                Err(error)
            }
        }
    }

    fn keep(&mut self, bought: Bought) {
        self.held.access = Some(bought.access);
        self.held.refresh = bought.refresh.or_else(|| self.held.refresh.take());
        self.held.code = None;
    }
}

fn refused(code: String, text: String) -> BankError {
    BankError::Refused {
        status: 401,
        code,
        text,
        retry_after_s: None,
    }
}

/// Uses a consent of this kind, and brings its session back whatever comes of it.
pub(super) async fn using<T>(
    bank: &Stet,
    session: &ConsentSession,
    kind: ConsentKind,
    act: impl AsyncFnOnce(&mut Consent<'_>) -> Result<T, BankError>,
) -> Read<T> {
    let mut consent = match Consent::open(bank, session) {
        Ok(consent) if consent.kind() == kind => consent,
        _ => {
            return Read {
                result: Err(BankError::Unsupported),
                session: session.clone(),
            };
        }
    };
    let result = act(&mut consent).await;
    Read {
        result,
        session: consent.close(),
    }
}
