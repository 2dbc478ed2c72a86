#!/bin/bash
# Measures what quern promises, side by side with rivals in one run. Makes its data once, in build/bench-data. Ends with 1 if
# a promise is not kept.
#
#   ./bench.sh                every row
#   ./bench.sh quick          every row, with an eighth of the data
#   ./bench.sh [quick] ROW... these rows only
#   ./bench.sh --list         which rows there are
#
# QUERN=path measures another binary than build/release/quern.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

if [[ " $* " != *" --list "* && " $* " != *" --help "* ]]; then
  tools/set_up bench
  if [[ -z ${QUERN:-} ]]; then
    if [[ ! -e build/release/CMakeCache.txt ]]; then
      cmake --preset release -DQUERN_TESTS=OFF >/dev/null
    fi
    cmake --build --preset release --target quern
  fi
fi
exec python3 -B bench/bench.py "$@"
