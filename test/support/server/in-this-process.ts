/** Commands of the command line, run inside the test's process. */
import { expect, vi } from 'vitest';
import { main } from '../../../server/cli/index.ts';

/** What a command printed, and its exit status. */
export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs `tresgo …` without its launcher, which only hands its arguments to `main`: a process for each command would take
 * a second.
 */
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

/** Expects status 1, one line on standard error that is no stack trace, and nothing on standard output. */
export function expectRefusal(outcome: Outcome, words: RegExp): void {
  expect(outcome).toMatchObject({ status: 1, stdout: '' });
  expect(outcome.stderr).toMatch(words);
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/\bat .*:\d+:\d+/);
}
