import { expect, test } from 'vitest';
import { JobError } from '../../../server/job-error.ts';
import { createRemux, SUPERSEDED } from '../../../server/jobs/remux.ts';

/**
 * Runs the job for a recording of 3 s, and returns the reason and the change of the take.
 * @param options.counts whether the take is the answer at the end
 */
async function remuxOf(
  metadata: string,
  { remux, counts = true }: { remux?: () => Promise<unknown>; counts?: boolean } = {},
): Promise<unknown[]> {
  const changes: unknown[] = [];
  const derived = {
    source: async () => ({
      take: { id: 'take', offset: 1, container: 'webm' },
      session: { interview: {} },
      file: 'Q1.webm',
    }),
    openWork: async () => '/nowhere',
    closeWork: async () => {},
    stage: async () => [],
    publish: async (_job: unknown, _files: unknown, change: unknown) => {
      changes.push(change);
      return counts;
    },
  };
  const made = {
    copy: 'copy.webm',
    poster: null,
    durationMs: 3_000,
    problems: ['its sound has a gap'],
    leftOut: ['no poster'],
  };
  const storage = { derived, freeBytes: async () => 1_000, takes: { metadataOf: async () => metadata } };
  const media = { remux: remux ?? (async () => made) };
  const deps = { storage, config: { minFreeBytes: 0 }, media: () => media };
  const work = createRemux(deps as unknown as Parameters<typeof createRemux>[0]);
  const context = { signal: new AbortController().signal, onProgress: () => {}, isOurs: async () => true };
  return [await work({ id: 1 } as Parameters<typeof work>[0], context), ...changes];
}

const encoded = (text: string) => Buffer.from(text).toString('base64');

test('what is missing is in the job’s reason and with the answer; what the program left out is in the reason alone', async () => {
  expect(await remuxOf(`folder ${encoded('x')}`)).toEqual([
    { reason: 'its sound has a gap; no poster' },
    { durationMs: 3_000, mediaProblem: 'its sound has a gap' },
  ]);
});

test('what can’t be read is told of an answer alone: where another take counts by now, it may be that one’s file', async () => {
  const broken = new JobError('it breaks off', { final: true });
  await expect(remuxOf('', { remux: async () => Promise.reject(broken) })).rejects.toBe(broken);
  const superseded = remuxOf('', { remux: async () => Promise.reject(broken), counts: false });
  expect(await superseded).toEqual([SUPERSEDED, { mediaProblem: 'it breaks off' }]);
});

test('a recording that is much shorter than its device counted is told', async () => {
  const said = 'it lasts 3.0 s, though its device counted 25.0 s; its sound has a gap';
  expect(await remuxOf(`folder ${encoded('x')}, durationMs ${encoded('25001')}`)).toEqual([
    { reason: `${said}; no poster` },
    { durationMs: 3_000, mediaProblem: said },
  ]);
  for (const near of ['4500', '3000', '100', 'many', ''])
    expect(await remuxOf(`durationMs ${encoded(near)}`)).toMatchObject([{}, { mediaProblem: 'its sound has a gap' }]);
});
