import type { LiveTakes } from '../catalog/live-takes.ts';
import { UploadFile } from './upload-file.ts';

/** How many files stay open between two requests, with their hashes. Other files are read again at their next request. */
const MAX_OPEN_FILES = 1_024;

/**
 * The files of uploads between two requests: open, and with their running hashes. A file that is in use is not here, so
 * that an error can only close it, never put it back.
 */
export class OpenFiles {
  readonly #liveTakes: Pick<LiveTakes, 'get'>;
  readonly #pathOf: (id: string) => string;
  /** The file that has been unused for the longest time first. */
  readonly #files = new Map<string, UploadFile>();
  /** Uploads whose last sync failed, with what [0, offset) must be when it is read again from the disk. */
  readonly #suspects = new Map<string, { offset: number; sha256: string }>();

  /** @param pathOf gives the path of an upload's file */
  constructor(liveTakes: Pick<LiveTakes, 'get'>, pathOf: (id: string) => string) {
    this.#liveTakes = liveTakes;
    this.#pathOf = pathOf;
  }

  /**
   * Takes the upload's file out, opening it where needed. The caller puts it back with `put` or closes it.
   * @throws StorageError `upload-damaged`
   * @throws Error when `offset` is not the committed one: bytes beyond the offset will be cut off, so a wrong offset must
   * never get there
   */
  async take(id: string, offset: number): Promise<UploadFile> {
    let kept = this.#files.get(id);
    if (kept && kept.offset !== offset) {
      // A repair by another process has set the catalog's offset back: what is here is of before.
      this.forget(id);
      kept = undefined;
    }
    const committed = kept?.offset ?? (await this.#liveTakes.get(id))?.offset;
    if (committed !== offset) throw new Error(`upload ${id} is at ${committed}, not at ${offset}`);
    this.#files.delete(id);
    if (kept) return kept;
    const file = await UploadFile.open(this.#pathOf(id), offset);
    const suspect = this.#suspects.get(id);
    if (suspect?.offset === offset) await file.requireHash(suspect.sha256);
    this.#suspects.delete(id);
    return file;
  }

  /** Keeps the upload's file open until its next request, and closes the one unused for longest when there are too many. */
  put(id: string, file: UploadFile): void {
    this.forget(id);
    this.#files.set(id, file);
    const oldest = this.#files.keys().next();
    if (this.#files.size > MAX_OPEN_FILES && !oldest.done) this.forget(oldest.value);
  }

  /**
   * Remembers, after a failed sync, what the file must still have when it is opened again.
   * @param sha256 of [0, offset), hex
   */
  suspect(id: string, offset: number, sha256: string): void {
    this.#suspects.set(id, { offset, sha256 });
  }

  /** Closes the upload's file, and forgets its hash. */
  forget(id: string): void {
    this.#files.get(id)?.close();
    this.#files.delete(id);
    this.#suspects.delete(id);
  }

  /** Closes all files. */
  close(): void {
    for (const id of [...this.#files.keys()]) this.forget(id);
  }
}
