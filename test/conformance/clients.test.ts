/** Foreign clients on the real server: tus-js-client as published, and curl. @uppy/tus is in test/e2e. */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type HttpRequest, type PreviousUpload, Upload, type UploadOptions, type UrlStorage } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNetwork } from '../support/network/network.ts';
import { type Candidate, openCandidate } from '../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { metadataHeader, recording, reprDigest, until } from '../support/tus/tus.ts';

const SIZE = 1_000_000;

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let work: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let candidate: Candidate;
beforeAll(async () => {
  root = await temporaryFolder();
  work = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path });
  candidate = await openCandidate(server, 'Anna');
  // The server may have to be built first.
}, 60_000);
afterAll(async () => {
  await server.stop();
  await root.remove();
  await work.remove();
});

/** SHA-256 of a file, by a program that is not ours. */
async function sha256sum(file: string): Promise<string> {
  return (await promisify(execFile)('sha256sum', [file])).stdout.slice(0, 64);
}

/** Checks that the stored answer of a question is what was sent. */
async function isPlaced(question: number, bytes: Uint8Array): Promise<void> {
  const sent = `${work.path}/sent.webm`;
  await writeFile(sent, bytes);
  expect(await sha256sum(`${candidate.path}/Q${question}.webm`)).toBe(await sha256sum(sent));
}

describe('tus-js-client', () => {
  /** Requests and their responses, in order. */
  interface Exchange {
    method: string;
    offset: string | undefined;
    status: number;
    complete: string | undefined;
    digest: string | undefined;
  }

  interface Sent {
    exchanges: Exchange[];
    url: string;
  }

  /** Sends with the library's own options; `whole` resolves with its `onSuccess`. */
  function send(file: Buffer | Readable, question: number, options: UploadOptions = {}) {
    const exchanges: Exchange[] = [];
    const upload = new Upload(file, {
      endpoint: `${server.url}/files`,
      headers: { Authorization: `Bearer ${candidate.token}` },
      metadata: { folder: candidate.folder, questionIndex: String(question), filetype: 'video/webm' },
      retryDelays: [50, 100, 200, 400, 800],
      ...options,
      onAfterResponse(request: HttpRequest, response) {
        exchanges.push({
          method: request.getMethod(),
          offset: request.getHeader('Upload-Offset'),
          status: response.getStatus(),
          complete: response.getHeader('Upload-Complete'),
          digest: response.getHeader('Repr-Digest'),
        });
      },
    });
    const whole = new Promise<Sent>((resolve, reject) => {
      upload.options.onError = reject;
      upload.options.onSuccess = () => resolve({ exchanges, url: upload.url ?? '' });
    });
    return { upload, whole, exchanges };
  }

  const methods = ({ exchanges }: Sent) => exchanges.map(({ method, status }) => `${method} ${status}`);

  test('a Buffer in pieces', async () => {
    const bytes = recording(SIZE);
    const { upload, whole } = send(bytes, 1, { chunkSize: 400_000 });
    upload.start();
    const sent = await whole;
    expect(methods(sent)).toEqual(['POST 201', 'PATCH 204', 'PATCH 204', 'PATCH 204']);
    expect(sent.exchanges.at(-1)).toMatchObject({ offset: '800000', complete: '?1', digest: reprDigest(bytes) });
    await isPlaced(1, bytes);
  });

  test('a Buffer whose first piece is sent with the creation', async () => {
    const bytes = recording(SIZE);
    const { upload, whole } = send(bytes, 1, { chunkSize: 400_000, uploadDataDuringCreation: true });
    upload.start();
    const sent = await whole;
    expect(methods(sent)).toEqual(['POST 201', 'PATCH 204', 'PATCH 204']);
    await isPlaced(1, bytes);
  });

  test('a Buffer that is sent whole with the creation', async () => {
    const bytes = recording(SIZE);
    const { upload, whole } = send(bytes, 1, { uploadDataDuringCreation: true });
    upload.start();
    const sent = await whole;
    expect(methods(sent)).toEqual(['POST 201']);
    expect(sent.exchanges[0]).toMatchObject({ complete: '?1', digest: reprDigest(bytes) });
    await isPlaced(1, bytes);
  });

  test('a stream of unknown length', async () => {
    const bytes = recording(SIZE);
    const pieces = Array.from({ length: 50 }, (_, at) => bytes.subarray((at * SIZE) / 50, ((at + 1) * SIZE) / 50));
    const stream = Readable.from(pieces, { objectMode: false });
    const { upload, whole } = send(stream, 2, { chunkSize: 300_000, uploadLengthDeferred: true });
    upload.start();
    const sent = await whole;
    expect(sent.exchanges.filter(({ method }) => method === 'PATCH').length).toBeGreaterThan(3);
    expect(sent.exchanges.at(-1)).toMatchObject({ complete: '?1', digest: reprDigest(bytes) });
    await isPlaced(2, bytes);
  });

  test('a file on disk, in one PATCH, by POST with an overridden method', async () => {
    const bytes = recording(SIZE);
    await writeFile(`${work.path}/file.webm`, bytes);
    const { upload, whole } = send(createReadStream(`${work.path}/file.webm`), 2, { overridePatchMethod: true });
    upload.start();
    expect(methods(await whole)).toEqual(['POST 201', 'POST 204']);
    await isPlaced(2, bytes);
  });

  test('aborted half-way and resumed by another object, from the same offset', async () => {
    const bytes = recording(SIZE);
    const urlStorage = createUrlStorage();
    const options = { chunkSize: 200_000, urlStorage };
    const first = send(bytes, 3, options);
    await new Promise<void>((resolve, reject) => {
      first.upload.options.onError = reject;
      first.upload.options.onChunkComplete = (_size, accepted) => {
        if (accepted === 400_000) first.upload.abort().then(resolve, reject);
      };
      first.upload.start();
    });

    const second = send(bytes, 3, options);
    const [previous, ...others] = await second.upload.findPreviousUploads();
    if (!previous) throw new Error('the library kept no URL of the aborted upload');
    expect(others).toEqual([]);
    second.upload.resumeFromPreviousUpload(previous);
    second.upload.start();
    const sent = await second.whole;
    expect(methods(sent)).toEqual(['HEAD 200', 'PATCH 204', 'PATCH 204', 'PATCH 204']);
    expect(sent.exchanges[1]?.offset).toBe('400000');
    expect(sent.url).toBe(first.upload.url);
    await isPlaced(3, bytes);
  });

  test('a connection that breaks in mid-PATCH: it continues by itself, and no byte that arrived is sent again', async () => {
    const bytes = recording(SIZE);
    const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
    try {
      relay.setCut({ times: 1, how: 'fin', match: (head, body) => head.startsWith('PATCH') && body >= 600_000 });
      const { upload, whole } = send(bytes, 3, { endpoint: `${relay.url}/files` });
      upload.start();
      const sent = await whole;
      expect(relay.stats.cuts).toBe(1);
      expect(methods(sent)).toEqual(['POST 201', 'HEAD 200', 'PATCH 204']);
      expect(Number(sent.exchanges.at(-1)?.offset)).toBeGreaterThan(570_000);
      await isPlaced(3, bytes);
    } finally {
      await relay.close();
    }
  });

  test('aborted with termination: the upload is gone', async () => {
    const { upload } = send(recording(SIZE), 3, { chunkSize: 200_000 });
    await new Promise<void>((resolve, reject) => {
      upload.options.onError = reject;
      upload.options.onChunkComplete = () => void upload.abort(true).then(resolve, reject);
      upload.start();
    });
    expect((await candidate.tus(server).head(upload.url ?? '')).status).toBe(404);
  });

  /** Stores upload URLs as localStorage does in browsers. */
  function createUrlStorage(): UrlStorage {
    const uploads = new Map<string, PreviousUpload & { fingerprint: string }>();
    return {
      findAllUploads: async () => [...uploads.values()],
      findUploadsByFingerprint: async (fingerprint) =>
        [...uploads.values()].filter((upload) => upload.fingerprint === fingerprint),
      removeUpload: async (key) => void uploads.delete(key),
      async addUpload(fingerprint, upload) {
        uploads.set(fingerprint, { ...upload, fingerprint, urlStorageKey: fingerprint });
        return fingerprint;
      },
    };
  }
});

describe('curl', () => {
  /** Runs curl on the endpoint; returns its exit status, and the status of the last response. */
  async function curl(path: string, ...args: string[]) {
    const all = ['-sS', '-D', '-', '-o', '/dev/null', '-H', `Authorization: Bearer ${candidate.token}`];
    const version = ['-H', 'Tus-Resumable: 1.0.0'];
    const { exit, stdout } = await promisify(execFile)('curl', [
      ...all,
      ...version,
      ...args,
      `${server.url}${path}`,
    ]).then(
      ({ stdout }) => ({ exit: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ exit: code, stdout }),
    );
    // Another head follows each `100 Continue`; the last final one counts.
    const head = stdout.split('\r\n\r\n').findLast((text) => /^HTTP\/1\.1 [2-5]/.test(text)) ?? '';
    const header = (name: string) => head.match(new RegExp(`^${name}: ([^\r\n]*)`, 'im'))?.[1];
    return { exit, status: Number(head.slice(9, 12)), header };
  }

  const create = (question: number, size: number) => {
    const metadata = metadataHeader({
      folder: candidate.folder,
      questionIndex: String(question),
      filetype: 'video/webm',
    });
    return curl('/files', '-X', 'POST', '-H', `Upload-Length: ${size}`, '-H', `Upload-Metadata: ${metadata}`);
  };
  const patch = async (path: string, offset: number, bytes: Uint8Array, ...args: string[]) => {
    await writeFile(`${work.path}/piece`, bytes);
    const type = ['-H', 'Content-Type: application/offset+octet-stream', '-H', `Upload-Offset: ${offset}`];
    return curl(path, '-X', 'PATCH', ...type, '--data-binary', `@${work.path}/piece`, ...args);
  };

  test('the whole life of an upload: created, sent in pieces, cut, queried, resumed, complete', async () => {
    const bytes = recording(4_000_000);
    const created = await create(4, bytes.length);
    expect([created.exit, created.status]).toEqual([0, 201]);
    const location = created.header('Location') ?? '';

    const first = await patch(location, 0, bytes.subarray(0, 500_000));
    expect([first.status, first.header('Upload-Offset')]).toEqual([204, '500000']);

    // 28: curl's time limit. The rest would take about 9 s.
    const cut = await patch(location, 500_000, bytes.subarray(500_000), '--limit-rate', '400k', '--max-time', '2');
    expect([cut.exit, cut.status]).toEqual([28, 0]);
    const offset = async () => Number((await curl(location, '-I')).header('Upload-Offset'));
    await until(async () => (await offset()) > 500_000);
    // Not 500,000: the first HEAD may have told it, and an offset that was told is accepted.
    const stale = await patch(location, 400_000, bytes.subarray(400_000, 500_000));
    expect(stale.status).toBe(409);

    const asked = await curl(location, '-I');
    expect(asked.status).toBe(200);
    expect(asked.header('Upload-Complete')).toBe('?0');
    expect(asked.header('Upload-Length')).toBe('4000000');
    const kept = Number(asked.header('Upload-Offset'));
    expect(kept).toBeLessThan(4_000_000);
    const last = await patch(location, kept, bytes.subarray(kept));
    expect([last.exit, last.status, last.header('Upload-Offset')]).toEqual([0, 204, '4000000']);
    const whole = await curl(location, '-I');
    expect([whole.header('Upload-Complete'), whole.header('Repr-Digest')]).toEqual(['?1', reprDigest(bytes)]);
    await isPlaced(4, bytes);
  });

  test('DELETE of an unfinished upload', async () => {
    const location = (await create(5, 1_000)).header('Location') ?? '';
    expect((await patch(location, 0, recording(500))).status).toBe(204);
    expect((await curl(location, '-X', 'DELETE')).status).toBe(204);
    expect((await curl(location, '-I')).status).toBe(404);
  });

  test('OPTIONS without a bearer', async () => {
    const options = await curl('/files', '-X', 'OPTIONS', '-H', 'Authorization:', '-H', 'Tus-Resumable:');
    expect([options.status, options.header('Tus-Version')]).toEqual([204, '1.0.0']);
  });
});
