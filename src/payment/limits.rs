//! A partner's declared figures, and what follows when a payment goes beyond one of them.
//!
//! A payment is judged when the partner starts it and again when the PSU sends it to the bank. Each figure is
//! set to warn or to block; a figure that is not declared is not judged.

use super::{Language, Status};
use serde::{Deserialize, Serialize};

/// From so many payments of a day on their average is judged: fewer say nothing about it.
pub const AVERAGE_FROM: i64 = 10;

/// Where payments stand that the PSU has not approved: open ones, and those given up.
pub const NOT_APPROVED: [Status; 5] = [
    Status::Created,
    Status::Initiating,
    Status::AwaitingPsu,
    Status::AttemptRefused,
    Status::Abandoned,
];

/// A figure that a partner declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// The largest payment, in minor units.
    MaximumAmount,
    /// The average payment of a day, in minor units.
    AverageAmount,
    /// Payments a day.
    PaymentsPerDay,
    /// Payments of a day that the PSU has not approved: open ones, and those given up.
    UnfinishedPerDay,
    /// Payments of one client (PSU id at the partner) a day.
    ClientPerDay,
    /// Clients that ever started a payment.
    RegisteredClients,
}

impl Figure {
    /// Every figure, in the order of the profile's page. The first one that blocks names the reason.
    pub const ALL: [Self; 6] = [
        Self::MaximumAmount,
        Self::AverageAmount,
        Self::PaymentsPerDay,
        Self::UnfinishedPerDay,
        Self::ClientPerDay,
        Self::RegisteredClients,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaximumAmount => "maximum_amount",
            Self::AverageAmount => "average_amount",
            Self::PaymentsPerDay => "payments_per_day",
            Self::UnfinishedPerDay => "unfinished_per_day",
            Self::ClientPerDay => "client_per_day",
            Self::RegisteredClients => "registered_clients",
        }
    }

    /// Whether it is an amount in minor units; the others are counts.
    #[must_use]
    pub const fn is_amount(self) -> bool {
        matches!(self, Self::MaximumAmount | Self::AverageAmount)
    }

    /// The payment's reason when it is blocked by this figure; partners see it as `statusReason`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::MaximumAmount => "limit_maximum_amount",
            Self::AverageAmount => "limit_average_amount",
            Self::PaymentsPerDay => "limit_payments_per_day",
            Self::UnfinishedPerDay => "limit_unfinished_per_day",
            Self::ClientPerDay => "limit_client_per_day",
            Self::RegisteredClients => "limit_registered_clients",
        }
    }

    /// The figure of a payment's reason.
    #[must_use]
    pub fn of_reason(reason: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.reason() == reason)
    }

    /// Why a payment was blocked, in a sentence for the PSU. It says nothing of the figure itself.
    #[must_use]
    pub const fn why(self, language: Language) -> &'static str {
        let (ro, en) = match self {
            Self::MaximumAmount => (
                "Suma este mai mare decât cea mai mare plată pe care o poate primi acest partener.",
                "The amount is larger than the largest payment this partner can receive.",
            ),
            Self::ClientPerDay => (
                "S-a atins numărul de plăți pe care le poate face într-o zi un client al acestui partener.",
                "The number of payments that one client of this partner can make in a day has been reached.",
            ),
            Self::AverageAmount | Self::PaymentsPerDay | Self::UnfinishedPerDay | Self::RegisteredClients => (
                "S-a atins o limită de plăți stabilită pentru acest partener.",
                "A limit on payments that was set for this partner has been reached.",
            ),
        };
        match language {
            Language::Ro => ro,
            Language::En => en,
        }
    }

    /// Why a payment was blocked, in a sentence for the partner's developers.
    #[must_use]
    pub const fn for_partner(self) -> &'static str {
        match self {
            Self::MaximumAmount => "the amount is above the largest payment of the partner's profile; the payment is blocked",
            Self::AverageAmount => {
                "the average of today's payments would be above the one of the partner's profile; the payment is blocked"
            }
            Self::PaymentsPerDay => "the day's number of payments of the partner's profile is reached; the payment is blocked",
            Self::UnfinishedPerDay => "the day's number of unfinished payments of the partner's profile is reached; the payment is blocked",
            Self::ClientPerDay => "this client's number of payments a day of the partner's profile is reached; the payment is blocked",
            Self::RegisteredClients => "the number of clients of the partner's profile is reached; the payment is blocked",
        }
    }
}

/// What follows when a figure is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is noted in the payment's history and counted; the payment goes on.
    Warn,
    /// The payment ends as blocked.
    Block,
}

/// A declared figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Which.
    pub figure: Figure,
    /// The largest value that is within it: minor units or a count, at least 1.
    pub most: i64,
    /// What follows beyond it.
    pub action: Action,
}

/// All declared figures of a partner, each at most once. Empty: nothing is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(Vec<Limit>);

impl Limits {
    /// The declared figures; of two of the same kind the later one counts. Sorted, so that equal ones are equal texts.
    #[must_use]
    pub fn new(limits: impl IntoIterator<Item = Limit>) -> Self {
        let by_figure: std::collections::BTreeMap<Figure, Limit> = limits.into_iter().map(|l| (l.figure, l)).collect();
        Self(by_figure.into_values().collect())
    }

    /// One figure, where it is declared.
    #[must_use]
    pub fn of(&self, figure: Figure) -> Option<Limit> {
        self.0.iter().copied().find(|limit| limit.figure == figure)
    }

    /// The declared figures.
    pub fn iter(&self) -> impl Iterator<Item = &Limit> {
        self.0.iter()
    }

    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything must be counted to judge a payment.
    #[must_use]
    pub fn needs_counts(&self) -> bool {
        self.0.iter().any(|limit| limit.figure != Figure::MaximumAmount)
    }
}

/// When a payment is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The partner starts it (initPayment).
    Started,
    /// The PSU sends it to the bank.
    Sent,
}

impl Stage {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Sent => "sent",
        }
    }
}

/// What was counted before this payment, of the same stage. Sums in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// The partner's payments today.
    pub payments: i64,
    /// Their sum.
    pub sum_minor: i64,
    /// Today's payments that the PSU has not approved.
    pub unfinished: i64,
    /// This client's payments today; `None` when the partner did not say whose payment it is.
    pub of_client: Option<i64>,
    /// Clients that ever started a payment.
    pub clients: i64,
    /// Whether this client is one of them.
    pub client_is_known: bool,
}

/// A figure that a payment goes beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub figure: Figure,
    /// What follows.
    pub action: Action,
}

/// The figures that a payment of this sum would go beyond, were it counted too; in the order of [`Figure::ALL`].
/// Unfinished payments and clients are judged only when a payment starts.
#[must_use]
pub fn judge(limits: &Limits, stage: Stage, used: &Used, sum_minor: i64) -> Vec<Breach> {
    let starts = stage == Stage::Started;
    let payments = used.payments.saturating_add(1);
    let would_be = |figure: Figure| match figure {
        Figure::MaximumAmount => Some(sum_minor),
        // Rounded up, so that an average of a fraction above the figure is above it.
        Figure::AverageAmount => {
            (payments >= AVERAGE_FROM).then(|| used.sum_minor.saturating_add(sum_minor).saturating_add(payments - 1) / payments)
        }
        Figure::PaymentsPerDay => Some(payments),
        Figure::UnfinishedPerDay => starts.then(|| used.unfinished.saturating_add(1)),
        Figure::ClientPerDay => used.of_client.map(|n| n.saturating_add(1)),
        Figure::RegisteredClients => {
            let is_new = starts && used.of_client.is_some() && !used.client_is_known;
            is_new.then(|| used.clients.saturating_add(1))
        }
    };
    let exceeded = |limit: Limit| would_be(limit.figure).is_some_and(|value| value > limit.most);
    Figure::ALL
        .into_iter()
        .filter_map(|figure| limits.of(figure))
        .filter(|limit| exceeded(*limit))
        .map(|Limit { figure, action, .. }| Breach { figure, action })
        .collect()
}

/// The figure that blocks a payment, if one does.
#[must_use]
pub fn blocking(breaches: &[Breach]) -> Option<Figure> {
    breaches.iter().find(|b| b.action == Action::Block).map(|b| b.figure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![Just(Action::Warn), Just(Action::Block)]
    }

    fn limits() -> impl Strategy<Value = Limits> {
        let limit = (proptest::sample::select(Figure::ALL.to_vec()), 1..200_i64, action());
        proptest::collection::vec(limit, 0..8)
            .prop_map(|all| Limits::new(all.into_iter().map(|(figure, most, action)| Limit { figure, most, action })))
    }

    fn used() -> impl Strategy<Value = Used> {
        (
            0..300_i64,
            0..30_000_i64,
            0..300_i64,
            proptest::option::of(0..300_i64),
            0..300_i64,
            any::<bool>(),
        )
            .prop_map(|(payments, sum_minor, unfinished, of_client, clients, client_is_known)| Used {
                payments,
                sum_minor,
                unfinished,
                of_client,
                clients,
                client_is_known,
            })
    }

    fn stage() -> impl Strategy<Value = Stage> {
        prop_oneof![Just(Stage::Started), Just(Stage::Sent)]
    }

    proptest! {
        #[test]
        fn only_declared_figures_are_judged_and_each_says_what_its_own_setting_says(
            limits in limits(), stage in stage(), used in used(), sum in 1..400_i64,
        ) {
            let breaches = judge(&limits, stage, &used, sum);
            for breach in &breaches {
                prop_assert_eq!(limits.of(breach.figure).map(|l| l.action), Some(breach.action));
            }
            let mut seen: Vec<Figure> = breaches.iter().map(|b| b.figure).collect();
            seen.dedup();
            prop_assert_eq!(seen.len(), breaches.len());
            prop_assert_eq!(blocking(&breaches).is_some(), breaches.iter().any(|b| b.action == Action::Block));
        }

        #[test]
        fn more_use_or_a_larger_sum_never_breaks_fewer_limits(
            limits in limits(), stage in stage(), used in used(), sum in 1..400_i64, more in 0..50_i64,
        ) {
            let before = judge(&limits, stage, &used, sum);
            let more_used = Used {
                unfinished: used.unfinished + more,
                of_client: used.of_client.map(|n| n + more),
                clients: used.clients + more,
                sum_minor: used.sum_minor + more,
                ..used
            };
            let after = judge(&limits, stage, &more_used, sum + more);
            for breach in before {
                prop_assert!(after.contains(&breach), "{breach:?}");
            }
        }

        #[test]
        fn exactly_as_many_pass_as_are_declared(most in 1..60_i64, asked in 1..120_i64) {
            let limits = Limits::new([Limit { figure: Figure::PaymentsPerDay, most, action: Action::Block }]);
            let mut used = Used::default();
            for _ in 0..asked {
                if blocking(&judge(&limits, Stage::Started, &used, 100)).is_none() {
                    used.payments += 1;
                }
            }
            prop_assert_eq!(used.payments, most.min(asked));
        }

        #[test]
        fn figures_survive_being_stored(limits in limits()) {
            let text = serde_json::to_string(&limits).unwrap();
            prop_assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
        }
    }

    #[test]
    fn a_value_at_the_figure_is_within_it() {
        let limit = |figure, most| {
            Limits::new([Limit {
                figure,
                most,
                action: Action::Block,
            }])
        };
        let used = Used {
            payments: 9,
            sum_minor: 900,
            unfinished: 9,
            of_client: Some(9),
            clients: 9,
            client_is_known: false,
        };
        for (figure, at) in [
            (Figure::MaximumAmount, 100),
            (Figure::AverageAmount, 100),
            (Figure::PaymentsPerDay, 10),
            (Figure::UnfinishedPerDay, 10),
            (Figure::ClientPerDay, 10),
            (Figure::RegisteredClients, 10),
        ] {
            assert_eq!(judge(&limit(figure, at), Stage::Started, &used, 100), []);
            let beyond = judge(&limit(figure, at - 1), Stage::Started, &used, 100);
            assert_eq!(blocking(&beyond), Some(figure));
            assert_eq!(Figure::of_reason(figure.reason()), Some(figure));
        }
        let few = Used { payments: 8, ..used };
        assert_eq!(
            judge(&limit(Figure::AverageAmount, 1), Stage::Started, &few, 100),
            [],
            "too few to judge their average"
        );
        let known = Used {
            client_is_known: true,
            ..used
        };
        assert_eq!(judge(&limit(Figure::RegisteredClients, 1), Stage::Started, &known, 1), []);
        assert_eq!(judge(&limit(Figure::UnfinishedPerDay, 1), Stage::Sent, &used, 1), []);
    }
}
