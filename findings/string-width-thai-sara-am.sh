#!/usr/bin/env bash
# Surprise: string-width counts a Thai or Lao syllable that is written with SARA AM as one column too few: "ทำ" (to do) and "ຄຳ"
# (word) are 1 column for it, 2 for the C library and on a terminal. The library measures grapheme clusters, and a cluster
# with SARA AM holds two letters side by side, since Unicode joins SARA AM to its consonant although it is no mark above or
# below. Thai text without SARA AM is measured right, and SARA AM is in many everyday words, so a table shifts in some rows only.
# Seen with string-width 8.3.0 on Node 20.20 beside GNU wc -L (coreutils 9.1), 2026-11-27.
# What it means: a table with Thai or Lao names adds 1 for each U+0E33 or U+0EB3 that follows another character of its cluster.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund string-width@8.3.0 >/dev/null || exit 2
locale -a | grep -qi '^C.utf-\?8$' || { echo 'the locale C.UTF-8 is missing'; exit 2; }
status=0
for expected in 'สมศรี 4 4' 'ทำ 2 1' 'คำถาม 5 4' 'ຄຳ 2 1'; do
  read -r text columns counted <<<"$expected"
  wc_says=$(printf %s "$text" | LC_ALL=C.UTF-8 wc -L)
  library_says=$(node --input-type=module -e 'import width from "string-width"; console.log(width(process.argv[1]))' "$text")
  echo "$text: wc -L $wc_says, string-width $library_says"
  [ "$wc_says" = "$columns" ] && [ "$library_says" = "$counted" ] || status=1
done
[ "$status" = 0 ] && echo 'as described' || echo 'DIFFERENT from what is described'
exit "$status"
