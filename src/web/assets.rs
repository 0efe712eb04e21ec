//! Style sheets, scripts and pictures, compiled into the program.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};
use serde::Deserialize;
use std::fmt::Write as _;

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// How many bytes of the SHA-256 stand in a URL.
const HASH_BYTES: usize = 8;

/// The address of a file of `static/`: it changes with the content, so browsers may keep it for a year.
#[must_use]
pub fn url(path: &str) -> String {
    Files::get(path).map_or_else(|| format!("/static/{path}"), |file| format!("/static/{path}?v={}", hash(&file)))
}

fn hash(file: &EmbeddedFile) -> String {
    let sha256 = file.metadata.sha256_hash();
    sha256[..HASH_BYTES].iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The version a page asked for.
#[derive(Debug, Deserialize)]
pub struct Version {
    v: Option<String>,
}

/// Answers `GET /static/{path:.*}`.
pub async fn serve(request: HttpRequest, path: web::Path<String>, version: web::Query<Version>) -> HttpResponse {
    let Some(file) = Files::get(&path) else {
        return HttpResponse::NotFound()
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .finish();
    };
    let hash = hash(&file);
    // Weak: the same version travels compressed and plain.
    let etag = format!("W/\"{hash}\"");
    let caching = if version.v.as_deref() == Some(hash.as_str()) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=60"
    };
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag));
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return answer.finish();
    }
    answer.content_type(content_type(&file)).body(file.data)
}

fn content_type(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    let text = kind.starts_with("text/") || kind == "image/svg+xml";
    format!("{kind}{}", if text { "; charset=utf-8" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;
    use actix_web::{App, test};

    async fn get(uri: &str, known: &str) -> HttpResponse<actix_web::body::BoxBody> {
        let app = test::init_service(App::new().route("/static/{path:.*}", web::get().to(serve))).await;
        let request = test::TestRequest::get()
            .uri(uri)
            .insert_header((header::IF_NONE_MATCH, known))
            .to_request();
        test::call_service(&app, request).await.into()
    }

    fn head<'a>(answer: &'a HttpResponse, name: &str) -> &'a str {
        answer.headers().get(name).map_or("", |v| v.to_str().unwrap())
    }

    #[actix_web::test]
    async fn a_versioned_file_is_kept_for_a_year_and_a_guess_for_a_minute() {
        let url = url("app.css");
        let answer = get(&url, "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(head(&answer, "content-type"), "text/css; charset=utf-8");
        assert_eq!(head(&answer, "x-content-type-options"), "nosniff");
        assert!(head(&answer, "cache-control").contains("immutable"));
        let etag = head(&answer, "etag").to_owned();
        assert_eq!(get(&url, &etag).await.status(), StatusCode::NOT_MODIFIED);
        for guess in ["/static/app.css", "/static/app.css?v=0"] {
            assert_eq!(head(&get(guess, "").await, "cache-control"), "public, max-age=60");
        }
    }

    #[actix_web::test]
    async fn what_is_not_there_is_not_found() {
        for uri in [
            "/static/",
            "/static/none.css",
            "/static/../Cargo.toml",
            "/static/%2e%2e/Cargo.toml",
            "/static/a%00b",
        ] {
            assert_eq!(get(uri, "").await.status(), StatusCode::NOT_FOUND, "{uri}");
        }
    }
}
