//! The mail to the operator that a partner's certificate is about to end.

use super::Rendered;
use askama::Template;

/// What it tells.
#[derive(Clone, Debug)]
pub struct CertificateEnds {
    /// The partner's name; hostile text.
    pub partner: String,
    /// Subject of the certificate; hostile text.
    pub subject: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
    /// When it ends, in local time as people read it.
    pub until: String,
}

#[derive(Template)]
#[template(path = "mail/certificate_ends/body.txt", escape = "none")]
struct Text<'a> {
    mail: &'a CertificateEnds,
}

#[derive(Template)]
#[template(path = "mail/certificate_ends/body.html")]
struct Html<'a> {
    mail: &'a CertificateEnds,
}

/// Renders it, in both languages.
///
/// # Errors
/// [`askama::Error`] cannot happen with these templates; it is passed on instead of hidden.
pub fn render_certificate_ends(mail: &CertificateEnds) -> Result<Rendered, askama::Error> {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mail = &CertificateEnds {
        partner: plain(&mail.partner),
        subject: plain(&mail.subject),
        ..mail.clone()
    };
    Ok(Rendered {
        subject: "Un certificat al unui partener se termină / A partner's certificate ends".into(),
        text: Text { mail }.render()?,
        html: Html { mail }.render()?,
    })
}
