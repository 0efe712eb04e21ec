//! Funds confirmation at a STET bank (PSD2 Art. 65; STET "payment coverage").

use super::consent::using;
use super::{Stet, unknown, wire};
use crate::bank::accounts::{ConsentKind, ConsentSession, FundsConfirmation, Read};
use crate::payment::{Amount, Iban};
use reqwest::Method;
use serde_json::{Value, json};

impl FundsConfirmation for Stet {
    /// What the bank refuses with (`AC01`, `AC04`, `AC06`, `FF01`, `BADS`, `NGAC`, …) is the refusal's `code`.
    async fn confirm_funds(&self, session: &ConsentSession, account: &Iban, amount: &Amount) -> Read<bool> {
        using(self, session, ConsentKind::Funds, async |consent| {
            // At most 35 characters, and another one with every question.
            let id = consent.next_request_id("payment_coverage").simple().to_string();
            let body = json!({
                "paymentCoverageRequestId": id,
                "instructedAmount": wire::amount(amount, self.protocol.version)?,
                "accountId": { "iban": account.electronic() },
            });
            let url = self.addresses.api(&["funds-confirmations"]);
            let reply = consent
                .call("funds_confirmation", Method::POST, url, body.to_string().into_bytes())
                .await?;
            result(&reply.body, &id).ok_or_else(|| unknown("the answer to the question of funds is unreadable"))
        })
        .await
    }
}

/// Yes or no, and only about this question.
fn result(body: &[u8], id: &str) -> Option<bool> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let asked = body.pointer("/request/paymentCoverageRequestId").and_then(Value::as_str);
    let ours = asked.is_none_or(|asked| asked == id);
    body.get("result")?.as_bool().filter(|_| ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_or_no_to_this_question_counts() {
        let read = |body: &str| result(body.as_bytes(), "1");
        assert_eq!(read(r#"{"request":{"paymentCoverageRequestId":"1"},"result":true}"#), Some(true));
        assert_eq!(read(r#"{"result":false}"#), Some(false));
        for body in [
            r#"{"request":{"paymentCoverageRequestId":"2"},"result":true}"#,
            r#"{"result":"true"}"#,
            "{}",
            "true",
            "",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
