//! Random numbers, and both ends of a handshake.

use fogline_sim::verilated::{Input, Model, Output};
use std::collections::VecDeque;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// From `range`.
    pub fn of(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + (self.next() % (range.end - range.start) as u64) as usize
    }

    /// In so many of 100 cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.of(0..100) < percent
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    /// A frame's length: mostly a few beats.
    pub fn length(&mut self, lanes: usize) -> usize {
        match self.of(0..100) {
            0..60 => self.of(1..4 * lanes + 1),
            60..97 => self.of(1..10 * lanes + 1),
            97..99 => self.of(1..1600),
            _ => self.of(1..9601),
        }
    }
}

/// Bytes as the words of a port.
pub fn words(bytes: &[u8]) -> Vec<u32> {
    let word = |chunk: &[u8]| {
        (0..)
            .zip(chunk)
            .map(|(i, byte)| u32::from(*byte) << (8 * i))
            .sum()
    };
    bytes.chunks(4).map(word).collect()
}

/// A frame as beats of `lanes` bytes; past its end `fill`.
pub fn beats(frame: &[u8], lanes: usize, mut fill: impl FnMut() -> u8) -> Vec<Vec<u32>> {
    let beat = |chunk: &[u8]| {
        let mut chunk = chunk.to_vec();
        chunk.resize_with(lanes, &mut fill);
        words(&chunk)
    };
    frame.chunks(lanes).map(beat).collect()
}

/// Offers what is queued, one word list for each data port.
pub struct Source {
    valid: Input,
    ready: Output,
    data: Vec<Input>,
    pub queue: VecDeque<Vec<Vec<u32>>>,
    offered: bool,
    /// Of 100 cycles without an offer, how many stay so.
    pub idle: usize,
    /// Taken so far.
    pub taken: usize,
}

impl Source {
    pub fn new(model: &Model, valid: &str, ready: &str, data: &[&str]) -> Self {
        Self {
            valid: model.input(valid),
            ready: model.output(ready),
            data: data.iter().map(|name| model.input(name)).collect(),
            queue: VecDeque::new(),
            offered: false,
            idle: 0,
            taken: 0,
        }
    }

    pub fn drive(&mut self, model: &mut Model, random: &mut Random) {
        if !self.offered && !self.queue.is_empty() && !random.percent(self.idle) {
            self.offered = true;
            for (port, words) in self.data.iter().zip(&self.queue[0]) {
                model.set_wide_at(*port, words);
            }
        }
        model.set_at(self.valid, self.offered.into());
    }

    pub fn settle(&mut self, model: &Model) {
        if self.offered && model.get_at(self.ready) == 1 {
            self.offered = false;
            self.taken += 1;
            self.queue.pop_front();
        }
    }
}

/// Takes what comes: one word list for each data port.
pub struct Sink {
    valid: Output,
    ready: Option<Input>,
    is_ready: bool,
    data: Vec<(Output, usize)>,
    pub got: VecDeque<Vec<Vec<u32>>>,
    held: Option<Vec<Vec<u32>>>,
    /// Of 100 cycles, in how many it is not ready.
    pub busy: usize,
}

impl Sink {
    pub fn new(model: &Model, valid: &str, ready: Option<&str>, data: &[&str]) -> Self {
        let port = |name: &&str| (model.output(name), model.bits(name).div_ceil(32));
        Self {
            valid: model.output(valid),
            ready: ready.map(|name| model.input(name)),
            is_ready: true,
            data: data.iter().map(port).collect(),
            got: VecDeque::new(),
            held: None,
            busy: 0,
        }
    }

    pub fn drive(&mut self, model: &mut Model, random: &mut Random) {
        if let Some(port) = self.ready {
            self.is_ready = !random.percent(self.busy);
            model.set_at(port, self.is_ready.into());
        }
    }

    pub fn settle(&mut self, model: &Model) {
        let valid = model.get_at(self.valid) == 1;
        assert!(valid || self.held.is_none(), "what waits is withdrawn");
        if !valid {
            return;
        }
        let read = |(port, words): &(Output, usize)| {
            let mut data = vec![0; *words];
            model.get_wide_at(*port, &mut data);
            data
        };
        let data: Vec<_> = self.data.iter().map(read).collect();
        if let Some(held) = &self.held {
            assert_eq!(*held, data, "what waits changes");
        }
        self.held = None;
        match self.is_ready {
            true => self.got.push_back(data),
            false => self.held = Some(data),
        }
    }
}

/// Reset for some cycles.
pub fn reset(model: &mut Model) {
    model.set("reset", 1u64);
    (0..4).for_each(|_| model.tick());
    model.set("reset", 0u64);
}
