import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { parseLink, readTrace } from './link-rate.ts';
import { openNetwork } from './network.ts';

describe('rates', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tresgo-link-'));
  const trace = (text: string) => {
    const file = join(dir, 'trace');
    writeFileSync(file, text);
    return file;
  };
  afterEach(() => rmSync(join(dir, 'trace'), { force: true }));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('reads const:KBIT and traces', () => {
    expect(parseLink('const:2000')).toEqual({ kbit: 2000 });
    expect(parseLink('const:0.5')).toEqual({ kbit: 0.5 });
    expect(readTrace(trace('0\n3\n3\r\n17\n'))).toEqual([0, 3, 3, 17]);
    expect(parseLink(trace('1\n2\n'))).toEqual({ traceMs: [1, 2] });
  });

  it('names what is wrong with a rate', async () => {
    for (const text of ['const:', 'const:0', 'const:-1', 'const:fast', 'const:Infinity']) {
      expect(() => parseLink(text)).toThrow(`a link is const:KBIT or a trace file, not ${text}`);
    }
    expect(() => parseLink(join(dir, 'none'))).toThrow('ENOENT');
    expect(() => readTrace(trace('1\n5\n4\n'))).toThrow(/trace:3: .*: 4$/);
    expect(() => readTrace(trace('1\nx\n'))).toThrow(/trace:2: .*: x$/);
    expect(() => readTrace(trace('-1\n2\n'))).toThrow(/trace:1: .*: -1$/);
    expect(() => readTrace(trace('1\n\n2\n'))).not.toThrow();
    expect(() => readTrace(trace(''))).toThrow(/trace:1: /);
    expect(() => readTrace(trace('0\n0\n'))).toThrow('ends at 0 ms');
    const to = { host: '127.0.0.1', port: 1 };
    await expect(openNetwork({ to, rate: { kbit: 0 } })).rejects.toThrow('above 0 kbit/s');
    await expect(openNetwork({ to, rate: { traceMs: [] } })).rejects.toThrow('later than at 0 ms');
  });
});
