//! Who may open what: one table of all routes of the back office.
//!
//! **Invariant:** a route that is not in the table cannot be registered, and a role that is not named beside
//! a route is refused there before its handler runs.

use super::gate;
use crate::store::admins::Role;
use actix_web::body::BoxBody;
use actix_web::dev::{Handler, ServiceRequest};
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Responder, guard, web};

/// How a route is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Shows something.
    Get,
    /// Changes something.
    Post,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Those who have not signed in, too.
    Anybody,
    /// Signed-in users of these roles.
    Roles(&'static [Role]),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// How it is called.
    pub verb: Verb,
    /// Its address, with places in braces.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

const ANYBODY: Who = Who::Anybody;
const EVERY_ROLE: Who = Who::Roles(&Role::ALL);
const OPERATORS: Who = Who::Roles(&[Role::Administrator, Role::Operations]);
const ADMINISTRATORS: Who = Who::Roles(&[Role::Administrator]);
/// Who may be the second pair of eyes.
const DECIDERS: Who = Who::Roles(&[Role::Administrator, Role::Operations, Role::Compliance]);
const COMPLIANCE: Who = Who::Roles(&[Role::Administrator, Role::Compliance]);
/// Those who see personal data anyway may take it out.
const EXPORTERS: Who = Who::Roles(&[Role::Administrator, Role::Operations, Role::Compliance]);
const HELPERS: Who = Who::Roles(&[Role::Administrator, Role::Operations, Role::Support]);
const SUPPORT: Who = Who::Roles(&[Role::Support]);

macro_rules! routes {
    ($($name:ident: $verb:ident $path:literal, $who:expr;)+) => {
        /// Every route of the back office.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Route { $(#[doc = $path] $name,)+ }

        impl Route {
            /// Every route.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its line of the table.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry { verb: Verb::$verb, path: $path, who: $who },)+
                }
            }
        }
    };
}

routes! {
    SignInPage: Get "/back-office/login", ANYBODY;
    SignIn: Post "/back-office/login", ANYBODY;
    ChooseLanguage: Post "/back-office/language", ANYBODY;
    CompanySignIn: Post "/back-office/login/company", ANYBODY;
    CompanyReturn: Get "/back-office/login/company/return", ANYBODY;
    CompanyFinish: Get "/back-office/login/company/finish", ANYBODY;
    SignOut: Post "/back-office/logout", EVERY_ROLE;
    CodePage: Get "/back-office/login/code", EVERY_ROLE;
    EnterCode: Post "/back-office/login/code", EVERY_ROLE;
    ConfirmPage: Get "/back-office/confirm", EVERY_ROLE;
    Confirm: Post "/back-office/confirm", EVERY_ROLE;
    ConfirmByCompany: Post "/back-office/confirm/company", EVERY_ROLE;
    Extend: Post "/back-office/extend", EVERY_ROLE;
    Unmask: Post "/back-office/unmask", SUPPORT;

    Payments: Get "/back-office", EVERY_ROLE;
    Payment: Get "/back-office/payments/{id}", EVERY_ROLE;
    ResolvePayment: Post "/back-office/payments/{id}/resolve", OPERATORS;

    Partners: Get "/back-office/partners", EVERY_ROLE;
    NewPartner: Get "/back-office/partners/new", ADMINISTRATORS;
    AddPartner: Post "/back-office/partners/new", ADMINISTRATORS;
    Partner: Get "/back-office/partners/{id}", EVERY_ROLE;
    EditPartner: Post "/back-office/partners/{id}/profile", ADMINISTRATORS;
    PartnerLogo: Post "/back-office/partners/{id}/logo", ADMINISTRATORS;
    ReadCertificate: Post "/back-office/partners/{id}/certificates/read", ADMINISTRATORS;
    ProposeCertificate: Post "/back-office/partners/{id}/certificates", ADMINISTRATORS;
    RemoveCertificate: Post "/back-office/partners/{id}/certificates/remove", ADMINISTRATORS;
    ProposeRedirects: Post "/back-office/partners/{id}/redirect-urls", ADMINISTRATORS;
    ProposeLimits: Post "/back-office/partners/{id}/limits", ADMINISTRATORS;
    ProposeSignatures: Post "/back-office/partners/{id}/signatures", ADMINISTRATORS;
    ProposeActivation: Post "/back-office/partners/{id}/activation", ADMINISTRATORS;
    PartnerWebhooks: Get "/back-office/partners/{id}/webhooks", EVERY_ROLE;
    ProposeWebhook: Post "/back-office/partners/{id}/webhooks", ADMINISTRATORS;
    RemoveWebhook: Post "/back-office/partners/{id}/webhooks/remove", ADMINISTRATORS;
    TestWebhook: Post "/back-office/partners/{id}/webhooks/test", OPERATORS;
    ResendWebhook: Post "/back-office/partners/{id}/webhooks/resend", HELPERS;
    PreviewPartner: Get "/back-office/partners/{id}/preview", EVERY_ROLE;
    TryColour: Post "/back-office/partners/{id}/preview", ADMINISTRATORS;
    PreviewStyle: Get "/back-office/partners/{id}/preview.css", EVERY_ROLE;

    Proposals: Get "/back-office/proposals", EVERY_ROLE;
    Proposal: Get "/back-office/proposals/{id}", EVERY_ROLE;
    ApproveProposal: Post "/back-office/proposals/{id}/approve", DECIDERS;
    RefuseProposal: Post "/back-office/proposals/{id}/refuse", DECIDERS;
    Onboardings: Get "/back-office/onboarding", COMPLIANCE;
    Onboarding: Get "/back-office/partners/{id}/onboarding", COMPLIANCE;
    OnboardingForm: Get "/back-office/partners/{id}/onboarding/edit/{section}", COMPLIANCE;
    EnterOnboarding: Post "/back-office/partners/{id}/onboarding/edit/{section}", COMPLIANCE;
    TakeOutEntry: Post "/back-office/partners/{id}/onboarding/take-out", COMPLIANCE;
    OnboardingHistory: Get "/back-office/partners/{id}/onboarding/history", COMPLIANCE;
    AddDocument: Post "/back-office/partners/{id}/onboarding/documents", COMPLIANCE;
    Document: Get "/back-office/partners/{id}/onboarding/documents/{document}", COMPLIANCE;
    RemoveDocument: Post "/back-office/partners/{id}/onboarding/documents/{document}/remove", COMPLIANCE;
    ConfirmRenewal: Post "/back-office/partners/{id}/onboarding/renew", COMPLIANCE;
    EndRelation: Post "/back-office/partners/{id}/onboarding/end", COMPLIANCE;
    Applications: Get "/back-office/applications", EVERY_ROLE;
    Application: Get "/back-office/applications/{id}", EVERY_ROLE;
    TakeApplication: Post "/back-office/applications/{id}/take", COMPLIANCE;
    AskApplicant: Post "/back-office/applications/{id}/ask", COMPLIANCE;
    RefuseApplication: Post "/back-office/applications/{id}/refuse", COMPLIANCE;
    ApproveApplication: Post "/back-office/applications/{id}/approve", COMPLIANCE;
    Consents: Get "/back-office/consents", EVERY_ROLE;
    Consent: Get "/back-office/consents/{id}", EVERY_ROLE;
    EndConsent: Post "/back-office/consents/{id}/end", DECIDERS;
    PersonalData: Get "/back-office/personal-data", COMPLIANCE;
    RequestPersonalData: Post "/back-office/personal-data/requests", COMPLIANCE;
    PayerRequest: Get "/back-office/personal-data/requests/{id}", COMPLIANCE;
    PayerExport: Get "/back-office/personal-data/requests/{id}/export", COMPLIANCE;
    Users: Get "/back-office/users", ADMINISTRATORS;
    AddUser: Post "/back-office/users", ADMINISTRATORS;
    User: Get "/back-office/users/{id}", ADMINISTRATORS;
    ChangeUser: Post "/back-office/users/{id}", ADMINISTRATORS;

    Account: Get "/back-office/account", EVERY_ROLE;
    PasswordPage: Get "/back-office/account/password", EVERY_ROLE;
    ChangePassword: Post "/back-office/account/password", EVERY_ROLE;
    DevicePage: Get "/back-office/account/device", EVERY_ROLE;
    EnrolDevice: Post "/back-office/account/device", EVERY_ROLE;
    RenewRecoveryCodes: Post "/back-office/account/recovery-codes", EVERY_ROLE;
    EndSessions: Post "/back-office/account/sessions", EVERY_ROLE;

    DailyReport: Post "/back-office/account/daily-report", EVERY_ROLE;

    ResendMail: Post "/back-office/payments/{id}/resend", HELPERS;
    ResendPaymentWebhook: Post "/back-office/payments/{id}/webhooks", HELPERS;
    PaymentList: Get "/back-office/payments", EVERY_ROLE;
    PaymentsCsv: Get "/back-office/payments.csv", EXPORTERS;
    SearchPayments: Post "/back-office/payments/search", EVERY_ROLE;
    KeepSearch: Post "/back-office/payments/saved", EVERY_ROLE;
    ForgetSearch: Post "/back-office/payments/saved/{id}/remove", EVERY_ROLE;
    Exports: Get "/back-office/exports", EXPORTERS;
    AskExport: Post "/back-office/exports", EXPORTERS;
    Export: Get "/back-office/exports/{id}.xlsx", EXPORTERS;

    AuditLog: Get "/back-office/audit", COMPLIANCE;
    AuditCsv: Get "/back-office/audit.csv", COMPLIANCE;
    Keys: Get "/back-office/keys", ADMINISTRATORS;
    Reports: Get "/back-office/reports", EVERY_ROLE;
    ReportFile: Get "/back-office/reports.csv", EVERY_ROLE;
    Declared: Get "/back-office/reports/declared", EVERY_ROLE;
    DeclaredFile: Get "/back-office/reports/declared.csv", EVERY_ROLE;
    Reconciliations: Get "/back-office/reconciliation", EXPORTERS;
    UploadStatement: Post "/back-office/reconciliation", OPERATORS;
    Reconciliation: Get "/back-office/reconciliation/{id}", EXPORTERS;
    ChooseColumns: Post "/back-office/reconciliation/{id}/columns", OPERATORS;
    ReconciliationFile: Get "/back-office/reconciliation/{id}/lines.csv", EXPORTERS;

    Banks: Get "/back-office/banks", EVERY_ROLE;
    Bank: Get "/back-office/banks/{id}", EVERY_ROLE;
    SwitchBankOff: Post "/back-office/banks/{id}/off", OPERATORS;
    SwitchBankOn: Post "/back-office/banks/{id}/on", OPERATORS;

    Mail: Get "/back-office/mail", EVERY_ROLE;
    SendMailAgain: Post "/back-office/mail/{id}/again", OPERATORS;
    MailPreview: Get "/back-office/mail/preview", EVERY_ROLE;
    MailPreviewHtml: Get "/back-office/mail/preview.html", EVERY_ROLE;
}

impl Route {
    /// Its address; places in braces are not filled.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.entry().path
    }

    /// Whether a signed-in user of this role may use it.
    #[must_use]
    pub fn allows(self, role: Role) -> bool {
        match self.entry().who {
            Who::Anybody => true,
            Who::Roles(roles) => roles.contains(&role),
        }
    }
}

/// Registers the handler of a route, behind the table.
pub fn serve<F, Args>(config: &mut web::ServiceConfig, route: Route, handler: F)
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let Entry { verb, path, .. } = route.entry();
    let behind = from_fn(move |request: ServiceRequest, next: Next<BoxBody>| gate::pass(route, request, next));
    let resource = web::resource(path);
    let resource = match verb {
        Verb::Get => resource.guard(guard::Get()),
        Verb::Post => resource.guard(guard::Post()),
    };
    config.service(resource.route(web::to(handler)).wrap(behind));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_route_stands_twice_and_nothing_but_signing_in_is_open() {
        let lines: HashSet<(bool, &str)> = Route::ALL.iter().map(|r| (r.entry().verb == Verb::Get, r.path())).collect();
        assert_eq!(lines.len(), Route::ALL.len());
        let open: Vec<Route> = Route::ALL.iter().copied().filter(|r| r.entry().who == Who::Anybody).collect();
        let by_company = [Route::CompanySignIn, Route::CompanyReturn, Route::CompanyFinish];
        assert_eq!(
            open,
            [&[Route::SignInPage, Route::SignIn, Route::ChooseLanguage], by_company.as_slice()].concat()
        );
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        let own = ["login", "logout", "language", "confirm", "extend", "account"];
        // A search leads to an address; the kept ones are the user's own.
        let own_routes = [Route::SearchPayments, Route::KeepSearch, Route::ForgetSearch];
        for route in Route::ALL
            .iter()
            .filter(|r| r.entry().verb == Verb::Post && r.allows(Role::ReadOnly) && !own_routes.contains(r))
        {
            let area = route.path().split('/').nth(2).unwrap();
            assert!(own.contains(&area), "{route:?}");
        }
    }
}
