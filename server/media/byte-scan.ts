/**
 * What ffmpeg passes over in silence: a second recording behind the first one, and blocks of zeros where a disk or a network
 * lost bytes. Found in the bytes themselves.
 */
import { createReadStream } from 'node:fs';
import type { Container } from '../../storage/types.ts';

/** What is in the bytes of a file. */
export interface ByteScan {
  /** Where each recording in the file begins; the first one at 0. */
  starts: number[];
  /** The bytes in long runs of zeros, besides the room that a container keeps free. */
  zeroBytes: number;
}

/** No honest recording has as many zeros in a row within its media. A lost page of a disk has at least this many in a portion. */
const RUN_BYTES = 2_048;
/** More than the first part of a recording, by which a second one is known. */
const HEAD_BYTES = 256;
const PORTION_BYTES = 256 << 10;
const ZEROS = Buffer.alloc(RUN_BYTES);
const EBML = Buffer.from('1a45dfa3', 'hex');
const SEGMENT = Buffer.from('18538067', 'hex');
const FTYP = Buffer.from('ftyp');
/** The element Void (RFC 8794, section 11.3.2). */
const VOID = 0xec;

/**
 * Reads a file once, in portions.
 * @throws the signal's reason where the signal is aborted
 */
export async function scanBytes(file: string, container: Container, signal: AbortSignal): Promise<ByteScan> {
  const starts: number[] = [0];
  let [zeroBytes, at] = [0, 0];
  let [isInZeros, isFree] = [false, false];
  // The end of the portion before, so that no head is missed between two portions.
  let before: Buffer = Buffer.alloc(0);
  for await (const portion of createReadStream(file, { highWaterMark: PORTION_BYTES }) as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    const bytes = Buffer.concat([before, portion]);
    for (const head of headsIn(bytes, container)) {
      const start = at - before.length + head;
      if (start > (starts.at(-1) ?? 0)) starts.push(start);
    }
    for (let place = before.length; place < bytes.length; ) {
      const found = isInZeros ? place : bytes.indexOf(ZEROS, place);
      if (found < 0) break;
      if (!isInZeros) isFree = isFreeRoom(bytes, found);
      const end = endOfZeros(bytes, found);
      if (!isFree) zeroBytes += end - found;
      isInZeros = end === bytes.length;
      place = Math.max(end, found + 1);
    }
    at += portion.length;
    before = bytes.subarray(Math.max(0, bytes.length - HEAD_BYTES));
  }
  return { starts, zeroBytes };
}

/** The places where a recording begins: its first part, and behind that the part that must follow. */
function headsIn(bytes: Buffer, container: Container): number[] {
  const places: number[] = [];
  const name = container === 'webm' ? EBML : FTYP;
  for (let found = bytes.indexOf(name); found >= 0; found = bytes.indexOf(name, found + 1)) {
    const start = container === 'webm' ? found : found - 4;
    if (start >= 0 && (container === 'webm' ? isWebmHead(bytes, start) : isMp4Head(bytes, start))) places.push(start);
  }
  return places;
}

/** An EBML head that names the document, and a segment behind it. */
function isWebmHead(bytes: Buffer, at: number): boolean {
  const head = bytes.subarray(at, at + HEAD_BYTES);
  const segment = head.indexOf(SEGMENT);
  const title = head.subarray(0, Math.max(segment, 0)).toString('latin1');
  return segment > 0 && /webm|matroska/.test(title);
}

/** A box `ftyp` of a usual size, and one that may follow it. */
function isMp4Head(bytes: Buffer, at: number): boolean {
  const size = bytes.readUInt32BE(at);
  if (size < 16 || size > HEAD_BYTES - 8 || at + size + 8 > bytes.length) return false;
  const next = bytes.toString('latin1', at + size + 4, at + size + 8);
  return ['moov', 'moof', 'mdat', 'free', 'wide', 'skip', 'uuid', 'sidx', 'styp'].includes(next);
}

/** Whether zeros are the room of an element `Void` or a box `free`, which is announced right before them. */
function isFreeRoom(bytes: Buffer, at: number): boolean {
  if (/(free|skip|wide)$/.test(bytes.toString('latin1', Math.max(0, at - 4), at))) return true;
  // The last bytes of a size may be zeros, too.
  for (let name = at - 1; name >= Math.max(0, at - 9); name--) {
    const sizeLength = Math.clz32(bytes[name + 1] ?? 0) - 23;
    const bodyAt = name + 1 + sizeLength;
    if (bytes[name] === VOID && sizeLength <= 8 && bodyAt >= at && bodyAt <= at + 8) return true;
  }
  return false;
}

function endOfZeros(bytes: Buffer, from: number): number {
  let end = from;
  while (bytes.length - end >= RUN_BYTES && bytes.compare(ZEROS, 0, RUN_BYTES, end, end + RUN_BYTES) === 0)
    end += RUN_BYTES;
  while (end < bytes.length && bytes[end] === 0) end += 1;
  return end;
}
