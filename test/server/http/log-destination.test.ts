/** A log that can't be written loses lines, never the server. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogDestination } from '../../../server/http/log-destination.ts';

type Done = (error: NodeJS.ErrnoException | null, written: number) => void;

/** A destination that takes at most `room` bytes; below zero it takes all. */
function createDisk() {
  const disk = { text: '', room: -1, tries: 0, error: 'ENOSPC' };
  const writeBytes = (bytes: Buffer, done: Done) => {
    disk.tries += 1;
    const taken = disk.room < 0 ? bytes : bytes.subarray(0, disk.room);
    disk.text += taken.toString();
    if (disk.room > 0) disk.room -= taken.length;
    const error = taken.length === 0 ? Object.assign(new Error(disk.error), { code: disk.error }) : null;
    queueMicrotask(() => done(error, taken.length));
  };
  return { disk, log: createLogDestination(writeBytes) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('lines come out in order and whole, also where a write takes a part of one', async () => {
  const { disk, log } = createDisk();
  disk.room = 9;
  for (const line of ['first\n', 'sécond\n', 'third\n']) log.write(line);
  await vi.advanceTimersByTimeAsync(300);
  expect(disk.text).toBe('first\nsé');
  disk.room = -1;
  await vi.advanceTimersByTimeAsync(300);
  expect(disk.text).toBe('first\nsécond\nthird\n');
});

test.each(['ENOSPC', 'EIO', 'EAGAIN', 'EPIPE'])(
  'with %s it keeps 1 MiB, drops the rest, and says how many lines once it can write again',
  async (error) => {
    const { disk, log } = createDisk();
    Object.assign(disk, { room: 0, error });
    const line = `${'x'.repeat(999)}\n`;
    for (let count = 0; count < 5_000; count++) log.write(line);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(disk.text).toBe('');
    expect(disk.tries).toBeLessThan(250);
    disk.room = -1;
    await vi.advanceTimersByTimeAsync(1_000);
    log.write('later\n');
    await vi.advanceTimersByTimeAsync(1_000);
    const lines = disk.text.trimEnd().split('\n');
    const kept = lines.filter((text) => text.startsWith('xxx')).length;
    expect(kept).toBe(1_048);
    expect(JSON.parse(lines[kept] ?? '')).toMatchObject({ level: 40, msg: expect.stringContaining('3952 lines') });
    expect(lines.slice(kept + 1)).toEqual(['later']);
  },
);

test('the end waits for what is not written yet, and no longer than it is told to', async () => {
  const { disk, log } = createDisk();
  await log.flush(1_000);
  disk.room = 0;
  log.write('a line\n');
  let ended = false;
  const end = log.flush(1_000).then(() => {
    ended = true;
  });
  await vi.advanceTimersByTimeAsync(900);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(100);
  await end;
  const second = log.flush(1_000);
  disk.room = -1;
  await vi.advanceTimersByTimeAsync(300);
  await second;
  expect(disk.text).toBe('a line\n');
});
