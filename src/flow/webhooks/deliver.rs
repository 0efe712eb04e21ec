//! Sends what waits for partners' endpoints.

use super::{KEPT_TRYING, OFF_AFTER};
use crate::clock::Timestamp;
use crate::crypto::http_signature::{Component, REQUEST_TAG, Target, content_digest, sign};
use crate::fail_point;
use crate::flow::{Context, FlowError, after};
use crate::mail::{OutgoingMail, WebhookOff, is_mailbox, render_webhook_off};
use crate::partner::webhook::TEST_EVENT;
use crate::store::outbox::{self, NewMessage};
use crate::store::webhook_deliveries::{self as deliveries, Attempt, Claimed};
use crate::store::webhook_endpoints::{self, Endpoint, OFF_FAILING};
use crate::store::{Access, StoreError, audit, partners};
use crate::webhook::Answer;
use std::time::Duration;
use url::Url;

/// How long one attempt may take before another sender may try.
const LEASE: Duration = Duration::from_secs(60);
/// Pauses between attempts, in seconds; the last one stays.
const PAUSES_S: [u64; 9] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600];
/// By so many percent a pause is longer, by chance.
const JITTER_PERCENT: u64 = 20;
/// What our signature covers: the whole request.
const COVERED: [&str; 6] = [
    "@method",
    "@target-uri",
    "content-digest",
    "content-type",
    "webhook-id",
    "webhook-timestamp",
];

/// Deliveries that are due, with their endpoints, none of them to the endpoints of `but`.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn due(cx: &Context, limit: i64, but: Vec<String>) -> Result<Vec<(String, String)>, FlowError> {
    let now = cx.now();
    Ok(cx.db.read(move |a| deliveries::due(a, now, limit, &but)).await?)
}

/// Sends an event to an endpoint, if it is still due.
///
/// # Errors
/// [`FlowError::Internal`] of the database, or when nothing can be signed.
pub async fn deliver(cx: &Context, id: String) -> Result<(), FlowError> {
    let now = cx.now();
    let claimed = cx.db.write(move |a| deliveries::claim(a, &id, now, after(now, LEASE))).await?;
    let Some(claimed) = claimed else { return Ok(()) };
    let attempt = match &claimed.payload {
        // One that was switched off while this was written; a test asks whether it could be switched on.
        _ if !claimed.endpoint.active && claimed.kind != TEST_EVENT => given_up("the endpoint is off"),
        None => given_up("the event was erased"),
        Some(payload) => {
            let headers = headers(cx, &claimed, payload).await?;
            let answered = cx.webhooks.post(&claimed.endpoint.url, &headers, payload.to_string()).await;
            fail_point::may_die("webhook_delivered");
            outcome(&claimed, answered, cx.now())
        }
    };
    metrics::counter!("smartpay_webhooks_total", "outcome" => word(&attempt)).increment(1);
    save(cx, claimed, attempt).await
}

fn given_up(why: &str) -> Attempt {
    Attempt {
        status_code: None,
        error: Some(why.into()),
        answer: String::new(),
        again_at: None,
    }
}

const fn word(attempt: &Attempt) -> &'static str {
    match attempt {
        Attempt { error: None, .. } => "delivered",
        Attempt { again_at: Some(_), .. } => "again",
        Attempt { .. } => "given_up",
    }
}

/// The event's name and time as Standard Webhooks has them, and our signature (RFC 9421) over them and the body.
async fn headers(cx: &Context, claimed: &Claimed, payload: &str) -> Result<Vec<(&'static str, String)>, FlowError> {
    let (keys, now) = (cx.signing_keys().await?, cx.now());
    let key = keys.signer(now).ok_or_else(|| FlowError::Internal("no key signs".into()))?;
    let created = now.and_utc().timestamp();
    let (digest, timestamp) = (content_digest(payload.as_bytes()), created.to_string());
    let target = Target::of_url("POST", &claimed.endpoint.url);
    let covered = COVERED.map(Component::own);
    let signed = sign(key, REQUEST_TAG, created, &covered, |component| match component.name {
        "content-digest" => Some(digest.clone()),
        "content-type" => Some("application/json".to_owned()),
        "webhook-id" => Some(claimed.event_id.clone()),
        "webhook-timestamp" => Some(timestamp.clone()),
        derived => target.value(derived),
    })
    .map_err(|e| FlowError::Internal(format!("a webhook cannot be signed: {e}")))?;
    Ok(vec![
        ("webhook-id", claimed.event_id.clone()),
        ("webhook-timestamp", timestamp.clone()),
        ("content-digest", digest.clone()),
        ("signature-input", signed.input),
        ("signature", signed.signature),
    ])
}

/// What an answer, or the lack of one, means: 2xx took it, and nothing else did.
fn outcome(claimed: &Claimed, answered: Result<Answer, String>, now: Timestamp) -> Attempt {
    let (status_code, answer, error) = match answered {
        Ok(answer) if (200..300).contains(&answer.status) => (Some(answer.status), answer.text, None),
        Ok(answer) => (Some(answer.status), answer.text, Some(format!("HTTP {}", answer.status))),
        Err(why) => (None, String::new(), Some(why)),
    };
    let until = claimed.created_at + KEPT_TRYING;
    let may = error.is_some() && claimed.kind != TEST_EVENT && now < until;
    Attempt {
        again_at: may.then(|| after(now, pause(claimed.attempts, &claimed.event_id)).min(until)),
        status_code,
        error,
        answer,
    }
}

/// The pause after so many attempts. Chance comes from the event's id, which is random.
fn pause(attempts: i32, event_id: &str) -> Duration {
    let step = usize::try_from(attempts).unwrap_or(0);
    let pause_s = PAUSES_S[step.min(PAUSES_S.len() - 1)];
    let digits = event_id.get(4 + step % 24..).and_then(|rest| rest.get(..4));
    let chance = digits.and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    Duration::from_millis(pause_s * 1000 + pause_s * 10 * JITTER_PERCENT * chance / 0xffff)
}

/// Writes how an attempt went. An endpoint that has taken nothing for [`OFF_AFTER`] is switched off.
async fn save(cx: &Context, claimed: Claimed, attempt: Attempt) -> Result<(), FlowError> {
    let now = cx.now();
    let endpoint_id = claimed.endpoint.id.clone();
    let too_long = claimed.endpoint.failing_since.is_some_and(|since| since <= now - OFF_AFTER);
    let mail = if attempt.error.is_some() && too_long {
        off_mail(cx, &claimed.endpoint, now).await?
    } else {
        None
    };
    let write = cx.db.write(move |a| {
        if !deliveries::finish(a, &claimed, &attempt, now)? || !claimed.endpoint.active {
            return Ok(false);
        }
        webhook_endpoints::note(a, &endpoint_id, attempt.error.is_none(), now)?;
        let off = attempt.error.is_some() && webhook_endpoints::switch_off_failing(a, &endpoint_id, now - OFF_AFTER, now)?;
        if off {
            switched_off(a, &claimed.endpoint, mail.as_ref(), now)?;
        }
        Ok(off)
    });
    if write.await? {
        tracing::warn!("a webhook endpoint took nothing for 72 hours and is off");
    }
    Ok(())
}

/// What follows when an endpoint is switched off by time.
fn switched_off(a: &mut Access<'_>, endpoint: &Endpoint, mail: Option<&NewMessage>, now: Timestamp) -> Result<(), StoreError> {
    deliveries::give_up_all(a, &endpoint.id, "the endpoint is off")?;
    let detail = format!("{OFF_FAILING} {}", endpoint.id);
    audit::add(a, now, "clock", "webhook_switched_off", Some(&endpoint.partner_id), Some(&detail))?;
    mail.map_or(Ok(()), |mail| outbox::add_about(a, None, mail, now))
}

/// The mail to the operator about it; none where its contact is no address.
async fn off_mail(cx: &Context, endpoint: &Endpoint, now: Timestamp) -> Result<Option<NewMessage>, FlowError> {
    let (rules, partner_id) = (&cx.rules, endpoint.partner_id.clone());
    if !is_mailbox(&rules.support_contact) {
        return Ok(None);
    }
    let partner = cx.db.read(move |a| partners::get(a, &partner_id)).await?;
    let told = WebhookOff {
        partner: partner.map(|p| p.name).unwrap_or_default(),
        host: host_of(&endpoint.url),
        description: endpoint.description.clone(),
    };
    let rendered = render_webhook_off(&told).map_err(|e| FlowError::Internal(format!("mail of a webhook: {e}")))?;
    let message_id = format!("webhook.{}.{}@{}", endpoint.id, now.and_utc().timestamp(), rules.mail_domain);
    let outgoing = OutgoingMail {
        message_id: message_id.clone(),
        from: rules.mail_from.clone(),
        to: rules.support_contact.clone(),
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        date: now,
    };
    Ok(Some(NewMessage {
        kind: "webhook_off",
        message_id,
        payload: serde_json::to_string(&outgoing)?,
    }))
}

/// The host, and no more: path and query may hold a secret of the partner's.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_six_hours_and_are_not_the_same_for_all() {
        let ids = ["evt_00000000000000000000000000000000", "evt_ffffffffffffffffffffffffffffffff"];
        for (attempts, pause_s) in [(0, 5), (1, 30), (4, 1800), (8, 21_600), (100, 21_600), (-1, 5)] {
            assert_eq!(pause(attempts, ids[0]), Duration::from_secs(pause_s), "{attempts}");
            assert_eq!(pause(attempts, ids[1]), Duration::from_secs(pause_s) * 6 / 5, "{attempts}");
        }
    }
}
