#!/bin/sh
# Adds up the values of each key. Reads lines KEY TAB VALUE, sorted by key, so that a key is complete when the next one
# begins. Writes the lines of the result.
exec awk -F '\t' '
  NR > 1 && $1 != key { print key "\t" sum; sum = 0 }
  { key = $1; sum += $2 }
  END { if (NR) print key "\t" sum }'
