//! Several payments on a page: in short beside other things, in full and paged where they are checked.

use super::fields::{ErrorLine, FieldView, Views};
use super::{OrderView, PostForm, Shell, money, opaque, sent_instead};
use crate::partner::profile::Field;
use crate::payment::{Amount, Instruction, InstructionOutcome, Language, Schedule};
use crate::web::hosted_page::form::{FieldError, FormInput};
use crate::web::hosted_page::giro_texts::{self, Fact, GiroTexts};
use crate::web::hosted_page::list_texts::ListTexts;
use askama::Template;
use std::collections::HashSet;

/// Payments on one page of a list.
pub const LINES_A_PAGE: usize = 20;
/// Payments named where the list is only mentioned.
const FIRST_LINES: usize = 5;

/// Several payments, in short.
#[derive(Clone)]
pub struct InShort {
    /// What is said of lists.
    pub l: &'static ListTexts,
    /// How many, with the noun.
    pub count: String,
    /// Creditor and amount of the first.
    pub first: Vec<(String, String)>,
    /// How many there are beside them.
    pub more: Option<String>,
}

/// When a standing order is carried out.
#[derive(Clone)]
pub struct ScheduleView {
    /// What is said of standing orders.
    pub l: &'static ListTexts,
    /// The first day.
    pub first_day: String,
    /// How often.
    pub how_often: String,
}

impl ScheduleView {
    /// In the payer's language.
    #[must_use]
    pub fn new(language: Language, schedule: &Schedule) -> Self {
        Self {
            l: ListTexts::of(language),
            first_day: schedule.first_day(language),
            how_often: schedule.how_often(language),
        }
    }

    /// That it is a standing order, in a sentence.
    pub(super) fn notice(&self) -> String {
        let text = self.l.standing_notice.replace("{often}", &self.how_often);
        text.replace("{day}", &self.first_day)
    }
}

impl OrderView {
    /// An order of any kind in the payer's language; `None` while it is not known.
    #[must_use]
    pub fn of(language: Language, instructions: &[Instruction], schedule: Option<&Schedule>) -> Option<Self> {
        let first = instructions.first()?;
        let total = Amount {
            minor: instructions.iter().map(|i| i.amount.minor).sum(),
            ..first.amount
        };
        let mut order = Self::new(language, &first.creditor_name, &first.creditor_iban, total, &first.details);
        order.schedule = schedule.map(|s| ScheduleView::new(language, s));
        order.facts = giro_texts::facts(language, first.giro.as_ref());
        if instructions.len() > 1 {
            let accounts: HashSet<_> = instructions.iter().map(|i| (&i.creditor_iban, &i.creditor_name)).collect();
            if accounts.len() > 1 {
                order.creditor_name = language.payees(accounts.len());
            }
            order.several = Some(in_short(language, instructions));
        }
        Some(order)
    }
}

fn in_short(language: Language, instructions: &[Instruction]) -> InShort {
    let l = ListTexts::of(language);
    let more = instructions.len().saturating_sub(FIRST_LINES);
    let words = || match language {
        Language::Ro => l.and_more.replace("{count}", &language.payments(more)),
        Language::En => l.and_more.replace("{count}", &more.to_string()),
    };
    InShort {
        l,
        count: language.payments(instructions.len()),
        first: instructions
            .iter()
            .take(FIRST_LINES)
            .map(|i| (i.creditor_name.clone(), money(language, i.amount)))
            .collect(),
        more: (more > 0).then(words),
    }
}

/// One payment of a list.
pub struct ListLine {
    pub(super) number: usize,
    pub(super) creditor_name: String,
    pub(super) creditor_iban: String,
    pub(super) amount: String,
    pub(super) details: String,
    pub(super) details_for_bank: Option<String>,
    /// Its end-to-end id, where it can be edited.
    pub(super) edit: Option<String>,
    /// What a Serbian order has beside the rest.
    pub(super) facts: Vec<Fact>,
    /// Why the bank refused it, in the bank's words.
    pub(super) bank_text: Option<String>,
    /// How it ended: a class of the style sheet and the words.
    pub(super) outcome: Option<(&'static str, &'static str)>,
}

/// The ways to the other pages of a list.
pub(super) struct Pager {
    pub(super) here: String,
    pub(super) ways: Vec<PagerWay>,
}

/// The way to another page of a list.
pub(super) struct PagerWay {
    /// A class of the style sheet and the words.
    pub(super) name: (&'static str, &'static str),
    /// The page, from 1.
    pub(super) page: usize,
    /// Its address.
    pub(super) url: String,
}

/// A page of a list.
pub struct PaymentList {
    pub(super) l: &'static ListTexts,
    pub(super) count: String,
    pub(super) total: String,
    pub(super) lines: Vec<ListLine>,
    pub(super) pager: Option<Pager>,
    /// Where the form beside the list is posted for another page or for one payment, so that what has been typed
    /// stays; without a form the ways are links.
    pub(super) form_action: Option<String>,
    /// Hash of the whole list.
    pub(super) shown: String,
}

/// A payment of a list: its number from 1, what it is, and how it ended.
pub type Numbered<'a> = (usize, &'a Instruction, Option<InstructionOutcome>);

/// Addresses that a list leads to.
pub trait ListUrls {
    /// A page of the list, from 1.
    fn page(&self, page: usize) -> String;
    /// Where the form beside the list is posted for another page; `None` where there is no form.
    fn form_action(&self) -> Option<String>;
    /// Whether the payments can be edited.
    fn editable(&self) -> bool;
}

impl PaymentList {
    /// The page `page` (from 1; the nearest there is) of these payments. `shown` is the hash of them all.
    #[must_use]
    pub fn new(language: Language, all: &[Numbered<'_>], page: usize, urls: &impl ListUrls, shown: String) -> Self {
        let l = ListTexts::of(language);
        let pages = all.len().div_ceil(LINES_A_PAGE).max(1);
        let page = page.clamp(1, pages);
        let total: i64 = all.iter().map(|(_, i, _)| i.amount.minor).sum();
        let total = all.first().map(|(_, i, _)| money(language, Amount { minor: total, ..i.amount }));
        let ways = [
            (page > 2, 1, ("first", l.first)),
            (page > 1, page.saturating_sub(1), ("previous", l.previous)),
            (page < pages, page + 1, ("next", l.next)),
            (page + 1 < pages, pages, ("last", l.last)),
        ];
        let way = |(there, page, name): (bool, usize, _)| {
            let url = urls.page(page);
            there.then_some(PagerWay { name, page, url })
        };
        Self {
            l,
            count: language.payments(all.len()),
            total: total.unwrap_or_default(),
            lines: all
                .iter()
                .skip((page - 1) * LINES_A_PAGE)
                .take(LINES_A_PAGE)
                .map(|(number, i, outcome)| ListLine {
                    number: *number,
                    creditor_name: i.creditor_name.clone(),
                    creditor_iban: i.creditor_iban.grouped(),
                    amount: money(language, i.amount),
                    details: i.details.clone(),
                    details_for_bank: sent_instead(&i.details),
                    edit: urls.editable().then(|| i.end_to_end_id.clone()),
                    facts: giro_texts::facts(language, i.giro.as_ref()),
                    bank_text: None,
                    outcome: outcome.map(|o| outcome_words(l, o)),
                })
                .collect(),
            pager: (pages > 1).then(|| Pager {
                here: l
                    .page_of
                    .replace("{page}", &page.to_string())
                    .replace("{pages}", &pages.to_string()),
                ways: ways.into_iter().filter_map(way).collect(),
            }),
            form_action: urls.form_action(),
            shown,
        }
    }

    /// The same list with what the bank said of single payments, in the order of the whole list.
    #[must_use]
    pub fn with_bank_texts(mut self, texts: &[Option<String>]) -> Self {
        for line in &mut self.lines {
            line.bank_text = texts.get(line.number - 1).cloned().flatten();
        }
        self
    }

    /// The sum.
    pub(super) fn total(&self) -> &str {
        &self.total
    }
}

const fn outcome_words(l: &'static ListTexts, outcome: InstructionOutcome) -> (&'static str, &'static str) {
    match outcome {
        InstructionOutcome::Made => ("good", l.made),
        InstructionOutcome::NotMade => ("bad", l.not_made),
        InstructionOutcome::Unknown => ("calm", l.not_told),
    }
}

/// What became of several payments of which the bank made some.
pub struct Parts {
    pub(super) l: &'static ListTexts,
    /// Label, number and sum of each outcome that there is.
    pub(super) counts: Vec<(&'static str, String)>,
    pub(super) list: PaymentList,
}

/// Payments named in full where a bank refused them.
const REFUSED_NAMED: usize = 10;

/// The payments of an order that a bank refused with a reason, before anything was paid.
pub struct RefusedItems {
    pub(super) t: &'static GiroTexts,
    /// Number and creditor, the bank's words, and where it is on the page.
    pub(super) items: Vec<(String, String, Option<String>)>,
    /// How many there are beside them.
    pub(super) more: Option<String>,
}

impl RefusedItems {
    /// `None` where the bank gave no reason for any.
    #[must_use]
    pub fn new(
        language: Language,
        instructions: &[Instruction],
        texts: &[Option<String>],
        url: impl Fn(&Instruction) -> Option<String>,
    ) -> Option<Self> {
        let t = GiroTexts::of(language);
        let said: Vec<_> = (1..)
            .zip(instructions)
            .zip(texts)
            .filter_map(|(item, text)| Some((item, text.as_ref()?)))
            .collect();
        let named = |((number, instruction), text): &((usize, &Instruction), &String)| {
            let name = match instructions.len() {
                1 => instruction.creditor_name.clone(),
                _ => format!("{number}. {}", instruction.creditor_name),
            };
            (name, (*text).clone(), url(instruction))
        };
        let more = said.len().saturating_sub(REFUSED_NAMED);
        (!said.is_empty()).then(|| Self {
            t,
            items: said.iter().take(REFUSED_NAMED).map(named).collect(),
            more: (more > 0).then(|| t.refused_more.replace("{count}", &more.to_string())),
        })
    }
}

impl Parts {
    /// The page `page` of the outcomes: what was not made comes first, in the order of the list.
    #[must_use]
    pub fn new(language: Language, mut all: Vec<Numbered<'_>>, page: usize, urls: &impl ListUrls) -> Self {
        let l = ListTexts::of(language);
        let kinds = [
            (InstructionOutcome::NotMade, l.count_not_made),
            (InstructionOutcome::Unknown, l.count_not_told),
            (InstructionOutcome::Made, l.count_made),
        ];
        let count = |(outcome, label): (InstructionOutcome, &'static str)| {
            let these: Vec<Amount> = all.iter().filter(|(.., o)| *o == Some(outcome)).map(|(_, i, _)| i.amount).collect();
            let sum = Amount {
                minor: these.iter().map(|a| a.minor).sum(),
                ..*these.first()?
            };
            Some((label, format!("{} ({})", these.len(), money(language, sum))))
        };
        let counts = kinds.into_iter().filter_map(count).collect();
        all.sort_by_key(|(number, _, outcome)| (kinds.iter().position(|(o, _)| Some(*o) == *outcome), *number));
        Self {
            l,
            counts,
            list: PaymentList::new(language, &all, page, urls, String::new()),
        }
    }

    /// As [`PaymentList::with_bank_texts`].
    #[must_use]
    pub fn with_bank_texts(mut self, texts: &[Option<String>]) -> Self {
        self.list = self.list.with_bank_texts(texts);
        self
    }
}

/// What the page of one payment says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditNotice {
    /// The payment is not what it was when it was shown.
    Changed,
    /// The form's token was too old.
    Expired,
}

/// One of several payments, to be changed.
#[derive(Template)]
#[template(path = "hosted_page/payment_edit.html", whitespace = "minimize")]
pub struct EditPage {
    shell: Shell,
    l: &'static ListTexts,
    post: PostForm,
    title: String,
    line: String,
    shown: String,
    back_url: String,
    notice: Option<&'static str>,
    errors: Vec<ErrorLine>,
    fields: Vec<FieldView>,
    details_for_bank: Option<String>,
}

opaque!(RefusedItems, InShort, ScheduleView, ListLine, PaymentList, Parts, EditPage);

/// Which payment of a list is edited.
#[derive(Clone)]
pub struct Edited {
    /// Its number, from 1.
    pub number: usize,
    /// Its end-to-end id.
    pub end_to_end_id: String,
    /// Hash of it as it is shown.
    pub shown: String,
    /// The page of the list it stands on.
    pub back_url: String,
}

opaque!(Edited);

impl EditPage {
    /// The page with what is known, or with what was posted and what is wrong with it.
    #[must_use]
    pub fn new(shell: Shell, post: PostForm, edited: Edited, input: &FormInput, errors: &[(Field, FieldError)]) -> Self {
        let language = shell.language();
        let l = ListTexts::of(language);
        let views = Views {
            off: None,
            language,
            errors,
            input,
            user_code_label: None,
        };
        Self {
            title: l.edit_title.replace("{count}", &edited.number.to_string()),
            line: edited.end_to_end_id,
            shown: edited.shown,
            back_url: edited.back_url,
            notice: None,
            errors: views.summary(&[]),
            fields: views.order_fields(),
            details_for_bank: sent_instead(&input.details),
            shell,
            l,
            post,
        }
    }

    /// The same page with something to know first.
    #[must_use]
    pub fn with_notice(mut self, notice: EditNotice) -> Self {
        self.notice = Some(match notice {
            EditNotice::Changed => self.l.line_changed,
            EditNotice::Expired => self.l.edit_expired,
        });
        self
    }
}
