//! Documents of a file: uploaded, fetched, removed.

use super::page::Again;
use super::{Changing, address, done, expired, refuse};
use crate::flow::onboarding::documents as flow;
use crate::flow::{FieldProblem, FlowError};
use crate::partner::onboarding::{DocumentKind, MAX_DOCUMENT_BYTES};
use crate::web::back_office::gate::{Fresh, SignedIn};
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site};
use actix_web::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use zeroize::Zeroizing;

/// A document and the rest of its form.
const MAX_FORM_BYTES: usize = MAX_DOCUMENT_BYTES + 64 * 1024;

/// What was uploaded.
#[derive(Default)]
struct Upload {
    csrf: String,
    kind: String,
    name: String,
    content: Zeroizing<Vec<u8>>,
}

fn wrong(code: &'static str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new("file", code, "see the form")])
}

/// Reads the body as it comes, and no more of it than a document may have.
async fn read(request: &HttpRequest, mut payload: web::Payload) -> Result<Upload, FlowError> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(header(CONTENT_TYPE)).map_err(|_| wrong("MISSING"))?;
    if header(CONTENT_LENGTH).parse().is_ok_and(|length: usize| length > MAX_FORM_BYTES) {
        return Err(wrong("TOO_LARGE"));
    }
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| wrong("MISSING"))?;
        if body.len() + chunk.len() > MAX_FORM_BYTES {
            return Err(wrong("TOO_LARGE"));
        }
        body.extend_from_slice(&chunk);
    }
    let body = body.freeze();
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut upload = Upload::default();
    while let Some(part) = parts.next_field().await.map_err(|_| wrong("MISSING"))? {
        let (field, name) = (
            part.name().unwrap_or_default().to_owned(),
            part.file_name().unwrap_or_default().to_owned(),
        );
        let bytes = part.bytes().await.map_err(|_| wrong("MISSING"))?;
        let text = || String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        match field.as_str() {
            "csrf" => upload.csrf = text(),
            "kind" => upload.kind = text(),
            "file" => (upload.name, upload.content) = (name, Zeroizing::new(bytes.to_vec())),
            _ => {}
        }
    }
    Ok(upload)
}

/// POST /back-office/partners/{id}/onboarding/documents.
pub async fn add(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let upload = match read(&request, payload).await {
        Ok(upload) => upload,
        Err(error) => return refuse(&site, &request, &user, &id, error, Again::default()).await,
    };
    let again = Again {
        kind: upload.kind.clone(),
        ..Again::default()
    };
    if !site.is_own_form(&request, &address(Route::AddDocument, &id), &upload.csrf) {
        return expired(&site, &request, &user, &id, again).await;
    }
    let Some(kind) = DocumentKind::parse(&upload.kind) else {
        return refuse(&site, &request, &user, &id, wrong("NOT_A_CHOICE"), again).await;
    };
    match flow::add(&site.cx, &user.admin.id, &id, kind, &upload.name, upload.content).await {
        Ok(()) => Ok(done(&id, "saved")),
        Err(error) => refuse(&site, &request, &user, &id, error, again).await,
    }
}

/// GET /back-office/partners/{id}/onboarding/documents/{document}: to be saved, never shown in the browser, and only
/// by somebody who has just proved to be there.
pub async fn download(
    site: web::Data<Site>,
    user: SignedIn,
    _: Fresh,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (id, document) = path.into_inner();
    let found = flow::download(&site.cx, &user.admin.id, &id, &document).await;
    let (document, content) = found.map_err(|e| user.failed(&site, e))?;
    let extension = match document.media_type.as_str() {
        "application/pdf" => "pdf",
        "image/png" => "png",
        _ => "jpg",
    };
    let named = ExtendedValue {
        charset: Charset::Ext("UTF-8".into()),
        language_tag: None,
        value: document.name.into_bytes(),
    };
    let attachment = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![
            DispositionParam::Filename(format!("document.{extension}")),
            DispositionParam::FilenameExt(named),
        ],
    };
    let mut answer = HttpResponse::Ok();
    answer.content_type(document.media_type).insert_header(attachment);
    Ok(answer.body(content.to_vec()))
}

/// POST /back-office/partners/{id}/onboarding/documents/{document}/remove.
pub async fn remove(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    path: web::Path<(String, String)>,
    form: web::Form<Changing>,
) -> Result<HttpResponse, PageError> {
    let (id, document) = path.into_inner();
    let again = Again {
        remove: Some((document.clone(), form.reason.clone())),
        ..Again::default()
    };
    let about = address(Route::RemoveDocument, &id).replace("{document}", &document);
    if !site.is_own_form(&request, &about, &form.csrf) {
        return expired(&site, &request, &user, &id, again).await;
    }
    match flow::remove(&site.cx, &user.admin.id, &id, &document, &form.reason).await {
        Ok(()) => Ok(done(&id, "saved")),
        Err(error) => refuse(&site, &request, &user, &id, error, again).await,
    }
}
