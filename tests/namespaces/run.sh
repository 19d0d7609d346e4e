#!/bin/sh
# `fogline lns` and `fogline client` in network namespaces, with a carrier between them that captures everything.
# As root on Debian 12.
#   tests/namespaces/run.sh [CASE...]       names or patterns ('privacy-*'); all by default
#   tests/namespaces/run.sh --list
# FOGLINE: the program (target/release/fogline). FOGLINE_TEST_KEEP: a directory that gets configurations, logs and captures.
# Exit status: 0 all cases hold, 1 some do not, 2 it cannot begin, 77 none fails but some were skipped.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath -m "${FOGLINE:-$here/../../target/release/fogline}")
export PYTHONDONTWRITEBYTECODE=1

if [ "${1:-}" = --list ]; then
    exec python3 "$here/runner.py" --list
fi
[ "$(id -u)" -eq 0 ] || { echo "run.sh: must be root: it makes network namespaces" >&2; exit 2; }
[ -x "$program" ] || { echo "run.sh: no $program: cargo build --release -p fogline, or set FOGLINE" >&2; exit 2; }
[ -c /dev/net/tun ] || { echo "run.sh: no /dev/net/tun" >&2; exit 2; }

missing=
for pair in ip:iproute2 unshare:util-linux python3:python3 ping:iputils-ping tcpdump:tcpdump nft:nftables \
    openssl:openssl tshark:tshark ndpiReader:libndpi-bin sysctl:procps; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
    apt-get update -q >&2
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2
fi

scratch=$(mktemp -d)
# Programs that gave up root write there, too.
chmod 755 "$scratch"
child=
clean_up() {
    # Everything else lives in the child's namespaces, and ends with it.
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
    [ -z "$child" ] || wait "$child" 2>/dev/null || true
    if [ -n "${FOGLINE_TEST_KEEP:-}" ]; then
        mkdir -p "$FOGLINE_TEST_KEEP"
        cp -r "$scratch/." "$FOGLINE_TEST_KEEP/" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

unshare --net --mount --pid --fork --kill-child --mount-proc \
    python3 "$here/runner.py" --scratch "$scratch" --fogline "$program" -- "$@" &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
