#!/bin/sh
# Runs every fuzz target for some seconds. Needs nightly Rust; installs cargo-fuzz.
#   tests/fuzz.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/fuzz"
seconds=$1
shift
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list)
for target; do
    echo "fuzzing $target for $seconds s"
    cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=1024 \
        -timeout=10 -verbosity=0 -print_final_stats=1
done
