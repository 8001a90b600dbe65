/** What the pages weigh on the wire, so that a nervous person on an old phone and a slow network sees them soon. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const dist = path.resolve(import.meta.dirname, '../../../dist/client');
/** Files of `/assets` that a text names, by a path or, within a script, beside itself. */
const ASSET = /(?:\/assets|assets|\.)\/([\w-]+\.(?:js|css))/g;

/**
 * What a script loads when it is needed: the upload engine once the session is open, a QR code at a tap. Words come at
 * once. With it goes Vite's list of what these files import.
 */
const LATER = /import\(`\.\/(?!words-)[^)]*\)|\bm\.f=\[[^\]]*\]/g;

/**
 * Every file that a page loads to be usable: the page, its icon, what it names, what that names in turn, and the words of the
 * language whose words are the most.
 */
function filesOf(page: string): string[] {
  const found = new Set([page, 'favicon.svg']);
  for (const name of found) {
    for (const [, asset] of readFileSync(path.join(dist, name), 'utf8').replace(LATER, '').matchAll(ASSET))
      found.add(`assets/${asset}`);
  }
  const words = [...found].filter((name) => /\/words-/.test(name)).sort((a, b) => bytesOf(b) - bytesOf(a));
  for (const name of words.slice(1)) found.delete(name);
  return [...found];
}

const bytesOf = (name: string) => statSync(path.join(dist, `${name}.br`)).size;

test.each([
  ['login.html', 30_000, 5],
  ['interview.html', 55_000, 6],
])('%s takes at most %i bytes on the wire', (page, most, files) => {
  const weights = Object.fromEntries(filesOf(page).map((name) => [name, bytesOf(name)]));
  // That files are missing from the sum would look like success.
  expect(Object.keys(weights).length, JSON.stringify(weights)).toBeGreaterThanOrEqual(files);
  const sum = Object.values(weights).reduce((bytes, each) => bytes + each, 0);
  expect(sum, JSON.stringify(weights, null, 2)).toBeLessThan(most);
});

test.each([
  ['the upload engine', /^assets\/upload-queue-[\w-]+\.js$/, 15_000],
  ['the worker that serves the pages', /^sw\.js$/, 3000],
  ['the worker that sends when the page is closed', /^sender\.js$/, 18_000],
])('%s is small', (_, file, most) => {
  const found = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => file.test(name));
  expect(found.map((name) => bytesOf(name) < most)).toEqual([true]);
});

test('every language is a file of its own', () => {
  const names = readdirSync(path.join(dist, 'assets')).filter((name) => /^words-.*\.js$/.test(name));
  expect(names.map((name) => name.slice(0, 9)).sort()).toEqual(['words-en-', 'words-th-', 'words-vi-']);
});
