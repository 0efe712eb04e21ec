//! The mail to the operator that a partner's webhook endpoint was switched off.

use super::Rendered;
use askama::Template;

/// What it tells.
#[derive(Clone, Debug)]
pub struct WebhookOff {
    /// The partner's name; hostile text.
    pub partner: String,
    /// The endpoint's host.
    pub host: String,
    /// What the operator calls the endpoint.
    pub description: String,
}

#[derive(Template)]
#[template(path = "mail/webhook_off/body.txt", escape = "none")]
struct Text<'a> {
    mail: &'a WebhookOff,
}

#[derive(Template)]
#[template(path = "mail/webhook_off/body.html")]
struct Html<'a> {
    mail: &'a WebhookOff,
}

/// Renders it, in both languages.
///
/// # Errors
/// [`askama::Error`] cannot happen with these templates; it is passed on instead of hidden.
pub fn render_webhook_off(mail: &WebhookOff) -> Result<Rendered, askama::Error> {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mail = &WebhookOff {
        partner: plain(&mail.partner),
        host: mail.host.clone(),
        description: plain(&mail.description),
    };
    Ok(Rendered {
        subject: "Un webhook al unui partener a fost oprit / A partner's webhook was switched off".into(),
        text: Text { mail }.render()?,
        html: Html { mail }.render()?,
    })
}
