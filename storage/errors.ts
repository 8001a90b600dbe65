/**
 * What storage throws on purpose, by a closed list of codes. "None" is no error: it is null. A broken assumption of our
 * own code stays a plain Error.
 */
export type StorageErrorCode =
  /** The data folder can't be made or written to. */
  | 'data-folder-unusable'
  /** There is no data folder of this name, where none may be made. */
  | 'no-data-folder'
  /** The folder is no backup. */
  | 'no-backup'
  /** The folder is not free for a copy. */
  | 'folder-in-use'
  /** The catalog can't be opened: it is no SQLite file of ours, or can't be written. */
  | 'catalog-unusable'
  /** Another server has claimed the data folder. */
  | 'data-folder-claimed'
  /** Other processes held the catalog's lock for too long; the same call may succeed later. */
  | 'catalog-busy'
  /** The disk, or its quota, is full. */
  | 'disk-full'
  /** The value is a token already. */
  | 'token-taken'
  /** Another interview has the slug. */
  | 'interview-taken'
  /** The session's question has a take with this `takeId` already. */
  | 'take-exists'
  /** The take is whole: it belongs to the session and can't be removed. */
  | 'take-whole'
  /** The session has as many unfinished takes as it may have. */
  | 'too-many-uploads'
  /** There is no such upload. */
  | 'no-upload'
  /** Bytes that were sent again differ from the stored ones. */
  | 'bytes-differ'
  /** Acknowledged bytes of the upload are missing or changed: an alarm, never a reason to begin again. */
  | 'upload-damaged'
  /** There is no such session. */
  | 'no-session'
  /** The session's lock was not free within its wait; the same call may succeed later. */
  | 'session-busy'
  /** The session is finished: nothing is added to it. */
  | 'session-finished'
  /** The session's token is revoked, or gone: nothing is added to the session. */
  | 'token-revoked'
  /** The take's file can't be moved to its place; the same call may succeed later. */
  | 'not-placed';

/** An error that storage throws on purpose. Its message is for the log and the admin, never for a candidate. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  /** @param options.cause what the system or SQLite reported, where that is the reason */
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** Errors of the system (errno(3)) and of SQLite (result codes) that have a code of ours. */
const systemCodes = new Map<unknown, StorageErrorCode>([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_BUSY', 'catalog-busy'],
  ['SQLITE_BUSY_RECOVERY', 'catalog-busy'],
  ['SQLITE_BUSY_SNAPSHOT', 'catalog-busy'],
]);

/**
 * The code of an error that storage threw, on purpose or because the disk was full or the catalog busy; null for any
 * other error.
 */
export function storageCodeOf(error: unknown): StorageErrorCode | null {
  if (error instanceof StorageError) return error.code;
  return systemCodes.get((error as { code?: unknown } | null | undefined)?.code) ?? null;
}
