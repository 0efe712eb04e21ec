//! What every request of every site passes through.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use futures_util::{StreamExt as _, stream};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Requests that take longer to arrive than this are cut off: the server does it for the head, [`hurry`] for
/// the body.
pub const SLOW_CLIENT: Duration = Duration::from_secs(10);

/// Cuts off bodies that do not arrive in time: their readers see a broken body, and the connection ends.
///
/// # Errors
/// What the handler answers.
pub async fn hurry(mut request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let late = Rc::new(Cell::new(false));
    let payload = request.take_payload();
    if !matches!(payload, Payload::None) {
        let (deadline, late) = (tokio::time::Instant::now() + SLOW_CLIENT, late.clone());
        let in_time = stream::unfold(Some(payload), move |payload| {
            let late = late.clone();
            async move {
                let mut payload = payload?;
                if let Ok(chunk) = tokio::time::timeout_at(deadline, payload.next()).await {
                    return chunk.map(|chunk| (chunk, Some(payload)));
                }
                late.set(true);
                let error = std::io::Error::from(std::io::ErrorKind::TimedOut);
                Some((Err(PayloadError::Io(error)), None))
            }
        });
        request.set_payload(Payload::Stream {
            payload: Box::pin(in_time),
        });
    }
    let mut answer = next.call(request).await?;
    if late.get() {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answer)
}

/// Logs a request: method, path without query, status and time. Never headers or bodies.
///
/// # Errors
/// What the handler answers.
pub async fn log_request(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = std::time::Instant::now();
    let (method, path) = (
        request.method().clone(),
        request.match_pattern().unwrap_or_else(|| "(no route)".into()),
    );
    let answer = next.call(request).await?;
    let (status, took) = (answer.status().as_u16(), begun.elapsed());
    tracing::debug!(%method, path, status, took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "request");
    metrics::counter!("smartpay_requests_total", "path" => path, "status" => status.to_string()).increment(1);
    Ok(answer)
}
