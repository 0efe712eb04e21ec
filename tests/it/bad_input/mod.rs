//! Bad input: every field of every call and form, one table each. Each row gets its documented answer and
//! changes nothing: the whole database, the mails and the bank's books are compared before and after.

mod back_office;
mod banks;
mod form;
mod form_access;
mod form_fields;
mod good_orders;
mod init;
mod init_fields;
mod office_walk;
mod refresh;
mod returning;
mod schedule;
mod several;
mod status;
mod token;
mod transport;

use crate::support::TestApp;
use crate::support::database::Database;
use crate::support::partner::{Answer, Partner, TOKEN, Tokens};
use reqwest::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder};

/// Limits that a long table does not reach.
const UNLIMITED: &str = "[gateway]\nrequests_per_minute = 1000000\nrequests_burst = 100000\n";

/// A field that is wrong, and its code.
type Wrong = (&'static str, &'static str);

/// The answer a row must get.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    status: u16,
    word: &'static str,
    fields: &'static [Wrong],
}

const fn refusal(status: u16, word: &'static str, fields: &'static [Wrong]) -> Refusal {
    Refusal { status, word, fields }
}

/// 400 that names these fields.
const fn invalid(fields: &'static [Wrong]) -> Refusal {
    refusal(400, "INVALID_REQUEST", fields)
}

/// 422 that names these fields.
const fn against_rules(fields: &'static [Wrong]) -> Refusal {
    refusal(422, "RULE_BROKEN", fields)
}

/// 400 because nothing of it can be read.
const UNREADABLE: Refusal = invalid(&[]);
const BAD_TOKEN: Refusal = refusal(401, "INVALID_TOKEN", &[]);
const NOT_YOU: Refusal = refusal(403, "CLIENT_NOT_ALLOWED", &[]);
const NO_PAYMENT: Refusal = refusal(404, "PAYMENT_NOT_FOUND", &[]);
const NO_CALL: Refusal = refusal(404, "NO_SUCH_CALL", &[]);
const WRONG_METHOD: Refusal = refusal(405, "WRONG_METHOD", &[]);
const TOO_LARGE: Refusal = refusal(413, "TOO_LARGE", &[]);
const WRONG_TYPE: Refusal = refusal(415, "UNSUPPORTED_CONTENT_TYPE", &[]);

/// Insists on a refusal in the envelope that repeats none of the values in `never`.
fn is_refused(row: &str, answer: &Answer, wanted: Refusal, never: &[&str]) {
    let json = &answer.json;
    assert_eq!(answer.status, wanted.status, "{row}: {json}");
    let mut names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["message", "messageStatus", "moreDetails", "reference", "status"],
        "{row}: {json}"
    );
    assert_eq!(json["status"], wanted.status, "{row}: {json}");
    assert_eq!(answer.text("messageStatus"), wanted.word, "{row}: {json}");
    assert!(answer.text("message").ends_with('.'), "{row}: {json}");
    assert_eq!(answer.text("reference").len(), 10, "{row}: {json}");
    let details = json["moreDetails"].as_array().unwrap();
    let named = |d: &serde_json::Value| (d["field"].as_str().unwrap().to_owned(), d["code"].as_str().unwrap().to_owned());
    let mut found: Vec<(String, String)> = details.iter().map(named).collect();
    let mut fields: Vec<(String, String)> = wanted.fields.iter().map(|(f, c)| ((*f).into(), (*c).into())).collect();
    found.sort_unstable();
    fields.sort_unstable();
    assert_eq!(found, fields, "{row}: {json}");
    assert!(
        details.iter().all(|d| d["message"].as_str().is_some_and(|m| m.len() > 10)),
        "{row}: {json}"
    );
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json", "{row}");
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store", "{row}");
    match wanted.status {
        // Clients are told what would do instead (RFC 6750 section 3, RFC 9110 section 15.5.6).
        401 => assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer", "{row}"),
        405 => assert!(["GET", "POST"].map(Some).contains(&answer.headers[ALLOW].to_str().ok()), "{row}"),
        _ => {}
    }
    let text = json.to_string();
    for value in never.iter().filter(|v| v.len() >= 6) {
        assert!(!text.contains(value), "{row} is repeated: {text}");
    }
}

/// Everything that could have changed.
#[derive(PartialEq, Eq)]
struct Snapshot {
    rows: Vec<String>,
    mails: usize,
    bank: usize,
}

/// Sessions come with every visitor of the public site and say nothing.
const IGNORED: [&str; 2] = ["admin_sessions", "__diesel_schema_migrations"];

impl Snapshot {
    fn of(app: &TestApp) -> Self {
        let tables = match app.database {
            Database::Sqlite { .. } => "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            Database::Postgres { .. } => {
                "SELECT CAST(table_name AS TEXT) AS line FROM information_schema.tables WHERE table_schema = 'public'"
            }
        };
        let mut rows = Vec::new();
        for table in app.database.lines(tables) {
            if !IGNORED.contains(&table.as_str()) {
                let found = app.database.lines(&whole(app, &table));
                rows.extend(found.into_iter().map(|row| format!("{table}: {row}")));
            }
        }
        rows.sort_unstable();
        Self {
            rows,
            mails: app.mails.all().len(),
            bank: app.bank.ledger().len(),
        }
    }

    /// Insists that nothing has changed since.
    fn is_still(&self, app: &TestApp, row: &str) {
        let now = Self::of(app);
        let new: Vec<&String> = now.rows.iter().filter(|r| !self.rows.contains(r)).collect();
        let gone: Vec<&String> = self.rows.iter().filter(|r| !now.rows.contains(r)).collect();
        assert!(*self == now, "{row} has changed something: new {new:?}, gone {gone:?}");
    }

    /// The same without a table in which something may be written.
    fn without(mut self, table: &str) -> Self {
        let start = format!("{table}: ");
        self.rows.retain(|row| !row.starts_with(&start));
        self
    }

    /// How many rows a table has.
    fn count(&self, table: &str) -> usize {
        let start = format!("{table}: ");
        self.rows.iter().filter(|row| row.starts_with(&start)).count()
    }
}

/// Selects whole rows as text.
fn whole(app: &TestApp, table: &str) -> String {
    if let Database::Postgres { .. } = app.database {
        return format!("SELECT CAST(t AS TEXT) AS line FROM \"{table}\" AS t");
    }
    let columns = app
        .database
        .lines(&format!("SELECT name AS line FROM pragma_table_info('{table}')"));
    let quoted: Vec<String> = columns.iter().map(|c| format!("quote(\"{c}\")")).collect();
    format!("SELECT {} AS line FROM \"{table}\"", quoted.join(" || ',' || "))
}

/// Runs SQL as somebody with the database in hand.
fn by_hand(app: &TestApp, sql: &str) {
    use diesel::connection::SimpleConnection as _;
    let mut connection = crate::support::database::connect(&app.database.url());
    connection.batch_execute(sql).unwrap();
}

/// A body and what it says it is.
struct Body {
    content_type: Option<&'static str>,
    bytes: Vec<u8>,
}

impl Body {
    fn new(content_type: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type: Some(content_type),
            bytes: bytes.into(),
        }
    }

    fn untyped(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type: None,
            bytes: bytes.into(),
        }
    }

    fn on(self, request: RequestBuilder) -> RequestBuilder {
        let request = request.body(self.bytes);
        match self.content_type {
            Some(kind) => request.header(CONTENT_TYPE, kind),
            None => request,
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data; boundary=zzz";

/// A multipart body with the boundary of [`MULTIPART`].
fn multipart(fields: &[(&str, &str)]) -> Body {
    let part = |(name, value): &(&str, &str)| format!("--zzz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let parts: String = fields.iter().map(part).collect();
    Body::new(MULTIPART, format!("{parts}--zzz--\r\n"))
}

/// Bodies with 2 MB, of every kind.
fn two_megabytes() -> [Body; 4] {
    let long = "9".repeat(2_000_000);
    [
        Body::new(FORM, format!("client_id={long}")),
        Body::new(JSON, format!("{{\"client_id\":\"{long}\"}}")),
        multipart(&[("client_id", &long)]),
        Body::untyped(long),
    ]
}

/// Headers that carry no good access token, and why; `good` is one.
fn bad_tokens(good: &Tokens, of_others: &Tokens) -> Vec<(&'static str, Option<String>)> {
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let mut changed = good.access.clone();
    let last = if changed.ends_with('A') { "B" } else { "A" };
    changed.replace_range(changed.len() - 1.., last);
    vec![
        ("no header", None),
        ("an empty header", Some(String::new())),
        ("a scheme only", Some("Bearer".into())),
        ("no token", Some("Bearer  ".into())),
        ("no scheme", Some(good.access.clone())),
        ("another scheme", Some(format!("Basic {}", good.access))),
        ("garbage", bearer("garbage-garbage")),
        ("a changed token", bearer(&changed)),
        ("a cut token", bearer(&good.access[1..])),
        ("two tokens", bearer(&format!("{0} {0}", good.access))),
        ("a refresh token", bearer(&good.refresh)),
        ("another partner's token", bearer(&of_others.access)),
        ("a long token", bearer(&good.access.repeat(100))),
    ]
}

/// A payment id as nobody was given it, and what else may stand in its place in a path.
const NO_IDS: [&str; 10] = [
    "1000000000000001",
    "9007199254740992",
    "0",
    "-1",
    "abc",
    "1e15",
    "12345678901234567",
    "%00",
    "%ff",
    "%C8%99",
];

async fn token_by(partner: &Partner, query: &str, body: Option<Body>) -> Answer {
    let request = partner.request(Method::POST, &format!("{TOKEN}{query}"));
    let request = match body {
        Some(body) => body.on(request),
        None => request,
    };
    partner.send(request).await
}
