//! A file that an admin uploads, with the form's token beside it.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt as _;

/// Largest body of an upload, in bytes: the largest file and the form around it.
pub(super) const MAX_BODY: usize = 1_100_000;

/// The posted form (RFC 7578).
#[derive(Debug, Default)]
pub(super) struct Upload {
    /// The anti-forgery token.
    pub csrf: String,
    /// The file's bytes; empty when none was chosen.
    pub file: Vec<u8>,
}

/// Reads an upload; what is too large or cannot be read comes out as no file, or as no token.
pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Upload {
    let mut upload = Upload::default();
    let media_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(media_type) else {
        return upload;
    };
    let Ok(Ok(body)) = payload.to_bytes_limited(MAX_BODY).await else {
        return upload;
    };
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let mut parts = multer::Multipart::new(stream.boxed(), boundary);
    while let Ok(Some(part)) = parts.next_field().await {
        match part.name() {
            Some("csrf") => upload.csrf = part.text().await.unwrap_or_default(),
            Some("file") => upload.file = part.bytes().await.map(|b| b.to_vec()).unwrap_or_default(),
            _ => {}
        }
    }
    upload
}
