//! The FIFO keeps what it gets, in order, at one a cycle.

use crate::wires::{Random, Sink, Source, reset};
use anyhow::Result;
use fogline_hdl::emit::verilog;
use fogline_hdl::streams::fifo::{Fifo, LATENCY};
use fogline_sim::verilated::Model;
use rust_hdl::prelude::Bits;

fn run(count: usize, idle: usize, busy: usize) -> Result<usize> {
    let text = verilog(Fifo::<Bits<32>, 3>::default(), "fifo");
    let mut model = Model::build(&text, "fifo")?;
    reset(&mut model);
    let mut random = Random(1);
    let mut source = Source::new(&model, "s_valid", "s_ready", &["s_data"]);
    let mut sink = Sink::new(&model, "m_valid", Some("m_ready"), &["m_data"]);
    (source.idle, sink.busy) = (idle, busy);
    source.queue = (0..count as u32).map(|i| vec![vec![i]]).collect();
    let (mut cycles, mut taken) = (0, 0);
    while taken < count {
        source.drive(&mut model, &mut random);
        sink.drive(&mut model, &mut random);
        model.eval();
        assert_eq!(model.get("level") as usize, source.taken - taken);
        source.settle(&model);
        sink.settle(&model);
        while let Some(data) = sink.got.pop_front() {
            assert_eq!(data[0][0] as usize, taken);
            taken += 1;
        }
        model.tick();
        cycles += 1;
        assert!(cycles < 100 * count + 100, "stuck");
    }
    Ok(cycles)
}

#[test]
fn order_and_throughput() -> Result<()> {
    assert_eq!(run(1_000_000, 0, 0)?, 1_000_000 + LATENCY);
    for (idle, busy) in [(50, 50), (90, 10), (10, 90), (0, 30), (30, 0)] {
        run(200_000, idle, busy)?;
    }
    Ok(())
}
