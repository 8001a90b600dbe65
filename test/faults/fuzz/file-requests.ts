/** Correct requests to `/files`, as a client sends them; mutations are applied later. */

import type { Chance } from '../../support/chance.ts';
import { metadataHeader, recording } from '../../support/tus/tus.ts';
import { type Draft, draft } from './draft.ts';
import type { World } from './fuzz-world.ts';
import { metadataNear, NUMBERS, uploadIdNear } from './values.ts';

const BODY_TYPE = 'application/offset+octet-stream';
const SIZES = [0, 1, 3, 4, 7, 8, 9, 100, 1_000, 4_096, 20_000, 65_536, 65_537, 200_000];

function bodyAt(chance: Chance, offset: number): Buffer<ArrayBuffer> {
  const body = chance.bytes(chance.pick(SIZES));
  // Most bodies begin as a recording does, because others are refused at their first bytes.
  if (offset === 0 && body.length >= 4 && chance.is(0.9)) recording(4).copy(body);
  return body;
}

function authorization(chance: Chance, { token }: World): Record<string, string> {
  if (chance.is(0.03)) return {};
  return { Authorization: `Bearer ${chance.is(0.03) ? chance.uuid() : token}` };
}

/** Draws an upload's id: its owner decides which responses are allowed. */
function uploadId(chance: Chance, world: World): string {
  const live = [...world.live.keys()];
  const own = live.length > 0 ? chance.pick(live) : world.finished;
  const whose = chance.weighted({ live: 55, finished: 10, theirs: 12, near: 23 });
  if (whose === 'live') return own;
  if (whose === 'finished') return world.finished;
  if (whose === 'theirs') return chance.pick(world.theirs);
  return uploadIdNear(chance, chance.pick([own, world.finished, ...world.theirs]));
}

function creation(chance: Chance, world: World): Draft {
  const metadata = {
    folder: chance.is(0.95) ? world.folder : world.theirFolder,
    questionIndex: String(chance.int(1, 5)),
    filetype: 'video/webm',
    ...(chance.is(0.5) ? { takeId: chance.uuid() } : {}),
  };
  const body = chance.is(0.4) ? bodyAt(chance, 0) : Buffer.alloc(0);
  const size: Record<string, string> = chance.is(0.6)
    ? { 'Upload-Defer-Length': '1' }
    : { 'Upload-Length': String(chance.pick([body.length, body.length + 1, 0, 100_000, 500_000_000])) };
  return draft(
    'POST',
    chance.is(0.9) ? '/files' : '/files/',
    {
      'Tus-Resumable': '1.0.0',
      ...authorization(chance, world),
      'Upload-Metadata': chance.is(0.7) ? metadataHeader(metadata) : metadataNear(chance, metadata),
      ...size,
      ...(body.length > 0 ? { 'Content-Type': BODY_TYPE } : {}),
    },
    body,
  );
}

function append(chance: Chance, world: World): Draft {
  const id = uploadId(chance, world);
  const offset = world.live.get(id) ?? chance.pick([0, 10, 1_000]);
  const body = bodyAt(chance, offset);
  const length: Record<string, string> = chance.is(0.12)
    ? { 'Upload-Length': String(chance.pick([offset + body.length, offset + body.length + 1, offset, 0])) }
    : {};
  return draft(
    'PATCH',
    `/files/${id}`,
    {
      'Tus-Resumable': '1.0.0',
      ...authorization(chance, world),
      'Content-Type': BODY_TYPE,
      'Upload-Offset': chance.is(0.85) ? String(offset) : chance.pick([String(offset + 1), ...NUMBERS]),
      ...length,
    },
    body,
  );
}

/** Draws a request to the tus endpoint. */
export function fileRequest(chance: Chance, world: World): Draft {
  const method = chance.weighted({ PATCH: 40, POST: 22, HEAD: 18, DELETE: 7, OPTIONS: 5, GET: 5, PUT: 3 });
  if (method === 'POST') return creation(chance, world);
  if (method === 'PATCH') {
    const of = append(chance, world);
    if (!chance.is(0.1)) return of;
    of.lines.push('X-HTTP-Method-Override: PATCH');
    return { ...of, method: 'POST' };
  }
  const headers = { 'Tus-Resumable': '1.0.0', ...authorization(chance, world) };
  const target = method === 'OPTIONS' && chance.is(0.5) ? '/files' : `/files/${uploadId(chance, world)}`;
  return draft(method, target, headers, chance.is(0.05) ? chance.bytes(100) : Buffer.alloc(0));
}
