/** WebM written by hand (RFC 9559), also in ways in which no program writes it. */
import { deflateSync } from 'node:zlib';

const uint = (value: number, bytes = 8) =>
  Buffer.from(
    BigInt(value)
      .toString(16)
      .padStart(bytes * 2, '0'),
    'hex',
  );
const float = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return buffer;
};

/** An element whose size takes 8 bytes; `id` in hex. */
export function element(id: string, ...body: (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(body.map((part) => Buffer.from(part)));
  const size = uint(bytes.length);
  size[0] = 1;
  return Buffer.concat([Buffer.from(id, 'hex'), size, bytes]);
}

/** A packet of a track. */
interface Block {
  atMs: number;
  track?: number;
  data?: Buffer;
}

/** The content of a WebM. */
interface WebmOptions {
  tracks?: Buffer[];
  blocks?: Block[];
  /** Length of a timestamp, in ns; 1,000,000 is 1 ms. */
  timestampScale?: number;
  /** The duration that the file states, in timestamps. */
  duration?: number;
}

/** 20 ms of silence as Opus. */
const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
const OPUS_HEAD = Buffer.from('4f707573486561640102380180bb0000000000', 'hex');

/** A stereo Opus track; `more` are further elements. */
export function opusTrack(number: number, ...more: Buffer[]): Buffer {
  const audio = element('e1', element('b5', float(48_000)), element('9f', uint(2)));
  const of = [element('86', 'A_OPUS'), element('63a2', OPUS_HEAD), audio, ...more];
  return element('ae', element('d7', uint(number)), element('73c5', uint(number)), element('83', uint(2)), ...of);
}

/** A VP8 track that states this size of its picture, in pixels. */
export function vp8Track(number: number, width: number, height: number, ...more: Buffer[]): Buffer {
  const video = element('e0', element('b0', uint(width)), element('ba', uint(height)));
  const of = [element('86', 'V_VP8'), video, ...more];
  return element('ae', element('d7', uint(number)), element('73c5', uint(number)), element('83', uint(1)), ...of);
}

/** A VP8 key frame (RFC 6386, 9.1) that states this size, and has no picture in it. */
export function vp8KeyFrame(width: number, height: number): Buffer {
  const head = Buffer.from([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, width & 0xff, width >> 8, height & 0xff, height >> 8]);
  return Buffer.concat([head, Buffer.alloc(200)]);
}

/** The element of a track whose packets are zlib streams (RFC 9559, section 5.1.4.1.31). */
export const ZLIB = element('6d80', element('6240', element('5034', element('4254', uint(0)))));
/** A packet of `bytes` bytes as a zlib stream, which is a thousand times smaller. */
export const bomb = (bytes: number) =>
  deflateSync(Buffer.concat([vp8KeyFrame(64, 64), Buffer.alloc(bytes)]), { level: 9 });

/** Opus packets of silence for `ms`. */
export const silence = (ms: number, fromMs = 0): Block[] =>
  Array.from({ length: ms / 20 }, (_, index) => ({ atMs: fromMs + index * 20 }));

/** The bytes of a WebM. */
export function webm({
  tracks = [opusTrack(1)],
  blocks = silence(1_000),
  timestampScale = 1_000_000,
  duration,
}: WebmOptions = {}): Buffer {
  const head = element('1a45dfa3', element('4282', 'webm'), element('4287', uint(4)), element('4285', uint(2)));
  const info = element(
    '1549a966',
    element('2ad7b1', uint(timestampScale)),
    ...(duration === undefined ? [] : [element('4489', float(duration))]),
  );
  const clusters = blocks.map(({ atMs, track = 1, data = SILENCE }) =>
    element('1f43b675', element('e7', uint(atMs)), element('a3', Buffer.from([0x80 | track, 0, 0, 0x80]), data)),
  );
  return Buffer.concat([head, element('18538067', info, element('1654ae6b', ...tracks), ...clusters)]);
}
