//! The keys of the live view: in its mode the terminal sends ctrl-c as a key, not as a signal.

use std::io;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};

use crate::commands::interrupt::interrupt;

/// Waits for `patience`, or until a key or a new size of the terminal asks for a frame, and does what is asked.
pub fn obey(patience: Duration) -> io::Result<()> {
    let until = Instant::now() + patience;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if !poll(left)? {
            return Ok(());
        }
        match read()? {
            Event::Key(key) if asks_to_stop(&key) => {
                interrupt();
                return Ok(());
            }
            Event::Resize(..) => return Ok(()),
            _ => {}
        }
    }
}

fn asks_to_stop(key: &KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let asked = match key.code {
        KeyCode::Char('c' | 'C') => control,
        KeyCode::Char('q' | 'Q') => !control,
        _ => false,
    };
    asked && key.kind == KeyEventKind::Press
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_and_ctrl_c_stop_and_their_neighbors_do_not() {
        let cases = [
            ('q', KeyModifiers::NONE, true),
            ('Q', KeyModifiers::SHIFT, true),
            ('c', KeyModifiers::CONTROL, true),
            ('c', KeyModifiers::NONE, false),
            ('q', KeyModifiers::CONTROL, false),
            ('z', KeyModifiers::CONTROL, false),
        ];
        for (key, modifiers, stops) in cases {
            let event = KeyEvent::new(KeyCode::Char(key), modifiers);
            assert_eq!(asks_to_stop(&event), stops, "{modifiers:?} {key}");
        }
        let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert!(!asks_to_stop(&released));
    }
}
