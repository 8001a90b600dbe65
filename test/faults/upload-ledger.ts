/** A client's knowledge about one upload, and checks of a restarted server against it. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Candidate } from '../support/server/candidate.ts';
import { recording, reprDigest, type Tus, until } from '../support/tus/tus.ts';

/** One upload, as its client knows it. */
export interface Upload {
  takeId: string;
  question: number;
  /** The whole answer. */
  bytes: Buffer<ArrayBuffer>;
  /** Whether a POST was sent. */
  asked: boolean;
  /** From a 201; null before. */
  location: string | null;
  /** The offset at which the client continues. */
  at: number;
  /** The largest offset of any response. */
  acknowledged: number;
  /** Number of bytes, from the start, that may have reached the server. */
  sent: number;
  /** Whether a PATCH with the length was sent. */
  declared: boolean;
  /** Whether a response had `?1`. */
  whole: boolean;
  removal: 'none' | 'asked' | 'done';
}

/** An upload of `sizeBytes` random bytes that has not been created at the server. */
export function newUpload(question: number, sizeBytes: number): Upload {
  return {
    takeId: randomUUID(),
    question,
    bytes: recording(sizeBytes),
    asked: false,
    location: null,
    at: 0,
    acknowledged: 0,
    sent: 0,
    declared: false,
    whole: false,
    removal: 'none',
  };
}

/** Applies a response's headers: the offset, and whether the upload is whole. */
export function applyHeaders(upload: Upload, headers: Headers): void {
  const offset = headers.get('upload-offset');
  if (offset !== null) upload.at = Number(offset);
  upload.acknowledged = Math.max(upload.acknowledged, upload.at);
  if (headers.get('upload-complete') === '?1') upload.whole = true;
}

/** Asks the server for an upload and reads its file, and updates the upload; returns a line for each broken promise. */
export async function checkUpload(candidate: Candidate, tus: Tus, upload: Upload): Promise<string[]> {
  const broken: string[] = [];
  const claim = (kept: boolean, words: string) => {
    if (!kept) broken.push(`question ${upload.question}, ${upload.location}: ${words}`);
  };
  if (!upload.asked) return broken;
  if (!upload.location) {
    const again = await tus.create(upload);
    claim(again.status === 201, `the repeated POST is ${again.status}`);
    upload.location = again.headers.get('location');
    if (!upload.location) return broken;
  }
  const head = await tus.head(upload.location);
  if (upload.removal !== 'none' && head.status === 404) {
    upload.removal = 'done';
    return broken;
  }
  claim(upload.removal !== 'done', `deleted, and HEAD is ${head.status}`);
  claim(head.status === 200, `HEAD is ${head.status}, ${upload.acknowledged} acknowledged bytes are lost`);
  if (head.status !== 200) return broken;

  const known = { ...upload };
  applyHeaders(upload, head.headers);
  const { at: offset, bytes } = upload;
  const complete = head.headers.get('upload-complete') === '?1';
  claim(
    offset >= known.acknowledged,
    `${known.acknowledged - offset} of ${known.acknowledged} acknowledged bytes are lost`,
  );
  claim(offset <= known.sent, `offset ${offset}, and only ${known.sent} bytes were sent`);
  claim(complete || !known.whole, 'it was ?1 and is not any more');
  if (complete) {
    claim(known.declared && offset === bytes.length, `?1 at ${offset} of ${bytes.length} bytes`);
    claim(head.headers.get('repr-digest') === reprDigest(bytes), 'another digest');
  } else if (head.headers.get('upload-length') !== String(offset)) {
    const onDisk = await readFile(candidate.uploadFile(upload.location)).catch(() => Buffer.alloc(0));
    claim(onDisk.subarray(0, offset).equals(bytes.subarray(0, offset)), `other bytes in the file of ${onDisk.length}`);
  }
  return broken;
}

interface MetaEntry {
  questionIndex: number;
  fileName: string;
  sha256: string;
  bytes: number;
}

/**
 * Compares a session folder with the uploads: `meta.json` can be read, lists each answer once and correctly, lists every
 * upload that was `?1` and none that can't be whole. Returns a line for each broken promise.
 * @param all true once every upload is `?1`: then the folder may hold nothing else
 */
export async function checkFolder({ path: folder }: Candidate, uploads: Upload[], all: boolean): Promise<string[]> {
  const broken: string[] = [];
  const text = await readFile(path.join(folder, 'meta.json'), 'utf8').catch(String);
  let meta: { files: MetaEntry[]; takes: MetaEntry[] };
  try {
    meta = JSON.parse(text) as typeof meta;
  } catch {
    return [`meta.json can't be read: ${text.slice(0, 80)}`];
  }
  const entries = [...meta.files, ...meta.takes];
  const claim = (kept: boolean, words: string) => {
    if (!kept) broken.push(`${path.basename(folder)}: ${words}`);
  };
  const repeated = (values: unknown[]) => values.length - new Set(values).size;
  claim(repeated(meta.files.map((entry) => entry.questionIndex)) === 0, 'two entries for one question');
  claim(repeated(entries.map((entry) => entry.fileName)) === 0, 'two entries for one file');
  claim(repeated(entries.map((entry) => entry.sha256)) === 0, 'one take under two names');
  for (const { fileName, sha256, bytes } of entries) {
    const file = await readFile(path.join(folder, fileName)).catch(() => Buffer.alloc(0));
    claim(file.length === bytes && hex(file) === sha256, `${fileName} is not as meta.json says`);
  }
  const listed = new Set(entries.map((entry) => entry.sha256));
  for (const upload of uploads.filter(({ removal }) => removal === 'none')) {
    const known = listed.delete(hex(upload.bytes));
    claim(known || !upload.whole, `${upload.location} was ?1, and meta.json does not list it`);
    claim(!known || upload.declared, `${upload.location} was never whole, and meta.json lists it`);
  }
  claim(listed.size === 0, `${listed.size} entries that no client sent`);
  if (!all) return broken;

  const expected = ['meta.json', ...entries.map((entry) => entry.fileName)].sort();
  let names: string[] = [];
  // A job may just be replacing meta.json: only what stays is too much.
  await until(async () => {
    names = (await readdir(folder, { recursive: true })).filter((name) => name !== 'takes').sort();
    return names.join() === expected.join();
  }).catch(() => {});
  claim(names.join() === expected.join(), `it holds ${names}, not ${expected}`);
  for (const { questionIndex, sha256 } of meta.files) {
    const last = uploads.findLast((upload) => upload.question === questionIndex && upload.whole);
    claim(last !== undefined && hex(last.bytes) === sha256, `Q${questionIndex} is not the last take`);
  }
  return broken;
}

/**
 * Reads every `meta.json` as a crash has left it, before a server repairs it: the file is replaced in one step, so each can
 * be read. Only the folder of a session that has just started may lack it. Returns a line for each that can't be read.
 */
export async function checkMetas(dataDir: string): Promise<string[]> {
  const broken: string[] = [];
  for (const name of await readdir(path.join(dataDir, 'sessions'))) {
    const folder = path.join(dataDir, 'sessions', name);
    const names = await readdir(folder);
    if (!names.includes('meta.json') && !names.some((file) => file.startsWith('Q'))) continue;
    const text = await readFile(path.join(folder, 'meta.json'), 'utf8').catch(String);
    try {
      JSON.parse(text);
    } catch {
      broken.push(`${name}: meta.json was left as ${JSON.stringify(text.slice(0, 80))}`);
    }
  }
  return broken;
}

/** SHA-256 in hex, as the catalog and `meta.json` store it. */
export function hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
