#!/usr/bin/awk -f
# Reads lines "key TAB number" that are sorted by key; writes each key and the sum of its numbers.
BEGIN { FS = OFS = "\t" }
NR > 1 && $1 != key { print key, sum; sum = 0 }
{ key = $1; sum += $2 }
END { if (NR) print key, sum }
