import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { pino } from 'pino';
import { readConfig } from '../config.ts';
import { startServer } from '../main.ts';
import { type CommonOptions, type Print, show, withCommon } from './command.ts';
import { createToken } from './token.ts';

const DEMO_NAME = 'Demo Candidate';
const DEMO_HOURS = 24;

/** `tresgo serve` */
export function addServeCommand(program: Command, print: Print): void {
  withCommon(program.command('serve'))
    .description('run the server until it is told to stop (Ctrl+C, SIGTERM)')
    .option('--demo', `also make a token for "${DEMO_NAME}", good for ${DEMO_HOURS} h, and print its link`)
    .action(async (options: CommonOptions & { demo?: true }) => {
      const config = readConfig({ dataDir: options.dataDir });
      const log = pino(
        { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
        pino.destination({ dest: 2, sync: true }),
      );
      // `on`: a second signal must not end what the first one began.
      const stop = new Promise<void>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
      });
      const server = await startServer(config, log);
      const demo = options.demo
        ? await createToken(
            server.storage,
            { ...config, port: server.port },
            {
              name: DEMO_NAME,
              interview: 'default',
              expiresAt: DateTime.now().plus({ hours: DEMO_HOURS }),
              maxSessions: 0,
            },
          )
        : null;
      show(print, options, { url: server.url, dataDir: config.dataDir, ...(demo ? { demo } : {}) }, () =>
        [
          `TresGo listens on ${server.url}, and keeps everything in ${config.dataDir}.`,
          ...(demo
            ? [
                '',
                'Try it: open this link',
                `  ${demo.link}`,
                `and type the name  ${demo.name}`,
                `(good for ${DEMO_HOURS} hours)`,
              ]
            : []),
        ].join('\n'),
      );
      await stop;
      process.stderr.write('Stopping …\n');
      await server.close();
    });
}
