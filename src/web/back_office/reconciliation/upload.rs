//! The posted file, with the rest of its form.

use crate::flow::{FieldProblem, FlowError};
use crate::statement::MAX_BYTES;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt as _;
use zeroize::Zeroizing;

/// A statement and the rest of its form.
const MAX_FORM_BYTES: usize = MAX_BYTES + 64 * 1024;

/// What was posted (RFC 7578).
#[derive(Default)]
pub(super) struct Posted {
    pub csrf: String,
    pub partner: String,
    pub direction: String,
    pub account: String,
    pub file_name: String,
    pub file: Zeroizing<Vec<u8>>,
}

fn wrong(code: &'static str) -> FlowError {
    FlowError::Invalid(vec![FieldProblem::new("file", code, "see the form")])
}

/// Reads the body as it comes, and no more of it than a statement may have.
pub(super) async fn read(request: &HttpRequest, mut payload: web::Payload) -> Result<Posted, FlowError> {
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
    let mut posted = Posted::default();
    while let Some(part) = parts.next_field().await.map_err(|_| wrong("MISSING"))? {
        let (field, name) = (
            part.name().unwrap_or_default().to_owned(),
            part.file_name().unwrap_or_default().to_owned(),
        );
        let bytes = part.bytes().await.map_err(|_| wrong("MISSING"))?;
        // Databases refuse the null character in texts.
        let text = || String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).replace('\0', "?");
        match field.as_str() {
            "csrf" => posted.csrf = text(),
            "partner" => posted.partner = text(),
            "direction" => posted.direction = text(),
            "account" => posted.account = text(),
            "file" => (posted.file_name, posted.file) = (name, Zeroizing::new(bytes.to_vec())),
            _ => {}
        }
    }
    Ok(posted)
}
