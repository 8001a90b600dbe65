/** SQLite for Kysely, beside other processes: transactions that take the write lock first, and patience without blocking. */
import { setTimeout as pause } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import {
  CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';

/** SQLite waits inside a call, and the whole process with it: so long at most. The rest of the wait lets others run. */
export const BUSY_MS = 20;
const PAUSE_MS = 30;

/** Another process holds the lock that a statement needs. */
export function isBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}

export interface PatientConfig {
  database: InstanceType<typeof BetterSqlite3>;
  /** How long a statement may wait for other processes before it fails with SQLITE_BUSY. */
  patienceMs: number;
  /** Told of every statement that failed for good. */
  onFailure: (error: unknown) => void;
}

/**
 * Tries work again while another process is in its way: what was refused as busy has changed nothing.
 * @param until by `performance.now()`
 */
export async function patiently<T>(until: number, work: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error;
      await pause(PAUSE_MS);
    }
  }
}

class PatientConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  readonly #until: number;
  readonly #onFailure: (error: unknown) => void;
  constructor(connection: DatabaseConnection, until: number, onFailure: (error: unknown) => void) {
    this.#connection = connection;
    this.#until = until;
    this.#onFailure = onFailure;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await patiently(this.#until, () => this.#connection.executeQuery<R>(query));
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }
  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

class PatientDriver extends SqliteDriver {
  readonly #config: PatientConfig;
  constructor(config: PatientConfig) {
    super(config);
    this.#config = config;
  }
  override async acquireConnection(): Promise<DatabaseConnection> {
    // Counted from before the queue for the one connection: a locked catalog keeps nobody longer for standing in line.
    const until = performance.now() + this.#config.patienceMs;
    return new PatientConnection(await super.acquireConnection(), until, this.#config.onFailure);
  }
  /**
   * A transaction that reads before it writes must hold the write lock from its start: another process (the CLI beside
   * the server) would otherwise make the write fail at once with SQLITE_BUSY, whatever the busy timeout is.
   */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
  /** SQLite has rolled back by itself where the disk is full or broken: that error counts, not the second one. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#config.database.inTransaction) await super.rollbackTransaction(connection);
  }
}

/** All migrations in one transaction: a crash leaves none of them half-made, and a second process waits for the first. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class PatientDialect extends SqliteDialect {
  readonly #config: PatientConfig;
  constructor(config: PatientConfig) {
    super(config);
    this.#config = config;
  }
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
  override createDriver(): SqliteDriver {
    return new PatientDriver(this.#config);
  }
}
