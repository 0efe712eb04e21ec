//! The list of jobs.

use crate::flow::{Context, FlowError, ask_bank, deliver_mail, sessions};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

/// Does what is due now, at most `at_once` of a kind at the same time; answers how many pieces of work there were.
pub(super) async fn all(cx: &Context, at_once: usize, stop: &CancellationToken) -> usize {
    let (payments, mails) = tokio::join!(payments(cx, at_once, stop), mails(cx, at_once, stop));
    log("sessions", sessions::remove_ended(cx).await.map(drop));
    cx.rules.sign_in_limit.tidy();
    payments + mails
}

async fn payments(cx: &Context, at_once: usize, stop: &CancellationToken) -> usize {
    let due = match ask_bank::due_payments(cx, 4 * i64::try_from(at_once).unwrap_or(16)).await {
        Ok(due) => due,
        Err(error) => {
            log("payments", Err(error));
            return 0;
        }
    };
    let work = due
        .into_iter()
        .take_while(|_| !stop.is_cancelled())
        .map(|id| async move { log("payment", ask_bank::ask_bank(cx, id).await) });
    futures_util::stream::iter(work).buffer_unordered(at_once).count().await
}

async fn mails(cx: &Context, at_once: usize, stop: &CancellationToken) -> usize {
    let due = match deliver_mail::due_mails(cx, 4 * i64::try_from(at_once).unwrap_or(16)).await {
        Ok(due) => due,
        Err(error) => {
            log("mails", Err(error));
            return 0;
        }
    };
    let work = due
        .into_iter()
        .take_while(|_| !stop.is_cancelled())
        .map(|id| async move { log("mail", deliver_mail::deliver_mail(cx, id).await) });
    futures_util::stream::iter(work).buffer_unordered(at_once).count().await
}

fn log(job: &str, result: Result<(), FlowError>) {
    match result {
        Ok(()) | Err(FlowError::Busy) => {}
        Err(error) => {
            metrics::counter!("smartpay_job_failures_total").increment(1);
            tracing::error!(job, %error, "a job failed; it is due again later");
        }
    }
}
