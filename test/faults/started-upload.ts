/** An upload in progress on a server whose disk is about to fail. */
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { type Candidate, openCandidate } from '../support/server/candidate.ts';
import { spawnServer, type TestServer } from '../support/server/server.ts';
import { recording, refusalOf, reprDigest, type Tus } from '../support/tus/tus.ts';

/** Bytes of the upload that are acknowledged at the start. */
export const BEGUN = 100_000;
/** Bytes of the whole upload. */
export const ALL = 300_000;
/** A body without bytes. */
export const empty = new Uint8Array();

/** An upload, its owner and its server. */
export interface StartedUpload {
  server: TestServer;
  candidate: Candidate;
  tus: Tus;
  bytes: Buffer<ArrayBuffer>;
  location: string;
  /** The upload's file. */
  file: string;
}

/** Starts a server for one test, with one upload of which a third is acknowledged. */
export async function begin(dataDir: string, env: Record<string, string> = {}): Promise<StartedUpload> {
  const server = await spawnServer({ dataDir, env });
  onTestFinished(() => server.stop());
  const candidate = await openCandidate(server, 'Anna');
  const tus = candidate.tus(server);
  const bytes = recording(ALL);
  const location = await tus.begin();
  expect((await tus.patch(location, 0, bytes.subarray(0, BEGUN))).status).toBe(204);
  return { server, candidate, tus, bytes, location, file: candidate.uploadFile(location) };
}

/** The offset that HEAD returns. */
export const offsetOf = async (tus: Tus, location: string) =>
  Number((await tus.head(location)).headers.get('upload-offset'));

/** Checks a problem after which the client waits and repeats its request. */
export async function expectRefused(response: Response, status: number, code: string): Promise<void> {
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refusalOf(response)).toMatchObject({ status, code });
}

/** Continues from the server's offset to `?1`, and checks the digest and the file. */
export async function goOn({ tus, bytes, location, candidate }: StartedUpload): Promise<void> {
  const offset = await offsetOf(tus, location);
  expect((await tus.patch(location, offset, bytes.subarray(offset))).status).toBe(204);
  const last = await tus.patch(location, ALL, empty, { length: ALL });
  expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
}
