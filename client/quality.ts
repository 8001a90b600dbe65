/**
 * What a take is recorded with, fitted to the uplink: first from a measurement, then from what the sending of the last
 * answer showed. Pure. A cellular uplink swings by a factor of ten within seconds, so it is used by less than a half,
 * left at once when it fails, and won back slowly.
 */

/** What a take is recorded with. */
export interface Quality {
  /** Pixels. */
  width: number;
  height: number;
  /** Frames a second, at most. */
  frameRate: number;
  videoBitsPerSecond: number;
  audioBitsPerSecond: number;
}

/** What the last answer told about the link. */
export interface Sending {
  /** Recorded and not yet acknowledged when the candidate stopped, as ms of recording. */
  backlogMs: number;
  /** The most it ever was during the answer, in ms. */
  maxBacklogMs?: number;
  /** kbit/s while bytes were under way; null where nothing was measured. Never more than what was recorded brought. */
  uplinkKbps: number | null;
}

/**
 * From a voice with a small picture to 1080p, 2.5 Mbit/s in all. Between two of them the bitrate is continuous, with
 * the picture of the lower one. One shape for all: a picture that is cropped differently from answer to answer jumps.
 */
export const LADDER: readonly Quality[] = [
  { width: 320, height: 180, frameRate: 10, videoBitsPerSecond: 64_000, audioBitsPerSecond: 64_000 },
  { width: 320, height: 180, frameRate: 15, videoBitsPerSecond: 112_000, audioBitsPerSecond: 64_000 },
  { width: 480, height: 270, frameRate: 15, videoBitsPerSecond: 200_000, audioBitsPerSecond: 64_000 },
  { width: 640, height: 360, frameRate: 20, videoBitsPerSecond: 350_000, audioBitsPerSecond: 64_000 },
  { width: 640, height: 360, frameRate: 30, videoBitsPerSecond: 500_000, audioBitsPerSecond: 64_000 },
  { width: 960, height: 540, frameRate: 30, videoBitsPerSecond: 900_000, audioBitsPerSecond: 64_000 },
  { width: 1280, height: 720, frameRate: 30, videoBitsPerSecond: 1_400_000, audioBitsPerSecond: 96_000 },
  { width: 1920, height: 1080, frameRate: 30, videoBitsPerSecond: 2_372_000, audioBitsPerSecond: 128_000 },
];

/** The part of a measured uplink that the first recording may take: the rest is for catching up after silences. */
export const UPLINK_SHARE = 0.45;
/** The part of the rate seen during an answer: that one is measured low, since round trips and waiting count in it. */
const SEEN_SHARE = 0.65;
/** A backlog at the stop that is as it must be: the last chunks are always under way. */
const SMALL_BACKLOG_MS = 2000;
/** One that must not be again: 3 s are the most that a gate should wait for. */
const LARGE_BACKLOG_MS = 2500;
/** After a large backlog, by what the rate says: a silence just at the stop must not cost everything. */
const DROP = { least: 0.7, most: 0.6 };
const RISE = 1.3;

/** Where nothing could be measured, in bit/s. */
const UNMEASURED = 664_000;

/** Video and sound together, in bit/s. */
export function bitsPerSecond({ videoBitsPerSecond, audioBitsPerSecond }: Quality): number {
  return videoBitsPerSecond + audioBitsPerSecond;
}

/** The best picture for so many bit/s in all, between the lowest and the highest of the ladder. */
function qualityOf(bits: number): Quality {
  const [lowest] = LADDER as [Quality];
  const rung = LADDER.findLast((each) => bitsPerSecond(each) <= bits) ?? lowest;
  const highest = bitsPerSecond(LADDER.at(-1) ?? lowest);
  const total = Math.min(highest, Math.max(bitsPerSecond(lowest), Math.round(bits)));
  return { ...rung, videoBitsPerSecond: total - rung.audioBitsPerSecond };
}

/** What is recorded with where nothing is known of the uplink. */
export const DEFAULT_QUALITY: Quality = qualityOf(UNMEASURED);

/** For the first answer, from the measured uplink in kbit/s; null where it could not be measured. */
export function fitQuality(uplinkKbps: number | null): Quality {
  return uplinkKbps === null ? DEFAULT_QUALITY : qualityOf(uplinkKbps * 1000 * UPLINK_SHARE);
}

/**
 * For the next answer, from how the last one was sent. The backlog says whether the link carried it; the measured rate
 * only how far to go, since a link that is faster than the recording is never seen whole.
 */
export function retune(quality: Quality, { backlogMs, maxBacklogMs = backlogMs, uplinkKbps }: Sending): Quality {
  const bits = bitsPerSecond(quality);
  if (backlogMs >= LARGE_BACKLOG_MS) {
    const fitting = ((uplinkKbps ?? Number.POSITIVE_INFINITY) * 1000 * UPLINK_SHARE) / bits;
    return qualityOf(bits * Math.max(DROP.most, Math.min(DROP.least, fitting)));
  }
  if (backlogMs > SMALL_BACKLOG_MS || maxBacklogMs >= 2 * LARGE_BACKLOG_MS || uplinkKbps === null) return quality;
  return qualityOf(Math.max(bits, Math.min(bits * RISE, uplinkKbps * 1000 * SEEN_SHARE)));
}

/** The same within what the device can encode: a picture of so many lines at most, and no more bits than it has a use for. */
export function limitPicture(quality: Quality, maxHeight: number): Quality {
  if (quality.height <= maxHeight) return quality;
  const rung = LADDER.findLast(({ height }) => height <= maxHeight) ?? DEFAULT_QUALITY;
  return { ...rung, videoBitsPerSecond: Math.min(quality.videoBitsPerSecond, 2 * rung.videoBitsPerSecond) };
}
