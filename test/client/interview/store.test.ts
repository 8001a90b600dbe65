import { expect, test } from 'vitest';
import { initial } from '../../../client/interview/state.ts';
import { createStore } from '../../../client/interview/store.ts';

test('a change reaches every listener, in order, with the state before it; an event that changes nothing reaches none', () => {
  const store = createStore();
  const heard: unknown[] = [];
  store.subscribe((after, before) => heard.push(['first', after === store.get(), before.pausing, after.pausing]));
  store.subscribe(() => heard.push('second'));
  store.dispatch({ type: 'pausing', on: true });
  expect(heard.splice(0)).toEqual([['first', true, false, true], 'second']);
  store.dispatch({ type: 'stopped' });
  expect([heard, store.get()]).toEqual([[], { ...initial, pausing: true }]);
});
