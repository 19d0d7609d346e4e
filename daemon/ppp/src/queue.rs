//! A queue that keeps no memory while it is empty: most links are idle most of the time.

use std::collections::VecDeque;

pub(crate) struct Queue<T>(VecDeque<T>);

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Queue<T> {
    pub fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    pub fn pop(&mut self) -> Option<T> {
        let item = self.0.pop_front();
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
        item
    }

    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }
}
