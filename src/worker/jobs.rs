//! The list of jobs.

use super::pump::{Piece, Work, log};
use crate::consent::ConsentId;
use crate::flow::consents::due;
use crate::flow::{Context, FlowError, ask_bank, deliver_mail, sessions};
use crate::payment::PaymentId;
use futures_util::StreamExt as _;

/// Payments that are due.
#[derive(Clone, Debug)]
pub(super) struct Payments(pub(super) Context);

impl Work for Payments {
    type Id = PaymentId;
    const NAME: &'static str = "payment";

    async fn due(&self, limit: i64, but: Vec<String>) -> Result<Vec<Piece<PaymentId>>, FlowError> {
        let due = ask_bank::due_payments(&self.0, limit, but).await?;
        Ok(due.into_iter().map(|(id, lane)| Piece { id, lane }).collect())
    }

    async fn run(&self, id: PaymentId) -> Result<(), FlowError> {
        ask_bank::ask_bank(&self.0, id).await
    }
}

/// Consents that are due.
#[derive(Clone, Debug)]
pub(super) struct Consents(pub(super) Context);

impl Work for Consents {
    type Id = ConsentId;
    const NAME: &'static str = "consent";

    async fn due(&self, limit: i64, but: Vec<String>) -> Result<Vec<Piece<ConsentId>>, FlowError> {
        let due = due::due_consents(&self.0, limit, but).await?;
        Ok(due.into_iter().map(|(id, lane)| Piece { id, lane }).collect())
    }

    async fn run(&self, id: ConsentId) -> Result<(), FlowError> {
        due::look_after(&self.0, id).await
    }
}

/// Mails that are due: one server, so no lanes.
#[derive(Clone, Debug)]
pub(super) struct Mails(pub(super) Context);

impl Work for Mails {
    type Id = String;
    const NAME: &'static str = "mail";

    async fn due(&self, limit: i64, _: Vec<String>) -> Result<Vec<Piece<String>>, FlowError> {
        let due = deliver_mail::due_mails(&self.0, limit).await?;
        Ok(due.into_iter().map(|id| Piece { id, lane: None }).collect())
    }

    async fn run(&self, id: String) -> Result<(), FlowError> {
        deliver_mail::deliver_mail(&self.0, id).await
    }
}

/// What has run out and is only to be tidied away.
pub(super) async fn tidy(cx: &Context) {
    log("sessions", sessions::remove_ended(cx).await.map(drop));
    cx.rules.sign_in_limit.tidy();
}

/// Does what is due now, once; answers how many pieces there were.
pub(super) async fn once<W: Work>(work: &W, at_once: usize) -> usize {
    let due = match work.due(64, Vec::new()).await {
        Ok(due) => due,
        Err(error) => {
            log(W::NAME, Err(error));
            return 0;
        }
    };
    let all = due.into_iter().map(|piece| async move { log(W::NAME, work.run(piece.id).await) });
    futures_util::stream::iter(all).buffer_unordered(at_once).count().await
}
