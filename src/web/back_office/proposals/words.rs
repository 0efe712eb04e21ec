//! A change in words: what is there, and what would be.

use super::texts::ProposalTexts;
use crate::flow::four_eyes::{Change, WantedEndpoint};
use crate::flow::resolve_payment::Resolution;
use crate::partner::{RegisteredKey, SignatureRules};
use crate::payment::limits::{Limit, Limits};
use crate::payment::{Amount, Currency, Language};
use crate::web::back_office::partners::texts::PartnerTexts;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::pages::money;
use serde_json::Value;

/// Both sides of a change, a line a fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub before: Vec<String>,
    pub after: Vec<String>,
}

fn texts_of(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn urls(t: &ProposalTexts, mut urls: Vec<String>, flexible: bool) -> Vec<String> {
    if flexible {
        urls.push(t.flexible.to_owned());
    }
    urls
}

/// A declared value as people write it: an amount with its currency, or a count.
fn value(language: Language, limit: Limit, currency: Currency) -> String {
    let amount = Amount::from_minor(limit.most, currency).ok().filter(|_| limit.figure.is_amount());
    amount.map_or_else(|| limit.most.to_string(), |amount| money(language, amount))
}

fn figures(language: Language, limits: &Limits, currency: Currency) -> Vec<String> {
    let p = PartnerTexts::of(language);
    let line = |limit: &Limit| {
        let value = value(language, *limit, currency);
        format!("{}: {value} ({})", p.figure_word(limit.figure), p.action_word(limit.action))
    };
    limits.iter().map(line).collect()
}

fn signatures(t: &ProposalTexts, rules: &SignatureRules) -> Vec<String> {
    let key = |key: &RegisteredKey| format!("{}: {} {}", key.kid, key.algorithm, key.thumbprint);
    let must = rules.required.then(|| t.must_sign.to_owned());
    rules.keys.iter().map(key).chain(must).collect()
}

fn activity(language: Language, active: bool) -> Vec<String> {
    let p = PartnerTexts::of(language);
    vec![(if active { p.active } else { p.inactive }).to_owned()]
}

/// A webhook endpoint, a line a fact.
fn webhook(t: &ProposalTexts, url: &str, events: Vec<String>, description: &str, active: bool) -> Vec<String> {
    let mut lines = vec![url.to_owned(), (if active { t.webhook_on } else { t.webhook_off }).to_owned()];
    lines.extend((!description.is_empty()).then(|| description.to_owned()));
    lines.extend(events);
    lines
}

fn wanted_webhook(t: &ProposalTexts, wanted: &WantedEndpoint) -> Vec<String> {
    let events = wanted.events.iter().map(|event| event.as_str().to_owned()).collect();
    webhook(t, wanted.url.as_str(), events, &wanted.description, wanted.active)
}

/// The same as it was kept with a proposal; nothing for one that is new.
fn stored_webhook(t: &ProposalTexts, value: &Value) -> Vec<String> {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    match value {
        Value::Null => Vec::new(),
        known => webhook(
            t,
            text("url"),
            texts_of(&known["events"]),
            text("description"),
            known["active"] == true,
        ),
    }
}

/// The end of a doubt.
fn doubt(t: &ProposalTexts, before: &Value, resolution: Resolution, reason: &str) -> Sides {
    Sides {
        before: [Some(t.in_doubt), before["bank_word"].as_str()]
            .into_iter()
            .flatten()
            .map(ToOwned::to_owned)
            .collect(),
        after: vec![
            (match resolution {
                Resolution::Settled => t.settled,
                Resolution::NotExecuted => t.not_executed,
            })
            .to_owned(),
            reason.to_owned(),
        ],
    }
}

/// A change in words; `before` is what was kept with the proposal.
pub(super) fn sides(language: Language, change: &Change, before: &Value, currency: Currency) -> Sides {
    let t = ProposalTexts::of(language);
    let fingerprint = |sha256: &String| {
        if sha256.is_empty() {
            t.by_subject.to_owned()
        } else {
            format!("SHA-256 {sha256}")
        }
    };
    let known = texts_of(&before["certificates"]);
    let mut sides = match change {
        Change::AddCertificate { certificate, .. } => {
            let facts = &certificate.facts;
            let mut after: Vec<String> = known.iter().map(fingerprint).collect();
            after.push(format!("+ SHA-256 {}", facts.sha256));
            let until = format!("{} {}", PartnerTexts::of(language).until, local_time(facts.not_after, language));
            after.extend([facts.subject.clone(), facts.issuer.clone(), format!("{}, {until}", facts.key_kind)]);
            Sides {
                before: known.iter().map(fingerprint).collect(),
                after,
            }
        }
        Change::RemoveCertificate { sha256, .. } => Sides {
            before: known.iter().map(fingerprint).collect(),
            after: known.iter().filter(|known| *known != sha256).map(fingerprint).collect(),
        },
        Change::RedirectUrls { urls: new, flexible, .. } => Sides {
            before: urls(t, texts_of(&before["urls"]), before["flexible"] == true),
            after: urls(t, new.iter().map(ToString::to_string).collect(), *flexible),
        },
        Change::Limits { limits, .. } => {
            let old: Limits = serde_json::from_value(before["limits"].clone()).unwrap_or_default();
            Sides {
                before: figures(language, &old, currency),
                after: figures(language, limits, currency),
            }
        }
        Change::SignedRequests { rules, .. } => Sides {
            before: signatures(t, &serde_json::from_value(before.clone()).unwrap_or_default()),
            after: signatures(t, rules),
        },
        Change::Activation { active, .. } => Sides {
            before: activity(language, before["active"] == true),
            after: activity(language, *active),
        },
        Change::SetWebhook { endpoint, .. } => Sides {
            before: stored_webhook(t, &before["webhook"]),
            after: wanted_webhook(t, endpoint),
        },
        Change::RemoveWebhook { .. } => Sides {
            before: stored_webhook(t, &before["webhook"]),
            after: Vec::new(),
        },
        Change::ResolveDoubt { resolution, reason, .. } => doubt(t, before, *resolution, reason),
    };
    for side in [&mut sides.before, &mut sides.after] {
        if side.is_empty() {
            side.push(t.nothing.to_owned());
        }
    }
    sides
}
