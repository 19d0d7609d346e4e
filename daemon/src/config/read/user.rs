//! `[lns.users]` and the file of users.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::super::document::{At, Document, Section};
use super::super::model::{Credential, Pool, User, Users};
use super::super::value::{flag, host_ipv4, name, number, path, prefix_64};
use super::Reader;
use super::link::NAME_LONGEST;
use super::pool::StaticAddresses;
use super::scrambling::scrambling_override;
use super::secret::{cannot_read, private_text};

pub(super) fn users(mut section: Section<'_>, pools: &[Pool], reader: &Reader<'_>) -> Users {
    const LONGEST: u64 = 64 << 20;

    let file = section.at("file", path);
    let users = file.as_ref().and_then(|file| {
        let path = reader.resolve(&file.value);
        let contents = reader.files.read(&path, LONGEST);
        let contents = contents.map_err(|error| {
            let message = format!("file: {}", cannot_read(&path, &error));
            section.error(file.span.clone(), message);
        });
        let contents = contents.ok()?;
        let document = Document::new(&path, &contents.text, reader.problems);
        if let Some(why) = contents.exposed(&reader.trusted) {
            document.error(0..0, format!("this file holds secrets of users, but {why}"));
        }
        by_name(&document, pools, reader)
    });
    section.finish();
    Users {
        file: file.map(|at| reader.resolve(&at.value)),
        by_name: users.unwrap_or_default(),
    }
}

/// The users of a file; `None` where it is no TOML.
pub(in crate::config) fn by_name(
    document: &Document<'_>,
    pools: &[Pool],
    reader: &Reader<'_>,
) -> Option<BTreeMap<String, User>> {
    let table = document.parse()?;
    let mut root = Section::root(document, &table);
    let mut by_name = BTreeMap::new();
    let mut addresses = StaticAddresses::default();
    for mut section in root.sections("user") {
        if let Some(At { value: user, span }) = user(&mut section, pools, &mut addresses, reader) {
            if by_name.contains_key(&user.name) {
                section.error(span, "stands here twice; a user has one entry");
            }
            by_name.insert(user.name.clone(), user);
        }
        section.finish();
    }
    root.finish();
    Some(by_name)
}

/// The user, and where its name stands.
fn user(
    section: &mut Section<'_>,
    pools: &[Pool],
    addresses: &mut StaticAddresses,
    reader: &Reader<'_>,
) -> Option<At<User>> {
    const SESSIONS_MOST: u32 = 65_535;

    let own = section.required("name", "what the user is called", name(NAME_LONGEST));
    if let Some(own) = &own {
        section.call(format!("user {:?}", own.value));
    }
    const WRITTEN: [&str; 3] = ["password", "password-hash", "nt-hash"];
    if !section.has_any(&WRITTEN) {
        section.error(
            section.span.clone(),
            format!(
                "one of {} is missing: nothing to know the user by",
                WRITTEN.join(", ")
            ),
        );
    }
    let credential = credential(section);
    let pool = pool(section, pools);
    let label = own.as_ref().map_or("", |own| own.value.as_str());
    let ipv4 = section.at("ipv4", host_ipv4);
    if let Some(ipv4) = &ipv4 {
        check_ipv4(section, ipv4, pools, pool.as_deref());
    }
    let ipv6 = section.at("ipv6", prefix_64);
    let given = [
        ipv4.as_ref().map(|at| (IpAddr::V4(at.value), &at.span)),
        ipv6.as_ref()
            .map(|at| (IpAddr::V6(at.value.network()), &at.span)),
    ];
    for (address, span) in given.into_iter().flatten() {
        if let Err(why) = addresses.give(address, label) {
            section.error(span.clone(), why);
        }
    }
    let sessions = section.at("sessions", number(1..=SESSIONS_MOST));
    let fixed = ipv4.is_some() || ipv6.is_some();
    if let Some(sessions) = sessions.as_ref().filter(|at| fixed && at.value > 1) {
        section.error(
            sessions.span.clone(),
            "sessions: only one session can have the user's own address; leave out one of them",
        );
    }
    let disabled = section.or("disabled", false, flag);
    let scrambling = scrambling_override(section.section_or_empty("scrambling"), reader);
    let At { value: name, span } = own?;
    let user = User {
        name,
        credential: credential?,
        ipv4: ipv4.map(|at| at.value),
        ipv6: ipv6.map(|at| at.value),
        pool,
        sessions: if fixed {
            Some(1)
        } else {
            sessions.map(|at| at.value)
        },
        disabled,
        scrambling,
    };
    Some(At { value: user, span })
}

/// The password, or hashes of it. What is wrong with them is told by the option at fault.
fn credential(section: &mut Section<'_>) -> Option<Credential> {
    let password = section.at("password", private_text);
    let crypt = section.at("password-hash", |node| {
        let hash = private_text(node)?;
        Credential::hashes(Some(hash.clone()), None).map_err(|error| error.to_string())?;
        Ok(hash)
    });
    let nt = section.at("nt-hash", |node| {
        let hash = private_text(node)?;
        Credential::hashes(None, Some(hash.clone())).map_err(|error| error.to_string())?;
        Ok(hash)
    });
    let Some(password) = password else {
        return Credential::hashes(crypt.map(|at| at.value), nt.map(|at| at.value)).ok();
    };
    for hash in [crypt, nt].into_iter().flatten() {
        section.error(
            hash.span,
            "there is a password as well, which serves every method; keep the password or the hashes",
        );
    }
    let credential = Credential::password(password.value);
    credential
        .map_err(|error| section.error(password.span, format!("password: {error}")))
        .ok()
}

fn pool(section: &mut Section<'_>, pools: &[Pool]) -> Option<String> {
    let At { value, span } = section.at("pool", name(NAME_LONGEST))?;
    if !pools.iter().any(|pool| pool.name == value) {
        let names: Vec<_> = pools
            .iter()
            .map(|pool| format!("{:?}", pool.name))
            .collect();
        let message = format!(
            "pool: there is no {value:?}; there are {}",
            names.join(", ")
        );
        section.error(span, message);
    }
    Some(value)
}

fn check_ipv4(section: &Section<'_>, ipv4: &At<Ipv4Addr>, pools: &[Pool], pool: Option<&str>) {
    let address = ipv4.value;
    for other in pools {
        let Some(theirs) = other.ipv4 else { continue };
        if theirs.gateway == address {
            let message = format!("ipv4: {address} is the gateway of pool {:?}", other.name);
            section.error(ipv4.span.clone(), message);
        }
    }
    let own = pools
        .iter()
        .find(|other| pool.is_none_or(|name| other.name == name));
    // That there is no pool of that name was told.
    let lacks_gateway = own.map_or(pool.is_none(), |own| own.ipv4.is_none());
    if lacks_gateway {
        section.error(
            ipv4.span.clone(),
            "ipv4: the user's pool has no ipv4, so there is no gateway to be the other end",
        );
    }
}
