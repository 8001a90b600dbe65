/** `tresgo interview …`, and how an interview reaches a candidate. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Interview } from '../../../storage/types.ts';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { openApp, temporaryFolder, tresgo } from '../../support/server/server.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const EXAMPLE = path.join(root, 'server/cli/interview.example.yaml');
const FILE =
  'slug: short\ntitle: A short one\ngate: end\nkeepTakes: false\nquestions:\n  - text: One?\n    maxTakes: 3\n  - text: Two?\n    thinkSeconds: 20\n    maxSeconds: 90\n';
const INTERVIEW: Interview = {
  slug: 'short',
  title: 'A short one',
  gate: 'end',
  keepTakes: false,
  questions: [
    { text: 'One?', readSeconds: 0, thinkSeconds: 0, maxSeconds: 600, maxTakes: 3 },
    { text: 'Two?', readSeconds: 0, thinkSeconds: 20, maxSeconds: 90, maxTakes: 1 },
  ],
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  dataDir = `${folder.path}/data`;
  file = `${folder.path}/short.yaml`;
  await writeFile(file, FILE);
});
afterEach(() => folder.remove());

const run = (...args: string[]) => inThisProcess([...args, '--data-dir', dataDir]);

/** What a command says of the folder and of the link. */
const REMARKS = /^(made a new data folder|the link begins with) .*\n/gm;

/** Runs a command that must succeed. Returns its JSON document. */
async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await run(...args, '--json');
  expect({ status, stderr: stderr.replace(REMARKS, '') }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

test('an interview is created, listed and shown; the same file changes nothing, another one needs --replace', async () => {
  expect(await json('interview', 'create', file)).toEqual({ ...INTERVIEW, outcome: 'created' });
  expect(await json('interview', 'create', file)).toEqual({ ...INTERVIEW, outcome: 'unchanged' });
  expect(await json('interview', 'show', 'short')).toEqual(INTERVIEW);
  expect(await json<Interview[]>('interview', 'list')).toMatchObject([
    { slug: 'default' },
    { slug: 'default-th', language: 'th' },
    { slug: 'default-vi', language: 'vi' },
    INTERVIEW,
  ]);

  await writeFile(file, FILE.replace('gate: end', 'gate: each'));
  expectRefusal(
    await run('interview', 'create', file),
    /^tresgo: there is another interview "short" already: choose another slug, or give --replace/,
  );
  expect(await json('interview', 'show', 'short')).toEqual(INTERVIEW);
  const replaced = { ...INTERVIEW, gate: 'each' };
  expect(await json('interview', 'create', file, '--replace')).toEqual({ ...replaced, outcome: 'replaced' });
  expect(await json('interview', 'show', 'short')).toEqual(replaced);
  expect(await json('interview', 'create', file, '--replace')).toMatchObject({ outcome: 'unchanged' });
});

test('the output for people says what was done, has a table, and is a file that create accepts', async () => {
  expect((await run('interview', 'create', file)).stdout).toBe(
    'The interview "short" is in the catalog: 2 questions.\nLinks for it:  npx tresgo token create --interview short --name NAME\n',
  );
  expect((await run('interview', 'list')).stdout).toMatch(
    /^SLUG +QUESTIONS +GATE +TAKES +TITLE\ndefault +5 +each +kept +First interview\ndefault-th .*\ndefault-vi .*\nshort +2 +end +not kept +A short one\n$/,
  );
  await writeFile(`${folder.path}/again.yaml`, (await run('interview', 'show', 'short')).stdout);
  expect(await json('interview', 'create', `${folder.path}/again.yaml`)).toEqual({
    ...INTERVIEW,
    outcome: 'unchanged',
  });
});

test('each mistake in the file is a line with its place, and nothing is created', async () => {
  await writeFile(file, FILE.replace('end', 'never').replace('maxTakes: 3', 'maxTake: 3').replace('90', 'long'));
  const { status, stdout, stderr } = await run('interview', 'create', file, '--json');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr.split('\n')).toEqual([
    `${file}:3:7: gate: takes each or end, not "never"`,
    `${file}:7:5: questions[0].maxTake: is no key here: did you mean maxTakes?`,
    `${file}:10:17: questions[1].maxSeconds: takes a whole number from 5 to 7200 (seconds), not "long"`,
    '',
  ]);
  expectRefusal(await run('interview', 'list'), /there is no data folder/);
});

test('a file that can’t be read, is no text, or is too large, gives one line', async () => {
  const inFolder = (name: string) => `${folder.path}/${name}`;
  await mkdir(inFolder('folder'));
  await writeFile(inFolder('large'), `${FILE}#${'x'.repeat(1_000_000)}`);
  await writeFile(inFolder('latin1'), Buffer.from(FILE.replace('short one', 'caf\u00e9'), 'latin1'));
  const create = (name: string) => run('interview', 'create', inFolder(name));
  expectRefusal(
    await create('missing'),
    /missing can’t be read \(there is no such file\): name a YAML file, like server/,
  );
  expectRefusal(await create('folder'), /folder can’t be read \(it is a folder\)/);
  expectRefusal(await create('large'), /large:1:1: the file has more than 1000000 bytes/);
  expectRefusal(await create('latin1'), /latin1:2:1: this is not UTF-8: save the file as UTF-8/);
  expectRefusal(await run('interview', 'create', '/dev/zero'), /\/dev\/zero:1:1: the file has more than 1000000 bytes/);
});

test('- reads standard input; the help names the example, and the example is accepted', {
  timeout: 60_000,
}, async () => {
  const args = ['server/cli/bin.mjs', 'interview', 'create', '-', '--json', '--data-dir', dataDir];
  for (const [text, status, output] of [
    [FILE, 0, { outcome: 'created' }],
    ['slug: [', 1, /^<stdin>:1:\d+: is not readable as YAML: /],
  ] as const) {
    const child = spawn(process.execPath, args, { cwd: root });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (more) => (stdout += more));
    child.stderr.on('data', (more) => (stderr += more));
    child.stdin.end(text);
    expect((await once(child, 'close'))[0]).toBe(status);
    if (output instanceof RegExp) expect([stdout, stderr]).toEqual(['', expect.stringMatching(output)]);
    else expect(JSON.parse(stdout)).toMatchObject(output);
  }
  const { stdout: help } = await inThisProcess(['interview', 'create', '--help']);
  const named = help.match(/An example to copy, with comments: {2}(\S+)\n/)?.[1] ?? '';
  expect(path.resolve(named)).toBe(EXAMPLE);
  // From another folder it is named in full; the built command finds it, too.
  expect((await tresgo(['interview', 'create', EXAMPLE, '--data-dir', dataDir])).stdout).toMatch(
    /"product-designer" is in/,
  );
  expect((await tresgo(['interview', 'create', '--help'])).stdout).toContain('server/cli/interview.example.yaml\n');
});

interface Started {
  folder: string;
  resumed: boolean;
  interview: { title: string; gate: string };
  questions: Array<{ index: number; text: string }>;
}

test('a token for the interview starts its questions, and a session that has begun keeps its copy', async () => {
  await json('interview', 'create', file);
  const { token } = await json<{ token: string }>(
    'token',
    'create',
    '--name',
    'Anna',
    '--interview',
    'short',
    '--max-sessions',
    '2',
  );
  const app = await openApp({ dataDir });
  try {
    const post = async (address: string, body: object) =>
      (await fetch(app.url + address, { method: 'POST', body: JSON.stringify({ token, ...body }) })).json();
    const start = async () => (await post('/api/session/start', { userName: 'Anna' })) as Started;
    expect(await post('/api/verify-token', {})).toMatchObject({
      ok: true,
      interview: { title: 'A short one', questionCount: 2 },
    });
    const first = await start();
    expect(first).toMatchObject({ resumed: false, interview: { title: 'A short one', gate: 'end' } });
    expect(first.questions).toEqual(INTERVIEW.questions.map((question, at) => ({ index: at + 1, ...question })));

    await writeFile(file, FILE.replace('gate: end', 'gate: each').replace('One?', 'Another?'));
    await json('interview', 'create', file, '--replace');
    expect(await start()).toEqual({ ...first, resumed: true });
    expect(await json('session', 'show', first.folder)).toMatchObject({ interview: 'short', totalQuestions: 2 });
    await app.storage.finishSession((await app.storage.sessions.getByFolder(first.folder))?.id ?? '');
    const second = await start();
    expect(second).toMatchObject({ resumed: false, interview: { gate: 'each' } });
    expect(second.questions[0]?.text).toBe('Another?');
  } finally {
    await app.close();
  }
  expectRefusal(
    await run('token', 'create', '--name', 'B', '--interview', 'shorter'),
    /^tresgo: there is no interview "shorter": "tresgo interview list" shows them/,
  );
});

test('the committed example names the schema beside it', async () => {
  const [, name = ''] = (await readFile(EXAMPLE, 'utf8')).match(/^# yaml-language-server: \$schema=(\S+)\n/) ?? [];
  const schema = JSON.parse(await readFile(path.resolve(path.dirname(EXAMPLE), name), 'utf8')) as {
    required: string[];
  };
  expect(schema.required).toEqual(['slug', 'title', 'questions']);
});

test('a question whose longest answer can’t fit is named, with the size and the length that would do', async () => {
  vi.stubEnv('TRESGO_MAX_ANSWER_BYTES', '1000000');
  try {
    const { status, stderr } = await run('interview', 'create', file);
    expect(status).toBe(0);
    const line = stderr.split('\n').find((one) => one.startsWith('interview')) ?? '';
    expect(line).toMatch(
      /^interview short: the longest answer to questions? [\d, ]+ does not fit into TRESGO_MAX_ANSWER_BYTES=1000000, even at the lowest quality: set it to (\d+) or more, or maxSeconds to (\d+) or less/,
    );
    const [, bytes = '', seconds = ''] = line.match(/set it to (\d+) or more, or maxSeconds to (\d+)/) ?? [];
    vi.stubEnv('TRESGO_MAX_ANSWER_BYTES', bytes);
    expect((await run('interview', 'create', file)).stderr).toBe('');
    vi.stubEnv('TRESGO_MAX_ANSWER_BYTES', '1000000');
    const fitting = FILE.replace('maxTakes: 3', `maxTakes: 3\n    maxSeconds: ${seconds}`).replace('90', seconds);
    await writeFile(file, fitting);
    expect((await run('interview', 'create', file, '--replace')).stderr).toBe('');
  } finally {
    vi.unstubAllEnvs();
  }
});

test('--dry-run looks at the file, and makes and changes nothing', async () => {
  const checked = await run('interview', 'create', file, '--dry-run');
  expect(checked).toEqual({
    status: 0,
    stdout: 'The file is right: the interview "short" has 2 questions. Nothing was changed.\n',
    stderr: '',
  });
  await writeFile(file, FILE.replace('end', 'never'));
  expectRefusal(await run('interview', 'create', file, '--dry-run'), /gate: takes each or end/);
  expectRefusal(await run('interview', 'list'), /there is no data folder/);
});

test('an interview is deleted while no token was made for it', async () => {
  await run('interview', 'create', file);
  expect(await json('interview', 'delete', 'short')).toEqual({ slug: 'short', outcome: 'deleted' });
  expectRefusal(await run('interview', 'delete', 'short'), /there is no interview "short"/);
  expectRefusal(await run('interview', 'delete', 'default-vi'), /is made anew at every start/);
  await run('interview', 'create', file);
  await json('token', 'create', '--name', 'Anna', '--interview', 'short');
  expectRefusal(await run('interview', 'delete', 'short'), /has a token, so it stays/);
  expect(await json('interview', 'show', 'short')).toEqual(INTERVIEW);
});
