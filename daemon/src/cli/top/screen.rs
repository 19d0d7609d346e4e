//! The terminal: pictures onto it, keys from it.
//!
//! A thread of its own asks the daemon, so that a slow one does not keep `q` waiting.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use fogline::control::ClientError;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::sampler::{Picture, Sampler, Wish};
use super::view::{View, rows_in};

/// How long a picture may wait for being shown.
const TICK: Duration = Duration::from_millis(50);

/// Shows pictures until the user has seen enough.
pub fn run(mut sampler: Sampler, mut wish: Wish, interval: Duration) -> anyhow::Result<()> {
    let mut terminal = ratatui::try_init()?;
    wish.rows = rows_in(terminal.size()?.height);
    let first = sampler.picture(&wish);
    let ended = first
        .map_err(anyhow::Error::from)
        .and_then(|picture| Screen::new(sampler, picture, interval).show(&mut terminal));
    ratatui::try_restore()?;
    ended
}

struct Screen {
    picture: Picture,
    wish: Wish,
    wishes: Sender<Wish>,
    pictures: Receiver<Result<Picture, ClientError>>,
}

impl Screen {
    fn new(sampler: Sampler, picture: Picture, interval: Duration) -> Self {
        let (wishes, wished) = channel();
        let (show, pictures) = channel();
        let wish = picture.wish;
        // It ends when nobody wishes for anything any more, or with the program.
        thread::spawn(move || paint(sampler, wish, interval, &wished, &show));
        Self {
            picture,
            wish,
            wishes,
            pictures,
        }
    }

    fn show(mut self, terminal: &mut DefaultTerminal) -> anyhow::Result<()> {
        let color = crate::cli::use_color();
        loop {
            while let Ok(picture) = self.pictures.try_recv() {
                self.picture = picture?;
            }
            terminal.draw(|frame| {
                let view = View {
                    picture: &self.picture,
                    color,
                    keys: true,
                };
                frame.render_widget(&view, frame.area());
            })?;
            if event::poll(TICK)? {
                let asked = self.wish;
                match event::read()? {
                    Event::Key(key) if is_quit(&key) => return Ok(()),
                    Event::Key(key) if key.kind != KeyEventKind::Release => {
                        self.wish = next_wish(asked, key.code, self.picture.sessions);
                    }
                    Event::Resize(_, height) => self.wish.rows = rows_in(height),
                    _ => {}
                }
                // With the painter gone, the reason for it is the next picture.
                if self.wish != asked {
                    let _ = self.wishes.send(self.wish);
                }
            }
        }
    }
}

fn is_quit(key: &KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
        || control && key.code == KeyCode::Char('c')
}

/// What a key makes of a wish, where there are `sessions` to scroll through.
fn next_wish(wish: Wish, key: KeyCode, sessions: usize) -> Wish {
    let last = sessions.saturating_sub(wish.rows);
    let page = wish.rows.max(1);
    let to = |offset: usize| Wish {
        offset: offset.min(last),
        ..wish
    };
    match key {
        KeyCode::Up => to(wish.offset.saturating_sub(1)),
        KeyCode::Down => to(wish.offset.saturating_add(1)),
        KeyCode::PageUp => to(wish.offset.saturating_sub(page)),
        KeyCode::PageDown => to(wish.offset.saturating_add(page)),
        KeyCode::Home => to(0),
        KeyCode::End => to(last),
        KeyCode::Char('s') => Wish {
            order: wish.order.next(),
            ..to(0)
        },
        KeyCode::Char('c') => Wish {
            in_clear: !wish.in_clear,
            ..to(0)
        },
        _ => wish,
    }
}

/// Makes a picture each interval, and at once when something else is wished for.
fn paint(
    mut sampler: Sampler,
    mut wish: Wish,
    interval: Duration,
    wished: &Receiver<Wish>,
    show: &Sender<Result<Picture, ClientError>>,
) {
    let mut due = Instant::now() + interval;
    loop {
        let left = due.saturating_duration_since(Instant::now());
        let sample = match wished.recv_timeout(left) {
            // Who holds an arrow key down wants to be where it ends.
            Ok(first) => {
                let latest = wished.try_iter().last().unwrap_or(first);
                let other = latest.in_clear != wish.in_clear;
                wish = latest;
                other
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let sampled = if sample {
            due = Instant::now() + interval;
            sampler.sample(wish.in_clear)
        } else {
            Ok(())
        };
        let picture = sampled.and_then(|()| sampler.picture(&wish));
        let failed = picture.is_err();
        if show.send(picture).is_err() || failed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::Order;
    use super::*;

    const WISH: Wish = Wish {
        order: Order::Rate,
        in_clear: false,
        offset: 5,
        rows: 10,
    };

    fn offset_after(key: KeyCode) -> usize {
        next_wish(WISH, key, 100).offset
    }

    #[test]
    fn arrows_and_page_keys_scroll_and_stop_at_the_ends() {
        assert_eq!(offset_after(KeyCode::Up), 4);
        assert_eq!(offset_after(KeyCode::Down), 6);
        assert_eq!(offset_after(KeyCode::PageUp), 0);
        assert_eq!(offset_after(KeyCode::PageDown), 15);
        assert_eq!(offset_after(KeyCode::Home), 0);
        assert_eq!(offset_after(KeyCode::End), 90);
        let end = next_wish(WISH, KeyCode::End, 100);
        assert_eq!(next_wish(end, KeyCode::PageDown, 100), end);
        assert_eq!(next_wish(WISH, KeyCode::Down, 3).offset, 0);
    }

    #[test]
    fn s_sorts_and_c_shows_those_in_clear() {
        let sorted = next_wish(WISH, KeyCode::Char('s'), 100);
        assert_eq!((sorted.order, sorted.offset), (Order::Sent, 0));
        let clear = next_wish(WISH, KeyCode::Char('c'), 100);
        assert_eq!((clear.in_clear, clear.offset), (true, 0));
        assert!(!next_wish(clear, KeyCode::Char('c'), 100).in_clear);
        assert_eq!(next_wish(WISH, KeyCode::Char('x'), 100), WISH);
    }

    #[test]
    fn q_escape_and_control_c_end_it() {
        let key = |code, modifiers| KeyEvent::new(code, modifiers);
        assert!(is_quit(&key(KeyCode::Char('q'), KeyModifiers::NONE)));
        assert!(is_quit(&key(KeyCode::Esc, KeyModifiers::NONE)));
        assert!(is_quit(&key(KeyCode::Char('c'), KeyModifiers::CONTROL)));
        assert!(!is_quit(&key(KeyCode::Char('c'), KeyModifiers::NONE)));
    }
}
