/** Which wrappers hold a child in, on machines that have all of them, some, and none. */
import { expect, test } from 'vitest';
import { createContainment } from '../../../server/jobs/containment.ts';

const limits = { wallMs: 1_000, cpuSeconds: 10, memoryBytes: 1_000_000, fileBytes: 2_000 };
const command = ['/usr/bin/ffmpeg', '-i', 'pipe:0'];
/** A machine that has these programs; options that it forbids are written with their program. */
const machine =
  (...programs: string[]) =>
  (wrapper: readonly string[]) =>
    programs.includes(wrapper[0] ?? '') && !programs.includes(`no ${wrapper.join(' ')}`);

test('root: off the network, nobody’s rights, the lowest priority, limits, and the command as it is', () => {
  const { wrap, user, missing } = createContainment(machine('unshare', 'setpriv', 'chrt', 'nice', 'prlimit'), true);
  expect(wrap(command, limits, true)).toEqual([
    ...['unshare', '--net'],
    ...['setpriv', '--no-new-privs', '--pdeathsig', 'KILL'],
    ...['--reuid', '65534', '--regid', '65534', '--clear-groups', '--bounding-set=-all'],
    ...['chrt', '--idle', '0'],
    ...['prlimit', '--core=0', '--cpu=10:15', '--fsize=2000', '--nofile=256', '--as=1000000', '--'],
    ...command,
  ]);
  expect(user).toBe(65_534);
  expect(missing).toEqual([]);
});

test('a program that must read its user’s files keeps the user, and nothing else; without a limit of memory it has none', () => {
  const { wrap } = createContainment(machine('unshare', 'setpriv', 'chrt', 'prlimit'), true);
  const line = wrap(command, { ...limits, memoryBytes: null }, false).join(' ');
  expect(line).toContain('unshare --net setpriv --no-new-privs --pdeathsig KILL chrt');
  expect(line).not.toMatch(/reuid|--as=/);
});

test('a user without rights has none to give up, and its network namespace is one of users', () => {
  const { wrap, user, missing } = createContainment(
    machine('unshare', 'setpriv', 'chrt', 'prlimit', 'no unshare --net'),
    false,
  );
  const line = wrap(command, limits, true).join(' ');
  expect(line).toMatch(/^unshare --map-current-user --net setpriv --no-new-privs --pdeathsig KILL chrt/);
  expect(line).not.toContain('reuid');
  expect([user, missing]).toEqual([null, []]);
});

test('what a machine lacks is told, and the rest holds', () => {
  const { wrap, user, missing } = createContainment(machine('nice'), true);
  expect(wrap(command, limits, true)).toEqual(['nice', '-n', '19', ...command]);
  expect(user).toBeNull();
  expect(missing).toHaveLength(4);
  const none = createContainment(() => false, false);
  expect(none.wrap(command, limits, true)).toEqual(command);
  expect(none.missing).toEqual([
    'keep them off the network',
    'end them with the server',
    'limit their CPU time and memory',
    'lower their priority',
  ]);
});
