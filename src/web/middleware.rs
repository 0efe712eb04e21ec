//! What every request of every site passes through.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use futures_util::{StreamExt as _, stream};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Requests that take longer to arrive than this are cut off: the server does it for the head, [`hurry`] for
/// the body.
pub const SLOW_CLIENT: Duration = Duration::from_secs(10);

/// Whether the process is about to stop.
#[derive(Clone, Debug)]
pub struct Stopping(CancellationToken);

impl Stopping {
    /// From the moment the token is cancelled.
    #[must_use]
    pub fn when(cancelled: CancellationToken) -> Self {
        Self(cancelled)
    }

    /// Whether it is.
    #[must_use]
    pub fn now(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Ends connections with the answer once the process is about to stop (RFC 9112, 9.6), so that a client that
/// keeps its connection never sends a request on one that is being closed.
///
/// # Errors
/// What the handler answers.
pub async fn part(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let stopping = request.app_data::<web::Data<Stopping>>().cloned();
    let mut answer = next.call(request).await?;
    // Asked after the handler: the signal may come while it works.
    if stopping.is_some_and(|stopping| stopping.now()) {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answer)
}

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
