/** Whom candidates may ask is told wherever an alert sends them there. */
import { expect, test } from 'vitest';
import { en } from '../../../client/i18n/en.ts';
import { asking } from '../../../client/view/notice.ts';

test('the alerts that name the person who invited show the contact, and no others', () => {
  const sending = Object.entries(en.alerts).filter(([, { text }]) => text.includes('the person who invited you'));
  expect(new Set(sending.map(([code]) => code))).toEqual(asking);
});
