/** The wrappers around a child process, on machines that have all of them, some of them, and none. */
import { expect, test } from 'vitest';
import { createContainment } from '../../../server/sandbox/containment.ts';

const limits = { wallMs: 1_000, cpuSeconds: 10, memoryBytes: 1_000_000, fileBytes: 2_000 };
const command = ['/usr/bin/ffmpeg', '-i', 'pipe:0'];
/** A machine that has these programs; `no unshare --net` stands for options that the machine forbids. */
const machine =
  (...programs: string[]) =>
  (wrapper: readonly string[]) =>
    programs.includes(wrapper[0] ?? '') && !programs.some((each) => `no ${wrapper.join(' ')} `.startsWith(`${each} `));
const ALL = ['unshare', 'setpriv', 'chrt', 'nice', 'prlimit', 'choom'];
const [TO_GO, BOUND] = ['choom -n 1000 --', 'setpriv --pdeathsig KILL'];
const UNPRIVILEGED = `${BOUND} --no-new-privs --inh-caps=-all --ambient-caps=-all`;
const AS_NOBODY = '--reuid 65534 --regid 65534 --clear-groups --bounding-set=-all';
const view = { cwd: '/', shown: [], hidden: [] };
const NEW = '6.1.0-13-amd64';

test('a child of root has namespaces of its own, the rights of nobody, the lowest priority, limits, and its command', () => {
  const { wrap, user, missing } = createContainment(machine(...ALL), true, [], NEW);
  const line = wrap(command, limits, true, view).join(' ');
  const spaces = 'unshare --mount --net --ipc --pid --fork --kill-child';
  expect(line.startsWith(`${TO_GO} ${BOUND} ${spaces} sh -c `)).toBe(true);
  expect(line).toContain('run unshare --root=/sys --wd=/ ');
  expect(line).toContain(`${UNPRIVILEGED} ${AS_NOBODY} chrt --idle 0 prlimit --core=0 --cpu=10:15 --fsize=2000`);
  expect(line).toMatch(/--nofile=256 --nproc=512 --as=1000000 -- sh -c .* sh \/usr\/bin\/ffmpeg -i pipe:0$/s);
  expect([user, missing]).toEqual([65_534, []]);
});

test('a program that must read its user’s files keeps the user, not the rights; without a memory limit there is none', () => {
  const { wrap } = createContainment(machine(...ALL), true, [], NEW);
  const line = wrap(command, { ...limits, memoryBytes: null }, false, view).join(' ');
  expect(line).toContain(`${UNPRIVILEGED} --bounding-set=-all chrt`);
  expect(line).not.toMatch(/reuid|--as=/);
});

test('the namespaces of a user without root’s rights are inside a user namespace', () => {
  const { wrap, user, held, missing } = createContainment(machine(...ALL), false, [], NEW);
  const line = wrap(command, limits, true, view).join(' ');
  expect(line).toContain('unshare --user --map-current-user --keep-caps --mount --net --ipc --pid --fork --kill-child');
  expect(line).not.toContain('reuid');
  expect([user, missing, held.length]).toEqual([null, [], 9]);
  // An older Linux counts what else the user runs.
  const old = createContainment(machine(...ALL), false, [], '5.4.0');
  expect(old.missing).toEqual(['limit their number of processes']);
  expect(old.wrap(command, limits, true, view).join(' ')).not.toContain('nproc');
});

test('where namespaces are forbidden, a child is kept off the network where that is allowed, and the rest is listed', () => {
  const { wrap, missing } = createContainment(machine(...ALL, 'no unshare --user', 'no unshare --net'), false, [], NEW);
  expect(wrap(command, limits, true, view)).toEqual([
    ...TO_GO.split(' '),
    ...['unshare', '--map-current-user', '--net', ...UNPRIVILEGED.split(' '), 'chrt', '--idle', '0'],
    ...['prlimit', '--core=0', '--cpu=10:15', '--fsize=2000', '--nofile=256', '--as=1000000', '--', ...command],
  ]);
  expect(missing).toEqual([
    ...['hide other files from them', 'hide other processes from them', 'end their own children with them'],
    'limit their number of processes',
  ]);
});

test('restrictions that a machine lacks are listed, and the others are used', () => {
  const { wrap, user, missing } = createContainment(machine('nice'), true, [], NEW);
  expect(wrap(command, limits, true, view)).toEqual(['nice', '-n', '19', ...command]);
  expect(user).toBeNull();
  expect(missing).toHaveLength(9);
  const none = createContainment(() => false, false, [], NEW);
  expect(none.wrap(command, limits, true, view)).toEqual(command);
  expect(none.missing).toHaveLength(9);
  expect(none.held).toEqual([]);
});
