/** Contained children of a process of its own, which may run as another user or be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import type { ProcessEnd, ProcessesOptions, ProcessOptions } from '../../../server/sandbox/process.ts';

/** Bundles the product's process runner into a folder, where every user can read it. */
export async function bundleProcesses(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  await build({
    ...{ logLevel: 'silent', configFile: false },
    build: {
      ssr: path.resolve(import.meta.dirname, '../../../server/sandbox/process.ts'),
      ...{ outDir: folder, emptyOutDir: false },
      rollupOptions: { output: { entryFileNames: 'process.mjs' } },
    },
  });
}

/** What `runIn` runs. */
export interface Contained {
  /** The folder of `bundleProcesses`. */
  folder: string;
  /** The user of the server's process; by default this process's. */
  uid?: number;
  processes: ProcessesOptions;
  options: Omit<ProcessOptions, 'signal' | 'onStdout'>;
}

/** Starts a process that runs one child by the product's runner and prints how the child ended. */
export function runIn({ folder, uid, processes, options }: Contained): {
  server: ChildProcess;
  end: Promise<ProcessEnd>;
} {
  const file = path.join(folder, `run-${randomInt(1e9)}.mjs`);
  writeFileSync(
    file,
    `import { createProcesses } from './process.mjs';
    const { run } = createProcesses(${JSON.stringify(processes)});
    const end = await run({ ...${JSON.stringify(options)}, signal: new AbortController().signal });
    process.stdout.write(JSON.stringify(end));`,
    { mode: 0o644 },
  );
  const as = uid === undefined ? {} : { uid, gid: uid };
  const server = spawn(process.execPath, [file], { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'], ...as });
  let printed = '';
  server.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const end = new Promise<ProcessEnd>((resolve, reject) => {
    server.once('close', (status) => {
      if (status === 0) resolve(JSON.parse(printed) as ProcessEnd);
      else reject(new Error(`the process ended with ${status}`));
    });
  });
  return { server, end };
}

/** A time for `sleep` that no other process sleeps for, in seconds: `sleeperOf` finds the process by it. */
export function uniqueSeconds(whole: number): string {
  return `${whole}.${randomInt(1e9, 2e9)}`;
}

/** The number, as this machine counts, of the process that runs `sleep SECONDS`; null where there is none. */
export function sleeperOf(seconds: string): number | null {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${seconds}\0`) return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  return null;
}
