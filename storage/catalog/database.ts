import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { type Compilable, type Generated, Kysely, Migrator } from 'kysely';
import { StorageError } from '../errors.ts';
import { giveToOwnerOfFolder } from '../files.ts';
import { BUSY_MS, isFull, PatientDialect, patiently } from './dialect.ts';
import { createHasText } from './list-query.ts';
import { migrations } from './migrations/index.ts';

/** A row of `tokens`. Times are ISO 8601, UTC. */
export interface TokenRow {
  id: string;
  hash: string;
  name: string;
  interview: string;
  created_at: string;
  expires_at: string | null;
  max_sessions: number;
  revoked_at: string | null;
  opened_at: string | null;
  time_factor: number;
  extra_takes: number;
  language: string | null;
}

/** A row of `interviews`. */
interface InterviewRow {
  slug: string;
  /** JSON of the interview. */
  definition: string;
  created_at: string;
}

/** A row of `sessions`. */
export interface SessionRow {
  id: string;
  token_id: string;
  folder: string;
  user_name: string;
  token_owner: string;
  /** JSON: the interview as it was at the start. */
  interview: string;
  started_at: string;
  finished_at: string | null;
  language: string | null;
  /** Bytes that are stored of its takes, but for those that are still being received. */
  stored_bytes: number;
  /** How many takes were created, but for those that their sender removed. */
  takes_made: number;
  /** JSON `{text, version, agreedAt}`. */
  consent: string | null;
  logins: number;
  /** JSON: the questions of a reopening that is not done. */
  reopening: string | null;
}

/** A row of `takes`. */
export interface TakeRow {
  id: string;
  session_id: string;
  question: number;
  take_id: string;
  number: number;
  via: string;
  filetype: string;
  metadata: string;
  offset_bytes: number;
  length_bytes: number | null;
  state: string;
  file_name: string | null;
  sha256: string | null;
  created_at: string;
  updated_at: string;
  duration_ms: number | null;
  spoken_ms: number | null;
  media_problem: string | null;
  part: string | null;
  ahead_of: string | null;
}

/** A row of `jobs`. */
export interface JobRow {
  id: number;
  kind: string;
  take_id: string;
  state: string;
  attempts: number;
  /** In per cent. */
  progress: number;
  reason: string | null;
  owner: string | null;
  /** When the job may begin; of a running job, when its lease ends. */
  due_at: string;
  created_at: string;
  updated_at: string;
}

/** The tables of the catalog. */
export interface Schema {
  tokens: TokenRow;
  interviews: InterviewRow;
  sessions: SessionRow;
  takes: TakeRow;
  jobs: Omit<JobRow, 'id'> & { id: Generated<number> };
}

/** Whether the disk failed: then the file may or may not have the statement's changes. */
function isDoubtful(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(IOERR|FULL|CANTOPEN|NOMEM)/.test(code);
}

type Sqlite = InstanceType<typeof BetterSqlite3>;

/** The catalog: Kysely's queries and, for what every chunk of every candidate needs, statements prepared once. */
export class Database extends Kysely<Schema> {
  readonly #sqlite: Sqlite;
  readonly #patienceMs: number;
  readonly #makeRoom: () => boolean;
  /** Whether a commit has failed and none has succeeded since. */
  #doubtful = false;
  readonly #begin: BetterSqlite3.Statement;
  readonly #commit: BetterSqlite3.Statement;
  readonly #rollback: BetterSqlite3.Statement;

  /** @param makeRoom is called when the disk is full, and returns whether there is room now */
  constructor(sqlite: Sqlite, patienceMs: number, makeRoom: () => boolean) {
    const onFailure = (error: unknown) => {
      this.#doubtful ||= isDoubtful(error);
    };
    super({ dialect: new PatientDialect({ database: sqlite, patienceMs, onFailure, makeRoom }) });
    this.#sqlite = sqlite;
    sqlite.function('has_text', { deterministic: true }, createHasText());
    this.#patienceMs = patienceMs;
    this.#makeRoom = makeRoom;
    this.#begin = sqlite.prepare('begin immediate');
    this.#commit = sqlite.prepare('commit');
    this.#rollback = sqlite.prepare('rollback');
  }

  /**
   * Compiles and prepares a query once.
   * @returns a function that runs it with new parameters, in the query's order, and returns the first row or null
   */
  prepare<Row>(query: Compilable<Row>): (...parameters: unknown[]) => Row | null {
    const statement = this.#sqlite.prepare(query.compile().sql);
    return (...parameters) => (statement.get(...parameters) as Row | undefined) ?? null;
  }

  /** Compiles and prepares a change once, as `prepare` does a query. */
  prepareChange(query: Compilable): (...parameters: unknown[]) => void {
    const statement = this.#sqlite.prepare(query.compile().sql);
    return (...parameters) => void statement.run(...parameters);
  }

  /** Runs a change that is made once, without a turn of the event loop: for use inside `changeTogether`. */
  change(query: Compilable): void {
    const { sql, parameters } = query.compile();
    this.#sqlite.prepare(sql).run(...parameters);
  }

  /**
   * Runs prepared changes in one transaction, which costs one sync.
   * @throws the error of the first change that fails; none of the changes is made then
   */
  async changeTogether(changes: () => void): Promise<void> {
    await this.#changeTogether(changes).catch((error: unknown) => {
      if (!isFull(error) || !this.#makeRoom()) throw error;
      return this.#changeTogether(changes);
    });
  }

  async #changeTogether(changes: () => void): Promise<void> {
    await patiently(performance.now() + this.#patienceMs, () => {
      // Another caller's transaction may be open between two awaits: wait for its end, as for that of another process.
      if (this.#sqlite.inTransaction) throw Object.assign(new Error('a transaction is open'), { code: 'SQLITE_BUSY' });
      this.#begin.run();
      try {
        changes();
        this.#commit.run();
        this.#doubtful = false;
      } catch (error) {
        this.#doubtful ||= isDoubtful(error);
        if (this.#sqlite.inTransaction) this.#rollback.run();
        throw error;
      }
    });
  }

  /**
   * Makes sure that no failed commit can come back. SQLite undoes a commit whose sync failed in memory only: its frames
   * are in the log with valid checksums, and a crash would bring them back. The next commit that succeeds overwrites
   * them; this makes such a commit when one is needed.
   * @throws Error when the catalog still can't be written
   */
  async settle(): Promise<void> {
    if (!this.#doubtful) return;
    const version = Number(this.#sqlite.pragma('user_version', { simple: true }));
    await this.changeTogether(() => this.#sqlite.pragma(`user_version = ${(version + 1) % 1_000_000}`));
  }
}

/**
 * Opens the catalog and brings it to the newest migration.
 * @param file path of the SQLite file; its folder exists
 * @param options.patienceMs how long a statement waits for other processes before it fails with SQLITE_BUSY
 * @param options.makeRoom is called when the disk is full, and returns whether there is room now
 * @throws StorageError `catalog-unusable` with `cause` when the file is no catalog or can't be written
 */
export async function openDatabase(
  file: string,
  { patienceMs = 5_000, makeRoom = () => false }: { patienceMs?: number; makeRoom?: () => boolean } = {},
): Promise<Database> {
  let sqlite: Sqlite | null = null;
  try {
    makePrivate(file);
    // The process serves no request yet, and the change to WAL can only wait inside SQLite.
    sqlite = new BetterSqlite3(file, { timeout: 10_000 });
    sqlite.pragma('journal_mode = WAL');
    // A committed offset is a promise to a client: in WAL mode only FULL syncs the log at each commit.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    if (migrationsIn(sqlite).length > 0) await requireKnown(sqlite, file);
    const db = new Database(sqlite, patienceMs, makeRoom);
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
    if (error) throw error;
    sqlite.pragma(`busy_timeout = ${BUSY_MS}`);
    return db;
  } catch (cause) {
    sqlite?.close();
    if (cause instanceof StorageError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError('catalog-unusable', `the catalog ${file} can't be opened: ${why}`, { cause });
  }
}

/** The migrations that have run on a catalog, by name; none where the file is no catalog yet. */
function migrationsIn(sqlite: Sqlite): string[] {
  const table = sqlite.prepare("select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'").get();
  if (table === undefined) return [];
  return (sqlite.prepare('select name from kysely_migration order by name').all() as { name: string }[]).map(
    ({ name }) => name,
  );
}

/**
 * Checks that this version knows a catalog's tables.
 * @throws StorageError `catalog-unusable`, in words for the admin: a newer version made it, or it is no catalog
 */
export async function requireKnown(sqlite: Sqlite, file: string): Promise<void> {
  const run = migrationsIn(sqlite);
  if (run.length === 0) throw new StorageError('catalog-unusable', `${file} is no catalog of TresGo`);
  const known = Object.keys(await migrations.getMigrations());
  const newer = run.filter((name) => !known.includes(name));
  if (newer.length > 0)
    throw new StorageError(
      'catalog-unusable',
      `the catalog ${file} was made by a newer TresGo (it has ${newer.join(', ')}): use that version, or restore a backup that this version made`,
    );
}

/** Reads one row. @throws Error when the catalog can't be read */
export async function checkDatabase(db: Database): Promise<void> {
  await db.selectFrom('interviews').select('slug').limit(1).execute();
}

/**
 * Creates the file with mode 0600 unless it exists; SQLite gives its -wal and -shm files the mode of the file itself.
 * A file that exists is not opened: closing it again would drop the locks that this process has on it (fcntl(2)).
 */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    giveToOwnerOfFolder(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  }
}
