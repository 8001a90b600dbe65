/**
 * The tus data store: @tus/file-store with the promises that it does not make.
 *
 * Invariants:
 * 1. The catalog's offset is a promise: those bytes are in the file and synced before the offset is committed, and the
 *    offset is committed before anybody is told (field notes 1, 2).
 * 2. Bytes beyond the catalog's offset were promised to nobody and are cut off before the next write.
 * 3. A file shorter than the catalog's offset is damage: an error, never a silent rewind.
 * 4. Nothing empties a file that exists (field note 7).
 * 5. The running hash covers exactly [0, offset) or is not there; it is rebuilt from the file when it is missing.
 */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FileStore } from '@tus/file-store';
import { Metadata, Upload } from '@tus/server';
import type { Takes } from '../catalog/takes.ts';
import { joinInside, syncDirectory } from '../session-folder.ts';
import type { Take } from '../types.ts';
import { MAGIC_BYTES, readHead } from './container.ts';
import { type PumpEnd, type PumpOptions, pump } from './pump.ts';

/** A long body is committed on the way, so that a crash costs little of it. */
const COMMIT_BYTES = 8 << 20;
const COMMIT_MS = 2_000;
/** Running hashes kept in memory; a rebuilt one costs one read of the file. */
const MAX_HASHES = 4_096;

/** What the catalog must be told of an upload that the tus layer creates. */
export interface UploadOwner {
  sessionId: string;
  question: number;
  takeId: string;
  filetype: string;
  via: Take['via'];
  /** Unfinished uploads that the session may have; any number by default. */
  maxUnfinished?: number;
}

export interface AppendOptions extends PumpOptions {
  /**
   * Called with the offset after each commit on the way: when the first bytes that tell a container are there, then
   * every 2 s or 8 MB. What it throws ends the append; the bytes stay.
   */
  onCommit?: (offset: number) => Promise<void>;
}

export class DurableStore extends FileStore {
  readonly #takes: Takes;
  readonly #folder: string;
  readonly #hashes = new Map<string, { hash: Hash; offset: number }>();
  readonly #owners = new Map<string, UploadOwner>();

  constructor(options: { directory: string; takes: Takes }) {
    // FileStore makes its folder in the background and throws where nobody can catch: it gets one that is there.
    super({ directory: path.parse(options.directory).root });
    this.directory = options.directory;
    this.#takes = options.takes;
    this.#folder = options.directory;
  }

  /** An id for a new upload, bound to its owner until `create` (the tus layer names first and creates later). */
  reserve(owner: UploadOwner): string {
    const id = randomUUID().replaceAll('-', '');
    this.#owners.set(id, owner);
    return id;
  }

  /** A new, empty upload of unknown length. Returns its id. */
  async begin(owner: UploadOwner): Promise<string> {
    const id = this.reserve(owner);
    await this.create(new Upload({ id, offset: 0 }));
    return id;
  }

  /** Gives an id back that was reserved and never created. */
  release(id: string): void {
    this.#owners.delete(id);
  }

  /** @throws Error with code `take-exists` or `too-many-uploads`, as the catalog's `create` */
  override async create(upload: Upload): Promise<Upload> {
    const reserved = this.#owners.get(upload.id);
    if (!reserved) throw new Error(`the upload ${upload.id} was not reserved`);
    this.#owners.delete(upload.id);
    const { maxUnfinished, ...owner } = reserved;
    const file = this.pathOf(upload.id);
    await (await open(file, 'wx', 0o600)).close();
    await syncDirectory(this.#folder);
    const metadata = upload.metadata ? Metadata.stringify(upload.metadata) : '';
    const take = { id: upload.id, ...owner, metadata, length: upload.size ?? null };
    await this.#takes.create(take, maxUnfinished).catch(async (error: unknown) => {
      await rm(file, { force: true });
      throw error;
    });
    this.#remember(upload.id, createHash('sha256'), 0);
    upload.storage = { type: 'file', path: file };
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const take = await this.#require(id);
    const upload = new Upload({ id, offset: take.offset, creation_date: take.createdAt.toISO() ?? '' });
    if (take.length !== null) upload.size = take.length;
    if (take.metadata) upload.metadata = Metadata.parse(take.metadata);
    return upload;
  }

  override async declareUploadLength(id: string, length: number): Promise<void> {
    await this.#takes.update(id, { length });
  }

  /**
   * Removes what is unfinished or refused.
   * @throws Error with code `take-whole` once every byte is there: from then on the take belongs to the session
   */
  override async remove(id: string): Promise<void> {
    const { offset, length, state } = await this.#require(id);
    if (offset === length && state !== 'refused')
      throw Object.assign(new Error('the take is whole'), { code: 'take-whole' });
    await this.discard(id);
  }

  /** Removes a take whatever its state; for whoever holds the session's lock. */
  async discard(id: string): Promise<void> {
    // The catalog first: a file that nobody knows is litter, an entry without a file is damage.
    await this.#takes.delete(id);
    this.#hashes.delete(id);
    await rm(this.pathOf(id), { force: true });
  }

  /** This is no recording: its bytes go, the entry stays, so that every further request is told so. */
  async refuse(id: string): Promise<void> {
    await this.#takes.update(id, { state: 'refused' });
    this.#hashes.delete(id);
    await rm(this.pathOf(id), { force: true });
  }

  /** The tus interface; `append` tells how the source ended. */
  override async write(source: Readable, id: string, offset: number): Promise<number> {
    return (await this.append(source, id, offset)).offset;
  }

  /**
   * Writes what `source` brings at `offset`, which must be the committed one, and commits it, whatever its end.
   * @returns the offset committed, and how the source ended
   * @throws Error when the file is damaged or can't be written; what was committed stays
   */
  async append(
    source: Readable,
    id: string,
    offset: number,
    { onCommit, ...options }: AppendOptions = {},
  ): Promise<{ offset: number; end: PumpEnd }> {
    const take = await this.#require(id);
    if (take.offset !== offset) throw new Error(`upload ${id} is at ${take.offset}, not at ${offset}`);
    const hash = await this.#hashAt(id, offset);
    this.#hashes.delete(id);
    const file = await open(this.pathOf(id), 'r+');
    let written = offset;
    let committed = offset;
    let committedAt = performance.now();
    const commit = async () => {
      if (written === committed) return;
      await file.datasync();
      await this.#takes.update(id, { offset: written });
      committed = written;
      committedAt = performance.now();
    };
    try {
      await this.#cutBack(file, id, offset);
      const end = await pump(
        source,
        async (chunks, bytes) => {
          await writeAll(file, chunks, written);
          written += bytes;
          for (const chunk of chunks) hash.update(chunk);
          const known = committed >= MAGIC_BYTES || written < MAGIC_BYTES;
          const late = written - committed >= COMMIT_BYTES || performance.now() - committedAt >= COMMIT_MS;
          if (known && !late) return;
          await commit();
          await onCommit?.(committed);
        },
        options,
      );
      await commit();
      this.#remember(id, hash, committed);
      return { offset: committed, end };
    } finally {
      await file.close();
    }
  }

  /** SHA-256 of [0, offset), hex. */
  async digest(id: string, offset: number): Promise<string> {
    const hash = await this.#hashAt(id, offset);
    this.#remember(id, hash, offset);
    return hash.copy().digest('hex');
  }

  /** The first bytes of an upload that is not placed yet. */
  async head(id: string, bytes: number): Promise<Uint8Array> {
    return readHead(this.pathOf(id), bytes);
  }

  /** Forgets the running hash of an upload that is done. */
  forget(id: string): void {
    this.#hashes.delete(id);
  }

  /** Where an upload's bytes lie until the take is placed. */
  pathOf(id: string): string {
    return joinInside(this.#folder, id);
  }

  async #require(id: string): Promise<Take> {
    const take = await this.#takes.get(id);
    if (!take) throw new Error(`there is no upload ${id}`);
    return take;
  }

  async #cutBack(file: FileHandle, id: string, offset: number): Promise<void> {
    const { size } = await file.stat();
    if (size < offset) throw damaged(id, offset, size);
    if (size > offset) await file.truncate(offset);
  }

  async #hashAt(id: string, offset: number): Promise<Hash> {
    const known = this.#hashes.get(id);
    if (known?.offset === offset) return known.hash;
    const hash = createHash('sha256');
    if (offset === 0) return hash;
    const file = createReadStream(this.pathOf(id), { end: offset - 1 });
    await pipeline(file, hash, { end: false });
    if (file.bytesRead < offset) throw damaged(id, offset, file.bytesRead);
    return hash;
  }

  #remember(id: string, hash: Hash, offset: number): void {
    this.#hashes.delete(id);
    this.#hashes.set(id, { hash, offset });
    const oldest = this.#hashes.keys().next();
    if (this.#hashes.size > MAX_HASHES && !oldest.done) this.#hashes.delete(oldest.value);
  }
}

function damaged(id: string, offset: number, size: number): Error {
  return new Error(`upload ${id} is damaged: ${offset} bytes were acknowledged, the file has ${size}`);
}

/** writev(2) may write less than it was given. */
async function writeAll(file: FileHandle, chunks: Buffer[], position: number): Promise<void> {
  let rest = [...chunks];
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    let skip = bytesWritten;
    while (rest[0] && skip >= rest[0].length) skip -= rest.shift()?.length ?? 0;
    if (rest[0] && skip > 0) rest = [rest[0].subarray(skip), ...rest.slice(1)];
  }
}
