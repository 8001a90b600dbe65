#!/usr/bin/env bash
# Surprise: ffmpeg's bitstream filter setts, asked for packet durations alone (`setts=duration=…`), also rewrites the times: the
# option `ts` has the default `TS`, and it sets pts and dts to one and the same value. A stream whose pictures are stored in
# another order than they are shown loses that order, with status 0 and no message, and an MP4 made so hides its first pictures
# behind its edit list. With `pts=PTS:dts=DTS` beside `duration` nothing moves.
# Seen with Debian's ffmpeg 5.1 (see the output), 2026-11-27.
# What it means: name all three of pts, dts and duration, even where only one is to change, and count the decoded pictures.
set -euo pipefail
command -v ffmpeg >/dev/null || apt-get install -y -qq ffmpeg >/dev/null 2>&1 || { echo 'ffmpeg is missing'; exit 2; }
ffmpeg -hide_banner -h bsf=setts 2>&1 | grep -q -- '-duration' || { echo 'this ffmpeg has no setts with durations'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
ffmpeg -version | head -1
ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x120:r=15:d=3 -c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 3 a.mkv
copy() { ffmpeg -nostdin -v error -i a.mkv -c copy "${@:2}" "$1"; }
pictures() { ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 "$1"; }
copy plain.mp4
copy alone.mp4 -bsf:v 'setts=duration=DURATION'
copy named.mp4 -bsf:v 'setts=pts=PTS:dts=DTS:duration=DURATION'
was=$(pictures plain.mp4); alone=$(pictures alone.mp4); named=$(pictures named.mp4)
echo "pictures: copied $was, with setts=duration alone $alone, with pts and dts named $named"
if [ "$was" = 45 ] && [ "$named" = 45 ] && [ "$alone" -lt 45 ]; then echo 'as described'; else echo 'DIFFERENT from what is described'; exit 1; fi
