//! Paging, sorting and filtering, the same for all lists: `PerPage`, `Page`, `SortBy`, `SortDesc`, `filter[Attr]`,
//! `filter[Attr]-from`, `filter[Attr]-to`.

use serde_json::{Value, json};
use std::cmp::Ordering;
use url::form_urlencoded;

/// Most items on a page.
const MAX_PER_PAGE: usize = 1000;

/// A page of these items, or the name of the parameter that is wrong.
pub(super) fn page(query: &str, mut items: Vec<Value>) -> Result<Value, String> {
    let (mut per_page, mut number, mut sort, mut descending) = (20, 1, None, false);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let count = || value.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| name.to_string());
        match name.as_ref() {
            "PerPage" => per_page = count()?.min(MAX_PER_PAGE),
            "Page" => number = count()?,
            "SortBy" => sort = Some(camel(&value)),
            "SortDesc" => descending = value == "true",
            other => {
                let Some((attribute, bound)) = filter(other) else {
                    return Err(name.to_string());
                };
                let known = items.first().is_none_or(|item| item.get(&attribute).is_some());
                if !known {
                    return Err(name.to_string());
                }
                items.retain(|item| passes(&item[&attribute], bound, &value));
            }
        }
    }
    if let Some(attribute) = sort {
        items.sort_by(|a, b| compare(&a[&attribute], &b[&attribute]));
    }
    if descending {
        items.reverse();
    }
    let total = items.len();
    let items: Vec<Value> = items.into_iter().skip(per_page.saturating_mul(number - 1)).take(per_page).collect();
    Ok(json!({ "items": items, "totalCount": total, "page": number, "perPage": per_page }))
}

#[derive(Clone, Copy)]
enum Bound {
    Equal,
    From,
    To,
}

/// `filter[ExternalId]-from` is about `externalId`.
fn filter(name: &str) -> Option<(String, Bound)> {
    let (attribute, rest) = name.strip_prefix("filter[")?.split_once(']')?;
    let bound = match rest {
        "" => Bound::Equal,
        "-from" => Bound::From,
        "-to" => Bound::To,
        _ => return None,
    };
    Some((camel(attribute), bound))
}

fn camel(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

fn passes(value: &Value, bound: Bound, wanted: &str) -> bool {
    let wanted = match value {
        Value::Number(_) => serde_json::from_str(wanted).unwrap_or(Value::Null),
        Value::Array(several) => return several.iter().any(|one| passes(one, bound, wanted)),
        _ => Value::String(wanted.to_owned()),
    };
    match bound {
        Bound::Equal => compare(value, &wanted) == Ordering::Equal,
        Bound::From => compare(value, &wanted) != Ordering::Less,
        Bound::To => compare(value, &wanted) != Ordering::Greater,
    }
}

/// Numbers by value (in hundredths), texts by their letters.
fn compare(a: &Value, b: &Value) -> Ordering {
    let minor = |value: &Value| {
        value
            .is_number()
            .then(|| crate::sandbox::money::parse_minor(&value.to_string()))
            .flatten()
    };
    match (minor(a), minor(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text(a).cmp(&text(b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_filtered_sorted_and_paged() {
        let items = || {
            (1..=5)
                .map(|n| json!({"number": format!("N{n}"), "amount": n * 10, "userTags": [format!("t{}", n % 2)]}))
                .collect()
        };
        let numbers = |query: &str| {
            let page = page(query, items()).unwrap();
            let names = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|i| i["number"].as_str().unwrap().to_owned());
            (names.collect::<Vec<_>>().join(" "), page["totalCount"].as_u64().unwrap())
        };
        for (query, wanted, total) in [
            ("", "N1 N2 N3 N4 N5", 5),
            ("PerPage=2&Page=2", "N3 N4", 5),
            ("PerPage=2&Page=9", "", 5),
            ("SortBy=Amount&SortDesc=true&PerPage=1", "N5", 5),
            ("filter[Number]=N3", "N3", 1),
            ("filter%5BAmount%5D-from=20&filter%5BAmount%5D-to=40", "N2 N3 N4", 3),
            ("filter[UserTags]=t0", "N2 N4", 2),
            ("filter[Amount]=30", "N3", 1),
        ] {
            assert_eq!(numbers(query), (wanted.to_owned(), total), "{query}");
        }
        for wrong in ["PerPage=0", "Page=x", "filter[Nothing]=1", "filter[Amount]-about=1", "other=1"] {
            assert!(page(wrong, items()).is_err(), "{wrong}");
        }
    }
}
