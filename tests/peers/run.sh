#!/bin/sh
# Real peers against fogline: Debian's pppd and xl2tpd in a QEMU guest, and l2tpns, as subscribers and as
# access servers. As root on Debian 12.
#   tests/peers/run.sh [CASE...]       names or patterns of cases.txt ('stock-*'); all by default
#   tests/peers/run.sh --list
# FOGLINE: the program (target/release/fogline). FOGLINE_TEST_CACHE: where unpacked packages are kept.
# FOGLINE_TEST_KEEP: a directory for logs and a capture of the backhaul.
# Exit status: 0 all cases hold, 1 some do not, 77 none fails but some were skipped.
set -eu
here=$(dirname "$(realpath "$0")")
cache=${FOGLINE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fogline-tests}
program=${FOGLINE:-$here/../../target/release/fogline}
export PYTHONDONTWRITEBYTECODE=1

if [ "${1:-}" = --list ]; then
    exec python3 "$here/peers.py" --list
fi
[ "$(id -u)" -eq 0 ] || { echo "run.sh: must be root: it makes network namespaces" >&2; exit 2; }

if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "SKIPPED, all cases: the stock peers' packages and kernel are taken for amd64 only" >&2
    exit 77
fi

missing=
for pair in qemu-system-x86_64:qemu-system-x86 ip:iproute2 unshare:util-linux python3:python3 tcpdump:tcpdump sysctl:procps; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ] || [ -z "$(apt-cache policy linux-image-amd64 2>/dev/null)" ]; then
    apt-get update -q >&2
    # What cannot be had is told below, by what it makes impossible.
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2 ||
        echo "run.sh: apt-get could not install:$missing" >&2
fi

judged=$(python3 "$here/selftest.py" 2>&1) || { echo "$judged" >&2; exit 1; }

pieces=$("$here/build.sh" "$cache")
scratch=$(mktemp -d)
child=
clean_up() {
    # Everything else lives in the child's namespaces, and ends with it.
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
    [ -z "$child" ] || wait "$child" 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

unshare --net --mount --pid --fork --kill-child --mount-proc \
    python3 "$here/peers.py" --pieces "$pieces" --scratch "$scratch" --fogline "$(realpath -m "$program")" \
    ${FOGLINE_TEST_KEEP:+--keep "$(realpath -m "$FOGLINE_TEST_KEEP")"} -- "$@" &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
