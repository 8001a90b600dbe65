/** How much of an answer its bytes hold, by the recording's own clock: the page's clock runs on where the recorder does not. */
import { createMp4Frames } from './mp4-frames.ts';
import { createWebmFrames } from './webm-frames.ts';

/** A file may have this many bytes before its first frame. */
const HEAD_BYTES = 2000;
/** Between two frames, more than this is a hole, in ms: in the dark, a camera gives a frame a second. */
const HOLE_MS = 2000;

/** The length of a recording that grows. */
export interface RecordedTime {
  /** Takes the next bytes of the recording; never throws. */
  add(data: ArrayBuffer): void;
  /**
   * Sound or picture, whichever is longer, without the holes in it, in ms; 0 where only the head of the file has come; null
   * where the bytes can't be read.
   */
  recordedMs(): number | null;
  /** The end of the last frame of the picture, in ms since the recording began; null where none can be read. */
  pictureMs(): number | null;
}

interface Track {
  picture: boolean;
  endMs: number;
  coveredMs: number;
}

/** Reads the length of a recording of this type: WebM, Matroska or fragmented MP4. */
export function createRecordedTime(mimeType: string): RecordedTime {
  const tracks = new Map<number, Track>();
  const read = (/mp4/.test(mimeType) ? createMp4Frames : createWebmFrames)(
    ({ track, picture, startMs, durationMs }) => {
      const known = tracks.get(track) ?? { picture, endMs: startMs, coveredMs: 0 };
      const endMs = startMs + durationMs;
      const hole = startMs - known.endMs > HOLE_MS;
      known.coveredMs += hole ? durationMs : Math.max(0, endMs - known.endMs);
      known.endMs = Math.max(known.endMs, endMs);
      tracks.set(track, known);
    },
  );
  let readable = true;
  let bytes = 0;
  return {
    add(data) {
      if (!readable) return;
      bytes += data.byteLength;
      try {
        read(new Uint8Array(data));
      } catch {
        readable = false;
      }
    },
    recordedMs() {
      if (!readable || (tracks.size === 0 && bytes > HEAD_BYTES)) return null;
      return Math.round(Math.max(0, ...[...tracks.values()].map(({ coveredMs }) => coveredMs)));
    },
    pictureMs() {
      const picture = [...tracks.values()].find((track) => track.picture);
      return readable && picture ? Math.round(picture.endMs) : null;
    },
  };
}
