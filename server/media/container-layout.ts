/** The top-level layout of a WebM or MP4 file that may be hostile, found with at most `MAX_ELEMENTS` small reads. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Container } from '../../storage/types.ts';

/** No honest file has more elements before the first sound or picture. */
const MAX_ELEMENTS = 256;

/** The first part of an honest file, which names its format, is shorter. */
const MAX_HEAD_BYTES = 1_024;

/** A part of a file: its name, and the offsets of its contents and of the next part (Infinity = the part ends with the file). */
interface Part {
  name: string;
  bodyAt: number;
  endAt: number;
}

/** EBML ids (RFC 9559, section 5), in hex. */
const [EBML, SEGMENT, CUES, CLUSTER] = ['1a45dfa3', '18538067', '1c53bb6b', '1f43b675'];
/** Of both containers: the parts that honest files have before their media. In WebM also SeekHead, Info, Tracks, Tags, Void. */
const BEFORE_MEDIA: Record<Container, ReadonlySet<string>> = {
  webm: new Set([EBML, SEGMENT, CUES, '114d9b74', '1549a966', '1654ae6b', '1254c367', 'ec']),
  mp4: new Set(['ftyp', 'moov', 'free', 'skip', 'wide', 'styp', 'sidx', 'uuid']),
};
const MEDIA: Record<Container, ReadonlySet<string>> = { webm: new Set([CLUSTER]), mp4: new Set(['mdat', 'moof']) };

/**
 * Whether the index is stored before the media. A player can then seek at once, and a demuxer can read the file from a pipe:
 * an MP4 with the index behind the media can't be read from a pipe.
 */
export async function isIndexInFront(file: string, container: Container): Promise<boolean> {
  const [index, media] = container === 'webm' ? [CUES, CLUSTER] : ['moov', 'mdat'];
  const parts = await partsOf(file, container, ({ name }) => name === index || name === media);
  return parts.at(-1)?.name === index;
}

/**
 * Where a file ends too early to be read, in words for people: before its media, or, in an MP4, before the index. Null where
 * it does not, and where its parts are not those of an honest recording.
 */
export async function earlyEndOf(file: string, container: Container): Promise<string | null> {
  const [before, media] = [BEFORE_MEDIA[container], MEDIA[container]];
  const parts = await partsOf(file, container, ({ name }) => media.has(name) || !before.has(name));
  const [first, last] = [parts.at(0), parts.at(-1)];
  if (!first || first.endAt - first.bodyAt > MAX_HEAD_BYTES) return null;
  if (!last || !(before.has(last.name) || media.has(last.name))) return null;
  const { size } = await stat(file);
  if (media.has(last.name) && last.endAt <= size) return null;
  return container === 'mp4' && last.name === 'mdat' && !parts.some(({ name }) => name === 'moov')
    ? 'it breaks off before its index'
    : 'it breaks off before its first picture';
}

/** The parts from the start up to one that `isLast` accepts or that can't be read; a WebM's segment is entered. */
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

/** EBML (RFC 8794, sections 4 to 6). A segment is entered: its end is the start of its first child. */
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

/** ISO/IEC 14496-12, 4.2: a size of 1 means that a 64 bit size follows, 0 that the box ends with the file. */
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
