//! Landlock: rules that a process gives itself and can never take back.

use std::io;
use std::os::fd::OwnedFd;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
};

use super::{BASE, Enforced, SINKS};
use crate::launch::Sandbox;

/// The newest version whose rules are asked for. Older kernels enforce what they know.
const NEWEST: ABI = ABI::V6;

/// The version that this kernel speaks; 0 where it has none.
fn version() -> i64 {
    const VERSION: u32 = 1;
    // SAFETY: with this flag the call reads no memory and tells a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0usize,
            VERSION,
        )
    };
    version.max(0)
}

pub(super) fn enforced() -> Enforced {
    let version = version();
    Enforced {
        files: version >= 1,
        ports: version >= 4,
        memory: true,
        reason: match version {
            0 => Some("this kernel has no Landlock, or it is switched off".to_owned()),
            1..4 => Some(format!("version {version} of Landlock does not know ports")),
            _ => None,
        },
    }
}

/// Rules for one process; `None` where the kernel knows none.
pub(crate) fn ruleset(sandbox: &Sandbox) -> io::Result<Option<OwnedFd>> {
    made(sandbox).map_err(io::Error::other)
}

fn made(sandbox: &Sandbox) -> Result<Option<OwnedFd>, RulesetError> {
    let created = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(BASE, AccessFs::from_read(NEWEST)))?
        .add_rules(path_beneath_rules(SINKS, AccessFs::from_all(NEWEST)))?
        .add_rules(path_beneath_rules(&sandbox.read, AccessFs::from_read(NEWEST)))?
        .add_rules(path_beneath_rules(&sandbox.write, AccessFs::from_all(NEWEST)))?
        .add_rules(
            sandbox
                .ports
                .iter()
                .map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp))),
        )?;
    Ok(created.into())
}
