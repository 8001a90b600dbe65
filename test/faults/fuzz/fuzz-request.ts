/** One request on a socket of its own: how it is drawn and sent, and which responses came back. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../../support/chance.ts';
import { apiRequest } from './api-requests.ts';
import { type Draft, type FuzzRequest, get, headOf, set } from './draft.ts';
import { fileRequest } from './file-requests.ts';
import type { World } from './fuzz-world.ts';
import { mutate } from './mutations.ts';
import { type Outcome, readResponses } from './responses.ts';

/** Node refuses heads over 16 KB, which it counts in its own way; this is safely below. */
const MAX_HEAD_BYTES = 12_000;

/** Draws a request that depends on `chance` and the world alone. */
export function drawRequest(chance: Chance, world: World): FuzzRequest {
  const one = () => {
    const of = chance.is(0.75) ? fileRequest(chance, world) : apiRequest(chance, world);
    mutate(of, chance);
    return of;
  };
  const drafts = Array.from({ length: chance.is(0.06) ? chance.int(2, 4) : 1 }, one);
  const first = drafts[0] as Draft;
  // Node writes the "100 Continue" of a pipelined request into the middle of an earlier response.
  if (drafts.length > 1) for (const of of drafts) set(of, 'Expect', null);
  const bytes = Buffer.concat(drafts.flatMap((of) => [headOf(of), of.body]));
  // Nothing may follow a request that closes the connection.
  const overrun = drafts.slice(0, -1).some((of) => /close|upgrade/i.test(get(of, 'Connection') ?? ''));
  const malformed = overrun || drafts.some(isMalformed);
  const cut = chance.is(0.15)
    ? { at: chance.int(0, bytes.length), how: chance.is(0.5) ? ('fin' as const) : ('rst' as const) }
    : null;
  return {
    methods: drafts.map((of) => of.method),
    target: first.target,
    bytes,
    malformed,
    cut,
    pieces: chance.is(0.08) ? chance.int(2, 12) : 1,
    whole: !cut && drafts.every((of) => !of.incomplete && of.method !== 'CONNECT'),
  };
}

/** Whether mutations together made it malformed: by its framing, its size, or bytes that Node's parser refuses. */
function isMalformed(of: Draft): boolean {
  const [hasLength, hasChunks] = [get(of, 'Content-Length') !== null, get(of, 'Transfer-Encoding') !== null];
  const framed = of.body.length === 0 ? !(hasLength && hasChunks) : hasLength !== hasChunks;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const strangeBytes = /[^\x21-\x7e]/.test(of.target) || /[\0-\x08\x0a-\x1f\x7f]/.test(of.lines.join(''));
  return of.malformed || !framed || strangeBytes || headOf(of).length > MAX_HEAD_BYTES;
}

/** Time for which an incomplete or a pipelined request is held open before its client leaves. */
const HELD_MS = 30;
/** The same for a request that is whole but malformed: the parser may wait for bytes that do not come. */
const MALFORMED_MS = 300;
/** Longest wait for a response: far more than a response takes. */
const PATIENCE_MS = 20_000;
/** Pause between the pieces of a slow request. */
const PAUSE_MS = 3;

/** Sends a request, and waits for its responses while they can still come. */
export async function fire(port: number, request: FuzzRequest): Promise<Outcome> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const came: Buffer[] = [];
  let connected = false;
  let closed = false;
  let wake = () => {};
  socket.on('connect', () => {
    connected = true;
    wake();
  });
  socket.on('data', (bytes) => {
    came.push(bytes);
    wake();
  });
  const over = () => {
    closed = true;
    wake();
  };
  socket.on('end', over).on('close', over).on('error', over);
  const until = async (isSo: () => boolean, withinMs: number) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      wake();
    }, withinMs);
    while (!isSo() && !late && !closed)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    clearTimeout(timer);
  };
  const responses = () => readResponses(Buffer.concat(came), request.methods, closed);

  await until(() => connected, PATIENCE_MS);
  const end = request.cut?.at ?? request.bytes.length;
  const step = Math.max(1, Math.ceil(end / request.pieces));
  for (let at = 0; at < end && !closed; at += step) {
    socket.write(request.bytes.subarray(at, Math.min(end, at + step)));
    if (request.pieces > 1) await sleep(PAUSE_MS);
  }
  if (request.cut?.how === 'fin') socket.end();
  if (request.whole) await until(() => responses().length > 0, request.malformed ? MALFORMED_MS : PATIENCE_MS);
  if (request.cut?.how === 'rst') socket.resetAndDestroy();
  else {
    await until(() => responses().length >= request.methods.length, HELD_MS);
    socket.destroy();
  }
  return { responses: responses(), closed };
}
