/** Rows about headers whose value is a number of bytes. */
import { demand, headerMatches, isRefused, NotApplicable, stateIs, statusIs } from '../check.ts';
import type { Endpoint } from '../endpoint.ts';
import { payload, type Row, section } from '../row.ts';

const NON_NEGATIVE = 'The value MUST be a non-negative integer.';
/** Values that a lenient parser reads as 1000 and would accept. */
const NO_NUMBERS = ['1e3', '+1000', '1000.0', '1000.5', '0x3e8', '1000abc', '1000 1000', '-1000', ''];
/** A double that is printed in this form; a parser that stops at the `e` reads 1. */
const LARGE_DOUBLE = '1e+21';

/** An upload with `offset` bytes must refuse these values, and stay unchanged. */
async function refusesOffset(endpoint: Endpoint, offset: number, value: string | undefined): Promise<void> {
  const url = await endpoint.begin({ length: 5000 });
  const bytes = payload(5000);
  statusIs(await endpoint.patch(url, 0, bytes.subarray(0, offset)), 204);
  const body = bytes.subarray(offset, offset + 10);
  isRefused(await endpoint.patch(url, '', body, { headers: { 'Upload-Offset': value } }));
  stateIs(await endpoint.head(url), offset, 5000);
}

async function refusesLength(endpoint: Endpoint, value: string): Promise<void> {
  isRefused(await endpoint.create({ headers: { 'Upload-Length': value } }));
}

async function refusesDeclared(endpoint: Endpoint, value: string): Promise<void> {
  const url = await endpoint.begin({ length: null });
  isRefused(await endpoint.patch(url, 0, new Uint8Array(), { headers: { 'Upload-Length': value } }));
  stateIs(await endpoint.head(url), 0, null);
}

const offsetRows = section('Upload-Offset', [
  ...NO_NUMBERS.map((value) => ({
    name: `a PATCH at offset ${JSON.stringify(value)} is refused and stores nothing`,
    level: 'MUST' as const,
    sentence: NON_NEGATIVE,
    run: (endpoint: Endpoint) => refusesOffset(endpoint, 1000, value),
  })),
  {
    name: `a PATCH at offset ${JSON.stringify(LARGE_DOUBLE)} is refused and stores nothing`,
    level: 'MUST',
    sentence: NON_NEGATIVE,
    run: (endpoint) => refusesOffset(endpoint, 1, LARGE_DOUBLE),
  },
  {
    name: 'a PATCH without Upload-Offset is refused and stores nothing',
    level: 'MUST',
    sentence: "The `Upload-Offset` header's value MUST be equal to the current offset of the resource.",
    run: (endpoint) => refusesOffset(endpoint, 1000, undefined),
  },
  {
    name: 'the offset of every response is a number',
    level: 'MUST',
    sentence: NON_NEGATIVE,
    async run(endpoint) {
      const url = await endpoint.begin();
      headerMatches(await endpoint.head(url), 'Upload-Offset', /^\d+$/);
      headerMatches(await endpoint.patch(url, 0, payload(100)), 'Upload-Offset', /^\d+$/);
      headerMatches(await endpoint.head(url), 'Upload-Offset', /^\d+$/);
    },
  },
]);

const lengthRows = section('Upload-Length', [
  ...[...NO_NUMBERS, LARGE_DOUBLE].map((value) => ({
    name: `a creation of length ${JSON.stringify(value)} is refused`,
    level: 'MUST' as const,
    sentence: NON_NEGATIVE,
    run: (endpoint: Endpoint) => refusesLength(endpoint, value),
  })),
  ...['1e3', '-1', '0x3e8', LARGE_DOUBLE].map((value) => ({
    name: `a PATCH that declares the length ${JSON.stringify(value)} is refused, and the length stays open`,
    level: 'MUST' as const,
    sentence: NON_NEGATIVE,
    run: (endpoint: Endpoint) => refusesDeclared(endpoint, value),
  })),
  {
    name: 'the length that HEAD tells is the one of the creation',
    level: 'MUST',
    sentence:
      'The `Upload-Length` request and response header indicates the size of the entire upload in bytes. The value MUST be a non-negative integer.',
    async run(endpoint) {
      const url = await endpoint.begin({ length: 123_456 });
      stateIs(await endpoint.head(url), 0, 123_456);
    },
  },
]);

const maxSizeRows = section('Tus-Max-Size', [
  {
    name: 'it is a number',
    level: 'MUST',
    sentence:
      'The `Tus-Max-Size` response header MUST be a non-negative integer indicating the maximum allowed size of an entire upload in bytes.',
    async run(endpoint) {
      const value = (await endpoint.ask('OPTIONS', endpoint.url)).header('Tus-Max-Size');
      if (value === null) throw new NotApplicable('OPTIONS has no Tus-Max-Size');
      demand(/^\d+$/.test(value), `Tus-Max-Size is ${JSON.stringify(value)}`);
    },
  },
]);

/** Rows about strict numbers: Upload-Offset, Upload-Length, Tus-Max-Size. */
export const numberRows: Row[] = [...offsetRows, ...lengthRows, ...maxSizeRows];
