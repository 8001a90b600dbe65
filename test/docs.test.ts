/** The documents: their links, their length, and that they name what the code has. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const MAX_README_WORDS = 450;
const MAX_COLUMNS = 160;

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const anchorsIn = (text: string) => [...text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''));

test('every link between files leads to a file that git knows, and to a heading in it', () => {
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => {
        const [name = '', anchor] = link.split('#');
        const target = name === '' ? file : path.posix.join(path.posix.dirname(file), name);
        if (!existsSync(path.join(root, target))) return true;
        return anchor !== undefined && !anchorsIn(read(target)).includes(anchor);
      })
      .map((link) => `${file}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('every document in docs/ can be reached from the README', () => {
  const reached = new Set<string>();
  const open = ['README.md'];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, link = ''] of read(file).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g))
      if (!link.includes(':')) open.push(path.posix.join(path.posix.dirname(file), link));
  }
  expect(documents.filter((file) => file.startsWith('docs/') && !reached.has(file))).toEqual([]);
});

test(`the README has at most ${MAX_README_WORDS} words`, () => {
  expect(read('README.md').split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(MAX_README_WORDS);
});

test(`no line is longer than ${MAX_COLUMNS} characters`, () => {
  const long = documents.flatMap((file) =>
    read(file)
      .split('\n')
      .map((line, at) => ({ where: `${file}:${at + 1}`, columns: [...line].length }))
      .filter(({ columns }) => columns > MAX_COLUMNS),
  );
  expect(long).toEqual([]);
});

/** What a document lacks of the names in a file of the code. */
function missing(document: string, file: string, names: RegExp): string[] {
  const text = read(document);
  const all = [...read(file).matchAll(names)].map((match) => match[1] ?? '');
  expect(all.length).toBeGreaterThan(3);
  return [...new Set(all)].filter((name) => !text.includes(`\`${name}\``));
}

test('every setting is in docs/configuration.md', () => {
  expect(missing('docs/configuration.md', 'server/config.ts', /^ {2}(PORT|HOST|TRESGO_\w+):/gm)).toEqual([]);
});

test('every code of a problem is in docs/http-api.md', () => {
  expect(missing('docs/http-api.md', 'server/http/problem.ts', /^ {2}'?([a-z][a-z-]+)'?: \[/gm)).toEqual([]);
});

test('every script that a document names is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const unknown = documents
    .filter((file) => file !== 'CHANGELOG.md')
    .flatMap((file) => [...read(file).matchAll(/\bnpm run ([\w:]+)/g)].map((match) => ({ file, name: match[1] ?? '' })))
    .filter(({ name }) => !(name in scripts));
  expect(unknown).toEqual([]);
});
