/** The lists of tokens and sessions: each row once, in the order and of the states that were asked for, however many there are. */
import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStorage, type SessionState, type Storage, type TokenState } from '../../../storage/index.ts';
import type { Interview, Token } from '../../../storage/types.ts';
import { temporaryFolder } from '../../support/server/server.ts';

/** More than two pages. */
const MANY = 1_050;
const NAMES = ['Đỗ Chi', 'do chi', 'Zoë', 'ánh', 'Anh', 'สมชาย', 'Ольга'];
const START = DateTime.fromISO('2026-11-20T10:00:00Z');

let now: DateTime;
let root: Awaited<ReturnType<typeof temporaryFolder>>;
let storage: Storage;
let interview: Interview;
beforeEach(async () => {
  now = START;
  root = await temporaryFolder();
  storage = await openStorage({ dataDir: root.path, now: () => now });
  await storage.interviews.ensureDefault();
  interview = (await storage.interviews.get('default')) as Interview;
});
afterEach(async () => {
  await storage.close();
  await root.remove();
});

const from = (name: string, more: object = {}) => ({
  ...{ name, interview: 'default', expiresAt: null as DateTime | null, maxSessions: 0 },
  ...more,
});
const make = async (name: string, more: object = {}) => (await storage.tokens.create(from(name, more))).token;
async function start(token: Token, folder: string, userName = token.name): Promise<string> {
  const started = await storage.sessions.start(token, { userName, interview, mayCreate: true }, async () => folder);
  return started?.session.id ?? '';
}
async function addTake(sessionId: string, question: number): Promise<string> {
  const id = `${sessionId}-${question}`;
  const of = { takeId: id, via: 'tus', filetype: 'video/webm', length: 9, metadata: '' } as const;
  await storage.takes.create({ id, sessionId, question, ...of });
  return id;
}
async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found = [];
  for await (const row of rows) found.push(row);
  return found;
}
const tokenIds = async (query = {}) => (await all(storage.lists.tokens(query))).map(({ token }) => token.id);
const tokenNames = async (query = {}) => (await all(storage.lists.tokens(query))).map(({ token }) => token.name);
const folders = async (query = {}) => (await all(storage.lists.sessions(query))).map(({ folder }) => folder);

/** Tokens of few names: three batches of them, each made in one moment. */
async function makeMany(): Promise<Token[]> {
  const made: Token[] = [];
  for (let batch = 0; batch < 3; batch++) {
    now = START.plus({ days: batch });
    const some = Array.from({ length: MANY / 3 }, (_, at) => {
      const expiresAt = at % 3 === 0 ? null : START.plus({ days: 30 + (at % 5) });
      return from(NAMES[at % NAMES.length] ?? '', { expiresAt });
    });
    made.push(...(await storage.tokens.createAll(some)).made.map(({ token }) => token));
  }
  return made;
}

const inText = (a: string, b: string) => Number(a > b) - Number(a < b);
const newestFirst = (a: Token, b: Token) =>
  b.createdAt.toMillis() - a.createdAt.toMillis() || inText(bytes(a.name), bytes(b.name)) || inText(a.id, b.id);
const bytes = (text: string) => Buffer.from(text).toString('hex');
const expiryOf = ({ expiresAt }: Token) => expiresAt?.toMillis() ?? Number.POSITIVE_INFINITY;

test('every token comes once, in each order, across pages and among equals', async () => {
  const made = (await makeMany()).sort(newestFirst);
  const opened = made.filter((_, at) => at % 4 === 0);
  for (const [at, token] of opened.entries()) {
    now = START.plus({ days: 3, minutes: at % 7 });
    await storage.tokens.open(token);
  }
  const minutes = (token: Token) => (opened.includes(token) ? opened.indexOf(token) % 7 : -1);
  const orders = {
    created: made,
    name: [...made].sort((a, b) => a.name.localeCompare(b.name)),
    activity: [...made].sort((a, b) => minutes(b) - minutes(a)),
    expires: [...made].sort((a, b) => (expiryOf(a) === expiryOf(b) ? 0 : expiryOf(a) - expiryOf(b))),
  };
  for (const [order, expected] of Object.entries(orders)) {
    const ids = expected.map(({ id }) => id);
    expect(await tokenIds({ order })).toEqual(ids);
    expect(await tokenIds({ order, limit: 7 })).toEqual(ids.slice(0, 7));
    const chi = expected.filter(({ name }) => name.toLowerCase().endsWith('chi')).map(({ id }) => id);
    expect(await tokenIds({ order, search: 'ĐO CHI' })).toEqual(chi);
  }
}, 60_000);

test('what is made, renamed or heard of while a list is read neither repeats a row nor leaves one out', async () => {
  const made = await makeMany();
  for (const order of ['created', 'name', 'activity', 'expires'] as const) {
    const before = await tokenIds({ order });
    const read: string[] = [];
    for await (const { token } of storage.lists.tokens({ order })) {
      read.push(token.id);
      if (read.length % 300 !== 0) continue;
      now = now.plus({ minutes: 1 });
      await make('AAA');
      await storage.tokens.open(token);
      await storage.tokens.update(before.at(-1) ?? '', { name: '0 first by now', expiresAt: now });
      await storage.tokens.update(token.id, { name: 'last by now', expiresAt: now.plus({ years: 1 }) });
    }
    expect(read).toEqual(before);
    expect(new Set(read).size).toBe(read.length);
  }
  expect((await tokenIds()).length).toBeGreaterThan(made.length);
}, 60_000);

/** One token in each state, two in-progress; named after it. */
async function makeStates(): Promise<void> {
  const soon = START.plus({ days: 1 });
  await make('invited');
  await make('invited, forever', { expiresAt: DateTime.fromISO('9999-12-31T23:59:59-05:00') });
  await storage.tokens.open(await make('opened'));
  await make('expired', { expiresAt: soon });
  await storage.tokens.revoke((await make('revoked')).id, true);
  await start(await make('in-progress'), 'f_open');
  const done = await make('finished', { expiresAt: soon });
  await storage.sessions.finish(await start(done, 'f_done'));
  const again = await make('in-progress, again');
  await storage.sessions.finish(await start(again, 'f_again_1'));
  now = now.plus({ minutes: 1 });
  await start(again, 'f_again_2');
  const late = await make('in-progress, expired', { expiresAt: soon });
  const id = await start(late, 'f_late');
  await start(await make('expired, given up', { expiresAt: soon }), 'f_given_up');
  // The last byte of one of both came three days later.
  now = START.plus({ days: 3 });
  await storage.takes.update(await addTake(id, 1), { offset: 3 });
  now = START.plus({ days: 8 });
}

test('the state of a token: its expiry ends a session that has begun 7 days after its last byte', async () => {
  await makeStates();
  const counted = await storage.lists.countTokens();
  for (const state of ['invited', 'opened', 'in-progress', 'finished', 'expired', 'revoked'] as TokenState[]) {
    const found = await all(storage.lists.tokens({ states: [state] }));
    expect(found.map(({ state, token }) => [state, token.name.split(',')[0]])).toEqual(found.map(() => [state, state]));
    expect(counted[state]).toBe(found.length);
  }
  expect(counted).toEqual({ invited: 2, opened: 1, 'in-progress': 3, finished: 1, expired: 2, revoked: 1 });
  expect(await tokenNames({ states: ['opened', 'revoked'] })).toEqual(['opened', 'revoked']);
  now = START.plus({ days: 11 });
  expect(await storage.lists.countTokens({ search: 'in-progress' })).toEqual({ 'in-progress': 2, expired: 1 });
  const forever = (await tokenNames({ order: 'expires' })).indexOf('invited, forever');
  expect(forever).toBe(4);
});

test('by activity come those first of whom something was heard last', async () => {
  await makeStates();
  const heard = [
    'in-progress, expired',
    'expired, given up',
    'in-progress, again',
    'finished',
    'in-progress',
    'opened',
  ];
  expect(await tokenNames({ order: 'activity', limit: 6 })).toEqual(heard);
  const [first, , third] = await all(storage.lists.tokens({ order: 'activity', limit: 3 }));
  expect(first?.sessions[0]?.lastActivity.toMillis()).toBe(START.plus({ days: 3 }).toMillis());
  expect(third?.sessions.map(({ folder }) => folder)).toEqual(['f_again_2', 'f_again_1']);
});

test('filters of tokens hold together', async () => {
  await storage.interviews.create({ ...interview, slug: 'sales' });
  const an = await make('Nguyễn An');
  const sales = await make('Nguyễn Bình', { interview: 'sales' });
  now = START.plus({ days: 1 });
  const late = await make('Trần An');
  await start(an, 'f_under_another_name', 'Ann');
  expect(await tokenNames({ search: 'nguyen', interview: 'default' })).toEqual(['Nguyễn An']);
  expect(await tokenNames({ search: 'ANOTHER_NAME' })).toEqual(['Nguyễn An']);
  expect(await tokenIds({ search: sales.id.slice(1) })).toEqual([sales.id]);
  expect(await tokenIds({ since: now, search: 'an' })).toEqual([late.id]);
  expect(await tokenIds({ since: now.plus(1) })).toEqual([]);
  expect(await storage.lists.countTokens({ interview: 'default', search: 'an', limit: 1 })).toEqual({
    ...{ invited: 1, 'in-progress': 1 },
  });
  expect(await storage.lists.countTokens({ interview: 'none' })).toEqual({});
});

test('every session comes once, in each order, across pages and among equals', async () => {
  const made: Array<{ id: string; folder: string; name: string; at: number; state: SessionState }> = [];
  for (let at = 0; at < MANY / 2; at++) {
    now = START.plus({ minutes: at % 4 });
    const name = NAMES[at % NAMES.length] ?? '';
    const id = await start(await make(name), `f_${at}`);
    if (at % 3 === 0) await storage.sessions.finish(id);
    made.push({ id, folder: `f_${at}`, name, at: at % 4, state: at % 3 === 0 ? 'finished' : 'in-progress' });
  }
  made.sort((a, b) => b.at - a.at || inText(a.id, b.id));
  const orders = { started: made, name: [...made].sort((a, b) => a.name.localeCompare(b.name)) };
  for (const [order, expected] of Object.entries(orders)) {
    expect(await folders({ order })).toEqual(expected.map(({ folder }) => folder));
    expect(await folders({ order, limit: 5 })).toEqual(expected.slice(0, 5).map(({ folder }) => folder));
    const some = expected.filter(({ state, at, name }) => state === 'finished' && at >= 2 && name.endsWith('hi'));
    const query = { states: ['finished'] as const, since: START.plus({ minutes: 2 }), search: 'chi' };
    expect(await folders({ order, ...query })).toEqual(some.map(({ folder }) => folder));
    expect(await storage.lists.countSessions(query)).toEqual({ finished: some.length });
  }
  expect(await storage.lists.countSessions({ states: ['finished', 'in-progress'] })).toEqual({
    finished: MANY / 6,
    'in-progress': MANY / 3,
  });
  const read: string[] = [];
  for await (const { folder } of storage.lists.sessions()) {
    read.push(folder);
    if (read.length === 300) await start(await make('late'), 'f_late');
  }
  expect(read).toEqual(made.map(({ folder }) => folder));
}, 60_000);

test('a session is found by what its candidate typed and by its folder; its name is that of the invitation', async () => {
  const token = await make('Nguyễn An');
  const id = await start(token, 'f_one', 'Ann');
  await storage.tokens.update(token.id, { name: 'Nguyễn Văn An' });
  for (const search of ['ann', 'f_ONE', 'van an']) expect(await folders({ search })).toEqual(['f_one']);
  expect(await folders({ search: 'bình' })).toEqual([]);
  expect(await folders({ interview: 'default' })).toEqual(['f_one']);
  expect(await folders({ interview: 'sales' })).toEqual([]);
  expect(await storage.lists.session(id)).toMatchObject({
    ...{ id, folder: 'f_one', userName: 'Ann', tokenOwner: 'Nguyễn Văn An', interview: 'default', questions: 5 },
  });
  expect(await storage.lists.session('none')).toBeNull();
  expect(await storage.lists.token('none')).toBeNull();
});
