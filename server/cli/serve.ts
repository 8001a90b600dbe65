import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { pino } from 'pino';
import { type Config, readConfig } from '../config.ts';
import { type Running, startServer } from '../main.ts';
import { type CommonOptions, type Print, show, withCommon } from './command.ts';
import { type Phone, phoneText, preparePhone } from './phone.ts';
import { createToken } from './token.ts';

const DEMO_NAME = 'Demo Candidate';
const DEMO_HOURS = 24;

interface ServeOptions extends CommonOptions {
  demo?: true;
  phone?: true;
}

/** `tresgo serve` */
export function addServeCommand(program: Command, print: Print): void {
  withCommon(program.command('serve'))
    .description('run the server until it is told to stop (Ctrl+C, SIGTERM)')
    .option('--demo', `also make a token for "${DEMO_NAME}", good for ${DEMO_HOURS} h, and print its link`)
    .option('--phone', 'listen on the local network over HTTPS; with --demo, print the link as a QR code, too')
    .action(async (options: ServeOptions) => {
      const phone = options.phone ? await preparePhone(options.dataDir) : null;
      const config = phone?.config ?? readConfig({ dataDir: options.dataDir });
      const log = pino(
        { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
        pino.destination({ dest: 2, sync: true }),
      );
      // `on`: a second signal must not end what the first one began.
      const stop = new Promise<void>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
      });
      const server = await startServer(config, log);
      const url = phone?.originsAt(server.port)[0] ?? server.url;
      const demo = options.demo ? await createDemo(server, config, url) : null;
      const { details, lines } = phone ? await describePhone(phone, server.port, demo) : describeHere(demo);
      const document = { url, dataDir: config.dataDir, ...(demo ? { demo } : {}), ...details };
      const first = `TresGo listens on ${url}, and keeps everything in ${config.dataDir}.`;
      show(print, options, document, () => [first, ...lines].join('\n'));
      await stop;
      process.stderr.write('Stopping …\n');
      await server.close();
    });
}

type Demo = Awaited<ReturnType<typeof createToken>>;

/** @param url what its link begins with */
async function createDemo({ storage }: Running, config: Config, url: string): Promise<Demo> {
  const expiresAt = DateTime.now().plus({ hours: DEMO_HOURS });
  return createToken(
    storage,
    { ...config, publicUrl: url },
    { name: DEMO_NAME, interview: 'default', expiresAt, maxSessions: 0 },
  );
}

/** What is told beside the first line: further members of the document, and lines for people. */
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
  // A token's link ends with it: the same at each address.
  const end = demo ? `/${new URL(demo.link).hash}` : '';
  const links = phone.originsAt(port).map((origin) => `${origin}${end}`);
  const { qrCode } = await import('./qr-code.ts');
  const code = demo ? qrCode(demo.link, process.stdout.isTTY === true) : null;
  const { files, expiresAt, fingerprint } = phone.certificate ?? {};
  const certificate = files ? { file: files.certFile, expiresAt, fingerprint } : null;
  return {
    details: { phone: { links, certificate } },
    lines: phoneText(phone, { links, code, name: demo?.name ?? null, hours: DEMO_HOURS }),
  };
}
