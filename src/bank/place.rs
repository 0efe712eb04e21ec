//! Addresses: where banks are called, and where the PSU may be sent.

use super::http::is_safe_destination;
use url::Url;

/// An address below another one; each segment is encoded, so that none becomes two.
pub(super) fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// What two addresses on the same server have in common.
pub(super) fn host_and_port(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// `host` (port 443) or `host:port`.
pub(super) fn read_host(text: &str) -> Option<(String, u16)> {
    let url = Url::parse(&format!("https://{text}")).ok()?;
    let bare = is_safe_destination(&url) && url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    bare.then(|| host_and_port(&url)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_the_directory_are_read_strictly() {
        assert_eq!(read_host("auth.bank.example"), Some(("auth.bank.example".to_owned(), 443)));
        assert_eq!(read_host("auth.bank.example:8443"), Some(("auth.bank.example".to_owned(), 8443)));
        for text in ["", "a b", "https://x.example", "x.example/path", "u@x.example", "x.example?y"] {
            assert_eq!(read_host(text), None, "{text}");
        }
    }
}
