/** The file of an upload while bytes come in: open, with the running hash over what is committed. */
import { createHash, type Hash } from 'node:crypto';
import fs, { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const openFile = promisify(fs.open);
const ftruncate = promisify(fs.ftruncate);

/** A file that lacks bytes which were acknowledged: an alarm, never a reason to begin again. */
export class DamagedUpload extends Error {
  readonly code = 'upload-damaged';
}

/**
 * Descriptors, and calls with callbacks, instead of FileHandles: this is the path of every chunk of every candidate, and
 * a handle's promises cost more than the write.
 */
export class UploadFile {
  readonly #fd: number;
  readonly #path: string;
  /** SHA-256 of [0, offset). */
  readonly hash: Hash;
  offset: number;

  private constructor(fd: number, path: string, hash: Hash, offset: number) {
    this.#fd = fd;
    this.#path = path;
    this.hash = hash;
    this.offset = offset;
  }

  /** A new, empty file. @throws Error with code EEXIST: nothing empties a file that is there (field note 7) */
  static async create(path: string): Promise<UploadFile> {
    return new UploadFile(await openFile(path, 'wx+', 0o600), path, createHash('sha256'), 0);
  }

  /** @throws DamagedUpload when fewer than `offset` bytes are there */
  static async open(path: string, offset: number): Promise<UploadFile> {
    const file = await UploadFile.#openAt(path, offset);
    try {
      file.#requireBytes();
      if (offset > 0) await pipeline(createReadStream(path, { end: offset - 1 }), file.hash, { end: false });
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Cuts off what is beyond `offset`, durably. @throws DamagedUpload when fewer bytes are there */
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
      throw cause.code === 'ENOENT' ? new DamagedUpload(`${path} is gone: ${offset} bytes were acknowledged`) : cause;
    });
    return new UploadFile(fd, path, createHash('sha256'), offset);
  }

  /** Cuts off what was written and never acknowledged; whether there was any. @throws DamagedUpload */
  async cutBack(): Promise<boolean> {
    if (this.#requireBytes() === this.offset) return false;
    await ftruncate(this.#fd, this.offset);
    return true;
  }

  /**
   * Into the page cache, at once: to hand it to a thread costs more than the copy.
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

  /** Resolves once what was written is on the disk. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => fs.fdatasync(this.#fd, (error) => (error ? reject(error) : resolve())));
  }

  /**
   * @param sha256 of [0, offset), hex, as it was before the disk failed
   * @throws DamagedUpload when other bytes are there; the file is then out of the way, as `….damaged`
   */
  async requireHash(sha256: string): Promise<void> {
    if (this.hash.copy().digest('hex') === sha256) return;
    this.close();
    await rename(this.#path, `${this.#path}.damaged`);
    throw new DamagedUpload(`${this.#path} has other bytes than were acknowledged`);
  }

  close(): void {
    fs.close(this.#fd, () => {});
  }

  /** Bytes in the file. The descriptor is open, so that this never waits for a disk. */
  #requireBytes(): number {
    const { size, nlink } = fs.fstatSync(this.#fd);
    if (nlink === 0) throw new DamagedUpload(`${this.#path} is gone: ${this.offset} bytes were acknowledged`);
    if (size < this.offset)
      throw new DamagedUpload(`${this.#path} is damaged: ${this.offset} bytes were acknowledged, the file has ${size}`);
    return size;
  }
}

/** writev(2) may write less than it was given: what is left. */
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
