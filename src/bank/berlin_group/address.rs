//! Addresses: those we call are built here from configuration, those the PSU is sent to are checked here.

use super::protocol::Protocol;
use super::wire::Service;
use crate::bank::http::is_safe_destination;
use crate::bank::place::{below, host_and_port, read_host};
use url::Url;

/// Where consents are (NextGenPSD2 section 6.3).
pub const CONSENTS: &str = "consents";

/// A bank's addresses.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Ends with a slash.
    base: Url,
    version: String,
    product: String,
    bulk_product: Option<String>,
    periodic_product: Option<String>,
    authorise: Option<Url>,
    token: Option<Url>,
    psu_hosts: Vec<(String, u16)>,
}

/// A link that would lead the PSU off the hosts the directory allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignHost;

impl Addresses {
    /// Reads the addresses of a bank.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn new(protocol: &Protocol, base: &Url) -> Result<Self, (&'static str, String)> {
        if !is_safe_destination(base) || base.query().is_some() || base.fragment().is_some() {
            return Err(("base_url", "must be https (http only on this machine), without query".to_owned()));
        }
        let mut base = base.clone();
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop_if_empty().push("");
        }
        let resolve = |field: &'static str, text: &Option<String>| match text.as_ref().map(|text| base.join(text)) {
            None => Ok(None),
            Some(Ok(url)) if is_safe_destination(&url) && url.fragment().is_none() => Ok(Some(url)),
            Some(_) => Err((field, "must be an https address or a path relative to base_url".to_owned())),
        };
        let authorise = resolve("authorise_url", &protocol.authorise_url)?;
        let token = resolve("token_url", &protocol.token_url)?;
        let own = [Some(&base), authorise.as_ref()];
        let mut psu_hosts: Vec<(String, u16)> = own.into_iter().flatten().filter_map(host_and_port).collect();
        for text in &protocol.psu_hosts {
            psu_hosts.push(read_host(text).ok_or_else(|| ("psu_hosts", format!("{text:?} is not a host or host:port")))?);
        }
        Ok(Self {
            base,
            version: protocol.path_version.clone(),
            product: protocol.product.clone(),
            bulk_product: protocol.bulk_product.clone(),
            periodic_product: protocol.periodic_product.clone(),
            authorise,
            token,
            psu_hosts,
        })
    }

    /// The token endpoint of a bank that has one.
    pub const fn token(&self) -> Option<&Url> {
        self.token.as_ref()
    }

    /// Where orders of a service are made; `None` when the bank does not offer it.
    pub fn orders(&self, service: Service) -> Option<Url> {
        let product = match service {
            Service::Payments => &self.product,
            Service::BulkPayments => self.bulk_product.as_ref()?,
            Service::PeriodicPayments => self.periodic_product.as_ref()?,
        };
        Some(below(&self.base, &[&self.version, service.path(), product]))
    }

    /// One order. The id is the bank's: it is encoded as one segment, and was checked when it was read.
    pub fn order(&self, service: Service, id: &str) -> Option<Url> {
        Some(below(&self.orders(service)?, &[id]))
    }

    /// The status of one order.
    pub fn status(&self, service: Service, id: &str) -> Option<Url> {
        Some(below(&self.order(service, id)?, &["status"]))
    }

    /// Where authorisations of an order are started and listed (NextGenPSD2 section 7.1).
    pub fn authorisations(&self, service: Service, id: &str) -> Option<Url> {
        Some(below(&self.order(service, id)?, &["authorisations"]))
    }

    /// One authorisation of an order. Its id is the bank's too.
    pub fn authorisation(&self, service: Service, id: &str, authorisation: &str) -> Option<Url> {
        Some(below(&self.authorisations(service, id)?, &[authorisation]))
    }

    /// Anything else below the version, such as a consent. What is an id of the bank's becomes one segment.
    pub fn resource(&self, segments: &[&str]) -> Url {
        below(&below(&self.base, &[&self.version]), segments)
    }

    /// The page to which a plain `scaRedirect` link sends the PSU.
    ///
    /// # Errors
    /// [`ForeignHost`] when it leads off the hosts the directory allows, or nowhere.
    pub fn sca_page(&self, link: &str, asked: &Url) -> Result<Url, ForeignHost> {
        let page = self.resolve(link, asked).filter(|url| self.allows(url));
        page.ok_or(ForeignHost)
    }

    /// OAuth: the page on which the PSU authorises: the first of the bank's links that can be one, else the
    /// configured page. Links that cannot be read, that name the order itself or point to OAuth metadata are
    /// passed over.
    ///
    /// # Errors
    /// [`ForeignHost`] when a usable link leads elsewhere: nobody is sent there, and not to the configured
    /// page either, since an answer like that cannot be trusted to be the bank's.
    pub fn authorise_page<'a>(&self, links: impl IntoIterator<Item = &'a str>, asked: &Url) -> Result<Url, ForeignHost> {
        let page = links
            .into_iter()
            .filter_map(|link| self.resolve(link, asked))
            .find(|url| !self.is_resource(url) && !url.path().contains("/.well-known/"));
        match page {
            Some(url) if self.allows(&url) => Ok(url),
            Some(_) => Err(ForeignHost),
            None => self.authorise.clone().ok_or(ForeignHost),
        }
    }

    /// Whether the PSU may be sent there.
    pub fn allows(&self, url: &Url) -> bool {
        is_safe_destination(url) && host_and_port(url).is_some_and(|at| self.psu_hosts.contains(&at))
    }

    /// Links are absolute, relative to the host, or relative to the base path (with or without a slash).
    fn resolve(&self, link: &str, asked: &Url) -> Option<Url> {
        let link = link.trim().trim_matches(['"', '<', '>']);
        if link.is_empty() {
            return None;
        }
        if let Ok(absolute) = Url::parse(link) {
            return Some(absolute);
        }
        let from = if link.starts_with('/') { asked } else { &self.base };
        let mut url = from.join(link).ok()?;
        if let Some(authorise) = &self.authorise
            && url.origin() == authorise.origin()
            && authorise.path().ends_with(url.path())
        {
            url.set_path(authorise.path());
        }
        Some(url)
    }

    fn is_resource(&self, url: &Url) -> bool {
        let orders = Service::ALL.iter().map(|service| service.path());
        orders.chain([CONSENTS]).any(|kind| {
            let path = format!("/{}/{kind}/", self.version);
            url.path().contains(&path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(base: &str) -> Addresses {
        let protocol = crate::bank::directory::shipped_protocol("cec").unwrap();
        Addresses::new(&protocol, &Url::parse(base).unwrap()).unwrap()
    }

    #[test]
    fn what_we_call_is_built_and_a_hostile_id_stays_one_segment() {
        for base in ["https://bank.example/cec", "https://bank.example/cec/"] {
            let at = addresses(base);
            assert_eq!(
                at.status(Service::Payments, "a/../b?c#d%2e").unwrap().as_str(),
                "https://bank.example/cec/v1/payments/sepa-credit-transfer/a%2F..%2Fb%3Fc%23d%252e/status"
            );
            assert_eq!(
                at.orders(Service::BulkPayments).unwrap().path(),
                "/cec/v1/bulk-payments/sepa-credit-transfer"
            );
            assert_eq!(at.token().unwrap().as_str(), "https://bank.example/cec/oauth2/token");
        }
    }

    #[test]
    fn links_of_every_make_lead_to_the_authorise_page() {
        let at = addresses("https://bank.example/cec");
        let asked = at.orders(Service::Payments).unwrap();
        let page = |links: &[&str]| at.authorise_page(links.iter().copied(), &asked).map(|u| u.to_string());
        let built = Ok("https://bank.example/cec/oauth2/authorize".to_owned());
        let with_query = Ok("https://bank.example/cec/oauth2/authorize?scope=PIS:1".to_owned());
        for link in [
            "https://bank.example/cec/oauth2/authorize?scope=PIS:1",
            " /cec/oauth2/authorize?scope=PIS:1 ",
            "/oauth2/authorize?scope=PIS:1",
            "oauth2/authorize?scope=PIS:1",
            "\"https://bank.example/cec/oauth2/authorize?scope=PIS:1\"",
        ] {
            assert_eq!(page(&[link]), with_query, "{link}");
        }
        for links in [
            &[][..],
            &["", "https://", "http://[::"],
            &["/v1/payments/sepa-credit-transfer/1234"],
            &["https://inside.example/cec/v1/payments/sepa-credit-transfer/1234"],
            &["https://bank.example/.well-known/oauth-authorization-server"],
        ] {
            assert_eq!(page(links), built, "{links:?}");
        }
    }

    #[test]
    fn nobody_is_sent_to_a_foreign_host() {
        let at = addresses("https://bank.example/cec");
        let asked = at.orders(Service::Payments).unwrap();
        for link in [
            "https://evil.example/oauth2/authorize",
            "https://bank.example@evil.example/oauth2/authorize",
            "https://user@bank.example/oauth2/authorize",
            "https://bank.example.evil.example/",
            "https://bank.example:8443/oauth2/authorize",
            "http://bank.example/oauth2/authorize",
            "http://127.0.0.1/oauth2/authorize",
            "//evil.example/x",
            "\\\\evil.example/x",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert_eq!(at.authorise_page([link], &asked), Err(ForeignHost), "{link}");
        }
    }
}
