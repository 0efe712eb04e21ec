//! Starts payments for orders and asks the gateway how they stand. This is all of the integration a partner needs.

use super::catalogue::{Invoice, invoice};
use super::gateway_client::{GatewayClient, GatewayError, InitPayment, StandingOrder, ToPay, Transfer};
use super::orders::{Attempt, Book, Order, Seen, Site, Stage};
use crate::clock::Clock;
use crate::payment::Currency;
use chrono::Datelike as _;
use std::sync::{Arc, Weak};
use std::time::Duration;
use url::Url;

/// How often the unpaid orders are gone through.
const ROUND: Duration = Duration::from_secs(3);
/// A page that is reloaded does not ask the gateway more often than this.
const SHORTEST_PAUSE_MS: i64 = 1500;

pub(super) struct Cashier {
    pub book: Arc<Book>,
    pub shop: GatewayClient,
    pub erp: GatewayClient,
    pub shop_eur: Option<GatewayClient>,
    pub erp_rsd: Option<GatewayClient>,
    pub base_url: Url,
    pub clock: Clock,
}

impl Cashier {
    /// The partner that an order is paid through. One whose login is gone since it was entered is paid by nobody: the
    /// wire names no currency, so another partner would be paid in another one.
    fn gateway(&self, order: &Order) -> Result<&GatewayClient, GatewayError> {
        let found = match (order.site, order.total.currency) {
            (Site::Shop, Currency::Ron) => Some(&self.shop),
            (Site::Shop, Currency::Eur) => self.shop_eur.as_ref(),
            (Site::Erp, Currency::Ron) => Some(&self.erp),
            (Site::Erp, Currency::Rsd) => self.erp_rsd.as_ref(),
            (Site::Shop, Currency::Rsd) | (Site::Erp, Currency::Eur) => None,
        };
        found.ok_or(GatewayError::Unreachable)
    }

    /// The order's own page, where the payer comes back to.
    fn return_url(&self, order: &Order) -> String {
        let path = order.path();
        let path = path.trim_start_matches('/');
        self.base_url.join(path).map_or_else(|_| self.base_url.to_string(), String::from)
    }

    /// Starts a payment, unless one is under way. What went wrong is noted in the order.
    pub(super) async fn start(&self, number: u32) {
        let Some((_claim, mut order)) = self.book.claim(number) else {
            return;
        };
        if !order.may_start() {
            return;
        }
        let outcome = self.open_and_init(&mut order).await;
        order.problem = outcome.err().map(|e| {
            tracing::warn!(order = number, error = %e, "the demo payment could not be started");
            explain(&e)
        });
        self.book.save(order).await;
    }

    async fn open_and_init(&self, order: &mut Order) -> Result<(), GatewayError> {
        let gateway = self.gateway(order)?;
        // An attempt without a page is one whose answer was lost: the same call is repeated, not a new payment made.
        if order.attempts.last().is_none_or(|a| a.redirect_uri.is_some()) {
            order.attempts.push(Attempt {
                tokens: gateway.token().await?,
                redirect_uri: None,
                started_at: self.clock.now(),
                asked_at: None,
                seen: None,
            });
            self.book.save(order.clone()).await;
        }
        let call = InitPayment {
            to_pay: to_pay(order),
            standing: order.every_month_from.map(|day| StandingOrder {
                start_date: day.to_string(),
                frequency: "Monthly",
                day_of_execution: u8::try_from(day.day()).unwrap_or(1),
            }),
            psu_email: Some(order.email.clone()),
            redirect_url: self.return_url(order),
        };
        let Some(attempt) = order.attempts.last_mut() else { return Ok(()) };
        match gateway.init_payment(&mut attempt.tokens, &call).await {
            Ok(page) => {
                attempt.redirect_uri = Some(page.into());
                Ok(())
            }
            Err(e) => {
                // A clear "no" ends this attempt; only an unknown outcome is worth repeating as it is.
                if matches!(&e, GatewayError::Refused { status, .. } if *status < 429) {
                    order.attempts.pop();
                }
                Err(e)
            }
        }
    }

    /// Asks about every payment of an order that may still change.
    pub(super) async fn look(&self, number: u32) {
        let Some((_claim, mut order)) = self.book.claim(number) else {
            return;
        };
        let now = self.clock.now();
        let pause = chrono::Duration::milliseconds(SHORTEST_PAUSE_MS);
        let mut changed = false;
        let Ok(gateway) = self.gateway(&order) else { return };
        for attempt in &mut order.attempts {
            let rested = attempt.asked_at.is_none_or(|at| now - at >= pause);
            let open = attempt.stage().is_moving() && attempt.redirect_uri.is_some();
            if !(rested && open || attempt.is_due(now)) {
                continue;
            }
            attempt.asked_at = Some(now);
            changed = true;
            match gateway.status(&mut attempt.tokens).await {
                Ok(status) => {
                    attempt.seen = Some(Seen {
                        stage: Stage::of(&status),
                        word: status.transaction_status,
                        reason: status.status_reason,
                        bank: status.bank,
                        amount: status.amount,
                        creditor_iban: status.creditor_iban,
                        payments: status
                            .payments
                            .into_iter()
                            .map(|p| (p.end_to_end_id, p.transaction_status))
                            .collect(),
                    });
                }
                Err(e) => tracing::info!(order = number, error = %e, "the demo payment's status is not known now"),
            }
        }
        if changed {
            self.book.save(order).await;
        }
    }
}

/// One transfer, or one for each invoice, named after it.
fn to_pay(order: &Order) -> ToPay {
    if !order.is_together() {
        return ToPay::One(Transfer {
            creditor_name: order.creditor_name.clone(),
            creditor_iban: order.creditor_iban.clone(),
            amount: order.total.wire(),
            details: order.details.clone(),
            end_to_end_id: None,
        });
    }
    let transfer = |invoice: &Invoice| Transfer {
        creditor_name: invoice.supplier.to_owned(),
        creditor_iban: invoice.iban.to_owned(),
        amount: invoice.amount.wire(),
        details: format!("Factura {}", invoice.number),
        end_to_end_id: Some(invoice.id.to_owned()),
    };
    let invoices = order.lines.iter().filter_map(|line| invoice(line.invoice.as_deref()?));
    ToPay::Several {
        payments: invoices.map(transfer).collect(),
    }
}

/// Goes through the unpaid orders until the site is gone, so that an order is paid although nobody looks at it.
pub(super) async fn keep_looking(cashier: Weak<Cashier>) {
    loop {
        tokio::time::sleep(ROUND).await;
        let Some(cashier) = cashier.upgrade() else { return };
        for order in cashier.book.due(cashier.clock.now()) {
            cashier.look(order.number).await;
        }
    }
}

/// A gateway error in words for the buyer.
fn explain(error: &GatewayError) -> String {
    match error {
        GatewayError::Unreachable => "Serviciul de plată nu răspunde acum.".to_owned(),
        GatewayError::Garbled => "Serviciul de plată a răspuns ceva ce nu înțelegem.".to_owned(),
        GatewayError::Refused {
            status,
            message,
            reference,
            ..
        } => {
            let mut text = match status {
                429 | 500.. => format!("Serviciul de plată nu poate prelua plata acum (HTTP {status})"),
                _ => format!("Serviciul de plată a refuzat cererea (HTTP {status})"),
            };
            if !message.is_empty() {
                text = format!("{text}: {message}");
            }
            let text = text.trim_end_matches('.');
            match reference {
                Some(reference) => format!("{text}. Referință: {reference}."),
                None => format!("{text}."),
            }
        }
    }
}
