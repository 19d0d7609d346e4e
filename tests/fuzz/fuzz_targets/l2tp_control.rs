#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fogline_tests::l2tp_control(bytes));
