#!/bin/sh
# Checks the vectors against their schema, and the Rust and the Python implementation against each
# other: all vectors, and random packets made by either.
#   tests/vectors.sh FOGLINE COUNT
set -eu
fogline=$(realpath "$1")
count=$2
cd "$(dirname "$0")/.."

venv=${XDG_CACHE_HOME:-$HOME/.cache}/fogline/vectors
if ! "$venv/bin/python" -c 'import jsonschema' 2>/dev/null; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check 'jsonschema==4.25.1'
fi
"$venv/bin/python" - spec/vectors/*.json <<'PYTHON'
import json, sys
from jsonschema import Draft202012Validator

files = {path: json.load(open(path)) for path in sys.argv[1:]}
schema = files.pop("spec/vectors/schema.json")
Draft202012Validator.check_schema(schema)
errors = [f"{path}: {error.json_path}: {error.message}"
          for path, file in files.items()
          for error in Draft202012Validator(schema).iter_errors(file)]
print("\n".join(errors[:20]), file=sys.stderr, end="")
assert len(files) == 4, "all four files of vectors are there"
sys.exit(bool(errors))
PYTHON

python=spec/vectors/python
files="spec/vectors/negotiation.json spec/vectors/decoy.json spec/vectors/header.json spec/vectors/full.json"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# shellcheck disable=SC2086 # a list of files
"$fogline" vectors verify $files
# shellcheck disable=SC2086
python3 "$python/verify.py" $files
python3 -m unittest discover -s "$python/tests" -t "$python"

# Packets that Rust made, checked by Python; and the other way round. Two at a time: it is slow.
half=$((count / 2))
"$fogline" vectors random --count "$half" --seed 1 > "$tmp/one"
"$fogline" vectors random --count "$half" --seed 2 > "$tmp/two"
python3 "$python/verify.py" "$tmp/one" & first=$!
python3 "$python/verify.py" "$tmp/two"
wait "$first"
python3 "$python/random_vectors.py" --count "$half" --seed 3 > "$tmp/three" & first=$!
python3 "$python/random_vectors.py" --count "$half" --seed 4 > "$tmp/four"
wait "$first"
"$fogline" vectors verify "$tmp/three" "$tmp/four"
echo "Rust and Python agree on all vectors, and on $((2 * half)) random packets made by either"
