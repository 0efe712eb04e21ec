//! A file that an admin uploads, with the form's token beside it.

use crate::partner::Screen;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt as _;

/// Largest body of an upload, in bytes: the largest file and the form around it.
pub(super) const MAX_BODY: usize = 1_100_000;

/// The posted form (RFC 7578).
#[derive(Debug)]
pub(super) struct Upload {
    /// The anti-forgery token.
    pub csrf: String,
    /// The file's bytes; empty when none was chosen.
    pub file: Vec<u8>,
    /// Which screens a logo is for.
    pub screen: Screen,
    /// Nothing is to be put in its place.
    pub is_removal: bool,
}

/// Reads an upload; what is too large or cannot be read comes out as no file, or as no token.
pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Upload {
    let mut upload = Upload {
        csrf: String::new(),
        file: Vec::new(),
        screen: Screen::Light,
        is_removal: false,
    };
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
            Some("screen") => {
                let is_dark = part.text().await.is_ok_and(|word| word == "dark");
                upload.screen = if is_dark { Screen::Dark } else { upload.screen };
            }
            Some("remove") => upload.is_removal = true,
            Some("file") => upload.file = part.bytes().await.map(|b| b.to_vec()).unwrap_or_default(),
            _ => {}
        }
    }
    upload
}
