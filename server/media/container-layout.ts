/** How a WebM or MP4 file is laid out at its top level, read without trust: a few hundred small reads at most. */
import { type FileHandle, open } from 'node:fs/promises';

export type Container = 'webm' | 'mp4';

/** More elements before the first sound or picture no honest file has. */
const MAX_ELEMENTS = 256;

/** A part of a file: what it is, where its contents begin, where the next part does (Infinity = with the file's end). */
interface Part {
  name: string;
  bodyAt: number;
  endAt: number;
}

/** EBML ids (RFC 9559, section 5), in hex. */
const [EBML, SEGMENT, CUES, CLUSTER] = ['1a45dfa3', '18538067', '1c53bb6b', '1f43b675'];

/** Whether a file begins as its container does, whatever its name says. */
export async function isContainer(file: string, container: Container): Promise<boolean> {
  const [first] = await partsOf(file, container, () => true);
  return first?.name === (container === 'webm' ? EBML : 'ftyp');
}

/**
 * Whether the index lies before the media. A player then seeks at once; and a demuxer reads such a file, unlike the other
 * kind of MP4, from a pipe.
 */
export async function isIndexInFront(file: string, container: Container): Promise<boolean> {
  const [index, media] = container === 'webm' ? [CUES, CLUSTER] : ['moov', 'mdat'];
  const parts = await partsOf(file, container, ({ name }) => name === index || name === media);
  return parts.at(-1)?.name === index;
}

/** The parts from the start to the one that `isLast` names, as far as they make sense; of a WebM's segment the parts inside. */
async function partsOf(file: string, container: Container, isLast: (part: Part) => boolean): Promise<Part[]> {
  const readPart = container === 'webm' ? readElement : readBox;
  const handle = await open(file, 'r');
  try {
    const parts: Part[] = [];
    let at = 0;
    while (parts.length < MAX_ELEMENTS) {
      const part = await readPart(handle, at);
      if (!part) break;
      parts.push(part);
      if (isLast(part) || part.endAt === Number.POSITIVE_INFINITY) break;
      at = part.endAt;
    }
    return parts;
  } finally {
    await handle.close();
  }
}

/** EBML (RFC 8794, sections 4 to 6). A segment is entered: its end is where its first child begins. */
async function readElement(handle: FileHandle, at: number): Promise<Part | null> {
  const head = await readHead(handle, at, 12);
  const idLength = Math.clz32(head[0] ?? 0) - 23;
  const sizeLength = Math.clz32(head[idLength] ?? 0) - 23;
  if (idLength > 4 || sizeLength > 8 || head.length < idLength + sizeLength) return null;
  const name = head.toString('hex', 0, idLength);
  const size = head.subarray(idLength, idLength + sizeLength);
  size[0] = (size[0] ?? 0) & ((1 << (8 - sizeLength)) - 1);
  const bodyAt = at + idLength + sizeLength;
  if (name === SEGMENT) return { name, bodyAt, endAt: bodyAt };
  const isUnknown = size.every((byte, place) => byte === (place === 0 ? (1 << (8 - sizeLength)) - 1 : 0xff));
  return { name, bodyAt, endAt: isUnknown ? Number.POSITIVE_INFINITY : bodyAt + Number(`0x${size.toString('hex')}`) };
}

/** ISO/IEC 14496-12, 4.2: a size of 1 is followed by the real one, 0 is up to the file's end. */
async function readBox(handle: FileHandle, at: number): Promise<Part | null> {
  const head = await readHead(handle, at, 16);
  if (head.length < 8) return null;
  const name = head.toString('latin1', 4, 8);
  const short = head.readUInt32BE(0);
  if (short === 0) return { name, bodyAt: at + 8, endAt: Number.POSITIVE_INFINITY };
  if (short === 1 && head.length < 16) return null;
  const [size, headBytes] = short === 1 ? [Number(head.readBigUInt64BE(8)), 16] : [short, 8];
  return size < headBytes ? null : { name, bodyAt: at + headBytes, endAt: at + size };
}

async function readHead(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  if (!Number.isSafeInteger(at)) return Buffer.alloc(0);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, at);
  return buffer.subarray(0, bytesRead);
}
