#!/bin/bash
set -euo pipefail
while IFS= read -r file; do
  convert "$file" -resize 50% -format '%[fx:round(1000*mean)]\n' info:
done
