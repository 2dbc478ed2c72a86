#!/bin/bash
# Measures what quern promises, side by side with the rival in one run: ./bench.sh, or ./bench.sh quick with an eighth of
# the data. Makes its data once, in build/bench-data. Ends with 1 if a promise is not kept.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

tools/set_up bench
if [[ ! -e build/release/CMakeCache.txt ]]; then
  cmake --preset release -DQUERN_TESTS=OFF >/dev/null
fi
cmake --build --preset release --target quern
exec python3 bench/bench.py "$@"
