import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { until } from '../support/tus.ts';

const launcher = path.resolve(import.meta.dirname, '../../server/cli/bin.mjs');

/** `tresgo serve …` as a process of its own on a free port, once it has printed what it prints. */
export async function openServe(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ printed(): string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [launcher, 'serve', ...args], {
    env: { ...process.env, PORT: '0', TRESGO_MIN_FREE_BYTES: '0', TRESGO_LOG_LEVEL: 'silent', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const exited = once(child, 'exit');
  // It is written in one piece.
  await until(() => stdout.endsWith('\n') || child.exitCode !== null, 20_000);
  if (child.exitCode !== null) throw new Error(`it ended: ${stderr}`);
  return {
    printed: () => stdout,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
