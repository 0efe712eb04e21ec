//! What stands beside the names of banks: on the page in one picture, for partners one by one.

use crate::support::TestApp;
use image::{DynamicImage, ImageFormat, RgbImage};
use scraper::{Html, Selector};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Cursor;

fn drawn() -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(64, 64, image::Rgb([10, 92, 54]));
    DynamicImage::from(picture).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// The addresses of the marks on a page.
fn marks(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let css = Selector::parse("img.mark").unwrap();
    page.select(&css).map(|mark| mark.attr("src").unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bank_has_one_and_the_page_loads_them_together() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let psu = app.psu();
    let page = psu.open(&shop.start(json!({})).await.link).await;
    let marks = marks(&page.body);
    let banks = page.parts(".bank-name").len();
    assert!(banks > 5 && marks.len() == banks, "{marks:?}");
    let files: BTreeSet<&str> = marks.iter().map(|mark| mark.split_once('#').unwrap().0).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let sheet = psu.get(&app.public(files.first().unwrap().trim_start_matches('/'))).await;
    assert_eq!(sheet.headers["content-type"], "image/svg+xml");
    assert_eq!(sheet.headers["cache-control"], "public, max-age=31536000, immutable");
    for mark in &marks {
        let view = format!("<view id=\"{}\"", mark.split_once('#').unwrap().1);
        assert_eq!(sheet.body.matches(&view).count(), 1, "{view}");
    }
    for gone in ["banks/all.svg", "banks/nobody.0123456789abcdef.svg", "banks/..%2fCargo.toml"] {
        assert_eq!(psu.get(&app.public(gone)).await.status, 404, "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_get_addresses_that_answer_also_of_the_operators_own_logos() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cec.png"), drawn()).unwrap();
    std::fs::write(
        folder.path().join("bt.svg"),
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><circle cx=\"4\" cy=\"4\" r=\"4\"/></svg>",
    )
    .unwrap();
    let app = TestApp::start_with(&format!("[bank_logos]\nfolder = {:?}\n", folder.path())).await;
    let (shop, psu) = (app.shop(), app.psu());
    let listed = shop.banks().await;
    let banks = listed.json["payload"].as_array().unwrap();
    assert!(banks.len() > 5);
    for bank in banks {
        let logo: url::Url = bank["logo"].as_str().unwrap().parse().unwrap();
        let answer = psu.get(&logo).await;
        let kind = if bank["code"] == "cec" { "image/png" } else { "image/svg+xml" };
        assert_eq!(
            (answer.status, answer.headers["content-type"].to_str().unwrap()),
            (200, kind),
            "{logo}"
        );
        assert_eq!(answer.headers["cross-origin-resource-policy"], "cross-origin");
        assert_eq!(answer.body.contains("<circle"), bank["code"] == "bt", "{logo}");
    }
    let page = psu.open(&shop.start(json!({})).await.link).await;
    let sheet = marks(&page.body)[0].split_once('#').unwrap().0.to_owned();
    let sheet = psu.get(&app.public(sheet.trim_start_matches('/'))).await.body;
    assert_eq!(sheet.matches("data:image/png;base64,").count(), 1);
    assert_eq!(sheet.matches("data:image/svg+xml;base64,").count(), 1);
}
