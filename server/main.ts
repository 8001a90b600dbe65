/** The composition root: config -> storage -> app -> listen -> recover -> sweep -> jobs -> shut down in reverse. */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import { openStorage, type Storage } from '../storage/index.ts';
import { createApp } from './app.ts';
import { type Config, ConfigError, publicUrl } from './config.ts';
import { createHttpServer } from './http/http-server.ts';
import { createCountRepeats, createReportUnfinished, heldBackOf, type Log } from './http/log.ts';
import { createBackground } from './jobs/background.ts';
import { createMissingAlarm, MISSING_ALARM_MS } from './jobs/missing-alarm.ts';
import { loadAssets } from './routes/pages.ts';
import type { SessionEvent } from './routes/sessions.ts';

/** How often whole takes that could not be placed are finished again. */
const SWEEP_MS = 5_000;
/** How often takes that were given up are swept. */
const SWEEP_ABANDONED_MS = 600_000;
/** How long a running sweep may take at shut-down. The next start does the rest. */
const SWEEP_END_MS = 1_000;
/** How long requests in flight may take at shut-down. */
const CLOSE_MS = 8_000;

/** A server that listens. */
export interface Running {
  /** The origin that links begin with. */
  url: string;
  /** The port that the server listens on. */
  port: number;
  storage: Storage;
  /** Reads TRESGO_TLS_CERT and TRESGO_TLS_KEY again. New connections get the new certificate; an unusable one is logged. */
  renewCertificate(): void;
  /** Stops accepting connections, commits what has arrived, and closes everything within 10 s. */
  close(): Promise<void>;
}

/** How a server differs from its configuration. */
interface ServerOptions {
  /** The certificate is one that browsers warn of: they are not told to insist on it (HSTS). */
  isCertificateOurs?: boolean;
  /** Hears of sessions that begin and end, in place of the log. */
  onSession?: ((event: SessionEvent) => void) | undefined;
}

/**
 * Starts the server.
 * @throws Error with one line for the admin: a taken port, a folder that can't be used, a certificate that can't be read
 */
export async function startServer(
  config: Config,
  log: Log,
  { isCertificateOurs = false, onSession }: ServerOptions = {},
): Promise<Running> {
  const tls = config.tls && readTls(config.tls);
  const assets = await loadAssets(path.join(import.meta.dirname, '..', 'client'));
  const storage = await openStorage({ dataDir: config.dataDir });
  const reportUnfinished = createReportUnfinished(log);
  const countRepeats = createCountRepeats();
  const stopping = new AbortController();
  // Each body that is being read listens.
  setMaxListeners(0, stopping.signal);
  const app = createApp({
    storage,
    config,
    assets,
    log,
    reportUnfinished,
    isHttpsForGood: tls !== null && !isCertificateOurs,
    stopping: stopping.signal,
    ...(onSession ? { onSession } : {}),
  });
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  // Requests wait until the recovery has repaired what a crash left.
  const listener: RequestListener = (request, response) => void opened.then(() => app.listener(request, response));
  const { server, close: closeServer } = createHttpServer(listener, tls);
  try {
    // The port and the folder are claimed before anything in the folder changes: another server may be running on it.
    await listen(server, config);
    storage.claim();
    await storage.interviews.ensureDefault();
    const { unfinished, damaged } = await storage.recover((names) =>
      log.warn({ names }, 'these in uploads/ are no files of ours, and were left alone'),
    );
    for (const { id, cause } of unfinished) reportUnfinished(id, cause);
    for (const { id, cause } of damaged) log.error({ upload: id, err: cause }, 'the upload lacks acknowledged bytes');
    open();
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : config.port;

    const sweep = (everyMs: number, work: () => Promise<void>) =>
      repeat(everyMs, work, (cause) => {
        const count = countRepeats(String(cause));
        if (count !== null) log.error({ err: cause, ...heldBackOf(count) }, 'the sweep failed');
      });
    const sweeps = [
      sweep(MISSING_ALARM_MS, createMissingAlarm(storage, log)),
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
    // A server without jobs still records: copies can be made later.
    await background.start().catch((cause: unknown) => log.error({ err: cause }, 'the jobs can’t begin'));

    return {
      url: publicUrl(config, port),
      port,
      storage,
      renewCertificate() {
        if (!config.tls || !(server instanceof TlsServer)) return;
        try {
          server.setSecureContext(readTls(config.tls));
          log.info({ file: config.tls.certFile }, 'the certificate was read anew');
        } catch (error) {
          log.error({ reason: (error as Error).message }, 'the certificate can’t be read anew, so the old one stays');
        }
      },
      async close() {
        // What has arrived of each body is committed, and its client is sent a 503.
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

/**
 * Does work now and then every `everyMs`, never twice at once. After an error the work is repeated as usual.
 * @param onError gets the errors that the work throws
 * @returns stops the repetition and waits for the work in progress
 */
function repeat(everyMs: number, work: () => Promise<void>, onError: (cause: unknown) => void): () => Promise<void> {
  let running: Promise<void> | null = null;
  const run = () => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = null;
      });
  };
  run();
  const timer = setInterval(run, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
