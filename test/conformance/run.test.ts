/** The command line, as users type it. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { main } from './main.ts';
import { openReference } from './reference.ts';
import type { Result } from './suite.ts';

/** Headers and metadata of the requests to the correct endpoint. */
const keys = new Set<string | undefined>();
const metadata = new Set<string | undefined>();
let good: Awaited<ReturnType<typeof openReference>>;
let bad: Awaited<ReturnType<typeof openReference>>;
beforeAll(async () => {
  good = await openReference({
    reply(_reply, { method, path: target, header }) {
      keys.add(header('X-Key'));
      if (method === 'POST' && target === '/files') metadata.add(header('Upload-Metadata'));
    },
  });
  bad = await openReference({ breaks: ['conflict'] });
});
afterAll(() => Promise.all([good.close(), bad.close()]));

let output: { stdout: string; stderr: string };
beforeEach(() => {
  output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      output[name] += text;
      return true;
    });
});
afterEach(() => vi.restoreAllMocks());

test('as a process: exit status 0 where every MUST holds, with a line for each row and the totals', async () => {
  const args = [path.join(import.meta.dirname, 'run.mjs'), '--url', good.url];
  const { status, stdout, stderr } = await new Promise<{ status: unknown; stdout: string; stderr: string }>(
    (resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) =>
        resolve({ status: error?.code ?? 0, stdout, stderr }),
      );
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^section +level +result +row\n/);
  expect(stdout).toMatch(/\nHEAD +MUST +pass +asking again changes nothing\n/);
  expect(stdout).toMatch(/\n\nMUST \d+ passed, 0 failed, 0 n\/a · SHOULD \d+ passed, 0 failed, 0 n\/a · MAY /);
  expect(stdout).not.toContain('FAIL');
});

test('a MUST that does not hold: exit status 1, with what was seen and the sentence', async () => {
  expect(await main(['--url', bad.url])).toBe(1);
  expect(output.stdout).toContain(
    [
      'FAIL PATCH (MUST): offset 0 of a complete upload is 409',
      '  seen: PATCH (Upload-Offset: 0): 413, not 409',
      '  tus 1.0.0: "If the offsets do not match, the Server MUST respond with the `409 Conflict` status without modifying the upload resource."',
    ].join('\n'),
  );
});

test('headers are sent with every request and metadata with every creation; --json is one document', async () => {
  keys.clear();
  metadata.clear();
  const args = ['--header', 'X-Key: a: b', '--metadata', 'folder=a=b', '--metadata', 'n=1'];
  expect(await main(['--url', good.url, '--json', ...args])).toBe(0);
  const document = JSON.parse(output.stdout) as { url: string; results: Result[] };
  expect(document).toMatchObject({ url: good.url, totals: { MUST: { FAIL: 0, 'n/a': 0 } } });
  expect(document.results[0]).toMatchObject({ level: 'MUST', outcome: 'pass', seen: null });
  expect([...keys]).toEqual(['a: b']);
  expect([...metadata].filter((list) => !list?.startsWith('folder YT1i,n MQ=='))).toEqual([]);
});

test('without a server: exit status 1 and one line', async () => {
  const { url, close } = await openReference();
  await close();
  expect(await main(['--url', url])).toBe(1);
  expect(output.stdout).toBe('');
  expect(output.stderr).toMatch(/^conformance: http:\S+: OPTIONS: .*ECONNREFUSED.*\n$/);
});

test.each([
  [[]],
  [['--url', 'ftp://example.com']],
  [['--url', 'files']],
  [['--url', 'http://127.0.0.1/', '--header', 'Authorization']],
  [['--url', 'http://127.0.0.1/', '--metadata', 'folder']],
  [['--url', 'http://127.0.0.1/', '--more']],
])('wrong usage is 2: %j', async (args) => {
  expect(await main(args)).toBe(2);
  expect(output.stdout).toBe('');
  expect(output.stderr).toMatch(/^error: /);
});

test('--help: exit status 0', async () => {
  expect(await main(['--help'])).toBe(0);
  expect(output.stdout).toContain('--metadata <pair>');
});
