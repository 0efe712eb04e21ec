//! Health and metrics, on a listener of their own.

use crate::flow::Context;
use crate::store::payments;
use crate::web::middleware::Stopping;
use actix_web::{HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/health/live", web::get().to(live));
    config.route("/health/ready", web::get().to(ready));
    config.route("/metrics", web::get().to(show_metrics));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("live\n")
}

/// Ready when the database answers; no more when the process is about to stop, so that a balancer sends its
/// connections elsewhere.
async fn ready(cx: web::Data<Context>, stopping: web::Data<Stopping>) -> HttpResponse {
    if stopping.now() {
        return HttpResponse::ServiceUnavailable().content_type("text/plain").body("stopping\n");
    }
    match cx.db.read(|a| payments::newest(a, 1)).await {
        Ok(_) => HttpResponse::Ok().content_type("text/plain").body("ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            HttpResponse::ServiceUnavailable()
                .content_type("text/plain")
                .body("the database does not answer\n")
        }
    }
}

async fn show_metrics(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render())
}
