//! What a PSU authorises: an order or a consent. The conversation about the authorisation is the same for both.

use super::authorisation::Authorisation;
use super::conversation::Turn;
use super::sca::ScaStatus;
use super::{BerlinGroup, reading};
use crate::bank::http::Call;
use crate::bank::oauth::Secret;
use crate::bank::{Answer, BankError, PsuStep, Verdict};
use reqwest::Method;
use url::Url;
use uuid::Uuid;

/// An order or a consent, in the middle of a conversation about it: a working copy that is lost with an error.
pub(super) trait Subject: Sized + Send + Sync {
    /// What the bank says of it, for the caller.
    type Answer;
    /// The status word of one that was taken and to which nothing has happened.
    const FRESH_WORD: &'static str;

    /// Whose it is.
    fn bank(&self) -> &BerlinGroup;
    /// Its authorisation.
    fn sca(&self) -> &Authorisation;
    /// Its authorisation, to be changed.
    fn sca_mut(&mut self) -> &mut Authorisation;
    /// Its last status word.
    fn word(&self) -> &str;
    /// Where the PSU comes back to, and the value that comes back too.
    fn way(&self) -> (&Url, &Secret);
    /// Where its authorisations are started and listed; with an id, where one of them is.
    fn authorisations(&self, id: Option<&str>) -> Result<Url, BankError>;
    /// A call about it to its bank, without a body.
    fn prepare<'b>(&mut self, bank: &'b BerlinGroup, operation: &'static str, method: Method, url: Url) -> Result<Call<'b>, BankError>;
    /// The request id of the start with this number.
    fn start_id(&self, number: u32) -> Uuid;
    /// Asks the bank for its status word and keeps it.
    fn read_word(&mut self) -> impl Future<Output = Result<(), BankError>> + Send;
    /// Whether its word is an end.
    fn is_over(&self) -> bool;
    /// The answer for a word that is an end; `wrong_code` says that the code entered last was wrong.
    fn over(self, status: Option<ScaStatus>, wrong_code: bool) -> impl Future<Output = Self::Answer> + Send;
    /// The answer while its word is no end: what the PSU must do, or nothing.
    fn open(self, step: Option<PsuStep>) -> Self::Answer;
    /// As [`Self::open`], asking again soon: the bank did not answer.
    fn open_and_ask_soon(self, step: Option<PsuStep>) -> Self::Answer;
    /// A copy to fall back on.
    fn copy(&self) -> Self;
}

impl Subject for Turn<'_> {
    type Answer = Answer;
    const FRESH_WORD: &'static str = "RCVD";

    fn bank(&self) -> &BerlinGroup {
        self.bank
    }

    fn sca(&self) -> &Authorisation {
        &self.talk.sca
    }

    fn sca_mut(&mut self) -> &mut Authorisation {
        &mut self.talk.sca
    }

    fn word(&self) -> &str {
        &self.talk.word
    }

    fn way(&self) -> (&Url, &Secret) {
        (&self.talk.return_url, &self.talk.state)
    }

    fn authorisations(&self, id: Option<&str>) -> Result<Url, BankError> {
        let (addresses, order) = (&self.bank.addresses, self.order_id()?);
        let url = match id {
            None => addresses.authorisations(self.talk.service, order),
            Some(id) => addresses.authorisation(self.talk.service, order, id),
        };
        url.ok_or(BankError::Unsupported)
    }

    fn prepare<'b>(&mut self, bank: &'b BerlinGroup, operation: &'static str, method: Method, url: Url) -> Result<Call<'b>, BankError> {
        self.prepare_call(bank, operation, method, Some(url))
    }

    fn start_id(&self, number: u32) -> Uuid {
        self.request_id("begin", number)
    }

    async fn read_word(&mut self) -> Result<(), BankError> {
        self.talk.word = self.get_status().await?;
        Ok(())
    }

    fn is_over(&self) -> bool {
        reading::ending(&self.talk.word, self.talk.service, &self.bank.protocol).is_some()
    }

    async fn over(self, status: Option<ScaStatus>, wrong_code: bool) -> Answer {
        let ending = reading::ending(&self.talk.word, self.talk.service, &self.bank.protocol);
        let verdict = ending.unwrap_or(Verdict::StillWorking);
        self.end(reading::with_sca(verdict, status, wrong_code)).await
    }

    fn open(self, step: Option<PsuStep>) -> Answer {
        self.answer(step.map_or(Verdict::StillWorking, Verdict::PsuNeeded))
    }

    fn open_and_ask_soon(self, step: Option<PsuStep>) -> Answer {
        let mut answer = self.open(step);
        answer.ask_again_after = reading::SOON;
        answer
    }

    fn copy(&self) -> Self {
        self.as_it_was()
    }
}
