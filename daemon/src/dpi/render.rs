//! A comparison as text: records side by side, and what they add up to.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::compare::Comparison;
use super::flow::Endpoint;
use super::names::NameKind;
use super::view::ConnectionRecord;

/// How a comparison is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns that there are. Below 60 it is as if there were 60.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// How many rows of records at most; all where there is none.
    pub rows: Option<usize>,
    /// Whether to show only the first record of each remote address and name.
    pub distinct: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            rows: None,
            distinct: false,
        }
    }
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
/// True, and on record.
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
/// On record, and not true.
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

const TIME: usize = 8;
/// Port and protocol, with the spaces before them.
const PORT: usize = 12;
const GAP: &str = "  ";
const BAR: &str = " | ";
const NOTHING: &str = "-";

/// The table of records and the summary below it.
pub fn render(comparison: &Comparison, style: &Style) -> String {
    let mut text = table(comparison, style);
    text.push('\n');
    text.push_str(&summary(comparison, style));
    text
}

/// The records before and after, side by side; below each other where they do not fit.
pub fn table(comparison: &Comparison, style: &Style) -> String {
    let truth = comparison.before.all_ends();
    let table = Table::new(&truth, style);
    let mut rows = comparison.rows();
    let all = rows.len();
    if style.distinct {
        let mut ends = BTreeSet::new();
        rows.retain(|(before, after)| {
            let record = before.or(*after);
            // A resolver is asked for every name there is; once is enough.
            let name = |r: &ConnectionRecord| {
                let first = r.names.first().filter(|name| name.kind != NameKind::Dns);
                first.map(|name| name.text.clone())
            };
            record.is_none_or(|r| ends.insert((r.remote.address, name(r))))
        });
    }
    let shown = style.rows.unwrap_or(rows.len()).min(rows.len());
    let mut text = table.heading();
    for (before, after) in &rows[..shown] {
        table.row(&mut text, *before, *after);
    }
    if shown < all {
        let hidden = all - shown;
        let _ = writeln!(
            text,
            "{}",
            table.paint(DIM, &format!("... and {hidden} more"))
        );
    }
    text
}

struct Table<'a> {
    truth: &'a BTreeSet<(Endpoint, u8)>,
    color: bool,
    cell: usize,
}

impl<'a> Table<'a> {
    fn new(truth: &'a BTreeSet<(Endpoint, u8)>, style: &Style) -> Self {
        const NARROWEST: usize = 60;

        let width = style.width.max(NARROWEST);
        Self {
            truth,
            color: style.color,
            cell: (width - TIME - GAP.len() - BAR.len()) / 2,
        }
    }

    fn paint(&self, color: &str, text: &str) -> String {
        paint(self.color, color, text)
    }

    fn heading(&self) -> String {
        let cell = self.cell;
        let columns =
            |title: &str| format!("{title:<0$} {1:>5} {2:<5}", cell - PORT, "port", "proto");
        let line = format!(
            "{:<TIME$}{GAP}{}{BAR}{}",
            "UTC",
            columns("before: the truth"),
            columns("after: on record")
        );
        let rule: String = line
            .chars()
            .map(|c| if c == '|' { '+' } else { '-' })
            .collect();
        format!(
            "{}\n{}\n",
            self.paint(BOLD, line.trim_end()),
            self.paint(DIM, &rule)
        )
    }

    fn row(
        &self,
        text: &mut String,
        before: Option<&ConnectionRecord>,
        after: Option<&ConnectionRecord>,
    ) {
        let time = before.or(after).and_then(|r| r.time);
        let time = time.map_or(NOTHING.into(), |t| t.time_of_day());
        let color = match after {
            None => DIM,
            Some(record) if self.truth.contains(&(record.remote, record.protocol)) => RED,
            Some(_) => YELLOW,
        };
        let sides = [self.side(before), self.side(after)];
        let fits = |lines: &[String]| lines.iter().all(|l| l.chars().count() <= self.cell);
        if sides.iter().all(|s| fits(s)) {
            let height = sides[0].len().max(sides[1].len());
            for at in 0..height {
                let time = if at == 0 { time.as_str() } else { "" };
                let [left, right] = [0, 1].map(|s| sides[s].get(at).map_or("", String::as_str));
                let line = format!("{time:<TIME$}{GAP}{left:<0$}{BAR}", self.cell);
                let _ = match right {
                    "" => writeln!(text, "{}", line.trim_end()),
                    _ => writeln!(text, "{line}{}", self.paint(color, right)),
                };
            }
            return;
        }
        for (at, side) in sides.iter().enumerate() {
            for (line_at, line) in side.iter().enumerate() {
                let time = if at + line_at == 0 { time.as_str() } else { "" };
                let mark = [["before", "      "], ["after ", "      "]][at][line_at.min(1)];
                let line = match at {
                    0 => line.clone(),
                    _ => self.paint(color, line),
                };
                let _ = writeln!(text, "{time:<TIME$}{GAP}{mark} {line}");
            }
        }
    }

    /// The lines of one side: the remote end, and a name where there is one.
    fn side(&self, record: Option<&ConnectionRecord>) -> Vec<String> {
        let Some(record) = record else {
            return vec![NOTHING.into()];
        };
        let address = record.remote.address.to_string();
        let port = match record.remote.port {
            0 => String::new(),
            port => port.to_string(),
        };
        let protocol = protocol_name(record.protocol);
        let room = self.cell - PORT;
        let end = format!("{address:<room$} {port:>5} {protocol:<5}");
        let mut lines = vec![end.trim_end().to_owned()];
        if let Some(name) = record.names.first() {
            let more = match record.names.len() {
                1 => String::new(),
                n => format!(" +{}", n - 1),
            };
            let room = self.cell - 2 - more.len();
            lines.push(format!("  {}{more}", shorten(&name.text, room)));
        }
        lines
    }
}

/// The end of a name where it is too long: that is where its owner is.
fn shorten(name: &str, room: usize) -> String {
    let length = name.chars().count();
    if length <= room {
        return name.to_owned();
    }
    let kept = name.chars().skip(length + 3 - room);
    format!("...{}", kept.collect::<String>())
}

/// The usual short name of an IP protocol, or its number.
pub fn protocol_name(protocol: u8) -> String {
    let name = match protocol {
        0 => "hopop",
        1 => "icmp",
        2 => "igmp",
        4 => "ipip",
        6 => "tcp",
        17 => "udp",
        41 => "ipv6",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmp6",
        132 => "sctp",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// What is left of the truth, and what is made up.
pub fn summary(comparison: &Comparison, style: &Style) -> String {
    let c = comparison;
    let bytes = &c.bytes;
    let mut text = String::new();
    let heading = format!(
        "{:<24}{:>10}{:>10}{:>12}{:>12}{:>10}",
        "", "before", "after", "still true", "in bytes", "chance"
    );
    let _ = writeln!(text, "{}", paint(style.color, BOLD, &heading));
    let in_answers = c.answers.left.len();
    let rows = [
        (
            "remote addresses",
            (
                c.addresses.before,
                c.addresses.after,
                c.addresses.left.len(),
            ),
            Some((bytes.addresses.found.len(), bytes.addresses.by_chance)),
        ),
        (
            "address:port pairs",
            (c.ports.before, c.ports.after, c.ports.left.len()),
            None,
        ),
        (
            "host names",
            (c.names.before, c.names.after, c.names.left.len()),
            Some((bytes.names.found.len(), bytes.names.by_chance)),
        ),
        (
            "DNS answer addresses",
            (c.answers.before, c.answers.after, in_answers),
            Some((bytes.answers.found.len(), bytes.answers.by_chance)),
        ),
    ];
    for (what, (before, after, left), found) in rows {
        let color = |n: usize| if n == 0 { GREEN } else { RED };
        let still = paint(style.color, color(left), &format!("{left:>12}"));
        let mut line = format!("{what:<24}{before:>10}{after:>10}{still}");
        if let Some((found, chance)) = found {
            let found_text = format!("{found:>12}");
            // Within what chance brings, nothing is shown to have leaked.
            let color = color(found.saturating_sub(chance.ceil() as usize));
            let _ = write!(
                line,
                "{}{chance:>10.2}",
                paint(style.color, color, &found_text)
            );
        }
        let _ = writeln!(text, "{line}");
    }
    let counted = [
        ("IP packets", c.before.counts.ip, c.after.counts.ip),
        (
            "opaque PPP packets",
            c.before.counts.opaque,
            c.after.counts.opaque,
        ),
    ];
    for (what, before, after) in counted {
        let _ = writeln!(text, "{what:<24}{before:>10}{after:>10}");
    }
    let b = &c.bogus;
    let _ = writeln!(
        text,
        "bogus records: {} flows and {} names; {} flows public, {} two-way, {} both",
        b.flows, b.names, b.public, b.two_way, b.public_two_way
    );
    let lost = c.before.counts.lost + c.after.counts.lost;
    if lost > 0 {
        let _ = writeln!(text, "{lost} packets belong to flows beyond what is kept");
    }
    text
}

fn paint(on: bool, color: &str, text: &str) -> String {
    match on {
        true => format!("{color}{text}{RESET}"),
        false => text.to_owned(),
    }
}
