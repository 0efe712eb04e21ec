//! What the settings say about the operator's own users.

use crate::identity::Provider;
use std::time::Duration;

/// Sign-in through the company's OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct CompanySignIn {
    /// The provider.
    pub provider: Provider,
    /// Whether it is the only way in.
    pub only: bool,
}

/// The rules of the back office.
#[derive(Clone, Debug)]
pub struct OfficeRules {
    /// How long a session lives without a request.
    pub idle: Duration,
    /// How long a session lives at most.
    pub session_life: Duration,
    /// Whether everybody needs a device for one-time codes.
    pub totp_required: bool,
    /// After how many days a password must be changed; 0 for never.
    pub password_days: u32,
    /// The operator's name: no part of a good password.
    pub operator: String,
    /// The hour of the day, in Romanian time, from which the report of the day before is sent.
    pub report_hour: u32,
    /// Sign-in through the company's provider, where there is one.
    pub company: Option<CompanySignIn>,
}

impl OfficeRules {
    /// Whether passwords open nothing.
    #[must_use]
    pub fn only_company(&self) -> bool {
        self.company.as_ref().is_some_and(|company| company.only)
    }
}

impl Default for OfficeRules {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(5 * 60),
            session_life: Duration::from_secs(8 * 3600),
            totp_required: true,
            password_days: 60,
            operator: String::new(),
            report_hour: 7,
            company: None,
        }
    }
}
