//! The list of jobs.

use super::pump::{Piece, Work, log, take};
use crate::consent::ConsentId;
use crate::flow::ask_bank::{self, Asked, Due};
use crate::flow::consents::due;
use crate::flow::warn_of_certificates::warn_of_certificates;
use crate::flow::{
    Context, FlowError, audit_checkpoint, count_bank_calls, count_days, daily_report, deliver_mail, export_job, fill_search, four_eyes,
    payer_data, reconcile, reseal, retention, sessions, signing_keys, webhooks,
};
use crate::payment::PaymentId;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

/// Payments from before there was a search are made findable in so many steps between two pauses.
const FILLS: usize = 20;

/// Payments that are due.
#[derive(Clone, Debug)]
pub(super) struct Payments(pub(super) Context);

impl Work for Payments {
    type Id = PaymentId;
    type Taken = Due;
    type Rest = Asked;
    const NAME: &'static str = "payment";

    async fn due(&self, limit: i64, but: Vec<String>) -> Result<Vec<Piece<PaymentId>>, FlowError> {
        let due = ask_bank::due_payments(&self.0, limit, but).await?;
        Ok(due.into_iter().map(|(id, lane)| Piece { id, lane }).collect())
    }

    async fn take(&self, ids: Vec<PaymentId>) -> Result<Vec<(PaymentId, Due)>, FlowError> {
        let due = ask_bank::claim_due(&self.0, ids).await?;
        Ok(due.into_iter().map(|due| (due.id(), due)).collect())
    }

    async fn run(&self, due: Due) -> Result<Option<Asked>, FlowError> {
        ask_bank::ask_claimed(&self.0, due).await
    }

    async fn save(&self, rests: Vec<Asked>) -> Result<(), FlowError> {
        ask_bank::save_asked(&self.0, rests).await
    }
}

/// Consents that are due. Each is claimed and written by itself.
#[derive(Clone, Debug)]
pub(super) struct Consents(pub(super) Context);

impl Work for Consents {
    type Id = ConsentId;
    type Taken = ConsentId;
    type Rest = ();
    const NAME: &'static str = "consent";

    async fn due(&self, limit: i64, but: Vec<String>) -> Result<Vec<Piece<ConsentId>>, FlowError> {
        let due = due::due_consents(&self.0, limit, but).await?;
        Ok(due.into_iter().map(|(id, lane)| Piece { id, lane }).collect())
    }

    async fn take(&self, ids: Vec<ConsentId>) -> Result<Vec<(ConsentId, ConsentId)>, FlowError> {
        Ok(ids.into_iter().map(|id| (id, id)).collect())
    }

    async fn run(&self, id: ConsentId) -> Result<Option<()>, FlowError> {
        due::look_after(&self.0, id).await.map(|()| None)
    }

    async fn save(&self, _: Vec<()>) -> Result<(), FlowError> {
        Ok(())
    }
}

/// Mails that are due: one server, so no lanes. Each is claimed and written by itself.
#[derive(Clone, Debug)]
pub(super) struct Mails(pub(super) Context);

impl Work for Mails {
    type Id = String;
    type Taken = String;
    type Rest = ();
    const NAME: &'static str = "mail";

    async fn due(&self, limit: i64, _: Vec<String>) -> Result<Vec<Piece<String>>, FlowError> {
        let due = deliver_mail::due_mails(&self.0, limit).await?;
        Ok(due.into_iter().map(|id| Piece { id, lane: None }).collect())
    }

    async fn take(&self, ids: Vec<String>) -> Result<Vec<(String, String)>, FlowError> {
        Ok(ids.into_iter().map(|id| (id.clone(), id)).collect())
    }

    async fn run(&self, id: String) -> Result<Option<()>, FlowError> {
        deliver_mail::deliver_mail(&self.0, id).await.map(|()| None)
    }

    async fn save(&self, _: Vec<()>) -> Result<(), FlowError> {
        Ok(())
    }
}

/// Events that are due at partners' endpoints. Each is claimed and written by itself.
#[derive(Clone, Debug)]
pub(super) struct Webhooks(pub(super) Context);

impl Work for Webhooks {
    type Id = String;
    type Taken = String;
    type Rest = ();
    const NAME: &'static str = "webhook";
    // There are more of them than banks, and nobody looks after them all.
    const LANE_SHARE: usize = 8;

    async fn due(&self, limit: i64, but: Vec<String>) -> Result<Vec<Piece<String>>, FlowError> {
        let due = webhooks::due(&self.0, limit, but).await?;
        Ok(due.into_iter().map(|(id, lane)| Piece { id, lane: Some(lane) }).collect())
    }

    async fn take(&self, ids: Vec<String>) -> Result<Vec<(String, String)>, FlowError> {
        Ok(ids.into_iter().map(|id| (id.clone(), id)).collect())
    }

    async fn run(&self, id: String) -> Result<Option<()>, FlowError> {
        webhooks::deliver(&self.0, id).await.map(|()| None)
    }

    async fn save(&self, _: Vec<()>) -> Result<(), FlowError> {
        Ok(())
    }
}

/// What payers asked for about their own data. Each is looked at page by page.
#[derive(Clone, Debug)]
pub(super) struct PayerRequests(pub(super) Context);

impl Work for PayerRequests {
    type Id = String;
    type Taken = String;
    type Rest = ();
    const NAME: &'static str = "payer request";

    async fn due(&self, limit: i64, _: Vec<String>) -> Result<Vec<Piece<String>>, FlowError> {
        let due = payer_data::due(&self.0, limit).await?;
        Ok(due.into_iter().map(|id| Piece { id, lane: None }).collect())
    }

    async fn take(&self, ids: Vec<String>) -> Result<Vec<(String, String)>, FlowError> {
        Ok(ids.into_iter().map(|id| (id.clone(), id)).collect())
    }

    async fn run(&self, id: String) -> Result<Option<()>, FlowError> {
        payer_data::look_at_a_page(&self.0, &id).await.map(|()| None)
    }

    async fn save(&self, _: Vec<()>) -> Result<(), FlowError> {
        Ok(())
    }
}

/// What has run out and is only to be tidied away.
pub(super) async fn tidy(cx: &Context) {
    log("sessions", sessions::remove_ended(cx).await.map(drop));
    log("certificates", warn_of_certificates(cx).await.map(drop));
    log("proposals", four_eyes::end_overdue(cx).await.map(drop));
    log("daily", retention::daily(cx).await);
    log("audit checkpoint", audit_checkpoint::make_if_due(cx).await.map(drop));
    for _ in 0..FILLS {
        match fill_search::fill_some(cx).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                log("search", Err(error));
                break;
            }
        }
    }
    log("exports", export_job::remove_old(cx).await);
    log("statements", reconcile::remove_forgotten(cx).await);
    log("daily report", daily_report::send_due(cx).await.map(drop));
    log("signing keys", signing_keys::destroy_idle(cx).await);
    cx.rules.sign_in_limit.tidy();
}

/// Writes a file that somebody asked for; whether there was one.
pub(super) async fn export(cx: &Context) -> bool {
    match export_job::write_one(cx).await {
        Ok(there_was) => there_was,
        Err(error) => {
            log("export", Err(error));
            false
        }
    }
}

/// Keeps what came of the calls to banks.
pub(super) async fn bank_calls(cx: &Context) {
    log("bank calls", count_bank_calls::count_bank_calls(cx).await.map(drop));
}

/// Compares a statement that somebody uploaded; whether there was one.
pub(super) async fn compare(cx: &Context) -> bool {
    match reconcile::compare_one(cx).await {
        Ok(there_was) => there_was,
        Err(error) => {
            log("statement", Err(error));
            false
        }
    }
}

/// Keeps the figures of reports.
pub(super) async fn count(cx: &Context, stop: &CancellationToken) {
    log("reports", count_days::count_days(cx, || stop.is_cancelled()).await);
}

/// Seals anew what older keys have sealed.
pub(super) async fn reseal(cx: &Context, stop: &CancellationToken) {
    log("reseal", reseal::reseal(cx, || stop.is_cancelled()).await);
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
    for some in due.chunks(at_once) {
        let tried = take(work.clone(), some.to_vec()).await;
        let all = tried.into_iter().map(|(_, taken)| async move {
            match taken? {
                Some(taken) => work.run(taken).await,
                None => Ok(None),
            }
        });
        let ended: Vec<_> = futures_util::stream::iter(all).buffer_unordered(at_once).collect().await;
        let (rests, failed): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
        failed.into_iter().for_each(|failure| log(W::NAME, failure.map(drop)));
        let rests: Vec<W::Rest> = rests.into_iter().flatten().flatten().collect();
        if !rests.is_empty() {
            log(W::NAME, work.save(rests).await);
        }
    }
    due.len()
}
