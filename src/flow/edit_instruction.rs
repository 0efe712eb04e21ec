//! The PSU changes one of several payments, or takes it away, before confirming them all.

use super::bank_call::History;
use super::{Context, FlowError, after};
use crate::crypto;
use crate::partner::{Field, PartnerKind};
use crate::payment::{Amount, Iban, Instruction, PaymentId, Status};
use crate::store::payments::{self, Payment};
use crate::store::{StoreError, instructions};

/// What the PSU made of an instruction, checked by the page's rules.
#[derive(Clone, PartialEq, Eq)]
pub struct EditedInstruction {
    /// Who receives the money.
    pub creditor_name: String,
    /// The account that receives it.
    pub creditor_iban: Iban,
    /// How much.
    pub amount: Amount,
    /// Remittance information.
    pub details: String,
}

impl std::fmt::Debug for EditedInstruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EditedInstruction")
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

impl EditedInstruction {
    /// The instruction with what the PSU may change, by the partner's kind: decided here, not by what came in.
    #[must_use]
    pub(super) fn over(self, known: &Instruction, kind: PartnerKind) -> Instruction {
        let mut next = known.clone();
        if kind.editable(Field::CreditorName) {
            next.creditor_name = self.creditor_name;
        }
        if kind.editable(Field::CreditorIban) {
            next.creditor_iban = self.creditor_iban;
        }
        if kind.editable(Field::Amount) {
            next.amount = self.amount;
        }
        if kind.editable(Field::Details) {
            next.details = self.details;
        }
        next
    }
}

/// What is to be done with an instruction.
#[derive(Clone, Debug)]
pub enum Change {
    /// It becomes this.
    Edit(EditedInstruction),
    /// It is taken away; the last one stays.
    Remove,
}

/// Hash of one instruction as it was shown: who changes it must have seen what is changed.
#[must_use]
pub fn instruction_hash(instruction: &Instruction) -> String {
    crypto::token_hash(&line(instruction))
}

/// Hash of all instructions as they were shown: what is confirmed must be what was seen.
#[must_use]
pub fn shown_hash(payment: &Payment) -> String {
    let lines: Vec<String> = payment.instructions.iter().map(line).collect();
    crypto::token_hash(&lines.join("\n"))
}

/// Whether the payment's order is the one that was shown; a list is only taken with its hash.
#[must_use]
pub fn is_as_shown(payment: &Payment, shown: Option<&str>) -> bool {
    match shown {
        Some(shown) => shown == shown_hash(payment),
        None => payment.instructions.len() < 2,
    }
}

/// No field holds a line break, so no two instructions read the same.
fn line(i: &Instruction) -> String {
    format!(
        "{}|{}|{}|{}\u{1}{}\u{1}{}{}",
        i.end_to_end_id,
        i.creditor_iban.electronic(),
        i.amount.minor,
        i.amount.currency,
        i.creditor_name,
        i.details,
        giro(i)
    )
}

/// What a Serbian order has beside the rest; nothing for others, so that their hashes are what they were.
pub(super) fn giro(i: &Instruction) -> String {
    i.giro.as_ref().map(|giro| format!("\u{1}{}", giro.line())).unwrap_or_default()
}

/// Whether the payment's instructions can still be changed.
#[must_use]
pub fn is_open(cx: &Context, payment: &Payment) -> bool {
    matches!(payment.status, Status::Created | Status::AttemptRefused) && payment.expires_at > cx.now()
}

/// Changes or removes the instruction of this end-to-end id, which the PSU saw as `seen` says.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's or there is no such instruction among several;
/// [`FlowError::NotAllowed`] when nothing can be changed any more, the partner's kind does not allow it, or the
/// last instruction would go; [`FlowError::OtherContent`] when it has changed since it was seen;
/// [`FlowError::Busy`] when something else happens to the payment right now.
pub async fn edit_instruction(
    cx: &Context,
    id: PaymentId,
    browser_hash: &str,
    end_to_end_id: &str,
    seen: &str,
    change: Change,
) -> Result<(), FlowError> {
    let (mut payment, partner) = cx.payment(id).await?;
    if payment.browser_hash.as_deref() != Some(browser_hash) || payment.instructions.len() < 2 {
        return Err(FlowError::NotFound);
    }
    let found = payment.instructions.iter().position(|i| i.end_to_end_id == end_to_end_id);
    let position = found.ok_or(FlowError::NotFound)?;
    if !is_open(cx, &payment) || !partner.kind.editable(Field::Amount) {
        return Err(FlowError::NotAllowed);
    }
    let known = payment.instructions[position].clone();
    if instruction_hash(&known) != seen {
        return Err(FlowError::OtherContent);
    }
    let mut history = History::default();
    let next = match change {
        Change::Remove => {
            payment.instructions.remove(position);
            payment.instruction_words.remove(position);
            payment.instruction_texts.remove(position);
            history.note(&payment, "instruction_removed", "psu", Some(format!("no. {}", position + 1)));
            None
        }
        Change::Edit(edited) => {
            let next = edited.over(&known, partner.kind);
            if next == known {
                return Ok(());
            }
            let detail = format!("no. {}: {}", position + 1, changed(&known, &next).join(", "));
            history.note(&payment, "instruction_edited", "psu", Some(detail));
            payment.instructions[position].clone_from(&next);
            Some(next)
        }
    };
    write(cx, payment, history, end_to_end_id.to_owned(), next).await
}

/// The names of the fields that differ; what is in them is nobody's business in a history.
fn changed(before: &Instruction, after: &Instruction) -> Vec<&'static str> {
    [
        ("creditorName", before.creditor_name != after.creditor_name),
        ("creditorIban", before.creditor_iban != after.creditor_iban),
        ("amount", before.amount != after.amount),
        ("details", before.details != after.details),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

async fn write(
    cx: &Context,
    payment: Payment,
    history: History,
    end_to_end_id: String,
    next: Option<Instruction>,
) -> Result<(), FlowError> {
    let now = cx.now();
    let until = after(now, cx.rules.lease);
    let written = cx
        .db
        .write(move |a| {
            let payment = payments::claim(a, payment, now, until)?.payment;
            match &next {
                Some(instruction) => instructions::update(a, payment.id, instruction)?,
                None => instructions::remove(a, payment.id, &end_to_end_id)?,
            }
            payments::save(a, &payment, &history.entries, &[], now, false)
        })
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict | StoreError::Busy) => Err(FlowError::Busy),
        Err(other) => Err(other.into()),
    }
}
