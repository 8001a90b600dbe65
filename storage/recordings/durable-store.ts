/**
 * The tus data store: @tus/file-store with the promises that it does not make.
 *
 * Invariants:
 * 1. The catalog's offset is a promise: those bytes are in the file and synced before the offset is committed, and the
 *    offset is committed before anybody is told (field notes 1, 2).
 * 2. Bytes beyond the catalog's offset were promised to nobody and are cut off before the next write.
 * 3. A file shorter than the catalog's offset is damage: an error, never a silent rewind.
 * 4. Nothing empties a file that exists (field note 7).
 * 5. A running hash covers exactly [0, offset) or is not there; it is rebuilt from the file when it is missing.
 * 6. After an error of the disk nothing in memory is believed: the file is read again.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { Metadata, Upload } from '@tus/server';
import type { LiveTakes } from '../catalog/live-takes.ts';
import type { Takes } from '../catalog/takes.ts';
import { joinInside, syncDirectory } from '../session-folder.ts';
import type { Take } from '../types.ts';
import { MAGIC_BYTES, readHead } from './container.ts';
import { type PumpEnd, type PumpOptions, pump } from './pump.ts';
import { UploadFile } from './upload-file.ts';

/** A long body is committed on the way, so that a crash costs little of it. */
const COMMIT_BYTES = 8 << 20;
const COMMIT_MS = 2_000;
/** Files kept open between two requests, with their hashes; another one costs one read of the file. */
const MAX_OPEN_FILES = 1_024;

/** What the catalog must be told of an upload that the tus layer creates. */
export interface UploadOwner {
  sessionId: string;
  question: number;
  takeId: string;
  filetype: string;
  via: Take['via'];
  /** `Upload-Metadata` as it came: HEAD tells it to the byte. */
  metadata: string;
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
  readonly #liveTakes: LiveTakes;
  readonly #folder: string;
  /** Files that nobody writes to at the moment, the one that rested longest first. */
  readonly #open = new Map<string, UploadFile>();
  /** Uploads whose last sync failed: what [0, offset) must still be when it is read again from the disk. */
  readonly #suspects = new Map<string, { offset: number; sha256: string }>();
  readonly #owners = new Map<string, UploadOwner>();

  constructor(options: { directory: string; takes: Takes; liveTakes: LiveTakes }) {
    // FileStore makes its folder in the background and throws where nobody can catch: it gets one that is there.
    super({ directory: path.parse(options.directory).root });
    this.directory = options.directory;
    this.#takes = options.takes;
    this.#liveTakes = options.liveTakes;
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
    const filePath = this.pathOf(upload.id);
    const file = await UploadFile.create(filePath);
    const take = { id: upload.id, ...owner, length: upload.size ?? null };
    try {
      await syncDirectory(this.#folder);
      await this.#takes.create(take, maxUnfinished);
    } catch (error) {
      file.close();
      await rm(filePath, { force: true });
      throw error;
    }
    this.#rest(upload.id, file);
    upload.storage = { type: 'file', path: filePath };
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
   * @throws Error with code `no-upload`, or `take-whole` once every byte is there: from then on the take belongs to the
   * session
   */
  override async remove(id: string): Promise<void> {
    const { offset, length, state } = await this.#require(id);
    if (offset === length && state !== 'refused')
      throw Object.assign(new Error('the take is whole'), { code: 'take-whole' });
    await this.discard(id);
  }

  /** Removes a take whatever its state; for whoever holds the session's lock. */
  async discard(id: string): Promise<void> {
    // Marked first: an entry without a file would be damage, a file without an entry stays for ever.
    await this.#takes.update(id, { state: 'removed' });
    this.forget(id);
    await rm(this.pathOf(id), { force: true });
    await this.#takes.delete(id);
  }

  /** This is no recording: its bytes go, the entry stays, so that every further request is told so. */
  async refuse(id: string): Promise<void> {
    await this.#takes.update(id, { state: 'refused' });
    this.forget(id);
    await rm(this.pathOf(id), { force: true });
  }

  /** The tus interface; `append` tells how the source ended. */
  override async write(source: Readable, id: string, offset: number): Promise<number> {
    return (await this.append(source, id, offset)).offset;
  }

  /**
   * Writes what `source` brings at `offset`, which must be the committed one, and commits it, whatever its end. For
   * whoever holds the upload's lock.
   * @returns the offset committed, and how the source ended
   * @throws DamagedUpload, or Error when it can't be written; what was committed stays
   */
  async append(
    source: Readable,
    id: string,
    offset: number,
    { onCommit, ...options }: AppendOptions = {},
  ): Promise<{ offset: number; end: PumpEnd }> {
    await this.#liveTakes.settle();
    const file = await this.#takeFile(id, offset);
    let written = offset;
    // Of [0, file.offset): what the file must still be should the disk fail.
    let before = file.hash.copy();
    let committedAt = performance.now();
    const commit = async () => {
      if (written === file.offset) return;
      const sync = () =>
        file.sync().catch((error: unknown) => {
          this.#suspects.set(id, { offset: file.offset, sha256: before.digest('hex') });
          throw error;
        });
      await this.#liveTakes.commit(id, written, sync);
      file.offset = written;
      committedAt = performance.now();
    };
    try {
      await file.cutBack();
      const end = await pump(
        source,
        async (chunks, bytes, last) => {
          file.write(chunks, written);
          written += bytes;
          const judged = file.offset >= MAGIC_BYTES || written < MAGIC_BYTES;
          const late = written - file.offset >= COMMIT_BYTES || performance.now() - committedAt >= COMMIT_MS;
          if (last || (judged && !late)) return;
          await commit();
          before = file.hash.copy();
          await onCommit?.(file.offset);
        },
        options,
      );
      await commit();
      this.#rest(id, file);
      return { offset: file.offset, end };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * The last look at a whole upload: the file has just the acknowledged bytes, synced.
   * @returns SHA-256 of [0, offset), hex
   * @throws DamagedUpload
   */
  async seal(id: string, offset: number): Promise<string> {
    await this.#liveTakes.settle();
    const file = await this.#takeFile(id, offset);
    try {
      if (await file.cutBack()) await file.sync();
      this.#rest(id, file);
      return file.hash.copy().digest('hex');
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The first bytes of an upload that is not placed yet. */
  async head(id: string, bytes: number): Promise<Uint8Array> {
    return readHead(this.pathOf(id), bytes);
  }

  /**
   * The file and the catalog brought together, after a crash: what was never acknowledged is cut off.
   * @throws DamagedUpload
   */
  async reconcile({ id, offset }: Pick<Take, 'id' | 'offset'>): Promise<void> {
    this.forget(id);
    const file = this.pathOf(id);
    await UploadFile.reconcile(file, offset).catch(async (error: unknown) => {
      if (offset > 0) throw error;
      // Without a byte acknowledged nothing is damaged: a creation failed, and came back with the crash.
      (await UploadFile.create(file)).close();
      await syncDirectory(this.#folder);
    });
  }

  /** Closes the file of an upload that is done, and forgets its hash. */
  forget(id: string): void {
    this.#open.get(id)?.close();
    this.#open.delete(id);
    this.#suspects.delete(id);
  }

  /** Closes what is open. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.forget(id);
  }

  /** Where an upload's bytes lie until the take is placed. */
  pathOf(id: string): string {
    return joinInside(this.#folder, id);
  }

  async #require(id: string): Promise<Take> {
    const take = await this.#takes.get(id);
    if (!take) throw Object.assign(new Error(`there is no upload ${id}`), { code: 'no-upload' });
    return take;
  }

  /** The upload's file at its offset, out of the rest: whoever has it gives it back or closes it. */
  async #takeFile(id: string, offset: number): Promise<UploadFile> {
    const resting = this.#open.get(id);
    const committed = resting?.offset ?? (await this.#liveTakes.get(id))?.offset;
    // What is beyond the offset will be cut off: a wrong one must never get there.
    if (committed !== offset) throw new Error(`upload ${id} is at ${committed}, not at ${offset}`);
    this.#open.delete(id);
    if (resting) return resting;
    const file = await UploadFile.open(this.pathOf(id), offset);
    const suspect = this.#suspects.get(id);
    if (suspect?.offset === offset) await file.requireHash(suspect.sha256);
    this.#suspects.delete(id);
    return file;
  }

  #rest(id: string, file: UploadFile): void {
    this.forget(id);
    this.#open.set(id, file);
    const oldest = this.#open.keys().next();
    if (this.#open.size > MAX_OPEN_FILES && !oldest.done) this.forget(oldest.value);
  }
}
