//! POST payments: token and initPayment in one call, for a partner with an access token of its own. The body is that of
//! initPayment, with the flags of the token call beside it; the answer is that of initPayment.
//!
//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) is the partner's own name for the call: sent again with
//! the same body it answers the same, also after a time-out, and never makes a second payment; with another body it is
//! refused with 422. An order that is refused leaves the key free.

use super::access_token::partner_of;
use super::calls::success_link;
use super::input::{self, LIST_BODY, ORDER_BODY, RawObject};
use super::reader::{Problems, Reader, Refused};
use super::{ApiError, Gateway, order, peer};
use crate::flow::access_tokens::{Scope, is_one};
use crate::flow::create_payment::{MAX_KEY_BYTES, create_payment, payment_id_for};
use crate::flow::init_payment::InitOrder;
use crate::flow::issue_token::TokenFlags;
use crate::flow::{FieldProblem, FlowError};
use crate::partner::{Partner, PartnerKind};
use crate::payment::PaymentId;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sfv::{BareItem, Item, Parser};
use std::sync::Arc;

const KEY: &str = "Idempotency-Key";
/// Calls under one key at the same time find one another after so many tries.
const TRIES: u32 = 3;

/// The key, written as a structured field string (with quotes) or plainly, as many clients do.
fn key(request: &HttpRequest) -> Result<String, ApiError> {
    let problem = |code, words: &str| ApiError::invalid(vec![FieldProblem::new(KEY, code, words)]);
    let mut values = request.headers().get_all(KEY);
    let Some(value) = values.next() else {
        return Err(problem("MISSING", "this header is needed: your own name for this payment"));
    };
    let unfit = || problem("INVALID_KEY", "once, 1 to 255 visible ASCII characters, with or without quotes");
    let text = value.to_str().map_err(|_| unfit())?.trim();
    let key = if text.starts_with('"') {
        match Parser::new(text).parse::<Item>().map(|item| item.bare_item) {
            Ok(BareItem::String(text)) => text.as_str().to_owned(),
            _ => return Err(unfit()),
        }
    } else {
        text.to_owned()
    };
    let fits = (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if fits && values.next().is_none() { Ok(key) } else { Err(unfit()) }
}

fn read(object: &RawObject, id: PaymentId, partner: &Partner) -> Result<(TokenFlags, InitOrder), Refused> {
    let mut problems = Problems::default();
    let r = &mut Reader::new(object, String::new(), &mut problems);
    let flags = TokenFlags {
        link_to_pay: r.flag("isLink2Pay"),
        flexible_url: r.flag("flexibleURL"),
        headless: r.flag("isHeadless"),
    };
    let flags = problems.or(Some(flags))?;
    Ok((flags, order::read(object, id, partner)?))
}

/// POST payments.
pub async fn create(gateway: web::Data<Gateway>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, ApiError> {
    let (cx, peer) = (&gateway.cx, peer(&request)?);
    let token = input::bearer(&request)?;
    if !is_one(token) {
        return Err(ApiError::bad_access_token());
    }
    let partner = Arc::new(partner_of(cx, &peer, token, Scope::CreatePayments).await?);
    let key = key(&request)?;
    input::must_be_json(&request)?;
    let limit = match partner.kind {
        PartnerKind::Finance => LIST_BODY,
        PartnerKind::Ecommerce => ORDER_BODY,
    };
    let body: Arc<[u8]> = input::body(&request, payload, limit).await?.into();
    for _ in 0..TRIES {
        let id = payment_id_for(cx, &partner, &key).await?;
        let (body, of) = (body.clone(), partner.clone());
        let read = web::block(move || input::json_object(&body).map(|object| read(&object, id, &of)));
        let read = read.await.map_err(|_| FlowError::Internal("reading an order was cut off".into()))?;
        let (flags, order) = read?.map_err(ApiError::from)?;
        match create_payment(cx, &partner, &key, id, flags, order).await {
            Err(FlowError::Busy) => {}
            Err(FlowError::OtherContent) => return Err(reused()),
            other => return success_link(&other?),
        }
    }
    Err(FlowError::Busy.into())
}

fn reused() -> ApiError {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "IDEMPOTENCY_KEY_REUSED",
        "Another order was sent under this Idempotency-Key before; it stays as it was.",
    )
}
