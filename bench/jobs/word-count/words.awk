#!/usr/bin/mawk -f
{ for (at = 1; at <= NF; at++) print $at, 1 }
