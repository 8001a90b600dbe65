/**
 * The upload engine under faults drawn from a seed, against a real server: the bytes of an answer that the device kept
 * arrive unchanged and once. A run that fails can be repeated: with `TRESGO_SEED=…` the first run has that seed.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createRandom, scale, seed } from '../support/scale.ts';
import { untilArrived } from '../support/tus/tus.ts';
import { drawFaults, type Fault, type FaultName } from './sending/faults.ts';
import { openRig, type Rig, SPEED } from './sending/rig.ts';

const RUNS = scale(10, 200);
/** Runs side by side: each has a server process of its own. */
const SIDE_BY_SIDE = 5;
const TAKES = 2;
const QUESTIONS = 5;
/** The engine makes an attempt at least every 15 s of its clock; this long no byte may move. */
const STILL_MS = 90_000;

interface Outcome {
  faults: Fault[];
  takes: number;
  bytes: number;
}

async function run(of: number): Promise<Outcome> {
  const rig = await openRig(of);
  const faults: Fault[] = [];
  try {
    await strikeAndRecord(rig, faults);
    await arrive(rig);
    return { faults, ...(await check(rig, faults)) };
  } catch (error) {
    const plan = faults.map(({ at, words }) => `  ${at}: ${words}`).join('\n');
    const responses = rig.proxy.responses.slice(-8).map(({ method, path, status }) => `  ${status} ${method} ${path}`);
    throw new Error(
      `TRESGO_SEED=${of}: ${error}\n${plan}\n${responses.join('\n')}\n${rig.phone.describe()}\n${rig.log()}`,
      {
        cause: error,
      },
    );
  } finally {
    await rig.close();
  }
}

/** Records takes until there are enough of them and every fault has happened. */
async function strikeAndRecord(rig: Rig, faults: Fault[]): Promise<void> {
  const { chance, phone } = rig;
  let waiting = 0;
  let failure: unknown = null;
  let question = 0;
  // A fault that waits for a connection ends after a while; until then it needs further takes.
  for (let take = 0; take < TAKES || waiting > 0; take++) {
    if (question === 0 || (chance.is(0.8) && question < QUESTIONS)) question += 1;
    const slices = take < TAKES ? chance.int(6, 12) : 16;
    const drawn = take < TAKES ? drawFaults(chance, slices) : [];
    faults.push(...drawn);
    waiting += drawn.length;
    const strike = (fault: Fault) =>
      fault
        .strike(rig)
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => {
          waiting -= 1;
        });
    for (const fault of drawn)
      if (fault.at !== 'stop') setTimeout(() => void strike(fault), (fault.at * 500 + 250) / SPEED);
    await phone.record(question, slices, () => {
      for (const fault of drawn) if (fault.at === 'stop') void strike(fault);
    });
    if (failure) throw failure;
  }
}

async function arrive({ phone, device, folder }: Rig): Promise<void> {
  let reloaded = false;
  const isThere = async () => {
    if (phone.done() && (await device.count(folder)) === 0) return true;
    // A take that a full device could not forget is asked for, and forgotten, after the next reload.
    if (phone.done() && !reloaded) {
      reloaded = true;
      await phone.die(0);
    }
    if (phone.refusals.length > 0) throw new Error(`refused: ${phone.refusals}`);
    return false;
  };
  await untilArrived(isThere, async () => [await device.count(folder), phone.acknowledged()], STILL_MS);
}

/** Compares the server's files with the chunks that the device kept. */
async function check({ device, dataDir, folder, proxy }: Rig, faults: Fault[]): Promise<Omit<Outcome, 'faults'>> {
  const kept = device.kept
    .map(({ chunks, ...take }) => ({ ...take, bytes: Buffer.concat(chunks.map((chunk) => new Uint8Array(chunk))) }))
    .filter(({ bytes }) => bytes.length > 0);
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const session = path.join(dataDir, 'sessions', folder);
  const names = (await readdir(session, { recursive: true })).filter((name) => name.endsWith('.webm'));
  const files = new Map<string, string>();
  for (const name of names) files.set(name, sha256(await readFile(path.join(session, name))));
  const expected = kept.map(({ bytes }) => sha256(bytes));
  expect([...files.values()].sort(), 'the files of the session are the takes that the device kept').toEqual(
    expected.sort(),
  );
  for (const question of new Set(kept.map((take) => take.question))) {
    const last = kept.findLast((take) => take.question === question);
    expect(files.get(`Q${question}.webm`), `the last take of question ${question}`).toBe(sha256(last?.bytes as Buffer));
  }
  const uploads = new Map<string, Set<string>>();
  for (const { method, status, metadata, location } of proxy.responses) {
    if (method !== 'POST' || status !== 201) continue;
    const takeId = Buffer.from(/takeId ([^,]+)/.exec(metadata ?? '')?.[1] ?? '', 'base64').toString();
    uploads.set(takeId, (uploads.get(takeId) ?? new Set()).add(String(location)));
  }
  const known = new Set(device.kept.map(({ takeId }) => takeId));
  const others = [...uploads.keys()].filter((takeId) => !known.has(takeId));
  // A restored server may have forgotten an upload, which is then created again.
  const restored = faults.some(({ name }) => name === 'restored');
  if (!faults.some(({ name }) => name === 'damage')) expect(others, 'a take is sent under its own takeId').toEqual([]);
  for (const [, locations] of uploads) if (!restored) expect([...locations], 'one upload a take').toHaveLength(1);
  return { takes: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

test(`${RUNS} runs under faults: each take that the device kept arrives, once`, {
  timeout: RUNS * 60_000,
}, async () => {
  console.log(`sending: TRESGO_SEED=${seed}`);
  const random = createRandom();
  const seeds = [seed, ...Array.from({ length: RUNS - 1 }, () => Math.floor(random() * 2 ** 31))];
  const totals = { runs: 0, takes: 0, bytes: 0, faults: {} as Partial<Record<FaultName, number>> };
  const failures: string[] = [];
  const worker = async () => {
    for (let next = seeds.shift(); next !== undefined; next = seeds.shift()) {
      try {
        const { faults, takes, bytes } = await run(next);
        totals.runs += 1;
        totals.takes += takes;
        totals.bytes += bytes;
        for (const { name } of faults) totals.faults[name] = (totals.faults[name] ?? 0) + 1;
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  console.log(`sending: ${JSON.stringify(totals)}`);
  expect(failures.join('\n\n')).toBe('');
});
