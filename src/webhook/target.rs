//! Where events may be posted to.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Networks of IPv4 that are no part of the public internet (IANA IPv4 Special-Purpose Address Registry, RFC 6890).
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 16] = [
    // This network.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private use (RFC 1918).
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared by carriers (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local (RFC 3927): clouds tell their secrets here.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // IETF protocols, documentation, AS112, old 6to4 relays, benchmarks.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, and broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Global unicast of IPv6 (RFC 4291 section 2.4). What is outside is loopback, IPv4-mapped, link-local, unique local,
/// multicast, NAT64 or nothing at all.
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is inside and still no public host: IETF protocols with Teredo, documentation, and 6to4, which leads to any
/// address of IPv4.
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The lowest port beside 443: below are services that are no web servers.
const LOWEST_PORT: u16 = 1024;

/// Why something may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    /// Neither https nor, where the settings say so, http on this machine.
    #[error("only https")]
    Scheme,
    /// User name or password in the URL, or a fragment, or no host.
    #[error("no user, no fragment, and a host")]
    Form,
    /// Neither 443 nor 1024 and above.
    #[error("port 443, or 1024 and above")]
    Port,
    /// An address that is not public, or a name that has no other.
    #[error("not a public address")]
    Address,
}

/// Which hosts may be called.
#[derive(Clone, Debug, Default)]
pub struct TargetRules {
    /// Networks that may be called although they are not public.
    pub allow_private: Vec<IpNet>,
    /// Whether loopback may be called, without TLS too: for development.
    pub allow_loopback: bool,
}

fn is_in(network: (impl Into<IpAddr>, u8), address: IpAddr) -> bool {
    IpNet::new(network.0.into(), network.1).is_ok_and(|net| net.contains(&address))
}

/// Whether an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !NOT_PUBLIC_V4.into_iter().any(|net| is_in(net, address)),
        IpAddr::V6(_) => is_in(PUBLIC_V6, address) && !NOT_PUBLIC_V6.into_iter().any(|net| is_in(net, address)),
    }
}

impl TargetRules {
    /// Whether an address may be connected to.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.allow_private.iter().any(|net| net.contains(&address)) || (self.allow_loopback && address.is_loopback())
    }

    /// Whether a URL may be called, as far as that can be said without asking for the addresses of its name.
    ///
    /// # Errors
    /// [`TargetFault`] says why not.
    pub fn check(&self, url: &Url) -> Result<(), TargetFault> {
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain("localhost")) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some(Host::Domain(_)) => None,
            None => return Err(TargetFault::Form),
        };
        let here = literal.is_some_and(|ip| ip.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && here && self.allow_loopback) {
            return Err(TargetFault::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(TargetFault::Form);
        }
        if !url
            .port_or_known_default()
            .is_some_and(|port| port == 443 || port >= LOWEST_PORT || (here && port == 80))
        {
            return Err(TargetFault::Port);
        }
        match literal {
            Some(address) if !self.allows(address) => Err(TargetFault::Address),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow_private: &[&str], allow_loopback: bool) -> TargetRules {
        TargetRules {
            allow_private: allow_private.iter().map(|net| net.parse().unwrap()).collect(),
            allow_loopback,
        }
    }

    /// IPv4; then unspecified, loopback, mapped, compatible, NAT64, discard, Teredo, ORCHID, documentation, 6to4, ULA,
    /// link-local, site-local, multicast, segment routing.
    const NOT_PUBLIC: &str = "
        0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.8.8.8 169.254.169.254
        172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7
        203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
        ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:20::1 2001:db8::1 2002:7f00:1::1
        3fff::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 5f00::1";

    /// Also the neighbours of networks that are not.
    const PUBLIC: &str = "
        1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
        172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
        2606:4700::1111 2a00:1450:4001::1 2001:200::1 2003::1 3ffe::1";

    #[test]
    fn only_public_addresses_are_connected_to() {
        let nobody = rules(&[], false);
        for (addresses, allowed) in [(NOT_PUBLIC, false), (PUBLIC, true)] {
            for address in addresses.split_whitespace() {
                assert_eq!(nobody.allows(address.parse().unwrap()), allowed, "{address}");
            }
        }
    }

    #[test]
    fn a_private_network_must_be_named() {
        let some = rules(&["10.1.0.0/16", "fd00:1::/64"], false);
        for (address, allowed) in [
            ("10.1.2.3", true),
            ("10.2.0.1", false),
            ("fd00:1::5", true),
            ("fd00:2::5", false),
            ("127.0.0.1", false),
            ("::ffff:10.1.2.3", false),
        ] {
            assert_eq!(some.allows(address.parse().unwrap()), allowed, "{address}");
        }
        let here = rules(&[], true);
        assert!(here.allows("127.0.0.1".parse().unwrap()) && here.allows("::1".parse().unwrap()));
        assert!(!here.allows("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn urls_are_judged_before_anything_is_sent() {
        use TargetFault::{Address, Form, Port, Scheme};
        let (nobody, here) = (rules(&[], false), rules(&[], true));
        for (url, expected) in [
            ("https://shop.example/hooks?x=1", Ok(())),
            ("https://shop.example:8443/hooks", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("http://shop.example/", Err(Scheme)),
            ("ftp://shop.example/", Err(Scheme)),
            ("file:///etc/passwd", Err(Form)),
            ("https://me@shop.example/", Err(Form)),
            ("https://me:word@shop.example/", Err(Form)),
            ("https://shop.example/#a", Err(Form)),
            ("https://shop.example:22/", Err(Port)),
            ("https://shop.example:80/", Err(Port)),
            ("https://127.0.0.1/", Err(Address)),
            ("https://localhost/", Err(Address)),
            // The ways in which an address can be written are one to the `url` crate.
            ("https://2130706433/", Err(Address)),
            ("https://0x7f.1/", Err(Address)),
            ("https://[::1]/", Err(Address)),
            ("https://[::ffff:127.0.0.1]/", Err(Address)),
            ("https://169.254.169.254/latest/meta-data", Err(Address)),
        ] {
            assert_eq!(nobody.check(&Url::parse(url).unwrap()), expected, "{url}");
        }
        for (url, expected) in [
            ("http://127.0.0.1:9000/", Ok(())),
            ("http://localhost/", Ok(())),
            ("https://127.0.0.1:9000/", Ok(())),
            ("http://shop.example/", Err(Scheme)),
            ("http://10.0.0.1/", Err(Scheme)),
        ] {
            assert_eq!(here.check(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
