/** Which rows `tresgo token list` and `tresgo session list` show. */
import { DateTime } from 'luxon';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { show, showList } from '../../../server/cli/command.ts';
import { parseSince, queryOf } from '../../../server/cli/filters.ts';
import { inThisProcess } from '../../support/server/in-this-process.ts';
import { openApp, startSession, type TestApp } from '../../support/server/server.ts';
import { createTusClient, recording } from '../../support/tus/tus.ts';

let app: TestApp;
let now = DateTime.fromISO('2026-11-20T10:00:00Z');
const NAMES = ['Nguyễn Văn An', 'Trần Bình', 'สมชาย ใจดี', 'Đỗ Chi'];
beforeAll(async () => {
  app = await openApp({ now: () => now });
  const secrets = [];
  for (const name of NAMES) {
    secrets.push((await app.token(name)).secret);
    now = now.plus({ days: 1 });
  }
  const [an = '', binh = '', somchai = ''] = secrets;
  await fetch(`${app.url}/api/verify-token`, { method: 'POST', body: JSON.stringify({ token: binh }) });
  now = now.plus({ days: 1 });
  await startSession(app.url, somchai, 'สมชาย ใจดี');
  now = now.plus({ days: 1 });
  const folder = await startSession(app.url, an, 'nguyen van an');
  const tus = createTusClient({ url: app.url, token: an, folder });
  for (const question of [1, 2, 3, 4, 5]) await tus.send(recording(100), { question });
  await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: an, folder, questionsCount: 5 }),
  });
});
afterAll(() => app.close());

const run = (...args: string[]) => inThisProcess([...args, '--data-dir', app.dataDir]);
async function names(...args: string[]): Promise<string[]> {
  const rows = JSON.parse((await run(...args, '--json')).stdout) as Array<{ name?: string; tokenOwner?: string }>;
  return rows.map(({ name, tokenOwner }) => name ?? tokenOwner ?? '');
}

test.each([
  [[], ['Đỗ Chi', 'สมชาย ใจดี', 'Trần Bình', 'Nguyễn Văn An']],
  [
    ['--state', 'invited,opened'],
    ['Đỗ Chi', 'Trần Bình'],
  ],
  [['--state', 'in-progress'], ['สมชาย ใจดี']],
  [['--state', 'finished'], ['Nguyễn Văn An']],
  [['--search', 'NGUYEN'], ['Nguyễn Văn An']],
  [['--search', 'do chi'], ['Đỗ Chi']],
  [['--search', 'สมชาย'], ['สมชาย ใจดี']],
  [
    ['--since', '2026-11-22T09:00Z'],
    ['Đỗ Chi', 'สมชาย ใจดี'],
  ],
  [['--interview', 'other'], []],
  [['--limit', '1'], ['Đỗ Chi']],
  [
    ['--sort', 'name', '--search', 'n'],
    ['Nguyễn Văn An', 'Trần Bình'],
  ],
  [
    ['--sort', 'activity', '--limit', '2'],
    ['Nguyễn Văn An', 'สมชาย ใจดี'],
  ],
])('token list %j', async (options, expected) => {
  expect(await names('token', 'list', ...options)).toEqual(expected);
});

test.each([
  [['--state', 'finished'], ['Nguyễn Văn An']],
  [['--state', 'in-progress'], ['สมชาย ใจดี']],
  [['--search', 'ใจดี'], ['สมชาย ใจดี']],
  [
    ['--sort', 'name', '--interview', 'default'],
    ['Nguyễn Văn An', 'สมชาย ใจดี'],
  ],
  [['--since', '2026-11-26T09:00Z'], ['Nguyễn Văn An']],
])('session list %j', async (options, expected) => {
  expect(await names('session', 'list', ...options)).toEqual(expected);
});

test('session list has the name of the invitation, not what was typed; times name their zone', async () => {
  const { stdout } = await run('session', 'list', '--state', 'finished');
  expect(stdout).toMatch(
    /^FOLDER +NAME +INTERVIEW +STARTED +STATE\n\S+ +Nguyễn Văn An +default .* finished \(5 of 5\)\n/,
  );
  expect(stdout).toContain(`Times are in ${DateTime.local().zoneName}, those of folders in Asia/Bangkok.\n`);
});

test('people are told how many more there are, and where nothing fits', async () => {
  expect((await run('token', 'list', '--limit', '1')).stdout).toContain(
    '\n\n4 tokens: 1 invited, 1 opened, 1 in-progress, 1 finished. 1 shown: --limit 0 shows all.\nTimes are in ',
  );
  expect((await run('token', 'list', '--search', 'n')).stdout).toContain('\n\n2 tokens: 1 opened, 1 finished.\n');
  expect((await run('token', 'list', '--limit', '0')).stdout).not.toContain('--limit');
  expect((await run('token', 'list', '--search', 'nobody')).stdout).toBe(
    'No token is like that: "tresgo token list" shows all.\n',
  );
});

test('people are shown 30 rows unless they ask; a document has all', () => {
  expect(queryOf({}).limit).toBe(30);
  expect(queryOf({ json: true }).limit).toBe(0);
  expect(queryOf({ json: true, limit: 2 }).limit).toBe(2);
});

test('the document of a list of any length is one as ever, though it is printed in parts', async () => {
  const rows = Array.from({ length: 2_000 }, (_, at) => ({
    name: `Ann\u202e ${at}`,
    of: [at, { deep: '\n' }],
    none: [],
  }));
  for (const some of [rows, rows.slice(0, 1), []]) {
    const printed: string[] = [];
    const whole: string[] = [];
    async function* each() {
      yield* some;
    }
    const cells = () => ({});
    let turns = 0;
    const print = (text: string) => {
      printed.push(text);
      setImmediate(() => turns++);
    };
    await showList(
      print,
      { json: true },
      each(),
      (row) => row,
      cells,
      async () => '',
    );
    show(
      (text) => whole.push(text),
      { json: true },
      some,
      () => '',
    );
    expect(printed.join('')).toBe(whole.join(''));
    expect(printed.length > 1).toBe(some === rows);
    // What was printed is let go of before the next part is made.
    expect(turns).toBe(printed.length - 1);
  }
});

test.each([
  ['2d', '2026-11-25T20:00'],
  ['2026-11-20', '2026-11-20T00:00'],
])('--since %s means %s', (text, at) => {
  expect(parseSince(text, DateTime.fromISO('2026-11-27T20:00')).toFormat("yyyy-MM-dd'T'HH:mm")).toBe(at);
});
