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

/** SQLite waits for up to this time inside a call, which blocks the whole process; the rest of a wait is a timer's. */
export const BUSY_MS = 20;
const PAUSE_MS = 30;

/** Whether a statement failed because another process holds the lock that it needs. */
export function isBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}

/** Whether a statement failed because the disk is full. */
export function isFull(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'SQLITE_FULL';
}

/** The settings of the dialect. */
interface PatientConfig {
  database: InstanceType<typeof BetterSqlite3>;
  /** How long a statement may wait for other processes before it fails with SQLITE_BUSY. */
  patienceMs: number;
  /** Called with the error of every statement that failed for good. */
  onFailure: (error: unknown) => void;
  /** Called when the disk is full. Returns whether there is room now. */
  makeRoom: () => boolean;
}

/**
 * Retries work while another process holds the lock: a statement that failed as busy has changed nothing.
 * @param until when to give up, on the clock of `performance.now()`
 * @throws the work's last error
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
  readonly #config: PatientConfig;
  constructor(connection: DatabaseConnection, until: number, config: PatientConfig) {
    this.#connection = connection;
    this.#until = until;
    this.#config = config;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { database, makeRoom, onFailure } = this.#config;
    // A full disk ends a whole transaction, of which one statement must not be repeated.
    const isAlone = !database.inTransaction;
    const execute = () => patiently(this.#until, () => this.#connection.executeQuery<R>(query));
    try {
      return await execute().catch((error: unknown) => {
        if (!isFull(error) || !makeRoom() || !isAlone) throw error;
        return execute();
      });
    } catch (error) {
      onFailure(error);
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
    // Counted from before the queue for the one connection: the time in the queue is part of the patience.
    const until = performance.now() + this.#config.patienceMs;
    return new PatientConnection(await super.acquireConnection(), until, this.#config);
  }
  /**
   * A transaction that reads before it writes must hold the write lock from its start: another process (the CLI beside
   * the server) would otherwise make the write fail at once with SQLITE_BUSY, even with a long busy timeout.
   */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
  /** SQLite rolls back by itself when the disk is full or broken: its error is thrown, not that of a second rollback. */
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

/** Kysely's dialect for SQLite, with transactions and patience as described above. */
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
