/** The limits of media and of the work to read it. Each limit is well above what honest recordings need. */
import type { Limits } from '../sandbox/containment.ts';

/** The longest question lasts two hours; where a device sleeps for a while, its recording lasts longer. */
export const MAX_DURATION_MS = 4 * 3_600_000;
/** 4K, upright or across. */
export const MAX_PIXELS = 4_096 * 2_304;
/** MediaRecorder makes two streams, phones up to five: picture, sound, and data of sensors. */
export const MAX_STREAMS = 8;
/** Four hours with 60 pictures and 50 packets of sound a second have 1.6 million packets. */
export const MAX_PACKETS = 2_000_000;
/** The largest difference between the durations of a copy and its recording. */
export const DURATION_TOLERANCE_MS = 100;

/** ffmpeg needs less than 300 MiB for the largest picture; hostile tables of an MP4 ask for more. */
const MEMORY_BYTES = 1 << 30;
/** On a machine that is busy with recordings, a child with the lowest priority waits for its turn … */
const WALL_START_MS = 300_000;
/** … and gets a small share of the CPU: it may read 0.5 MB a second and decode a tenth of real time. */
const WALL_MS_PER_BYTE = 2 / 1_000;
const WALL_TIMES_REAL_TIME = 10;
/** Measured: reading 116 MB takes 0.2 s of processor time, decoding 720p a twentieth of real time. */
const CPU_START_SECONDS = 30;
const CPU_SECONDS_PER_BYTE = 1 / 5_000_000;
const CPU_TIMES_REAL_TIME = 1;
/** For indexes and posters. */
const FILE_SLACK_BYTES = 16 << 20;
/** A packet's entry in an index may be as large as the packet. */
const FILE_TIMES_SOURCE = 2;

/**
 * The limits of a child process that reads a media file.
 * @param work.sourceBytes the size of the file
 * @param work.decodedMs how much of the recording the child decodes
 * @param work.extraBytes how much the child writes besides a copy
 */
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
