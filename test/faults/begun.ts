/** A server whose disk is about to fail, with an upload that is under way. */
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { spawnServer, type TestServer } from '../support/server.ts';
import { recording, refusalOf, reprDigest, type Tus } from '../support/tus.ts';
import { type Candidate, openCandidate } from './candidate.ts';

/** Bytes that are acknowledged, of so many in all. */
export const BEGUN = 100_000;
export const ALL = 300_000;
export const empty = new Uint8Array();

export interface Begun {
  server: TestServer;
  candidate: Candidate;
  tus: Tus;
  bytes: Buffer<ArrayBuffer>;
  location: string;
  /** The upload's file. */
  file: string;
}

/** A server for this test alone, with one upload, of which a third is acknowledged. */
export async function begin(dataDir: string, env: Record<string, string> = {}): Promise<Begun> {
  const server = await spawnServer({ dataDir, env });
  onTestFinished(() => server.stop());
  const candidate = await openCandidate(server, 'Anna');
  const tus = candidate.tus(server);
  const bytes = recording(ALL);
  const location = await tus.begin();
  expect((await tus.patch(location, 0, bytes.subarray(0, BEGUN))).status).toBe(204);
  return { server, candidate, tus, bytes, location, file: candidate.uploadFile(location) };
}

/** What HEAD tells. */
export const offsetOf = async (tus: Tus, location: string) =>
  Number((await tus.head(location)).headers.get('upload-offset'));

/** The refusal that a client waits for and repeats. */
export async function expectRefused(response: Response, status: number, code: string): Promise<void> {
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refusalOf(response)).toMatchObject({ status, code });
}

/** From where the server is to `?1`, with the right digest and file. */
export async function goOn({ tus, bytes, location, candidate }: Begun): Promise<void> {
  const offset = await offsetOf(tus, location);
  expect((await tus.patch(location, offset, bytes.subarray(offset))).status).toBe(204);
  const last = await tus.patch(location, ALL, empty, { length: ALL });
  expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
}
