//! Reading what partners send: query, urlencoded (also without a Content-Type), multipart and JSON, all
//! into named fields. Amounts keep the digits they were written with.

use super::ApiError;
use crate::flow::FieldProblem;
use actix_web::error::PayloadError;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use futures_util::{Stream, StreamExt as _};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Largest body of the token calls, in bytes.
pub const SMALL_BODY: usize = 16 * 1024;
/// Largest body of clientActivation, in bytes: every text as long as it may be.
pub const APPLICATION_BODY: usize = 64 * 1024;
/// Largest body of initPayment with one payment, in bytes.
pub const ORDER_BODY: usize = 1024 * 1024;
/// Largest body of initPayment with several, in bytes: 5000 of them with every text as long as it may be.
pub const LIST_BODY: usize = 8 * 1024 * 1024;
/// The longest access token, in bytes.
const MAX_TOKEN_BYTES: usize = 2048;
/// Most fields a form or an object may have.
const MAX_FIELDS: usize = 100;

/// The bearer token of a request (RFC 6750 section 2.1).
pub fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let token = header
        .and_then(|h| h.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    token
        .filter(|t| !t.is_empty() && t.len() <= MAX_TOKEN_BYTES)
        .ok_or_else(ApiError::bad_token)
}

/// The whole body, at most `limit` bytes.
pub async fn body(
    request: &HttpRequest,
    mut payload: impl Stream<Item = Result<web::Bytes, PayloadError>> + Unpin,
    limit: usize,
) -> Result<Vec<u8>, ApiError> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ApiError::too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::unreadable("The request body broke off."))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn media_type(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(CONTENT_TYPE) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| ApiError::wrong_type())?;
    Ok(Some(text.to_owned()).filter(|t| !t.trim().is_empty()))
}

fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Text fields of the token calls, from the query and from a body of any accepted kind; the body wins.
/// `known` are the names the call reads: others may hold anything.
pub async fn text_fields(request: &HttpRequest, payload: web::Payload, known: &[&str]) -> Result<BTreeMap<String, String>, ApiError> {
    let mut fields = form(request.query_string().as_bytes())?;
    let media_type = media_type(request)?;
    let body = body(request, payload, SMALL_BODY).await?;
    if body.is_empty() {
        return Ok(fields);
    }
    let more = match media_type.as_deref().map(essence).as_deref() {
        None | Some("application/x-www-form-urlencoded") => form(&body)?,
        Some("multipart/form-data") => multipart(media_type.unwrap_or_default(), body).await?,
        Some("application/json") => json_as_text(&body, known)?,
        Some(_) => return Err(ApiError::wrong_type()),
    };
    fields.extend(more);
    Ok(fields)
}

/// The fields of the query.
pub fn query(request: &HttpRequest) -> Result<BTreeMap<String, String>, ApiError> {
    form(request.query_string().as_bytes())
}

fn form(bytes: &[u8]) -> Result<BTreeMap<String, String>, ApiError> {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(bytes)
        .take(MAX_FIELDS + 1)
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if fields.len() > MAX_FIELDS {
        Err(ApiError::unreadable("The form has too many fields."))
    } else {
        Ok(fields)
    }
}

async fn multipart(media_type: String, body: Vec<u8>) -> Result<BTreeMap<String, String>, ApiError> {
    let broken = || ApiError::unreadable("The multipart body cannot be read.");
    let boundary = multer::parse_boundary(media_type).map_err(|_| broken())?;
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let mut parts = multer::Multipart::new(stream.map(|chunk| chunk.map(web::Bytes::from)), boundary);
    let mut fields = BTreeMap::new();
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let text = part.text().await.map_err(|_| broken())?;
        fields.insert(name, text);
        if fields.len() > MAX_FIELDS {
            return Err(broken());
        }
    }
    Ok(fields)
}

fn json_as_text(body: &[u8], known: &[&str]) -> Result<BTreeMap<String, String>, ApiError> {
    let mut fields = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, raw) in json_object(body)? {
        if !known.contains(&name.as_str()) {
            continue;
        }
        let text = match raw.get().as_bytes().first() {
            Some(b'n') => continue,
            Some(b'"') => serde_json::from_str(raw.get()).map_err(|_| ApiError::unreadable("The JSON body cannot be read."))?,
            Some(b'{' | b'[') => {
                problems.push(FieldProblem::new(name, "WRONG_TYPE", "this field must be a text"));
                continue;
            }
            _ => raw.get().to_owned(),
        };
        fields.insert(name, text);
    }
    if problems.is_empty() {
        Ok(fields)
    } else {
        Err(ApiError::invalid(problems))
    }
}

/// A JSON object whose values are still as they were written.
pub type RawObject = BTreeMap<String, Box<RawValue>>;

struct Object(RawObject);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Object;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = RawObject::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if fields.len() == MAX_FIELDS {
                        return Err(A::Error::custom("too many fields"));
                    }
                    // Two readers may take two different ones; money is not read that way.
                    if fields.insert(name, value).is_some() {
                        return Err(A::Error::custom("a field stands twice"));
                    }
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Reads a JSON object; a field that stands twice is refused.
pub fn json_object(body: &[u8]) -> Result<RawObject, ApiError> {
    object(body).map_err(|_| ApiError::unreadable("The body must be one JSON object in UTF-8, each field once."))
}

/// As [`json_object`], for an object inside another.
pub fn object(text: &[u8]) -> serde_json::Result<RawObject> {
    serde_json::from_slice(text).map(|Object(fields)| fields)
}

/// Whether the body may be read as JSON by its Content-Type.
pub fn must_be_json(request: &HttpRequest) -> Result<(), ApiError> {
    match media_type(request)?.as_deref().map(essence).as_deref() {
        Some("application/json") => Ok(()),
        _ => Err(ApiError::wrong_type()),
    }
}

/// true/false or 1/0, as text; absent or empty is false.
pub fn flag(fields: &BTreeMap<String, String>, name: &str, problems: &mut Vec<FieldProblem>) -> bool {
    match fields.get(name).map(|v| v.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => {
            problems.push(FieldProblem::new(name, "WRONG_TYPE", "this field must be true, false, 1 or 0"));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_stands_twice_is_refused() {
        assert!(json_object(br#"{"amount":1,"amount":100}"#).is_err());
        assert!(json_object(br#"[1]"#).is_err());
        assert!(json_object(b"").is_err());
        assert_eq!(
            json_object(br#"{"amount": 1.10}"#)
                .ok()
                .and_then(|o| o.get("amount").map(|v| v.get().to_owned()))
                .as_deref(),
            Some("1.10")
        );
    }
}
