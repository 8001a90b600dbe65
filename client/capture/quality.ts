/**
 * The quality of a take, chosen for the uplink: first from a measurement, then from how the last answer was sent. Pure. A
 * cellular uplink changes by a factor of ten within seconds, so a take uses less than half of it; the quality drops at once
 * when the uplink fails, and rises slowly.
 */

/** What a take is recorded with. */
export interface Quality {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** Frames per second, at most. */
  frameRate: number;
  videoBitsPerSecond: number;
  audioBitsPerSecond: number;
}

/** An answer by voice alone: clear speech, and half of what the slowest links carry. */
export const VOICE_QUALITY = { audioBitsPerSecond: 32_000 } as const;
/** An uplink below this rate carries no picture to speak of, in kbit/s: an answer by voice alone is offered. */
export const VOICE_ALONE_KBPS = 100;

/**
 * Sound that goes ahead of its answer, in bit/s: speech is as clear to a listener and to a speech engine, and a quarter of the
 * slowest links carries it.
 */
export const SOUND_AHEAD_BITS_PER_SECOND = 16_000;

/** The quality of one take. */
export interface TakeQuality extends Quality {
  /** The link carries less than is recorded, and the answer will be late: its sound goes ahead. */
  soundAhead?: boolean;
}

/** How the last answer was sent. */
interface Sending {
  /** What was recorded but not confirmed when the candidate stopped, as ms of recording. */
  backlogMs: number;
  /** The largest backlog during the answer, in ms. */
  maxBacklogMs?: number;
  /** In kbit/s while bytes were sent; null where nothing was measured. Never more than the bitrate of the recording. */
  uplinkKbps: number | null;
}

/**
 * The qualities, from a voice with a small picture to 1080p with 2.5 Mbit/s in all. Between two of them the bitrate is
 * continuous, with the picture of the lower one. All have the same shape: otherwise the picture would be cropped
 * differently from answer to answer, and jump. All have a size that many cameras have: other sizes are scaled (true-size.ts).
 */
export const LADDER: readonly Quality[] = [
  { width: 320, height: 180, frameRate: 10, videoBitsPerSecond: 64_000, audioBitsPerSecond: 64_000 },
  { width: 320, height: 180, frameRate: 15, videoBitsPerSecond: 112_000, audioBitsPerSecond: 64_000 },
  { width: 320, height: 180, frameRate: 20, videoBitsPerSecond: 200_000, audioBitsPerSecond: 64_000 },
  { width: 640, height: 360, frameRate: 20, videoBitsPerSecond: 350_000, audioBitsPerSecond: 64_000 },
  { width: 640, height: 360, frameRate: 30, videoBitsPerSecond: 500_000, audioBitsPerSecond: 64_000 },
  { width: 1280, height: 720, frameRate: 30, videoBitsPerSecond: 1_400_000, audioBitsPerSecond: 96_000 },
  { width: 1920, height: 1080, frameRate: 30, videoBitsPerSecond: 2_372_000, audioBitsPerSecond: 128_000 },
];

/** The share of a measured uplink that the first recording may use: the rest is for catching up after silences. */
const UPLINK_SHARE = 0.45;
/** The share of the rate seen during an answer: that rate is too low, since it includes round trips and waiting. */
const SEEN_SHARE = 0.65;
/** A backlog at the stop that is normal, in ms: the last chunks are always being sent. */
const SMALL_BACKLOG_MS = 2000;
/** A backlog that must not happen again, in ms: a gate should wait for at most 3 s. */
const LARGE_BACKLOG_MS = 2500;
/**
 * Factors of the bitrate after a large backlog; the rate decides between them. A silence just at the stop must not cost
 * more.
 */
const DROP = { least: 0.7, most: 0.6 };
/** The largest factor of the bitrate after a small backlog. */
const RISE = 1.3;

/** The bitrate where nothing could be measured, in bit/s. */
const UNMEASURED = 664_000;

/** The bitrate of video and sound together, in bit/s. */
export function bitsPerSecond({ videoBitsPerSecond, audioBitsPerSecond }: Quality): number {
  return videoBitsPerSecond + audioBitsPerSecond;
}

/** The best picture for `bits` bit/s in all, between the lowest and the highest quality of the ladder. */
function qualityOf(bits: number): Quality {
  const [lowest] = LADDER as [Quality];
  const rung = LADDER.findLast((each) => bitsPerSecond(each) <= bits) ?? lowest;
  const highest = bitsPerSecond(LADDER.at(-1) ?? lowest);
  const total = Math.min(highest, Math.max(bitsPerSecond(lowest), Math.round(bits)));
  return { ...rung, videoBitsPerSecond: total - rung.audioBitsPerSecond };
}

/** The quality where nothing is known about the uplink. */
export const DEFAULT_QUALITY: Quality = qualityOf(UNMEASURED);

/** The quality of the first answer, from the measured uplink in kbit/s; null where it could not be measured. */
export function fitQuality(uplinkKbps: number | null): Quality {
  return uplinkKbps === null ? DEFAULT_QUALITY : qualityOf(uplinkKbps * 1000 * UPLINK_SHARE);
}

/**
 * The quality of the next answer, from how the last one was sent. The backlog says whether the link carried the last
 * quality. The measured rate says only how far to change it: of a link that is faster than the recording, the rate shows
 * only a part.
 */
export function retune(quality: Quality, { backlogMs, maxBacklogMs = backlogMs, uplinkKbps }: Sending): Quality {
  const bits = bitsPerSecond(quality);
  if (backlogMs >= LARGE_BACKLOG_MS) {
    const fitting = ((uplinkKbps ?? Number.POSITIVE_INFINITY) * 1000 * UPLINK_SHARE) / bits;
    return qualityOf(bits * Math.max(DROP.most, Math.min(DROP.least, fitting)));
  }
  if (!isCarried({ backlogMs, maxBacklogMs }) || uplinkKbps === null) return quality;
  return qualityOf(Math.max(bits, Math.min(bits * RISE, uplinkKbps * 1000 * SEEN_SHARE)));
}

/** Whether the link carried an answer at the rate at which it was recorded. */
export function isCarried({ backlogMs, maxBacklogMs = backlogMs }: Omit<Sending, 'uplinkKbps'>): boolean {
  return backlogMs <= SMALL_BACKLOG_MS && maxBacklogMs < 2 * LARGE_BACKLOG_MS;
}

/** What bounds the quality, other than the uplink. */
export interface QualityLimits {
  /** Lines of the largest picture that the device can encode. */
  deviceHeight: number;
  /** Lines of the largest picture that the camera has. */
  cameraHeight: number;
  /** The highest rate at which the longest answer is not too large for the server. */
  bitsPerSecond: number;
}

/** The quality within the limits, but not below the lowest of the ladder. A smaller picture gets at most twice its usual bitrate. */
export function limitQuality(quality: Quality, limits: QualityLimits): Quality {
  const [lowest] = LADDER as [Quality];
  const maxHeight = Math.min(limits.deviceHeight, limits.cameraHeight);
  const fitting = bitsPerSecond(quality) <= limits.bitsPerSecond ? quality : qualityOf(limits.bitsPerSecond);
  if (fitting.height <= maxHeight) return fitting;
  const rung = LADDER.findLast(({ height }) => height <= maxHeight) ?? lowest;
  return { ...rung, videoBitsPerSecond: Math.min(fitting.videoBitsPerSecond, 2 * rung.videoBitsPerSecond) };
}
