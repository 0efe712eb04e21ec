//! A report as plain data: figures added up, texts as they are shown.

use super::Found;
use super::chart::Chart;
use super::query::{Choices, Period, PeriodProblem};
use super::texts::ReportTexts;
use crate::payment::{Amount, Currency, Language};
use crate::store::reports::{DayFigures, Figures, Sums};
use crate::web::back_office::frame::OfficeShell;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::pages::money;
use askama::Template;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Figures of several currencies: amounts of different currencies are never added up.
#[derive(Clone, Debug, Default)]
struct Sum {
    figures: Figures,
    minor: BTreeMap<&'static str, (Currency, i64)>,
}

impl Sum {
    fn add(&mut self, one: &DayFigures) {
        self.figures.add(&one.figures);
        // Without a payment there is no currency either: what cannot be read, and tokens without an order.
        if one.figures.payments > 0 {
            let volume = self.minor.entry(one.currency.code()).or_insert((one.currency, 0));
            volume.1 = volume.1.saturating_add(one.figures.settled_minor);
        }
    }
}

/// A line of a table.
#[derive(Clone, Debug)]
pub struct Line {
    /// The day, the partner or the bank.
    pub name: String,
    /// What became of its payments.
    pub figures: Figures,
    /// The amount settled, once a currency.
    pub volume: Vec<String>,
    /// The success rate.
    pub success: String,
    /// The median time to settle.
    pub median: String,
    /// The time within which 95 of 100 were settled.
    pub p95: String,
}

/// Something that may be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub name: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// A step at which payers gave up.
#[derive(Clone, Debug)]
pub struct Step {
    /// In words.
    pub name: &'static str,
    /// How many did.
    pub count: i64,
    /// Their share of all that gave up.
    pub share: String,
}

/// A page of figures.
#[derive(Debug, Template)]
#[template(path = "back_office/reports.html", whitespace = "minimize")]
pub struct ReportPage {
    shell: OfficeShell,
    r: &'static ReportTexts,
    from: String,
    to: String,
    partners: Vec<Choice>,
    banks: Vec<Choice>,
    file: String,
    problem: Option<(&'static str, &'static str)>,
    counted_until: Option<String>,
    total: Line,
    charts: Vec<Chart>,
    days: Vec<Line>,
    by_partner: Vec<Line>,
    by_bank: Vec<Line>,
    left: Vec<Step>,
}

impl ReportPage {
    /// The page of what was found.
    pub(super) fn of(shell: OfficeShell, language: Language, period: &Period, problem: Option<PeriodProblem>, found: &Found<Sums>) -> Self {
        let r = ReportTexts::of(language);
        let show = Show { r, language };
        let (mut total, mut by_day) = (Sum::default(), BTreeMap::<NaiveDate, Sum>::new());
        let (mut by_partner, mut by_bank) = (BTreeMap::<&str, Sum>::new(), BTreeMap::<&str, Sum>::new());
        for one in &found.figures.days {
            total.add(one);
            by_day.entry(one.day).or_default().add(one);
        }
        for one in &found.figures.partners {
            by_partner.entry(&one.partner_id).or_default().add(one);
        }
        for one in &found.figures.banks {
            by_bank.entry(&one.bank_code).or_default().add(one);
        }
        let choices = &found.choices;
        let (partners, banks) = show.choices(choices, period);
        let bank_name = |code: &str| match code {
            "" => r.no_bank.to_owned(),
            code => choices.bank(code).to_owned(),
        };
        Self {
            charts: show.charts(period, &by_day, &total),
            days: by_day.iter().rev().map(|(day, sum)| show.line(show.day(*day), sum)).collect(),
            by_partner: show.by_size(by_partner, |id| choices.partner(id).to_owned()),
            by_bank: show.by_size(by_bank, bank_name),
            left: show.left(&total.figures),
            total: show.line(r.in_all.to_owned(), &total),
            from: period.from.to_string(),
            to: period.to.to_string(),
            file: format!("{}?{}", super::Route::ReportFile.path(), period.query()),
            problem: problem.map(|problem| r.problem(problem)),
            counted_until: found.counted_until.map(|at| local_time(at, language)),
            partners,
            banks,
            shell,
            r,
        }
    }
}

/// How figures are shown.
#[derive(Clone, Copy)]
struct Show {
    r: &'static ReportTexts,
    language: Language,
}

impl Show {
    fn line(self, name: String, sum: &Sum) -> Line {
        let time = |of_hundred| {
            let seconds = sum.figures.settle_times.percentile(of_hundred);
            seconds.map_or_else(|| "–".to_owned(), duration)
        };
        let volume = sum.minor.values().filter(|(_, minor)| *minor != 0);
        Line {
            name,
            volume: volume.map(|(currency, minor)| self.money(*minor, *currency)).collect(),
            success: sum.figures.success_permille().map_or_else(|| "–".to_owned(), |p| self.percent(p)),
            median: time(50),
            p95: time(95),
            figures: sum.figures.clone(),
        }
    }

    fn by_size(self, sums: BTreeMap<&str, Sum>, name: impl Fn(&str) -> String) -> Vec<Line> {
        let mut lines: Vec<Line> = sums.into_iter().map(|(key, sum)| self.line(name(key), &sum)).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.figures.payments));
        lines
    }

    fn charts(self, period: &Period, by_day: &BTreeMap<NaiveDate, Sum>, total: &Sum) -> Vec<Chart> {
        let of_days = |value: &dyn Fn(&Sum) -> (i64, i64)| -> Vec<(i64, i64)> {
            period.days().map(|day| by_day.get(&day).map_or((0, 0), value)).collect()
        };
        let payments = of_days(&|sum| (sum.figures.settled, sum.figures.payments));
        let mut charts = vec![Chart::of(self.r.chart_payments.to_owned(), &payments, |most| most.to_string())];
        for (code, (currency, _)) in &total.minor {
            let volume = of_days(&|sum| sum.minor.get(code).map_or((0, 0), |(_, minor)| (*minor, *minor)));
            let title = format!("{}, {code}", self.r.chart_volume);
            charts.push(Chart::of(title, &volume, |most| self.money(most, *currency)));
        }
        charts.retain(|chart| !chart.is_empty());
        charts
    }

    fn left(self, figures: &Figures) -> Vec<Step> {
        let all = figures.abandoned();
        let step = |name, count: i64| Step {
            name,
            count,
            share: if all > 0 {
                self.percent((count.saturating_mul(1000) + all / 2) / all)
            } else {
                "–".to_owned()
            },
        };
        vec![
            step(self.r.left_unopened, figures.left_unopened),
            step(self.r.left_on_page, figures.left_on_page),
            step(self.r.left_at_bank, figures.left_at_bank),
        ]
    }

    fn choices(self, known: &Choices, period: &Period) -> (Vec<Choice>, Vec<Choice>) {
        let choice = |value: &str, name: &str, chosen: &str| Choice {
            value: value.to_owned(),
            name: name.to_owned(),
            is_chosen: value == chosen,
        };
        let partners = known.partners.iter().map(|(id, _, name)| choice(id, name, &period.partner));
        let banks = known.banks.iter().map(|(code, name)| choice(code, name, &period.bank));
        (
            std::iter::once(choice("", self.r.all_partners, &period.partner))
                .chain(partners)
                .collect(),
            std::iter::once(choice("", self.r.all_banks, &period.bank)).chain(banks).collect(),
        )
    }

    fn money(self, minor: i64, currency: Currency) -> String {
        money(self.language, Amount { minor, currency })
    }

    fn percent(self, permille: i64) -> String {
        let (whole, tenth) = (permille / 10, permille % 10);
        match self.language {
            Language::Ro => format!("{whole},{tenth} %"),
            Language::En => format!("{whole}.{tenth}%"),
        }
    }

    fn day(self, day: NaiveDate) -> String {
        let format = match self.language {
            Language::Ro => "%d.%m.%Y",
            Language::En => "%d/%m/%Y",
        };
        day.format(format).to_string()
    }
}

/// Seconds as people read them; the units are the same in both languages.
fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
