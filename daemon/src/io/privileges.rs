//! Root is for opening sockets and interfaces; what moves packets goes without.

use std::io;

use anyhow::Context;
use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Group, Uid, User, initgroups, setgid, setuid};
use tracing::warn;

use crate::config::model::Process;

/// Becomes the configured user, if there is one and the process is root, and keeps of its capabilities none but `keep`.
/// Root without a configured user stays root, with no more than those.
///
/// # Errors
/// Where the user or group does not exist, or the system refuses.
pub fn drop_to(process: &Process, keep: &[Capability]) -> anyhow::Result<()> {
    if !Uid::effective().is_root() {
        return reduce_to(keep).context("capabilities cannot be given up");
    }
    let Some(name) = &process.user else {
        warn!("[process] user is not set: the daemon stays root, though with few capabilities");
        return reduce_to(keep).context("capabilities cannot be given up");
    };
    let user = User::from_name(name)
        .with_context(|| format!("[process] user = {name:?} cannot be looked up"))?
        .with_context(|| {
            format!(
                "[process] user = {name:?} does not exist; make it, or install the sysusers file"
            )
        })?;
    let group = group(process, &user)?;
    let refused =
        |what: &'static str| move || format!("{what} refused while dropping privileges to {name}");
    caps::securebits::set_keepcaps(true).with_context(refused("keeping capabilities"))?;
    let c_name = std::ffi::CString::new(user.name.as_str()).map_err(io::Error::other)?;
    initgroups(&c_name, group).with_context(refused("initgroups"))?;
    setgid(group).with_context(refused("setgid"))?;
    setuid(user.uid).with_context(refused("setuid"))?;
    reduce_to(keep).with_context(refused("capset"))
}

/// Keeps those of `keep` that the process has. Hooks are programs of their own: they get what this process kept.
fn reduce_to(keep: &[Capability]) -> Result<(), CapsError> {
    let has = caps::read(None, CapSet::Permitted)?;
    let keep: CapsHashSet = keep
        .iter()
        .copied()
        .filter(|capability| has.contains(capability))
        .collect();
    caps::clear(None, CapSet::Ambient)?;
    // Effective ones are always among the permitted.
    caps::clear(None, CapSet::Effective)?;
    caps::clear(None, CapSet::Inheritable)?;
    caps::set(None, CapSet::Permitted, &keep)?;
    caps::set(None, CapSet::Effective, &keep)?;
    caps::set(None, CapSet::Inheritable, &keep)?;
    caps::set(None, CapSet::Ambient, &keep)
}

fn group(process: &Process, user: &User) -> anyhow::Result<Gid> {
    let Some(name) = &process.group else {
        return Ok(user.gid);
    };
    let group = Group::from_name(name)
        .with_context(|| format!("[process] group = {name:?} cannot be looked up"))?;
    Ok(group
        .with_context(|| format!("[process] group = {name:?} does not exist"))?
        .gid)
}
