#!/bin/sh
# One file name a line on standard input; each comes as soon as that file is ready.
while IFS= read -r file; do
  awk '{ lines[int(length($0) / 10) * 10]++ } END { for (at in lines) printf "%04d\t%d\n", at, lines[at] }' "$file"
done
