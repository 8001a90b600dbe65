/** The command line: mostly in this process, and through its launcher where the process matters. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApp, startSession, temporaryFolder, tresgo } from '../support/server.ts';
import { createTusClient, recording } from '../support/tus.ts';
import { expectRefusal, inThisProcess } from './in-this-process.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => root.remove());

const run = (...args: string[]) => inThisProcess([...args, '--data-dir', root.path]);

/** A command that must succeed; its one JSON document. */
async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await run(...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

interface Created {
  id: string;
  token: string;
  name: string;
  link: string;
  expiresAt: string | null;
}

test('a token’s life: created, listed, shown, revoked, restored; its secret is seen once', async () => {
  const made = await json<Created>('token', 'create', '--name', ' Nguyễn Văn A ', '--expires', '7d');
  expect(Object.keys(made)).toEqual(['id', 'token', 'name', 'link', 'expiresAt']);
  expect(made.name).toBe('Nguyễn Văn A');
  expect(made.link).toBe(`http://127.0.0.1:8002/#t=${made.token}`);
  expect(made.token).toMatch(/^[\w-]{32}$/);
  const left = Date.parse(made.expiresAt ?? '') - Date.now();
  expect(left).toBeGreaterThan(7 * 86_400_000 - 60_000);
  expect(left).toBeLessThanOrEqual(7 * 86_400_000);

  const chosen = 'my-own~!secret';
  expect(await json<Created>('token', 'create', '--name', 'B', '--token', chosen)).toMatchObject({
    token: chosen,
    link: `http://127.0.0.1:8002/#t=${encodeURIComponent(chosen)}`,
    expiresAt: null,
  });
  expectRefusal(await run('token', 'create', '--name', 'C', '--token', chosen), /a token already/);

  expect(await json<Created[]>('token', 'list')).toMatchObject([
    { id: made.id, state: 'active', maxSessions: 1 },
    { name: 'B' },
  ]);
  expect(await json('token', 'revoke', made.id)).toMatchObject({ id: made.id, state: 'revoked' });
  expect(await json('token', 'show', made.id)).toMatchObject({ state: 'revoked' });
  expect(await json('token', 'restore', made.id)).toMatchObject({ state: 'active' });

  const printed = [
    await run('token', 'list'),
    await run('token', 'show', made.id),
    await run('token', 'list', '--json'),
  ];
  for (const { status, stdout } of printed) {
    expect(status).toBe(0);
    expect(stdout).toContain(made.id);
    expect(stdout).not.toContain(made.token);
  }
  for (const secret of [made.token, chosen]) {
    const found = await promisify(execFile)('grep', ['-rlaF', secret, root.path]).catch(
      (error: { stdout: string }) => error,
    );
    expect(found.stdout).toBe('');
  }
  for (const command of ['show', 'revoke', 'restore'])
    expectRefusal(await run('token', command, 'nope'), /there is no token "nope": "tresgo token list" shows them/);
});

test('through the launcher: one JSON document on standard output, and the exit status', async () => {
  const folder = await temporaryFolder();
  const made = await tresgo(['token', 'create', '--name', 'Anna', '--json', '--data-dir', `${folder.path}/new/data`]);
  expect(made).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(made.stdout)).toMatchObject({ name: 'Anna' });
  expectRefusal(
    await tresgo(['token', 'show', 'nope', '--data-dir', folder.path]),
    /^tresgo: there is no token "nope"/,
  );
  expect(await tresgo(['token', 'nonsense'])).toMatchObject({ status: 2, stdout: '' });
  await folder.remove();
});

test('for people: the secret and the link on lines of their own', async () => {
  const { status, stdout } = await run('token', 'create', '--name', 'Anna', '--max-sessions', '0');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Token for Anna \(id \w+\):\n {2}(\S{32})\nLink:\n {2}http:\/\/127\.0\.0\.1:8002\/#t=\1\n$/);
  expect((await run('token', 'list')).stdout).toMatch(/^ID +NAME +INTERVIEW +SESSIONS +EXPIRES +STATE\n/);
});

test.each([
  [['token', 'create', '--name', 'A', '--token', 'abc'], /4 to 200 printable ASCII/],
  [['token', 'create', '--name', 'A', '--token', 'x'.repeat(201)], /4 to 200/],
  [['token', 'create', '--name', 'A', '--token', ' leading'], /no space at either end/],
  [['token', 'create', '--name', 'A', '--token', 'trailing '], /no space at either end/],
  [['token', 'create', '--name', 'A', '--token', 'a\ttab'], /4 to 200/],
  [['token', 'create', '--name', 'A', '--token', 'naïve'], /4 to 200/],
  [['token', 'create', '--name', ' '], /1 to 1000 characters/],
  [['token', 'create', '--name', 'a\nb'], /control characters/],
  [['token', 'create'], /--name/],
  [['token', 'create', '--name', 'A', '--expires', 'soon'], /30m, 24h, 7d/],
  [['token', 'create', '--name', 'A', '--expires', '2020-01-01'], /still to come/],
  [['token', 'create', '--name', 'A', '--expires', '0d'], /still to come/],
  [['token', 'create', '--name', 'A', '--max-sessions', '-1'], /whole number from 0/],
  [['token', 'create', '--name', 'A', '--max-sessions', '1.5'], /whole number from 0/],
  [['token', 'create', '--name', 'A', '--nonsense'], /unknown option/],
  [['token', 'show'], /missing required argument/],
  [['token', 'nonsense'], /unknown command/],
  [['nonsense'], /unknown command/],
  [['interview', 'create'], /missing required argument/],
  [['token'], /Usage/],
  [[], /Usage/],
])('wrong usage %j is exit status 2, told on standard error', async (args, words) => {
  const { status, stdout, stderr } = await inThisProcess(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(words);
});

test('--token takes 4 and 200 characters, and what is not its own interview is refused', async () => {
  for (const token of ['abcd', 'a  b', '!'.repeat(200)])
    expect(await json<Created>('token', 'create', '--name', 'A', '--token', token)).toMatchObject({ token });
  expectRefusal(
    await run('token', 'create', '--name', 'A', '--interview', 'none'),
    /there is no interview "none": "tresgo interview list" shows them/,
  );
});

test.each([
  ['--help'],
  ['serve', '--help'],
  ['token', '--help'],
  ['token', 'create', '--help'],
  ['token', 'list', '--help'],
  ['token', 'show', '--help'],
  ['token', 'revoke', '--help'],
  ['token', 'restore', '--help'],
  ['interview', 'create', '--help'],
  ['interview', 'list', '--help'],
  ['interview', 'show', '--help'],
  ['session', 'list', '--help'],
  ['session', 'show', '--help'],
])('%s %s %s explains itself on standard output', async (...args) => {
  const { status, stdout, stderr } = await inThisProcess(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: tresgo/);
  if (args.length === 3) expect(stdout).toMatch(/--json[\s\S]*--data-dir/);
});

test('sessions are listed and shown while the server runs, and after', async () => {
  const folder = await temporaryFolder();
  const app = await openApp({ dataDir: folder.path });
  const list = async () => JSON.parse((await tresgo(['session', 'list', '--json', '--data-dir', folder.path])).stdout);
  try {
    expect(await list()).toEqual([]);
    expect((await tresgo(['session', 'list', '--data-dir', folder.path])).stdout).toBe('No sessions yet.\n');
    const made = JSON.parse(
      (await tresgo(['token', 'create', '--name', 'Anna', '--json', '--data-dir', folder.path])).stdout,
    );
    const name = await startSession(app.url, made.token, 'Anna');
    const tus = createTusClient({ url: app.url, token: made.token, folder: name });
    await tus.send(recording(2_000), { question: 2 });
    expect(await list()).toMatchObject([
      {
        folder: name,
        userName: 'Anna',
        status: 'started',
        totalQuestions: 5,
        answers: [{ question: 2, fileName: 'Q2.webm', bytes: 2_000 }],
      },
    ]);
  } finally {
    await app.close();
  }
  const [{ folder: name }] = await list();
  const shown = await tresgo(['session', 'show', name, '--data-dir', folder.path]);
  expect(shown.stdout).toMatch(/status: started\n[\s\S]*Q2\.webm +0\.00 MB +queued +[0-9a-f]{64}\n/);
  expectRefusal(await tresgo(['session', 'show', '../x', '--data-dir', folder.path]), /there is no session "\.\.\/x"/);
  await folder.remove();
});

test('an unusable data folder is one line: a file in its place, a path below a file, /proc', async () => {
  const file = `${root.path}/file`;
  await writeFile(file, 'x');
  for (const place of [file, `${file}/below`, '/proc/tresgo'])
    expectRefusal(
      await inThisProcess(['token', 'list', '--data-dir', place]),
      /^tresgo: the data folder .* can't be used \(\w+\)/,
    );
});

test('a wrong environment variable stops a command, too', async () => {
  expectRefusal(
    await tresgo(['token', 'list', '--data-dir', root.path], { PORT: 'http' }),
    /^tresgo: PORT="http" is not right/,
  );
});

test('a reader that stops early is no error', async () => {
  const script = '"$0" server/cli/bin.mjs token list --data-dir "$1" | true; echo $PIPESTATUS';
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script, process.execPath, root.path]);
  expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
});
