/** The rules of the house that a linter does not know: who may import whom, and where the environment is read. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const MAX_LINES = 300;

interface Source {
  /** From the root, with slashes. */
  file: string;
  text: string;
  /** Targets of its imports: from the root for our own, else the package's name or `node:…`. */
  imports: string[];
}

/** `from '…'`, `import '…'` and `import('…')`; good enough for formatted code. */
const IMPORT =
  /(?:^|[\s;}])(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

function sourcesIn(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|mts|mjs)$/.test(entry.name))
      .map((entry) => {
        const absolute = path.join(entry.parentPath, entry.name);
        const file = path.relative(root, absolute).split(path.sep).join('/');
        const text = readFileSync(absolute, 'utf8');
        return { file, text, imports: importsOf(file, text) };
      }),
  );
}

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? '';
    if (target.startsWith('.')) return path.posix.join(path.posix.dirname(file), target);
    if (target.startsWith('node:')) return target;
    return target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/');
  });
}

const product = sourcesIn('server', 'storage', 'client', 'bench');
const isOurs = (target: string) => /^(server|storage|client|test|bench)\//.test(target);
const inside =
  (...places: string[]) =>
  (file: string) =>
    places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));

/** `file -> target` for every import that breaks the rule. */
function offenders(of: (file: string) => boolean, mayImport: (target: string, file: string) => boolean): string[] {
  return product
    .filter(({ file }) => of(file))
    .flatMap(({ file, imports }) =>
      imports.filter((target) => !mayImport(target, file)).map((target) => `${file} -> ${target}`),
    );
}

/** Every import of a package outside the places that may have it. */
function strays(isTarget: (target: string) => boolean, ...places: string[]): string[] {
  return offenders(
    (file) => !inside(...places)(file),
    (target) => !isTarget(target),
  );
}

test('the imports are found at all', () => {
  const text = `import a from 'a';\nimport type {\n  B,\n} from './b.ts';\nexport { c } from '@c/d/e';\nimport '../side.ts';\nawait import('node:fs');`;
  expect(importsOf('server/routes/x.ts', text)).toEqual([
    'a',
    'server/routes/b.ts',
    '@c/d',
    'server/side.ts',
    'node:fs',
  ]);
  expect(product.find(({ file }) => file === 'server/app.ts')?.imports).toContain('server/tus.ts');
});

test('client imports of the rest only server/wire.ts', () => {
  expect(
    offenders(inside('client/'), (target) => !isOurs(target) || inside('client/', 'server/wire.ts')(target)),
  ).toEqual([]);
});

test('server imports of storage only its index and types, and of client and bench nothing', () => {
  const may = inside('server/', 'storage/index.ts', 'storage/types.ts');
  expect(offenders(inside('server/'), (target) => !isOurs(target) || may(target))).toEqual([]);
});

test('storage imports nothing of ours, wire nothing at all', () => {
  expect(offenders(inside('storage/'), (target) => !isOurs(target) || inside('storage/')(target))).toEqual([]);
  expect(offenders(inside('server/wire.ts'), () => false)).toEqual([]);
});

test('nothing imports test or bench', () => {
  expect(offenders(inside('server/', 'storage/', 'client/'), (target) => !inside('test/', 'bench/')(target))).toEqual(
    [],
  );
});

test('routes and jobs never import each other', () => {
  const apart = (target: string, file: string) => {
    const room = (name: string) => name.match(/^server\/(routes|jobs)\//)?.[1];
    return !room(target) || room(target) === room(file);
  };
  expect(offenders(inside('server/routes/', 'server/jobs/'), apart)).toEqual([]);
});

test('each library stays in its rooms', () => {
  const only = (name: string) => (target: string) => target === name;
  expect(strays(only('hono'), 'server/app.ts', 'server/auth.ts', 'server/problem.ts', 'server/routes/')).toEqual([]);
  const tusServer = ['server/tus.ts', 'server/routes/uploads.ts', 'storage/recordings/', 'bench/'];
  expect(strays((target) => /^@tus\//.test(target), ...tusServer)).toEqual([]);
  expect(strays(only('tus-js-client'), 'client/uploader.ts', 'client/growing-source.ts', 'bench/')).toEqual([]);
  expect(strays((target) => /^(kysely|better-sqlite3)$/.test(target), 'storage/catalog/')).toEqual([]);
});

test('process.env is read in server/config.ts alone', () => {
  const readers = product.filter(
    ({ file, text }) => !inside('server/config.ts', 'bench/')(file) && /process\.env/.test(text),
  );
  expect(readers.map(({ file }) => file)).toEqual([]);
});

test('no file is over 300 lines', () => {
  const long = [...product, ...sourcesIn('test')]
    .map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES);
  expect(long).toEqual([]);
});

test('there are no default exports but in the settings of tools, which ask for them', () => {
  const withDefault = [...product, ...sourcesIn('test')].filter(
    ({ file, text }) => !file.endsWith('.config.ts') && /^export default\b|^export \{[^}]*\bas default\b/m.test(text),
  );
  expect(withDefault.map(({ file }) => file)).toEqual([]);
});

test('the lockfile names no registry: it works with any', () => {
  expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
