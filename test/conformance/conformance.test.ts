/** The conformance table on our endpoint and on the stock endpoint. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useApp } from '../support/server/use-app.ts';
import { openSession } from '../support/tus/tus.ts';
import { openEndpoint } from './endpoint.ts';
import { openStock } from './stock.ts';
import { outcomesOf, type Result, runTable, toFailures, toTotals } from './suite.ts';

/** Small, so that rows can send more than that. */
const MAX_BYTES = 1_000_000;

const app = useApp({ config: { maxAnswerBytes: MAX_BYTES } });
let stock: Awaited<ReturnType<typeof openStock>>;
let results: { ours: Result[]; stock: Result[] };
beforeAll(async () => {
  stock = await openStock({ maxSize: MAX_BYTES });
  const { token, folder } = await openSession(app);
  const ours = await openEndpoint({
    url: `${app.url}/files`,
    headers: { Authorization: `Bearer ${token}` },
    metadata: { folder, questionIndex: '1', filetype: 'video/webm' },
  });
  results = { ours: await runTable(ours), stock: await runTable(await openEndpoint({ url: stock.url })) };
  console.log(
    `${outcomesOf(results)}\n\nours:  ${toTotals(results.ours)}\nstock: ${toTotals(results.stock)}\n\n${toFailures(results.stock)}`,
  );
}, 120_000);
afterAll(() => stock.close());

const namesOf = (of: Result[], outcome: Result['outcome']) =>
  of.filter((result) => result.outcome === outcome).map(({ section, name }) => `${section}: ${name}`);

test('ours passes every row', () => {
  expect(toFailures(results.ours)).toBe('');
});

test('the rows that do not apply to ours are about what it does not offer or may refuse', () => {
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
