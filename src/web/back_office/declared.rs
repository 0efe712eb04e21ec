//! What partners declared against what they did: the last 30 days and the last 12 months, as a page, on a partner's own
//! page and as CSV. Counted values only; nothing here reads payments.

use super::frame::OfficeShell;
use super::gate::SignedIn;
use super::partners::texts::PartnerTexts;
use super::roles::Route;
use crate::flow::FlowError;
use crate::flow::export::{csv_head, csv_rows};
use crate::flow::init_payment::today;
use crate::partner::Partner;
use crate::payment::limits::{Action, Figure, Limits};
use crate::payment::{Amount, Currency, Language};
use crate::store::reports::{DayFigures, Wanted};
use crate::store::{Access, StoreError, partner_counts, partners, reports};
use crate::web::hosted_page::pages::money;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;

catalogue! {
    /// The texts of declared and actual figures.
    DeclaredTexts {
        title: "Declarat și real", "Declared and actual";
        lead: "Ce a declarat partenerul față de ce a făcut, numărat din plățile create. Zilele sunt ale României.", "What the partner declared against what it did, counted from the payments created. Days are Romania's.";
        figure: "Cifra", "Figure";
        declared: "Declarat", "Declared";
        last_30: "Ultimele 30 de zile", "Last 30 days";
        last_365: "Ultimele 12 luni", "Last 12 months";
        over: "peste cifra declarată", "above the declared figure";
        within: "în cifra declarată", "within the declared figure";
        far_below: "sub jumătate din cifra declarată", "less than half of the declared figure";
        nothing_declared: "nedeclarat", "not declared";
        not_counted: "nu s-a numărat", "not counted";
        mean: "medie", "mean";
        most: "cel mult", "at most";
        file: "Descarcă (CSV)", "Download (CSV)";
        none: "Niciun partener.", "No partners.";
        reports: "Rapoarte", "Reports";
    }
}

/// How a value compares with the declared one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Above it.
    Over,
    /// At most it, and at least half of it.
    Within,
    /// Less than half of it.
    FarBelow,
}

impl Verdict {
    const fn of(value: i64, declared: i64) -> Self {
        if value > declared {
            Self::Over
        } else if value.saturating_mul(2) < declared {
            Self::FarBelow
        } else {
            Self::Within
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Within => "within",
            Self::FarBelow => "far_below",
        }
    }

    const fn word(self, t: &DeclaredTexts) -> &'static str {
        match self {
            Self::Over => t.over,
            Self::Within => t.within,
            Self::FarBelow => t.far_below,
        }
    }
}

/// What a partner did in some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Actual {
    /// Days since the first one with payments.
    days: i64,
    payments: i64,
    most_per_day: i64,
    /// Orders in the partner's own currency.
    own_payments: i64,
    ordered_minor: i64,
    largest_minor: i64,
    most_unfinished: i64,
    client_most: Option<i64>,
    clients: Option<i64>,
}

impl Actual {
    fn of(figures: &[DayFigures], currency: Currency, (from, to): (NaiveDate, NaiveDate), clients: (Option<i64>, Option<i64>)) -> Self {
        let mut actual = Self {
            client_most: clients.0,
            clients: clients.1,
            ..Self::default()
        };
        let mut by_day: BTreeMap<NaiveDate, (i64, i64)> = BTreeMap::new();
        for one in figures.iter().filter(|one| (from..=to).contains(&one.day)) {
            let f = &one.figures;
            let day = by_day.entry(one.day).or_default();
            *day = (day.0 + f.payments, day.1 + f.unfinished);
            actual.payments += f.payments;
            // Amounts of another currency say nothing about the declared ones.
            if one.currency == currency {
                actual.own_payments += f.payments;
                actual.ordered_minor = actual.ordered_minor.saturating_add(f.ordered_minor);
                actual.largest_minor = actual.largest_minor.max(f.largest_minor);
            }
        }
        let first = by_day.iter().find(|(_, (payments, _))| *payments > 0).map(|(day, _)| *day);
        actual.days = first.map_or(0, |first| to.signed_duration_since(first).num_days() + 1);
        actual.most_per_day = by_day.values().map(|(payments, _)| *payments).max().unwrap_or(0);
        actual.most_unfinished = by_day.values().map(|(_, unfinished)| *unfinished).max().unwrap_or(0);
        actual
    }

    /// The value that a declared figure is about; `None` where nothing was counted.
    fn value(&self, figure: Figure) -> Option<i64> {
        match figure {
            Figure::MaximumAmount => (self.own_payments > 0).then_some(self.largest_minor),
            Figure::AverageAmount => (self.own_payments > 0).then(|| self.ordered_minor / self.own_payments),
            Figure::PaymentsPerDay => Some(self.most_per_day),
            Figure::UnfinishedPerDay => Some(self.most_unfinished),
            Figure::ClientPerDay => self.client_most,
            Figure::RegisteredClients => self.clients,
        }
    }

    /// Payments a day in tenths.
    fn mean_tenths(&self) -> Option<i64> {
        (self.days > 0).then(|| (self.payments * 10 + self.days / 2) / self.days)
    }
}

/// A partner, what it declared and what it did.
struct Found {
    partner: Partner,
    limits: Limits,
    month: Actual,
    year: Actual,
}

impl Found {
    fn is_over(&self) -> bool {
        let over = |figure: &Figure| {
            let declared = self.limits.of(*figure).map(|limit| limit.most);
            let values = [self.month.value(*figure), self.year.value(*figure)];
            declared.is_some_and(|declared| values.into_iter().flatten().any(|value| value > declared))
        };
        Figure::ALL.iter().any(over)
    }
}

/// What partners did until a day.
fn read(a: &mut Access<'_>, partners: Vec<Partner>, to: NaiveDate) -> Result<Vec<Found>, StoreError> {
    let before = |days| to.checked_sub_days(Days::new(days)).unwrap_or(to);
    let (month, year) = (before(29), before(364));
    let figures = match partners.as_slice() {
        [one] => {
            let wanted = Wanted {
                from: year,
                to,
                partner_id: Some(one.id.clone()),
                bank_code: None,
            };
            reports::of_days(a, &wanted)?
        }
        _ => reports::of_partners(a, year, to)?,
    };
    let mut by_partner: BTreeMap<String, Vec<DayFigures>> = BTreeMap::new();
    for one in figures {
        by_partner.entry(one.partner_id.clone()).or_default().push(one);
    }
    let mut all = Vec::with_capacity(partners.len());
    for partner in partners {
        let figures = by_partner.remove(&partner.id).unwrap_or_default();
        let mut actual = |from: NaiveDate| {
            let clients = partner_counts::of_clients(a, &partner.id, &from.to_string(), &to.to_string())?;
            Ok::<_, StoreError>(Actual::of(&figures, partner.currency, (from, to), clients))
        };
        let (month, year) = (actual(month)?, actual(year)?);
        all.push(Found {
            limits: partner_counts::limits(a, &partner.id)?,
            month,
            year,
            partner,
        });
    }
    Ok(all)
}

/// A value with its words.
#[derive(Clone, Debug)]
pub struct Cell {
    value: String,
    verdict: Option<Verdict>,
}

/// A line: one figure.
#[derive(Clone, Debug)]
pub struct Row {
    name: &'static str,
    declared: String,
    month: Cell,
    year: Cell,
}

/// A partner's figures, as a piece of a page.
#[derive(Clone, Debug, Template)]
#[template(path = "back_office/declared_table.html", whitespace = "minimize")]
pub struct DeclaredTable {
    t: &'static DeclaredTexts,
    heading: String,
    id: String,
    href: Option<String>,
    rows: Vec<Row>,
}

impl DeclaredTable {
    fn of(language: Language, found: &Found, is_own_page: bool) -> Self {
        let t = DeclaredTexts::of(language);
        let currency = found.partner.currency;
        let shown = |figure: Figure, value: i64| match figure.is_amount() {
            true => money(language, Amount { minor: value, currency }),
            false => value.to_string(),
        };
        let cell = |figure: Figure, actual: &Actual| {
            let Some(value) = actual.value(figure) else {
                return Cell {
                    value: t.not_counted.to_owned(),
                    verdict: None,
                };
            };
            let words = match actual.mean_tenths().filter(|_| figure == Figure::PaymentsPerDay) {
                Some(mean) => format!("{} {}; {} {value}", t.mean, tenths(language, mean), t.most),
                None => shown(figure, value),
            };
            Cell {
                value: words,
                verdict: found.limits.of(figure).map(|limit| Verdict::of(value, limit.most)),
            }
        };
        let row = |figure: Figure| Row {
            name: PartnerTexts::of(language).figure_word(figure),
            declared: found
                .limits
                .of(figure)
                .map_or_else(|| t.nothing_declared.to_owned(), |limit| shown(figure, limit.most)),
            month: cell(figure, &found.month),
            year: cell(figure, &found.year),
        };
        Self {
            t,
            heading: if is_own_page {
                t.title.to_owned()
            } else {
                found.partner.name.clone()
            },
            id: format!(
                "declared-{}",
                found.partner.client_id.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
            ),
            href: (!is_own_page).then(|| Route::Partner.path().replace("{id}", &found.partner.id)),
            rows: Figure::ALL.map(row).to_vec(),
        }
    }
}

fn tenths(language: Language, tenths: i64) -> String {
    let point = if language == Language::Ro { ',' } else { '.' };
    format!("{}{point}{}", tenths / 10, tenths % 10)
}

/// A partner's figures for its own page.
///
/// # Errors
/// The page of a database error.
pub async fn of_partner(site: &Site, user: &SignedIn, partner: Partner) -> Result<DeclaredTable, PageError> {
    let to = today(site.cx.now());
    let found = site.cx.db.read(move |a| read(a, vec![partner], to)).await;
    let found = found.map_err(|e| user.failed(site, e))?;
    let one = found.first().ok_or_else(|| user.failed(site, FlowError::NotFound))?;
    Ok(DeclaredTable::of(user.language, one, true))
}

#[derive(Debug, Template)]
#[template(path = "back_office/declared.html", whitespace = "minimize")]
struct DeclaredPage {
    shell: OfficeShell,
    t: &'static DeclaredTexts,
    tables: Vec<DeclaredTable>,
}

/// All partners, those above a declared figure first.
async fn all(site: &Site, user: &SignedIn) -> Result<Vec<Found>, PageError> {
    let to = today(site.cx.now());
    let found = site.cx.db.read(move |a| {
        let partners = partners::list(a)?;
        read(a, partners, to)
    });
    let mut found = found.await.map_err(|e| user.failed(site, e))?;
    found.sort_by_key(|one| !one.is_over());
    Ok(found)
}

/// GET /back-office/reports/declared.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    let found = all(&site, &user).await?;
    let page = DeclaredPage {
        shell: user.shell(&site, &request, Route::Declared),
        t: DeclaredTexts::of(user.language),
        tables: found.iter().map(|one| DeclaredTable::of(user.language, one, false)).collect(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

const HEAD: [&str; 12] = [
    "partner",
    "client_id",
    "currency",
    "figure",
    "declared",
    "beyond_it",
    "mean_per_day_30_days",
    "actual_30_days",
    "verdict_30_days",
    "mean_per_day_12_months",
    "actual_12_months",
    "verdict_12_months",
];

fn lines(found: &Found) -> Vec<[String; 12]> {
    let wire = |figure: Figure, value: i64| match figure.is_amount() {
        true => format!("{}.{:02}", value / 100, value % 100),
        false => value.to_string(),
    };
    let line = |figure: Figure| {
        let limit = found.limits.of(figure);
        let of = |actual: &Actual| {
            let value = actual.value(figure);
            let mean = actual.mean_tenths().filter(|_| figure == Figure::PaymentsPerDay);
            let verdict = value.zip(limit).map(|(value, limit)| Verdict::of(value, limit.most).as_str());
            [
                mean.map(|mean| tenths(Language::En, mean)).unwrap_or_default(),
                value.map(|value| wire(figure, value)).unwrap_or_default(),
                verdict.unwrap_or_default().to_owned(),
            ]
        };
        let ([mean_30, actual_30, verdict_30], [mean_365, actual_365, verdict_365]) = (of(&found.month), of(&found.year));
        let beyond = limit.map(|limit| if limit.action == Action::Warn { "warn" } else { "block" });
        [
            found.partner.name.clone(),
            found.partner.client_id.clone(),
            found.partner.currency.code().to_owned(),
            figure.as_str().to_owned(),
            limit.map(|limit| wire(figure, limit.most)).unwrap_or_default(),
            beyond.unwrap_or_default().to_owned(),
            mean_30,
            actual_30,
            verdict_30,
            mean_365,
            actual_365,
            verdict_365,
        ]
    };
    Figure::ALL.map(line).to_vec()
}

/// GET /back-office/reports/declared.csv: a line a partner and figure.
pub async fn download(site: web::Data<Site>, user: SignedIn) -> Result<HttpResponse, PageError> {
    let found = all(&site, &user).await?;
    let file = csv_head(&HEAD).and_then(|mut file| {
        file.extend(csv_rows(found.iter().flat_map(lines))?);
        Ok(file)
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"declared.csv\""))
        .body(file.map_err(|e| user.failed(&site, e))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::reports::Figures;

    fn day(text: &str, payments: i64, ordered_minor: i64, currency: Currency) -> DayFigures {
        DayFigures {
            day: text.parse().unwrap(),
            partner_id: "p".into(),
            bank_code: String::new(),
            currency,
            figures: Figures {
                payments,
                ordered_minor,
                largest_minor: ordered_minor,
                unfinished: payments / 2,
                ..Figures::default()
            },
        }
    }

    #[test]
    fn days_are_added_up_and_other_currencies_say_nothing_of_amounts() {
        let days = [
            day("2026-11-01", 9, 900, Currency::Ron),
            day("2026-11-12", 4, 4000, Currency::Ron),
            day("2026-11-12", 3, 9_999, Currency::Eur),
            day("2026-11-21", 1, 500, Currency::Ron),
        ];
        let period = ("2026-11-10".parse().unwrap(), "2026-11-21".parse().unwrap());
        let actual = Actual::of(&days, Currency::Ron, period, (None, Some(3)));
        assert_eq!((actual.payments, actual.most_per_day, actual.most_unfinished), (8, 7, 3));
        assert_eq!((actual.days, actual.mean_tenths()), (10, Some(8)));
        assert_eq!(actual.value(Figure::MaximumAmount), Some(4000));
        assert_eq!(actual.value(Figure::AverageAmount), Some(900));
        assert_eq!(
            (actual.value(Figure::ClientPerDay), actual.value(Figure::RegisteredClients)),
            (None, Some(3))
        );
        let nothing = Actual::of(&[], Currency::Ron, period, (None, None));
        assert_eq!((nothing.value(Figure::AverageAmount), nothing.mean_tenths()), (None, None));
    }

    #[test]
    fn a_value_at_the_figure_is_within_it() {
        for (value, verdict) in [
            (101, Verdict::Over),
            (100, Verdict::Within),
            (50, Verdict::Within),
            (49, Verdict::FarBelow),
        ] {
            assert_eq!(Verdict::of(value, 100), verdict);
        }
    }
}
