/** The rules of the house that a linter does not know: who may import whom, how long a file is, and what a comment may name. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/**
 * The rooms of each folder, from top to bottom: a file imports its own room and rooms further down, types included. A file
 * beside the rooms is a room of its own.
 */
const rooms = {
  client: [...['pages', 'view', 'i18n', 'interview', 'capture', 'offline', 'upload', 'spool', 'api.ts', 'timers.ts']],
  server: [
    ...['cli', 'main.ts', 'app.ts', 'routes', 'jobs', 'tus', 'transcripts', 'media', 'sandbox', 'http'],
    ...['name.ts', 'display-width.ts', 'job-error.ts', 'config.ts', 'wire.ts'],
  ],
  storage: [
    ...[
      'index.ts',
      'recover.ts',
      'backup',
      'session-folder',
      'uploads',
      'catalog',
      'name-match.ts',
      'names.ts',
      'files.ts',
      'errors.ts',
      'types.ts',
    ],
  ],
} as const;

/** What a folder may import of the others; a room's name ends with `/`. Nothing else of ours may be imported. */
const doors: Record<string, readonly string[]> = {
  client: ['client/', 'server/wire.ts'],
  server: ['server/', 'storage/index.ts', 'storage/types.ts'],
  storage: ['storage/'],
  bench: ['bench/', 'client/', 'server/', 'storage/', 'test/support/'],
  test: ['test/', 'client/', 'server/', 'storage/'],
  'test/bench': ['test/', 'bench/', 'client/', 'server/', 'storage/'],
};

/** Rooms that must not know of each other, whatever their order. */
const strangers: ReadonlyArray<readonly [string, string]> = [
  ['server/routes', 'server/jobs'],
  ['server/tus', 'server/jobs'],
  ['server/media', 'server/transcripts'],
];

/** The only rooms that may import each library. */
const libraries: ReadonlyArray<readonly [RegExp, readonly string[]]> = [
  [/^hono$/, ['server/app.ts', 'server/http/', 'server/routes/', 'server/tus/']],
  [/^@tus\//, ['server/tus/', 'storage/uploads/', 'bench/']],
  [/^tus-js-client$/, ['client/upload/', 'bench/']],
  [/^idb$/, ['client/spool/']],
  [/^(kysely|better-sqlite3)$/, ['storage/catalog/']],
  [/^(commander|papaparse|yaml|selfsigned)$/, ['server/cli/']],
  [/^uqr$/, ['server/cli/', 'client/view/']],
];

/** The longest files, in lines: a table of words and a test may be longer than a file of the product. */
const MAX_LINES = 300;
const MAX_LINES_OF_TABLES = 600;

interface Source {
  /** From the root, with slashes. */
  file: string;
  text: string;
  /** Targets of the imports: from the root for our own files, else the package's name or `node:…`. */
  imports: string[];
}

/** `from '…'`, `import '…'` and `import('…')`; good enough for formatted code. */
const IMPORT =
  /(?:^|[\s;}])(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

/** Every file that git knows, or would add, and that is there. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));

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

const sources: Source[] = files
  .filter((file) => /^(client|server|storage|bench|test)\/.*\.(ts|mts|mjs)$/.test(file))
  .map((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    return { file, text, imports: importsOf(file, text) };
  });
const product = sources.filter(({ file }) => !file.startsWith('test/'));

const isOurs = (target: string) => /^(server|storage|client|test|bench)\//.test(target);
const isInside = (places: readonly string[], file: string) =>
  places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));

/** `file -> target` for every import that breaks the rule. */
function offenders(of: Source[], breaks: (target: string, file: string) => boolean): string[] {
  return of.flatMap(({ file, imports }) =>
    imports.filter((target) => breaks(target, file)).map((target) => `${file} -> ${target}`),
  );
}

/** The place of a file in its folder's list of rooms; undefined for a file outside the three folders. */
function rankOf(file: string): { folder: string; rank: number } | undefined {
  const [folder = '', room = ''] = file.split('/');
  const list: readonly string[] | undefined = rooms[folder as keyof typeof rooms];
  return list && { folder, rank: list.indexOf(room) };
}

/** The folder of a file, which is a node of the graph of folders; a file beside the rooms is a node of its own. */
const nodeOf = (file: string) => (file.split('/').length === 2 ? file : path.posix.dirname(file));

/** Groups of nodes that import each other, directly or through others. */
function circlesOf(edges: ReadonlyArray<readonly [string, string]>): string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reachable = (start: string) => {
    const seen = new Set<string>();
    const open = [...(next.get(start) ?? [])];
    for (let node = open.pop(); node !== undefined; node = open.pop())
      if (!seen.has(node)) open.push(...(next.get(node) ?? [])) && seen.add(node);
      else continue;
    return seen;
  };
  return [...next.keys()].filter((node) => reachable(node).has(node)).sort();
}

describe('the reading of sources', () => {
  test('finds every form of an import', () => {
    const text = `import a from 'a';\nimport type {\n  B,\n} from './b.ts';\nexport { c } from '@c/d/e';\nimport '../side.ts';\nawait import('node:fs');`;
    expect(importsOf('server/routes/x.ts', text)).toEqual([
      'a',
      'server/routes/b.ts',
      '@c/d',
      'server/side.ts',
      'node:fs',
    ]);
    expect(product.find(({ file }) => file === 'server/app.ts')?.imports).toContain('server/tus/stock-server.ts');
  });

  test('finds circles', () => {
    const chain = [
      ['a', 'b'],
      ['b', 'c'],
    ] as const;
    expect(circlesOf(chain)).toEqual([]);
    expect(circlesOf([...chain, ['c', 'b'], ['c', 'd']])).toEqual(['b', 'c']);
  });
});

describe('rooms', () => {
  test('every file of client, server and storage is in a room of the list', () => {
    expect(product.filter(({ file }) => rankOf(file)?.rank === -1).map(({ file }) => file)).toEqual([]);
  });

  test('imports run down the list of rooms, never up', () => {
    const runsUp = (target: string, file: string) => {
      const from = rankOf(file);
      const to = rankOf(target);
      return from !== undefined && to !== undefined && from.folder === to.folder && to.rank < from.rank;
    };
    expect(offenders(product, runsUp)).toEqual([]);
  });

  test('no folder imports itself through others', () => {
    const edges = product.flatMap(({ file, imports }) =>
      imports.filter(isOurs).map((target) => [nodeOf(file), nodeOf(target)] as const),
    );
    expect(circlesOf(edges.filter(([from, to]) => from !== to))).toEqual([]);
  });

  test('a folder imports of the others only what the list of doors says', () => {
    const isLocked = (target: string, file: string) => {
      const folder = Object.keys(doors).findLast((name) => file.startsWith(`${name}/`)) ?? '';
      return isOurs(target) && !isInside(doors[folder] ?? [], target);
    };
    expect(offenders(sources, isLocked)).toEqual([]);
  });

  test('wire.ts imports nothing', () => {
    expect(
      offenders(
        product.filter(({ file }) => file === 'server/wire.ts'),
        () => true,
      ),
    ).toEqual([]);
  });

  test('rooms that must not know of each other do not', () => {
    const isStranger = (target: string, file: string) =>
      strangers.some(
        ([a, b]) =>
          (isInside([`${a}/`], file) && isInside([`${b}/`], target)) ||
          (isInside([`${b}/`], file) && isInside([`${a}/`], target)),
      );
    expect(offenders(product, isStranger)).toEqual([]);
  });

  test('each library stays in its rooms', () => {
    const isStray = (target: string, file: string) =>
      libraries.some(([name, places]) => name.test(target) && !isInside(places, file));
    expect(offenders(product, isStray)).toEqual([]);
  });

  test('process.env is read in server/config.ts alone', () => {
    const readers = product.filter(
      ({ file, text }) =>
        !isInside(['server/config.ts', 'server/cli/dev.mjs', 'bench/'], file) && /process\.env/.test(text),
    );
    expect(readers.map(({ file }) => file)).toEqual([]);
  });
});

describe('files', () => {
  test('none is too long', () => {
    const isTable = (file: string) => /^(test|client\/i18n)\//.test(file);
    const styles = files.filter((file) => /^client\/.*\.(css|html)$/.test(file));
    const long = [...sources.map(({ file }) => file), ...styles]
      .map((file) => ({ file, lines: readFileSync(path.join(root, file), 'utf8').split('\n').length - 1 }))
      .filter(({ file, lines }) => lines > (isTable(file) ? MAX_LINES_OF_TABLES : MAX_LINES));
    expect(long).toEqual([]);
  });

  test('there are no default exports but in the settings of tools, which ask for them', () => {
    const withDefault = sources.filter(
      ({ file, text }) => !file.endsWith('.config.ts') && /^export default\b|^export \{[^}]*\bas default\b/m.test(text),
    );
    expect(withDefault.map(({ file }) => file)).toEqual([]);
  });

  test('every exported name has a doc comment on its declaration', () => {
    const bare = sources
      .filter(({ file }) => /\.ts$/.test(file) && !/\.(test|spec|d)\.ts$/.test(file))
      .filter(({ file }) => !file.startsWith('test/') || file.startsWith('test/support/'))
      .flatMap(({ file, text }) => {
        const lines = text.split('\n');
        return lines.flatMap((line, at) => {
          const name = line.match(
            /^export (?:declare |abstract |async )*(?:function|const|let|class|interface|type|enum) (\w+)/,
          );
          return name && !/\*\/$/.test(lines[at - 1] ?? '') ? [`${file}: ${name[1]}`] : [];
        });
      });
    expect(bare).toEqual([]);
  });

  test('the lockfile names no registry: it works with any', () => {
    expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

describe('what comments name is in the repository', () => {
  /** The lines of comments, and of a document every line. */
  function linesOf(file: string): string[] {
    const text = readFileSync(path.join(root, file), 'utf8');
    if (file.endsWith('.md')) return text.split('\n');
    return text.split('\n').filter((line) => /^\s*(\/\*\*|\*|\/\/|#)|\s\/\/ /.test(line));
  }
  const readable = files.filter((file) => /\.(ts|mts|mjs|css|html|md|sh|ya?ml)$/.test(file) && file !== 'CHANGELOG.md');

  test('every document and source file', () => {
    const known = files.map((file) => `/${file}`);
    // A name of the session folder, a site's file and a pattern are no files of ours.
    const NAME = /(?<![\w.:/*<{$-])((?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:md|ts|mjs|css))(?![\w/])/g;
    const missing = readable.flatMap((file) =>
      linesOf(file).flatMap((line) =>
        [...line.matchAll(NAME)]
          .map((match) => match[1] ?? '')
          .filter((name) => !known.some((each) => each.endsWith(`/${name}`)))
          .map((name) => `${file}: ${name}`),
      ),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  test('every platform note', () => {
    const notes = readFileSync(path.join(root, 'docs/platform-notes.md'), 'utf8');
    const headings = new Set([...notes.matchAll(/^### (\d+)\. /gm)].map((match) => match[1]));
    expect(headings.size).toBeGreaterThan(0);
    const CITED = /platform\s(?:\*\s|\/\/\s)?\s*notes?\s+((?:\d+)(?:(?:, | and )\d+)*)/g;
    const cited = readable.flatMap((file) =>
      [
        ...readFileSync(path.join(root, file), 'utf8')
          .replace(/\n\s*(\*|\/\/)/g, '')
          .matchAll(CITED),
      ].flatMap((match) => (match[1] ?? '').split(/, | and /).map((number) => ({ file, number }))),
    );
    expect(cited.length).toBeGreaterThan(20);
    expect(cited.filter(({ number }) => !headings.has(number))).toEqual([]);
  });
});
