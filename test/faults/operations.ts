/** Operations on an upload, and the promises that must hold if the server dies in one. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { expect } from 'vitest';
import { type Candidate, openCandidate } from '../support/server/candidate.ts';
import type { TestServer } from '../support/server/server.ts';
import { reprDigest, type Tus, until } from '../support/tus/tus.ts';
import { applyHeaders, checkFolder, checkUpload, newUpload, type Upload } from './upload-ledger.ts';

const FIRST_BYTES = 3_000;
const ALL_BYTES = 5_000;
const empty = new Uint8Array();

/** One run of an operation. */
interface Attempt {
  /** Sends the request. */
  run(): Promise<Response>;
  /**
   * Checks the promises, with or without a restart in between; `response` is null where none came.
   * @throws AssertionError for a broken promise
   */
  check(server: TestServer, response: Response | null): Promise<void>;
}

/** A request that a client can make. */
export interface Operation {
  name: string;
  /** Brings an upload to the state in which the operation starts. */
  prepare(server: TestServer): Promise<Attempt>;
}

/** All operations on uploads, for one data folder. */
export function createOperations(): Operation[] {
  let shared: Candidate | null = null;
  const uploads: Upload[] = [];
  const candidateOf = async (server: TestServer) => {
    shared ??= await openCandidate(server, 'Anna');
    return shared;
  };

  /** Creates an upload whose first `size` bytes are stored. */
  async function begin(tus: Tus, question: number, size: number): Promise<Upload & { location: string }> {
    const upload = newUpload(question, ALL_BYTES);
    const location = await tus.begin(upload);
    applyHeaders(upload, (await tus.patch(location, 0, upload.bytes.subarray(0, size))).headers);
    return Object.assign(upload, { asked: true, location, sent: size });
  }

  /** Applies the response, then checks all promises about the upload. */
  async function checkPromises(candidate: Candidate, server: TestServer, upload: Upload, response: Response | null) {
    if (response) applyHeaders(upload, response.headers);
    expect(await checkUpload(candidate, candidate.tus(server), upload)).toEqual([]);
  }

  /** Continues the upload from the server's offset to its end; then checks the session folder. */
  async function finishUpload(candidate: Candidate, server: TestServer, upload: Upload, all: Upload[]) {
    const tus = candidate.tus(server);
    const location = upload.location as string;
    if (upload.at < ALL_BYTES)
      expect((await tus.patch(location, upload.at, upload.bytes.subarray(upload.at))).status).toBe(204);
    upload.declared = true;
    const last = await tus.patch(location, ALL_BYTES, empty, { length: ALL_BYTES });
    expect([last.status, last.headers.get('upload-complete')]).toEqual([204, '?1']);
    expect(last.headers.get('repr-digest')).toBe(reprDigest(upload.bytes));
    applyHeaders(upload, last.headers);
    all.push(upload);
    expect(await checkFolder(candidate, all, true)).toEqual([]);
    expect(await left(server)).toEqual([]);
  }

  const create: Operation = {
    name: 'create',
    async prepare(server) {
      const candidate = await candidateOf(server);
      const upload = newUpload(1, ALL_BYTES);
      upload.asked = true;
      return {
        run: () => candidate.tus(server).create(upload),
        async check(after, response) {
          upload.location = response?.headers.get('location') ?? null;
          // A client without a response repeats the POST.
          await checkPromises(candidate, after, upload, null);
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
      const upload = await begin(tus, 2, FIRST_BYTES);
      before(server);
      upload.sent = ALL_BYTES;
      return {
        run: () => tus.patch(upload.location, FIRST_BYTES, upload.bytes.subarray(FIRST_BYTES)),
        async check(after, response) {
          await checkPromises(candidate, after, upload, response);
          expect([FIRST_BYTES, ALL_BYTES]).toContain(upload.at);
          await finishUpload(candidate, after, upload, uploads);
        },
      };
    },
  });

  const declare: Operation = {
    name: 'declare',
    async prepare(server) {
      const candidate = await candidateOf(server);
      const upload = await begin(candidate.tus(server), 3, FIRST_BYTES);
      const send = (to: TestServer, length: number) =>
        candidate.tus(to).patch(upload.location, FIRST_BYTES, empty, { length });
      return {
        run: () => send(server, ALL_BYTES),
        async check(after, response) {
          await checkPromises(candidate, after, upload, response);
          const head = await candidate.tus(after).head(upload.location);
          expect(response ? [String(ALL_BYTES)] : [String(ALL_BYTES), null]).toContain(
            head.headers.get('upload-length'),
          );
          expect((await send(after, ALL_BYTES)).status).toBe(204);
          expect((await send(after, ALL_BYTES + 1)).status).toBe(400);
          upload.sent = ALL_BYTES;
          await finishUpload(candidate, after, upload, uploads);
        },
      };
    },
  };

  /** The last, empty PATCH that carries the length. */
  async function finishing(candidate: Candidate, server: TestServer, all: Upload[]): Promise<Attempt> {
    const tus = candidate.tus(server);
    const upload = await begin(tus, 4, ALL_BYTES);
    upload.declared = true;
    return {
      run: () => tus.patch(upload.location, ALL_BYTES, empty, { length: ALL_BYTES }),
      async check(after, response) {
        await checkPromises(candidate, after, upload, response);
        const head = () => candidate.tus(after).head(upload.location);
        // Once the length is stored, the server finishes the upload without another request.
        if ((await head()).headers.get('upload-length') !== null)
          await until(async () => (await head()).headers.get('upload-complete') === '?1');
        await finishUpload(candidate, after, upload, all);
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
        await finishUpload(candidate, server, await begin(candidate.tus(server), 4, FIRST_BYTES), uploads);
      return finishing(candidate, server, uploads);
    },
  };

  const remove: Operation = {
    name: 'delete',
    async prepare(server) {
      const candidate = await candidateOf(server);
      const upload = await begin(candidate.tus(server), 5, FIRST_BYTES);
      upload.removal = 'asked';
      return {
        run: () => candidate.tus(server).remove(upload.location),
        async check(after, response) {
          if (response) expect(response.status).toBe(204);
          if (response) upload.removal = 'done';
          await checkPromises(candidate, after, upload, null);
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
  // SQLite logs only real changes.
  const change = catalog.prepare("update interviews set created_at = created_at || ' '");
  const restore = catalog.prepare('update interviews set created_at = trim(created_at)');
  for (let frame = 0; frame < 1_000; frame += 2) for (const write of [change, restore]) write.run();
  catalog.close();
}
