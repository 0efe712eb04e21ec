//! Style sheets, scripts and pictures, compiled into the program.
//!
//! **Invariant:** what may be kept for a year has the fingerprint of its content in its name.

use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::write::GzEncoder;
use rust_embed::{Embed, EmbeddedFile};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// How many bytes of the SHA-256 stand in a name.
const FINGERPRINT_BYTES: usize = 8;
/// The highest quality and the largest window of brotli (RFC 7932, 9.1) that every browser reads.
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW_BITS: u32 = 22;

static ASSETS: LazyLock<HashMap<Cow<'static, str>, Asset>> = LazyLock::new(|| {
    let all = Files::iter().filter_map(|path| Files::get(&path).map(|file| (path.clone(), Asset::new(&path, file))));
    all.collect()
});

struct Asset {
    content: Bytes,
    content_type: String,
    fingerprint: String,
    url: String,
    packed: OnceLock<Packed>,
}

/// The content as it travels; a form that would not be shorter is left out.
struct Packed {
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

impl Asset {
    fn new(path: &str, file: EmbeddedFile) -> Self {
        let sha256 = file.metadata.sha256_hash();
        let fingerprint = sha256[..FINGERPRINT_BYTES].iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        });
        let url = match path.rsplit_once('.') {
            Some((stem, extension)) => format!("/static/{stem}.{fingerprint}.{extension}"),
            None => format!("/static/{path}"),
        };
        Self {
            content_type: content_type(file.metadata.mimetype()),
            content: match file.data {
                Cow::Borrowed(content) => Bytes::from_static(content),
                Cow::Owned(content) => Bytes::from(content),
            },
            fingerprint,
            url,
            packed: OnceLock::new(),
        }
    }

    fn is_text(&self) -> bool {
        self.content_type.contains("charset")
    }

    fn packed(&self) -> &Packed {
        self.packed.get_or_init(|| {
            let shorter = |packed: Option<Vec<u8>>| packed.filter(|p| self.is_text() && p.len() < self.content.len()).map(Bytes::from);
            Packed {
                gzip: shorter(gzip(&self.content)),
                brotli: shorter(brotli(&self.content)),
            }
        })
    }

    /// The content for a browser, and how it is packed.
    fn for_browser(&self, accepted: Option<&AcceptEncoding>) -> (Bytes, Option<ContentEncoding>) {
        let packed = self.packed();
        let known = [
            (ContentEncoding::Brotli, packed.brotli.as_ref()),
            (ContentEncoding::Gzip, packed.gzip.as_ref()),
        ];
        let there: Vec<Encoding> = known
            .iter()
            .filter(|(_, bytes)| bytes.is_some())
            .map(|(name, _)| Encoding::Known(*name))
            .chain([Encoding::identity()])
            .collect();
        let chosen = accepted.and_then(|accepted| accepted.negotiate(there.iter()));
        for (name, bytes) in known {
            if let (true, Some(bytes)) = (chosen == Some(Encoding::Known(name)), bytes) {
                return (bytes.clone(), Some(name));
            }
        }
        (self.content.clone(), None)
    }
}

fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

fn brotli(content: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    {
        let mut encoder = brotli::CompressorWriter::new(&mut packed, content.len().max(1), BROTLI_QUALITY, BROTLI_WINDOW_BITS);
        encoder.write_all(content).ok()?;
        encoder.flush().ok()?;
    }
    Some(packed)
}

/// The address of a file of `static/`: it changes with the content, so browsers may keep it for a year.
#[must_use]
pub fn url(path: &str) -> String {
    ASSETS
        .get(path)
        .map_or_else(|| format!("/static/{path}"), |asset| asset.url.clone())
}

/// The content of a file of `static/`, as it is.
#[must_use]
pub fn content(path: &str) -> Option<Bytes> {
    ASSETS.get(path).map(|asset| asset.content.clone())
}

/// The fingerprint of a file of `static/`; empty when there is none.
#[must_use]
pub fn fingerprint(path: &str) -> &'static str {
    ASSETS.get(path).map_or("", |asset| asset.fingerprint.as_str())
}

/// Packs every file, so that no request has to wait for it; a second call does nothing.
pub fn prepare() {
    for asset in ASSETS.values() {
        let _ = asset.packed();
    }
}

/// The file a name stands for, and whether the name holds its fingerprint. An older fingerprint finds the file,
/// too: a page of the release before may still ask for it.
fn find(path: &str) -> Option<(&'static Asset, bool)> {
    if let Some(asset) = ASSETS.get(path) {
        return Some((asset, false));
    }
    let (rest, extension) = path.rsplit_once('.')?;
    let (stem, fingerprint) = rest.rsplit_once('.')?;
    if fingerprint.len() != 2 * FINGERPRINT_BYTES || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let asset = ASSETS.get(format!("{stem}.{extension}").as_str())?;
    Some((asset, asset.fingerprint == fingerprint))
}

/// Answers `GET /static/{path:.*}`.
pub async fn serve(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let Some((asset, is_fingerprint)) = find(&path) else {
        return HttpResponse::NotFound()
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .finish();
    };
    // Weak: the same version travels packed and plain.
    let etag = format!("W/\"{}\"", asset.fingerprint);
    let caching = if is_fingerprint {
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
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return answer.finish();
    }
    let accepted = request.headers().contains_key(header::ACCEPT_ENCODING);
    let accepted = accepted.then(|| AcceptEncoding::parse(&request).ok()).flatten();
    let (content, encoding) = asset.for_browser(accepted.as_ref());
    if let Some(encoding) = encoding {
        answer.insert_header((header::CONTENT_ENCODING, encoding.as_str()));
    }
    answer.content_type(asset.content_type.as_str()).body(content)
}

fn content_type(kind: &str) -> String {
    let text = kind.starts_with("text/") || kind == "image/svg+xml";
    format!("{kind}{}", if text { "; charset=utf-8" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use actix_web::http::StatusCode;
    use actix_web::{App, test};
    use std::io::Read as _;

    async fn get(uri: &str, name: header::HeaderName, value: &str) -> HttpResponse<actix_web::body::BoxBody> {
        let app = test::init_service(App::new().route("/static/{path:.*}", web::get().to(serve))).await;
        let request = test::TestRequest::get().uri(uri).insert_header((name, value)).to_request();
        test::call_service(&app, request).await.into()
    }

    fn head<'a>(answer: &'a HttpResponse, name: &str) -> &'a str {
        answer.headers().get(name).map_or("", |v| v.to_str().unwrap())
    }

    #[actix_web::test]
    async fn a_fingerprinted_file_is_kept_for_a_year_and_a_guess_for_a_minute() {
        let url = url("app.css");
        let answer = get(&url, header::IF_NONE_MATCH, "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(head(&answer, "content-type"), "text/css; charset=utf-8");
        assert_eq!(head(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(head(&answer, "cache-control"), "public, max-age=31536000, immutable");
        let etag = head(&answer, "etag").to_owned();
        assert_eq!(get(&url, header::IF_NONE_MATCH, &etag).await.status(), StatusCode::NOT_MODIFIED);
        for guess in ["/static/app.css", "/static/app.0123456789abcdef.css"] {
            let answer = get(guess, header::IF_NONE_MATCH, "").await;
            assert_eq!(answer.status(), StatusCode::OK, "{guess}");
            assert_eq!(head(&answer, "cache-control"), "public, max-age=60", "{guess}");
        }
    }

    #[actix_web::test]
    async fn a_file_travels_as_the_browser_likes_it() {
        prepare();
        let plain = Files::get("app.css").unwrap().data.into_owned();
        let unpack = |encoding: &str, body: &[u8]| {
            let mut out = Vec::new();
            let read = match encoding {
                "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut out),
                "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut out),
                _ => (&mut &*body).read_to_end(&mut out),
            };
            read.unwrap();
            out
        };
        for (accepted, encoding) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("identity", ""),
            ("zstd", ""),
            ("gzip;q=0", ""),
            (",;q=x", ""),
        ] {
            let answer = get(&url("app.css"), header::ACCEPT_ENCODING, accepted).await;
            assert_eq!(head(&answer, "content-encoding"), encoding, "{accepted}");
            assert_eq!(head(&answer, "vary"), "Accept-Encoding");
            let body = to_bytes(answer.into_body()).await.unwrap();
            assert_eq!(unpack(encoding, &body), plain, "{accepted}");
            assert!(
                encoding.is_empty() || body.len() * 3 < plain.len(),
                "{accepted}: {} bytes",
                body.len()
            );
        }
        // A picture is packed already.
        let picture = get(&url("demo/shop-logo.png"), header::ACCEPT_ENCODING, "br, gzip").await;
        assert_eq!((picture.status(), head(&picture, "content-encoding")), (StatusCode::OK, ""));
        assert_eq!(head(&picture, "content-type"), "image/png");
    }

    #[actix_web::test]
    async fn what_is_not_there_is_not_found() {
        for uri in [
            "/static/",
            "/static/none.css",
            "/static/none.0123456789abcdef.css",
            "/static/app.0123456789abcdeg.css",
            "/static/.0123456789abcdef.css",
            "/static/app.0123456789abcdef",
            "/static/../Cargo.toml",
            "/static/%2e%2e/Cargo.toml",
            "/static/a%00b",
        ] {
            let answer = get(uri, header::IF_NONE_MATCH, "").await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{uri}");
        }
    }
}
