//! With which keys a partner signs its requests, and whether it must.

use super::Look;
use super::page::SignaturesView;
use super::show::State;
use crate::flow::four_eyes::{Change, read_keys};
use crate::partner::{RegisteredKey, SignatureRules};
use crate::web::PageError;
use crate::web::back_office::roles::Route;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

/// The panel: what is in force, and the form with it or with what was typed.
pub(super) fn view(rules: SignatureRules, typed: Option<(String, bool)>) -> SignaturesView {
    let (text, asks) = typed.unwrap_or_else(|| (set(&rules.keys), rules.required));
    SignaturesView {
        required: rules.required,
        keys: rules.keys,
        text,
        asks,
    }
}

/// The keys as a JWK Set; empty when there is none.
fn set(keys: &[RegisteredKey]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let keys: Vec<_> = keys.iter().map(|key| &key.jwk).collect();
    serde_json::to_string_pretty(&json!({ "keys": keys })).unwrap_or_default()
}

/// The form of the keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignaturesForm {
    csrf: String,
    keys: String,
    required: String,
}

/// POST /back-office/partners/{id}/signatures.
pub async fn propose_new(look: Look, form: web::Form<SignaturesForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::ProposeSignatures, &form.csrf) {
        return look.expired().await;
    }
    let required = !form.required.is_empty();
    let typed = State {
        signatures: Some((form.keys.clone(), required)),
        ..State::default()
    };
    let keys = match read_keys(&form.keys) {
        Ok(keys) => keys,
        Err(error) => {
            let problems = look.refused(error)?;
            return look.page(State { problems, ..typed }).await;
        }
    };
    let change = Change::SignedRequests {
        partner: look.id.clone(),
        rules: SignatureRules { required, keys },
    };
    look.propose(change, typed).await
}
