/** A storage in a temporary folder with one started session, and takes that arrive in it. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { DateTime } from 'luxon';
import { openStorage, type Storage } from '../../storage/index.ts';
import type { Session, Take } from '../../storage/types.ts';
import { temporaryFolder } from '../support/server.ts';

export interface StorageSitting {
  storage: Storage;
  session: Session;
  dataDir: string;
  /** The session folder. */
  folder: string;
  /** A take that is not begun with any bytes. */
  begin(question?: number): Promise<string>;
  append(id: string, bytes: Uint8Array): Promise<void>;
  /** A take with all its bytes and its length, not finished. */
  whole(bytes: Uint8Array, question?: number): Promise<string>;
  get(id: string): Promise<Take>;
  meta(): Promise<MetaDocument>;
  /** Names below the session folder, sorted. */
  files(): Promise<string[]>;
  uploads(): Promise<string[]>;
  /** Closes and opens the storage, as a new process would. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface MetaDocument {
  status: string;
  endTime: string | null;
  files: Array<{ questionIndex: number; fileName: string; sha256: string; bytes: number; fileSize: string }>;
  takes: Array<{ questionIndex: number; number: number; fileName: string; sha256: string }>;
  [key: string]: unknown;
}

export async function openStorageSitting(
  options: { name?: string; keepTakes?: boolean; now?: () => DateTime } = {},
): Promise<StorageSitting> {
  const { name = 'Anna Parker', keepTakes = true, now } = options;
  const root = await temporaryFolder();
  const open = () => openStorage({ dataDir: root.path, ...(now ? { now } : {}) });
  const storage = await open();
  await storage.interviews.ensureDefault();
  const interview = await storage.interviews.get('default');
  if (!interview) throw new Error('no default interview');
  const { token } = await storage.tokens.create({ name, interview: 'default', expiresAt: null, maxSessions: 1 });
  const started = await storage.startSession(token, {
    userName: name,
    interview: { ...interview, keepTakes },
    mayCreate: true,
  });
  if (!started) throw new Error('not started');
  const { session } = started;
  const folder = storage.sessionPath(session);
  const sitting: StorageSitting = {
    storage,
    session,
    dataDir: root.path,
    folder,
    begin: (question = 1) =>
      sitting.storage.store.begin({
        sessionId: session.id,
        question,
        takeId: randomUUID(),
        filetype: 'video/webm',
        via: 'tus',
        metadata: '',
      }),
    async append(id, bytes) {
      await sitting.storage.store.append(Readable.from([Buffer.from(bytes)]), id, (await sitting.get(id)).offset);
    },
    async whole(bytes, question = 1) {
      const id = await sitting.begin(question);
      await sitting.append(id, bytes);
      await sitting.storage.store.declareUploadLength(id, bytes.length);
      return id;
    },
    async get(id) {
      const take = await sitting.storage.takes.get(id);
      if (!take) throw new Error(`there is no take ${id}`);
      return take;
    },
    meta: async () => JSON.parse(await readFile(path.join(folder, 'meta.json'), 'utf8')) as MetaDocument,
    files: async () =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .sort(),
    uploads: () => readdir(path.join(root.path, 'uploads')),
    async restart() {
      await sitting.storage.close();
      sitting.storage = await open();
    },
    async close() {
      await sitting.storage.close();
      await root.remove();
    },
  };
  return sitting;
}
