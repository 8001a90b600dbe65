/**
 * The functions that the browser tests of the upload engine call: bundled by `upload-engine.spec.ts` and run inside the page.
 */
import { closeDevices, createMeter, listDevices, openDevices } from '../../../client/capture/devices.ts';
import { mimeTypesToTry } from '../../../client/capture/mime-types.ts';
import { startRecorder, supportedMimeType } from '../../../client/capture/recorder.ts';
import { deviceAlertCode } from '../../../client/interview/alerts.ts';
import { openIndexedDbSpool } from '../../../client/spool/indexeddb-spool.ts';
import { createUploadQueue } from '../../../client/upload/upload-queue.ts';
import { spoolContract } from '../tus/spool-contract.ts';

const engine = {
  /** Runs the contract over IndexedDB. Resolves to each case's name, with its error. */
  async contract(): Promise<{ name: string; error: string | null }[]> {
    const results = [];
    for (const { name, run } of spoolContract((database) => openIndexedDbSpool({ name: database }), {
      durable: true,
    })) {
      const error = await run().then(
        () => null,
        (reason: unknown) => String(reason),
      );
      results.push({ name, error });
    }
    return results;
  },

  /** The ms that each of `count` appends took. */
  async time(durability: IDBTransactionDurability, bytes: number, count: number): Promise<number[]> {
    const spool = await openIndexedDbSpool({ name: `time-${durability}`, durability });
    await spool.clear('f');
    await spool.create({ takeId: 'a', folder: 'f', question: 1, mimeType: '', startedAt: '' });
    const times = [];
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      await spool.append('a', new ArrayBuffer(bytes), i);
      times.push(performance.now() - began);
    }
    await spool.clear('f');
    spool.close();
    return times;
  },

  /**
   * Makes each call of the spool with a transaction that aborts. Resolves to the errors of the calls, and to unhandled
   * rejections.
   */
  async aborted(): Promise<{ rejected: string[]; uncaught: string[] }> {
    const spool = await openIndexedDbSpool({ name: 'aborted' });
    await spool.create({ takeId: 'a', folder: 'f', question: 1, mimeType: '', startedAt: '' });
    await spool.append('a', new ArrayBuffer(8), 1);
    const uncaught: string[] = [];
    addEventListener('unhandledrejection', ({ reason }) => uncaught.push(String(reason)));
    const open = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (...args: Parameters<typeof open>) {
      const tx = open.apply(this, args);
      // Behind the request that the caller is about to make, as when a browser's data is deleted.
      queueMicrotask(() => tx.abort());
      return tx;
    };
    const calls = [
      () => spool.create({ takeId: 'b', folder: 'f', question: 1, mimeType: '', startedAt: '' }),
      () => spool.append('a', new ArrayBuffer(8), 2),
      () => spool.end('a'),
      () => spool.setUploadUrl('a', '/'),
      () => spool.renew('a', 'c'),
      () => spool.get('a'),
      () => spool.list('f'),
      () => spool.size('a'),
      () => spool.read('a', 0, 8),
      () => spool.forget('a'),
      () => spool.clear('f'),
      () => openIndexedDbSpool({ name: 'aborted' }),
    ];
    const rejected = [];
    for (const call of calls)
      rejected.push(
        await call().then(
          () => 'nothing',
          (error: unknown) => String(error),
        ),
      );
    IDBDatabase.prototype.transaction = open;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { rejected, uncaught };
  },

  /** Appends without an end, and logs the bytes persisted. */
  async fill(): Promise<void> {
    const spool = await openIndexedDbSpool({ name: 'fill' });
    await spool.create({ takeId: 'a', folder: 'f', question: 1, mimeType: '', startedAt: '' });
    for (let i = 0; ; i++) {
      const size = await spool.append('a', new Uint8Array(50_000).fill(i).buffer, i);
      console.log(`persisted ${size}`);
    }
  },

  /** The bytes that `fill` persisted, and whether each is right. */
  async filled(): Promise<{ bytes: number; right: boolean }> {
    const spool = await openIndexedDbSpool({ name: 'fill' });
    const bytes = await spool.size('a');
    const data = new Uint8Array(await spool.read('a', 0, bytes));
    return { bytes, right: data.every((byte, i) => byte === Math.floor(i / 50_000) % 256) };
  },

  /** Sends a take of random bytes, growing in steps, by XMLHttpRequest; resolves once its gate is open. */
  async send(endpoint: string, chunks: number): Promise<{ events: string[]; status: unknown; sha256: string }> {
    const spool = await openIndexedDbSpool({ name: 'send' });
    await spool.clear('f');
    const events: string[] = [];
    const parts: ArrayBuffer[] = [];
    let open: () => void = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const queue = createUploadQueue({
      spool,
      folder: 'f',
      endpoint,
      token: () => 'secret',
      onEvent(event) {
        events.push(event.type === 'gate' ? event.gate.kind : event.type === 'refused' ? event.code : event.type);
        if (event.type === 'gate' && event.gate.kind === 'open') open();
      },
    });
    const takeId = crypto.randomUUID();
    await queue.create({ takeId, question: 1, mimeType: 'video/webm', startedAt: new Date().toISOString() });
    for (let i = 0; i < chunks; i++) {
      const part = crypto.getRandomValues(new Uint8Array(60_000)).buffer;
      parts.push(part);
      await queue.append(takeId, part, i * 100);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // The server has some of it while the rest is still to come.
      while (i === chunks / 2 && queue.status().ackedBytes === 0)
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await queue.end(takeId);
    queue.enterGate(takeId);
    await opened;
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer()));
    return { events, status: queue.status(), sha256: btoa(String.fromCharCode(...hash)) };
  },

  /**
   * Records the fake camera until it has brought `least` chunks and a second, and was heard; the second chunk takes a while
   * to be kept, to see that the third waits for it.
   */
  async record(how: 'stop' | 'track' | 'keep', mimeTypes: readonly string[] = mimeTypesToTry(), least = 5) {
    const stream = await openDevices();
    const meter = createMeter(stream);
    const chunks: { bytes: number; recordedMs: number }[] = [];
    const parts: ArrayBuffer[] = [];
    let handingOver = 0;
    let overlaps = 0;
    let end: (reason: string) => void = () => {};
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    const recording = startRecorder({
      stream,
      mimeTypes,
      timesliceMs: 200,
      async onChunk(data, recordedMs) {
        if (handingOver++ > 0) overlaps += 1;
        if (how === 'keep' && chunks.length === 2) throw new Error('full');
        if (chunks.length === 1) await new Promise((resolve) => setTimeout(resolve, 600));
        chunks.push({ bytes: data.byteLength, recordedMs });
        parts.push(data);
        handingOver -= 1;
      },
      onEnd: (reason) => end(`${reason} after ${chunks.length}`),
    });
    let loudest = 0;
    // The fake microphone beeps.
    const enough = () => chunks.length >= least && (chunks.at(-1)?.recordedMs ?? 0) > 1000 && loudest > 0.3;
    while (how !== 'keep' && !enough()) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      loudest = Math.max(loudest, meter.level());
    }
    if (how === 'stop') await recording.stop();
    // Only the browser ends a track with an event; stop() does not.
    if (how === 'track') stream.getVideoTracks()[0]?.dispatchEvent(new Event('ended'));
    const afterStop = chunks.length;
    const reason = await ended;
    const devices = await listDevices(stream);
    meter.close();
    closeDevices(stream);
    const file = Array.from(new Uint8Array(await new Blob(parts).arrayBuffer()));
    return { mimeType: recording.mimeType, chunks, file, afterStop, reason, overlaps, loudest, devices };
  },

  /** The type that would be recorded, and the page's alert for a camera that does not exist. */
  async support(): Promise<{ mimeType: string | null; alert: string }> {
    const error = await navigator.mediaDevices
      .getUserMedia({ video: { deviceId: { exact: 'none' } } })
      .catch((e: unknown) => e);
    return { mimeType: supportedMimeType(), alert: deviceAlertCode(error) };
  },
};

/** The functions that the page has as `window.engine`. */
export type Engine = typeof engine;
Object.assign(window, { engine });
