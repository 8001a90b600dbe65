/** The command line itself: usage, help, exit statuses, and errors that any command can have. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStorage } from '../../../storage/index.ts';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { temporaryFolder, tresgo } from '../../support/server/server.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => root.remove());

test('the launcher gives one JSON document on standard output, and the exit status of the command', async () => {
  const folder = await temporaryFolder();
  const made = await tresgo(['token', 'create', '--name', 'Anna', '--json', '--data-dir', `${folder.path}/new/data`]);
  expect(made.status).toBe(0);
  expect(made.stderr).toMatch(/^made a new data folder .*\/new\/data\nthe link begins with .*, which is a guess/);
  expect(JSON.parse(made.stdout)).toMatchObject({ name: 'Anna' });
  expectRefusal(
    await tresgo(['token', 'show', 'nope', '--data-dir', `${folder.path}/new/data`]),
    /^tresgo: there is no token "nope"/,
  );
  expect(await tresgo(['token', 'nonsense'])).toMatchObject({ status: 2, stdout: '' });
  await folder.remove();
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
  [['token', 'create', '--name', 'a\u009bb'], /control characters/],
  [['token', 'create', '--name', 'a\u2028b'], /control characters/],
  [['token', 'create', '--name', '\u200b\u202e'], /1 to 1000 characters/],
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
  [['help', 'nonsense'], /there is no help of 'nonsense'/],
  [['completion', 'tcsh'], /bash, zsh, fish/],
])('wrong usage %j is explained on standard error, with exit status 2', async (args, words) => {
  const { status, stdout, stderr } = await inThisProcess(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(words);
});

test.each([
  [],
  ['--help'],
  ['help'],
  ['help', 'token', 'create'],
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
])('%s %s %s prints its usage on standard output', async (...args) => {
  const { status, stdout, stderr } = await inThisProcess(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: tresgo/);
  if (args.length === 3) expect(stdout).toMatch(/--json[\s\S]*--data-dir/);
});

test('an unusable data folder gives one line: a file in its place, a path below a file, /proc', async () => {
  const file = `${root.path}/file`;
  await writeFile(file, 'x');
  for (const place of [file, `${file}/below`, '/proc/tresgo'])
    expectRefusal(
      await inThisProcess(['token', 'create', '--name', 'A', '--data-dir', place]),
      /^tresgo: the data folder .* can't be used \(\w+\)/,
    );
});

test('a wrong environment variable stops every command', async () => {
  expectRefusal(
    await tresgo(['token', 'list', '--data-dir', root.path], { PORT: 'http' }),
    /^tresgo: PORT="http" is not right/,
  );
});

test('a reader of the output that stops early is no error', async () => {
  await inThisProcess(['token', 'create', '--name', 'A', '--data-dir', root.path]);
  const script = '"$0" server/cli/bin.mjs token list --data-dir "$1" | true; echo $PIPESTATUS';
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script, process.execPath, root.path]);
  expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
});

test.each([
  ['token', 'list'],
  ['token', 'show', 'x'],
  ['token', 'update', 'x', '--name', 'A'],
  ['token', 'reissue', 'x'],
  ['token', 'remind'],
  ['session', 'reopen', 'x'],
  ['interview', 'delete', 'x'],
  ['token', 'revoke', 'x'],
  ['token', 'restore', 'x'],
  ['interview', 'list'],
  ['interview', 'show', 'default'],
  ['session', 'list'],
  ['session', 'show', 'x'],
  ['session', 'repair', 'x'],
  ['job', 'list'],
  ['job', 'retry', '--dead'],
  ['transcribe', 'x'],
  ['backup', '--out', 'x'],
  ['check'],
])('%s %s makes no data folder where a name was mistyped', async (...args) => {
  const typo = `${root.path}/dtaa`;
  for (const place of ['typo', 'empty']) {
    const before = await readdir(root.path);
    const folder = place === 'typo' ? typo : await mkdtemp(`${root.path}/empty-`);
    expectRefusal(
      await inThisProcess([...args, '--data-dir', folder]),
      /^tresgo: there is no data folder .*: name the right one with --data-dir or TRESGO_DATA_DIR/,
    );
    if (folder === typo) expect(await readdir(root.path)).toEqual(before);
    else expect(await readdir(folder)).toEqual([]);
  }
});

test('a catalog that a newer version made is refused in words, and nothing in it changes', async () => {
  const dataDir = await mkdtemp(`${root.path}/newer-`);
  await inThisProcess(['token', 'create', '--name', 'A', '--data-dir', dataDir]);
  const catalog = new BetterSqlite3(`${dataDir}/tresgo.db`);
  catalog.exec(`insert into kysely_migration values ('999-later', '2030-01-01')`);
  catalog.close();
  for (const args of [['token', 'list'], ['check']])
    expectRefusal(
      await inThisProcess([...args, '--data-dir', dataDir]),
      /tresgo\.db was made by a newer TresGo \(it has 999-later\): use that version/,
    );
});

test('--version prints the version of the package, and so does "version"', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  for (const word of ['--version', 'version'])
    expect(await inThisProcess([word])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

test('names on the way to a terminal lose what a terminal obeys; a document keeps it as escapes', async () => {
  const dataDir = await mkdtemp(`${root.path}/names-`);
  const storage = await openStorage({ dataDir });
  await storage.interviews.ensureDefault();
  const family = '👩\u200d👧';
  const name = `A\u001b[31m\u009b2J\u202eB\u2066C\u2028D\u200bE\u00adF\u{e0041}G\u200cH${family}`;
  await storage.tokens.create({ name, interview: 'default', expiresAt: null, maxSessions: 1 });
  await storage.close();
  const { stdout } = await inThisProcess(['token', 'list', '--data-dir', dataDir]);
  expect(stdout).toContain(`A[31m2JBCDEFG\u200cH${family}`);
  const document = (await inThisProcess(['token', 'list', '--json', '--data-dir', dataDir])).stdout;
  expect(document).toContain('\\u001b[31m\\u009b2J\\u202eB\\u2066C\\u2028D\\u200bE\\u00adF\\udb40\\udc41G');
  expect(JSON.parse(document)).toMatchObject([{ name }]);
  const made = await inThisProcess(['token', 'show', '\u009b\u202eno', '--data-dir', dataDir]);
  expect(made.stderr).toMatch(/there is no token "no"/);
});
