/** `tresgo backup`, `restore` and `check`: nothing that was acknowledged before a backup began is missing after its restore. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Candidate, openCandidate } from '../../support/server/candidate.ts';
import { expectRefusal, inThisProcess } from '../../support/server/in-this-process.ts';
import { openStorageSession } from '../../support/server/open-session.ts';
import { spawnServer, type TestServer, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { recording, reprDigest, until } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => root.remove());

/** An upload as its device knows it. */
interface Sent {
  location: string;
  question: number;
  bytes: Buffer<ArrayBuffer>;
  /** What the server has acknowledged. */
  offset: number;
  isWhole: boolean;
}

/** Records until it is told to stop: answers, takes that replace them, and uploads that are left unfinished. */
async function record(candidate: Candidate, server: TestServer, sent: Sent[], stopped: () => boolean): Promise<void> {
  const tus = candidate.tus(server);
  for (let round = 0; !stopped(); round++) {
    const question = 1 + (round % 3);
    const one: Sent = { location: '', question, bytes: recording(60_000), offset: 0, isWhole: false };
    one.location = await tus.begin({ question });
    sent.push(one);
    for (const end of [20_000, 40_000, 60_000]) {
      const response = await tus.patch(one.location, one.offset, one.bytes.subarray(one.offset, end));
      expect(response.status).toBe(204);
      one.offset = end;
      if (stopped()) return;
    }
    const last = await tus.patch(one.location, one.offset, Buffer.alloc(0), { length: one.offset });
    expect(last.headers.get('upload-complete')).toBe('?1');
    one.isWhole = true;
  }
}

test('12 candidates record while a backup is made: all that was acknowledged before is there again', {
  timeout: 120_000,
}, async () => {
  const [data, out, again] = [`${root.path}/data`, `${root.path}/backup`, `${root.path}/restored`];
  await mkdir(data);
  const server = await spawnServer({ dataDir: data });
  const candidates: Array<{ candidate: Candidate; sent: Sent[] }> = [];
  for (let count = 1; count <= 12; count++)
    candidates.push({ candidate: await openCandidate(server, `Candidate ${count}`), sent: [] });
  let stopped = false;
  let work: Promise<unknown> = Promise.resolve();
  let before: Array<{ candidate: Candidate; sent: Sent[] }> = [];
  try {
    work = Promise.all(candidates.map(({ candidate, sent }) => record(candidate, server, sent, () => stopped)));
    const whole = () => candidates.flatMap(({ sent }) => sent).filter(({ isWhole }) => isWhole).length;
    await Promise.race([work, until(() => whole() >= 16, 60_000)]);
    before = candidates.map(({ candidate, sent }) => ({ candidate, sent: sent.map((one) => ({ ...one })) }));
    const backup = await tresgo(['backup', '--out', out, '--json', '--data-dir', data]);
    expect(backup.status, backup.stderr).toBe(0);
    expect(JSON.parse(backup.stdout)).toMatchObject({ sessions: 12, problems: [] });
  } finally {
    stopped = true;
    await work;
    await server.stop('SIGTERM');
  }
  await rm(data, { recursive: true });
  expect((await tresgo(['check', out])).status).toBe(0);
  const restored = await tresgo(['restore', out, '--data-dir', again]);
  expect(restored.status, restored.stderr).toBe(0);
  expect(restored.stderr).toContain(`made a new data folder ${again}`);

  const next = await spawnServer({ dataDir: again });
  try {
    for (const { candidate, sent } of before) {
      const tus = candidate.tus(next);
      for (const one of sent) {
        const head = await tus.head(one.location);
        const [offset, complete] = [Number(head.headers.get('upload-offset')), head.headers.get('upload-complete')];
        expect(offset).toBeGreaterThanOrEqual(one.offset);
        if (one.isWhole) expect([complete, head.headers.get('repr-digest')]).toEqual(['?1', reprDigest(one.bytes)]);
        if (complete === '?1') continue;
        const data = await tus.patch(one.location, offset, one.bytes.subarray(offset));
        expect(data.status).toBe(204);
        const last = await tus.patch(one.location, one.bytes.length, Buffer.alloc(0), { length: one.bytes.length });
        expect(last.headers.get('repr-digest')).toBe(reprDigest(one.bytes));
      }
    }
  } finally {
    await next.stop('SIGTERM');
  }
  expect(next.stderr()).not.toMatch(/"level":50/);
  const checked = await tresgo(['check', '--data-dir', again]);
  expect(checked, checked.stdout).toMatchObject({ status: 0 });
});

test('a backup has earlier takes, copies and transcripts, and nothing that was not asked for', async () => {
  const opened = await openStorageSession();
  try {
    const [first, second] = [recording(300), recording(500)];
    await opened.storage.finish(await opened.whole(first));
    await opened.storage.finish(await opened.whole(second));
    await opened.append(await opened.create(2), recording(70));
    await mkdir(`${opened.folder}/derived`);
    await writeFile(`${opened.folder}/derived/Q1.json`, '{}');
    await writeFile(`${opened.folder}/transcript.txt`, 'hello');
    await writeFile(`${opened.folder}/.meta.json.new`, 'half');
    const out = `${root.path}/out`;
    const backup = await inThisProcess(['backup', '--out', out, '--json', '--data-dir', opened.dataDir]);
    expect(backup).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(backup.stdout)).toMatchObject({ sessions: 1, recordings: 2, uploads: 1, bytes: 870 });
    const folder = `${out}/sessions/${opened.session.folder}`;
    expect((await readdir(out)).sort()).toEqual(['sessions', 'tresgo.db', 'uploads']);
    expect((await readdir(folder)).sort()).toEqual(['Q1.webm', 'derived', 'meta.json', 'takes', 'transcript.txt']);
    expect(await readFile(`${folder}/Q1.webm`)).toEqual(second);
    expect(await readFile(`${folder}/takes/Q1-1.webm`)).toEqual(first);
    expect(JSON.parse(await readFile(`${folder}/meta.json`, 'utf8'))).toEqual(await opened.meta());
    expectRefusal(
      await inThisProcess(['backup', '--out', out, '--data-dir', opened.dataDir]),
      /is not empty: name a folder that is new, or empty/,
    );
    expectRefusal(
      await inThisProcess(['backup', '--out', `${opened.dataDir}/backup`, '--data-dir', opened.dataDir]),
      /is in the data folder: choose a folder outside of it/,
    );
  } finally {
    await opened.close();
  }
});

test('damage is found, and said by a backup, by check and by session show; a receipt is compared', async () => {
  const opened = await openStorageSession();
  const [data, out] = [['--data-dir', opened.dataDir], `${root.path}/out`];
  try {
    const answers = [1, 2, 3, 4].map((question) => recording(200 + question));
    for (const [at, bytes] of answers.entries()) await opened.storage.finish(await opened.whole(bytes, at + 1));
    const upload = await opened.create(5);
    await opened.append(upload, recording(90));
    const digest = (at: number) =>
      createHash('sha256')
        .update(answers[at] as Buffer)
        .digest('hex');
    const receipt = `${root.path}/receipt.txt`;
    const lines = [0, 1].map((at) => `Câu hỏi ${at + 1}: Q${at + 1}.webm\r\n  SHA-256: ${digest(at)}`);
    await writeFile(receipt, [`Thư mục: ${opened.session.folder}`, ...lines].join('\r\n\r\n'));
    expect(await inThisProcess(['check', '--receipt', receipt, ...data])).toMatchObject({
      status: 0,
      stdout: 'All is whole: 1 session, 4 recordings, 1 unfinished upload, 0.00 MB.\n',
      stderr: '',
    });

    await rm(`${opened.folder}/Q1.webm`);
    await truncate(`${opened.folder}/Q2.webm`, 9);
    await writeFile(`${opened.folder}/Q3.webm`, recording(203));
    await truncate(`${opened.dataDir}/uploads/${upload}`, 33);
    const { folder } = opened.session;
    const problems = [
      { folder, question: 1, take: 1, file: `sessions/${folder}/Q1.webm`, problem: 'is missing' },
      { folder, question: 2, take: 1, file: `sessions/${folder}/Q2.webm`, problem: 'has 9 of 202 bytes' },
      { folder, question: 3, take: 1, file: `sessions/${folder}/Q3.webm`, problem: expect.stringMatching('has other') },
      { folder, question: 5, take: 1, file: `uploads/${upload}`, problem: 'has 33 of 90 bytes' },
    ];
    const checked = await inThisProcess(['check', folder, '--json', ...data]);
    expect(checked).toMatchObject({ status: 1, stderr: expect.stringMatching(/^tresgo: 4 recordings are not whole/) });
    expect(JSON.parse(checked.stdout)).toMatchObject({ problems });
    const shortened = await inThisProcess(['check', folder.slice(3, -1), '--json', ...data]);
    expect(JSON.parse(shortened.stdout)).toMatchObject({ sessions: 1, problems });
    const compared = await inThisProcess(['check', '--receipt', receipt, ...data]);
    expect(compared.stdout).toContain(`Q1.webm is not stored whole (the receipt has SHA-256 ${digest(0)})`);

    const backup = await inThisProcess(['backup', '--out', out, ...data]);
    expect(backup).toMatchObject({ status: 1, stderr: expect.stringMatching(/4 recordings are not whole/) });
    expect(await readFile(`${out}/sessions/${folder}/Q4.webm`)).toEqual(answers[3]);
    expect((await inThisProcess(['check', out])).status).toBe(1);

    const shown = await inThisProcess(['session', 'show', folder, ...data]);
    expect(shown.stdout).toContain(`Question 1: Q1.webm is missing: "tresgo session repair ${folder}"`);
    expect(shown.stdout).toContain('Question 2: Q2.webm has 9 of 202 bytes');
    expectRefusal(await inThisProcess(['check', 'nobody', ...data]), /there is no session "nobody"/);
  } finally {
    await opened.close();
  }
});

test('restore takes an empty data folder alone, no half-made backup, and no catalog of a newer version', async () => {
  const opened = await openStorageSession();
  const [out, into] = [`${root.path}/out`, ['--data-dir', `${root.path}/into`]];
  try {
    await opened.storage.finish(await opened.whole(recording(300)));
    expect((await inThisProcess(['backup', '--out', out, '--data-dir', opened.dataDir])).status).toBe(0);
    expectRefusal(
      await inThisProcess(['restore', out, '--data-dir', opened.dataDir]),
      /holds data \(tresgo\.db\): move it away, or choose another with --data-dir/,
    );
    await mkdir(`${root.path}/into/sessions/x`, { recursive: true });
    expectRefusal(await inThisProcess(['restore', out, ...into]), /holds data \(x\)/);
    await rm(`${root.path}/into`, { recursive: true });

    // The log of a catalog that is gone would be written into the restored one.
    await mkdir(`${root.path}/into`);
    await writeFile(`${root.path}/into/tresgo.db-wal`, '');
    expectRefusal(await inThisProcess(['restore', out, ...into]), /holds data \(tresgo\.db-wal\)/);
    await rm(`${root.path}/into`, { recursive: true });

    // A restore that was killed has no catalog yet, and is begun again.
    await mkdir(`${root.path}/into/restore.part/sessions`, { recursive: true });
    await mkdir(`${root.path}/into/sessions/half`, { recursive: true });
    expectRefusal(await inThisProcess(['token', 'create', '--name', 'A', ...into]), /a restore into .* did not end/);
    expect(await inThisProcess(['restore', out, ...into])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`npx tresgo serve --data-dir ${root.path}/into\n`),
    });
    expect((await readdir(`${root.path}/into`)).sort()).toEqual(['server.lock', 'sessions', 'tresgo.db', 'uploads']);
    expect(await readdir(`${root.path}/into/sessions`)).toEqual([opened.session.folder]);
    expect((await inThisProcess(['check', ...into])).status).toBe(0);
    // One that was killed at its very end: a later restore must not take the recordings here for half-restored ones.
    await mkdir(`${root.path}/into/restore.part/pool`, { recursive: true });
    expect((await inThisProcess(['token', 'list', ...into])).status).toBe(0);
    await rename(`${root.path}/into/tresgo.db`, `${root.path}/lost.db`);
    for (const log of ['wal', 'shm']) await rm(`${root.path}/into/tresgo.db-${log}`, { force: true });
    expectRefusal(await inThisProcess(['restore', out, ...into]), /holds data \(\d\d_/);
    await rm(`${root.path}/into`, { recursive: true });

    const newer = new BetterSqlite3(`${out}/tresgo.db`);
    newer.exec(`insert into kysely_migration values ('999-later', '2030-01-01')`);
    newer.close();
    expectRefusal(await inThisProcess(['restore', out, ...into]), /made by a newer TresGo \(it has 999-later\)/);
    await rename(`${out}/tresgo.db`, `${out}/tresgo.db.part`);
    expectRefusal(await inThisProcess(['restore', out, ...into]), /is no backup, or one that did not end/);
  } finally {
    await opened.close();
  }
});
