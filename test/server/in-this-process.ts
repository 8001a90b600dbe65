import { expect, vi } from 'vitest';
import { main } from '../../server/cli/index.ts';

/** What a command did. */
export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** The launcher does no more than to hand its arguments to `main`; a process for each command would take a second. */
export async function inThisProcess(args: string[]): Promise<Outcome> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += text;
      return true;
    }),
  );
  try {
    return { status: await main(args), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** One line on standard error that is no stack trace, nothing on standard output. */
export function expectRefusal(outcome: Outcome, words: RegExp): void {
  expect(outcome).toMatchObject({ status: 1, stdout: '' });
  expect(outcome.stderr).toMatch(words);
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/\bat .*:\d+:\d+/);
}
