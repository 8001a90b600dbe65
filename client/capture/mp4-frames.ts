/** The times of the frames in a fragmented MP4 recording that grows: ISO/IEC 14496-12. */
import { createElementScanner, type ElementHeader, type OnFrames } from './element-scanner.ts';

const box = (name: string) => [...name].reduce((id, letter) => id * 256 + letter.charCodeAt(0), 0);
const PARENTS: ReadonlySet<number> = new Set(['moov', 'trak', 'mdia', 'mvex', 'moof', 'traf'].map(box));
const BOX = {
  ...{ tkhd: box('tkhd'), mdhd: box('mdhd'), hdlr: box('hdlr'), trex: box('trex') },
  ...{ tfhd: box('tfhd'), tfdt: box('tfdt'), trun: box('trun') },
};
const WANTED: ReadonlyMap<number, number> = new Map(Object.values(BOX).map((id) => [id, Number.POSITIVE_INFINITY]));

interface Track {
  timescale: number;
  picture: boolean;
  /** Duration of a frame where a fragment does not give another, in units of the timescale. */
  frame: number;
}

/** Returns the function that takes one piece of the recording after the other; it throws where it is no MP4. */
export function createMp4Frames(onFrames: OnFrames): (piece: Uint8Array) => void {
  const tracks = new Map<number, Track>();
  const trackOf = (id: number): Track => {
    const track = tracks.get(id) ?? { timescale: 1000, picture: false, frame: 0 };
    tracks.set(id, track);
    return track;
  };
  /** The track that is being read. */
  let current = 0;
  let frame = 0;
  let start = 0;
  let begun = false;
  return createElementScanner({
    readHeader(bytes, at) {
      const header = readHeader(bytes, at);
      if (!begun && header && header.id !== box('ftyp')) throw new Error();
      begun ||= header !== null;
      return header;
    },
    parents: PARENTS,
    wanted: WANTED,
    onElement(id, payload) {
      const version = payload.getUint8(0);
      const flags = payload.getUint32(0) & 0xffffff;
      if (id === BOX.tkhd) current = payload.getUint32(version === 1 ? 20 : 12);
      else if (id === BOX.mdhd) trackOf(current).timescale = payload.getUint32(version === 1 ? 20 : 12) || 1000;
      else if (id === BOX.hdlr) trackOf(current).picture = payload.getUint32(8) === box('vide');
      else if (id === BOX.trex) trackOf(payload.getUint32(4)).frame = payload.getUint32(12);
      else if (id === BOX.tfhd) {
        current = payload.getUint32(4);
        const at = 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
        frame = flags & 0x8 ? payload.getUint32(at) : trackOf(current).frame;
      } else if (id === BOX.tfdt) start = version === 1 ? Number(payload.getBigUint64(4)) : payload.getUint32(4);
      else if (id === BOX.trun) {
        const length = durationOf(payload, flags, frame);
        const { timescale, picture } = trackOf(current);
        const [startMs, durationMs] = [(start * 1000) / timescale, (length * 1000) / timescale];
        onFrames({ track: current, picture, startMs, durationMs });
        start += length;
      }
    },
  });
}

/** The duration of a track run, in units of the timescale. */
function durationOf(run: DataView, flags: number, frame: number): number {
  const count = run.getUint32(4);
  if (!(flags & 0x100)) return count * frame;
  const first = 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  // Duration, size, flags and composition offset of each frame, of which only the first must be there.
  const step = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
  let length = 0;
  for (let i = 0; i < count; i++) length += run.getUint32(first + i * step);
  return length;
}

function readHeader(bytes: DataView, at: number): ElementHeader | null {
  if (at + 8 > bytes.byteLength) return null;
  const [size, id] = [bytes.getUint32(at), bytes.getUint32(at + 4)];
  if (size === 0) return { id, headerBytes: 8, payloadBytes: Number.POSITIVE_INFINITY };
  if (size >= 8) return { id, headerBytes: 8, payloadBytes: size - 8 };
  if (size !== 1) throw new Error();
  if (at + 16 > bytes.byteLength) return null;
  return { id, headerBytes: 16, payloadBytes: Number(bytes.getBigUint64(at + 8)) - 16 };
}
