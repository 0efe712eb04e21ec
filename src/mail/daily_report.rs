//! The daily report to users of the back office: what became of a day's payments, and what waits for people. It names
//! partners and banks, never payers.

use super::{Rendered, one_line};
use crate::payment::{Amount, Language};
use askama::Template;
use chrono::NaiveDate;

/// Longest name in the mail, in characters.
const MAX_NAME_CHARS: usize = 100;

/// What became of some payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayTotals {
    /// Payments with an order.
    pub payments: i64,
    /// The money moved.
    pub settled: i64,
    /// A part of the money moved.
    pub partly_settled: i64,
    /// Of a thousand that have ended so many were settled; none has ended otherwise.
    pub success_permille: Option<i64>,
    /// Refused by the bank, or by the payer there.
    pub refused: i64,
    /// Given up by their payers.
    pub abandoned: i64,
    /// Stopped here, or cancelled before execution.
    pub stopped: i64,
    /// Not ended yet.
    pub open: i64,
    /// Stored values that cannot be read.
    pub unreadable: i64,
    /// What moved, once a currency.
    pub volume: Vec<Amount>,
}

/// What the report says.
#[derive(Clone, Debug)]
pub struct DailyReport {
    /// The reader's language.
    pub language: Language,
    /// Who runs the service.
    pub operator: String,
    /// The day it is about.
    pub day: NaiveDate,
    /// What became of that day's payments.
    pub totals: DayTotals,
    /// The partners with the most payments; names are hostile text.
    pub partners: Vec<(String, DayTotals)>,
    /// The banks with the most payments; without a name: none was chosen.
    pub banks: Vec<(Option<String>, DayTotals)>,
    /// Payments in doubt now.
    pub in_doubt: i64,
    /// Where they are listed.
    pub in_doubt_link: String,
    /// Mails whose last try failed.
    pub mails_failing: i64,
    /// Mails that no server will ever take.
    pub mails_given_up: i64,
    /// Where mails are listed.
    pub mails_link: String,
    /// Partners' certificates that end within 60 days, and when.
    pub certificates: Vec<(String, NaiveDate)>,
}

struct Row {
    name: String,
    value: String,
    link: Option<String>,
}

struct Section {
    heading: &'static str,
    rows: Vec<Row>,
}

struct View {
    language: Language,
    subject: String,
    lead: &'static str,
    none: &'static str,
    end: &'static str,
    sections: Vec<Section>,
}

#[derive(Template)]
#[template(path = "mail/daily_report/body.txt", escape = "none")]
struct Text<'a> {
    mail: &'a View,
}

#[derive(Template)]
#[template(path = "mail/daily_report/body.html")]
struct Html<'a> {
    mail: &'a View,
}

/// The words of a language.
#[derive(Clone, Copy)]
struct Words(Language);

impl Words {
    const fn of(self, ro: &'static str, en: &'static str) -> &'static str {
        match self.0 {
            Language::Ro => ro,
            Language::En => en,
        }
    }

    fn day(self, day: NaiveDate) -> String {
        day.format(self.of("%d.%m.%Y", "%d/%m/%Y")).to_string()
    }

    fn volume(self, volume: &[Amount]) -> String {
        let one = |amount: &Amount| match self.0 {
            Language::Ro => amount.romanian(),
            Language::En => amount.english(),
        };
        match volume {
            [] => "–".to_owned(),
            all => all.iter().map(one).collect::<Vec<_>>().join(" + "),
        }
    }

    fn success(self, permille: Option<i64>) -> String {
        let Some(permille) = permille else { return "–".to_owned() };
        let (whole, tenth) = (permille / 10, permille % 10);
        match self.0 {
            Language::Ro => format!("{whole},{tenth} %"),
            Language::En => format!("{whole}.{tenth}%"),
        }
    }

    /// A partner's or a bank's day in one line.
    fn short(self, totals: &DayTotals) -> String {
        let count = self.0.payments(usize::try_from(totals.payments).unwrap_or(0));
        format!(
            "{count}; {} {}; {}",
            self.of("plătite", "paid"),
            totals.settled,
            self.volume(&totals.volume)
        )
    }
}

fn row(name: impl Into<String>, value: impl Into<String>) -> Row {
    Row {
        name: name.into(),
        value: value.into(),
        link: None,
    }
}

fn name(text: &str) -> String {
    one_line(text).chars().take(MAX_NAME_CHARS).collect()
}

impl View {
    fn of(report: &DailyReport) -> Self {
        let w = Words(report.language);
        let sections = vec![
            Section {
                heading: w.of("Plățile zilei", "The day's payments"),
                rows: day_rows(w, &report.totals),
            },
            Section {
                heading: w.of("Acum", "Now"),
                rows: now_rows(w, report),
            },
            Section {
                heading: w.of("Partenerii cu cele mai multe plăți", "Partners with the most payments"),
                rows: report.partners.iter().map(|(of, totals)| row(name(of), w.short(totals))).collect(),
            },
            Section {
                heading: w.of("Băncile cu cele mai multe plăți", "Banks with the most payments"),
                rows: report
                    .banks
                    .iter()
                    .map(|(of, totals)| {
                        let of = of
                            .as_deref()
                            .map_or_else(|| w.of("nicio bancă aleasă", "no bank chosen").to_owned(), name);
                        row(of, w.short(totals))
                    })
                    .collect(),
            },
            Section {
                heading: w.of("Certificate care se termină în 60 de zile", "Certificates that end within 60 days"),
                rows: report.certificates.iter().map(|(of, until)| row(name(of), w.day(*until))).collect(),
            },
        ];
        Self {
            language: report.language,
            subject: format!(
                "{} {}: {}",
                w.of("Raport zilnic", "Daily report"),
                name(&report.operator),
                w.day(report.day)
            ),
            lead: w.of(
                "Plățile create în această zi, după ora României, așa cum stau acum.",
                "Payments created on this day, in Romanian time, as they stand now.",
            ),
            none: w.of("nimic", "none"),
            end: w.of(
                "Primești acest raport pentru că l-ai cerut în administrare, la Contul meu; tot acolo îl poți opri.",
                "You get this report because you asked for it in the back office, under My account; you can stop it there.",
            ),
            sections,
        }
    }
}

fn day_rows(w: Words, totals: &DayTotals) -> Vec<Row> {
    let mut rows = vec![
        row(w.of("Plăți create", "Payments created"), totals.payments.to_string()),
        row(w.of("Plătite", "Paid"), totals.settled.to_string()),
        row(w.of("Volum plătit", "Volume paid"), w.volume(&totals.volume)),
        row(w.of("Rata de succes", "Success rate"), w.success(totals.success_permille)),
        row(w.of("Refuzate", "Refused"), totals.refused.to_string()),
        row(w.of("Abandonate", "Abandoned"), totals.abandoned.to_string()),
        row(w.of("Blocate sau anulate", "Blocked or cancelled"), totals.stopped.to_string()),
        row(w.of("Încă deschise", "Still open"), totals.open.to_string()),
    ];
    if totals.partly_settled > 0 {
        rows.push(row(w.of("Plătite în parte", "Paid in part"), totals.partly_settled.to_string()));
    }
    if totals.unreadable > 0 {
        let words = w.of("Nu se pot citi din baza de date", "Cannot be read from the database");
        rows.push(row(words, totals.unreadable.to_string()));
    }
    rows
}

fn now_rows(w: Words, report: &DailyReport) -> Vec<Row> {
    let linked = |name: &str, value: i64, link: &str| Row {
        link: Some(link.to_owned()),
        ..row(name, value.to_string())
    };
    vec![
        linked(w.of("Plăți în dubiu", "Payments in doubt"), report.in_doubt, &report.in_doubt_link),
        linked(
            w.of("Mesaje care nu pleacă", "Mails that do not leave"),
            report.mails_failing,
            &report.mails_link,
        ),
        linked(
            w.of("Mesaje abandonate", "Mails given up"),
            report.mails_given_up,
            &report.mails_link,
        ),
    ]
}

/// Renders a report.
///
/// # Errors
/// Only when a template fails, which its tests would show.
pub fn render_daily_report(report: &DailyReport) -> Result<Rendered, askama::Error> {
    let view = View::of(report);
    Ok(Rendered {
        text: Text { mail: &view }.render()?,
        html: Html { mail: &view }.render()?,
        subject: view.subject,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::Currency;

    fn report(language: Language) -> DailyReport {
        let totals = DayTotals {
            payments: 21,
            settled: 12,
            success_permille: Some(571),
            refused: 4,
            abandoned: 5,
            unreadable: 1,
            volume: vec![
                Amount {
                    minor: 123_456,
                    currency: Currency::Ron,
                },
                Amount {
                    minor: 700,
                    currency: Currency::Eur,
                },
            ],
            ..DayTotals::default()
        };
        DailyReport {
            language,
            operator: "Plăți Sigure".into(),
            day: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
            partners: vec![("Librăria <b>\r\nBcc: eve@x.example".into(), totals.clone())],
            banks: vec![(None, totals.clone())],
            totals,
            in_doubt: 3,
            in_doubt_link: "https://pay.example/back-office?status=in_doubt&x=1".into(),
            mails_failing: 2,
            mails_given_up: 9,
            mails_link: "https://pay.example/back-office/mail".into(),
            certificates: Vec::new(),
        }
    }

    /// The words of an HTML document, as they are read.
    fn read(html: &str) -> String {
        let page = scraper::Html::parse_document(html);
        let body = scraper::Selector::parse("[role=main]").unwrap();
        let text: String = page.select(&body).flat_map(|e| e.text()).collect::<Vec<_>>().join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn both_forms_say_the_same_and_names_are_hostile_text() {
        for language in Language::ALL {
            let rendered = render_daily_report(&report(language)).unwrap();
            let html = read(&rendered.html);
            assert!(!rendered.html.contains("<b>") && !rendered.subject.contains('\n'));
            for line in rendered.text.lines().filter(|line| !line.is_empty()) {
                let line = line.trim_start_matches("- ");
                let (line, link) = line.split_once(" (http").map_or((line, None), |(line, link)| (line, Some(link)));
                let (name, value) = line.rsplit_once(": ").unwrap_or((line, ""));
                assert!(html.contains(name) && html.contains(value), "{line}: {html}");
                if let Some(link) = link {
                    let link = format!("http{}", link.trim_end_matches(')').replace('&', "&#38;"));
                    assert!(rendered.html.contains(&link), "{link}");
                }
            }
            assert!(!rendered.text.lines().any(|line| line.starts_with("Bcc:")));
        }
        let text = render_daily_report(&report(Language::Ro)).unwrap().text;
        for words in [
            "57,1 %",
            "1.234,56 RON + 7,00 EUR",
            "21 de plăți; plătite 12",
            "Nu se pot citi din baza de date: 1",
            "- nimic",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}
