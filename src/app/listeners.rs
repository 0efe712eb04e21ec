//! The listeners: hosted page and back office, the partners' gateway with its mutual TLS, health and metrics.

use super::gateway_tls::gateway_tls;
use crate::config::Settings;
use crate::crypto::fingerprint;
use crate::flow::Context;
use crate::partner::PeerCertificate;
use crate::telemetry;
use crate::web::gateway::Gateway;
use crate::web::hosted_page::pages::Operator;
use crate::web::middleware::Stopping;
use crate::web::{self, Detached, Site, gateway, headers, middleware};
use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as Web, HttpServer};
use anyhow::bail;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Connections without a request are closed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Seconds that requests in flight get at a stop: „Plătește” waits for the bank.
const SHUTDOWN_S: u64 = 60;
/// The same for the gateway, whose calls wait for the database only.
const GATEWAY_SHUTDOWN_S: u64 = 5;

/// Listens on an address.
///
/// # Errors
/// A text that says that the port is taken and which setting changes it.
pub fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address) {
        Ok(listener) => Ok(listener),
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {} is taken by another program; end it, or choose another port ({setting})",
            address.port()
        ),
        Err(e) => bail!("cannot listen on {address} ({setting}): {e}"),
    }
}

pub(super) fn public_server(
    settings: &Settings,
    cx: &Context,
    detached: Detached,
    stopping: &Stopping,
    listener: TcpListener,
) -> anyhow::Result<Server> {
    let site = Site {
        cx: cx.clone(),
        operator: Operator {
            name: settings.operator.name.clone(),
            licence: None,
            contact: settings.operator.contact.clone(),
        },
        trusted_proxies: settings.public.trusted_proxies.clone(),
        detached,
    };
    // Nobody waits for it: a file that is asked for earlier is packed then.
    std::thread::spawn(web::assets::prepare);
    let site = actix_web::web::Data::new(site);
    let stopping = actix_web::web::Data::new(stopping.clone());
    let server = HttpServer::new(move || {
        Web::new()
            .app_data(site.clone())
            .app_data(stopping.clone())
            .app_data(
                actix_web::web::FormConfig::default()
                    .limit(64 * 1024)
                    .error_handler(web::error::unreadable_form),
            )
            .app_data(actix_web::web::QueryConfig::default().error_handler(web::error::unreadable_query))
            .wrap(web::back_office::sessions(&site))
            .wrap(Compress::default())
            .wrap(headers::security(site.https()))
            .wrap(from_fn(middleware::hurry))
            .wrap(from_fn(middleware::log_request))
            .wrap(from_fn(middleware::part))
            .configure(web::public_routes)
            .default_service(actix_web::web::to(web::error::no_such_page))
    });
    let server = server
        .workers(workers())
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(middleware::SLOW_CLIENT)
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

/// HTTP/1.1 only: the server cannot say on HTTP/2 that a connection is about to end.
pub(super) fn gateway_server(
    settings: &Settings,
    cx: &Context,
    detached: Detached,
    stopping: &Stopping,
    listener: TcpListener,
) -> anyhow::Result<Server> {
    let gateway = actix_web::web::Data::new(Gateway::new(
        cx.clone(),
        detached,
        settings.gateway.requests_per_minute,
        settings.gateway.requests_burst,
    ));
    let stopping = actix_web::web::Data::new(stopping.clone());
    let tls = gateway_tls(settings)?;
    let server = HttpServer::new(move || {
        Web::new()
            .app_data(gateway.clone())
            .app_data(stopping.clone())
            .wrap(from_fn(gateway::check_signature))
            .wrap(from_fn(gateway::limit))
            .wrap(from_fn(gateway::sign_answer))
            .wrap(from_fn(middleware::hurry))
            .wrap(from_fn(middleware::log_request))
            .wrap(from_fn(middleware::part))
            .configure(gateway::routes)
            .default_service(actix_web::web::to(gateway::no_such_call))
    });
    let server = server.on_connect(|connection, data| {
        type Stream = actix_tls::accept::rustls_0_23::TlsStream<actix_web::rt::net::TcpStream>;
        let Some((tcp, tls)) = connection.downcast_ref::<Stream>().map(|s| s.get_ref()) else {
            return;
        };
        // The end of a long answer must not wait for the partner's delayed acknowledgement of its beginning.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let leaf = tls.peer_certificates().and_then(|chain| chain.first());
        if let Some(Ok(peer)) = leaf.map(|der| PeerCertificate::from_der(der, fingerprint(der))) {
            data.insert(peer);
        }
    });
    let server = server
        .workers(workers())
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(middleware::SLOW_CLIENT)
        .shutdown_timeout(GATEWAY_SHUTDOWN_S)
        .disable_signals();
    Ok(server.listen_rustls_0_23(listener, tls)?.run())
}

pub(super) fn operations_server(cx: &Context, stopping: &Stopping, listener: TcpListener) -> anyhow::Result<Server> {
    let cx = actix_web::web::Data::new(cx.clone());
    let stopping = actix_web::web::Data::new(stopping.clone());
    let metrics = actix_web::web::Data::new(telemetry::metrics());
    let server = HttpServer::new(move || {
        Web::new()
            .app_data(cx.clone())
            .app_data(stopping.clone())
            .app_data(metrics.clone())
            .configure(web::operations::routes)
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).min(8)
}
