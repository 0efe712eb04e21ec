//! Personal data: what payers ask for about their own, and what was or will be erased when its time is over.
//!
//! **Invariant:** looking here erases nothing; an address of a payer is shown only to those whom the table of routes names.

use super::frame::OfficeShell;
use super::gate::{SignedIn, go};
use super::onboarding::{address, day, moment, name_of, names, token};
use super::roles::{Route, serve};
use crate::consent::ConsentId;
use crate::flow::{FlowError, payer_data, retention};
use crate::store::payer_requests::{Found, PayerRequest, RequestKind};
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;

catalogue! {
    /// The texts about personal data.
    DataTexts {
        title: "Date personale", "Personal data";
        ask: "Cererea unui plătitor", "A payer’s request";
        ask_lead: "Plătitorul este recunoscut după adresa de e-mail dată la plată. Verifică întâi că adresa este a lui. Plățile sunt căutate în fundal; poți închide pagina.",
            "A payer is known by the e-mail address given for a payment. First verify that the address is theirs. Payments are searched in the background; you may close the page.";
        email: "Adresa de e-mail", "E-mail address";
        kind: "Ce cere", "What is asked for";
        export: "o copie a datelor (GDPR art. 15)", "a copy of the data (GDPR art. 15)";
        erasure: "ștergerea datelor (GDPR art. 17)", "erasure of the data (GDPR art. 17)";
        erasure_warning: "Ștergerea nu poate fi anulată. Rămâne ce cere legea: cine a plătit cui și cât, cinci ani (Legea 129/2019 art. 21; GDPR art. 17 alin. 3 lit. b). Consimțămintele date partenerilor se încheie.",
            "Erasure cannot be undone. What the law requires stays: who paid whom and how much, for five years (Law 129/2019 art. 21; GDPR art. 17(3)(b)). Consents given to partners end.";
        understood: "Am verificat identitatea plătitorului și știu că ștergerea este definitivă.", "I verified who the payer is, and know that erasure is final.";
        send: "Caută", "Search";
        not_email: "Scrie o adresă de e-mail.", "Give an e-mail address.";
        no_kind: "Alege ce cere plătitorul.", "Choose what is asked for.";
        not_understood: "Bifează că ștergerea este definitivă.", "Tick that erasure is final.";
        page_expired: "Pagina a stat deschisă prea mult. Trimite din nou.", "The page was open for too long. Send it again.";
        errors: "Verifică ce ai completat", "Check what you entered";
        requests: "Cereri", "Requests";
        no_requests: "Nicio cerere până acum.", "No requests so far.";
        when: "Când", "When";
        who: "Cine", "Who";
        state: "Stare", "State";
        searching: "se caută", "searching";
        done: "gata", "done";
        request: "Cererea", "Request";
        looked_at: "Plăți deschise", "Payments opened";
        found: "Plăți găsite", "Payments found";
        reload: "Reîncarcă pagina ca să vezi cât s-a cercetat.", "Reload the page to see how far it is.";
        fetch: "Descarcă datele (JSON)", "Download the data (JSON)";
        fetch_hint: "Descărcarea intră în jurnalul de audit. Se poate face timp de 30 de zile.", "The download is in the audit log. It is possible for 30 days.";
        too_old: "Au trecut 30 de zile: adresa a fost uitată, datele nu mai pot fi descărcate.", "30 days have passed: the address was forgotten, and the data can no longer be fetched.";
        payment: "Plata", "Payment";
        outcome: "Rezultat", "Outcome";
        erased: "datele personale au fost șterse: plata nu a ajuns la nicio bancă sau termenul legal a trecut", "personal data erased: the payment reached no bank, or its legal term is over";
        reduced: "adresa, linkul și mesajele au fost șterse; conturile, numele și detaliile plății rămân până la termenul din lege (Legea 129/2019 art. 21)", "address, link and mails erased; accounts, names and remittance information stay until the legal term (Law 129/2019 art. 21)";
        open: "neîncheiată: nu s-a șters nimic; reia cererea după ce se încheie", "not ended: nothing was erased; repeat the request when it has";
        until: "Păstrat până la", "Kept until";
        consents_found: "Consimțăminte date partenerilor", "Consents given to partners";
        consent: "Consimțământul", "Consent";
        consent_ending: "se încheie, apoi se șterge al cui a fost", "is being ended, then whose it was is erased";
        consent_erased: "încheiat; s-a șters al cui a fost", "ended; whose it was is erased";
        nothing_found: "Nu există date despre această adresă.", "There is nothing about this address.";
        keeping: "Păstrarea datelor", "Retention";
        keeping_lead: "În fiecare zi se șterg dosarele și datele plăților al căror termen a trecut. Aici se vede ce s-ar șterge acum; pagina nu șterge nimic.",
            "Every day files and payments’ data whose time is over are erased. This shows what would be erased now; the page erases nothing.";
        payments_due: "Plăți care și-ar pierde datele personale", "Payments that would lose their personal data";
        ended_before: "încheiate înainte de", "ended before";
        files_due: "Dosare de parteneri care ar fi șterse", "Partner files that would be erased";
        none: "niciunul", "none";
        documents: "documente", "documents";
        kept_until: "păstrat până la", "kept until";
        reports: "Ce s-a șters", "What was erased";
        no_reports: "Încă nu s-a șters nimic.", "Nothing was erased yet.";
        files: "Dosare", "Files";
        payments: "Plăți", "Payments";
        mails: "Mesaje", "Mails";
        consents: "Consimțăminte", "Consents";
        applications: "Cereri de înscriere", "Applications";
        applications_due: "Cereri refuzate sau necompletate de un an, care ar fi șterse", "Applications refused or not completed for a year, which would be erased";
        back: "Înapoi la date personale", "Back to personal data";
    }
}

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    serve(config, Route::PersonalData, show);
    serve(config, Route::RequestPersonalData, ask);
    serve(config, Route::PayerRequest, request_page);
    serve(config, Route::PayerExport, export);
}

/// A request in the list.
#[derive(Clone)]
pub struct RequestLine {
    href: String,
    at: String,
    kind: &'static str,
    who: String,
    state: &'static str,
}

/// A report in the list.
#[derive(Clone)]
pub struct ReportLine {
    at: String,
    who: String,
    files: i64,
    documents: i64,
    payments: i64,
    mails: i64,
    consents: i64,
    applications: i64,
}

/// What was typed into the form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    csrf: String,
    email: String,
    kind: String,
    understood: String,
}

#[derive(Template)]
#[template(path = "back_office/personal_data.html", whitespace = "minimize")]
struct DataPage {
    shell: OfficeShell,
    d: &'static DataTexts,
    action: &'static str,
    csrf: String,
    asked: Asked,
    problems: Vec<(&'static str, &'static str)>,
    requests: Vec<RequestLine>,
    payments_due: i64,
    applications_due: i64,
    ended_before: String,
    files_due: Vec<(String, i64, String)>,
    reports: Vec<ReportLine>,
}

const fn kind_words(d: &DataTexts, kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Export => d.export,
        RequestKind::Erasure => d.erasure,
    }
}

async fn page(
    site: &Site,
    request: &HttpRequest,
    user: &SignedIn,
    status: StatusCode,
    asked: Asked,
    problems: Vec<(&'static str, &'static str)>,
) -> Result<HttpResponse, PageError> {
    let failed = |e: FlowError| user.failed(site, e);
    let d = DataTexts::of(user.language);
    let plan = retention::plan(&site.cx).await.map_err(failed)?;
    let reports = retention::reports(&site.cx).await.map_err(failed)?;
    let requests = payer_data::newest(&site.cx).await.map_err(failed)?;
    let ids = requests.iter().map(|r| r.requested_by.clone());
    let ids = ids.chain(reports.iter().map(|r| r.actor.clone())).collect();
    let names = names(site, ids).await.map_err(|e| user.failed(site, e))?;
    let action = Route::RequestPersonalData.path();
    let page = DataPage {
        shell: user.shell(site, request, Route::PersonalData),
        d,
        action,
        csrf: token(site, request, action),
        asked,
        problems,
        requests: requests.iter().map(|r| request_line(d, user, &names, r)).collect(),
        payments_due: plan.payments,
        applications_due: plan.applications,
        ended_before: day(plan.payments_before),
        files_due: plan
            .files
            .into_iter()
            .map(|f| (f.partner, f.documents, day(f.kept_until)))
            .collect(),
        reports: reports
            .into_iter()
            .map(|r| ReportLine {
                at: moment(r.at),
                who: name_of(&names, user, &r.actor),
                files: r.partners,
                documents: r.documents,
                payments: r.payments,
                mails: r.mails,
                consents: r.consents,
                applications: r.applications,
            })
            .collect(),
    };
    Ok(html(status, page.render()?))
}

fn request_line(d: &'static DataTexts, user: &SignedIn, names: &BTreeMap<String, String>, request: &PayerRequest) -> RequestLine {
    RequestLine {
        href: address(Route::PayerRequest, &request.id),
        at: moment(request.created_at),
        kind: kind_words(d, request.kind),
        who: name_of(names, user, &request.requested_by),
        state: if request.ended_at.is_some() { d.done } else { d.searching },
    }
}

/// GET /back-office/personal-data.
pub async fn show(site: web::Data<Site>, request: HttpRequest, user: SignedIn) -> Result<HttpResponse, PageError> {
    page(&site, &request, &user, StatusCode::OK, Asked::default(), Vec::new()).await
}

/// POST /back-office/personal-data/requests.
pub async fn ask(site: web::Data<Site>, request: HttpRequest, user: SignedIn, form: web::Form<Asked>) -> Result<HttpResponse, PageError> {
    let (asked, d) = (form.into_inner(), DataTexts::of(user.language));
    let own = site.is_own_form(&request, Route::RequestPersonalData.path(), &asked.csrf);
    let kind = RequestKind::parse(&asked.kind);
    let is_final = kind == Some(RequestKind::Erasure);
    let wrong = [
        (!own, ("email", d.page_expired)),
        (kind.is_none(), ("kind-export", d.no_kind)),
        (is_final && asked.understood.is_empty(), ("understood", d.not_understood)),
    ];
    let mut problems: Vec<_> = wrong.into_iter().filter_map(|(wrong, problem)| wrong.then_some(problem)).collect();
    if let (Some(kind), true) = (kind, problems.is_empty()) {
        match payer_data::request(&site.cx, &user.admin.id, kind, &asked.email).await {
            Ok(id) => return Ok(go(&address(Route::PayerRequest, &id))),
            Err(FlowError::Invalid(_)) => problems.push(("email", d.not_email)),
            Err(other) => return Err(user.failed(&site, other)),
        }
    }
    let status = if own {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::FORBIDDEN
    };
    page(&site, &request, &user, status, asked, problems).await
}

/// A payment that was found.
#[derive(Clone)]
pub struct FoundLine {
    reference: i64,
    outcome: &'static str,
    until: String,
}

#[derive(Template)]
#[template(path = "back_office/payer_request.html", whitespace = "minimize")]
struct RequestPage {
    shell: OfficeShell,
    d: &'static DataTexts,
    kind: &'static str,
    at: String,
    who: String,
    email: String,
    is_done: bool,
    is_export: bool,
    looked_at: i64,
    found: Vec<FoundLine>,
    /// Consents at partners, and what became of each.
    consents: Vec<(String, String, &'static str)>,
    export: String,
}

fn found_line(d: &'static DataTexts, found: &Found) -> FoundLine {
    FoundLine {
        reference: found.payment_id,
        outcome: match found.outcome.as_deref() {
            Some("erased") => d.erased,
            Some("reduced") => d.reduced,
            Some(_) => d.open,
            None => "",
        },
        until: found.keep_until.map(day).unwrap_or_default(),
    }
}

/// Number, page and outcome of a consent that was found.
fn consent_line(d: &'static DataTexts, id: ConsentId, outcome: Option<&str>) -> (String, String, &'static str) {
    let words = match outcome {
        Some("erased") => d.consent_erased,
        Some(_) => d.consent_ending,
        None => "",
    };
    (id.to_string(), address(Route::Consent, &id.to_string()), words)
}

/// GET /back-office/personal-data/requests/{id}.
pub async fn request_page(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let d = DataTexts::of(user.language);
    let progress = payer_data::progress(&site.cx, &id).await.map_err(|e| user.failed(&site, e))?;
    let asked = progress.request;
    let names = names(&site, vec![asked.requested_by.clone()]).await;
    let names = names.map_err(|e| user.failed(&site, e))?;
    let page = RequestPage {
        shell: user.shell(&site, &request, Route::PersonalData),
        d,
        kind: kind_words(d, asked.kind),
        at: moment(asked.created_at),
        who: name_of(&names, &user, &asked.requested_by),
        is_done: asked.ended_at.is_some(),
        is_export: asked.kind == RequestKind::Export,
        email: asked.email.unwrap_or_default(),
        looked_at: asked.scanned,
        consents: progress
            .consents
            .iter()
            .map(|(id, outcome)| consent_line(d, *id, outcome.as_deref()))
            .collect(),
        found: progress.found.iter().map(|f| found_line(d, f)).collect(),
        export: address(Route::PayerExport, &id),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// GET /back-office/personal-data/requests/{id}/export: to be saved, never shown in the browser.
pub async fn export(site: web::Data<Site>, user: SignedIn, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    let data = payer_data::export(&site.cx, &user.admin.id, &id).await;
    let data = data.map_err(|e| user.failed(&site, e))?;
    let text = serde_json::to_string_pretty(&data).map_err(|e| user.failed(&site, FlowError::from(e)))?;
    let attachment = HeaderValue::from_static("attachment; filename=\"date-personale.json\"");
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, attachment));
    Ok(answer.body(text))
}
