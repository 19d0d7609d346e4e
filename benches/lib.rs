//! Benchmarks: `cargo bench -p fogline-benches`. Compare figures of one run only.
