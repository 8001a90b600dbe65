/** One request on a socket of its own: how it is brought, and what came back. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../../support/chance.ts';
import { type Answer, readAnswers } from './answers.ts';
import { apiRequest } from './api-requests.ts';
import { type Draft, get, headOf, set } from './draft.ts';
import { fileRequest } from './file-requests.ts';
import { mutate } from './mutations.ts';
import type { World } from './world.ts';

/** A request as it goes over the wire, and the manner of it. */
export interface Shot {
  /** Of each request in it: there are several in a pipelined one. */
  methods: string[];
  /** Of the first one. */
  target: string;
  bytes: Buffer<ArrayBuffer>;
  /** Node may refuse it before the application sees it. */
  malformed: boolean;
  /** Where the connection is cut; null: nowhere. */
  cut: { at: number; how: 'fin' | 'rst' } | null;
  /** Pieces it is sent in, with a pause between them. */
  pieces: number;
  /** All that its heads announce is there. */
  whole: boolean;
}

export interface Outcome {
  answers: Answer[];
  /** The server ended the connection. */
  closed: boolean;
}

/** Node refuses heads over 16 KB, counted in a way of its own. */
const MAX_HEAD_BYTES = 12_000;

/** A shot that depends on `chance` and the world alone. */
export function makeShot(chance: Chance, world: World): Shot {
  const one = () => {
    const of = chance.is(0.75) ? fileRequest(chance, world) : apiRequest(chance, world);
    mutate(of, chance);
    return of;
  };
  const drafts = Array.from({ length: chance.is(0.06) ? chance.int(2, 4) : 1 }, one);
  const first = drafts[0] as Draft;
  // Node writes "100 Continue" into the middle of the answer to a request that waits behind another one.
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

/** What is wrong with it through several mutations together: its framing, its size, bytes that Node's parser takes nowhere. */
function isMalformed(of: Draft): boolean {
  const [hasLength, hasChunks] = [get(of, 'Content-Length') !== null, get(of, 'Transfer-Encoding') !== null];
  const framed = of.body.length === 0 ? !(hasLength && hasChunks) : hasLength !== hasChunks;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const strangeBytes = /[^\x21-\x7e]/.test(of.target) || /[\0-\x08\x0a-\x1f\x7f]/.test(of.lines.join(''));
  return of.malformed || !framed || strangeBytes || headOf(of).length > MAX_HEAD_BYTES;
}

/** How long a request that lacks something, or that follows another one, is held open before its client goes away. */
const HELD_MS = 30;
/** How long one that is whole but malformed is: the parser may wait for more, where there is none. */
const MALFORMED_MS = 300;
/** How long an answer may take: far more than it does, far less than for ever. */
const PATIENCE_MS = 20_000;
/** Between the pieces of a slow one. */
const PAUSE_MS = 3;

/** Sends a shot, and waits for its answers as long as they can come. */
export async function fire(port: number, shot: Shot): Promise<Outcome> {
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
  const answers = () => readAnswers(Buffer.concat(came), shot.methods, closed);

  await until(() => connected, PATIENCE_MS);
  const end = shot.cut?.at ?? shot.bytes.length;
  const step = Math.max(1, Math.ceil(end / shot.pieces));
  for (let at = 0; at < end && !closed; at += step) {
    socket.write(shot.bytes.subarray(at, Math.min(end, at + step)));
    if (shot.pieces > 1) await sleep(PAUSE_MS);
  }
  if (shot.cut?.how === 'fin') socket.end();
  if (shot.whole) await until(() => answers().length > 0, shot.malformed ? MALFORMED_MS : PATIENCE_MS);
  if (shot.cut?.how === 'rst') socket.resetAndDestroy();
  else {
    await until(() => answers().length >= shot.methods.length, HELD_MS);
    socket.destroy();
  }
  return { answers: answers(), closed };
}
