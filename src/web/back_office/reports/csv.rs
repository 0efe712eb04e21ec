//! A report as CSV (RFC 4180): English heads, ISO 8601 days, amounts with a point, times in seconds.

use super::query::Choices;
use crate::payment::Amount;
use crate::store::reports::DayFigures;

const HEAD: [&str; 24] = [
    "day",
    "partner",
    "client_id",
    "bank_code",
    "bank",
    "currency",
    "payments",
    "settled",
    "partly_settled",
    "rejected",
    "cancelled",
    "blocked",
    "in_doubt",
    "open",
    "abandoned_unopened",
    "abandoned_on_page",
    "abandoned_at_bank",
    "tokens_without_order",
    "settled_amount",
    "success_percent",
    "settle_median_s",
    "settle_p95_s",
    "settle_counted",
    "unreadable",
];

/// A text that no spreadsheet takes for a formula.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A tenth of a percent as a percentage with a point.
fn percent(permille: i64) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

fn line(of: &DayFigures, choices: &Choices) -> [String; 24] {
    let f = &of.figures;
    let client_id = choices.partners.iter().find(|(id, _, _)| *id == of.partner_id);
    let settled = Amount {
        minor: f.settled_minor,
        currency: of.currency,
    };
    let seconds = |of_hundred| f.settle_times.percentile(of_hundred).map(|s| s.to_string()).unwrap_or_default();
    [
        of.day.to_string(),
        inert(choices.partner(&of.partner_id)),
        inert(client_id.map_or("", |(_, client_id, _)| client_id)),
        of.bank_code.clone(),
        inert(choices.bank(&of.bank_code)),
        of.currency.code().to_owned(),
        f.payments.to_string(),
        f.settled.to_string(),
        f.partly_settled.to_string(),
        f.rejected.to_string(),
        f.cancelled.to_string(),
        f.blocked.to_string(),
        f.in_doubt.to_string(),
        f.open().to_string(),
        f.left_unopened.to_string(),
        f.left_on_page.to_string(),
        f.left_at_bank.to_string(),
        f.without_order.to_string(),
        settled.wire(),
        f.success_permille().map(percent).unwrap_or_default(),
        seconds(50),
        seconds(95),
        f.settle_times.count().to_string(),
        f.unreadable.to_string(),
    ]
}

/// The file.
pub fn file(days: &[DayFigures], choices: &Choices) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEAD)?;
    for day in days {
        writer.write_record(line(day, choices))?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::Currency;
    use crate::store::reports::Figures;

    #[test]
    fn names_are_no_formulas_and_figures_stand_under_their_heads() {
        let mut figures = Figures {
            payments: 3,
            settled: 2,
            rejected: 1,
            settled_minor: 123_405,
            ..Figures::default()
        };
        figures.settle_times.add(12);
        let day = DayFigures {
            day: "2026-11-21".parse().unwrap(),
            partner_id: "p".into(),
            bank_code: "cec".into(),
            currency: Currency::Ron,
            figures,
        };
        let choices = Choices {
            partners: vec![("p".into(), "shop".into(), "=1+1, \"SRL\"".into())],
            banks: vec![("cec".into(), "CEC Bank".into())],
        };
        let text = String::from_utf8(file(&[day], &choices).unwrap()).unwrap();
        let (head, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(head.split(',').count(), HEAD.len());
        assert_eq!(
            rest,
            "2026-11-21,\"'=1+1, \"\"SRL\"\"\",shop,cec,CEC Bank,RON,3,2,0,1,0,0,0,0,0,0,0,0,1234.05,66.7,12,12,1,0\r\n"
        );
    }
}
