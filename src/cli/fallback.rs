//! Where a bank's fallback interface leads, for an operator whose payers' accounts cannot be read.

use anyhow::bail;
use smartpay::app;
use smartpay::bank::stet::Fallback;
use smartpay::bank::{BankError, Connector};
use smartpay::config::Settings;

/// Asks the bank once, and follows nothing.
pub(super) async fn fallback(settings: &Settings, bank: &str) -> anyhow::Result<()> {
    let Connector::Stet(stet) = app::bank_connector(settings, bank)? else {
        bail!("{bank} does not speak STET: its directory entry knows no fallback");
    };
    let found = stet.fallback().await.map_err(|error| match &error {
        // A refused client certificate may show only when the answer is awaited (TLS 1.3).
        BankError::NotSent(_) | BankError::Unknown(_) => {
            anyhow::anyhow!("{error}; look at base_url, and at the certificates of bank_calls")
        }
        _ => error.into(),
    })?;
    println!("{bank}: {}", in_words(&found));
    if is_open(&found) {
        return Ok(());
    }
    bail!("there is no fallback to use now")
}

const fn is_open(found: &Fallback) -> bool {
    matches!(found.status, 300..=399) && found.location.is_some()
}

/// A query may hold what belongs to one session: it is left out.
fn in_words(found: &Fallback) -> String {
    let status = found.status;
    let location = found.location.clone().map(|mut url| {
        url.set_query(None);
        url.set_fragment(None);
        url
    });
    match (location, &found.refusal) {
        (Some(url), _) if is_open(found) => format!(
            "the fallback is open: the bank leads to {url} (HTTP {status}).\n\
             That is the customers' own login. Accounts can be read there with the payer at hand; payments cannot be initiated. \
             Nothing was opened or kept."
        ),
        (_, Some(code)) if code.is_empty() => format!("the bank refuses the fallback (HTTP {status}, no code)"),
        (_, Some(code)) => format!(
            "the bank refuses the fallback (HTTP {status}, {code}). 401 and 403 mean mostly that it does not know our certificates, \
             or keeps the fallback closed while its interface works"
        ),
        (_, None) => format!("the bank answered HTTP {status} and led nowhere: it offers no fallback at this address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(status: u16, location: Option<&str>, refusal: Option<&str>) -> Fallback {
        Fallback {
            status,
            location: location.map(|l| l.parse().unwrap()),
            refusal: refusal.map(str::to_owned),
        }
    }

    #[test]
    fn an_operator_reads_where_it_leads_and_no_session() {
        let open = found(302, Some("https://bank.example/login?session=secret#x"), None);
        let words = in_words(&open);
        assert!(is_open(&open) && words.contains("https://bank.example/login (HTTP 302)"), "{words}");
        assert!(!words.contains("secret"));
        let closed = found(403, None, Some("BADS"));
        assert!(!is_open(&closed) && in_words(&closed).contains("HTTP 403, BADS"));
        let ignored = found(200, None, None);
        assert!(!is_open(&ignored) && in_words(&ignored).contains("led nowhere"));
    }
}
