//! Which addresses tell something about someone.

use std::net::{IpAddr, Ipv4Addr};

/// Whether an address belongs to a network of its own: private, shared (CGNAT), unique local,
/// link-local or unspecified.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_private() || shared || v4.is_link_local() || v4.is_unspecified()
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

/// Whether an address names one host, near or far: neither multicast nor broadcast, loopback,
/// link-local or unspecified.
pub(super) fn is_host(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.octets()[0] == 0)
        }
        IpAddr::V6(v6) => {
            !(v6.is_multicast()
                || v6.is_loopback()
                || v6.is_unicast_link_local()
                || v6.is_unspecified())
        }
    }
}

/// Whether an address is a host's on the public Internet, by the registries of special ones.
pub(super) fn is_public(address: IpAddr) -> bool {
    if !is_host(address) || is_private(address) {
        return false;
    }
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let benchmark = a == 198 && b & 0xfe == 18;
            let assignments = [a, b, c] == [192, 0, 0] && v4 != Ipv4Addr::new(192, 0, 0, 9);
            a < 224 && !benchmark && !assignments && !v4.is_documentation()
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            // 2000::/3 is all that is handed out; 2001:db8::/32 is for documentation.
            a & 0xe000 == 0x2000 && !(a == 0x2001 && b == 0x0db8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_addresses() {
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        for private in ["10.0.0.1", "100.64.0.1", "fd00::1", "fe80::1", "0.0.0.0"] {
            assert!(
                is_private(ip(private)) && !is_public(ip(private)),
                "{private}"
            );
        }
        for public in ["9.9.9.9", "2606:4700::1111"] {
            assert!(is_host(ip(public)) && is_public(ip(public)), "{public}");
        }
        for group in ["224.0.0.251", "ff02::fb", "255.255.255.255", "127.0.0.1"] {
            assert!(!is_host(ip(group)), "{group}");
        }
        assert!(!is_public(ip("192.0.2.1")) && !is_public(ip("4000::1")));
    }
}
