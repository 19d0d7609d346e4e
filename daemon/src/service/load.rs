//! `fogline load`: sockets, signals and time around a load.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use getrandom::rand_core::UnwrapErr;
use tokio::signal::unix::{SignalKind, signal};

use super::{OsRandom, about, runtime};
use crate::calls::Randomness;
use crate::io::machine::Machine;
use crate::io::port::{Lost, Sockets};
use crate::io::udp::{self, Udp};
use crate::load::{Load, Plan, Progress, Report};

/// Between two looks at how it gets on.
const LOOK: Duration = Duration::from_secs(1);

/// Runs a load from `sources` (any address, if there is none) until it is over or told twice to stop. `watch` hears each
/// second, and whenever another stage begins, how it gets on, and how long it has run.
///
/// # Errors
/// Where a socket cannot be opened.
pub fn run_load(
    mut plan: Plan,
    sources: &[IpAddr],
    mut watch: impl FnMut(Duration, &Progress),
) -> anyhow::Result<(Report, Lost)> {
    let any = match plan.server {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let sources = if sources.is_empty() { &[any] } else { sources };
    plan.sockets = sources.len();
    runtime()?.block_on(async move {
        let mut sockets = Vec::new();
        for source in sources {
            let socket = udp::bind(SocketAddr::new(*source, 0)).and_then(Udp::new);
            sockets.push(about(socket, format_args!("--source {source}"))?);
        }
        let mut machine = Machine::new(Sockets::new(sockets, None));
        let mut load = Load::new(plan, || -> Randomness<OsRandom> {
            Box::new(|| UnwrapErr(getrandom::SysRng))
        });
        load.start(machine.now(), &mut machine.sockets);
        machine.sockets.flush();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut look = tokio::time::interval(LOOK);
        let mut stage = None;
        let mut stopping = false;
        while !load.is_over() {
            let deadline = load.poll_timeout();
            let stop = tokio::select! {
                wake = machine.wait(deadline) => {
                    machine.turn(wake?, &mut load)?;
                    false
                }
                _ = look.tick() => {
                    stage = None;
                    false
                }
                _ = interrupt.recv() => true,
                _ = terminate.recv() => true,
            };
            if stop {
                if stopping {
                    break;
                }
                stopping = true;
                load.stop(machine.now(), &mut machine.sockets);
                machine.sockets.flush();
            }
            let progress = load.progress();
            let now_in = std::mem::discriminant(&progress.stage);
            if stage.replace(now_in) != Some(now_in) {
                watch(machine.now(), &progress);
            }
        }
        Ok((load.report(), machine.sockets.lost))
    })
}
