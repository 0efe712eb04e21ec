//! The confirmation of a payment as a file, for the bound browser, once money has moved.

use super::{Link, elsewhere, language, missing};
use crate::flow::FlowError;
use crate::flow::open_page::{Opened, open_page};
use crate::payment::PaymentId;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::receipt::pdf;
use crate::web::hosted_page::render::{After, View};
use crate::web::{PageError, Site};
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpRequest, HttpResponse, web};

/// GET /payment-initiation/receipt: PDF; „not found” for a payment of which no money moved.
pub async fn receipt(site: web::Data<Site>, request: HttpRequest, link: Option<web::Query<Link>>) -> Result<HttpResponse, PageError> {
    let Some(link) = link else { return missing(&site, &request, None) };
    let chosen = link.lang.as_deref();
    let browser = Browser::of(&request, site.https());
    let opened = match PaymentId::parse(&link.payment) {
        Some(id) if Browser::known(&request, site.https()).is_some() => open_page(&site.cx, id, &link.state, &browser.hash()).await,
        _ => Err(FlowError::NotFound),
    };
    let (payment, partner) = match opened {
        Ok(Opened::Bound(payment, partner)) => (payment, partner),
        Ok(Opened::OtherBrowser) => return elsewhere(&site, &request, &browser, &link.payment, chosen),
        Err(FlowError::NotFound) => return missing(&site, &request, chosen),
        Err(other) => return Err(PageError::new(&site, language(&request, chosen, None), other)),
    };
    let language = language(&request, chosen, Some(&payment));
    let view = View {
        site: &site,
        payment: &payment,
        partner: &partner,
        browser: &browser,
        language,
        after: After::default(),
        typed: None,
        before_choice: None,
    };
    let Some(receipt) = view.receipt() else {
        return missing(&site, &request, chosen);
    };
    let file = pdf(&receipt).map_err(|e| PageError::new(&site, language, FlowError::Internal(e.to_string())))?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename(format!("confirmare-{}.pdf", payment.id))],
        })
        .body(file))
}
