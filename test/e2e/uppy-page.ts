/** A page of another site: it records the camera and sends the recording with @uppy/tus. Bundled by `uppy.spec.ts`. */
import Uppy, { type Body, type Meta } from '@uppy/core';
import Tus, { type TusOpts } from '@uppy/tus';

/** A request of the upload and its response, with the headers that the browser lets a page of another origin read. */
export interface Exchange {
  method: string;
  /** `Upload-Offset` of the request. */
  from: string | null;
  status: number;
  body: string;
  headers: Record<string, string | null>;
}

/** How an upload ended. */
export interface Outcome {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  exchanges: Exchange[];
  /** Uppy's message for an upload that failed; null when the upload succeeded. */
  failure: string | null;
}

type Options = Pick<
  Partial<TusOpts<Meta, Body>>,
  'addRequestId' | 'chunkSize' | 'overridePatchMethod' | 'retryDelays' | 'uploadDataDuringCreation'
>;

const HEADERS = [
  ...['Location', 'Upload-Offset', 'Upload-Length', 'Upload-Metadata', 'Upload-Expires', 'Tus-Resumable'],
  ...['Upload-Complete', 'Repr-Digest', 'Retry-After'],
];
const TYPE = 'video/webm;codecs=vp8,opus';

async function record(minBytes: number): Promise<Blob> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  const recorder = new MediaRecorder(stream, { mimeType: TYPE, videoBitsPerSecond: 2_500_000 });
  const parts: Blob[] = [];
  const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve));
  recorder.addEventListener('dataavailable', ({ data }) => {
    parts.push(data);
    if (recorder.state === 'recording' && new Blob(parts).size >= minBytes) recorder.stop();
  });
  recorder.start(200);
  await stopped;
  for (const track of stream.getTracks()) track.stop();
  return new Blob(parts, { type: TYPE });
}

async function hexDigest(blob: Blob): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const foreign = {
  /** Records at least `minBytes` and sends the recording. */
  async send(
    order: { endpoint: string; token: string; folder: string; question: number; minBytes: number },
    options: Options = {},
  ): Promise<Outcome> {
    const { endpoint, token, folder, question, minBytes } = order;
    const data = await record(minBytes);
    const exchanges: Exchange[] = [];
    let failure: Outcome['failure'] = null;
    const uppy = new Uppy().use(Tus, {
      endpoint,
      headers: { Authorization: `Bearer ${token}` },
      retryDelays: [100, 300, 1000],
      allowedMetaFields: ['folder', 'questionIndex', 'filetype'],
      onAfterResponse(request, response) {
        exchanges.push({
          method: request.getMethod(),
          from: request.getHeader('Upload-Offset') ?? null,
          status: response.getStatus(),
          body: response.getBody(),
          headers: Object.fromEntries(HEADERS.map((name) => [name, response.getHeader(name) ?? null])),
        });
      },
      onError(error) {
        failure = error.message;
      },
      ...options,
    });
    uppy.addFile({ name: 'answer.webm', type: 'video/webm', data, meta: { folder, questionIndex: String(question) } });
    await uppy.upload();
    uppy.destroy();
    return { bytes: data.size, sha256: await hexDigest(data), exchanges, failure };
  },
};

/** What the page offers to `page.evaluate`. */
export type Foreign = typeof foreign;
Object.assign(window, { foreign });
