#!/bin/sh
# Prints the operating system of each record that has one. Reads records, one a line: KEY TAB JSON, reduced to the
# `fields` of the job file, for example
#     00000005-0000-4000-8000-000000000000 TAB {"info": {"OS": "Linux"}}
# and writes lines: KEY TAB VALUE. Any program that does this can replace it.

# Names and texts are between quotes: ... "OS" : "Linux" ...
exec awk -F '"' '{ for (i = 2; i <= NF - 2; i += 2) if ($i == "OS") { print $(i + 2) "\t1"; next } }'
