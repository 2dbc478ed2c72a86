#!/bin/bash
# Sets up, builds and runs every test of quern. Works from any folder; a second run downloads nothing and builds only what
# has changed.
#
#   ./test.sh             every test: unit tests with the address sanitizer, whole-program tests with the release build
#   ./test.sh --debian13  also a build and many of the whole-program tests in a root of Debian 13; needs root
#   CI=true ./test.sh     also that, the image, and many of the whole-program tests with the address and the thread sanitizer
#   ./test.sh --all       all of that, an image that compiles quern by itself, and the unit tests of a release build that
#                         compiles every file by itself, so that each proves that it names the headers it needs; else the files
#                         of a folder are compiled together, which takes half of the time
#   ./test.sh --tidy      all of that, and clang-tidy, which takes longer than all the rest
#
# Every step says its name and its seconds and keeps what it printed in build/test-logs; the first one that fails ends the
# run and shows the end of that. The image is made only where `tools/set_up image` has been run, which continuous integration
# does: with the quern that is built already, or with --all from its sources.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

logs=build/test-logs
passed=0

step() {
  local name=$1 begin=$SECONDS log
  shift
  log=$logs/${name//[^a-z0-9]/-}.log
  printf '== %-44s ' "$name"
  if ! "$@" >"$log" 2>&1; then
    printf 'FAILED after %d s\n\n' $((SECONDS - begin))
    tail -n 80 "$log"
    printf '\n%s failed: %s (all that it printed is in %s)\n%d passed, 1 failed\n' "$name" "$*" "$log" "$passed"
    exit 1
  fi
  count_tests "$log"
  printf '%4d s%s\n' $((SECONDS - begin)) "$found"
}

# The tests that a step's log tells of: gtest's, unittest's and node's own closing lines.
count_tests() {
  local count
  count=$(sed -n -E 's/.*\[  PASSED  \] ([0-9]+) tests?\..*/\1/p; s/^Ran ([0-9]+) tests? in .*/\1/p; s/^# pass ([0-9]+)$/\1/p' "$1" |
    paste -sd+ | sed 's/^$/0/')
  count=$((count))
  passed=$((passed + count))
  found=$([[ $count == 0 ]] || printf '  %d tests' "$count")
}

build() {  # preset, target...
  local preset=$1 by_file=()
  shift
  [[ $preset == release ]] && $runs_all && by_file=(-DCMAKE_UNITY_BUILD=OFF)
  cmake --preset "$preset" "${configure[@]}" "${by_file[@]}"
  if [[ $# == 0 ]]; then
    cmake --build --preset "$preset"
  else
    cmake --build --preset "$preset" --target "$@"
  fi
}

unit_tests() {
  ctest --test-dir "build/$1" --parallel "$(nproc)" --verbose --output-on-failure --no-tests=error
}

harness_tests() {
  python3 modules/harness_test.py
}

whole_runs() {
  QUERN="$PWD/build/$1/quern" python3 tests/runs/run_all "${@:2}"
}

# Debian's tools for images may be missing on a machine where people work; continuous integration installs them.
image_tests() {
  [[ ${CI:-} != true ]] || tools/set_up image
  if $runs_all; then
    tests/image/run_all --from-source
  else
    tests/image/run_all
  fi
}

# The release of Debian that this machine has not. What makes its root is installed, because it was asked for.
debian13() {
  tools/set_up image
  # What needs most of the time says nothing more there, nor what is the same with any release's programs and libraries.
  tests/debian/run trixie --fast --release
}

bash_scripts() {
  local scripts
  mapfile -t scripts < <(git ls-files -co --exclude-standard | xargs -d "\n" awk 'FNR == 1 && /^#!\/bin\/(ba)?sh/ { print FILENAME } { nextfile }')
  shellcheck "${scripts[@]}"
}

# A build without a compiler's cache takes two cores most of the time, so that each is built where nothing else would tell.
runs_all=false
runs_debian13=false
runs_sanitized=false
case ${1:-} in
  --all | --tidy) runs_all=true ;;
  --debian13) runs_debian13=true ;;
  '') ;;
  *) printf 'usage: ./test.sh [--debian13 | --all | --tidy]\n' >&2 && exit 2 ;;
esac
if $runs_all || [[ ${CI:-} == true ]]; then
  runs_debian13=true
  runs_sanitized=true
fi

begin=$SECONDS
mkdir -p "$logs"
configure=(-DQUERN_TESTS=ON -DQUERN_WERROR=ON)
if command -v ccache >/dev/null; then
  configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
fi

step "set-up" tools/set_up test
step "layers" tools/check_layers
step "tools" tools/check_layers_test
step "format" tools/format --check
step "spelling" tools/spelling
step "shell scripts" bash_scripts
if $runs_all; then
  step "release: build" build release
  step "release: unit tests" unit_tests release
else
  step "release: build" build release quern
fi
step "modules" harness_tests
step "release: whole runs" whole_runs release
step "campaigns: drawn jobs for a minute" tests/campaigns/run --seconds 60
if [[ ${CI:-} == true ]] || tests/image/run_all --possible >"$logs/image.log" 2>&1; then
  step "image and package" image_tests
else
  printf '== %-44s left out: tools/set_up image installs what it needs (%s)\n' "image and package" "$logs/image.log"
fi
if $runs_debian13; then
  step "Debian 13: build and whole runs" debian13
else
  printf '== %-44s left out: ./test.sh --debian13 runs it, as root\n' "Debian 13"
fi
step "address sanitizer: build" build asan
step "address sanitizer: unit tests" unit_tests asan
if $runs_sanitized; then
  selection=()
  $runs_all || selection=(--bytes)
  step "address sanitizer: whole runs" whole_runs asan --fast "${selection[@]}"
else
  printf '== %-44s left out: ./test.sh --all runs them\n' "address sanitizer: whole runs"
fi
step "fuzz targets: a few seconds each" tests/fuzz/run 2
if $runs_sanitized; then
  step "thread sanitizer: build" build tsan
  step "thread sanitizer: unit tests" unit_tests tsan
  step "thread sanitizer: whole runs" whole_runs tsan --fast --threads
else
  printf '== %-44s left out: ./test.sh --all runs the same tests with it\n' "thread sanitizer"
fi
if [[ ${1:-} == --tidy ]]; then
  step "clang-tidy" tools/tidy
fi
printf 'in %d minutes and %d seconds\n%d passed, 0 failed\n' $(((SECONDS - begin) / 60)) $(((SECONDS - begin) % 60)) "$passed"
