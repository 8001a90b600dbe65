/**
 * The fixtures of every spec: Chromium with a moving picture and a spoken voice, a server for each test, and a candidate.
 *
 * `import { test } from './fixtures.ts'` gives a test
 * - `page`, in which `mediaRecorderTap` notes what MediaRecorder delivers; an error thrown in the page fails the test, and
 *   buttons and countdowns take no time (`shortWaits`),
 * - `server`, the built server as a process of its own, on an empty data folder,
 * - `candidate`, a token for the default interview of five questions,
 * - `gallery`, the view in every state without a server; it is built once for each worker.
 *
 * `begin`, `answer` and `expectFinished` walk through the interview; `expectWholeInterview` compares every stored byte with
 * every recorded byte. `inBothSizes` declares tests for a desktop and for a phone.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import type { TresgoStatus } from '../../client/interview/stats.ts';
import { lacksMuch } from '../../client/interview/take.ts';
import type { Gallery } from '../gallery/serve.ts';
import { chromiumArgs, chromiumPath, mediaRecorderTap, type TapDigest } from '../support/browser/browser.ts';
import { shortWaits } from '../support/browser/short-waits.ts';
import { fakeMedia, probe } from '../support/media/media.ts';
import { createToken } from '../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder, tresgo } from '../support/server/server.ts';

export { expect };

/** The name on every token, unless given. */
export const NAME = 'Nguyễn Văn A';

/** For `test.use`: the page on a desktop. */
export const DESKTOP = { viewport: { width: 1280, height: 720 } } as const;
/** For `test.use`: the page on a phone. */
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
} as const;

/** Declares tests once for each size. */
export function inBothSizes(declare: (screen: typeof DESKTOP | typeof PHONE) => void): void {
  for (const [size, screen] of Object.entries({ desktop: DESKTOP, phone: PHONE }))
    test.describe(size, () => {
      test.use(screen);
      declare(screen);
    });
}

/** A candidate who has not logged in yet. */
export interface Candidate {
  /** The secret of the token. */
  token: string;
  /** The id of the token, for the command line. */
  id: string;
}

interface Fixtures {
  /** For `test.use`: whether the page waits for as long as a candidate waits. */
  realWaits: boolean;
  server: TestServer;
  candidate: Candidate;
}

/** Playwright's `test` with the fixtures above. */
export const test = base.extend<Fixtures, { gallery: Gallery }>({
  launchOptions: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => use({ executablePath: chromiumPath(), args: chromiumArgs(await fakeMedia()) }),
    { scope: 'worker' },
  ],
  gallery: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => {
      // Only the specs of the view need Vite, which takes a while to load.
      const gallery = await (await import('../gallery/serve.ts')).openGallery();
      await use(gallery);
      await gallery.close();
    },
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
  server: async ({}, use) => {
    const folder = await temporaryFolder();
    const server = await spawnServer({ dataDir: folder.path });
    await use(server);
    await server.stop();
    await folder.remove();
  },
  candidate: async ({ server }, use) => use(await createCandidate(server.dataDir)),
  realWaits: [false, { option: true }],
  context: async ({ context, realWaits }, use) => {
    if (!realWaits) await context.addInitScript(shortWaits);
    await use(context);
  },
  page: async ({ page }, use) => {
    await page.addInitScript(mediaRecorderTap);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
    await use(page);
    expect(errors, 'errors thrown in the page').toEqual([]);
  },
});

/** Runs `tresgo … --json` on the data folder of a server. Returns the JSON that the command prints. */
export async function admin<T>(dataDir: string, ...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await tresgo([...args, '--json', '--data-dir', dataDir]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

/** Creates a token. In this process: the command line would take a second. */
export async function createCandidate(dataDir: string, name = NAME, interview = 'default'): Promise<Candidate> {
  const { id, secret } = await createToken(dataDir, name, interview);
  return { id, token: secret };
}

/** Creates the interview `own` from these lines of YAML, below its slug and title, and a candidate for it. */
export async function inviteToOwnInterview({ dataDir }: TestServer, ...lines: string[]): Promise<Candidate> {
  const file = path.join(dataDir, 'interview.yaml');
  await writeFile(file, ['slug: own', 'title: An interview of our own', ...lines, ''].join('\n'));
  await admin(dataDir, 'interview', 'create', file);
  return createCandidate(dataDir, NAME, 'own');
}

/** Presses the button with this name. Where it ends an answer below 3 s, says that this is meant. */
export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  const asked = page.getByRole('alertdialog', { name: 'That was very short' });
  if (endings.has(name) && (await asked.isVisible())) await asked.getByRole('button', { name: 'Finish it' }).click();
}

/** The buttons that end an answer. */
const endings: ReadonlySet<string> = new Set(['Next question', 'Finish interview']);

/** Opens the candidate's link, logs in, and waits for the preview. */
export async function logIn(page: Page, url: string, candidate: Candidate, name = 'nguyen van a'): Promise<void> {
  await page.goto(`${url}/#t=${candidate.token}`);
  await expect(page.getByRole('textbox', { name: 'Token' })).toHaveValue(candidate.token);
  expect(page.url()).not.toContain(candidate.token);
  await page.getByRole('textbox', { name: 'Full name' }).fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
}

/** Logs in, starts the interview, and waits until the first question is being recorded. */
export async function begin(page: Page, url: string, candidate: Candidate): Promise<void> {
  await logIn(page, url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
}

/** Waits until question `index` is being recorded, records for `seconds`, and presses "Next question" or "Finish interview". */
export async function answer(page: Page, index: number, { seconds = 2, of = 5 } = {}): Promise<void> {
  await expectRecording(page, index, of);
  await page.waitForTimeout(seconds * 1000);
  await press(page, index === of ? 'Finish interview' : 'Next question');
}

/**
 * Records until the device keeps more than `bytes` of the answer: it takes a reload or a kill for granted that something is
 * there, and a busy encoder brings its first chunk late.
 */
export async function speak(page: Page, bytes = 60_000): Promise<void> {
  await expect.poll(async () => (await statusOf(page)).persistedBytes).toBeGreaterThan(bytes);
}

/** Waits until question `index` is being recorded. */
export async function expectRecording(page: Page, index: number, of = 5): Promise<void> {
  await expect(page.getByRole('heading', { name: `Question ${index} of ${of}` })).toBeVisible();
  await expect(page.getByRole('status').getByText('Recording', { exact: true })).toBeVisible();
}

/** Waits for the last page of the interview. */
export async function expectFinished(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Interview finished' })).toBeVisible();
}

/** Unfolds the receipt on the last page. */
export async function openReceipt(page: Page): Promise<void> {
  await page.getByText('Your receipt', { exact: true }).click();
}

/** Returns `window.tresgo.status()` of the page. */
export async function statusOf(page: Page): Promise<TresgoStatus> {
  return page.evaluate(() => window.tresgo.status());
}

/** A file of a session folder. */
export interface FolderFile {
  /** Relative to the session folder. */
  name: string;
  /** Absolute. */
  path: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

/**
 * Notes the first words of the status line each time they change, from now until the page is left: a countdown's words come
 * and go between two looks. The function that is returned reads what was noted.
 */
export async function noteStatus(page: Page): Promise<() => Promise<string[]>> {
  const line = page.locator('.status-state');
  await line.evaluate((words) => {
    const noted: string[] = [];
    Object.assign(words, { noted });
    const note = () => noted.push(words.textContent);
    new MutationObserver(note).observe(words, { childList: true, characterData: true, subtree: true });
    note();
  });
  return () => line.evaluate((words) => (words as unknown as { noted: string[] }).noted);
}

/** Reads the only session folder of a server: its path, all files below it, sorted by name, and its `meta.json`. */
export async function readSession(
  server: Pick<TestServer, 'dataDir'>,
): Promise<{ folder: string; files: FolderFile[]; meta: SessionMeta }> {
  const sessions = path.join(server.dataDir, 'sessions');
  const folders = await readdir(sessions);
  expect(folders).toHaveLength(1);
  const folder = path.join(sessions, folders[0] as string);
  const files: FolderFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const content = await readFile(file);
    const sha256 = createHash('sha256').update(content).digest('hex');
    files.push({ name: path.relative(folder, file), path: file, bytes: content.length, sha256 });
  }
  files.sort((a, b) => a.name.localeCompare(b.name));
  const meta = JSON.parse(await readFile(path.join(folder, 'meta.json'), 'utf8')) as SessionMeta;
  return { folder, files, meta };
}

/** The part of `meta.json` that the specs compare. */
export interface SessionMeta {
  status: string;
  totalQuestions: number;
  files: Array<{ questionIndex: number; fileName: string; sha256: string; bytes: number }>;
}

/**
 * Expects the end of every interview: five files and nothing else, each byte for byte what MediaRecorder delivered in the
 * page, each playable, and no take sent as a second upload.
 */
export async function expectWholeInterview(page: Page, server: TestServer): Promise<void> {
  const delivered = await page.evaluate(() => window.__tapDigests());
  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.webm']);
  const answers = files.filter(({ name }) => name.startsWith('Q'));
  expect(answers.map(({ sha256 }) => sha256)).toEqual(delivered.map(({ sha256 }) => sha256));
  expect(meta.status).toBe('finished');
  expect(meta.files.map(({ sha256 }) => sha256)).toEqual(delivered.map(({ sha256 }) => sha256));
  await expectNoSecondUpload(server);
  await Promise.all(answers.map((file, at) => expectPlayable(file, delivered[at] as TapDigest)));
  const { gate } = await statusOf(page);
  expect(gate.map(({ question }) => question)).toEqual([1, 2, 3, 4, 5]);
  expect(gate.map(({ bytes }) => bytes)).toEqual(answers.map(({ bytes }) => bytes));
}

/** Expects that every upload was placed: the bytes of any other upload would be stored in `uploads/`. */
export async function expectNoSecondUpload({ dataDir }: Pick<TestServer, 'dataDir'>): Promise<void> {
  expect(await readdir(path.join(dataDir, 'uploads')), 'a second upload of a take would be stored here').toEqual([]);
}

/**
 * Expects video and audio, that every frame decodes, and no less than what the page takes for a whole answer: a busy browser
 * begins to record a moment late. A recording that a reload or a kill ended lacks its end (`cutShort`): its last element is
 * not whole, and that must be ffmpeg's only complaint. Its length is open: an encoder may have been behind.
 */
export async function expectPlayable(
  file: FolderFile,
  { recordedMs }: Pick<TapDigest, 'recordedMs'>,
  { cutShort = false } = {},
): Promise<void> {
  const { hasVideo, hasAudio, durationSeconds, videoFrames, videoPackets, decodeErrors } = await probe(file.path);
  const errors = cutShort ? decodeErrors.filter((line) => !line.includes('File ended prematurely')) : decodeErrors;
  expect({ hasVideo, hasAudio, errors }, file.name).toEqual({ hasVideo: true, hasAudio: true, errors: [] });
  if (cutShort) return;
  expect(videoFrames, file.name).toBe(videoPackets);
  const told = `${file.name}: ${durationSeconds} s of ${recordedMs} ms`;
  expect(durationSeconds - recordedMs / 1000, told).toBeLessThan(0.5);
  expect(lacksMuch({ recordedMs: durationSeconds * 1000, spokenMs: recordedMs }), told).toBe(false);
}
