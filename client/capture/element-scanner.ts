/** Reads the elements of a container (EBML elements, MP4 boxes) out of a recording that comes in pieces. */

/** Called with frames that follow each other, or with one frame whose duration is not known (0). */
export type OnFrames = (frames: { track: number; picture: boolean; startMs: number; durationMs: number }) => void;

/** The beginning of an element. */
export interface ElementHeader {
  id: number;
  headerBytes: number;
  /** Infinity where the element does not say. */
  payloadBytes: number;
}

interface ScannerOptions {
  /** The header at `at`; null where the bytes end before the header does. @throws where the bytes are no header. */
  readHeader: (bytes: DataView, at: number) => ElementHeader | null;
  /** The elements whose payload is elements: the scanner goes into them. */
  parents: ReadonlySet<number>;
  /** How much of the payload `onElement` needs, by id; all other elements are passed over. */
  wanted: ReadonlyMap<number, number>;
  /** Called with at most the wanted bytes of the payload. */
  onElement: (id: number, payload: DataView) => void;
}

/** The longest header or payload that is waited for, in bytes: more is no element of a recording. */
const MAX_PENDING = 262_144;

/** Returns the function that takes one piece after the other. It throws where the bytes can't be understood. */
export function createElementScanner({ readHeader, parents, wanted, onElement }: ScannerOptions) {
  let pending = new Uint8Array(0);
  /** Bytes of an element that is passed over, and that have not come yet. */
  let skip = 0;

  return (piece: Uint8Array): void => {
    const passed = Math.min(skip, piece.length);
    skip -= passed;
    const rest = piece.subarray(passed);
    const bytes = pending.length === 0 ? rest : joined(pending, rest);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      const header = readHeader(view, at);
      if (header === null) break;
      const { id, headerBytes, payloadBytes } = header;
      if (parents.has(id)) {
        at += headerBytes;
        continue;
      }
      const needed = Math.min(payloadBytes, wanted.get(id) ?? 0);
      if (needed > MAX_PENDING || payloadBytes === Number.POSITIVE_INFINITY) throw new Error();
      if (at + headerBytes + needed > bytes.length) break;
      if (wanted.has(id)) onElement(id, new DataView(bytes.buffer, bytes.byteOffset + at + headerBytes, needed));
      at += headerBytes + payloadBytes;
    }
    skip += Math.max(0, at - bytes.length);
    // A copy: the piece belongs to the caller.
    pending = bytes.slice(Math.min(at, bytes.length));
    if (pending.length > MAX_PENDING) throw new Error();
  };
}

function joined(some: Uint8Array, more: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(some.length + more.length);
  all.set(some);
  all.set(more, some.length);
  return all;
}
