use super::{bank_at, logged_in, order};
use crate::bank::Connector;
use crate::bank::contract::keeps_the_contract_with;

#[tokio::test]
async fn keeps_the_contract() {
    keeps_the_contract_with(&order(), |base, http| Connector::Epp(bank_at(base, http, logged_in()))).await;
}
