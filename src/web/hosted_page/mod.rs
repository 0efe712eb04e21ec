//! The page on which a payer confirms a payment, and the pages around it.
//!
//! **Invariant:** what may be changed is decided on the server by the partner's kind; every GET shows the
//! page that fits the payment's state and changes nothing but the binding to the first browser; everything
//! works without JavaScript.

pub mod browser;
pub mod colour;
pub mod consent_texts;
pub mod form;
pub mod gallery;
pub mod giro_texts;
mod handlers;
pub mod list_texts;
pub mod pages;
mod receipt;
mod render;
pub mod sample;
pub mod step_texts;
pub mod texts;
pub mod time_texts;
mod typed;

pub use handlers::around::style;
pub use render::{bank_choices_of, local_time};

use actix_web::web;
use handlers::{around, choose, choose_steps, consent, consent_steps, hand_over, steps, time};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/payment-initiation")
            .route(web::get().to(handlers::show))
            .route(web::post().to(handlers::submit)),
    );
    config.route(render::RECEIPT, web::get().to(handlers::receipt::receipt));
    config.route("/payment-initiation/withdraw", web::post().to(handlers::withdraw));
    config.route(render::EXTEND, web::post().to(time::extend));
    config.service(
        web::resource(render::LIST)
            .route(web::get().to(handlers::list::list))
            .route(web::post().to(handlers::list::turn)),
    );
    config.service(
        web::resource(render::EDIT)
            .route(web::get().to(handlers::list::show_line))
            .route(web::post().to(handlers::list::change_line)),
    );
    config.route("/payment-initiation/code", web::post().to(steps::code));
    config.route("/payment-initiation/resend", web::post().to(steps::resend));
    config.route("/payment-initiation/method", web::post().to(steps::method));
    config.route(render::HAND_OVER_OFFER, web::post().to(hand_over::offer));
    config.service(
        web::resource("/payment-initiation/hand-over")
            .route(web::get().to(hand_over::ask))
            .route(web::post().to(hand_over::take)),
    );
    config.route(render::CHOOSE, web::post().to(choose::begin));
    config.service(
        web::resource(render::ACCOUNT)
            .route(web::get().to(choose::show))
            .route(web::post().to(choose::pick)),
    );
    config.route(render::ACCOUNT_LEAVE, web::post().to(choose::leave));
    config.route("/payment-initiation/account/code", web::post().to(choose_steps::code));
    config.route("/payment-initiation/account/resend", web::post().to(choose_steps::resend));
    config.route("/payment-initiation/account/method", web::post().to(choose_steps::method));
    config.route("/payment-initiation/account/state", web::get().to(choose_steps::state));
    config.service(
        web::resource("/account-consent")
            .route(web::get().to(consent::show))
            .route(web::post().to(consent::go)),
    );
    config.route("/account-consent/leave", web::post().to(consent::leave));
    config.route("/account-consent/code", web::post().to(consent_steps::code));
    config.route("/account-consent/resend", web::post().to(consent_steps::resend));
    config.route("/account-consent/method", web::post().to(consent_steps::method));
    config.route("/account-consent/state", web::get().to(consent_steps::state));
    config.route("/payment-initiation/state", web::get().to(handlers::state));
    config.route("/payment-return/{bank}", web::get().to(handlers::came_back));
    config.route("/terms", web::get().to(around::terms));
    config.route("/partner/{id}/style.css", web::get().to(around::partner_style));
    config.route("/partner/{id}/logo", web::get().to(around::partner_logo));
    config.route("/partner/{id}/dark-logo", web::get().to(around::partner_dark_logo));
}
