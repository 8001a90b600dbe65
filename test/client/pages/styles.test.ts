/** Each page loads a style of its own: it has every rule for the classes that the page uses. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const client = path.resolve(import.meta.dirname, '../../../client');
const read = (name: string) => readFileSync(path.join(client, name), 'utf8');
const classesOfRules = (css: string) =>
  new Set([...css.matchAll(/\.([a-z][\w-]*)(?=[^{}]*\{)/g)].map(([, name]) => name));
const anyStyle = readdirSync(path.join(client, 'pages/style')).map((name) => `pages/style/${name}`);
const views = readdirSync(path.join(client, 'view')).map((name) => `view/${name}`);

/** The words of every attribute `class`, of `classList` and of `className`, in HTML and in scripts. */
function classesOf(source: string): string[] {
  const texts = [...source.matchAll(/class(?:Name)?\s*[=:]\s*["'`]([^"'`]+)["'`]/g)].map(([, text]) => text ?? '');
  const lists = [...source.matchAll(/classList\.\w+\('([\w-]+)'/g)].map(([, text]) => text ?? '');
  return [...texts, ...lists].flatMap((text) => text.split(/\s+/));
}

test.each([
  ['login.css', ['pages/login.html', 'pages/not-found.html', 'pages/login.ts', 'view/organization.ts'], 15],
  ['interview.css', ['pages/interview.html', 'pages/translated-view.ts', ...views], 60],
])('%s', (style, sources, least) => {
  const imported = [...read(`pages/${style}`).matchAll(/@import "\.\/(.+?)"/g)].map(([, name]) => `pages/${name}`);
  const here = classesOfRules(imported.map(read).join('\n'));
  const somewhere = classesOfRules(anyStyle.map(read).join('\n'));
  const used = [...new Set(sources.flatMap((source) => classesOf(read(source))))].filter((name) => somewhere.has(name));
  expect(used.length).toBeGreaterThan(least);
  expect(used.filter((name) => !here.has(name))).toEqual([]);
});
