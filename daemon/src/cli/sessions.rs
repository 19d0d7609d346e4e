//! `fogline sessions`: who is connected.

use std::io::{self, Write};

use fogline::control::model::{Protection, Scrambling, Session, SessionState, Timestamp};
use fogline::control::{Client, SessionQuery};

use super::daemon::Socket;
use super::output::{self, Align, Cell, Column, Style, Table, Tone, units};

/// List the daemon's sessions
///
/// SCRAMBLING is what is done to packets sent and received, or "clear", or nothing while that is
/// being negotiated. Columns that do not fit the terminal are left out; a file or program gets all
/// of them.
///
/// Exit status: 0 done, 1 failed, 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline sessions
  fogline sessions --clear          those in clear, and why
  fogline sessions --json | jq -r '.[] | select(.state == \"up\") | .user'")]
pub struct Args {
    /// Write JSON: an array, each session on a line
    #[arg(long)]
    json: bool,
    /// Only sessions of this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only sessions in clear, and say why they are
    #[arg(long)]
    clear: bool,
    /// Only sessions in this state: dialing, lcp, authenticating, negotiating, up, closing
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<SessionState>,
    #[command(flatten)]
    socket: Socket,
}

fn state(word: &str) -> Result<SessionState, String> {
    let found = SessionState::ALL.into_iter().find(|s| s.word() == word);
    found.ok_or_else(|| {
        let words = SessionState::ALL.map(SessionState::word);
        format!("states are {}", words.join(", "))
    })
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<()> {
    let mut client = args.socket.connect()?;
    let query = SessionQuery {
        user: args.user,
        state: args.state,
        in_clear: args.clear,
        ..SessionQuery::default()
    };
    if args.json {
        return json(&mut client, query);
    }
    let mut table = Table::new(columns(args.clear));
    let mut found = false;
    let now = Timestamp::now();
    each_page(&mut client, query, |sessions| {
        found |= !sessions.is_empty();
        for session in &sessions {
            table.row(row(session, now, args.clear));
        }
        Ok(())
    })?;
    if found {
        output::print(&table.render(&Style::of_stdout()))?;
    } else {
        let _ = writeln!(io::stderr(), "no such sessions");
    }
    Ok(())
}

fn json(client: &mut Client, query: SessionQuery) -> anyhow::Result<()> {
    let mut separator = "[\n";
    each_page(client, query, |sessions| {
        let mut text = String::new();
        for session in &sessions {
            text.push_str(separator);
            text.push_str(&output::array_item(session)?);
            separator = ",\n";
        }
        Ok(output::print(&text)?)
    })?;
    let end = if separator == "[\n" { "[]\n" } else { "\n]\n" };
    Ok(output::print(end)?)
}

/// Hands over every page that there is.
fn each_page(
    client: &mut Client,
    mut query: SessionQuery,
    mut hand_over: impl FnMut(Vec<Session>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        let page = client.sessions(query.clone())?;
        hand_over(page.items)?;
        match page.next {
            Some(next) => query.from = next,
            None => return Ok(()),
        }
    }
}

fn columns(why: bool) -> Vec<Column> {
    let column = |title, align, narrow, keep| Column {
        title,
        align,
        narrow,
        keep,
    };
    let mut columns = vec![
        column("ID", Align::Right, 20, 0),
        column("USER", Align::Left, 10, 0),
        column("STATE", Align::Left, 14, 6),
        column("AGE", Align::Right, 7, 4),
        column("SCRAMBLING", Align::Left, 10, 7),
        column("IPV4", Align::Left, 15, 5),
        column("IPV6", Align::Left, 20, 2),
        column("PEER", Align::Left, 20, 1),
        column("SENT", Align::Right, 7, 3),
        column("RECEIVED", Align::Right, 8, 3),
    ];
    if why {
        columns.push(column("WHY", Align::Left, 20, 8));
    }
    columns
}

fn row(session: &Session, now: Timestamp, why: bool) -> Vec<Cell> {
    let ipv4 = session.ipv4.map(|ipv4| ipv4.remote.to_string());
    let ipv6 = session.ipv6.and_then(|ipv6| ipv6.prefix);
    let ipv6 = ipv6.map(|prefix| prefix.to_string());
    let counters = &session.counters;
    let mut row: Vec<Cell> = vec![
        session.id.to_string().into(),
        (&session.user).into(),
        session.state.word().into(),
        units::age(session.since.age(now)).into(),
        scrambling(&session.scrambling),
        ipv4.unwrap_or_default().into(),
        ipv6.unwrap_or_default().into(),
        session.peer.to_string().into(),
        units::bytes(counters.sent.bytes).into(),
        units::bytes(counters.received.bytes).into(),
    ];
    if why {
        row.push(
            session
                .scrambling
                .why_clear
                .as_deref()
                .unwrap_or_default()
                .into(),
        );
    }
    row
}

/// `header`, or `full/decoy` where sent and received differ, or `clear`.
fn scrambling(scrambling: &Scrambling) -> Cell {
    let protection = scrambling.protection();
    match (protection, scrambling.send, scrambling.receive) {
        (Protection::Undecided, ..) => "".into(),
        (Protection::Clear, ..) => Cell::toned("clear", Tone::Poor),
        (_, Some(send), Some(receive)) if send.transform != receive.transform => {
            let both = format!("{}/{}", send.transform, receive.transform);
            Cell::toned(both, Tone::Good)
        }
        _ => Cell::toned(protection.word(), Tone::Good),
    }
}
