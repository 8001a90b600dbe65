/** A recording that somebody else sends meanwhile, piece by piece. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { recording, type Tus } from '../../support/tus.ts';

const PIECE_BYTES = 4_000;
const PAUSE_MS = 50;

/** Sends on until `end`, which throws when a piece was ever refused. */
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
  // Told by `end`; until then nobody listens.
  sending.catch(() => {});
  return {
    location,
    /** Ends the answer; the server's digest of it and ours. */
    async end(): Promise<{ bytes: number; told: string | null; sent: string }> {
      ended = true;
      await sending;
      const last = await tus.patch(location, bytes, new Uint8Array(), { length: bytes });
      return { bytes, told: last.headers.get('repr-digest'), sent: `sha-256=:${hash.digest('base64')}:` };
    },
  };
}
