#!/bin/bash
# Builds quern, makes a sample of telemetry-like pings, and counts the operating systems in it. Works from any folder; a
# second run downloads nothing, and builds and makes only what has changed.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

step() { printf '\n== %s\n' "$*" >&2; }

step "what this machine needs"
tools/set_up demo

step "building quern"
if [[ ! -e build/release/CMakeCache.txt ]]; then
  cmake --preset release -DQUERN_TESTS=OFF >/dev/null  # the tests need more packages than the program
fi
cmake --build --preset release --target quern

step "making a sample in demo/data"
tools/make_corpus demo/data --files 36 --bytes 48MB --seed 2014

step "quern run examples/os-count --input demo/data --set output=demo/result.txt"
build/release/quern run examples/os-count --input demo/data --set output=demo/result.txt

step "demo/result.txt"
cat demo/result.txt
