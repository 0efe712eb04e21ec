//! The demonstration: a shop and an accounting page that are real partners, a mailbox, and a page to start from.
//!
//! **Invariant:** the shop and the accounting page know nothing but the public partner API, which they call over
//! HTTPS with their own client certificates. They believe the gateway's status answer and never the parameters
//! of a return address.

mod cashier;
mod catalogue;
pub mod certificates;
mod erp;
mod erp_accounts;
mod erp_several;
mod gateway_accounts;
mod gateway_client;
mod home;
mod mailbox;
mod orders;
mod pages;
mod partners;
mod qc_statements;
pub mod run;
mod sessions;
pub mod setup;
mod shop;
pub mod stet_banks;
#[cfg(test)]
mod tests;
pub mod volume;
mod volume_payment;

pub use gateway_client::{
    Bank, GatewayClient, GatewayError, InitPayment, OneOfSeveral, PaymentStatus, StandingOrder, ToPay, Tokens, Transfer,
};

use crate::clock::Clock;
use actix_web::dev::Server;
use actix_web::middleware::{Compress, NormalizePath};
use actix_web::{App, HttpServer, web};
use cashier::Cashier;
use orders::Book;
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// What the demonstration shows and whom it talks to.
#[derive(Clone, Debug)]
pub struct DemoSite {
    /// Where people open it, with a trailing slash: `http://127.0.0.1:8070/`.
    pub base_url: Url,
    /// The partner gateway. Plain HTTP is taken for this machine only.
    pub gateway_base_url: Url,
    /// The certification authority of the gateway's certificate, PEM.
    pub ca_pem: Vec<u8>,
    /// The shop's login (an Ecommerce partner).
    pub shop: PartnerLogin,
    /// The accounting page's login (a Finance partner).
    pub erp: PartnerLogin,
    /// The shop's login for sales in euro; without it there are none.
    pub shop_eur: Option<PartnerLogin>,
    /// The accounting page's login for payments in dinars; without it there are none.
    pub erp_rsd: Option<PartnerLogin>,
    /// The folder mails are written to.
    pub mailbox_dir: PathBuf,
    /// Keeps the orders over a restart; without it they live in memory.
    pub state_file: Option<PathBuf>,
    /// Other places to show on the first page: name and address.
    pub links: Vec<(String, String)>,
    /// Who may look at the back office, shown on the first page.
    pub office: Option<OfficeLogin>,
}

/// How a newcomer gets into the back office.
#[derive(Clone, Debug)]
pub struct OfficeLogin {
    /// The name to sign in with.
    pub user: String,
    /// Where the password stands.
    pub password_file: String,
    /// The secret of the one-time codes, base32.
    pub totp: String,
}

/// How a partner proves who it is, and who it is to a payer.
#[derive(Clone, Debug)]
pub struct PartnerLogin {
    /// The gateway's name for the partner.
    pub client_id: String,
    /// The client certificate (and chain), PEM.
    pub certificate_pem: Vec<u8>,
    /// The certificate's key, PEM.
    pub key_pem: SecretString,
    /// The partner's company.
    pub creditor_name: String,
    /// The company's account.
    pub creditor_iban: String,
}

/// Largest form that is read, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// What every page of the demonstration can reach.
struct Demo {
    cashier: Arc<Cashier>,
    sessions: sessions::Sessions,
    site: DemoSite,
    /// The consent to see the company's accounts.
    asked: tokio::sync::Mutex<Option<erp_accounts::Asked>>,
    /// Due dates count from here.
    opened_at: crate::clock::Timestamp,
}

/// Starts the demonstration on a listener, with one worker. Must be called inside the runtime it will live in.
///
/// # Errors
/// A certificate, key or address that cannot be used, or a listener that cannot be listened on.
pub fn start(listener: std::net::TcpListener, site: DemoSite, clock: Clock) -> anyhow::Result<Server> {
    let client = |login: &PartnerLogin| GatewayClient::new(&site.gateway_base_url, &site.ca_pem, login);
    let cashier = Arc::new(Cashier {
        book: Arc::new(Book::open(site.state_file.clone())),
        shop: client(&site.shop)?,
        erp: client(&site.erp)?,
        shop_eur: site.shop_eur.as_ref().map(client).transpose()?,
        erp_rsd: site.erp_rsd.as_ref().map(client).transpose()?,
        base_url: site.base_url.clone(),
        clock: clock.clone(),
    });
    tokio::spawn(cashier::keep_looking(Arc::downgrade(&cashier)));
    let demo = web::Data::new(Demo {
        cashier,
        sessions: sessions::Sessions::default(),
        asked: tokio::sync::Mutex::default(),
        site,
        opened_at: clock.now(),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(demo.clone())
            .app_data(web::FormConfig::default().limit(MAX_FORM).error_handler(pages::bad_form))
            .wrap(pages::headers())
            .wrap(Compress::default())
            .wrap(NormalizePath::trim())
            .configure(routes)
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

/// Every page of the demonstration.
fn routes(app: &mut web::ServiceConfig) {
    use web::{get, post};
    app.route("/", get().to(home::show))
        .route("/assets/{file}", get().to(pages::asset))
        .route("/shop", get().to(shop::list))
        .route("/shop/cos", get().to(shop::cart))
        .route("/shop/cos", post().to(shop::change_cart))
        .route("/shop/finalizare", get().to(shop::checkout))
        .route("/shop/finalizare", post().to(shop::place_order))
        .route("/shop/comenzi", get().to(shop::orders))
        .route("/shop/comanda/{key}", get().to(shop::order))
        .route("/shop/comanda/{key}/plata", get().to(shop::go_to_payment))
        .route("/shop/comanda/{key}/plata", post().to(shop::start_payment))
        .route("/erp", get().to(erp::list))
        .route("/erp/de-la-capat", post().to(erp::start_over))
        .route("/erp/conturi", get().to(erp_accounts::show))
        .route("/erp/conturi", post().to(erp_accounts::ask))
        .route("/erp/conturi/mergi", get().to(erp_accounts::go))
        .route("/erp/conturi/inchide", post().to(erp_accounts::end))
        .route("/erp/dinari", get().to(erp::list_in_dinars))
        .route("/erp/dinari/de-la-capat", post().to(erp::start_over_in_dinars))
        .route("/erp/facturi/{invoice}/plata", post().to(erp::pay))
        .route("/erp/impreuna", post().to(erp_several::pay_together))
        .route("/erp/chirie", post().to(erp_several::set_up_rent))
        .route("/erp/comanda/{key}", get().to(erp_several::show))
        .route("/erp/comanda/{key}/mergi", get().to(erp_several::go_to_payment))
        .route("/erp/plata/{key}", get().to(erp::payment))
        .route("/erp/plata/{key}/mergi", get().to(erp::go_to_payment))
        .route("/mailbox", get().to(mailbox::list))
        .route("/mailbox/{id}", get().to(mailbox::show))
        .route("/mailbox/{id}/html", get().to(mailbox::html))
        .default_service(web::to(pages::nothing_here));
}
