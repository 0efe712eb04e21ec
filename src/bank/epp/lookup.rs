//! Orders that an earlier call may have created, found again at the bank by our own ids of them.

use super::desk::Ask;
use super::{Initiation, wire};
use crate::bank::BankError;
use crate::bank::http::Body;
use reqwest::Method;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// So many orders are looked up one by one; more are read from the list, page after page.
const MAX_LOOKUPS: usize = 200;
/// Orders asked for at a time; the bank may give fewer.
const PER_PAGE: usize = 500;
/// Most pages read: 5000 orders of a bank that gives 20 at a time, and again as many of others.
const MAX_PAGES: usize = 500;

fn lost() -> BankError {
    BankError::Unknown("not all orders are found at the bank".to_owned())
}

impl Initiation<'_> {
    /// A page of the list of orders, by a filter.
    async fn list(&self, number: usize, per_page: usize, page: usize, filter: (&str, &str)) -> Result<Value, BankError> {
        let mut url = self.bank.address(&["payment-orders"])?;
        url.query_pairs_mut()
            .append_pair("PerPage", &per_page.to_string())
            .append_pair("Page", &page.to_string())
            .append_pair(&format!("filter[{}]", filter.0), filter.1);
        let ask = Ask {
            operation: "look_up",
            request_id: self.request_id("look_up", number),
            method: Method::GET,
            url,
            body: Body::Empty,
        };
        let answered = self.desk.call(ask).await?;
        if answered.error.is_some() || wire::items(&answered.payload).is_none() {
            return Err(BankError::Unknown("the list of orders is unreadable".to_owned()));
        }
        Ok(answered.payload)
    }

    /// Looks an order up by our own id of it.
    pub(super) async fn look_up(&self, seq: usize) -> Result<Option<String>, BankError> {
        let external_id = self.external_id(seq);
        let list = self.list(seq, 10, 1, ("ExternalId", &external_id)).await?;
        Ok(wire::find(&list, &external_id))
    }

    /// The ids of all orders, each found at the bank: an earlier call for this attempt created them. The id of the
    /// first may be known already.
    ///
    /// # Errors
    /// [`BankError::Unknown`] when one of them is not found.
    pub(super) async fn look_all_up(&self, first: Option<String>) -> Result<Vec<String>, BankError> {
        let count = self.order.instructions.len();
        let mut known = if count > MAX_LOOKUPS {
            self.read_list().await?
        } else {
            HashMap::new()
        };
        known.extend(first.map(|id| (self.external_id(1), id)));
        let missing = (1..=count).filter(|seq| !known.contains_key(&self.external_id(*seq))).count();
        if missing > MAX_LOOKUPS {
            return Err(lost());
        }
        let mut ids = Vec::with_capacity(count);
        for seq in 1..=count {
            ids.push(match known.remove(&self.external_id(seq)) {
                Some(id) => id,
                None => self.look_up(seq).await?.ok_or_else(lost)?,
            });
        }
        Ok(ids)
    }

    /// The bank's ids of this attempt's orders, by our own, from the list of those with its tag. What the bank lists
    /// is compared with our own ids all the same: it may not know such a filter.
    async fn read_list(&self) -> Result<HashMap<String, String>, BankError> {
        let tag = wire::tag(self.order.payment, self.order.attempt);
        let count = self.order.instructions.len();
        let own: HashSet<String> = (1..=count).map(|seq| self.external_id(seq)).collect();
        let (mut known, mut seen) = (HashMap::new(), HashSet::new());
        for page in 1..=MAX_PAGES {
            let list = self.list(count + page, PER_PAGE, page, ("UserTags", &tag)).await?;
            let before = seen.len();
            for (external_id, id) in wire::listed(&list) {
                seen.insert(id.clone());
                if own.contains(&external_id) {
                    known.insert(external_id, id);
                }
            }
            // An empty page is the end; one that says nothing new comes from a bank that does not turn pages.
            if known.len() == count || seen.len() == before {
                break;
            }
        }
        Ok(known)
    }
}
