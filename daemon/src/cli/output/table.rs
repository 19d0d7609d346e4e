//! Tables that fit the terminal.

use std::borrow::Cow;

use fogline::control::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Style, Tone};

const GAP: usize = 2;

/// What stands for the rest of a text.
const CUT: char = '~';

/// On which side a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What is above it.
    pub title: &'static str,
    /// On which side its text stands.
    pub align: Align,
    /// The most columns it may be narrowed to where there is no room; text beyond is cut.
    pub narrow: usize,
    /// The lower, the sooner the column is left out where there is no room. 0 never is.
    pub keep: u8,
}

/// What stands in one field.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Text fit to be printed, in a tone.
    pub fn toned(text: impl AsRef<str>, tone: Tone) -> Self {
        Self {
            text: printable(text.as_ref()).into_owned(),
            tone,
        }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// A table.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; it has as many cells as there are columns.
    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    /// The table as text.
    pub fn render(&self, style: &Style) -> String {
        let widths = self.widths(style.width.unwrap_or(usize::MAX));
        let titles: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::toned(column.title, Tone::Title))
            .collect();
        let mut text = String::new();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let line = self.line(row, &widths, style.color);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Each column's width; `None` for one left out.
    fn widths(&self, room: usize) -> Vec<Option<usize>> {
        let natural = |n: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(n));
            let widest = cells.map(|cell| cell.text.width()).max();
            widest.unwrap_or(0).max(self.columns[n].title.width())
        };
        let mut widths: Vec<_> = (0..self.columns.len()).map(natural).map(Some).collect();
        loop {
            let over = total(&widths).saturating_sub(room);
            if over == 0 {
                return widths;
            }
            let spare: usize = (0..widths.len()).map(|n| self.spare(n, &widths)).sum();
            if spare >= over {
                self.narrow(&mut widths, over);
                return widths;
            }
            let shown = (0..widths.len()).filter(|n| widths[*n].is_some());
            let droppable = shown.filter(|n| self.columns[*n].keep > 0);
            match droppable.min_by_key(|n| self.columns[*n].keep) {
                Some(n) => widths[n] = None,
                None => {
                    self.narrow(&mut widths, spare);
                    return widths;
                }
            }
        }
    }

    /// By how much a column can be narrowed.
    fn spare(&self, n: usize, widths: &[Option<usize>]) -> usize {
        widths[n].map_or(0, |width| width.saturating_sub(self.columns[n].narrow))
    }

    /// Takes `over` away, a column at a time from the one with most to spare.
    fn narrow(&self, widths: &mut [Option<usize>], over: usize) {
        for _ in 0..over {
            let widest = (0..widths.len()).max_by_key(|n| self.spare(*n, widths));
            if let Some(width) = widest.and_then(|n| widths[n].as_mut()) {
                *width = width.saturating_sub(1);
            }
        }
    }

    fn line(&self, row: &[Cell], widths: &[Option<usize>], color: bool) -> String {
        let mut line = String::new();
        for ((column, cell), width) in self.columns.iter().zip(row).zip(widths) {
            let Some(width) = *width else { continue };
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let text = cut(&cell.text, width);
            let padding = " ".repeat(width.saturating_sub(text.width()));
            let text = cell.tone.paint(&text, color);
            match column.align {
                Align::Left => line.extend([text, padding]),
                Align::Right => line.extend([padding, text]),
            }
        }
        line
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    let (columns, width) = shown.fold((0, 0), |(n, sum), width| (n + 1, sum + width));
    width + GAP * usize::saturating_sub(columns, 1)
}

/// `text` in at most `width` columns.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    let mut room = width.saturating_sub(1);
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if columns > room {
            break;
        }
        room -= columns;
        short.push(c);
    }
    short.push(CUT);
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table() -> Table {
        let column = |title, align, narrow, keep| Column {
            title,
            align,
            narrow,
            keep,
        };
        let mut table = Table::new([
            column("ID", Align::Right, 8, 0),
            column("USER", Align::Left, 6, 0),
            column("PEER", Align::Left, 15, 1),
        ]);
        table.row(["1".into(), "alice@example.net".into(), "192.0.2.1".into()]);
        table.row([
            "1048577".into(),
            Cell::toned("李四", Tone::Bad),
            "192.0.2.100".into(),
        ]);
        table
    }

    fn render(width: Option<usize>) -> String {
        table().render(&Style {
            width,
            color: false,
        })
    }

    #[test]
    fn with_room_everything_is_shown() {
        assert_eq!(
            render(None),
            "     ID  USER               PEER\n\
             \u{20}     1  alice@example.net  192.0.2.1\n\
             1048577  李四               192.0.2.100\n"
        );
    }

    #[test]
    fn with_less_room_long_texts_are_cut() {
        assert_eq!(
            render(Some(32)),
            "     ID  USER        PEER\n\
             \u{20}     1  alice@exa~  192.0.2.1\n\
             1048577  李四        192.0.2.100\n"
        );
    }

    #[test]
    fn with_little_room_columns_go() {
        assert_eq!(
            render(Some(18)),
            "     ID  USER\n\
             \u{20}     1  alice@ex~\n\
             1048577  李四\n"
        );
    }

    #[test]
    fn colours_take_no_room() {
        let text = table().render(&Style {
            width: None,
            color: true,
        });
        assert!(
            text.contains("\x1b[31m李四\x1b[0m               192.0.2.100"),
            "{text:?}"
        );
    }

    proptest! {
        #[test]
        fn any_text_fits(text in "\\PC{0,40}", width in 20usize..60) {
            let mut table = table();
            table.row([Cell::from("1"), Cell::from(&text), Cell::from(&text)]);
            let text = table.render(&Style { width: Some(width), color: false });
            prop_assert!(text.lines().all(|line| line.width() <= width), "{}", text);
        }
    }
}
