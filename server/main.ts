/** The composition root: config -> storage -> app -> listen -> recover -> sweep -> jobs -> shut down in reverse. */
import { readFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { openStorage, type Storage } from '../storage/index.ts';
import { createApp, type Log } from './app.ts';
import { type Config, ConfigError, publicUrl } from './config.ts';
import { createHttpServer } from './http-server.ts';
import { createBackground } from './jobs/background.ts';
import { repeat } from './repeat.ts';
import { loadAssets } from './routes/pages.ts';
import { createReportUnfinished } from './unfinished.ts';

/** How often whole takes that could not be placed are tried again. */
const SWEEP_MS = 5_000;
/** How often takes that were given up are looked for. */
const SWEEP_ABANDONED_MS = 600_000;
/** How long a sweep that runs may take at shut-down: what it leaves is done at the next start. */
const SWEEP_END_MS = 1_000;
/** How long requests in flight may take to end at shut-down. */
const CLOSE_MS = 8_000;

export interface Running {
  /** What links begin with. */
  url: string;
  port: number;
  storage: Storage;
  /** Stops accepting, commits what has arrived, closes within 10 s. */
  close(): Promise<void>;
}

/**
 * Starts the server.
 * @throws Error in one line for people: a taken port, a folder that can't be used, a certificate that can't be read
 */
export async function startServer(config: Config, log: Log): Promise<Running> {
  const tls = config.tls && readTls(config.tls);
  const assets = await loadAssets(path.join(import.meta.dirname, '..', 'client'));
  const storage = await openStorage({ dataDir: config.dataDir });
  const reportUnfinished = createReportUnfinished(log);
  const stopping = new AbortController();
  const answer = createApp({ storage, config, assets, log, reportUnfinished, stopping: stopping.signal });
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  // Requests that come before what a crash left is put right wait for it.
  const listener: RequestListener = (request, response) => void opened.then(() => answer(request, response));
  const { server, close: closeServer } = createHttpServer(listener, tls);
  try {
    // Port and folder are ours before anything in the folder is touched: another server may be at work there.
    await listen(server, config);
    storage.claim();
    await storage.interviews.ensureDefault();
    const { unfinished, damaged } = await storage.recover();
    for (const { id, cause } of unfinished) reportUnfinished(id, cause);
    for (const { id, cause } of damaged) log.error({ upload: id, err: cause }, 'the upload lacks acknowledged bytes');
    open();
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : config.port;

    const sweep = (everyMs: number, work: () => Promise<void>) =>
      repeat(everyMs, work, (cause) => log.error({ err: cause }, 'the sweep failed'));
    const sweeps = [
      sweep(SWEEP_MS, async () => {
        for (const { id, cause } of await storage.finishPending()) reportUnfinished(id, cause);
      }),
      sweep(SWEEP_ABANDONED_MS, async () => {
        const { swept, failed } = await storage.sweepAbandoned();
        for (const { id, cause } of failed) log.error({ upload: id, err: cause }, 'the upload can’t be swept');
        if (swept.length > 0) log.info({ uploads: swept }, 'uploads that were given up moved to takes/');
      }),
    ];
    const background = createBackground({ storage, config, log });
    // Copies can wait; candidates can't.
    await background.start().catch((cause: unknown) => log.error({ err: cause }, 'the jobs can’t begin'));

    return {
      url: publicUrl(config, port),
      port,
      storage,
      async close() {
        // Bodies on their way are committed as far as they came, and their senders told to ask again.
        stopping.abort();
        await closeServer(CLOSE_MS);
        await Promise.race([Promise.all([background.stop(), ...sweeps.map((stop) => stop())]), pause(SWEEP_END_MS)]);
        await storage.close();
      },
    };
  } catch (error) {
    server.close();
    server.closeAllConnections();
    await storage.close();
    throw error;
  }
}

async function listen(server: Server, { port, host }: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const words: Record<string, string> = {
        EADDRINUSE: `port ${port} is taken: stop what uses it, or choose another with PORT=…`,
        EACCES: `port ${port} needs more rights: choose one above 1023 with PORT=…`,
        EADDRNOTAVAIL: `${host} is no address of this machine: set HOST`,
      };
      reject(new ConfigError(words[cause.code ?? ''] ?? `can’t listen on ${host}:${port} (${cause.code})`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

/** @throws ConfigError in one line that names the variables */
function readTls({ certFile, keyFile }: NonNullable<Config['tls']>): { cert: Buffer; key: Buffer } {
  const pems = { cert: readPem('TRESGO_TLS_CERT', certFile), key: readPem('TRESGO_TLS_KEY', keyFile) };
  try {
    createSecureContext(pems);
    return pems;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new ConfigError(`TRESGO_TLS_CERT and TRESGO_TLS_KEY: ${certFile} with ${keyFile} can’t be used (${why})`, {
      cause,
    });
  }
}

function readPem(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${name}: ${file} can’t be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}
