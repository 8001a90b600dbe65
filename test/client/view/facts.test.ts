/** What the candidate is told before the start, in every language. */
import { describe, expect, test } from 'vitest';
import { en } from '../../../client/i18n/en.ts';
import { th } from '../../../client/i18n/th.ts';
import { vi } from '../../../client/i18n/vi.ts';
import { unknownAbout } from '../../../client/interview/about.ts';
import { accommodationOf, factsOf, limitsOf, plannedMinutes } from '../../../client/view/facts.ts';
import { contactLink } from '../../../client/view/organization.ts';

const question = (more = {}) => ({ index: 1, text: '?', thinkSeconds: 0, maxSeconds: 120, maxTakes: 1, ...more });
const five = Array.from({ length: 5 }, () => question());
const expiresAt = '2026-12-04T11:00:00.000Z';
const before = Date.parse('2026-12-01T00:00:00Z');
const told = { questions: five, answered: [], about: { ...unknownAbout, expiresAt } };

describe('factsOf', () => {
  test('how many, how long, how often, how long in all, and until when', () => {
    expect(factsOf(told, en, before)).toEqual([
      '5 questions',
      'up to 2 minutes for each answer',
      '1 take each: you can’t go back',
      'set aside up to 13 minutes in all',
      expect.stringMatching(/^please finish by \w+, December \d+, \d+:00.[AP]M$/),
    ]);
    expect(factsOf(told, vi, before).slice(0, 4)).toEqual([
      '5 câu hỏi',
      'mỗi câu trả lời tối đa 2 phút',
      'mỗi câu trả lời 1 lượt, không quay lại được',
      'bạn nên dành tối đa 13 phút',
    ]);
    expect(factsOf(told, th, before).slice(0, 4)).toEqual([
      '5 คำถาม',
      'ตอบได้ข้อละไม่เกิน 2 นาที',
      'ตอบได้ข้อละ 1 ครั้ง ย้อนกลับไม่ได้',
      'เผื่อเวลาไว้ไม่เกิน 13 นาที',
    ]);
  });

  test('questions that differ are told as a range', () => {
    const questions = [question({ maxTakes: 3 }), question({ maxSeconds: 600, maxTakes: 2 })];
    expect(factsOf({ ...told, questions }, en, before).slice(1, 3)).toEqual([
      'up to 10 minutes for an answer, for some 2 minutes',
      '2 to 3 takes for each question',
    ]);
    const [same] = [[question({ maxTakes: 2 })]];
    expect(factsOf({ ...told, questions: same }, en, before)[2]).toBe('2 takes each');
  });

  test('a deadline that is over, or that there is none, is not told; nor how long it takes in all to who comes back', () => {
    const late = factsOf({ ...told, answered: [1] }, en, Date.parse('2026-12-05T00:00:00Z'));
    expect(late).toHaveLength(3);
    expect(factsOf({ ...told, about: unknownAbout }, en, before)).toHaveLength(4);
    expect(factsOf({ ...told, questions: [] }, en, before)).toEqual([]);
  });

  test.each([en, vi, th])('the deadline is a day of the candidate’s own zone, in $lang', (messages) => {
    const day = new Intl.DateTimeFormat(messages.lang, { day: 'numeric' }).format(new Date(expiresAt));
    expect(factsOf(told, messages, before).at(-1)).toContain(day);
  });
});

test('the time in all counts reading, thinking and the usual length of an answer, in steps of 5 above 20 minutes', () => {
  expect(plannedMinutes([question({ maxSeconds: 60 })])).toBe(4);
  expect(plannedMinutes([question({ readSeconds: 60, thinkSeconds: 120 })])).toBe(8);
  expect(plannedMinutes(five.map((each) => ({ ...each, maxSeconds: 600 })))).toBe(18);
  expect(plannedMinutes([...five, ...five])).toBe(25);
});

test('more time and more takes are said to the person who has them', () => {
  expect(accommodationOf(unknownAbout, en)).toBe('');
  const both = { ...unknownAbout, timeFactor: 1.5, extraTakes: 1 };
  expect(accommodationOf(both, en)).toBe('You have 1.5 times the usual time. You have 1 more take for each question.');
  expect(accommodationOf(both, vi)).toContain('1,5');
  expect(accommodationOf({ ...unknownAbout, extraTakes: 2 }, th)).toBe('คุณตอบแต่ละข้อได้เพิ่มอีก 2 ครั้ง');
});

test('a contact becomes a link', () => {
  expect(contactLink('a@b.example')).toEqual({ href: 'mailto:a@b.example', text: 'a@b.example' });
  expect(contactLink('+84 (90) 123-45')).toEqual({ href: 'tel:+849012345', text: '+84 (90) 123-45' });
  expect(contactLink('https://chat.example/x')).toEqual({ href: 'https://chat.example/x', text: 'chat.example/x' });
});

test('the limits of a question say how many takes there are, and after one was used how many are left', () => {
  const asked = question({ maxTakes: 3 });
  const after = (used: number, of = asked) =>
    [en, vi, th].map((messages) => limitsOf({ questions: [of], takesUsed: { 1: used } }, of, messages));
  expect(after(0)).toEqual([
    'Up to 2 minutes, 3 takes in all.',
    'Tối đa 2 phút, 3 lượt trả lời.',
    'ไม่เกิน 2 นาที ตอบได้ 3 ครั้ง',
  ]);
  expect(after(1)).toEqual([
    'Up to 2 minutes, 2 takes left.',
    'Tối đa 2 phút, còn 2 lượt trả lời.',
    'ไม่เกิน 2 นาที ตอบได้อีก 2 ครั้ง',
  ]);
  expect(after(2)[0]).toBe('Up to 2 minutes, 1 take left.');
  expect(after(3)[0], 'the last take was lost').toBe('Up to 2 minutes, 1 take left.');
  expect(after(0, question())[0]).toBe('Up to 2 minutes. You can answer this question once.');
});
