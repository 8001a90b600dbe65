/** SQLite for Kysely, beside other processes: transactions that take the write lock first, and patience without blocking. */
import { setTimeout as pause } from 'node:timers/promises';
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
  constructor(connection: DatabaseConnection, until: number) {
    this.#connection = connection;
    this.#until = until;
  }
  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return patiently(this.#until, () => this.#connection.executeQuery<R>(query));
  }
  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

class PatientDriver extends SqliteDriver {
  readonly #patienceMs: number;
  constructor(config: ConstructorParameters<typeof SqliteDriver>[0], patienceMs: number) {
    super(config);
    this.#patienceMs = patienceMs;
  }
  override async acquireConnection(): Promise<DatabaseConnection> {
    // Counted from before the queue for the one connection: a locked catalog keeps nobody longer for standing in line.
    const until = performance.now() + this.#patienceMs;
    return new PatientConnection(await super.acquireConnection(), until);
  }
  /**
   * A transaction that reads before it writes must hold the write lock from its start: another process (the CLI beside
   * the server) would otherwise make the write fail at once with SQLITE_BUSY, whatever the busy timeout is.
   */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/** All migrations in one transaction: a crash leaves none of them half-made, and a second process waits for the first. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class PatientDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDialect>[0];
  readonly #patienceMs: number;
  /** @param patienceMs how long a statement may wait for other processes before it fails with SQLITE_BUSY */
  constructor(config: ConstructorParameters<typeof SqliteDialect>[0], patienceMs: number) {
    super(config);
    this.#config = config;
    this.#patienceMs = patienceMs;
  }
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
  override createDriver(): SqliteDriver {
    return new PatientDriver(this.#config, this.#patienceMs);
  }
}
