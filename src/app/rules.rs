//! The settings as the flows read them.

use super::gateway_tls::partner_verifier;
use super::{local_url, read_pem};
use crate::config::{OidcMatch, Settings, TotpUse};
use crate::flow::retention::Keeping;
use crate::flow::sign_in::SignInLimit;
use crate::flow::{CompanySignIn, OfficeRules, Rules};
use crate::identity::{MatchBy, Provider, ProviderSettings};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::time::Duration;
use url::Url;

/// Lifetimes and names; `public` and `gateway` are the addresses listened on.
///
/// # Errors
/// When the public URL takes no port, or the CAs of partners cannot be read.
pub(super) fn rules(settings: &Settings, public: SocketAddr, gateway: SocketAddr) -> anyhow::Result<Rules> {
    let mut base_url = settings.public.base_url.clone();
    if base_url.port() == Some(0) {
        base_url
            .set_port(Some(public.port()))
            .map_err(|()| anyhow::anyhow!("public.base_url takes no port"))?;
    }
    let mail_domain = settings
        .mail
        .from
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain.trim_end_matches('>'))
        .to_owned();
    let office = office(settings, &base_url)?;
    let gateway_url = match &settings.gateway.base_url {
        Some(url) => url.clone(),
        None => local_url("https", gateway).context("gateway.bind")?,
    };
    Ok(Rules {
        base_url,
        gateway_url,
        signature_age_s: i64::from(settings.gateway.signature_age_seconds),
        link_life: settings.link_life(),
        access_life: Duration::from_secs(u64::from(settings.payments.access_token_seconds)),
        refresh_life: Duration::from_secs(u64::from(settings.payments.refresh_token_minutes) * 60),
        // A conversation is at most three calls (exchange, refresh, status).
        lease: Duration::from_millis(settings.bank_calls.total_timeout_ms * 3) + Duration::from_secs(10),
        mail_from: settings.mail.from.clone(),
        mail_domain,
        support_contact: settings.operator.contact.clone(),
        four_eyes: settings.back_office.four_eyes,
        partner_cas: Some(partner_verifier(settings)?),
        sign_in_limit: SignInLimit::default(),
        office,
        keeping: Keeping {
            payments_years: settings.retention.payments_years,
            partners_years: settings.retention.partners_years,
            compliance_mail: settings.retention.compliance_mail.clone(),
        },
    })
}

/// The rules of the back office.
fn office(settings: &Settings, base_url: &Url) -> anyhow::Result<OfficeRules> {
    let office = &settings.back_office;
    Ok(OfficeRules {
        idle: Duration::from_secs(u64::from(office.idle_minutes) * 60),
        session_life: Duration::from_secs(u64::from(office.session_hours) * 3600),
        totp_required: office.totp == TotpUse::Required,
        password_days: office.password_days,
        operator: settings.operator.name.clone(),
        report_hour: office.report_hour,
        company: company(settings, base_url)?,
    })
}

/// Sign-in through the company's provider.
fn company(settings: &Settings, base_url: &Url) -> anyhow::Result<Option<CompanySignIn>> {
    let Some(oidc) = &settings.back_office.oidc else {
        return Ok(None);
    };
    let provider = Provider::new(ProviderSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: oidc.client_secret.wrapped().clone(),
        redirect_uri: base_url.join("back-office/login/company/return")?,
        scopes: oidc.scopes.clone(),
        match_by: match oidc.match_by {
            OidcMatch::Email => MatchBy::Email,
            OidcMatch::PreferredUsername => MatchBy::PreferredUsername,
            OidcMatch::Sub => MatchBy::Subject,
        },
        second_factor_acr: oidc.second_factor_acr.clone(),
        second_factor_amr: oidc.second_factor_amr.clone(),
        timeout_ms: oidc.timeout_ms,
        extra_root_pem: read_pem(oidc.extra_root_ca.as_deref(), "back_office.oidc.extra_root_ca")?,
    })
    .context("back_office.oidc")?;
    Ok(Some(CompanySignIn { provider, only: oidc.only }))
}
