#!/usr/bin/awk -f
# Reads lines "key TAB value" that are sorted by key; writes each key and how many lines it had.
BEGIN { FS = OFS = "\t" }
NR > 1 && $1 != key { print key, count; count = 0 }
{ key = $1; count++ }
END { if (NR) print key, count }
