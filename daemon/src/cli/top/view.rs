//! What a picture looks like.

use std::time::Duration;

use fogline::control::model::{Protection, Session, SessionState, Status, Timestamp};
use fogline::control::printable;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table, Widget};
use unicode_width::UnicodeWidthStr;

use super::super::output::units;
use super::super::status::about;
use super::rates::Rate;
use super::sampler::Picture;

/// Lines above the table.
const HEAD: u16 = 4;

/// The table's titles.
const TITLES: u16 = 1;

/// A line below.
const FOOT: u16 = 1;

/// A picture, and how to show it.
#[derive(Debug)]
pub struct View<'a> {
    /// What there is to be seen.
    pub picture: &'a Picture,
    /// Whether colours are wanted.
    pub color: bool,
    /// Whether there are keys to press, and a line to say which.
    pub keys: bool,
}

/// How many sessions fit a terminal of `height` lines.
pub fn rows_in(height: u16) -> usize {
    height.saturating_sub(HEAD + TITLES + FOOT).into()
}

impl Widget for &View<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let foot = if self.keys { FOOT } else { 0 };
        let parts = [
            Constraint::Length(HEAD),
            Constraint::Fill(1),
            Constraint::Length(foot),
        ];
        let [head, table, foot] = Layout::vertical(parts).areas(area);
        for (line, row) in self.head().into_iter().zip(head.rows()) {
            line.render(row, buffer);
        }
        self.table(table.width).render(table, buffer);
        if self.keys {
            self.foot().render(foot, buffer);
        }
    }
}

impl View<'_> {
    /// The picture as plain text.
    pub fn text(&self, width: usize) -> String {
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        let rows = u16::try_from(self.picture.rows.len()).unwrap_or(u16::MAX);
        let area = Rect::new(0, 0, width, rows.saturating_add(HEAD + TITLES));
        let mut buffer = Buffer::empty(area);
        self.render(area, &mut buffer);
        let mut text = String::new();
        for y in area.rows().map(|row| row.y) {
            let mut line = String::new();
            let mut hidden = 0;
            for x in 0..area.width {
                let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
                // A wide character stands in one cell and covers the next.
                if hidden == 0 {
                    line.push_str(symbol);
                    hidden = symbol.width().saturating_sub(1);
                } else {
                    hidden -= 1;
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn head(&self) -> [Line<'_>; HEAD as usize] {
        let Picture {
            status,
            sent,
            received,
            ..
        } = self.picture;
        let up = units::count(status.sessions_in(SessionState::Up));
        let uptime = units::age(Duration::from_secs(status.uptime_seconds));
        let daemon = format!(
            "fogline {} {}, up {uptime}  sessions {}, {up} up  tunnels {}",
            status.version,
            status.mode,
            units::count(status.session_total()),
            units::count(status.tunnels.established),
        );
        let drops = status
            .drops
            .values()
            .fold(0, |sum: u64, n| sum.saturating_add(*n));
        let traffic = format!(
            "sent {}  received {}  dropped {} packets  rekeys {}",
            rate(*sent),
            rate(*received),
            units::count(drops),
            units::count(status.rekeys),
        );
        [
            Line::styled(daemon, self.bold()),
            Line::raw(traffic),
            self.shares(status),
            self.alarm(status),
        ]
    }

    /// How sessions that are up are scrambled.
    fn shares(&self, status: &Status) -> Line<'_> {
        let up = Protection::ALL.map(|protection| (protection, status.up_with(protection)));
        let total = up.iter().fold(0, |sum: u64, (_, n)| sum.saturating_add(*n));
        let mut spans = vec![Span::raw("scrambling")];
        for (protection, sessions) in up.into_iter().rev().filter(|(_, n)| *n > 0) {
            let share = 100.0 * sessions as f64 / total as f64;
            let text = format!("  {protection} {} ({share:.1} %)", units::count(sessions));
            spans.push(Span::styled(text, self.tone(protection)));
        }
        if total == 0 {
            spans.push(Span::raw("  no session is up"));
        }
        Line::from(spans)
    }

    fn alarm(&self, status: &Status) -> Line<'_> {
        let Some(last) = status.alarms.last() else {
            return Line::raw("alarms none");
        };
        let raised = units::count(status.alarms_raised);
        let text = format!("alarms {raised}, the last {}", printable(&about(last)));
        Line::styled(text, self.in_color(Color::Red))
    }

    fn table(&self, width: u16) -> Table<'_> {
        let now = Timestamp::now();
        let rows = self.picture.rows.iter();
        let rows = rows.map(|(session, rate)| self.row(session, rate, now));
        let mut widths = vec![
            Constraint::Length(10),
            Constraint::Fill(1),
            Constraint::Length(8),
            Constraint::Length(13),
            Constraint::Length(11),
            Constraint::Length(11),
            Constraint::Length(8),
        ];
        let mut titles = vec![
            "ID",
            "USER",
            "AGE",
            "SCRAMBLING",
            "SENT",
            "RECEIVED",
            "TOTAL",
        ];
        if width >= WIDE {
            widths.push(Constraint::Length(15));
            titles.push("IPV4");
            widths.push(Constraint::Length(21));
            titles.push("PEER");
        }
        Table::new(rows, widths)
            .header(Row::new(titles).style(self.bold()))
            .column_spacing(1)
    }

    fn row(&self, session: &Session, carried: &Rate, now: Timestamp) -> Row<'_> {
        let protection = session.scrambling.protection();
        let scrambling = match session.state {
            SessionState::Up => Cell::new(protection.word()).style(self.tone(protection)),
            state => Cell::new(state.word()),
        };
        let ipv4 = session.ipv4.map(|ipv4| ipv4.remote.to_string());
        Row::new([
            Cell::new(session.id.to_string()),
            Cell::new(printable(&session.user).into_owned()),
            Cell::new(units::age(session.since.age(now))),
            scrambling,
            Cell::new(rate(carried.sent)),
            Cell::new(rate(carried.received)),
            Cell::new(units::bytes(carried.bytes)),
            Cell::new(ipv4.unwrap_or_default()),
            Cell::new(session.peer.to_string()),
        ])
    }

    fn foot(&self) -> Line<'_> {
        let Picture {
            wish,
            sessions,
            rows,
            ..
        } = self.picture;
        let first = if rows.is_empty() { 0 } else { wish.offset + 1 };
        let last = wish.offset + rows.len();
        let order = wish.order.word();
        let clear = if wish.in_clear {
            "all"
        } else {
            "only in clear"
        };
        let text = format!(
            "{first}-{last} of {sessions}  q quit  arrows scroll  s sorted by {order}  c {clear}"
        );
        Line::styled(text, self.bold())
    }

    fn bold(&self) -> Style {
        if self.color {
            Style::new().add_modifier(Modifier::BOLD)
        } else {
            Style::new()
        }
    }

    fn tone(&self, protection: Protection) -> Style {
        match protection {
            Protection::Undecided => Style::new(),
            Protection::Clear => self.in_color(Color::Yellow),
            Protection::Decoy | Protection::Header | Protection::Full => {
                self.in_color(Color::Green)
            }
        }
    }

    fn in_color(&self, color: Color) -> Style {
        if self.color {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }
}

/// Columns from which on addresses are shown, too.
const WIDE: u16 = 120;

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".into(), units::rate)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::super::order::Order;
    use super::super::sampler::Wish;
    use super::*;

    fn session(index: u32, clear: bool) -> (Session, Rate) {
        let id = fogline::control::model::SessionId::new(index, 0).unwrap();
        let direction = json!({"transform": "full", "coverage": "all", "carrier": "natural"});
        let counters = json!({
            "malformed": 0, "untimely": 0, "unexpected": 0, "bad_tags": 0,
            "after_confirmation": 0, "protocol_rejects_after_confirmation": 0,
            "rekeys_ignored": 0, "fallbacks": 0, "rekeys": 0,
        });
        let session = json!({
            "id": id, "user": format!("user{index}\u{1b}[31m"), "state": "up",
            "since": Timestamp::now(),
            "l2tp": null, "peer": "192.0.2.7:1701", "interface": "fogline0",
            "ipv4": {"local": "10.64.0.1", "remote": "10.64.1.2"}, "ipv6": null,
            "scrambling": {
                "state": if clear { "clear" } else { "confirmed" }, "why_clear": null,
                "send": direction, "receive": direction, "epoch": 0, "counters": counters,
            },
            "mtu": 1500, "mru": 1500, "echo_rtt_us": null,
            "counters": {
                "sent": {"packets": 0, "bytes": 0}, "received": {"packets": 0, "bytes": 0},
                "drops": {},
            },
            "calling_number": null, "called_number": null, "handled_by": "software",
        });
        let rate = Rate {
            id,
            sent: Some(1_500_000.0),
            received: None,
            bytes: 12_345,
        };
        (serde_json::from_value(session).unwrap(), rate)
    }

    fn picture() -> Picture {
        let status = json!({
            "version": "0.1.0", "mode": "lns", "started": "2026-11-23T10:00:00Z",
            "uptime_seconds": 125,
            "sessions": [
                {"state": "up", "scrambling": "full", "sessions": 3},
                {"state": "up", "scrambling": "clear", "sessions": 1},
            ],
            "fallbacks": {}, "tunnels": {"established": 1, "half_open": 0},
            "calls": {"offered": 2, "answered": 2, "refused": {}, "ended": {}},
            "sent": {"packets": 0, "bytes": 0}, "received": {"packets": 0, "bytes": 0},
            "drops": {"source-address": 7}, "alarms_raised": 0, "alarms": [], "rekeys": 1,
            "authentication_failures": 0, "pools": [],
            "configuration": {"file": "fogline.toml", "reload": null},
        });
        Picture {
            status: serde_json::from_value(status).unwrap(),
            sent: Some(2_500_000_000.0),
            received: None,
            sessions: 4,
            rows: vec![session(7, false), session(9, true)],
            wish: Wish {
                order: Order::Rate,
                in_clear: false,
                offset: 1,
                rows: 2,
            },
        }
    }

    fn terminal(width: u16, height: u16, color: bool) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let picture = picture();
        let view = View {
            picture: &picture,
            color,
            keys: true,
        };
        let drawn = terminal.draw(|frame| frame.render_widget(&view, frame.area()));
        drawn.unwrap();
        terminal
    }

    #[test]
    fn a_picture_of_eighty_columns() {
        terminal(80, 9, false).backend().assert_buffer_lines([
            "fogline 0.1.0 lns, up 2m 5s  sessions 4, 4 up  tunnels 1                        ",
            "sent 2.50 Gbit/s  received -  dropped 7 packets  rekeys 1                       ",
            "scrambling  full 3 (75.0 %)  clear 1 (25.0 %)                                   ",
            "alarms none                                                                     ",
            "ID         USER          AGE      SCRAMBLING    SENT        RECEIVED    TOTAL   ",
            "7          user7\\u{1b}[3 0s       full          1.50 Mbit/s -           12.3 kB ",
            "9          user9\\u{1b}[3 0s       clear         1.50 Mbit/s -           12.3 kB ",
            "                                                                                ",
            "2-3 of 4  q quit  arrows scroll  s sorted by rate  c only in clear              ",
        ]);
    }

    #[test]
    fn a_wide_terminal_shows_addresses_too() {
        let terminal = terminal(140, 9, false);
        let text = terminal.backend().to_string();
        assert!(
            text.contains("10.64.1.2") && text.contains("192.0.2.7:1701"),
            "{text}"
        );
    }

    #[test]
    fn what_is_in_clear_stands_out() {
        let terminal = terminal(80, 9, true);
        let buffer = terminal.backend().buffer();
        let color = |y| buffer.cell((34, y)).map(|cell| cell.fg);
        assert_eq!(color(5), Some(Color::Green));
        assert_eq!(color(6), Some(Color::Yellow));
    }

    #[test]
    fn the_smallest_terminal_is_no_harm() {
        for (width, height) in [(1, 1), (3, 5), (200, 2), (80, 6)] {
            terminal(width, height, true);
        }
    }

    #[test]
    fn as_text_there_are_no_keys_to_press() {
        let picture = picture();
        let view = View {
            picture: &picture,
            color: false,
            keys: false,
        };
        let text = view.text(80);
        assert_eq!(text.lines().count(), 7);
        assert!(
            text.lines()
                .all(|line| line.width() <= 80 && !line.ends_with(' ')),
            "{text}"
        );
    }
}
