#!/usr/bin/env bash
# Surprise: a fragmented MP4 with Opus, as browsers record it, loses its last packet of sound when ffmpeg copies it into a plain
# MP4. A fragment does not say how long its last packet lasts, Opus in MP4 is read without durations, so the track of the copy
# ends where the last packet begins, and its edit list hides the packet from every player. Status 0, no message; the bytes are
# in the file. Chromium writes 60 ms into a packet. The last word of an answer may end there.
# Seen with Debian's ffmpeg 5.1 (see the output), and the same with 7.1 and a build of 2018, 2026-11-27.
# What it means: give the last packet a duration (`-bsf:a setts=pts=PTS:dts=DTS:duration=…`, from ffmpeg 5 on), and do not take
# a copy with one packet less for a damaged one.
set -euo pipefail
command -v ffmpeg >/dev/null || apt-get install -y -qq ffmpeg >/dev/null 2>&1 || { echo 'ffmpeg is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
ffmpeg -version | head -1
ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x120:r=15:d=3 -f lavfi -i sine=r=48000:d=3 -c:v libx264 -bf 0 -pix_fmt yuv420p \
  -c:a libopus -movflags empty_moov+default_base_moof+frag_keyframe a.mp4 || { echo 'this ffmpeg has no libx264 or libopus'; exit 2; }
packets() { ffprobe -v error -count_packets -select_streams a -show_entries stream=nb_read_packets -of csv=p=0 "$1"; }
ffmpeg -nostdin -v error -i a.mp4 -c copy plain.mp4
ffmpeg -nostdin -v error -i a.mp4 -c copy -bsf:a 'setts=pts=PTS:dts=DTS:duration=if(gt(DURATION\,0)\,DURATION\,0.02/TB)' set.mp4
was=$(packets a.mp4); plain=$(packets plain.mp4); set=$(packets set.mp4)
echo "packets of sound: recorded $was, copied $plain, copied with a duration for the last one $set"
if [ "$plain" = $((was - 1)) ] && [ "$set" = "$was" ]; then echo 'as described'; else echo 'DIFFERENT from what is described'; exit 1; fi
