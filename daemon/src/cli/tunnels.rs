//! `fogline tunnels`: the L2TP control connections.

use std::io::{self, Write};

use fogline::control::model::{Timestamp, Tunnel, TunnelState};
use fogline::control::{Client, ClientError, PageQuery};

use super::daemon::Socket;
use super::output::{self, Align, Cell, Column, Style, Table, Tone, units};

/// List the daemon's L2TP tunnels
///
/// WINDOW is how many control messages may be under way at once; RESENT how many had to be sent
/// again.
///
/// Exit status: 0 done, 1 failed, 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline tunnels
  fogline tunnels --json | jq '.[].host_name'")]
pub struct Args {
    /// Write JSON: an array, each tunnel on a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let tunnels = all(&mut args.socket.connect()?)?;
    if args.json {
        let items: Result<Vec<_>, _> = tunnels.iter().map(output::array_item).collect();
        let items = items?.join(",\n");
        let text = if items.is_empty() {
            "[]\n".into()
        } else {
            format!("[\n{items}\n]\n")
        };
        return Ok(output::print(&text)?);
    }
    if tunnels.is_empty() {
        let _ = writeln!(io::stderr(), "no tunnels");
        return Ok(());
    }
    let now = Timestamp::now();
    let mut table = Table::new(columns());
    for tunnel in &tunnels {
        table.row(row(tunnel, now));
    }
    Ok(output::print(&table.render(&Style::of_stdout()))?)
}

/// Every tunnel; 65,535 at most, as their ids are numbers of 16 bits.
fn all(client: &mut Client) -> Result<Vec<Tunnel>, ClientError> {
    let mut tunnels = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = client.tunnels(query)?;
        tunnels.extend(page.items);
        match page.next {
            Some(next) => query.from = next,
            None => return Ok(tunnels),
        }
    }
}

fn columns() -> [Column; 10] {
    let column = |title, align, narrow, keep| Column {
        title,
        align,
        narrow,
        keep,
    };
    [
        column("ID", Align::Right, 5, 0),
        column("PEER ID", Align::Right, 7, 4),
        column("HOST NAME", Align::Left, 12, 7),
        column("STATE", Align::Left, 14, 9),
        column("PEER", Align::Left, 22, 8),
        column("LOCAL", Align::Left, 22, 1),
        column("CALLS", Align::Right, 5, 6),
        column("AGE", Align::Right, 7, 5),
        column("RESENT", Align::Right, 6, 3),
        column("WINDOW", Align::Right, 6, 2),
    ]
}

fn row(tunnel: &Tunnel, now: Timestamp) -> [Cell; 10] {
    let tone = match tunnel.state {
        TunnelState::Established => Tone::Plain,
        _ => Tone::Poor,
    };
    [
        tunnel.id.to_string().into(),
        tunnel.peer_id.to_string().into(),
        (&tunnel.host_name).into(),
        Cell::toned(tunnel.state.to_string(), tone),
        tunnel.peer.to_string().into(),
        tunnel.local.to_string().into(),
        units::count(tunnel.calls.into()).into(),
        units::age(tunnel.since.age(now)).into(),
        units::count(tunnel.retransmissions).into(),
        tunnel.window.to_string().into(),
    ]
}
