//! Stories: the application as it is started in production, partners with real certificates, payers with
//! browsers, and the sandbox bank at the other end.
//!
//! Every story that starts a [`support::TestApp`] ends with the same check of everything it left behind
//! (`support/checks.rs`). `SMARTPAY_TEST_POSTGRES` names a PostgreSQL server; without it the stories use
//! SQLite files.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on panics")]

mod support;

mod account_access;
mod account_choice;
mod accounts;
mod applications;
mod architecture;
mod audit_log;
mod back_office;
mod bad_input;
mod bank_marks;
mod bank_silent;
mod banks_office;
mod commands;
mod company_sign_in;
mod conformance;
mod consent_office;
mod consent_page;
mod consent_sca;
mod consents;
mod daily_report;
mod decoupled;
mod dinars;
mod docs_branding;
mod due_together;
mod enrolment;
mod euros;
mod every_sca;
mod four_eyes;
mod funds;
mod gave_up;
mod gone_away;
mod hand_over;
mod happy_path;
mod in_doubt;
mod limits;
mod lost_answers;
mod mail;
mod mail_office;
mod migrations;
mod more_time;
mod new_key;
mod oauth;
mod office_cookies;
mod office_frame;
mod office_sign_in;
mod office_users;
mod onboarding;
mod onboarding_pages;
mod once_only;
mod one_browser;
mod one_time_code;
mod page_weight;
mod partner_calls;
mod partner_pages;
mod payer_data;
mod payment_search;
mod plain_redirect;
mod random_walks;
mod reconciliation;
mod refused;
mod reports;
mod return_from_bank;
mod secrets;
mod several;
mod signatures;
mod standing_orders;
mod states;
mod stet_access;
mod stet_banks;
mod taken_over;
mod tried_again;
mod webhook_pages;
mod webhooks;
mod what_is_sent;
