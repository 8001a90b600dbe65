/** What a hijacked program could see and change, tried by a script in the place of ffmpeg, for each user that it may run as. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containmentHere } from '../../../server/sandbox/containment.ts';
import type { ProcessEnd } from '../../../server/sandbox/process.ts';
import { bundleProcesses, runIn, sleeperOf, uniqueSeconds } from '../../support/media/contained.ts';
import { programFolders } from '../../support/media/media.ts';
import { testUnless } from '../../support/needs.ts';
import { until } from '../../support/tus/tus.ts';

const root = mkdtempSync(path.join(tmpdir(), 'tresgo-view-'));
const memory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/tresgo-view-') : null;
const bundle = path.join(root, 'bundle');
beforeAll(() => bundleProcesses(bundle), 60_000);
afterAll(() => {
  for (const folder of [root, ...(memory ? [memory] : [])]) rmSync(folder, { recursive: true, force: true });
});
chmodSync(root, 0o755);

const { missing } = containmentHere(programFolders);
const held = testUnless(missing.length > 0 ? `this machine can’t ${missing.join(', ')}` : null);
/** A name of this run: what an earlier build wrote into a shared folder must not count. */
const WAS_HERE = `tresgo-was-here-${process.pid}`;
const isRoot = process.getuid?.() === 0;
const limits = { wallMs: 60_000, cpuSeconds: 20, memoryBytes: null, fileBytes: 1_000_000 };

/** Users of the server, and whether its child gives up the user. Only root can be another user. */
const USERS: [string, number | undefined, boolean][] = isRoot
  ? [
      ['root, as nobody', undefined, true],
      ['root, as itself', undefined, false],
      ['an ordinary user', 1_234, true],
    ]
  : [['an ordinary user', undefined, true]];

describe.each(USERS)('a child of %s', (_, uid, dropUser) => {
  /** A data folder with a job's folder, a program in a folder of people, and everything owned by the server's user. */
  function place() {
    const own = (file: string) => chownSync(file, uid ?? process.getuid?.() ?? 0, uid ?? process.getgid?.() ?? 0);
    const home = mkdtempSync(path.join(root, 'home-'));
    const [data, bin, shared] = ['data', 'tools/bin', 'shared'].map((name) => path.join(home, name)) as [
      string,
      string,
      string,
    ];
    const cwd = path.join(data, 'work/1');
    for (const folder of [data, path.join(data, 'sessions'), cwd, bin, shared]) mkdirSync(folder, { recursive: true });
    for (const file of ['data/tresgo.db', 'secret', 'tools/secret', 'key.pem'])
      writeFileSync(path.join(home, file), 'secret');
    for (const folder of [data, path.join(data, 'sessions'), path.join(data, 'work'), cwd]) chmodSync(folder, 0o700);
    chmodSync(shared, 0o777);
    for (const file of readdirSync(home, { recursive: true })) own(path.join(home, String(file)));
    own(home);
    return { home, data, bin, shared, cwd, own };
  }
  type Place = ReturnType<typeof place>;

  function write(file: string, text: string, mode: number, { own }: Place): string {
    writeFileSync(file, text);
    chmodSync(file, mode);
    own(file);
    return file;
  }

  function run(at: Place, command: string, args: string[] = [], reads: string[] = []): Promise<ProcessEnd> {
    const processes = { programFolders, hidden: [at.data, path.join(at.home, 'key.pem')] };
    const options = { command, args, reads, cwd: at.cwd, limits, dropUser };
    return runIn({ folder: bundle, ...(uid === undefined ? {} : { uid }), processes, options }).end;
  }

  held('sees and changes nothing of the data, of people and of other processes, and has no rights', async () => {
    const at = place();
    const script = `#!/bin/sh
ls -A ${at.data} ${at.data}/sessions 2>/dev/null | grep -E 'tresgo.db|sessions'
cat ${at.data}/tresgo.db ${at.home}/secret ${at.home}/tools/secret ${at.home}/key.pem ../../tresgo.db 2>/dev/null
ls -A /home /root /var/tmp ${memory ?? ''} 2>/dev/null | grep tresgo
for place in ${at.data}/sessions ${at.data} ${at.shared} ${at.home} ${at.bin} ${memory ?? '/tmp'} /tmp /var/tmp /var/lib /etc /usr; do
  echo was here > $place/${WAS_HERE}
done 2>/dev/null
umount ${at.data} 2>/dev/null && echo unmounted
kill -9 ${process.pid} 2>/dev/null && echo killed
[ $(ls -d /proc/[0-9]* | wc -l) -lt 8 ] || echo sees processes
echo made > made
grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status
cat /proc/self/oom_score_adj
ulimit -p 2>/dev/null || ulimit -u
id -u`;
    const { stdout, stderr, status } = await run(at, write(path.join(at.bin, 'ffmpeg'), script, 0o755, at));
    const user = uid ?? (dropUser && isRoot ? 65_534 : process.getuid?.());
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.split('\n').map((line) => line.replace(/\s+/, ' '))).toEqual([
      ...['CapEff', 'CapBnd'].map((name) => `${name}: 0000000000000000`),
      ...['NoNewPrivs: 1', '1000', '512', `${user}`, ''],
    ]);
    expect(readdirSync(at.cwd)).toEqual(['made']);
    const left = [
      at.data,
      at.shared,
      at.home,
      at.bin,
      path.join(at.data, 'sessions'),
      memory,
      '/tmp',
      '/var/tmp',
      '/etc',
    ];
    expect(left.filter((folder) => folder && existsSync(path.join(folder, WAS_HERE)))).toEqual([]);
  });

  held('ends with all that it started', async () => {
    const at = place();
    const seconds = uniqueSeconds(60);
    const { status } = await run(at, '/bin/sh', ['-c', `setsid sleep ${seconds} >/dev/null 2>&1 & exit 7`]);
    expect(status).toBe(7);
    await until(() => sleeperOf(seconds) === null);
  });

  held(
    'runs a program in a folder of people, with what is beside it, through links, and reads a private model',
    async () => {
      const at = place();
      const deep = path.join(at.home, 'build/v1');
      mkdirSync(deep, { recursive: true });
      at.own(deep);
      write(path.join(deep, 'words'), 'beside it', 0o644, at);
      write(path.join(deep, 'real'), '#!/bin/sh\ncat "$(dirname "$0")/words" "$1"', 0o755, at);
      const starter = write(path.join(at.bin, 'start'), `#!/bin/sh\nexec '${deep}/real' "$@"`, 0o755, at);
      symlinkSync(starter, path.join(at.bin, 'whisper-cli'));
      // A file that only its owner may read can't be read by nobody.
      const model = write(
        path.join(at.home, 'model.bin'),
        ' and the model',
        isRoot && dropUser && !uid ? 0o644 : 0o600,
        at,
      );
      symlinkSync(model, path.join(at.home, 'newest.bin'));
      const link = path.join(at.home, 'newest.bin');
      const end = await run(at, path.join(at.bin, 'whisper-cli'), [link], [link]);
      expect(end).toMatchObject({ status: 0, stdout: 'beside it and the model', stderr: '' });
      expect(await run(at, path.join(at.bin, 'nothing'))).toMatchObject({ status: 127 });
    },
  );
});

test.runIf(isRoot && missing.length === 0)('root’s engine reads a model that only another user may read', async () => {
  const [cwd, home] = [mkdtempSync(path.join(root, 'job-')), mkdtempSync(path.join(root, 'theirs-'))];
  writeFileSync(path.join(home, 'model.bin'), 'the model', { mode: 0o600 });
  for (const file of [home, path.join(home, 'model.bin')]) chownSync(file, 1_234, 1_234);
  const model = path.join(home, 'model.bin');
  const options = { command: '/bin/cat', args: [model], reads: [model], cwd, limits, dropUser: false };
  const { end } = runIn({ folder: bundle, processes: { programFolders }, options });
  expect(await end).toMatchObject({ status: 0, stdout: 'the model' });
});
