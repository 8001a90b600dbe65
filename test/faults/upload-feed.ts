/** Feeds several uploads at once, until the server dies. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Candidate } from '../support/server/candidate.ts';
import type { TestServer } from '../support/server/server.ts';
import type { Tus } from '../support/tus/tus.ts';
import { applyHeaders, checkFolder, checkUpload, newUpload, type Upload } from './upload-ledger.ts';

/** So many of an upload's bytes are noise that no two uploads are equal: each is told from the others by its digest. */
const SMALLEST_BYTES = 20;
const LARGEST_BYTES = 250_000;

/** A running feed of one candidate's uploads. */
export interface Feed {
  /** Acknowledged work so far; `steps` counts all requests of the clients. */
  counts: { steps: number; patches: number; bytes: number; answers: number; deletions: number };
  /**
   * Feeds all uploads until `ended`.
   * @throws Error for a response that is not allowed
   */
  run(server: Pick<TestServer, 'url'>, ended: () => boolean): Promise<void>;
  /** Checks the promises about the newest uploads; returns a line for each broken promise. */
  check(server: Pick<TestServer, 'url'>): Promise<string[]>;
  /** Brings every upload to `?1`, and checks all of them: the session folder has the answers and nothing else. */
  complete(server: Pick<TestServer, 'url'>): Promise<string[]>;
}

/** Feeds one upload after another for each of the candidate's five questions. */
export function createFeed(candidate: Candidate, random: () => number): Feed {
  const counts = { steps: 0, patches: 0, bytes: 0, answers: 0, deletions: 0 };
  const size = (largest: number) => 1 + Math.floor(random() ** 2 * largest);
  const next = (question: number) => newUpload(question, SMALLEST_BYTES + size(LARGEST_BYTES));
  const lanes = [1, 2, 3, 4, 5].map((question) => [next(question)]);

  const acknowledge = (upload: Upload, headers: Headers) => {
    const before = upload.acknowledged;
    applyHeaders(upload, headers);
    counts.bytes += upload.acknowledged - before;
  };

  async function create(tus: Tus, upload: Upload): Promise<void> {
    const first = upload.location;
    const body = !first && random() < 0.2 ? upload.bytes.subarray(0, size(upload.bytes.length - 1)) : null;
    upload.asked = true;
    upload.sent = Math.max(upload.sent, body?.length ?? 0);
    const { takeId, question } = upload;
    const response = await tus.create({ takeId, question, ...(body ? { body } : {}) });
    requireStatus(response, 201);
    const location = response.headers.get('location');
    if (first && location !== first) throw new Error(`the repeated POST gave ${location}, not ${first}`);
    upload.location = location;
    if (!first) acknowledge(upload, response.headers);
  }

  async function patch(tus: Tus, upload: Upload, location: string, length: number): Promise<void> {
    const { at, bytes } = upload;
    upload.sent = Math.max(upload.sent, at + length);
    const response = await tus.patch(location, at, bytes.subarray(at, at + length));
    // An earlier request that was cut may have been finished only now.
    if (response.status === 409) return ask(tus, upload, location);
    requireStatus(response, 204);
    counts.patches += 1;
    acknowledge(upload, response.headers);
  }

  /** Sends a body in pieces, and often cuts the connection in between. */
  async function patchInPieces(tus: Tus, upload: Upload, location: string, length: number): Promise<void> {
    const from = upload.at;
    const live = await tus.openPatch(location, from, length);
    try {
      for (let done = 0; done < length; ) {
        const piece = Math.min(size(64_000), length - done);
        upload.sent = Math.max(upload.sent, from + done + piece);
        await live.write(upload.bytes.subarray(from + done, from + done + piece));
        done += piece;
        if (random() < 0.25) break;
        await pause(random() * 4);
      }
      if (upload.sent >= from + length && (await live.status) === 204) {
        counts.patches += 1;
        acknowledge(upload, new Headers({ 'Upload-Offset': String(from + length) }));
        return;
      }
      live.socket.end();
    } finally {
      live.socket.destroy();
    }
    await ask(tus, upload, location);
  }

  async function ask(tus: Tus, upload: Upload, location: string): Promise<void> {
    const response = await tus.head(location);
    requireStatus(response, 200);
    acknowledge(upload, response.headers);
  }

  async function finish(tus: Tus, upload: Upload, location: string): Promise<void> {
    upload.declared = true;
    const response = await tus.patch(location, upload.at, new Uint8Array(), { length: upload.bytes.length });
    requireStatus(response, 204);
    acknowledge(upload, response.headers);
    if (!upload.whole) throw new Error(`${location}: the last PATCH was not ?1`);
    counts.answers += 1;
  }

  async function remove(tus: Tus, upload: Upload, location: string): Promise<void> {
    upload.removal = 'asked';
    requireStatus(await tus.remove(location), 204);
    upload.removal = 'done';
    counts.deletions += 1;
  }

  async function step(tus: Tus, upload: Upload): Promise<void> {
    const { location, at, bytes } = upload;
    const dice = random();
    // An upload that may already be whole at the server can't be deleted.
    if (location && (upload.removal === 'asked' || (dice < 0.02 && !upload.declared)))
      return remove(tus, upload, location);
    if (!location || dice < 0.06) return create(tus, upload);
    if (at === bytes.length) return finish(tus, upload, location);
    if (dice < 0.15) return ask(tus, upload, location);
    const length = Math.min(size(random() < 0.5 ? 4_000 : LARGEST_BYTES), bytes.length - at);
    return (dice < 0.4 ? patchInPieces : patch)(tus, upload, location, length);
  }

  /** The current upload of a lane; a new one where the last one is finished or deleted. */
  function current(lane: Upload[]): Upload {
    const last = lane.at(-1) as Upload;
    if (!last.whole && last.removal !== 'done') return last;
    const fresh = next(last.question);
    lane.push(fresh);
    return fresh;
  }

  async function compare(server: Pick<TestServer, 'url'>, some: Upload[], all: boolean): Promise<string[]> {
    const tus = candidate.tus(server);
    const broken = await Promise.all(some.map((upload) => checkUpload(candidate, tus, upload)));
    return [...broken.flat(), ...(await checkFolder(candidate, lanes.flat(), all))];
  }

  return {
    counts,
    async run(server, ended) {
      const tus = candidate.tus(server);
      await Promise.all(
        lanes.map(async (lane) => {
          try {
            for (; !ended(); counts.steps += 1) await step(tus, current(lane));
          } catch (error) {
            if (!ended()) throw error;
          }
        }),
      );
    },
    async check(server) {
      return compare(
        server,
        lanes.flatMap((lane) => lane.slice(-2)),
        false,
      );
    },
    async complete(server) {
      const tus = candidate.tus(server);
      for (const lane of lanes) {
        for (let upload = current(lane); !upload.whole; upload = upload.removal === 'done' ? current(lane) : upload) {
          if (!upload.location) await create(tus, upload);
          else if (upload.removal === 'asked') await remove(tus, upload, upload.location);
          else if (upload.at === upload.bytes.length) await finish(tus, upload, upload.location);
          else await patch(tus, upload, upload.location, upload.bytes.length - upload.at);
        }
      }
      return compare(server, lanes.flat(), true);
    },
  };
}

function requireStatus(response: Response, status: number): void {
  if (response.status !== status) throw new Error(`${response.url}: ${response.status}, not ${status}`);
}
