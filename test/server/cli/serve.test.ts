/** `tresgo serve` as a process: how it starts, refuses to start, and ends. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spawnServer, startSession, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { createTusClient, recording, until } from '../../support/tus/tus.ts';

const launcher = path.resolve(import.meta.dirname, '../../../server/cli/bin.mjs');

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
beforeEach(async () => {
  root = await temporaryFolder();
  dataDir = `${root.path}/data`;
});
afterEach(() => root.remove());

async function makeToken(name: string): Promise<{ token: string }> {
  return JSON.parse((await tresgo(['token', 'create', '--name', name, '--json', '--data-dir', dataDir])).stdout);
}

/** Runs `serve`, which must refuse to start: exit status 1 and one line without a stack trace. Returns the line. */
async function refusedStart(env: Record<string, string>, folder = dataDir): Promise<string> {
  const outcome = await tresgo(['serve', '--data-dir', folder], { PORT: '0', ...env });
  expect(outcome).toMatchObject({ status: 1, stdout: '' });
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/\bat .*:\d+:\d+|Error:/);
  return outcome.stderr;
}

test('serve starts on an empty folder, makes it private, and prints no secret', async () => {
  const server = await spawnServer({ dataDir });
  try {
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    for (const name of ['', '/sessions', '/uploads']) expect((await stat(dataDir + name)).mode & 0o777).toBe(0o700);
    const listed = JSON.parse((await tresgo(['token', 'list', '--json', '--data-dir', dataDir])).stdout);
    expect(listed).toEqual([]);
    expect(server.stderr()).not.toMatch(/#t=/);
  } finally {
    await server.stop();
  }
});

test('serve --demo prints a link that works and the name to type, and another link at every start', async () => {
  const links = new Set<string>();
  for (let start = 0; start < 2; start++) {
    const child = spawn(process.execPath, [launcher, 'serve', '--demo', '--data-dir', dataDir], {
      env: { ...process.env, PORT: '0', TRESGO_MIN_FREE_BYTES: '0' },
    });
    let printed = '';
    child.stdout.on('data', (text) => (printed += text));
    const exited = once(child, 'exit');
    try {
      await until(() => printed.includes('(good for 24 hours)\n'), 20_000);
      const [, url = '', token = ''] = printed.match(/^ {2}(http:\/\/127\.0\.0\.1:\d+)\/#t=(\S{32})$/m) ?? [];
      links.add(token);
      expect(printed).toContain('type the name  Demo Candidate\n');
      expect(await startSession(url, decodeURIComponent(token), 'demo candidate')).toMatch(/_demo_candidate/);
    } finally {
      child.kill('SIGTERM');
      await exited;
    }
  }
  expect(links.size).toBe(2);
});

test('a taken port gives one line that says what to do', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const port = String((other.address() as { port: number }).port);
  expect(await refusedStart({ PORT: port })).toBe(
    `tresgo: port ${port} is taken: stop what uses it, or choose another with PORT=…\n`,
  );
  other.close();
});

test('every other reason not to start is one line that names the setting', async () => {
  const wrong = `${root.path}/wrong.pem`;
  await writeFile(wrong, 'no certificate');
  const tls = { TRESGO_TLS_CERT: wrong, TRESGO_TLS_KEY: wrong };
  const lines = await Promise.all([
    refusedStart({ TRESGO_MAX_ANSWER_BYTES: '500MB' }),
    refusedStart({ HOST: '192.0.2.1' }),
    refusedStart({ TRESGO_TLS_CERT: wrong }),
    refusedStart({ ...tls, TRESGO_TLS_KEY: `${root.path}/missing.pem` }),
    refusedStart(tls),
    refusedStart({}, `${wrong}/below`),
    refusedStart({}, '/proc/tresgo'),
  ]);
  for (const [at, words] of [
    /TRESGO_MAX_ANSWER_BYTES="500MB" is not right: it takes a whole number of bytes/,
    /192\.0\.2\.1 is no address of this machine: set HOST/,
    /TRESGO_TLS_CERT and TRESGO_TLS_KEY go together/,
    /TRESGO_TLS_KEY: .*missing\.pem can’t be read \(ENOENT\)/,
    /TRESGO_TLS_CERT and TRESGO_TLS_KEY: .*wrong\.pem/,
    /the data folder .* can't be used \(ENOTDIR\)/,
    /the data folder .* can't be used \(ENOENT\)/,
  ].entries())
    expect(lines[at]).toMatch(words);
});

test('SIGTERM ends the server within 10 s with status 0, and the bytes of a PATCH in progress are kept', async () => {
  const server = await spawnServer({ dataDir });
  const { token } = await makeToken('Anna');
  const folder = await startSession(server.url, token, 'Anna');
  const tus = createTusClient({ url: server.url, token, folder });
  const bytes = recording(200_000);
  const location = await tus.begin();
  const live = await tus.openPatch(location, 0, bytes.length);
  await live.write(bytes.subarray(0, 120_000));
  const file = `${dataDir}/uploads/${location.split('/').at(-1)}`;
  await until(async () => (await readFile(file)).length === 120_000);
  const startedAt = performance.now();
  await server.stop('SIGTERM');
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect([server.process.exitCode, server.process.signalCode]).toEqual([0, null]);
  live.socket.destroy();

  const again = await spawnServer({ dataDir });
  try {
    const after = createTusClient({ url: again.url, token, folder });
    expect((await after.head(location)).headers.get('upload-offset')).toBe('120000');
    const last = await after.patch(location, 120_000, bytes.subarray(120_000), { length: 200_000 });
    expect(last.headers.get('upload-complete')).toBe('?1');
  } finally {
    await again.stop();
  }
});

test('an error that nobody caught is logged, and the server goes on', async () => {
  const faulty = `${root.path}/faulty.mjs`;
  await writeFile(
    faulty,
    `process.on('SIGUSR2', () => {
      void Promise.reject(new Error('a rejection'));
      throw new Error('an exception');
    });`,
  );
  const server = await spawnServer({ dataDir, env: { NODE_OPTIONS: `--import=${faulty}` } });
  try {
    server.process.kill('SIGUSR2');
    await until(() => server.stderr().includes('a rejection') && server.stderr().includes('an exception'));
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  } finally {
    await server.stop();
  }
});

test('serve speaks HTTPS with the admin’s certificate', async () => {
  const [cert, key] = [`${root.path}/cert.pem`, `${root.path}/key.pem`];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', [...how, ...subject, '-keyout', key, '-out', cert]);
  const server = await spawnServer({ dataDir, env: { TRESGO_TLS_CERT: cert, TRESGO_TLS_KEY: key } });
  try {
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    const ca = await readFile(cert);
    const status = await new Promise((resolve, reject) => {
      request(`${server.url}/readyz`, { ca }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  } finally {
    await server.stop();
  }
});
