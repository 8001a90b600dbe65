/** A take, an uploader and a scripted endpoint, wired with a clock that the test moves; and the countdown of a wait. */
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import type { Spool } from '../../../client/spool/spool.ts';
import { createDetour } from '../../../client/upload/detour.ts';
import type { UploaderEvent } from '../../../client/upload/events.ts';
import { createHttpStack } from '../../../client/upload/http-stack.ts';
import { createUploader, type Uploader, type UploaderOptions } from '../../../client/upload/uploader.ts';
import { createManualTimers, type ManualTimers } from '../manual-timers.ts';
import { openScriptedTus, type ScriptedTus, step } from './scripted-tus.ts';

const STEP_MS = 200;

/** The take `take` of the session `folder`, and all around it. */
export interface UploadBench {
  spool: Spool;
  timers: ManualTimers;
  tus: ScriptedTus;
  uploader: Uploader;
  /** `uploading`, `waiting 2`, `failed`, `open`, `refused code`; in order. */
  events: string[];
  /** Appends `bytes` random bytes. */
  record(bytes: number): Promise<void>;
  /** Everything recorded so far. */
  recorded(): Buffer;
  stop(): Promise<void>;
  /** Whether the latest upload holds everything recorded, and the spool forgot the take. */
  arrivedWhole(): Promise<boolean>;
  /** Replaces the uploader by another one on what the spool holds, as after a reload. */
  reload(): Promise<Uploader>;
  /**
   * Moves the clock, in steps of 200 ms beside 1 ms of real time, until `condition` holds; throws after 300 s of it.
   */
  until(condition: () => boolean, what?: string): Promise<void>;
  /** Moves the clock by `ms`, letting sockets work on the way. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Creates the take and its uploader, which is not started; `options` replace those of the uploader. */
export async function openUploadBench(options: Partial<UploaderOptions> = {}): Promise<UploadBench> {
  const spool = createMemorySpool();
  const timers = createManualTimers();
  const tus = await openScriptedTus();
  const events: string[] = [];
  const chunks: Buffer[] = [];
  const endpoint = tus.endpoint;
  let ids = 0;

  await spool.create({
    takeId: 'take',
    folder: 'folder',
    question: 1,
    mimeType: 'video/webm',
    startedAt: '2026-01-01',
  });
  const onEvent = (event: UploaderEvent) => {
    if (event.type === 'refused') events.push(`refused ${event.code}${event.final ? ' for good' : ''}`);
    else events.push(event.gate.kind === 'waiting' ? `waiting ${event.gate.seconds}` : event.gate.kind);
  };
  const build = async () => {
    const take = await spool.get('take');
    if (!take) throw new Error('the spool forgot the take');
    const newId = () => `anew-${++ids}`;
    const detour = createDetour();
    return createUploader({
      ...{ detour, fetch: tus.fetch },
      httpStack: createHttpStack({ inner: tus.httpStack, usesPost: detour.usesPost }),
      spool,
      take,
      endpoint,
      token: () => 'secret',
      onEvent,
      timers,
      newId,
      random: () => 0,
      ...options,
    });
  };

  const bench: UploadBench = {
    spool,
    timers,
    tus,
    uploader: await build(),
    events,
    async record(bytes) {
      const chunk = Buffer.from(Uint8Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)));
      chunks.push(chunk);
      await spool.append('take', new Uint8Array(chunk).buffer, chunks.length * 500);
    },
    recorded: () => Buffer.concat(chunks),
    stop: () => spool.end('take'),
    async arrivedWhole() {
      const whole = tus.uploads.at(-1)?.data.equals(bench.recorded()) ?? false;
      return whole && (await spool.get('take')) === null;
    },
    async reload() {
      bench.uploader.pause();
      bench.uploader = await build();
      return bench.uploader;
    },
    async until(condition, what = String(condition)) {
      for (let i = 0; !condition(); i++) {
        if (i > 1500) throw new Error(`never came: ${what}\n${tus.log.join('\n')}\n${events.join('\n')}`);
        await step(tus, timers, STEP_MS);
      }
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) await step(tus, timers, Math.min(STEP_MS, left));
    },
    async close() {
      bench.uploader.pause();
      await tus.close();
    },
  };
  return bench;
}

/** The events of a wait, counted down from `seconds`. */
export function countdown(seconds: number): string[] {
  return Array.from({ length: seconds }, (_, i) => `waiting ${seconds - i}`);
}
