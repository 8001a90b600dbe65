/** Requests to all paths except `/files`: JSON, forms, pages, and paths that do not exist. */
import type { Chance } from '../../support/chance.ts';
import { type Draft, draft } from './draft.ts';
import type { World } from './fuzz-world.ts';
import { NAMES, NUMBERS } from './values.ts';

const JSON_PATHS = ['/api/verify-token', '/api/session/start', '/api/session/finish'] as const;

/** Values that replace a field's right value. */
const STRANGE: ReadonlyArray<unknown> = [
  null,
  true,
  0,
  -1,
  1.5,
  1e21,
  2 ** 53,
  [],
  ['a'],
  {},
  { toString: 'x' },
  '',
  ...NAMES,
  ...NUMBERS,
];

function jsonBody(chance: Chance, world: World): string {
  const fields: Record<string, unknown> = {
    token: chance.is(0.5) ? world.token : chance.uuid(),
    userName: 'Fuzz',
    folder: chance.is(0.8) ? world.folder : world.theirFolder,
    questionsCount: 5,
  };
  for (let count = chance.int(0, 2); count > 0; count--)
    fields[chance.pick([...Object.keys(fields), '__proto__', 'constructor'])] = chance.pick(STRANGE);
  const text = JSON.stringify(fields);
  return chance.pick([
    () => text,
    () => text,
    () => text,
    () => text.slice(0, chance.int(0, text.length)),
    () => `\ufeff${text}`,
    () => `{"__proto__": ${text}, "token": "abcd"}`,
    () => `${text}${text}`,
    () => '['.repeat(30_000),
    () => `{"token": ${'{"a":'.repeat(9_000)}`,
    () => `{"token": "${'x'.repeat(70_000)}"}`,
    () => `{"token": "\\ud800", "userName": "\\u0000"}`,
    () => JSON.stringify(chance.pick(STRANGE)),
    () => 'NaN',
    () => '',
  ])();
}

function json(chance: Chance, world: World): Draft {
  const body = Buffer.from(jsonBody(chance, world));
  const type = chance.pick([
    'application/json',
    'application/json',
    'text/plain',
    'application/json; charset=utf-16',
    '',
  ]);
  const method = chance.is(0.9) ? 'POST' : chance.pick(['GET', 'PUT', 'HEAD', 'DELETE']);
  return draft(method, chance.pick(JSON_PATHS), { 'Content-Type': type }, chance.is(0.05) ? chance.bytes(500) : body);
}

function form(chance: Chance, world: World): Draft {
  const boundary = chance.pick(['x', 'x', '----WebKitFormBoundary', `${'b'.repeat(70)}`, "a'()+_,-./:=? b"]);
  const text = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const fields = [
    text('token', chance.is(0.8) ? world.token : chance.uuid()),
    text('folder', chance.is(0.9) ? world.folder : world.theirFolder),
    text('questionIndex', chance.is(0.8) ? String(chance.int(1, 5)) : chance.pick(NUMBERS)),
  ];
  if (chance.is(0.1)) fields.splice(chance.int(0, 2), 1);
  if (chance.is(0.1)) fields.push(text(chance.pick(NAMES), chance.pick(NAMES)));
  if (chance.is(0.05)) fields.push(...Array.from({ length: 40 }, () => text('token', 'x')));
  const bytes = chance.bytes(chance.pick([0, 3, 8, 1_000, 70_000]));
  if (bytes.length >= 4 && chance.is(0.3)) bytes.writeUInt32BE(0x1a45dfa3, 0);
  const name = chance.is(0.9) ? 'video' : chance.pick(['file', '__proto__', '']);
  const disposition = `Content-Disposition: form-data; name="${name}"; filename="${chance.pick(['a.webm', '', '../../a', 'x'.repeat(500)])}"`;
  const partHead = chance.pick([
    `${disposition}\r\nContent-Type: video/webm`,
    disposition,
    'Content-Disposition: form-data',
    'Content-Disposition: attachment',
    `${disposition}\r\nX: ${'x'.repeat(20_000)}`,
    `${disposition}\r\nContent-Transfer-Encoding: base64`,
    disposition.replaceAll('"', ''),
    'no colon',
    '',
  ]);
  const end = chance.pick([`\r\n--${boundary}--\r\n`, `\r\n--${boundary}--`, `\r\n--${boundary}\r\n`, '\r\n', '']);
  const file = Buffer.concat([Buffer.from(`--${boundary}\r\n${partHead}\r\n\r\n`), bytes]);
  const parts = chance.is(0.1) ? [file, Buffer.from(`\r\n${fields.join('')}`)] : [Buffer.from(fields.join('')), file];
  const body = Buffer.concat([...parts, Buffer.from(end)]);
  const type = chance.is(0.9)
    ? `multipart/form-data; boundary="${boundary}"`
    : `multipart/form-data; boundary=${boundary}`;
  return draft('POST', '/api/upload-one', { 'Content-Type': type }, body);
}

/** Draws a request to any path except the tus endpoint. */
export function apiRequest(chance: Chance, world: World): Draft {
  const kind = chance.weighted({ json: 45, form: 35, page: 20 });
  if (kind === 'json') return json(chance, world);
  if (kind === 'form') return form(chance, world);
  const target = chance.pick([
    '/',
    '/healthz',
    '/readyz',
    '/interview',
    '/review',
    '/api',
    '/api/',
    '/api/uplink',
    '/api/verify-token/',
    '/nothing',
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/index.html',
    '/%',
    '/%c0%ae%c0%ae/',
    '//',
    '/\\..\\x',
    '/favicon.ico',
    '/.git/config',
    '/FILES',
  ]);
  return draft(chance.pick(['GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']), target, {});
}
