/** What a child process may do, tried from inside: each test runs a real child. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { containmentHere, type Limits } from '../../../server/sandbox/containment.ts';
import { createProcesses, type ProcessEnd, type ProcessOptions } from '../../../server/sandbox/process.ts';
import { bundleProcesses, runIn, sleeperOf, uniqueSeconds } from '../../support/media/contained.ts';
import { programFolders } from '../../support/media/media.ts';
import { eagerContainment } from '../../support/media/media-job.ts';
import { testUnless } from '../../support/needs.ts';
import { until } from '../../support/tus/tus.ts';

const root = mkdtempSync(path.join(tmpdir(), 'tresgo-process-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(path.join(root, 'job-'));
});

const limits: Limits = { wallMs: 20_000, cpuSeconds: 20, memoryBytes: null, fileBytes: 1_000_000 };
const { missing } = containmentHere(programFolders);
const held = testUnless(missing.length > 0 ? `this machine can’t ${missing.join(', ')}` : null);
const heldAsRoot = testUnless(
  missing.length > 0 || process.getuid?.() !== 0 ? 'only root has rights to take from a child' : null,
);
const processes = createProcesses({ programFolders, containment: eagerContainment() });

type Given = Partial<Omit<ProcessOptions, 'limits'>> & { limits?: Partial<Limits> };

function run(command: string, args: string[], given: Given = {}): Promise<ProcessEnd> {
  const signal = new AbortController().signal;
  return processes.run({ command, args, cwd, signal, ...given, limits: { ...limits, ...given.limits } });
}
const shell = (script: string, given: Given = {}) => run('/bin/sh', ['-c', script], given);
const node = (script: string, given: Given = {}) => run(process.execPath, ['-e', script], given);
const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
const sleeper = async (seconds: string) => {
  await until(() => sleeperOf(seconds) !== null, 20_000);
  return sleeperOf(seconds) as number;
};

test('a child has its input, its arguments unchanged, its own folder, and nothing of the server’s environment', async () => {
  const input = path.join(root, 'input');
  writeFileSync(input, 'the recording', { mode: 0o600 });
  const script = 'cat; echo "|$1|$(pwd)"; echo kept > made; env >&2';
  const args = ['-c', script, 'sh', '$(id) ; `id` "*'];
  const secret = 'TRESGO_TEST_SECRET';
  process.env[secret] = 'the secret';
  const end = await run('/bin/sh', args, { stdin: input });
  delete process.env[secret];
  expect(end).toMatchObject({ status: 0, signal: null, timedOut: false });
  expect(end.stdout).toBe(`the recording|$(id) ; \`id\` "*|${cwd}\n`);
  expect(readFileSync(path.join(cwd, 'made'), 'utf8')).toBe('kept\n');
  const names = end.stderr.split('\n').map((line) => line.split('=')[0]);
  expect(names.filter((name) => name && !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)).sort()).toEqual([
    ...['HOME', 'LC_ALL', 'PATH', 'TMPDIR'],
  ]);
  expect(end.stderr).not.toContain('the secret');
});

held('a child reaches no network, not even this machine’s', async () => {
  let heard = 0;
  const server = createServer((socket) => {
    heard++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connect = `require('net').connect(${port}, '127.0.0.1').on('connect', () => console.log('in')).on('error', (e) => console.log(e.code))`;
  try {
    expect((await node(connect)).stdout).toMatch(/ENETUNREACH|EADDRNOTAVAIL|ECONNREFUSED/);
    expect(heard).toBe(0);
    // The same script gets through outside the sandbox.
    await new Promise((resolve) =>
      spawn(process.execPath, ['-e', connect], { stdio: 'ignore' }).once('close', resolve),
    );
    expect(heard).toBe(1);
  } finally {
    server.close();
  }
});

heldAsRoot(
  'a child of root can read no private file, writes in its folder alone, and its files belong to root afterwards',
  async () => {
    const secret = path.join(root, 'secret');
    writeFileSync(secret, 'a recording', { mode: 0o600 });
    writeFileSync(path.join(cwd, 'given'), 'from us', { mode: 0o600 });
    const tries = [
      ...['id -u', 'id -G', `cat ${secret} || echo refused`, `ls ${root} || echo refused`],
      ...[`cat /proc/${process.pid}/environ >/dev/null || echo refused`, 'echo > /etc/tresgo-was-here || echo refused'],
      ...[
        'cat given',
        'echo changed > given',
        'umask 0; echo made > new; mkdir sub; ln -s /etc/passwd link; chmod 777 .',
      ],
    ];
    const { stdout } = await shell(tries.join('\n'));
    expect(stdout.split('\n')).toEqual([
      '65534',
      '65534',
      'refused',
      path.basename(cwd),
      'refused',
      'refused',
      'from us',
    ]);
    expect(readdirSync(cwd).sort()).toEqual(['given', 'new']);
    for (const name of ['', 'given', 'new']) expect(statSync(path.join(cwd, name)).uid).toBe(0);
    expect(statSync(path.join(cwd, 'new')).mode & 0o777).toBe(0o600);
    expect(statSync(cwd).mode & 0o777).toBe(0o700);
    expect(statSync('/etc/passwd').uid).toBe(0);
    expect((await shell('id -u', { dropUser: false })).stdout).toBe('0\n');
  },
);

heldAsRoot('a child does not get a folder that other users can enter', async () => {
  chmodSync(cwd, 0o755);
  const { stdout } = await shell('id -u; echo > mine 2>/dev/null || echo refused');
  expect(stdout).toBe('65534\nrefused\n');
  expect(statSync(cwd).uid).toBe(0);
});

held('a child ends at the limits of processor time, file size and memory', async () => {
  const busy = shell('while :; do :; done', { limits: { cpuSeconds: 1 } });
  const large = await shell('exec head -c 2000000 /dev/zero > large');
  expect(large).toMatchObject({ status: null, signal: 'SIGXFSZ' });
  expect(statSync(path.join(cwd, 'large')).size).toBe(1_000_000);
  const hungry = await shell('exec dd if=/dev/zero of=/dev/null bs=200M count=1', {
    limits: { memoryBytes: 100 << 20 },
  });
  expect(hungry.status).toBe(1);
  expect(hungry.stderr).toContain('memory exhausted');
  expect(await busy).toMatchObject({ status: null, signal: 'SIGXCPU' });
});

held('a child has the lowest priority, so that recordings come first', async () => {
  const options = { command: '/bin/sh', args: ['-c', 'chrt -p $$'], cwd, limits, signal: new AbortController().signal };
  expect((await createProcesses({ programFolders }).run(options)).stdout).toContain('SCHED_IDLE');
});

test('a child is killed when its wall time is used up', async () => {
  const end = await shell('echo begun; exec sleep 60', { limits: { wallMs: 3_000 } });
  expect(end).toMatchObject({ status: null, signal: 'SIGKILL', timedOut: true, stdout: 'begun\n' });
});

test('a child is killed on abort, and run throws the reason; after an abort, no child starts', async () => {
  const controller = new AbortController();
  const seconds = uniqueSeconds(60);
  const going = shell(`exec sleep ${seconds}`, { signal: controller.signal });
  await sleeper(seconds);
  controller.abort(new Error('no longer wanted'));
  await expect(going).rejects.toThrow('no longer wanted');
  expect(sleeperOf(seconds)).toBeNull();
  await expect(shell('echo > started', { signal: controller.signal })).rejects.toThrow('no longer wanted');
  expect(existsSync(path.join(cwd, 'started'))).toBe(false);
});

test('a paused child stands still, uses none of its wall time, and continues', async () => {
  // Shorter than the pause, during which its time goes on.
  const seconds = uniqueSeconds(2);
  const going = shell(`sleep ${seconds}; echo done`, { limits: { wallMs: 4_000 } });
  const pid = await sleeper(seconds);
  processes.pause();
  await until(() => stateOf(pid) === 'T');
  // A child that starts during the pause waits, too.
  const second = shell('echo second', { limits: { wallMs: 4_000 } });
  let isDone = false;
  const marked = second.then((end) => {
    isDone = true;
    return end;
  });
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  expect([stateOf(pid), isDone]).toEqual(['T', false]);
  processes.resume();
  expect(await going).toMatchObject({ stdout: 'done\n', timedOut: false });
  expect(await marked).toMatchObject({ stdout: 'second\n', timedOut: false });
});

test('a child that prints without end is ended, with and without a listener, and memory does not grow', async () => {
  await expect(run('/usr/bin/yes', [])).rejects.toThrow('yes prints without end');
  let heard = 0;
  await expect(run('/usr/bin/yes', [], { onStdout: (text) => (heard += text.length) })).rejects.toThrow('without end');
  expect(heard).toBeLessThanOrEqual(64 << 20);
  const loud = await shell('i=0; while [ $i -lt 3000 ]; do echo "line $i of noise" >&2; i=$((i+1)); done');
  expect(loud.stderr.length).toBe(16_384);
  expect(loud.stderr.endsWith('line 2999 of noise\n')).toBe(true);
});

test('an error of the listener ends the child', async () => {
  const onStdout = () => {
    throw new Error('that is enough');
  };
  await expect(shell('echo one; exec sleep 60', { onStdout })).rejects.toThrow('that is enough');
});

test('a missing command and a missing input are errors', async () => {
  const end = await run('/nowhere/ffmpeg', []).catch((error: Error) => error);
  expect(end instanceof Error || end.status === 127).toBe(true);
  await expect(shell('true', { stdin: path.join(root, 'nothing') })).rejects.toThrow('ENOENT');
});

held('a child and its own children die with the server, even by kill -9', async () => {
  const folder = path.join(root, 'bundle');
  await bundleProcesses(folder);
  const [child, grandchild] = [uniqueSeconds(60), uniqueSeconds(61)];
  const args = ['-c', `setsid sleep ${grandchild} & exec sleep ${child}`];
  const options = { command: '/bin/sh', args, cwd, limits };
  const { server, end } = runIn({ folder, processes: { programFolders }, options });
  const ended = end.catch((error: Error) => error);
  await Promise.all([sleeper(child), sleeper(grandchild)]);
  server.kill('SIGKILL');
  await ended;
  await until(() => sleeperOf(child) === null && sleeperOf(grandchild) === null);
});
