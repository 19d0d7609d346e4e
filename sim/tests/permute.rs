//! DECOY's permutations under Verilator, against packets that the reference scrambled.

#![allow(clippy::unwrap_used)]

mod permutation;

use fogline_hdl::emit::verilog;
use fogline_hdl::permute::Permute100;
use fogline_hdl::records::Scramble;
use fogline_sim::record::Record;
use fogline_sim::verilated::Model;
use permutation::{Case, Random};
use rust_hdl::prelude::Block;
use std::collections::VecDeque;

/// The record of a case as its port has it, by name: what [`Case::plain`] packs by hand.
#[test]
fn cases_are_packed_as_the_record_is() {
    let mut random = Random(1);
    for _ in 0..100 {
        let case = Case::random(&mut random);
        let record = Record::<Scramble>::from_words(&case.plain);
        let fields: Vec<u8> = record.bytes("prp");
        assert_eq!(fields, case.prp);
        assert_eq!(record.get("n"), case.n as u64);
        assert_eq!(record.get("active"), 1);
        assert_eq!(record.get("next"), u64::from(case.protocol));
        assert_eq!(record.bytes("t"), case.t);
        assert_eq!(record.bytes("block")[case.n..], [0; 32][case.n..]);
    }
}

/// The Verilog of what `make` makes: unrolled blocks are too large for a test's stack.
fn emitted<U: Block>(make: impl FnOnce() -> U + Send + 'static, top: &'static str) -> String {
    let emit = move || verilog(make(), top);
    let thread = std::thread::Builder::new().stack_size(256 << 20);
    thread.spawn(emit).unwrap().join().unwrap()
}

/// Every record comes out of the pipeline as the reference has it, at the time that it should.
fn pipeline(receive: bool, records: usize) {
    let top = if receive {
        "permute100_rx"
    } else {
        "permute100_tx"
    };
    let mut model = Model::build(&emitted(move || Permute100::new(receive), top), top).unwrap();
    let (s_valid, s) = (model.input("s_valid"), model.input("s"));
    let (m_valid, m) = (model.output("m_valid"), model.output("m"));
    let mut random = Random(2);
    let mut waiting = VecDeque::new();
    let mut is = [0; Case::WORDS];
    let mut done = 0;
    while done < records {
        let (from, into) = Case::random(&mut random).step(receive, &mut random);
        let valid = done > records / 2 || random.below(4) != 0;
        model.set_at(s_valid, u64::from(valid));
        model.set_wide_at(s, &from);
        waiting.push_back(valid.then_some((from, into)));
        model.tick();
        if waiting.len() == Permute100::LATENCY {
            let expected = waiting.pop_front().unwrap();
            assert_eq!(model.get_at(m_valid) == 1, expected.is_some());
            if let Some((from, into)) = expected {
                model.get_wide_at(m, &mut is);
                permutation::same(&from, &is, &into);
                done += 1;
            }
        }
    }
}

#[test]
fn the_pipeline_towards_the_line_is_the_reference() {
    pipeline(false, 200_000);
}

#[test]
fn the_pipeline_from_the_line_is_the_reference() {
    pipeline(true, 200_000);
}
