#!/bin/sh
# Builds the Internet-Draft to text and HTML, beside its source.
#
#   build.sh            build
#   build.sh --check    build into a temporary directory; fail, with a diff, where the committed text differs
#
# The first run installs a pinned xml2rfc into a virtual environment outside the tree. Building itself uses no network.
set -eu

version=3.34.1
name=draft-fogline-ppp-header-scrambling
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/fogline/xml2rfc
xml2rfc=$venv/bin/xml2rfc

check=false
case "$#:${1-}" in
    0:) ;;
    1:--check) check=true ;;
    *) echo "usage: build.sh [--check]" >&2; exit 2 ;;
esac

if ! "$xml2rfc" --version 2>/dev/null | grep -qx "xml2rfc $version"; then
    echo "build.sh: installing xml2rfc $version into $venv" >&2
    rm -rf -- "$venv"
    mkdir -p -- "$(dirname -- "$venv")"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "xml2rfc==$version"
fi

out=$(mktemp -d "${TMPDIR:-/tmp}/fogline-spec.XXXXXX")
trap 'rm -rf -- "$out"' EXIT
trap 'exit 1' HUP INT TERM
cp -- "$here/$name.xml" "$out/"

# Run beside the copy, so that no path of this machine is in messages or output.
log=$out/log
status=0
(
    cd -- "$out"
    "$xml2rfc" --skip-config-files --no-network --cache "$out/cache" --text --html "$name.xml"
) >"$log" 2>&1 || status=$?
if [ "$status" -ne 0 ] || grep -Eq '(Warning|Error):' "$log"; then
    cat -- "$log" >&2
    echo "build.sh: xml2rfc found fault with $name.xml" >&2
    exit 1
fi
if awk 'length > 72 { print FILENAME ":" FNR ": longer than 72 columns"; bad = 1 } END { exit !bad }' "$out/$name.txt" >&2
then
    exit 1
fi

if $check; then
    diff -u -- "$here/$name.txt" "$out/$name.txt" || {
        echo "build.sh: $name.txt is not what $name.xml builds to; run build.sh and commit" >&2
        exit 1
    }
else
    cp -- "$out/$name.txt" "$out/$name.html" "$here/"
fi
