//! The first page: what can be tried.

use super::{Demo, OfficeLogin, pages};
use crate::flow::admins::second_factor;
use crate::payment::Language;
use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "demo/home.html")]
struct HomePage<'a> {
    ro: bool,
    links: &'a [(String, String)],
    office: Option<(&'a OfficeLogin, String)>,
}

#[derive(Deserialize)]
struct Choice {
    lang: Option<String>,
}

pub(super) async fn show(demo: web::Data<Demo>, request: HttpRequest) -> HttpResponse {
    let choice = web::Query::<Choice>::from_query(request.query_string()).ok();
    let chosen = choice.and_then(|c| c.into_inner().lang).as_deref().and_then(Language::parse);
    let language = chosen.unwrap_or_else(|| {
        let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        header.map_or_else(Language::default, Language::from_accept_language)
    });
    let page = HomePage {
        ro: language == Language::Ro,
        links: &demo.site.links,
        office: demo.site.office.as_ref().and_then(|office| {
            let code = second_factor::code_at(&office.totp, demo.cashier.clock.now()).ok()?;
            Some((office, code))
        }),
    };
    pages::page(StatusCode::OK, &page)
}
