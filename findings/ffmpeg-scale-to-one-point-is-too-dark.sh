#!/usr/bin/env bash
# Surprise: ffmpeg's `scale=1:1` is no mean. A picture of one even grey (0x1a) comes out as less than half as bright, with
# `flags=area` as with the default, while 32 x 32 points have the right grey each: the scaler's weights are integers, and those
# of a whole picture for one point are rounded away. Who looks for black pictures by one point takes a dim room for black.
# Seen with Debian's ffmpeg 5.1 (see the output), 2026-11-27.
# What it means: scale to 32 x 32 and take the mean of those, or use signalstats where the build has it.
set -euo pipefail
command -v ffmpeg >/dev/null || apt-get install -y -qq ffmpeg >/dev/null 2>&1 || { echo 'ffmpeg is missing'; exit 2; }
ffmpeg -version | head -1
mean() {
  ffmpeg -nostdin -v error -f lavfi -i color=0x1a1a1a:s=320x240:d=0.1 -frames:v 1 -vf "format=yuv420p,scale=$1:flags=area" \
    -pix_fmt gray -f rawvideo - | od -An -tu1 -v -w1 | awk '{ sum += $1; n++ } END { printf "%.0f", sum / n }'
}
one=$(mean 1:1); many=$(mean 32:32)
echo "an even grey of 26: as one point $one, as the mean of 32 x 32 points $many"
if [ "$one" -lt 20 ] && [ "$many" = 26 ]; then echo 'as described'; else echo 'DIFFERENT from what is described'; exit 1; fi
