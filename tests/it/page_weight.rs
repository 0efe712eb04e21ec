//! What a browser has to load for the hosted page: few files, packed, and kept where they cannot change.

use crate::support::TestApp;
use reqwest::header::HeaderMap;
use scraper::{Html, Selector};
use serde_json::json;
use std::io::Read as _;

/// The page and all it loads.
const MOST_REQUESTS: usize = 5;
const MOST_BYTES: usize = 49_000;

struct Loaded {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Loaded {
    fn head(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let read = match self.head("content-encoding") {
            "br" => brotli::Decompressor::new(&*self.body, 4096).read_to_string(&mut text),
            "gzip" => flate2::read::GzDecoder::new(&*self.body).read_to_string(&mut text),
            _ => (&*self.body).read_to_string(&mut text),
        };
        read.unwrap();
        text
    }
}

async fn load(app: &TestApp, path: &str, accepted: &str) -> Loaded {
    let url = app.public(path.trim_start_matches('/'));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(url).header("accept-encoding", accepted).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    Loaded {
        headers: answer.headers().clone(),
        body: answer.bytes().await.unwrap().to_vec(),
    }
}

/// What stands in the head and body of a page to be loaded with it, each once.
fn loads(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let mut addresses: Vec<String> = Vec::new();
    for (what, attribute) in [("link[rel]", "href"), ("script", "src"), ("img", "src")] {
        for element in page.select(&Selector::parse(what).unwrap()) {
            // Parts of one file are one request.
            let address = element.value().attr(attribute).map(|a| a.split('#').next().unwrap_or_default());
            addresses.extend(address.map(str::to_owned));
        }
    }
    addresses.sort();
    addresses.dedup();
    addresses
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosted_page_is_five_small_files() {
    let app = TestApp::start().await;
    for (accepted, encoding) in [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("identity", "")] {
        let link = app.shop().start(json!({})).await.link;
        let page = load(&app, &format!("{}?{}", link.path(), link.query().unwrap()), accepted).await;
        assert_eq!(page.head("content-encoding"), encoding, "{accepted}");
        assert_eq!(page.head("cache-control"), "no-store");
        let files = loads(&page.text());
        assert!(files.len() < MOST_REQUESTS, "{files:?}");
        let mut bytes = page.body.len();
        for file in &files {
            let loaded = load(&app, file, accepted).await;
            bytes += loaded.body.len();
            if file.starts_with("/static/") {
                assert_eq!(loaded.head("content-encoding"), encoding, "{file}");
                assert_eq!(loaded.head("cache-control"), "public, max-age=31536000, immutable", "{file}");
                assert!(loaded.text().len() > 200, "{file}");
            }
        }
        assert!(encoding.is_empty() || bytes <= MOST_BYTES, "{accepted}: {bytes} bytes");
    }
}
