/** What a client does to an upload, one step each, and what must hold if the server died in it. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { expect } from 'vitest';
import type { TestServer } from '../support/server.ts';
import { reprDigest, type Tus, until } from '../support/tus.ts';
import { type Candidate, openCandidate } from './candidate.ts';
import { checkFolder, checkUpload, newUpload, note, type Upload } from './ledger.ts';

const BEGUN = 3_000;
const ALL = 5_000;
const empty = new Uint8Array();

export interface Attempt {
  /** The step. */
  run(): Promise<Response>;
  /** After a restart, or after none; `told` is the answer, where one came. Throws where a promise is broken. */
  check(server: TestServer, told: Response | null): Promise<void>;
}

export interface Operation {
  name: string;
  /** Brings an upload to where the step begins. */
  prepare(server: TestServer): Promise<Attempt>;
}

/** All of them, for one data folder. */
export function createOperations(): Operation[] {
  let shared: Candidate | null = null;
  const uploads: Upload[] = [];
  const candidateOf = async (server: TestServer) => {
    shared ??= await openCandidate(server, 'Anna');
    return shared;
  };

  /** An upload of which the first `size` bytes are there. */
  async function begin(tus: Tus, question: number, size: number): Promise<Upload & { location: string }> {
    const upload = newUpload(question, ALL);
    const location = await tus.begin(upload);
    note(upload, (await tus.patch(location, 0, upload.bytes.subarray(0, size))).headers);
    return Object.assign(upload, { asked: true, location, sent: size });
  }

  /** All promises about the upload hold; what was told is taken down first. */
  async function keepsWord(candidate: Candidate, server: TestServer, upload: Upload, told: Response | null) {
    if (told) note(upload, told.headers);
    expect(await checkUpload(candidate, candidate.tus(server), upload)).toEqual([]);
  }

  /** The client goes on from where the server is, to the end; then the folder is as it should be. */
  async function goOn(candidate: Candidate, server: TestServer, upload: Upload, all: Upload[]) {
    const tus = candidate.tus(server);
    const location = upload.location as string;
    if (upload.at < ALL)
      expect((await tus.patch(location, upload.at, upload.bytes.subarray(upload.at))).status).toBe(204);
    upload.declared = true;
    const last = await tus.patch(location, ALL, empty, { length: ALL });
    expect([last.status, last.headers.get('upload-complete')]).toEqual([204, '?1']);
    expect(last.headers.get('repr-digest')).toBe(reprDigest(upload.bytes));
    note(upload, last.headers);
    all.push(upload);
    expect(await checkFolder(candidate, all, true)).toEqual([]);
    expect(await left(server)).toEqual([]);
  }

  const create: Operation = {
    name: 'create',
    async prepare(server) {
      const candidate = await candidateOf(server);
      const upload = newUpload(1, ALL);
      upload.asked = true;
      return {
        run: () => candidate.tus(server).create(upload),
        async check(after, told) {
          upload.location = told?.headers.get('location') ?? null;
          // Where no answer came, it repeats the POST.
          await keepsWord(candidate, after, upload, null);
          const tus = candidate.tus(after);
          expect(await tus.begin(upload)).toBe(upload.location);
          expect(await left(after)).toEqual([idOf(upload)]);
          expect((await tus.remove(upload.location as string)).status).toBe(204);
        },
      };
    },
  };

  const append = (name: string, before: (server: TestServer) => void = () => {}): Operation => ({
    name,
    async prepare(server) {
      const candidate = await candidateOf(server);
      const tus = candidate.tus(server);
      const upload = await begin(tus, 2, BEGUN);
      before(server);
      upload.sent = ALL;
      return {
        run: () => tus.patch(upload.location, BEGUN, upload.bytes.subarray(BEGUN)),
        async check(after, told) {
          await keepsWord(candidate, after, upload, told);
          expect([BEGUN, ALL]).toContain(upload.at);
          await goOn(candidate, after, upload, uploads);
        },
      };
    },
  });

  const declare: Operation = {
    name: 'declare',
    async prepare(server) {
      const candidate = await candidateOf(server);
      const upload = await begin(candidate.tus(server), 3, BEGUN);
      const send = (to: TestServer, length: number) =>
        candidate.tus(to).patch(upload.location, BEGUN, empty, { length });
      return {
        run: () => send(server, ALL),
        async check(after, told) {
          await keepsWord(candidate, after, upload, told);
          const head = await candidate.tus(after).head(upload.location);
          expect(told ? [String(ALL)] : [String(ALL), null]).toContain(head.headers.get('upload-length'));
          expect((await send(after, ALL)).status).toBe(204);
          expect((await send(after, ALL + 1)).status).toBe(400);
          upload.sent = ALL;
          await goOn(candidate, after, upload, uploads);
        },
      };
    },
  };

  /** The last, empty PATCH that carries the length. */
  async function finishing(candidate: Candidate, server: TestServer, all: Upload[]): Promise<Attempt> {
    const tus = candidate.tus(server);
    const upload = await begin(tus, 4, ALL);
    upload.declared = true;
    return {
      run: () => tus.patch(upload.location, ALL, empty, { length: ALL }),
      async check(after, told) {
        await keepsWord(candidate, after, upload, told);
        const head = () => candidate.tus(after).head(upload.location);
        // Once the length is there, nobody has to ask again.
        if ((await head()).headers.get('upload-length') !== null)
          await until(async () => (await head()).headers.get('upload-complete') === '?1');
        await goOn(candidate, after, upload, all);
      },
    };
  }
  let sessions = 0;
  const finish: Operation = {
    name: 'finish',
    prepare: async (server) => finishing(await openCandidate(server, `Anna ${++sessions}`), server, []),
  };
  const replace: Operation = {
    name: 'finish, over an earlier answer',
    async prepare(server) {
      const candidate = await candidateOf(server);
      if (!uploads.some(({ question }) => question === 4))
        await goOn(candidate, server, await begin(candidate.tus(server), 4, BEGUN), uploads);
      return finishing(candidate, server, uploads);
    },
  };

  const remove: Operation = {
    name: 'delete',
    async prepare(server) {
      const candidate = await candidateOf(server);
      const upload = await begin(candidate.tus(server), 5, BEGUN);
      upload.removal = 'asked';
      return {
        run: () => candidate.tus(server).remove(upload.location),
        async check(after, told) {
          if (told) expect(told.status).toBe(204);
          if (told) upload.removal = 'done';
          await keepsWord(candidate, after, upload, null);
          expect(await left(after)).toEqual(upload.removal === 'done' ? [] : [idOf(upload)]);
          const again = await candidate.tus(after).remove(upload.location);
          expect(again.status).toBe(upload.removal === 'done' ? 404 : 204);
          expect((await candidate.tus(after).head(upload.location)).status).toBe(404);
          expect(await left(after)).toEqual([]);
        },
      };
    },
  };

  return [create, append('append'), append('append, and a checkpoint', fillLog), declare, finish, replace, remove];
}

/** Names of unfinished uploads' files. */
const left = (server: TestServer) => readdir(path.join(server.dataDir, 'uploads'));
const idOf = (upload: Upload) => path.basename(upload.location ?? '');

/** Makes the catalog's log so long that the next commit folds it back into the catalog. */
function fillLog(server: TestServer): void {
  const catalog = new BetterSqlite3(path.join(server.dataDir, 'tresgo.db'));
  catalog.pragma('wal_autocheckpoint = 0');
  catalog.pragma('synchronous = OFF');
  // Only a change is logged.
  const change = catalog.prepare("update interviews set created_at = created_at || ' '");
  const restore = catalog.prepare('update interviews set created_at = trim(created_at)');
  for (let frame = 0; frame < 1_000; frame += 2) for (const write of [change, restore]) write.run();
  catalog.close();
}
