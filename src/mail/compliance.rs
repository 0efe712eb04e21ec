//! Mails to the operator's compliance officer, in Romanian. They name partners, never payers, and nothing of what is in
//! an onboarding file.

use super::{Rendered, one_line};
use askama::Template;
use chrono::NaiveDate;

/// Longest name of a partner in a mail, in characters.
const MAX_NAME_CHARS: usize = 140;

/// What the officer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComplianceMail {
    /// A file must be renewed.
    RenewalDue {
        /// The partner's name.
        partner: String,
        /// By when.
        due: NaiveDate,
        /// Days left; none or fewer: it is overdue, or due today.
        days_left: i64,
    },
    /// A platform sent an application of a sub-merchant, or completed one.
    ApplicationArrived {
        /// The platform's name.
        platform: String,
        /// Our id of the application.
        reference: String,
    },
    /// What the daily retention job erased.
    Erased {
        /// Onboarding files.
        partners: i64,
        /// Documents of theirs.
        documents: i64,
        /// Payments whose personal data was erased.
        payments: i64,
        /// Applications that were refused, or never completed.
        applications: i64,
    },
}

#[derive(Template)]
#[template(path = "mail/compliance/body.txt", escape = "none")]
struct Text<'a> {
    mail: &'a View,
}

#[derive(Template)]
#[template(path = "mail/compliance/body.html")]
struct Html<'a> {
    mail: &'a View,
}

struct View {
    subject: String,
    lead: String,
    lines: Vec<String>,
    end: String,
}

impl View {
    fn of(mail: &ComplianceMail) -> Self {
        match mail {
            ComplianceMail::RenewalDue { partner, due, days_left } => {
                let partner: String = one_line(partner).chars().take(MAX_NAME_CHARS).collect();
                let when = match days_left {
                    ..0 => "termenul a trecut".to_owned(),
                    0 => "termenul este astăzi".to_owned(),
                    1 => "a mai rămas o zi".to_owned(),
                    2..20 => format!("au mai rămas {days_left} zile"),
                    _ => format!("au mai rămas {days_left} de zile"),
                };
                Self {
                    subject: format!("Reînnoirea dosarului partenerului {partner}: {when}"),
                    lead: "Dosarul de cunoaștere a clientelei trebuie verificat și reînnoit în fiecare an.".into(),
                    lines: vec![format!("Partener: {partner}"), format!("Termen: {}", due.format("%d.%m.%Y"))],
                    end:
                        "Deschide dosarul în administrare, la Parteneri, și confirmă reînnoirea după ce ai verificat datele și documentele."
                            .into(),
                }
            }
            ComplianceMail::ApplicationArrived { platform, reference } => {
                let platform: String = one_line(platform).chars().take(MAX_NAME_CHARS).collect();
                Self {
                    subject: format!("Cerere nouă de înscriere de la {platform}"),
                    lead: "O platformă cere înscrierea unui comerciant, sau a completat o cerere.".into(),
                    lines: vec![format!("Platforma: {platform}"), format!("Cererea: {reference}")],
                    end: "Cererea se vede în administrare, la Cereri; acolo se cer completări, se aprobă sau se refuză.".into(),
                }
            }
            ComplianceMail::Erased {
                partners,
                documents,
                payments,
                applications,
            } => Self {
                subject: "Date șterse la sfârșitul perioadei de păstrare".into(),
                lead: "Perioada de păstrare cerută de lege s-a încheiat pentru datele de mai jos, care au fost șterse.".into(),
                lines: vec![
                    format!("Dosare de parteneri: {partners}"),
                    format!("Documente din dosare: {documents}"),
                    format!("Plăți fără date personale de acum înainte: {payments}"),
                    format!("Cereri de înscriere refuzate sau rămase necompletate: {applications}"),
                ],
                end: "Raportul se vede în administrare, la Păstrarea datelor; ștergerea este în jurnalul de audit.".into(),
            },
        }
    }
}

/// Renders a mail.
///
/// # Errors
/// Only when a template fails, which its tests would show.
pub fn render_compliance(mail: &ComplianceMail) -> Result<Rendered, askama::Error> {
    let view = View::of(mail);
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
    fn it_says_who_and_by_when_and_a_name_is_hostile_text() {
        let mail = |days_left| ComplianceMail::RenewalDue {
            partner: "Atelier <b>\r\nBcc: eve@x.example".into(),
            due: NaiveDate::from_ymd_opt(2027, 1, 20).unwrap(),
            days_left,
        };
        let rendered = render_compliance(&mail(60)).unwrap();
        assert!(
            !rendered.subject.contains('\n') && rendered.subject.ends_with("au mai rămas 60 de zile"),
            "{}",
            rendered.subject
        );
        assert!(rendered.text.contains("Termen: 20.01.2027"));
        assert!(!rendered.html.contains("<b>") && rendered.html.contains("Atelier"));
        assert!(render_compliance(&mail(0)).unwrap().subject.ends_with("termenul este astăzi"));
        assert!(render_compliance(&mail(-3)).unwrap().subject.ends_with("termenul a trecut"));
        let erased = render_compliance(&ComplianceMail::Erased {
            partners: 1,
            documents: 7,
            payments: 23,
            applications: 2,
        })
        .unwrap();
        assert!(
            erased.text.contains("Documente din dosare: 7") && erased.text.contains("23"),
            "{}",
            erased.text
        );
    }
}
