/** A recording that another candidate sends meanwhile, piece by piece. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { recording, type Tus } from '../../support/tus/tus.ts';

const PIECE_BYTES = 4_000;
const PAUSE_MS = 50;

/** Sends pieces until `end`, which throws if a piece was refused. */
export async function beginGoodUpload(tus: Tus) {
  const location = await tus.begin();
  const hash = createHash('sha256');
  let bytes = 0;
  let ended = false;
  const send = async () => {
    while (!ended) {
      const piece = recording(PIECE_BYTES);
      const response = await tus.patch(location, bytes, piece);
      if (response.status !== 204) throw new Error(`the good upload: ${response.status} ${await response.text()}`);
      hash.update(piece);
      bytes += piece.length;
      await sleep(PAUSE_MS);
    }
  };
  const sending = send();
  // `end` throws the error; until then no caller awaits it.
  sending.catch(() => {});
  return {
    location,
    /** Finishes the answer; returns the server's digest of it and ours. */
    async end(): Promise<{ bytes: number; digest: string | null; sent: string }> {
      ended = true;
      await sending;
      const last = await tus.patch(location, bytes, new Uint8Array(), { length: bytes });
      return { bytes, digest: last.headers.get('repr-digest'), sent: `sha-256=:${hash.digest('base64')}:` };
    },
  };
}
