import { createHash, type Hash } from 'node:crypto';
import fs, { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { StorageError } from '../errors.ts';
import { giveDescriptorToOwnerOfFolder } from '../files.ts';

const openFile = promisify(fs.open);
const ftruncate = promisify(fs.ftruncate);

/** Acknowledged bytes are missing or changed: an alarm, never a reason to begin again. */
const damaged = (message: string) => new StorageError('upload-damaged', message);

/**
 * The open file of an upload that receives bytes, with the running hash of its committed bytes.
 *
 * It uses descriptors and calls with callbacks instead of FileHandles: this is the path of every chunk of every
 * candidate, and a handle's promises cost more than the write.
 */
export class UploadFile {
  readonly #fd: number;
  readonly #path: string;
  /** SHA-256 of [0, offset), and during an append of the bytes written after it. */
  readonly hash: Hash;
  /** The committed offset, in bytes. */
  offset: number;

  private constructor(fd: number, path: string, hash: Hash, offset: number) {
    this.#fd = fd;
    this.#path = path;
    this.hash = hash;
    this.offset = offset;
  }

  /**
   * Creates an empty file.
   * @throws Error with code EEXIST: nothing empties a file that exists (platform note 6)
   */
  static async create(path: string): Promise<UploadFile> {
    const fd = await openFile(path, 'wx+', 0o600);
    giveDescriptorToOwnerOfFolder(fd, path);
    return new UploadFile(fd, path, createHash('sha256'), 0);
  }

  /**
   * Opens a file and hashes its first `offset` bytes.
   * @throws StorageError `upload-damaged` when the file has fewer bytes
   */
  static async open(path: string, offset: number): Promise<UploadFile> {
    const file = await UploadFile.#openAt(path, offset);
    try {
      file.requireBytes();
      if (offset > 0) await pipeline(createReadStream(path, { end: offset - 1 }), file.hash, { end: false });
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Cuts off the bytes beyond `offset`, durably.
   * @throws StorageError `upload-damaged` when the file has fewer bytes
   */
  static async reconcile(path: string, offset: number): Promise<void> {
    const file = await UploadFile.#openAt(path, offset);
    try {
      if (await file.cutBack()) await file.sync();
    } finally {
      file.close();
    }
  }

  static async #openAt(path: string, offset: number): Promise<UploadFile> {
    const fd = await openFile(path, 'r+').catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'ENOENT' ? damaged(`${path} is gone: ${offset} bytes were acknowledged`) : cause;
    });
    return new UploadFile(fd, path, createHash('sha256'), offset);
  }

  /**
   * Cuts off bytes that were written and never acknowledged.
   * @returns whether there were any
   * @throws StorageError `upload-damaged` when the file has fewer bytes than were acknowledged
   */
  async cutBack(): Promise<boolean> {
    if (this.requireBytes() === this.offset) return false;
    await ftruncate(this.#fd, this.offset);
    return true;
  }

  /**
   * Writes chunks at `position`, synchronously: into the page cache, which costs less than handing them to a thread.
   * @throws Error of the system, e.g. ENOSPC
   */
  write(chunks: Buffer[], position: number): void {
    let rest = chunks;
    let at = position;
    while (rest.length > 0) {
      const written = fs.writevSync(this.#fd, rest, at);
      at += written;
      rest = after(rest, written);
    }
    for (const chunk of chunks) this.hash.update(chunk);
  }

  /** Whether the file has these bytes at `position`. Read synchronously, like the writes: from the page cache. */
  has(bytes: Buffer, position: number): boolean {
    const stored = Buffer.allocUnsafe(bytes.length);
    return fs.readSync(this.#fd, stored, 0, bytes.length, position) === bytes.length && stored.equals(bytes);
  }

  /** Resolves once the written bytes are on the disk. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => fs.fdatasync(this.#fd, (error) => (error ? reject(error) : resolve())));
  }

  /**
   * Compares the hash of [0, offset) with an earlier one.
   * @param sha256 hex, as it was before the disk failed
   * @throws StorageError `upload-damaged` when it differs; the file is then closed and renamed to `….damaged`
   */
  async requireHash(sha256: string): Promise<void> {
    if (this.hash.copy().digest('hex') === sha256) return;
    this.close();
    await rename(this.#path, `${this.#path}.damaged`);
    throw damaged(`${this.#path} has other bytes than were acknowledged`);
  }

  /** Closes the file; errors of close(2) are ignored, because every promised byte was synced before. */
  close(): void {
    fs.close(this.#fd, () => {});
  }

  /**
   * The file's size in bytes. The descriptor is open, so this never waits for a disk.
   * @param bytes how many were written
   * @throws StorageError `upload-damaged` when acknowledged bytes are missing
   * @throws Error when others are: the client sends them again
   */
  requireBytes(bytes = this.offset): number {
    const { size, nlink } = fs.fstatSync(this.#fd);
    if (nlink === 0) throw damaged(`${this.#path} is gone: ${this.offset} bytes were acknowledged`);
    if (size < this.offset)
      throw damaged(`${this.#path} is damaged: ${this.offset} bytes were acknowledged, the file has ${size}`);
    if (size < bytes)
      throw new Error(`${this.#path} lost its end while it was written: ${size} of ${bytes} bytes are left`);
    return size;
  }
}

/** The chunks that are left after `written` bytes: writev(2) may write less than it was given. */
function after(chunks: Buffer[], written: number): Buffer[] {
  let skip = written;
  const from = chunks.findIndex((chunk) => {
    if (skip < chunk.length) return true;
    skip -= chunk.length;
    return false;
  });
  if (from < 0) return [];
  const [first, ...rest] = chunks.slice(from);
  return first ? [first.subarray(skip), ...rest] : [];
}
