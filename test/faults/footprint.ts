/** The resources of a server's process: memory, open files and sockets. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TestServer } from '../support/server/server.ts';
import { until } from '../support/tus/tus.ts';

/** Environment of a server whose memory can be measured. */
export const measured = {
  NODE_OPTIONS: `--import ${pathToFileURL(path.join(import.meta.dirname, 'live-bytes.mjs'))}`,
};

/** A measurement of one server process. */
interface Footprint {
  /** Bytes of JavaScript objects and buffers after a full collection. */
  liveBytes: number;
  rssBytes: number;
  sockets: number;
  /** Open files that were deleted. */
  removedFiles: number;
}

/** The targets of a process's open descriptors. */
async function descriptors(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  // A descriptor that is closed meanwhile has no target.
  return Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
}

/** Number of open sockets of a process, the listening one included. */
export async function socketsOf(pid: number): Promise<number> {
  return (await descriptors(pid)).filter((target) => target.startsWith('socket:')).length;
}

/** Measures a server that was started with the environment `measured`. */
export async function footprintOf(server: TestServer): Promise<Footprint> {
  const pid = server.process.pid as number;
  const printed = () => [...server.stderr().matchAll(/^live-bytes (\d+)$/gm)].map((match) => Number(match[1]));
  const before = printed().length;
  server.process.kill('SIGUSR2');
  await until(() => printed().length > before);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    liveBytes: printed().at(-1) as number,
    rssBytes: Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1]) * 1024,
    sockets: await socketsOf(pid),
    removedFiles: (await descriptors(pid)).filter((target) => target.endsWith(' (deleted)')).length,
  };
}
