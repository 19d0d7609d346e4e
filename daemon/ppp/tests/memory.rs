//! What a link costs while nothing happens on it: an access server has 64,000 of them.

mod pair;

use std::alloc::System;

use fogline_auth::Method;
use fogline_ppp::Link;
use pair::*;
use scramble::agreement::Transform;
use scramble::negotiator::Policy;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn an_idle_link_of_an_access_server_takes_at_most_3_kib() {
    let mut pair = Pair::new(
        access(&[Method::ChapMd5], phs(Policy::Require, Transform::Header)),
        subscriber(&[Method::ChapMd5], phs(Policy::Require, Transform::Header)),
        users(),
        Wire::perfect(),
    );
    pair.start();
    assert!(pair.run_until(s(10), Pair::is_up));
    pair.run(pair.now + s(60));
    let hosts = Vec::from(pair.hosts);
    for (end, host) in hosts.into_iter().enumerate() {
        assert!(host.link.agreement().is_some());
        let region = Region::new(ALLOCATOR);
        drop(host.link);
        let heap = region.change().bytes_deallocated;
        let inline = size_of::<Link<Dice>>();
        println!("{inline} bytes and {heap} on the heap");
        // A subscriber keeps its password for the next challenge; there are not many of them on one machine.
        let most = if end == ACCESS { 3 * 1024 } else { 4 * 1024 };
        assert!(inline + heap <= most, "{inline} + {heap}");
    }
}
