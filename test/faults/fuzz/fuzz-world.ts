/** The candidates and uploads that fuzzed requests are about; it is updated from the responses. */

import { openCandidate } from '../../support/server/candidate.ts';
import type { TestServer } from '../../support/server/server.ts';
import { recording } from '../../support/tus/tus.ts';
import type { FuzzRequest } from './draft.ts';
import { type FuzzResponse, faultOf, type Outcome } from './responses.ts';

/** One fuzzed session, and what another candidate has. */
export interface World {
  token: string;
  folder: string;
  /** The folder of another candidate's session. */
  theirFolder: string;
  /** Own unfinished uploads, with their last known offsets. */
  live: Map<string, number>;
  /** An own upload that is finished. */
  finished: string;
  /** Another candidate's uploads. */
  theirs: readonly string[];
}

/** The id in an upload's path: its last part. */
export const idOf = (location: string): string => location.split('/').at(-1) ?? '';

/** Starts a session to be fuzzed, with a finished and an unfinished upload. */
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

/** Updates the own uploads from a response. */
export function learn({ live }: World, { target }: FuzzRequest, response: FuzzResponse | undefined): void {
  if (!response) return;
  const created = response.headers.get('location');
  const offset = response.headers.get('upload-offset');
  if (response.status === 201 && created) live.set(idOf(created), Number(offset ?? 0));
  const id = idOf(target);
  if (!live.has(id)) return;
  if (offset !== undefined) live.set(id, Number(offset));
  const removed = response.status === 204 && offset === undefined;
  if (removed || [404, 415].includes(response.status) || response.headers.get('upload-complete') === '?1')
    live.delete(id);
}

/** The only statuses that a request for another candidate's upload may get; OPTIONS, also as an override, is about the server. */
const SAYS_NOTHING = [400, 401, 404, 412, 417, 429, 431];

/** Describes the fault in an outcome; null without one. */
export function faultIn(
  world: World,
  request: FuzzRequest,
  { responses, closed }: Outcome,
  dataDir: string,
): string | null {
  if (request.whole && !request.malformed && responses.length === 0)
    return `a whole request got no response: the connection was ${closed ? 'closed' : 'left open'}`;
  // A request like a person's, for an address that leads nowhere, gets a page in words; the tus endpoint has no pages.
  const asPerson =
    request.methods.some((method) => method === 'GET' || method === 'HEAD') &&
    !request.target.startsWith('/files') &&
    /\naccept:[^\n]*text\/html/i.test(request.bytes.toString('latin1'));
  for (const response of responses) {
    const fault = faultOf(response, dataDir, asPerson);
    if (fault) return fault;
  }
  // The response to OPTIONS outside of the tus endpoint: the same for every path. A DELETE's 204 has Tus-Resumable.
  const isPreflight = ({ status, headers }: FuzzResponse) =>
    request.methods[0] === 'OPTIONS' && status === 204 && !headers.has('tus-resumable');
  const isTheirs = request.methods.length === 1 && world.theirs.some((id) => request.target.includes(id));
  const forbidden = responses.find(
    (response) =>
      !SAYS_NOTHING.includes(response.status) && !response.headers.has('tus-extension') && !isPreflight(response),
  );
  return isTheirs && forbidden ? `a response about another candidate’s upload: ${forbidden.status}` : null;
}
