import BetterSqlite3 from 'better-sqlite3';
import { CompiledQuery, type DatabaseConnection, Kysely, Migrator, SqliteDialect, SqliteDriver } from 'kysely';
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
}

export interface Schema {
  tokens: TokenRow;
  interviews: InterviewRow;
  sessions: SessionRow;
  takes: TakeRow;
}

export type Database = Kysely<Schema>;

/**
 * A transaction that reads before it writes must hold the write lock from its start: another process (the CLI beside
 * the server) would otherwise make the write fail at once with SQLITE_BUSY, whatever the busy timeout is.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class ImmediateDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDialect>[0];
  constructor(config: ConstructorParameters<typeof SqliteDialect>[0]) {
    super(config);
    this.#config = config;
  }
  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#config);
  }
}

/**
 * Opens the catalog and brings it to the newest migration.
 * @param file path of the SQLite file; its folder exists
 * @throws Error with `cause` when the file is no catalog or can't be written
 */
export async function openDatabase(file: string): Promise<Database> {
  const sqlite = new BetterSqlite3(file, { timeout: 10_000 });
  try {
    sqlite.pragma('journal_mode = WAL');
    // A committed offset is a promise to a client: in WAL mode only FULL syncs the log at each commit.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    const db = new Kysely<Schema>({ dialect: new ImmediateDialect({ database: sqlite }) });
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
    if (error) throw error;
    return db;
  } catch (cause) {
    sqlite.close();
    throw new Error(`the catalog ${file} can't be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
