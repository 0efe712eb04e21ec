//! A partner's page.

use super::page::{
    CameThrough, CertificateLine, CertificateToPropose, ContrastLine, FigureLine, FileLine, Forms, PartnerPage, Problem, ProfileFields,
};
use super::texts::{PartnerTexts, days};
use super::{Look, address, signatures};
use crate::clock::Timestamp;
use crate::flow::FlowError;
use crate::flow::init_payment::today;
use crate::flow::limits::day_began;
use crate::partner::{Partner, SignatureRules};
use crate::payment::Language;
use crate::payment::limits::{Action, Figure, Limits};
use crate::store::onboarding::{self, Standing};
use crate::store::partner_certificates::{self, StoredCertificate};
use crate::store::partner_counts::{self, DayCounts};
use crate::store::partners::Platform;
use crate::store::proposals::Proposal;
use crate::store::webhook_endpoints::{self, Endpoint};
use crate::store::{applications, partner_signatures, partners, proposals};
use crate::web::back_office::declared;
use crate::web::back_office::look::After;
use crate::web::back_office::proposals as proposal_pages;
use crate::web::back_office::roles::Route;
use crate::web::back_office::webhooks::{self, WebhookTexts};
use crate::web::hosted_page::colour::{Colour, DARK_SURFACE, LIGHT_SURFACE};
use crate::web::hosted_page::local_time;
use crate::web::{PageError, html};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template as _;

/// Days before its end from which on a certificate is warned of.
pub(super) const WARN_DAYS: i64 = 60;
/// Days before its end from which on it is urgent.
pub(super) const URGENT_DAYS: i64 = 7;

/// What was typed into a form that came back, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub notice: Option<&'static str>,
    pub problems: Vec<Problem>,
    pub fields: Option<ProfileFields>,
    pub redirects: Option<(String, bool)>,
    pub signatures: Option<(String, bool)>,
    pub figures: Option<Vec<(Figure, String, Action)>>,
    pub to_propose: Option<CertificateToPropose>,
}

/// What is read for the page.
struct Read {
    partner: Partner,
    file: Standing,
    platform: Platform,
    /// The platform's name, and the application.
    came_through: Option<(String, Option<String>)>,
    certificates: Vec<StoredCertificate>,
    signatures: SignatureRules,
    limits: Limits,
    counts: DayCounts,
    proposals: Vec<Proposal>,
    endpoints: Vec<Endpoint>,
}

impl Look {
    pub(super) const fn t(&self) -> &'static PartnerTexts {
        PartnerTexts::of(self.user.language)
    }

    /// The problems of a form in words.
    pub(super) fn problems(&self, of: &[(&str, &str)]) -> Vec<Problem> {
        let words = |(field, code): &(&str, &str)| {
            let (anchor, text) = self.t().problem(field, code);
            Problem { anchor, text }
        };
        of.iter().map(words).collect()
    }

    /// What a flow refused, in words; `None` for what is no fault of the form.
    pub(super) fn refused(&self, error: FlowError) -> Result<Vec<Problem>, PageError> {
        match error {
            FlowError::Invalid(problems) => {
                let known: Vec<(&str, &str)> = problems.iter().map(|p| (p.field.as_str(), p.code)).collect();
                Ok(self.problems(&known))
            }
            FlowError::NotAllowed => Ok(self.problems(&[("", "")])),
            FlowError::TooMany => Ok(self.problems(&[("many", "")])),
            other => Err(self.failed(other)),
        }
    }

    async fn read(&self) -> Result<Read, PageError> {
        let (id, now) = (self.known_id()?, self.site.cx.now());
        let day = today(now).to_string();
        let read = self.site.cx.db.read(move |a| {
            let Some(partner) = partners::get(a, &id)? else { return Ok(None) };
            let platform = partners::platform(a, &id)?;
            Ok(Some(Read {
                file: onboarding::standing(a, &id)?,
                came_through: match &platform.came_through {
                    Some(through) => Some((
                        partners::get(a, through)?.map(|p| p.name).unwrap_or_default(),
                        applications::id_of_partner(a, &id)?,
                    )),
                    None => None,
                },
                platform,
                certificates: partner_certificates::live(a, &id)?,
                signatures: partner_signatures::of(a, &id)?,
                limits: partner_counts::limits(a, &id)?,
                counts: partner_counts::of_day(a, &id, &day, day_began(now))?,
                proposals: proposals::about(a, &id)?,
                endpoints: webhook_endpoints::of_partner(a, &id)?,
                partner,
            }))
        });
        let found = read.await.map_err(|e| self.failed(e))?;
        found.ok_or_else(|| self.failed(FlowError::NotFound))
    }

    /// The page, with what a form said.
    pub(super) async fn page(&self, state: State) -> Result<HttpResponse, PageError> {
        let status = if state.problems.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        self.page_with(status, state).await
    }

    /// The page with a status.
    pub(super) async fn page_with(&self, status: StatusCode, state: State) -> Result<HttpResponse, PageError> {
        let Read {
            partner,
            file,
            platform,
            came_through,
            certificates,
            signatures,
            limits,
            counts,
            proposals,
            endpoints,
        } = self.read().await?;
        let (language, now) = (self.user.language, self.site.cx.now());
        let (redirects, flexible) = state.redirects.unwrap_or_else(|| (lines(&partner), partner.flexible_redirect));
        let fields = state.fields.unwrap_or_else(|| fields(&partner, platform.may_onboard));
        let page = PartnerPage {
            shell: self.user.shell(&self.site, &self.request, Route::Partner),
            t: self.t(),
            active: partner.active,
            file: self.file_line(file, partner.active),
            came_through: came_through.map(|(name, application)| CameThrough {
                platform: name,
                platform_href: address(Route::Partner, &platform.came_through.unwrap_or_default()),
                application_href: application.map(|id| address(Route::Application, &id)),
            }),
            notice: state.notice,
            problems: state.problems,
            contrast: contrast(self.t(), language, &fields.colour),
            fields,
            logo: partner.has_logo.then(|| format!("/partner/{}/logo", partner.id)),
            dark_logo: partner.has_dark_logo.then(|| format!("/partner/{}/dark-logo", partner.id)),
            certificates: certificate_lines(self.t(), language, &partner, &certificates, now),
            to_propose: state.to_propose,
            redirects,
            flexible,
            signatures: signatures::view(signatures, state.signatures),
            w: WebhookTexts::of(language),
            webhooks: webhooks::lines(language, &endpoints),
            webhooks_href: address(Route::PartnerWebhooks, &self.id),
            figures: figure_lines(self.t(), &limits, &counts, state.figures.as_deref()),
            declared: declared::of_partner(&self.site, &self.user, partner.clone()).await?,
            currency: partner.currency.code(),
            proposals: proposal_pages::lines(&self.site, &self.user, proposals).await?,
            preview: address(Route::PreviewPartner, &self.id),
            confirm: self.confirm(Route::Partner).filter(|_| Route::ProposeLimits.allows(self.user.role)),
            forms: Route::EditPartner.allows(self.user.role).then(|| self.forms()),
            name: partner.name,
        };
        Ok(html(status, page.render()?))
    }

    /// Where the file stands. A partner of the command line may be active without one: an operator said so, not the file.
    fn file_line(&self, file: Standing, active: bool) -> FileLine {
        let t = self.t();
        let (state, tone) = match file {
            Standing::NotBegun => (t.not_begun, "open"),
            Standing::Incomplete => (t.incomplete, "open"),
            Standing::Complete => (t.complete, "good"),
            Standing::Ended => (t.relation_ended, "ended"),
        };
        FileLine {
            state,
            tone,
            href: Route::Onboarding
                .allows(self.user.role)
                .then(|| address(Route::Onboarding, &self.id)),
            is_warned_of: active && file != Standing::Complete,
        }
    }

    fn forms(&self) -> Forms {
        let of = |route| self.form(route);
        Forms {
            profile: of(Route::EditPartner),
            logo: of(Route::PartnerLogo),
            read: of(Route::ReadCertificate),
            certificate: of(Route::ProposeCertificate),
            remove: of(Route::RemoveCertificate),
            redirects: of(Route::ProposeRedirects),
            limits: of(Route::ProposeLimits),
            signatures: of(Route::ProposeSignatures),
            activation: of(Route::ProposeActivation),
        }
    }
}

fn lines(partner: &Partner) -> String {
    let urls: Vec<&str> = partner.redirect_urls.iter().map(url::Url::as_str).collect();
    urls.join("\n")
}

fn fields(partner: &Partner, may_onboard: bool) -> ProfileFields {
    ProfileFields {
        client_id: partner.client_id.clone(),
        name: partner.name.clone(),
        kind: partner.kind.as_str().into(),
        currency: partner.currency.code().into(),
        colour: partner.colour.clone(),
        button_text: partner.button_text.as_str().into(),
        account_access: partner.account_access,
        may_onboard,
    }
}

/// How well a colour can be read where it is used; nothing for what is no colour.
fn contrast(t: &PartnerTexts, language: Language, colour: &str) -> Vec<ContrastLine> {
    let Some(colour) = Colour::parse(colour) else { return Vec::new() };
    let line = |place, front: Colour, back: Colour| ContrastLine {
        place,
        colour: front.to_string(),
        ratio: match language {
            Language::Ro => format!("{:.1} : 1", front.contrast(back)).replace('.', ","),
            Language::En => format!("{:.1} : 1", front.contrast(back)),
        },
    };
    let (light, dark) = (colour.readable_on(LIGHT_SURFACE), colour.readable_on(DARK_SURFACE));
    vec![
        line(t.contrast_button, colour.text_on(), colour),
        line(t.contrast_light, light, LIGHT_SURFACE),
        line(t.contrast_dark_button, colour.on_dark().text_on(), colour.on_dark()),
        line(t.contrast_dark, dark, DARK_SURFACE),
    ]
}

/// When a certificate ends, in words, from 60 days before on.
pub(super) fn ends(t: &PartnerTexts, language: Language, not_after: Timestamp, now: Timestamp) -> Option<String> {
    let left = (not_after - now).num_days();
    if not_after <= now {
        return Some(t.ended.to_owned());
    }
    (left < WARN_DAYS).then(|| format!("{} {}", t.ends_in, days(language, left)))
}

/// From when until when.
pub(super) fn validity(t: &PartnerTexts, language: Language, not_before: Timestamp, not_after: Timestamp) -> String {
    format!(
        "{} {} {}",
        local_time(not_before, language),
        t.until,
        local_time(not_after, language)
    )
}

fn certificate_lines(
    t: &PartnerTexts,
    language: Language,
    partner: &Partner,
    stored: &[StoredCertificate],
    now: Timestamp,
) -> Vec<CertificateLine> {
    let named = partner.certificate_sha256.as_deref().unwrap_or_default();
    let mut lines = Vec::new();
    if partner.has_certificate() && !stored.iter().any(|c| c.sha256 == named) {
        lines.push(CertificateLine {
            subject: partner.certificate_subject.clone(),
            issuer: partner.certificate_issuer.clone(),
            key: String::new(),
            valid: t.not_known.to_owned(),
            ends: None,
            fingerprint: CertificateLine::grouped(named),
            sha256: named.to_owned(),
        });
    }
    lines.extend(stored.iter().map(|c| CertificateLine {
        subject: c.subject.clone(),
        issuer: c.issuer.clone(),
        key: c.key_kind.clone(),
        valid: validity(t, language, c.not_before, c.not_after),
        ends: ends(t, language, c.not_after, now),
        fingerprint: CertificateLine::grouped(&c.sha256),
        sha256: c.sha256.clone(),
    }));
    lines
}

/// An amount as it is typed: `1234.50`.
fn typed_amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn figure_lines(t: &PartnerTexts, limits: &Limits, counts: &DayCounts, typed: Option<&[(Figure, String, Action)]>) -> Vec<FigureLine> {
    let (started, sum) = counts.started;
    let line = |figure: Figure| {
        let typed = typed.and_then(|all| all.iter().find(|(f, ..)| *f == figure));
        let declared = limits.of(figure);
        let text = |most: i64| if figure.is_amount() { typed_amount(most) } else { most.to_string() };
        FigureLine {
            field: figure.as_str(),
            name: t.figure_word(figure),
            is_amount: figure.is_amount(),
            most: typed.map_or_else(|| declared.map(|l| text(l.most)).unwrap_or_default(), |(_, most, _)| most.clone()),
            action: typed.map_or_else(|| declared.map_or(Action::Warn, |l| l.action), |(.., action)| *action),
            // Nothing is counted for a partner that declares nothing that needs it.
            today: match figure {
                _ if !limits.needs_counts() => String::new(),
                Figure::AverageAmount if started > 0 => typed_amount(sum / started),
                Figure::PaymentsPerDay => started.to_string(),
                Figure::UnfinishedPerDay => counts.unfinished.to_string(),
                Figure::RegisteredClients => counts.clients.to_string(),
                Figure::MaximumAmount | Figure::AverageAmount | Figure::ClientPerDay => String::new(),
            },
        }
    };
    Figure::ALL.map(line).to_vec()
}

/// GET /back-office/partners/{id}.
pub async fn show(look: Look, after: web::Query<After>) -> Result<HttpResponse, PageError> {
    let t = look.t();
    let notice = match after.word() {
        "saved" => Some(t.saved),
        "proposed" => Some(t.proposed),
        "done" => Some(t.done),
        _ => None,
    };
    look.page(State {
        notice,
        ..State::default()
    })
    .await
}
