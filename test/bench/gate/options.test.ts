import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GateOptions, readOptions } from '../../../bench/gate/options.ts';
import { main } from '../../../bench/gate.ts';

const folder = mkdtempSync(join(tmpdir(), 'tresgo-gate-'));
const [fast, slow] = [join(folder, 'Fast-LTE.up'), join(folder, 'slow')];
beforeAll(() => {
  writeFileSync(fast, '1\n2\n');
  writeFileSync(slow, '100\n200\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const names = (args: string[]) => {
  const options = readOptions(args);
  return typeof options === 'string' ? options : options.traces.map(({ name }) => name);
};

it('has defaults', () => {
  expect(readOptions([])).toEqual({
    traces: [{ name: 'const:2000', rate: { kbit: 2000 } }],
    phones: 14,
    gates: 100,
    chromium: 10,
    seconds: [20, 60],
    delayMs: 50,
    seed: 1,
    json: false,
    svg: null,
    dead: false,
  });
});

it('takes several traces, with the option each time or once, and a link beside them', () => {
  expect(names(['--trace', fast, '--trace', slow])).toEqual(['Fast-LTE', 'slow']);
  expect(names(['--trace', fast, slow])).toEqual(['Fast-LTE', 'slow']);
  expect(names(['--trace', fast, '--link', 'const:300'])).toEqual(['Fast-LTE', 'const:300']);
  expect(names(['--link', slow])).toEqual(['slow']);
});

it('takes all other options', () => {
  const args = '--phones 2 --gates 4 --chromium 0 --seconds 3,5,7 --delay 0 --seed 9 --json --svg a.svg --dead';
  expect(readOptions(args.split(' '))).toMatchObject({
    ...{ phones: 2, gates: 4, chromium: 0, seconds: [3, 5, 7], delayMs: 0, seed: 9 },
    ...{ json: true, svg: 'a.svg', dead: true },
  });
});

it('names the plot unless an option does', () => {
  const svg = (args: string[]) => (readOptions(args) as GateOptions).svg;
  expect(svg(['--svg'])).toBe('gate.svg');
  expect(svg(['--svg', '--json'])).toBe('gate.svg');
  expect(svg(['--json', '--svg', 'b.svg'])).toBe('b.svg');
});

it('names what is wrong', () => {
  expect(readOptions(['--phones', '0'])).toBe('--phones takes whole numbers from 1, not 0');
  expect(readOptions(['--seconds', '20,'])).toBe('--seconds takes whole numbers from 1, not ');
  expect(readOptions(['--delay', 'x'])).toBe('--delay takes whole numbers from 0, not x');
  expect(readOptions(['--gates='])).toBe('--gates takes whole numbers from 0, not ');
  expect(readOptions(['--gates', '1.5'])).toBe('--gates takes whole numbers from 0, not 1.5');
  expect(readOptions(['--trace', join(folder, 'none')])).toContain('ENOENT');
  expect(readOptions(['--link', 'const:0'])).toBe('a link is const:KBIT or a trace file, not const:0');
  expect(readOptions(['--wrong'])).toContain("'--wrong'");
  expect(readOptions(['trace'])).toContain('trace is no option');
  expect(readOptions(['--help'])).toContain('--trace FILE');
});

it('ends with status 2 for a wrong command line', async () => {
  expect(await main(['--phones', 'many'])).toBe(2);
});
