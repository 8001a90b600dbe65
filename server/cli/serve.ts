import path from 'node:path';
import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { pino } from 'pino';
import { type Config, isRunByNpm, readConfig } from '../config.ts';
import { createLogDestination } from '../http/log-destination.ts';
import { type Running, startServer } from '../main.ts';
import type { SessionEvent } from '../routes/sessions.ts';
import { type CommonOptions, type Print, printAsIs, watchForNew, withCommon, withExamples } from './command.ts';
import { tooLong } from './interview.ts';
import { type Phone, phoneText, preparePhone, qrCode } from './phone.ts';
import { plainText } from './plain-text.ts';
import { createToken } from './token.ts';

const DEMO_NAME = 'Demo Candidate';
const DEMO_HOURS = 24;
/** How often the server looks whether the npm that runs it is still there. */
const PARENT_MS = 250;
/** npm that ends within this time of a SIGHUP has ended by it. */
const HANG_UP_MS = 2_000;
/** How long the end waits for a log that takes no lines. */
const LOG_END_MS = 500;

interface ServeOptions extends CommonOptions {
  demo?: true;
  phone?: true;
}

/** Adds `tresgo serve`. */
export function addServeCommand(program: Command, print: Print): void {
  withExamples(withCommon(program.command('serve')), 'serve', 'serve --demo', 'serve --demo --phone')
    .description('run the server until it is told to stop (Ctrl+C, SIGTERM)')
    .option('--demo', `also make a token for "${DEMO_NAME}", good for ${DEMO_HOURS} h, and print its link`)
    .option('--phone', 'listen on the local network over HTTPS; with --demo, print the link as a QR code, too')
    .action(async (options: ServeOptions) => {
      const phone = options.phone ? await preparePhone(options.dataDir) : null;
      const config = phone?.config ?? readConfig({ dataDir: options.dataDir });
      const destination = createLogDestination();
      const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
      const stop = whenToldToStop();
      // Whatever a request leaves half-done can be repeated, as after a crash; the end of the process would cut all others.
      process.on('uncaughtException', (err, origin) => log.error({ err, origin }, 'error outside a request'));
      const madeNew = await watchForNew(config.dataDir);
      // On a terminal somebody waits for candidates; anywhere else a program reads the log.
      const isWatched = process.stdout.isTTY === true && !options.json;
      const server = await startServer(config, log, {
        isCertificateOurs: Boolean(phone?.certificate),
        onSession: isWatched ? (event) => print(`${sessionLine(event, config.dataDir)}\n`) : undefined,
      });
      process.on('SIGHUP', () => server.renewCertificate());
      if (madeNew) destination.write(`${madeNew}\n`);
      const url = phone?.originsAt(server.port)[0] ?? server.url;
      // For commands that make links: a full disk stops no server.
      await server.storage.announce(url).catch(() => {});
      for (const line of await tooLong(server.storage, config.maxAnswerBytes)) destination.write(`${line}\n`);
      const demo = options.demo ? await createDemo(server, config, url) : null;
      const { details, lines } = phone ? await describePhone(phone, server.port, demo) : describeHere(demo);
      const document = { url, dataDir: config.dataDir, ...(demo ? { demo } : {}), ...details };
      const first = `TresGo listens on ${url}, and keeps everything in ${config.dataDir}.`;
      // With the colours of a QR code.
      printAsIs(print, options, document, () => [first, ...lines].join('\n'));
      await stop;
      destination.write('Stopping …\n');
      await server.close();
      await destination.flush(LOG_END_MS);
    });
}

/** What a terminal says of a session that began or ended: `Nguyễn Văn A finished, 5 of 5: FOLDER`. */
export function sessionLine({ what, session, answers, questions }: SessionEvent, dataDir: string): string {
  const far = what === 'finished' ? `, ${answers} of ${questions}` : '';
  return plainText(`${session.tokenOwner} ${what}${far}: ${path.join(dataDir, 'sessions', session.folder)}`);
}

/**
 * Resolves at SIGTERM or SIGINT, and once npm has ended that runs this process (`npx tresgo serve`, a script): npm gives
 * a signal to the shell between them, which hands it on to nobody. SIGHUP ends nothing: where a terminal was closed, npm
 * ends by it, and the interviews go on.
 */
function whenToldToStop(): Promise<void> {
  const parent = process.ppid;
  const isOfNpm = isRunByNpm();
  let hungUpAtMs = Number.NEGATIVE_INFINITY;
  process.on('SIGHUP', () => {
    hungUpAtMs = performance.now();
  });
  return new Promise((resolve) => {
    // `on`, not `once`: a second signal must not end the process before the server has closed.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
    const watch = setInterval(() => {
      if (isOfNpm && process.ppid === parent) return;
      clearInterval(watch);
      if (isOfNpm && performance.now() - hungUpAtMs > HANG_UP_MS) resolve();
    }, PARENT_MS);
    watch.unref();
  });
}

type Demo = Awaited<ReturnType<typeof createToken>>;

/** @param url the origin of the demo's link */
async function createDemo({ storage }: Running, config: Config, url: string): Promise<Demo> {
  const expiresAt = DateTime.now().plus({ hours: DEMO_HOURS });
  return createToken(
    storage,
    { ...config, publicUrl: url },
    { name: DEMO_NAME, interview: 'default', expiresAt, maxSessions: 0 },
  );
}

/** The output besides the first line: members of the JSON document, and lines for people. */
interface Description {
  details: object;
  lines: string[];
}

function describeHere(demo: Demo | null): Description {
  const lines = demo
    ? [
        '',
        'Try it: open this link',
        `  ${demo.link}`,
        `and type the name  ${demo.name}`,
        `(good for ${DEMO_HOURS} hours)`,
      ]
    : [];
  return { details: {}, lines };
}

async function describePhone(phone: Phone, port: number, demo: Demo | null): Promise<Description> {
  // The token is at the end of the link, which is the same at each address.
  const end = demo ? demo.link.slice(new URL(demo.link).origin.length) : '';
  const links = phone.originsAt(port).map((origin) => `${origin}${end}`);
  const code = demo ? await qrCode(demo.link, process.stdout.isTTY === true) : null;
  const { files, expiresAt, fingerprint } = phone.certificate ?? {};
  const certificate = files ? { file: files.certFile, expiresAt, fingerprint } : null;
  return {
    details: { phone: { links, certificate } },
    lines: phoneText(phone, { links, code, name: demo?.name ?? null, hours: DEMO_HOURS }),
  };
}
