#!/usr/bin/mawk -f
{ for (i = 2; i <= NF; ++i) if (length($i) == length($(i - 1))) ++count }
END { print count + 0, NR }
