/** Whom the fuzzer may speak for, and what there is to speak of. It learns from the answers. */
import type { TestServer } from '../../support/server.ts';
import { recording } from '../../support/tus.ts';
import { openCandidate } from '../candidate.ts';
import { type Answer, faultOf } from './answers.ts';
import type { Outcome, Shot } from './shot.ts';

export interface World {
  token: string;
  folder: string;
  /** Somebody else's session. */
  theirFolder: string;
  /** Own unfinished uploads, and how far they are said to be. */
  live: Map<string, number>;
  /** An own upload that is whole and placed. */
  finished: string;
  /** Somebody else's uploads. */
  theirs: readonly string[];
}

/** The last part of an upload's address. */
export const idOf = (location: string): string => location.split('/').at(-1) ?? '';

/** A session to be fuzzed, with an upload of each kind in it. */
export async function openWorld(
  server: TestServer,
  name: string,
  others: Pick<World, 'theirFolder' | 'theirs'>,
): Promise<World> {
  const candidate = await openCandidate(server, name);
  const tus = candidate.tus(server);
  const finished = await tus.begin();
  await tus.patch(finished, 0, recording(2_000), { length: 2_000 });
  const live = new Map([[idOf(await tus.begin()), 0]]);
  return { token: candidate.token, folder: candidate.folder, live, finished: idOf(finished), ...others };
}

/** What an answer tells of own uploads. */
export function learn({ live }: World, { target }: Shot, answer: Answer | undefined): void {
  if (!answer) return;
  const created = answer.headers.get('location');
  const offset = answer.headers.get('upload-offset');
  if (answer.status === 201 && created) live.set(idOf(created), Number(offset ?? 0));
  const id = idOf(target);
  if (!live.has(id)) return;
  if (offset !== undefined) live.set(id, Number(offset));
  const removed = answer.status === 204 && offset === undefined;
  if (removed || [404, 415].includes(answer.status) || answer.headers.get('upload-complete') === '?1') live.delete(id);
}

/** What anybody may hear of somebody else's upload; OPTIONS, also as an override, tells of the server alone. */
const SAYS_NOTHING = [400, 401, 404, 412, 417, 429, 431];

/** What is wrong with an outcome; null where all is right. */
export function faultIn(world: World, shot: Shot, { answers, closed }: Outcome, dataDir: string): string | null {
  if (shot.whole && !shot.malformed && answers.length === 0)
    return `a whole request got no answer: the connection was ${closed ? 'closed' : 'left open'}`;
  for (const answer of answers) {
    const fault = faultOf(answer, dataDir);
    if (fault) return fault;
  }
  const isTheirs = shot.methods.length === 1 && world.theirs.some((id) => shot.target.includes(id));
  const told = answers.find((answer) => !SAYS_NOTHING.includes(answer.status) && !answer.headers.has('tus-extension'));
  return isTheirs && told ? `somebody else’s upload was told of: ${told.status}` : null;
}
