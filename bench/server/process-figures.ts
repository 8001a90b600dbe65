/** CPU time and memory of a process and its children (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** CPU time of a process and its children, in ms. */
export interface CpuTime {
  /** Exact to the nanosecond where the kernel has it, else to the tick. */
  totalMs: number;
  /** Both exact to the tick: for the split, not for the sum. */
  userMs: number;
  systemMs: number;
  /** The part of `totalMs` of the first thread, which runs JavaScript in Node. */
  mainThreadMs: number;
}

/** Memory of a process and its children. */
export interface Memory {
  rssBytes: number;
  /** The largest value so far. */
  peakBytes: number;
}

/** Reads `/proc/PID/stat`: its own times, and those of children that ended and were waited for. */
export function parseStat(text: string): { userMs: number; systemMs: number; reapedMs: number } {
  // The second field is the name in parentheses, and may hold anything, also spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // "(14) utime … (15) stime … (16) cutime … (17) cstime"; the first one here is (3) state.
  const [user = 0, system = 0, reapedUser = 0, reapedSystem = 0] = fields.slice(11, 15).map((ticks) => Number(ticks));
  return { userMs: user * TICK_MS, systemMs: system * TICK_MS, reapedMs: (reapedUser + reapedSystem) * TICK_MS };
}

/** Reads `/proc/stat`: busy time of all CPUs since the start, and time that the machine's host took from them, in ms. */
export function parseMachine(text: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (text.match(/^cpu +(.*)$/m)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

/** CPU time so far of everything on the machine, kernel threads included, in ms. */
export function readMachineMs(): number {
  return parseMachine(readFileSync('/proc/stat', 'utf8'));
}

/** Reads `/proc/PID/task/TID/schedstat`, whose first field is the time on a CPU in ns; returns ms. */
export function parseSchedstat(text: string): number {
  return Number(text.split(' ')[0]) / 1e6;
}

/** Reads `/proc/PID/status`. */
export function parseStatus(text: string): Memory {
  const bytes = (name: string) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'))?.[1]) * 1024;
  return { rssBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') };
}

/** CPU time so far of the process, its threads, and its living and ended children. */
export function readCpu(pid: number): CpuTime {
  const sum: CpuTime = { totalMs: 0, userMs: 0, systemMs: 0, mainThreadMs: readThread(pid, pid) };
  for (const each of treeOf(pid)) {
    const { userMs, systemMs, reapedMs } = parseStat(readFileSync(`/proc/${each}/stat`, 'utf8'));
    const threadsMs = threadsOf(each).reduce((ms, thread) => ms + readThread(each, thread), 0);
    // The times of ended threads are in the process's time only.
    sum.totalMs += Math.max(threadsMs, userMs + systemMs) + reapedMs;
    sum.userMs += userMs;
    sum.systemMs += systemMs;
  }
  return sum;
}

/** CPU time from `before` to `after`. */
export function cpuBetween(before: CpuTime, after: CpuTime): CpuTime {
  return {
    totalMs: after.totalMs - before.totalMs,
    userMs: after.userMs - before.userMs,
    systemMs: after.systemMs - before.systemMs,
    mainThreadMs: after.mainThreadMs - before.mainThreadMs,
  };
}

/** Memory of the process and its living children. */
export function readMemory(pid: number): Memory {
  const all = treeOf(pid).map((each) => parseStatus(readFileSync(`/proc/${each}/status`, 'utf8')));
  return {
    rssBytes: all.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    peakBytes: all.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
  };
}

function threadsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

function readThread(pid: number, thread: number): number {
  return parseSchedstat(readOr('0', `/proc/${pid}/task/${thread}/schedstat`));
}

function treeOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    readOr('', `/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

/** A thread may end between the listing and the reading. */
function readOr(fallback: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}
