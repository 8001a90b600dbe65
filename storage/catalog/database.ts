import { chmodSync, closeSync, openSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { type Compilable, type Generated, Kysely, Migrator } from 'kysely';
import { BUSY_MS, PatientDialect, patiently } from './dialect.ts';
import { migrations } from './migrations/index.ts';

export interface TokenRow {
  id: string;
  hash: string;
  name: string;
  interview: string;
  created_at: string;
  expires_at: string | null;
  max_sessions: number;
  revoked_at: string | null;
}

export interface InterviewRow {
  slug: string;
  /** JSON of the interview. */
  definition: string;
  created_at: string;
}

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
}

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
  media_problem: string | null;
}

export interface JobRow {
  id: number;
  kind: string;
  take_id: string;
  state: string;
  attempts: number;
  /** Per cent. */
  progress: number;
  reason: string | null;
  owner: string | null;
  /** When it may be begun; of a running one, when its lease ends. */
  due_at: string;
  created_at: string;
  updated_at: string;
}

export interface Schema {
  tokens: TokenRow;
  interviews: InterviewRow;
  sessions: SessionRow;
  takes: TakeRow;
  jobs: Omit<JobRow, 'id'> & { id: Generated<number> };
}

/** The disk failed: whether the statement's changes are there is not known. */
function isDoubtful(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(IOERR|FULL|CANTOPEN|NOMEM)/.test(code);
}

type Sqlite = InstanceType<typeof BetterSqlite3>;

/** The catalog's queries, and for what is asked with every chunk of every candidate, statements prepared once. */
export class Database extends Kysely<Schema> {
  readonly #sqlite: Sqlite;
  readonly #patienceMs: number;
  /** A commit has failed, and none has succeeded since. */
  #doubtful = false;
  readonly #begin: BetterSqlite3.Statement;
  readonly #commit: BetterSqlite3.Statement;
  readonly #rollback: BetterSqlite3.Statement;

  constructor(sqlite: Sqlite, patienceMs: number) {
    const onFailure = (error: unknown) => {
      this.#doubtful ||= isDoubtful(error);
    };
    super({ dialect: new PatientDialect({ database: sqlite, patienceMs, onFailure }) });
    this.#sqlite = sqlite;
    this.#patienceMs = patienceMs;
    this.#begin = sqlite.prepare('begin immediate');
    this.#commit = sqlite.prepare('commit');
    this.#rollback = sqlite.prepare('rollback');
  }

  /** A query that is compiled and prepared once. Its parameters are given anew with each call, in the query's order. */
  prepare<Row>(query: Compilable<Row>): (...parameters: unknown[]) => Row | null {
    const statement = this.#sqlite.prepare(query.compile().sql);
    return (...parameters) => (statement.get(...parameters) as Row | undefined) ?? null;
  }

  /** As `prepare`, for a query that changes rows. */
  prepareChange(query: Compilable): (...parameters: unknown[]) => void {
    const statement = this.#sqlite.prepare(query.compile().sql);
    return (...parameters) => void statement.run(...parameters);
  }

  /**
   * Runs prepared changes in one transaction, which is one sync.
   * @throws Error of the first change that fails; none of them is made then
   */
  async changeTogether(changes: () => void): Promise<void> {
    await patiently(performance.now() + this.#patienceMs, () => {
      // Somebody's transaction may be open between two awaits: it is waited for, as another process's is.
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
   * A commit whose sync failed is undone in memory alone: its frames lie in the log with valid checksums, and a crash
   * would bring them back. The next commit that succeeds takes their place; this makes one where it is needed.
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
 * @param patienceMs how long a statement may wait for other processes before it fails with SQLITE_BUSY
 * @throws Error with `cause` when the file is no catalog or can't be written
 */
export async function openDatabase(file: string, { patienceMs = 5_000 } = {}): Promise<Database> {
  let sqlite: Sqlite | null = null;
  try {
    makePrivate(file);
    // Nobody else waits while the catalog is opened, and the change to WAL can only wait inside SQLite.
    sqlite = new BetterSqlite3(file, { timeout: 10_000 });
    sqlite.pragma('journal_mode = WAL');
    // A committed offset is a promise to a client: in WAL mode only FULL syncs the log at each commit.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    const db = new Database(sqlite, patienceMs);
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
    if (error) throw error;
    sqlite.pragma(`busy_timeout = ${BUSY_MS}`);
    return db;
  } catch (cause) {
    sqlite?.close();
    throw new Error(`the catalog ${file} can't be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/**
 * Makes the file, for its owner alone, unless it is there. SQLite gives its -wal and -shm the mode of the file itself.
 * A file that is there is not opened: to close it again would drop the locks that this process has on it (fcntl(2)).
 */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(file, 0o600);
  }
}
