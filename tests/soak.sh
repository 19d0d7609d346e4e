#!/bin/sh
# A soak: `fogline lns` under the load of `fogline load`, with traffic, churn and short rekey intervals. As root on
# Linux; both run in a network namespace of their own, over loopback, and leave nothing behind.
#   tests/soak.sh                    10,000 sessions for 10 minutes
#   tests/soak.sh --short            500 sessions for 20 seconds: what ./test runs
#   tests/soak.sh --sessions N --duration SECONDS ...    see soak/soak.py --help
# FOGLINE: the program (target/release/fogline).
# Exit status: 0 if no session failed or fell, the server's memory and descriptors stay as they were after the ramp, and
# its end is clean; 1 if not; 77 if it cannot run here.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath -m "${FOGLINE:-$here/../target/release/fogline}")
export PYTHONDONTWRITEBYTECODE=1

[ "$(id -u)" -eq 0 ] || { echo "soak.sh: SKIPPED: must be root: it makes a network namespace" >&2; exit 77; }
[ -c /dev/net/tun ] || { echo "soak.sh: SKIPPED: there is no /dev/net/tun" >&2; exit 77; }
[ -x "$program" ] || { echo "soak.sh: $program does not exist: cargo build --release -p fogline" >&2; exit 2; }
for command in unshare ip sysctl python3; do
    command -v "$command" >/dev/null || { echo "soak.sh: $command is missing" >&2; exit 2; }
done

exec unshare --net --mount --pid --fork --kill-child --mount-proc \
    python3 "$here/soak/soak.py" --fogline "$program" "$@"
