//! Two admins, one who proposes and one who decides, without their pages.

use super::TestApp;
use smartpay::flow::FlowError;
use smartpay::flow::four_eyes::{Change, Decision, Proposed, approve, propose};
use smartpay::payment::limits::{Action, Figure, Limit, Limits};
use smartpay::store::{partners, proposals};

pub const PROPOSER: &str = "admin-ana";
pub const APPROVER: &str = "admin-dan";

impl TestApp {
    /// Our own id of a partner.
    pub async fn partner_id(&self, client_id: &str) -> String {
        let wanted = client_id.to_owned();
        let found = self.cx.db.read(move |a| partners::by_client_id(a, &wanted)).await.unwrap();
        found.unwrap().id
    }

    /// Proposes a change; answers the id of what waits.
    pub async fn propose(&self, change: Change) -> Result<String, FlowError> {
        match propose(&self.cx, PROPOSER, change).await? {
            Proposed::Waits(id) => Ok(id),
            Proposed::Done(id) => panic!("{id} was carried out by one admin"),
        }
    }

    /// The other admin approves.
    pub async fn approve(&self, id: &str) -> Decision {
        approve(&self.cx, APPROVER, id).await.unwrap()
    }

    /// Proposed by one and approved by the other.
    pub async fn carry_out(&self, change: Change) {
        let id = self.propose(change).await.unwrap();
        assert_eq!(self.approve(&id).await, Decision::Done);
    }

    /// The other admin approves the only proposal that waits.
    pub async fn approve_the_one(&self) -> Decision {
        let now = self.cx.now();
        let open = self.cx.db.read(move |a| proposals::open(a, now)).await.unwrap();
        let [one] = open.try_into().unwrap();
        self.approve(&one.id).await
    }

    /// Declares figures of a partner.
    pub async fn limit(&self, client_id: &str, limits: &[(Figure, i64, Action)]) {
        let partner = self.partner_id(client_id).await;
        let limits = limits.iter().map(|&(figure, most, action)| Limit { figure, most, action });
        let limits = Limits::new(limits);
        self.carry_out(Change::Limits { partner, limits }).await;
    }
}
