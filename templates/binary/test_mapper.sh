#!/bin/sh
# Tests the mapper without quern: sh test_mapper.sh
cd "$(dirname "$0")" || exit 1
failed=0

expect() { # what it shows, the lines that go in, the lines that come out
  given=$(printf '%b' "$2" | ./mapper.sh)
  if [ "$given" = "$(printf '%b' "$3")" ]; then
    echo "ok: $1"
  else
    printf 'FAILED: %s: expected "%b", got "%s"\n' "$1" "$3" "$given"
    failed=1
  fi
}

expect "prints the operating system" 'a-key\t{"info": {"OS": "Linux"}}\n' 'Linux\t1'
expect "reads record after record" 'a\t{"info":{"OS":"Linux"}}\nb\t{"info":{"OS":"WINNT"}}\n' 'Linux\t1\nWINNT\t1'
expect "prints nothing without one" 'a-key\t{"info": {}}\n' ''
exit $failed
