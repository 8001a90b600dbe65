/** What media may be, and what reading it may cost. Each bound stands well over what honest recordings need. */
import type { Limits } from '../jobs/process.ts';

/** The longest question lasts two hours; a pause of the device stretches it. */
export const MAX_DURATION_MS = 4 * 3_600_000;
/** 4K, in either direction. */
export const MAX_PIXELS = 4_096 * 2_304;
/** MediaRecorder makes two, phones up to five: picture, sound, and data of sensors. */
export const MAX_STREAMS = 8;
/** Four hours of 60 pictures and 50 parts of sound a second are 1.6 million. */
export const MAX_PACKETS = 2_000_000;
/** How far a copy's duration may be from the recording's. */
export const DURATION_TOLERANCE_MS = 100;

/** ffmpeg needs less than 300 MiB for the largest picture; hostile tables of an MP4 ask for more. */
const MEMORY_BYTES = 1 << 30;
/** On a machine that is busy with recordings, a child of the lowest priority waits long for its turn … */
const WALL_START_MS = 300_000;
/** … and gets a small share: 0.5 MB a second, and a tenth of real time where it decodes. */
const WALL_MS_PER_BYTE = 2 / 1_000;
const WALL_TIMES_REAL_TIME = 10;
/** Reading 116 MB took 0.2 s of processor time, decoding 720p a twentieth of real time. */
const CPU_START_SECONDS = 30;
const CPU_SECONDS_PER_BYTE = 1 / 5_000_000;
const CPU_TIMES_REAL_TIME = 1;
/** Indices, posters. */
const FILE_SLACK_BYTES = 16 << 20;
/** A packet's entry in an index may be as large as the packet. */
const FILE_TIMES_SOURCE = 2;

/** What a child may use up. `decodedMs` is how much of the recording it decodes, `extraBytes` what it writes besides a copy. */
export function limitsFor({
  sourceBytes,
  decodedMs = 0,
  extraBytes = 0,
}: {
  sourceBytes: number;
  decodedMs?: number;
  extraBytes?: number;
}): Limits {
  return {
    wallMs: Math.ceil(WALL_START_MS + sourceBytes * WALL_MS_PER_BYTE + decodedMs * WALL_TIMES_REAL_TIME),
    cpuSeconds: Math.ceil(
      CPU_START_SECONDS + sourceBytes * CPU_SECONDS_PER_BYTE + (decodedMs / 1_000) * CPU_TIMES_REAL_TIME,
    ),
    memoryBytes: MEMORY_BYTES,
    fileBytes: Math.ceil(sourceBytes * FILE_TIMES_SOURCE + extraBytes + FILE_SLACK_BYTES),
  };
}
