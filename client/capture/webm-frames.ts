/** The times of the frames in a WebM or Matroska recording that grows: RFC 9559. */
import { createElementScanner, type ElementHeader, type OnFrames } from './element-scanner.ts';

const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
} as const;
const PARENTS: ReadonlySet<number> = new Set([
  ...[ID.segment, ID.info, ID.tracks, ID.trackEntry, ID.cluster, ID.blockGroup],
]);
/** A block begins with its track's number (one to eight bytes) and its time within the cluster (two bytes). */
const WANTED: ReadonlyMap<number, number> = new Map<number, number>([
  ...[ID.timestampScale, ID.trackNumber, ID.trackType, ID.timestamp].map((id) => [id, 8] as const),
  ...[ID.simpleBlock, ID.block].map((id) => [id, 10] as const),
]);
/** The TrackType of a picture: RFC 9559, section 5.1.4.1.3. */
const VIDEO = 1;

/** Returns the function that takes one piece of the recording after the other; it throws where it is no WebM. */
export function createWebmFrames(onFrames: OnFrames): (piece: Uint8Array) => void {
  let scaleMs = 1;
  let clusterAt = 0;
  let trackNumber = 0;
  const pictures = new Set<number>();
  let begun = false;
  return createElementScanner({
    readHeader(bytes, at) {
      const header = readHeader(bytes, at);
      if (!begun && header && header.id !== ID.ebml) throw new Error();
      begun ||= header !== null;
      return header;
    },
    parents: PARENTS,
    wanted: WANTED,
    onElement(id, payload) {
      if (id === ID.timestampScale) scaleMs = unsigned(payload) / 1e6;
      else if (id === ID.timestamp) clusterAt = unsigned(payload);
      else if (id === ID.trackNumber) trackNumber = unsigned(payload);
      else if (id === ID.trackType) {
        if (unsigned(payload) === VIDEO) pictures.add(trackNumber);
      } else {
        const track = variable(payload, 0);
        if (track === null || track.bytes + 2 > payload.byteLength) return;
        const startMs = (clusterAt + payload.getInt16(track.bytes)) * scaleMs;
        onFrames({ track: track.value, picture: pictures.has(track.value), startMs, durationMs: 0 });
      }
    },
  });
}

function readHeader(bytes: DataView, at: number): ElementHeader | null {
  const idBytes = lengthOf(bytes.getUint8(at));
  if (idBytes > 4) throw new Error();
  if (at + idBytes > bytes.byteLength) return null;
  let id = 0;
  for (let i = 0; i < idBytes; i++) id = id * 256 + bytes.getUint8(at + i);
  const size = variable(bytes, at + idBytes);
  if (size === null) return null;
  return { id, headerBytes: idBytes + size.bytes, payloadBytes: size.value };
}

/** A number of variable size (RFC 8794, section 4), Infinity where all its bits are 1; null where the bytes end before. */
function variable(bytes: DataView, at: number): { value: number; bytes: number } | null {
  if (at >= bytes.byteLength) return null;
  const length = lengthOf(bytes.getUint8(at));
  if (length > 8) throw new Error();
  if (at + length > bytes.byteLength) return null;
  let value = bytes.getUint8(at) & (0xff >> length);
  let unknown = value === 0xff >> length;
  for (let i = 1; i < length; i++) {
    const byte = bytes.getUint8(at + i);
    unknown &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value: unknown ? Number.POSITIVE_INFINITY : value, bytes: length };
}

/** How many bytes the number or id has that begins with this byte. */
function lengthOf(first: number): number {
  return Math.clz32(first) - 23;
}

function unsigned(payload: DataView): number {
  let value = 0;
  for (let i = 0; i < payload.byteLength; i++) value = value * 256 + payload.getUint8(i);
  return value;
}
