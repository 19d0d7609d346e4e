//! Root is for opening sockets and interfaces; what moves packets goes without.

use std::io;

use anyhow::Context;
use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Group, Uid, User, initgroups, setgid, setuid};

use crate::config::model::Process;

/// Becomes the configured user with the capabilities `keep` and no other. Does nothing without a configured user, or
/// where the process is not root.
///
/// # Errors
/// Where the user or group does not exist, or the system refuses.
pub fn drop_to(process: &Process, keep: &[Capability]) -> anyhow::Result<()> {
    let Some(name) = &process.user else {
        return Ok(());
    };
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let user = User::from_name(name)
        .with_context(|| format!("[process] user = {name:?} cannot be looked up"))?
        .with_context(|| format!("[process] user = {name:?} does not exist; make it, or install the sysusers file"))?;
    let group = group(process, &user)?;
    let keep: CapsHashSet = keep.iter().copied().collect();
    let refused = |what: &'static str| move || format!("{what} refused while dropping privileges to {name}");
    caps::securebits::set_keepcaps(true).with_context(refused("keeping capabilities"))?;
    let c_name = std::ffi::CString::new(user.name.as_str()).map_err(io::Error::other)?;
    initgroups(&c_name, group).with_context(refused("initgroups"))?;
    setgid(group).with_context(refused("setgid"))?;
    setuid(user.uid).with_context(refused("setuid"))?;
    caps::set(None, CapSet::Permitted, &keep).with_context(refused("capset"))?;
    caps::set(None, CapSet::Effective, &keep).with_context(refused("capset"))?;
    // Hooks are programs of their own: they get what this process kept.
    caps::set(None, CapSet::Inheritable, &keep).with_context(refused("capset"))?;
    caps::set(None, CapSet::Ambient, &keep).with_context(refused("ambient capabilities"))?;
    Ok(())
}

fn group(process: &Process, user: &User) -> anyhow::Result<Gid> {
    let Some(name) = &process.group else {
        return Ok(user.gid);
    };
    let group = Group::from_name(name).with_context(|| format!("[process] group = {name:?} cannot be looked up"))?;
    Ok(group.with_context(|| format!("[process] group = {name:?} does not exist"))?.gid)
}
