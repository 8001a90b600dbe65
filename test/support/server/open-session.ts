/** A storage in a temporary folder with one started session, and takes that arrive in it. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { DateTime } from 'luxon';
import { openStorage, type Storage } from '../../../storage/index.ts';
import type { Session, Take } from '../../../storage/types.ts';
import { temporaryFolder } from './server.ts';

/** An open storage with one session, and what tests do with it. */
export interface StorageSession {
  storage: Storage;
  session: Session;
  dataDir: string;
  /** The session folder. */
  folder: string;
  /** Creates an empty take, and returns its id. */
  create(question?: number): Promise<string>;
  /** Appends bytes at the take's offset. */
  append(id: string, bytes: Uint8Array): Promise<void>;
  /** Creates a take with all its bytes and its length, not finished, and returns its id. */
  whole(bytes: Uint8Array, question?: number): Promise<string>;
  /** The take with this id; throws when there is none. */
  get(id: string): Promise<Take>;
  /** The session's `meta.json`. */
  meta(): Promise<MetaDocument>;
  /** Names of the files below the session folder, sorted. */
  files(): Promise<string[]>;
  /** Names of the files among the uploads. */
  uploads(): Promise<string[]>;
  /** Closes and opens the storage, as a new process would. */
  restart(): Promise<void>;
  /** Closes the storage and removes its folder. */
  close(): Promise<void>;
}

/** The parts of `meta.json` that tests look at. */
interface MetaDocument {
  status: string;
  endTime: string | null;
  files: Array<{ questionIndex: number; fileName: string; sha256: string; bytes: number; fileSize: string }>;
  takes: Array<{ questionIndex: number; number: number; fileName: string; sha256: string }>;
  [key: string]: unknown;
}

/**
 * Opens a storage in a temporary folder, and starts a session of the default interview.
 * @param options.name the candidate's name
 */
export async function openStorageSession(
  options: { name?: string; keepTakes?: boolean; now?: () => DateTime } = {},
): Promise<StorageSession> {
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
  const opened: StorageSession = {
    storage,
    session,
    dataDir: root.path,
    folder,
    create: (question = 1) =>
      opened.storage.store.createFor({
        sessionId: session.id,
        question,
        takeId: randomUUID(),
        filetype: 'video/webm',
        via: 'tus',
        metadata: '',
      }),
    async append(id, bytes) {
      await opened.storage.store.append(Readable.from([Buffer.from(bytes)]), id, (await opened.get(id)).offset);
    },
    async whole(bytes, question = 1) {
      const id = await opened.create(question);
      await opened.append(id, bytes);
      await opened.storage.store.declareUploadLength(id, bytes.length);
      return id;
    },
    async get(id) {
      const take = await opened.storage.takes.get(id);
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
      await opened.storage.close();
      opened.storage = await open();
    },
    async close() {
      await opened.storage.close();
      await root.remove();
    },
  };
  return opened;
}
