#!/bin/sh
# The program on captures, seen by the built-in engine, tshark and nDPI: after scrambling nothing true
# is left within full coverage, and restoring gives every byte back.
#   tests/privacy.sh FOGLINE [CAPTURE...]     (default: the built-in capture)
set -eu
fogline=$(realpath "$1")
shift
here=$(dirname "$(realpath "$0")")
[ $# -gt 0 ] || set -- "$here/capture/household.pcap"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Four bytes of an address occur by chance in one run of 200 or so: with fixed keys a run that finds
# nothing finds nothing again.
printf '%064d\n%064d\n' 1 2 > "$tmp/secrets"

for capture; do
    for encap in l2tp 'pppoe --vlan 100 --vlan 7'; do
        # shellcheck disable=SC2086 # options
        "$fogline" pcap wrap "$capture" "$tmp/before" --encap $encap 2>"$tmp/log"
        for transform in decoy header full; do
            for carrier in natural lcp; do
                "$fogline" pcap scramble "$tmp/before" "$tmp/after" --transform "$transform" \
                    --coverage all --carrier "$carrier" --keylog "$tmp/keys" \
                    --secrets "$tmp/secrets" 2>>"$tmp/log"
                "$fogline" pcap restore "$tmp/after" "$tmp/restored" --keylog "$tmp/keys" 2>>"$tmp/log"
                cmp "$tmp/before" "$tmp/restored"
                for engine in builtin tshark ndpi; do
                    "$fogline" report "$tmp/before" "$tmp/after" --engine "$engine" --json > "$tmp/report"
                    python3 "$here/nothing_left.py" "$tmp/report" \
                        "$(basename "$capture"), ${encap%% *}, $transform, carrier $carrier, $engine"
                done
                rm "$tmp/keys"
            done
        done
    done
done
