/** The conformance table on our endpoint and, beside it, on the stock one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting } from '../support/tus.ts';
import { openEndpoint } from './endpoint.ts';
import { openStock } from './stock.ts';
import { type Result, runTable, toFailures, toTable, toTotals } from './suite.ts';

/** Small, so that the rows above it can send that much. */
const MAX_BYTES = 1_000_000;

let app: TestApp;
let stock: Awaited<ReturnType<typeof openStock>>;
let results: { ours: Result[]; stock: Result[] };
beforeAll(async () => {
  app = await openApp({ config: { maxAnswerBytes: MAX_BYTES } });
  stock = await openStock({ maxSize: MAX_BYTES });
  const { token, folder } = await openSitting(app, 'Anna');
  const ours = await openEndpoint({
    url: `${app.url}/files`,
    headers: { Authorization: `Bearer ${token}` },
    metadata: { folder, questionIndex: '1', filetype: 'video/webm' },
  });
  results = { ours: await runTable(ours), stock: await runTable(await openEndpoint({ url: stock.url })) };
  console.log(
    `${toTable(results)}\n\nours:  ${toTotals(results.ours)}\nstock: ${toTotals(results.stock)}\n\n${toFailures(results.stock)}`,
  );
}, 120_000);
afterAll(async () => {
  await app.close();
  await stock.close();
});

const namesOf = (of: Result[], outcome: Result['outcome']) =>
  of.filter((result) => result.outcome === outcome).map(({ section, name }) => `${section}: ${name}`);

test('ours passes every row', () => {
  expect(toFailures(results.ours)).toBe('');
});

test('what does not apply to ours is what it does not offer, and what it may refuse', () => {
  const offered = results.ours.filter(({ extension }) => !['checksum', 'concatenation'].includes(extension ?? ''));
  expect(namesOf(offered, 'n/a')).toEqual([
    'Creation: an empty file is complete at once',
    'Termination: DELETE of a complete upload is 204',
  ]);
});

test('stock does not keep these MUSTs: the rows can fail', () => {
  expect(
    namesOf(
      results.stock.filter(({ level }) => level === 'MUST'),
      'FAIL',
    ),
  ).toEqual([
    'Upload-Offset: a PATCH at offset "1e+21" is refused and stores nothing',
    'Upload-Length: a creation of length "1e+21" is refused',
    'Upload-Length: a PATCH that declares the length "1e+21" is refused, and the length stays open',
    'Tus-Resumable: POST, HEAD, PATCH and DELETE in version 0.2.2 are 412 with Tus-Version',
    'Tus-Resumable: POST, HEAD, PATCH and DELETE in version 2.0.0 are 412 with Tus-Version',
    'Tus-Resumable: POST, HEAD, PATCH and DELETE in version 1.0.1 are 412 with Tus-Version',
    'Tus-Resumable: POST, HEAD, PATCH and DELETE in version one are 412 with Tus-Version',
    'X-HTTP-Method-Override: a POST as PATCH stores the bytes',
    'X-HTTP-Method-Override: a POST as HEAD tells the offset',
    'X-HTTP-Method-Override: a PATCH as HEAD stores nothing',
    'X-HTTP-Method-Override: a DELETE as HEAD removes nothing',
    'Creation: a length of 30 digits is 413',
    'Upload-Metadata: bytes that are no text: HEAD tells it as it was given, before and after the last byte',
    'Expiration: so does the one that refuses a wrong offset',
    'Termination: a POST as DELETE removes it',
  ]);
});
