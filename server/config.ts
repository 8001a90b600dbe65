import { isIP } from 'node:net';
import path from 'node:path';
import proxyAddr from '@fastify/proxy-addr';
import { z } from 'zod';

/** All settings of the server. */
export interface Config {
  /** 0 = a free port that the system chooses. */
  port: number;
  /** The address or host name to listen on. */
  host: string;
  /** Absolute path of the data folder. */
  dataDir: string;
  /**
   * The origin that links begin with; null = the address that the server listens on. Without a path: the pages are at
   * the root.
   */
  publicUrl: string | null;
  /** PEM files for HTTPS; null = HTTP. */
  tls: { certFile: string; keyFile: string } | null;
  maxAnswerBytes: number;
  /** No upload begins while the disk has fewer bytes free. */
  minFreeBytes: number;
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-For is believed. */
  trustProxy: string[];
  /** Origins whose pages may call the server, e.g. `https://example.com`. */
  allowedOrigins: string[];
  logLevel: string;
  /** Path of the ffmpeg to run; null = the one in `programFolders`, if any. */
  ffmpeg: string | null;
  /** The folders of PATH. */
  programFolders: string[];
  transcription: Transcription;
}

/** The engine that turns answers into text. */
export type Transcription =
  | { kind: 'off' }
  /** The program of whisper.cpp; `model` is the path of its model. */
  | { kind: 'whisper-cli'; model: string }
  /** A server that speaks `POST <baseUrl>/audio/transcriptions`. */
  | { kind: 'openai'; baseUrl: string; apiKey: string | null; model?: string };

const OPENAI = 'https://api.openai.com/v1';

/** A wrong setting. Its message is the one line that an admin sees. */
export class ConfigError extends Error {}

const bytes = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number of bytes with at most 15 digits')
  .transform(Number);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

/**
 * `192.0.2.1`, `::1`, `10.0.0.0/8`. Not `0.0.0.0/0`: a server that trusts every address lets every client choose its
 * own. The first check leaves out what the library takes beside addresses: names of ranges, and IPv4 as one number.
 */
function isAddressRange(text: string): boolean {
  try {
    return isIP(text.split('/')[0] ?? '') > 0 && Boolean(proxyAddr.compile(text));
  } catch {
    return false;
  }
}

/** `https://interviews.example`, `http://localhost:8002/` */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/?#@\s]+\/?$/i.test(text) && URL.canParse(text);
}

/** `https://api.openai.com/v1` */
function isBaseUrl(text: string): boolean {
  return /^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/i.test(text) && URL.canParse(text);
}

const settings = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'a number from 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65535, 'a number from 0 to 65535')
    .default(8002),
  HOST: z.string().regex(/^\S+$/, 'an address or a host name').optional(),
  TRESGO_DATA_DIR: z.string().default('./data'),
  TRESGO_PUBLIC_URL: z
    .string()
    .refine(isOrigin, 'an address like https://interviews.example, with no path, query or fragment')
    .optional(),
  TRESGO_TLS_CERT: z.string().optional(),
  TRESGO_TLS_KEY: z.string().optional(),
  TRESGO_MAX_ANSWER_BYTES: bytes.refine((size) => size > 0, 'a whole number of bytes above 0').default(500_000_000),
  TRESGO_MIN_FREE_BYTES: bytes.default(1_000_000_000),
  TRESGO_TRUST_PROXY: list
    .refine((all) => all.every(isAddressRange), 'addresses or CIDR ranges, separated by commas')
    .default([]),
  TRESGO_ALLOWED_ORIGINS: list
    .refine(
      (all) => all.every((one) => isOrigin(one) && !one.endsWith('/')),
      'origins like https://example.com, separated by commas',
    )
    // As browsers write them: lower case, no default port.
    .transform((all) => all.map((one) => new URL(one).origin))
    .default([]),
  TRESGO_LOG_LEVEL: z
    .enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
      error: 'one of silent, fatal, error, warn, info, debug, trace',
    })
    .default('info'),
  TRESGO_FFMPEG: z.string().optional(),
  // The default is for an environment without PATH: child processes are restricted by programs in these folders.
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
  TRESGO_TRANSCRIBE: z
    .enum(['off', 'whisper-cli', 'openai'], { error: 'one of off, whisper-cli, openai' })
    .default('off'),
  TRESGO_WHISPER_MODEL: z.string().optional(),
  TRESGO_OPENAI_BASE_URL: z
    .string()
    .refine(isBaseUrl, 'an address like http://127.0.0.1:8080/v1, with no user, query or fragment')
    .optional(),
  TRESGO_OPENAI_API_KEY: z.string().optional(),
  TRESGO_OPENAI_MODEL: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'the name of a model, without spaces')
    .default('whisper-1'),
});

/**
 * Reads the environment into one frozen Config. An empty variable counts as absent.
 * @param overrides from the command line: `dataDir` replaces TRESGO_DATA_DIR, HOST replaces `defaultHost`
 * @throws ConfigError with one line that names the variable and what it takes
 */
export function readConfig(
  overrides: { dataDir?: string | undefined; defaultHost?: string | undefined } = {},
  env: Record<string, string | undefined> = process.env,
): Readonly<Config> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0]);
    // An address with a user has a password as well, which must not be printed.
    const value = /@/.test(given[name] ?? '') ? '…' : JSON.stringify(given[name]);
    throw new ConfigError(`${name}=${value} is not right: it takes ${issue?.message}`);
  }
  const from = parsed.data;
  if ((from.TRESGO_TLS_CERT === undefined) !== (from.TRESGO_TLS_KEY === undefined)) {
    throw new ConfigError('TRESGO_TLS_CERT and TRESGO_TLS_KEY go together: set both, or none');
  }
  return Object.freeze({
    port: from.PORT,
    host: from.HOST ?? overrides.defaultHost ?? '127.0.0.1',
    dataDir: path.resolve(overrides.dataDir ?? from.TRESGO_DATA_DIR),
    publicUrl: from.TRESGO_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    tls:
      from.TRESGO_TLS_CERT && from.TRESGO_TLS_KEY
        ? { certFile: from.TRESGO_TLS_CERT, keyFile: from.TRESGO_TLS_KEY }
        : null,
    maxAnswerBytes: from.TRESGO_MAX_ANSWER_BYTES,
    minFreeBytes: from.TRESGO_MIN_FREE_BYTES,
    trustProxy: from.TRESGO_TRUST_PROXY,
    allowedOrigins: from.TRESGO_ALLOWED_ORIGINS,
    logLevel: from.TRESGO_LOG_LEVEL,
    ffmpeg: from.TRESGO_FFMPEG ?? null,
    programFolders: from.PATH.split(path.delimiter).filter(Boolean),
    transcription: transcriptionOf(from),
  });
}

/** @throws ConfigError with one line that names the variable that is missing */
function transcriptionOf(from: z.infer<typeof settings>): Transcription {
  if (from.TRESGO_TRANSCRIBE === 'off') return { kind: 'off' };
  if (from.TRESGO_TRANSCRIBE === 'whisper-cli') {
    const model = from.TRESGO_WHISPER_MODEL;
    if (!model) throw new ConfigError('TRESGO_TRANSCRIBE=whisper-cli needs TRESGO_WHISPER_MODEL: the path of a model');
    return { kind: 'whisper-cli', model: path.resolve(model) };
  }
  const baseUrl = (from.TRESGO_OPENAI_BASE_URL ?? OPENAI).replace(/\/+$/, '');
  const apiKey = from.TRESGO_OPENAI_API_KEY ?? null;
  // Another server than OpenAI's may need no key.
  if (baseUrl === OPENAI && apiKey === null)
    throw new ConfigError(
      'TRESGO_TRANSCRIBE=openai needs TRESGO_OPENAI_API_KEY, or TRESGO_OPENAI_BASE_URL of another server',
    );
  return { kind: 'openai', baseUrl, apiKey, model: from.TRESGO_OPENAI_MODEL };
}

/** The origin at which people reach the server: `TRESGO_PUBLIC_URL`, or the address that the server listens on. */
export function publicUrl(config: Pick<Config, 'publicUrl' | 'tls' | 'host' | 'port'>, port = config.port): string {
  if (config.publicUrl) return config.publicUrl;
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  return `${config.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether npm or npx started this process. */
export function isRunByNpm(env: Record<string, string | undefined> = process.env): boolean {
  return env.npm_lifecycle_event !== undefined;
}
