/** Chromium on a profile that survives it, as a phone's browser data survive a crash; and the crash. */
import { readdirSync, readFileSync } from 'node:fs';
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
} from '@playwright/test';
import { fakeMedia } from '../media/media.ts';
import { chromiumArgs, chromiumPath, mediaRecorderTap } from './browser.ts';
import { shortWaits } from './short-waits.ts';

/** A running Chromium with one page. */
export interface ChromiumProcess {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Sends SIGKILL to the browser and all its processes; resolves once they are gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Starts Chromium on the profile in `userDataDir`, also after a kill, with `mediaRecorderTap` in every page. */
export async function openChromium(
  userDataDir: string,
  options: BrowserContextOptions & Pick<LaunchOptions, 'ignoreDefaultArgs'> = {},
): Promise<ChromiumProcess> {
  const context = await chromium.launchPersistentContext(userDataDir, {
    executablePath: chromiumPath(),
    args: chromiumArgs(await fakeMedia()),
    ...options,
  });
  await context.addInitScript(mediaRecorderTap);
  await context.addInitScript(shortWaits);
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    page,
    context,
    async kill() {
      const pids = processesOf(userDataDir);
      if (pids.length === 0) throw new Error('this Chromium has no process to kill');
      for (const pid of pids) end(pid);
      // A process that was started in the meantime may be left.
      for (let left = processesOf(userDataDir); left.length > 0; left = processesOf(userDataDir)) {
        for (const pid of left) end(pid);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await context.close().catch(() => {});
    },
    close: () => context.close(),
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has exited by itself.
  }
}

/** Ids of the processes that were started on this profile. No other process has its random name in its command line. */
function processesOf(userDataDir: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandLine(pid).includes(userDataDir));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
