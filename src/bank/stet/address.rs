//! Addresses: those we call are built here from configuration, those the PSU is sent to are checked here.

use super::protocol::Protocol;
use crate::bank::http::is_safe_destination;
use crate::bank::place::{below, host_and_port, read_host};
use url::Url;

/// Names under which banks put the id of an order into the link for the PSU; the first is what BPCE writes.
const ID_PARAMETERS: [&str; 2] = ["paymentRequestRessourceId", "paymentRequestResourceId"];
/// Longest id a bank may give, in bytes (STET: 100 characters).
const MAX_ID_BYTES: usize = 100;
/// Longest query kept to ask for the next page, in bytes.
const MAX_PAGE_BYTES: usize = 1024;

/// A bank's addresses.
#[derive(Clone, Debug)]
pub struct Addresses {
    api: Url,
    token: Url,
    authorise: Url,
    psu_hosts: Vec<(String, u16)>,
}

impl Addresses {
    /// Reads the addresses of a bank. `page` replaces the entry's page for consents.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn new(protocol: &Protocol, base: &Url, page: Option<&Url>) -> Result<Self, (&'static str, String)> {
        if !is_safe_destination(base) || base.query().is_some() || base.fragment().is_some() {
            return Err(("base_url", "must be https (http only on this machine), without query".to_owned()));
        }
        let base = below(base, &[""]);
        let resolve = |field: &'static str, text: &str| match base.join(text) {
            Ok(url) if is_safe_destination(&url) && url.query().is_none() && url.fragment().is_none() => Ok(url),
            _ => Err((field, "must be an https address or a path relative to base_url".to_owned())),
        };
        let token = resolve("token_url", &protocol.token_url)?;
        let authorise = resolve("authorise_url", page.map_or(&*protocol.authorise_url, Url::as_str))?;
        let mut psu_hosts: Vec<(String, u16)> = [&base, &authorise].into_iter().filter_map(host_and_port).collect();
        for text in &protocol.psu_hosts {
            psu_hosts.push(read_host(text).ok_or_else(|| ("psu_hosts", format!("{text:?} is not a host or host:port")))?);
        }
        let segments: Vec<&str> = protocol.api_path.split('/').collect();
        Ok(Self {
            api: below(&base, &segments),
            token,
            authorise,
            psu_hosts,
        })
    }

    /// The token endpoint.
    pub const fn token(&self) -> &Url {
        &self.token
    }

    /// The page on which the PSU gives consents.
    pub const fn authorise(&self) -> &Url {
        &self.authorise
    }

    /// A resource of the API. What a bank or a partner named stays one segment.
    pub fn api(&self, segments: &[&str]) -> Url {
        below(&self.api, segments)
    }

    /// The link by which the PSU approves, when it may be followed.
    pub fn approval(&self, link: &str) -> Option<Url> {
        let url = self.api.join(link.trim()).ok()?;
        let allowed = is_safe_destination(&url) && host_and_port(&url).is_some_and(|at| self.psu_hosts.contains(&at));
        allowed.then_some(url)
    }
}

/// The id of a new order: in `Location`, or only in the link for the PSU. `None` when it is in neither, or the two
/// contradict each other.
pub fn order_id(location: Option<&str>, link: &Url) -> Option<String> {
    let in_location = location.and_then(|text| {
        let path = text.split(['?', '#']).next()?.trim_end_matches('/');
        let (_, id) = path.rsplit_once("payment-requests/")?;
        percent_decoded(id)
    });
    let in_link = link
        .query_pairs()
        .find(|(name, _)| ID_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known)))
        .map(|(_, value)| value.into_owned());
    let id = match (in_location, in_link) {
        (Some(one), Some(other)) if one != other => return None,
        (one, other) => one.or(other)?,
    };
    is_bank_id(&id).then_some(id)
}

fn percent_decoded(segment: &str) -> Option<String> {
    // A path segment decodes as a query value does, but for the plus sign.
    let (_, value) = url::form_urlencoded::parse(format!("x={}", segment.replace('+', "%2B")).as_bytes())
        .into_owned()
        .next()?;
    Some(value)
}

/// An id that a bank gave: visible ASCII that is not a relative path; it becomes one segment of our addresses.
pub fn is_bank_id(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= MAX_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic())
}

/// What asks for the next page: the query of the bank's link, when the link is to the same resource. Never an
/// address.
pub fn next_page(link: &str, asked: &Url) -> Option<String> {
    let url = asked.join(link.trim()).ok()?;
    // Behind a gateway the bank may know itself under another host or prefix: only the resource is compared.
    let resource = asked.path().rsplit('/').find(|s| !s.is_empty())?;
    let same = url.path().trim_end_matches('/').rsplit('/').next() == Some(resource);
    // A page that leads to itself would never end.
    let another = url.query() != asked.query();
    url.query().filter(|q| same && another && is_page(q)).map(str::to_owned)
}

/// Whether a text can be the query that asks for a page.
pub fn is_page(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_PAGE_BYTES && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses(base: &str) -> Addresses {
        let protocol = crate::bank::directory::shipped_stet("bp-grand-ouest").unwrap();
        Addresses::new(&protocol, &Url::parse(base).unwrap(), None).unwrap()
    }

    #[test]
    fn what_we_call_is_built_and_a_hostile_id_stays_one_segment() {
        for base in ["https://bank.example/stet/13807", "https://bank.example/stet/13807/"] {
            let at = addresses(base);
            assert_eq!(
                at.api(&["payment-requests", "a/../b?c#d"]).as_str(),
                "https://bank.example/stet/13807/stet/psd2/v1.4.2/payment-requests/a%2F..%2Fb%3Fc%23d"
            );
            assert_eq!(at.token().as_str(), "https://bank.example/stet/13807/stet/psd2/oauth/token");
        }
    }

    #[test]
    fn nobody_is_sent_to_a_foreign_host() {
        let at = addresses("https://bank.example");
        assert!(at.approval("https://bank.example/psu?x=1").is_some());
        assert!(at.approval(" /psu ").is_some());
        assert!(at.approval("https://www.rs-ex-ath-groupe.banquepopulaire.fr/x").is_some());
        for link in [
            "https://evil.example/x",
            "https://bank.example@evil.example/",
            "https://user@bank.example/",
            "https://bank.example:8443/",
            "http://bank.example/",
            "//evil.example/x",
            "javascript:alert(1)",
        ] {
            assert_eq!(at.approval(link), None, "{link}");
        }
    }

    #[test]
    fn the_operators_page_replaces_the_directorys_and_its_host_is_allowed() {
        let protocol = crate::bank::directory::shipped_stet("bp-grand-ouest").unwrap();
        let base = Url::parse("https://bank.example").unwrap();
        let page = |text: &str| Addresses::new(&protocol, &base, Some(&Url::parse(text).unwrap()));
        let at = page("http://127.0.0.1:8090/stet/13807/authorize").unwrap();
        assert_eq!(at.authorise().port(), Some(8090));
        assert!(at.approval("http://127.0.0.1:8090/psu").is_some());
        assert_eq!(page("http://pages.example/authorize").unwrap_err().0, "authorise_url");
    }

    #[test]
    fn the_id_is_where_the_bank_put_it_and_never_two() {
        let link = |text: &str| Url::parse(&format!("https://bank.example/psu{text}")).unwrap();
        let bpce = link("?paymentRequestRessourceId=0000000180-155&nonce=Id-2");
        let both = order_id;
        assert_eq!(both(None, &bpce).as_deref(), Some("0000000180-155"));
        for location in [
            "payment-requests/0000000180-155",
            "/stet/psd2/v1.4.2/payment-requests/0000000180-155/",
            "https://inside.example/payment-requests/0000000180%2D155?x=1",
        ] {
            assert_eq!(both(Some(location), &bpce).as_deref(), Some("0000000180-155"), "{location}");
            assert_eq!(both(Some(location), &link("")).as_deref(), Some("0000000180-155"), "{location}");
        }
        assert_eq!(both(Some("payment-requests/other"), &bpce), None);
        assert_eq!(both(Some("/elsewhere/1"), &link("")), None);
        for hostile in ["%2E%2E", "", "a%20b", "%C3%A9"] {
            assert_eq!(both(Some(&format!("payment-requests/{hostile}")), &link("")), None, "{hostile}");
        }
    }

    #[test]
    fn the_next_page_is_a_query_of_the_same_resource() {
        let asked = Url::parse("https://bank.example/v1/accounts/7/transactions?dateFrom=1").unwrap();
        let next = |link: &str| next_page(link, &asked);
        assert_eq!(
            next("/v1/accounts/7/transactions?page=2&x=a%20b").as_deref(),
            Some("page=2&x=a%20b")
        );
        assert_eq!(next("?afterEntryReference=AF5T2").as_deref(), Some("afterEntryReference=AF5T2"));
        assert_eq!(
            next("https://inside.example/accounts/7/transactions?page=2").as_deref(),
            Some("page=2")
        );
        for link in ["?dateFrom=1", "/v1/accounts?page=2", "/v1/accounts/7/transactions", "", "https://"] {
            assert_eq!(next(link), None, "{link}");
        }
    }

    proptest! {
        #[test]
        fn no_location_panics(location in "\\PC{0,80}", query in "\\PC{0,40}") {
            let mut link = Url::parse("https://bank.example/psu").unwrap();
            link.set_query(Some(&query));
            if let Some(id) = order_id(Some(&location), &link) {
                prop_assert!(is_bank_id(&id));
            }
        }
    }
}
