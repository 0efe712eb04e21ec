//! Fills a database with payments that never were, so that pages and searches can be tried at size.

use super::volume_payment::{Dice, Spread};
use crate::flow::Context;
use crate::flow::add_partner::add_partner;
use crate::flow::fill_volume::{self, FillError};
use crate::partner::{ButtonText, Partner, PartnerKind};
use crate::payment::Currency;
use crate::store::partners;
use url::Url;

/// Payments of one transaction.
const BATCH: usize = 2000;
/// Partners the payments are spread over.
const PARTNERS: usize = 40;

/// Adds `many` payments of the last two years; `progress` is told how many there are so far.
///
/// # Errors
/// A text that says why not: this is a service that others can reach, or the database failed.
pub async fn seed(cx: &Context, many: usize, mut progress: impl FnMut(usize)) -> anyhow::Result<()> {
    let here = cx
        .rules
        .base_url
        .host_str()
        .is_some_and(|h| h == "localhost" || h == "127.0.0.1" || h == "[::1]");
    anyhow::ensure!(
        here,
        "public.base_url is not on this machine: payments that never were do not belong in the database of a service in use"
    );
    let spread = Spread {
        partners: make_partners(cx).await?,
        banks: cx.banks.list().iter().map(|b| b.code.clone()).collect(),
        now: cx.now(),
        many: many as u64,
    };
    anyhow::ensure!(!spread.banks.is_empty(), "no bank is connected: the payments need one");
    let (mut dice, mut done) = (Dice::new(7), 0);
    while done < many {
        let next = BATCH.min(many - done);
        let batch: Vec<_> = (done..done + next).map(|n| spread.payment(n as u64, &mut dice)).collect();
        fill_volume::add(cx, batch)
            .await
            .map_err(|FillError(why)| anyhow::anyhow!("{why}"))?;
        done += next;
        progress(done);
    }
    fill_volume::finished(cx, many)
        .await
        .map_err(|FillError(why)| anyhow::anyhow!("{why}"))
}

/// Partners of earlier runs are found again.
async fn make_partners(cx: &Context) -> anyhow::Result<Vec<Partner>> {
    let mut all = Vec::with_capacity(PARTNERS);
    for n in 1..=PARTNERS {
        let client_id = format!("volum-{n:02}");
        let wanted = client_id.clone();
        if let Some(known) = cx.db.read(move |a| partners::by_client_id(a, &wanted)).await? {
            all.push(known);
            continue;
        }
        let partner = Partner {
            id: uuid::Uuid::now_v7().to_string(),
            name: format!("Comerciant de probă {n}"),
            kind: if n % 4 == 0 { PartnerKind::Finance } else { PartnerKind::Ecommerce },
            currency: Currency::Ron,
            certificate_subject: format!("CN={client_id}"),
            certificate_issuer: "CN=no certificate".into(),
            certificate_sha256: None,
            redirect_urls: vec![Url::parse("https://shop.example/")?],
            flexible_redirect: false,
            colour: "#14587a".into(),
            has_logo: false,
            has_dark_logo: false,
            button_text: ButtonText::default(),
            // They have no certificate that anybody signed, and may not call.
            active: false,
            account_access: false,
            client_id,
        };
        add_partner(&cx.db, partner.clone(), None, "cli", cx.now()).await?;
        all.push(partner);
    }
    Ok(all)
}
