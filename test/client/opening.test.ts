import { expect, test } from 'vitest';
import type { RememberedSitting } from '../../client/identity.ts';
import { openSession } from '../../client/opening.ts';
import type { StartSessionAnswer } from '../../server/wire.ts';

const remembered: RememberedSitting = {
  folder: 'remembered',
  interview: { title: 'Interview', gate: 'each' },
  questions: [],
  answered: [1],
  uploadEndpoint: '/files',
};
const told: StartSessionAnswer = { ...remembered, ok: true, resumed: true, folder: 'told' };
const never = new Promise<void>(() => {});

/** A server that answers when told to. */
function open(from: { remembered?: RememberedSitting; failed?: Promise<void>; patience?: Promise<void> }) {
  let answer: (value: StartSessionAnswer) => void = () => {};
  const start = () => new Promise<StartSessionAnswer>((resolve) => (answer = resolve));
  const opening = openSession({
    calls: { start },
    who: { token: 'secret', userName: 'A' },
    remembered: from.remembered,
    failed: from.failed ?? never,
    patience: () => from.patience ?? never,
  });
  return { opening, answer: () => answer(told) };
}

test('the server’s word comes first where it comes in time', async () => {
  const { opening, answer } = open({ remembered });
  answer();
  expect(await opening).toEqual({ from: 'server', answer: told });
});

test.each([
  ['no connection', { failed: Promise.resolve() }],
  ['a connection that brings nothing', { patience: Promise.resolve() }],
])('%s: what the device remembers, and the server’s word later', async (_, why) => {
  const { opening, answer } = open({ remembered, ...why });
  const opened = await opening;
  if (opened.from !== 'memory') throw new Error('from memory, it should be');
  expect(opened.sitting).toEqual(remembered);
  answer();
  expect(await opened.later).toEqual(told);
});

test('a device that remembers nothing waits for the server', async () => {
  const { opening, answer } = open({ failed: Promise.resolve(), patience: Promise.resolve() });
  const first = await Promise.race([opening, new Promise((resolve) => setImmediate(resolve, 'still waiting'))]);
  expect(first).toBe('still waiting');
  answer();
  expect(await opening).toEqual({ from: 'server', answer: told });
});
