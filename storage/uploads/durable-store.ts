/**
 * The tus data store: @tus/file-store with the promises that it does not make.
 *
 * Invariants:
 * 1. The catalog's offset is a promise: those bytes are in the file and synced before the offset is committed, and the
 *    offset is committed before the client is sent it (platform notes 1, 2).
 * 2. Bytes beyond the catalog's offset were never promised and are cut off before the next write.
 * 3. A file shorter than the catalog's offset is damage: an error, never a silent rewind.
 * 4. Nothing empties a file that exists (platform note 6).
 * 5. A running hash covers exactly [0, offset) or is absent; an absent one is rebuilt from the file.
 * 6. After an error of the disk nothing in memory is trusted: the file is read again.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { Upload } from '@tus/server';
import type { LiveTakes } from '../catalog/live-takes.ts';
import type { Takes } from '../catalog/takes.ts';
import { StorageError } from '../errors.ts';
import { joinInside, syncDirectory } from '../files.ts';
import type { Take } from '../types.ts';
import { type AppendOptions, appendTo } from './append.ts';
import { readHead } from './container.ts';
import { OpenFiles } from './open-files.ts';
import type { PumpEnd } from './pump.ts';
import { UploadFile } from './upload-file.ts';

/** Characters that are kept of a media type. */
const MAX_FILETYPE = 200;

/** What the catalog needs to know of an upload that the tus layer creates. */
export interface UploadOwner {
  sessionId: string;
  /** From 1. */
  question: number;
  takeId: string;
  /** The MIME type that the client sent. */
  filetype: string;
  via: Take['via'];
  /** `voice`: sound that goes ahead of the take with the client's UUID `aheadOf`, where that is known; null by default. */
  part?: Take['part'];
  aheadOf?: string | null;
  /** The header `Upload-Metadata` as it came: HEAD sends it back byte for byte. */
  metadata: string;
  /** How many unfinished uploads the session may have; any number by default. */
  maxUnfinished?: number;
  /** How many takes the session may have in all; any number by default. */
  maxTakes?: number;
}

/** The store of uploads: their files, and their offsets in the catalog. */
export class DurableStore extends FileStore {
  readonly #takes: Takes;
  readonly #liveTakes: LiveTakes;
  readonly #folder: string;
  readonly #files: OpenFiles;
  readonly #owners = new Map<string, UploadOwner>();

  /** @param options.directory the folder of the uploads' files, which exists */
  constructor(options: { directory: string; takes: Takes; liveTakes: LiveTakes }) {
    // FileStore creates its folder in the background and throws where no caller can catch: it gets one that exists.
    super({ directory: path.parse(options.directory).root });
    this.directory = options.directory;
    this.#takes = options.takes;
    this.#liveTakes = options.liveTakes;
    this.#folder = options.directory;
    this.#files = new OpenFiles(options.liveTakes, (id) => this.pathOf(id));
  }

  /** Reserves an id for a new upload of this owner until `create`: the tus layer asks for the id before it creates. */
  reserve(owner: UploadOwner): string {
    const id = randomUUID().replaceAll('-', '');
    this.#owners.set(id, owner);
    return id;
  }

  /**
   * Creates an empty upload of unknown length, outside the tus layer.
   * @returns its id
   * @throws StorageError `take-exists` or `too-many-uploads`
   */
  async createFor(owner: UploadOwner): Promise<string> {
    const id = this.reserve(owner);
    await this.create(new Upload({ id, offset: 0 }));
    return id;
  }

  /** Gives back an id that was reserved and whose upload was not created. */
  release(id: string): void {
    this.#owners.delete(id);
  }

  /**
   * Creates the empty file and the catalog's entry of a reserved id.
   * @throws StorageError `take-exists` or `too-many-uploads`
   */
  override async create(upload: Upload): Promise<Upload> {
    const reserved = this.#owners.get(upload.id);
    if (!reserved) throw new Error(`the upload ${upload.id} was not reserved`);
    this.#owners.delete(upload.id);
    const { maxUnfinished, maxTakes, ...owner } = reserved;
    const filePath = this.pathOf(upload.id);
    const file = await UploadFile.create(filePath);
    const filetype = owner.filetype.slice(0, MAX_FILETYPE);
    const take = { id: upload.id, ...owner, filetype, length: upload.size ?? null };
    try {
      await syncDirectory(this.#folder);
      await this.#takes.create(take, { maxUnfinished, maxTakes });
    } catch (error) {
      file.close();
      await rm(filePath, { force: true });
      throw error;
    }
    this.#files.put(upload.id, file);
    upload.storage = { type: 'file', path: filePath };
    return upload;
  }

  /**
   * The upload as the tus layer needs it.
   * @throws StorageError `no-upload`
   */
  override async getUpload(id: string): Promise<Upload> {
    const take = await this.#require(id);
    const upload = new Upload({ id, offset: take.offset, creation_date: take.createdAt.toISO() ?? '' });
    if (take.length !== null) upload.size = take.length;
    return upload;
  }

  /** Sets the upload's length, in bytes. */
  override async declareUploadLength(id: string, length: number): Promise<void> {
    await this.#takes.update(id, { length });
  }

  /**
   * Removes an unfinished or refused take.
   * @param options.counts whether the take still counts among those that its session has had
   * @throws StorageError `no-upload`, or `take-whole` once every byte is stored: from then on the take belongs to the
   * session
   */
  override async remove(id: string, options: { counts?: boolean } = {}): Promise<void> {
    const { offset, length, state } = await this.#require(id);
    if (offset === length && state !== 'refused') throw new StorageError('take-whole', 'the take is whole');
    await this.discard(id, options);
  }

  /** Removes a take in any state; for callers that hold the session's lock. */
  async discard(id: string, { counts = false } = {}): Promise<void> {
    // Marked first: an entry without a file would be damage, and a file without an entry stays for ever.
    await this.#takes.update(id, { state: 'removed' });
    this.forget(id);
    await rm(this.pathOf(id), { force: true });
    await this.#takes.delete(id, { counts });
  }

  /** Removes the bytes of an upload that is no recording. Its entry stays, so that every later request is refused, too. */
  async refuse(id: string): Promise<void> {
    await this.#takes.refuse(id);
    this.forget(id);
    await rm(this.pathOf(id), { force: true });
  }

  /** As `append`, for the tus layer; returns the offset. */
  override async write(source: Readable, id: string, offset: number): Promise<number> {
    return (await this.append(source, id, offset)).offset;
  }

  /**
   * Writes the bytes of `source` at `offset`, which must be the committed one, and commits them after any end of the
   * source. For callers that hold the upload's lock.
   * @returns the committed offset, in bytes, and how the source ended
   * @throws StorageError `upload-damaged`, or `bytes-differ`
   * @throws Error when the bytes can't be written; bytes that were committed stay
   */
  async append(
    source: Readable,
    id: string,
    offset: number,
    options: AppendOptions = {},
  ): Promise<{ offset: number; end: PumpEnd }> {
    await this.#liveTakes.settle();
    const file = await this.#files.take(id, offset);
    try {
      const end = await appendTo(file, source, {
        ...options,
        commit: (written, sync) => this.#liveTakes.commit(id, written, sync),
        onFailedSync: (committed, sha256) => this.#files.suspect(id, committed, sha256),
      });
      this.#files.put(id, file);
      return { offset: file.offset, end };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Checks a whole upload for the last time: the file has exactly the acknowledged bytes, synced.
   * @returns SHA-256 of [0, offset), hex
   * @throws StorageError `upload-damaged`
   */
  async seal(id: string, offset: number): Promise<string> {
    await this.#liveTakes.settle();
    const file = await this.#files.take(id, offset);
    try {
      if (await file.cutBack()) await file.sync();
      this.#files.put(id, file);
      return file.hash.copy().digest('hex');
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * The first `bytes` bytes of an upload, or all where it has fewer.
   * @throws Error with code ENOENT once the take is placed, swept or removed
   */
  async head(id: string, bytes: number): Promise<Uint8Array> {
    return readHead(this.pathOf(id), bytes);
  }

  /**
   * Makes the file agree with the catalog after a crash: bytes that were never acknowledged are cut off.
   * @throws StorageError `upload-damaged`
   */
  async reconcile({ id, offset }: Pick<Take, 'id' | 'offset'>): Promise<void> {
    this.forget(id);
    // No byte was acknowledged, so none is missing: a creation failed, and the crash brought its entry back.
    if (offset === 0) await this.ensureFile(id);
    await UploadFile.reconcile(this.pathOf(id), offset);
  }

  /** Makes an upload's empty file where there is none. */
  async ensureFile(id: string): Promise<void> {
    const file = await UploadFile.create(this.pathOf(id)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!file) return;
    file.close();
    await syncDirectory(this.#folder);
  }

  /** Closes the file of an upload that gets no more bytes, and forgets its hash. */
  forget(id: string): void {
    this.#files.forget(id);
  }

  /** Closes all open files. */
  close(): void {
    this.#files.close();
  }

  /** The path of an upload's file until the take is placed. */
  pathOf(id: string): string {
    return joinInside(this.#folder, id);
  }

  async #require(id: string): Promise<Take> {
    const take = await this.#takes.get(id);
    if (!take) throw new StorageError('no-upload', `there is no upload ${id}`);
    return take;
  }
}
