/** An ffmpeg of another version or build: the real one, without parts of it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ffmpegPath, ffprobePath } from './media.ts';

/** What a limited ffmpeg lacks. */
interface Lack {
  /** Options of muxers and programs: not named by `-h`, and refused. */
  options?: readonly string[];
  /** Filters, encoders, decoders, muxers, bitstream filters: not listed, and refused where an argument names them. */
  parts?: readonly string[];
  /** Whether it says nothing of what it has. */
  isSilent?: boolean;
}

/** A limited ffmpeg. */
interface LimitedFfmpeg {
  ffmpeg: string;
  ffprobe: string;
  remove(): void;
}

/** Writes scripts that refuse what is lacking in ffmpeg's words, and run the real programs for the rest. */
export function limitedFfmpeg({ options = [], parts = [], isSilent = false }: Lack): LimitedFfmpeg {
  const folder = mkdtempSync(path.join(tmpdir(), 'tresgo-limited-'));
  chmodSync(folder, 0o755);
  const words = [...options, ...parts].map((word) => `^ *-?[^ ]* +${word}( |$)|-${word} `).join('|') || '^$^';
  const refused = [
    ...options.map((name) => `    -${name}) echo "Unrecognized option '${name}'." >&2; refuse "Option not found";;`),
    ...parts.map((name) => {
      const named = [name, `${name}=*`, `*,${name}=*`, `*,${name}`, `*:${name}`].join('|');
      return `    ${named}) echo "No such filter: '${name}'" >&2; refuse "Invalid argument";;`;
    }),
  ];
  const write = (program: string, real: string) => {
    const file = path.join(folder, program);
    const lines = [
      '#!/bin/sh',
      `refuse() { echo "Error splitting the argument list: $1" >&2; exit 1; }`,
      'case " $* " in',
      `  *" -h "*|*" -filters "*|*" -encoders "*|*" -decoders "*|*" -formats "*)`,
      isSilent
        ? '    exit 1;;'
        : `    for part in ${parts.join(' ')}; do case "$2" in *=$part) echo "Unknown: '$part'."; exit 0;; esac; done
    ${real} "$@" 2>&1 | grep -vE -- "${words}"; exit 0;;`,
      'esac',
      'for each in "$@"; do',
      '  case "$each" in',
      ...refused,
      '  esac',
      'done',
      `exec ${real} "$@"`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  return {
    ffmpeg: write('ffmpeg', ffmpegPath()),
    ffprobe: write('ffprobe', ffprobePath()),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
