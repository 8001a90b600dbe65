/** Chromium with a moving picture and a spoken voice, a server of its own for each test, and what a candidate does. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import type { TresgoStatus } from '../../client/status.ts';
import { chromiumArgs, chromiumPath, mediaRecorderTap, type TapDigest } from '../support/browser.ts';
import { fakeMedia, probe } from '../support/media.ts';
import { spawnServer, type TestServer, temporaryFolder, tresgo } from '../support/server.ts';

export { expect };

export const NAME = 'Nguyễn Văn A';

/** For `test.use`: the page as a desktop has it … */
export const DESKTOP = { viewport: { width: 1280, height: 720 } } as const;
/** … and as a phone does. */
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

export interface Candidate {
  token: string;
  id: string;
}

interface Fixtures {
  server: TestServer;
  candidate: Candidate;
}

export const test = base.extend<Fixtures>({
  launchOptions: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => use({ executablePath: chromiumPath(), args: chromiumArgs(await fakeMedia()) }),
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
  page: async ({ page }, use) => {
    await page.addInitScript(mediaRecorderTap);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
    await use(page);
    expect(errors, 'errors thrown in the page').toEqual([]);
  },
});

/** Runs `tresgo …` on the data of a server: the JSON that it prints. */
export async function admin<T>(dataDir: string, ...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await tresgo([...args, '--json', '--data-dir', dataDir]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

/** A token made by the command line, as an admin makes it. */
export async function createCandidate(dataDir: string, name = NAME, interview = 'default'): Promise<Candidate> {
  return admin<Candidate>(dataDir, 'token', 'create', '--name', name, '--interview', interview);
}

/** Presses the button of that name. */
export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

/** From the link to the running preview. */
export async function logIn(page: Page, url: string, candidate: Candidate, name = 'nguyen van a'): Promise<void> {
  await page.goto(`${url}/#t=${candidate.token}`);
  await expect(page.getByRole('textbox', { name: 'Token' })).toHaveValue(candidate.token);
  expect(page.url()).not.toContain(candidate.token);
  await page.getByRole('textbox', { name: 'Full name' }).fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
}

/** From the link into the first question. */
export async function begin(page: Page, url: string, candidate: Candidate): Promise<void> {
  await logIn(page, url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
}

/** Waits until question `index` records, lets it run, and presses on. */
export async function answer(page: Page, index: number, { seconds = 3, of = 5 } = {}): Promise<void> {
  await expectRecording(page, index, of);
  await page.waitForTimeout(seconds * 1000);
  await page.getByRole('button', { name: index === of ? 'Finish interview' : 'Next question' }).click();
}

export async function expectRecording(page: Page, index: number, of = 5): Promise<void> {
  await expect(page.getByRole('heading', { name: `Question ${index} of ${of}` })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('status').getByText('Recording', { exact: true })).toBeVisible({ timeout: 30_000 });
}

export async function expectFinished(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Interview finished' })).toBeVisible({ timeout: 60_000 });
}

/** `window.tresgo.status()`. */
export async function statusOf(page: Page): Promise<TresgoStatus> {
  return page.evaluate(() => window.tresgo.status());
}

export interface FolderFile {
  name: string;
  path: string;
  bytes: number;
  sha256: string;
}

/** The only session folder of a server: its path and all files below it, sorted by name. */
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

export interface SessionMeta {
  status: string;
  totalQuestions: number;
  files: Array<{ questionIndex: number; fileName: string; sha256: string; bytes: number }>;
}

/**
 * The end that every interview must come to: five files and nothing else, each byte for byte what MediaRecorder
 * delivered in the page, each playable, and no take sent as a second upload.
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
  for (const [at, file] of answers.entries()) await expectPlayable(file, delivered[at] as TapDigest);
  const { gate } = await statusOf(page);
  expect(gate.map(({ question }) => question)).toEqual([1, 2, 3, 4, 5]);
  expect(gate.map(({ bytes }) => bytes)).toEqual(answers.map(({ bytes }) => bytes));
}

/** After the end: what was begun and not placed would lie there. */
export async function expectNoSecondUpload({ dataDir }: Pick<TestServer, 'dataDir'>): Promise<void> {
  expect(await readdir(path.join(dataDir, 'uploads')), 'a second upload of a take would lie here').toEqual([]);
}

/**
 * Video and audio are there, every frame decodes, and it is as long as it was recorded. A recording that a reload ended
 * lacks its end (`cutShort`): its last element is not whole, which ffmpeg remarks on and nothing else.
 */
export async function expectPlayable(
  file: FolderFile,
  { recordedMs }: Pick<TapDigest, 'recordedMs'>,
  { cutShort = false } = {},
): Promise<void> {
  const { hasVideo, hasAudio, durationSeconds, videoFrames, decodeErrors } = await probe(file.path);
  const errors = cutShort ? decodeErrors.filter((line) => !line.includes('File ended prematurely')) : decodeErrors;
  expect({ hasVideo, hasAudio, errors }, file.name).toEqual({ hasVideo: true, hasAudio: true, errors: [] });
  expect(videoFrames, file.name).toBeGreaterThan(10);
  expect(Math.abs(durationSeconds - recordedMs / 1000), `${file.name}: ${durationSeconds} s`).toBeLessThan(0.5);
}
