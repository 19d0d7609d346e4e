//! `fogline top`: the sessions that carry most, live.

mod order;
mod rates;
mod sampler;
mod screen;
mod view;

use std::io::{self, IsTerminal};
use std::time::Duration;

use super::daemon::Socket;
use super::exit::{Coded, Exit};
use super::output;
use order::Order;
use sampler::{Sampler, Wish};
use view::View;

/// Show the sessions that carry most, live
///
/// Rates are of the last interval, for both directions of each session's IP packets.
///
/// Keys: q ends, arrows and page keys scroll, s sorts by another column, c shows only sessions
/// in clear.
///
/// Exit status: 0 done, 1 failed, 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline top
  fogline top --clear --sort total
  fogline top --once > now.txt      a single picture as text")]
pub struct Args {
    /// Write one picture as text, and end
    #[arg(long)]
    once: bool,
    /// Seconds between two pictures
    #[arg(long, value_name = "S", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    interval: u64,
    /// What to sort by
    #[arg(long, value_enum, default_value_t = Order::Rate)]
    sort: Order,
    /// Begin with sessions in clear only
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    socket: Socket,
}

/// Sessions in a picture that is text.
const ROWS_ONCE: usize = 20;

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if !args.once && !io::stdout().is_terminal() {
        let message = "standard output is no terminal; --once writes one picture as text";
        return Err(Coded::new(Exit::Usage, message).into());
    }
    let interval = Duration::from_secs(args.interval);
    let sampler = Sampler::start(args.socket.connect()?, args.clear)?;
    let wish = Wish {
        order: args.sort,
        in_clear: args.clear,
        offset: 0,
        rows: ROWS_ONCE,
    };
    if args.once {
        once(sampler, wish, interval)
    } else {
        screen::run(sampler, wish, interval)
    }
}

/// The second sample makes a rate, and a picture.
fn once(mut sampler: Sampler, wish: Wish, interval: Duration) -> anyhow::Result<()> {
    std::thread::sleep(interval);
    sampler.sample(wish.in_clear)?;
    let picture = sampler.picture(&wish)?;
    let view = View {
        picture: &picture,
        color: false,
        keys: false,
    };
    Ok(output::print(&view.text(super::width()))?)
}
