//! The stream modules' Verilog against models of a few lines: random frames, idle cycles and back-pressure.

mod align;
mod apply;
mod egress;
mod fifo;
mod ingress;
mod wires;
