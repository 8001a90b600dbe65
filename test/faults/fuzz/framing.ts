/** Mutations of the framing of a body: its length and its chunks. */
import type { Chance } from '../../support/chance.ts';
import { type Draft, get, set } from './draft.ts';
import { NUMBERS } from './values.ts';

/** Sets a Content-Length that is not the body's length. */
export const wrongLength = (of: Draft, chance: Chance): void => {
  const right = of.body.length;
  const value = chance.pick([
    () => String(right + 1),
    () => String(right + chance.int(2, 1_000_000)),
    () => '9007199254740991',
    () => {
      of.malformed = true;
      return chance.pick([String(Math.max(0, right - 1)), ...NUMBERS]);
    },
  ])();
  if (value !== String(right)) of.incomplete = true;
  set(of, 'Content-Length', value);
};

/** Adds a second Content-Length, equal or not. */
export const twoLengths = (of: Draft, chance: Chance): void => {
  of.malformed = true;
  of.incomplete = true;
  of.lines.push(`Content-Length: ${chance.pick([String(of.body.length), ...NUMBERS])}`);
};

/** Encodes a body in chunks (RFC 9112, section 7.1). */
function chunked(body: Uint8Array, chance: Chance, { extension = '', trailer = '' } = {}): Buffer<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, chance.int(1, 9_000));
    const line = `${chance.is(0.5) ? size.toString(16) : size.toString(16).toUpperCase()}${extension}\r\n`;
    parts.push(Buffer.from(line), body.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

/** Sends the body in chunks, with extensions and trailers. */
export const inChunks = (of: Draft, chance: Chance): void => {
  set(of, 'Content-Length', null);
  set(of, 'Transfer-Encoding', 'chunked');
  of.body = chunked(of.body, chance, {
    extension: chance.pick(['', '', ';x=y', ';x="a b"', `;${'x'.repeat(200)}`]),
    trailer: chance.pick(['', '', 'X-Trailer: x\r\n', 'Upload-Offset: 0\r\n']),
  });
};

/** Sends a body that is announced as chunks and is not. */
export const badChunks = (of: Draft, chance: Chance): void => {
  of.malformed = true;
  of.incomplete = true;
  set(of, 'Content-Length', null);
  set(
    of,
    'Transfer-Encoding',
    chance.pick(['chunked', 'chunked', 'Chunked', 'gzip', 'chunked, chunked', 'identity', 'x', '']),
  );
  const text = chance.pick([
    'zz\r\nab\r\n',
    '-5\r\nabcde\r\n',
    '5\r\nabc\r\n',
    'ffffffffffffffffff\r\n',
    '5\nabcde\n0\n\n',
    '\r\n',
  ]);
  of.body = chance.is(0.3) ? of.body : Buffer.from(text);
  if (chance.is(0.2)) of.body = chunked(of.body, chance, { extension: `;${'x'.repeat(20_000)}` });
};

/** Sends both a length and chunks, as request smuggling does (RFC 9112, section 6.3). */
export const lengthAndChunks = (of: Draft, chance: Chance): void => {
  of.malformed = true;
  of.lines.splice(chance.int(0, of.lines.length), 0, 'Transfer-Encoding: chunked');
  if (get(of, 'Content-Length') === null) of.lines.push(`Content-Length: ${of.body.length}`);
  if (chance.is(0.5)) of.body = chunked(of.body, chance);
};
