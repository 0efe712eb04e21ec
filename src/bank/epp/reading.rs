//! What ePP's answers mean.

use super::conversation::Item;
use super::protocol::Channel;
use crate::bank::{BankError, CodeFormat, CodePrompt, PsuStep, Reason, ScaMethod, Verdict};
use std::time::Duration;

/// Soon enough for somebody who watches our page.
const SOON: Duration = Duration::from_secs(2);

/// The verdict over all orders and the word for it, once the code was right.
pub(super) fn of_all(items: &[Item]) -> (Verdict, &'static str) {
    let count = |how: Option<bool>| items.iter().filter(|item| item.paid == how).count();
    match (count(None), count(Some(true)), count(Some(false))) {
        (0, _, 0) => (Verdict::Settled, "ACSC"),
        (0, 0, _) => (Verdict::Rejected(Reason::BankDeclined), "RJCT"),
        (0, ..) => (Verdict::PartlySettled, "PART"),
        _ => (Verdict::StillWorking, "ACSP"),
    }
}

/// What is known of the code.
pub(super) fn prompt(channel: Option<Channel>, wrong: bool) -> CodePrompt {
    CodePrompt {
        message: None,
        method: channel.map(|c| c.name().to_owned()),
        format: CodeFormat::Characters,
        max_length: None,
        made_by_psu: channel == Some(Channel::Authenticator),
        // Another one is sent only when the time of this one is over: then the payer chooses again.
        can_resend: false,
        wrong,
    }
}

/// A way to get the code.
pub(super) fn method(channel: Channel) -> ScaMethod {
    ScaMethod {
        id: channel.as_str().to_owned(),
        name: channel.name().to_owned(),
        kind: channel.kind().to_owned(),
    }
}

/// Whether the bank refused with this name; some write it into the message beside a number.
pub(super) fn is(error: &BankError, name: &str) -> bool {
    matches!(error, BankError::Refused { code, text, .. } if code.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(name))
}

/// A code left, and no order says that it was right. A refusal in the middle of a success is none.
pub(super) fn after_a_code(error: BankError) -> BankError {
    match error {
        BankError::Refused { status: 200, code, .. } => BankError::Unknown(format!("the answer to the code is {code}")),
        other => other,
    }
}

/// When asking again makes sense. The caller lets it grow.
pub(super) const fn ask_again_after(verdict: &Verdict) -> Duration {
    match verdict {
        Verdict::PsuNeeded(PsuStep::Begin | PsuStep::ApproveInApp { .. }) | Verdict::StillWorking => SOON,
        Verdict::PsuNeeded(_) => Duration::from_secs(15),
        Verdict::Settled | Verdict::PartlySettled | Verdict::Rejected(_) | Verdict::Cancelled(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_together_have_one_verdict() {
        let of = |ended: &[Option<bool>]| {
            let item = |paid: &Option<bool>| Item {
                end_to_end_id: String::new(),
                order_id: String::new(),
                paid: *paid,
            };
            of_all(&ended.iter().map(item).collect::<Vec<_>>()).1
        };
        assert_eq!(of(&[Some(true)]), "ACSC");
        assert_eq!(of(&[Some(true), None]), "ACSP");
        assert_eq!(of(&[Some(false), None]), "ACSP");
        assert_eq!(of(&[Some(false), Some(true)]), "PART");
        assert_eq!(of(&[Some(false), Some(false)]), "RJCT");
    }
}
