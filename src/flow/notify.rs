//! Which mail follows from what happened; written with the status, sent by the worker.

use super::{Context, FlowError};
use crate::bank::Reason;
use crate::clock::Timestamp;
use crate::mail::{self, MailKind, MailLine, OutgoingMail, PaymentMail, ReasonWord};
use crate::partner::Partner;
use crate::payment::transition::CORRECTION;
use crate::payment::{Instruction, InstructionOutcome, Language, Status, refusal};
use crate::store::history::Entry;
use crate::store::outbox::NewMessage;
use crate::store::partners;
use crate::store::payments::Payment;

/// After so many questions without an end (about two minutes) the payer is told that it takes longer.
const POLLS_UNTIL_ON_ITS_WAY: i32 = 7;
/// The same for a doubt (about half a minute): most end sooner. One that nobody can be asked about is told at once.
const POLLS_UNTIL_IN_DOUBT: i32 = 5;

/// The mails that these entries call for: at most one.
pub(super) async fn mails(cx: &Context, payment: &Payment, entries: &[Entry], now: Timestamp) -> Result<Vec<NewMessage>, FlowError> {
    let (Some(kind), Some(to)) = (kind(payment, entries), payment.psu_email.clone()) else {
        return Ok(Vec::new());
    };
    let partner_id = payment.partner_id.clone();
    let partner = cx
        .db
        .read(move |a| partners::get(a, &partner_id))
        .await?
        .ok_or(FlowError::NotFound)?;
    let Some(content) = content(cx, payment, &partner, kind, now) else {
        return Ok(Vec::new());
    };
    let rendered = mail::render(&content).map_err(|e| FlowError::Internal(format!("mail {}: {e}", kind.as_str())))?;
    // The same for every copy, so that a mail sent twice is recognised as one.
    let message_id = format!("{}.{}@{}", payment.id, kind.as_str(), cx.rules.mail_domain);
    let outgoing = OutgoingMail {
        message_id: message_id.clone(),
        from: cx.rules.mail_from.clone(),
        to,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        date: now,
    };
    Ok(vec![NewMessage {
        kind: kind.as_str(),
        message_id,
        payload: serde_json::to_string(&outgoing)?,
    }])
}

fn kind(payment: &Payment, entries: &[Entry]) -> Option<MailKind> {
    let moved = entries.iter().rfind(|e| e.from != e.to);
    match moved {
        Some(entry) if entry.event == CORRECTION => Some(MailKind::Corrected),
        Some(entry) => match entry.to {
            Status::Settled => Some(MailKind::Settled),
            Status::PartlySettled => Some(MailKind::PartlySettled),
            Status::Rejected => Some(MailKind::Refused),
            Status::Cancelled => Some(MailKind::Cancelled),
            _ => None,
        },
        None => match payment.status {
            Status::Processing if payment.polls == POLLS_UNTIL_ON_ITS_WAY => Some(MailKind::OnItsWay),
            Status::InDoubt if payment.polls == POLLS_UNTIL_IN_DOUBT => Some(MailKind::InDoubt),
            Status::InDoubt if payment.polls == 1 && payment.bank_session.is_none() => Some(MailKind::InDoubt),
            _ => None,
        },
    }
}

fn content(cx: &Context, payment: &Payment, partner: &Partner, kind: MailKind, now: Timestamp) -> Option<PaymentMail> {
    let bank = cx.bank_of(payment);
    let reason = reason_word(payment.reason.as_deref(), payment.language.unwrap_or_default());
    Some(PaymentMail {
        kind,
        language: payment.language.unwrap_or_default(),
        partner_name: partner.name.clone(),
        instructions: lines(payment, kind),
        total: payment.total()?,
        schedule: payment.schedule,
        debtor_iban_masked: payment.debtor_iban.as_ref().map(|i| i.masked()),
        bank_name: bank.map(|b| b.name.clone()).unwrap_or_default(),
        reference: payment.id.to_string(),
        bank_reference: payment.bank_payment_id.clone(),
        reason: matches!(kind, MailKind::Refused | MailKind::Cancelled).then_some(reason),
        at: now,
        support_contact: Some(cx.rules.support_contact.clone()),
    })
}

/// What a mail says of a stored reason.
pub(super) fn reason_word(reason: Option<&str>, language: Language) -> ReasonWord {
    match reason {
        Some(word) if word == Reason::PsuDeclined.as_str() => ReasonWord::PsuDeclined,
        Some(word) if word == Reason::BankDeclined.as_str() => ReasonWord::BankDeclined,
        Some(word) if word == Reason::Withdrawn.as_str() => ReasonWord::Withdrawn,
        Some(word) if word == Reason::WrongCodes.as_str() => ReasonWord::WrongCodes,
        Some(word) if word == Reason::NotExecuted.as_str() => ReasonWord::NotExecuted,
        Some(word) => refusal::why(word, language).map_or(ReasonWord::Unknown, ReasonWord::Because),
        None => ReasonWord::Unknown,
    }
}

fn lines(payment: &Payment, kind: MailKind) -> Vec<MailLine> {
    let words = payment.instruction_words.iter().map(Option::as_deref);
    let line = |(i, word): (&Instruction, Option<&str>)| MailLine {
        creditor_name: i.creditor_name.clone(),
        creditor_iban_masked: i.creditor_iban.masked(),
        amount: i.amount,
        details: i.details.clone(),
        outcome: (kind == MailKind::PartlySettled).then(|| InstructionOutcome::of(word)),
    };
    payment.instructions.iter().zip(words).map(line).collect()
}
