//! Mails to a platform about an application of its sub-merchant, in Romanian and English. They name the application,
//! nobody, and never say why it was refused.

use super::{Rendered, one_line};
use askama::Template;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The platform must send more.
    MoreInformation,
    /// The sub-merchant is a partner, not active yet.
    Approved,
    /// It will not become one.
    Refused,
}

/// What the platform is told.
#[derive(Clone, Debug)]
pub struct ApplicationMail {
    /// What was decided.
    pub decision: Decision,
    /// Our id of the application.
    pub reference: String,
    /// The platform's id of the sub-merchant; hostile text.
    pub external_id: String,
}

struct View {
    subject: String,
    ro: &'static str,
    en: &'static str,
    reference: String,
    external_id: String,
}

#[derive(Template)]
#[template(path = "mail/application/body.txt", escape = "none")]
struct Text<'a> {
    mail: &'a View,
}

#[derive(Template)]
#[template(path = "mail/application/body.html")]
struct Html<'a> {
    mail: &'a View,
}

/// Renders a mail.
///
/// # Errors
/// Only when a template fails, which its tests would show.
pub fn render_application(mail: &ApplicationMail) -> Result<Rendered, askama::Error> {
    let external_id: String = one_line(&mail.external_id).chars().take(64).collect();
    let (word, ro, en) = match mail.decision {
        Decision::MoreInformation => (
            "trebuie completată / needs more",
            "Cererea trebuie completată. Ce lipsește se citește prin API (clientActivation); apoi trimite cererea din nou, cu același externalClientId.",
            "The application needs more. What is missing is read through the API (clientActivation); then send the application again under the same externalClientId.",
        ),
        Decision::Approved => (
            "aprobată / approved",
            "Cererea a fost aprobată. Comerciantul poate primi plăți după ce dosarul este complet, certificatul este înregistrat și activarea este aprobată; ce mai lipsește se citește prin API (clientActivation).",
            "The application was approved. The merchant can take payments once its file is complete, its certificate is registered and its activation is approved; what is still missing is read through the API (clientActivation).",
        ),
        Decision::Refused => (
            "refuzată / refused",
            "Cererea a fost refuzată. Comerciantul nu va fi înscris.",
            "The application was refused. The merchant will not be registered.",
        ),
    };
    let view = View {
        subject: format!("Cererea {external_id}: {word}"),
        ro,
        en,
        reference: mail.reference.clone(),
        external_id,
    };
    Ok(Rendered {
        text: Text { mail: &view }.render()?,
        html: Html { mail: &view }.render()?,
        subject: view.subject,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_decided_in_both_languages_and_an_id_is_hostile_text() {
        for (decision, ro, en) in [
            (Decision::MoreInformation, "trebuie completată", "needs more"),
            (Decision::Approved, "a fost aprobată", "was approved"),
            (Decision::Refused, "a fost refuzată", "was refused"),
        ] {
            let rendered = render_application(&ApplicationMail {
                decision,
                reference: "0190".into(),
                external_id: "<b>7\r\nBcc: eve@x.example".into(),
            })
            .unwrap();
            assert!(rendered.text.contains(ro) && rendered.text.contains(en) && rendered.text.contains("0190"));
            assert!(!rendered.subject.contains('\n') && !rendered.html.contains("<b>"));
        }
    }
}
