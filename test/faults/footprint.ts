/** What a server's process holds: memory, and open files and sockets. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TestServer } from '../support/server.ts';
import { until } from '../support/tus.ts';

/** Environment of a server whose memory can be measured. */
export const measured = {
  NODE_OPTIONS: `--import ${pathToFileURL(path.join(import.meta.dirname, 'live-bytes.mjs'))}`,
};

export interface Footprint {
  /** JavaScript's objects and buffers after a full collection. */
  liveBytes: number;
  rssBytes: number;
  sockets: number;
  /** Open files that have no name any more. */
  removedFiles: number;
}

/** What the open descriptors of a process lead to. */
async function descriptors(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  // One that is closed meanwhile leads nowhere.
  return Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
}

/** Open sockets of a process, the listening one among them. */
export async function socketsOf(pid: number): Promise<number> {
  return (await descriptors(pid)).filter((target) => target.startsWith('socket:')).length;
}

/** The footprint of a server started with `measured`. */
export async function footprintOf(server: TestServer): Promise<Footprint> {
  const pid = server.process.pid as number;
  const told = () => [...server.stderr().matchAll(/^live-bytes (\d+)$/gm)].map((match) => Number(match[1]));
  const before = told().length;
  server.process.kill('SIGUSR2');
  await until(() => told().length > before);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    liveBytes: told().at(-1) as number,
    rssBytes: Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1]) * 1024,
    sockets: await socketsOf(pid),
    removedFiles: (await descriptors(pid)).filter((target) => target.endsWith(' (deleted)')).length,
  };
}
