/** Which typed names are the invited one. */
import { describe, expect, test } from 'vitest';
import { namesMatch } from '../../storage/name-match.ts';

describe('names of one person', () => {
  test.each([
    ['Nguyễn Văn A', 'nguyen van a', 'accents and case'],
    ['Nguyễn Văn An', 'An Nguyễn Văn', 'the order'],
    ['Nguyễn Văn An', 'Nguyen An', 'a middle name left out'],
    ['Nguyen An', 'Nguyễn Văn An', 'a middle name added'],
    ['Nguyễn Văn An', 'Mr. Nguyen Van An', 'a title'],
    ['Nguyễn Văn An', 'Mr.Nguyen Van An', 'a title without a space'],
    ['Nguyễn Văn An', 'Ông Nguyễn An', 'a title instead of a middle name'],
    ['Dr. Prof. Nguyễn Văn An', 'nguyen an', 'titles in the invitation'],
    ['Nguyễn Văn An'.normalize('NFD'), 'Nguyễn Văn An', 'another normal form'],
    ['Nguyễn Văn An', 'nguyenvanan', 'no spaces'],
    ['Nguyễn Văn An', 'Nguyen VanAn', 'a space less'],
    ['Nguyễn\u00a0Văn\u200bAn', 'Nguyễn Văn An', 'what looks like a space, or like nothing'],
    ['Nguyễn Anh', 'Anh Nguyễn', 'a name that is a title, too'],
    ['Müller, Jürgen', 'Juergen Mueller', 'ü as ue'],
    ['Müller, Jürgen', 'Jurgen Muller', 'ü as u'],
    ['Jürgen Mueller', 'Jürgen Müller', 'ue as ü'],
    ['Jurgen Muller', 'Juergen Mueller', 'ue as u'],
    ['Jörg Weiß', 'Joerg Weiss', 'ß as ss'],
    ['Søren Åberg', 'Soeren Aaberg', 'ø as oe and å as aa'],
    ['Søren Ægidius', 'Soren Aegidius', 'ø as o and æ as ae'],
    ['Järvinen Päivi', 'Paeivi Jaervinen', 'ä as ae'],
    ["Anne-Marie O'Neill", 'anne marie oneill', 'an apostrophe and a hyphen'],
    ["Anne-Marie O'Neill", 'O’Neill Anne Marie', 'another apostrophe, and the order'],
    ['สมชาย ใจดี', 'สมชายใจดี', 'Thai without a space'],
    ['สมชาย ใจดี', 'นายสมชาย ใจดี', 'a Thai title'],
    ['นางสาวสมหญิง ใจดี', 'สมหญิง ใจดี', 'a Thai title in the invitation'],
    ['สมชาย ใจดี', 'คุณ สมชาย ใจดี', 'a Thai title with a space'],
    ['王小明', '王小明先生', 'a Chinese title'],
    ['王小明', 'Wang Xiao Ming', 'another script'],
    ['Anna', 'ANNA', 'one word'],
    ['Anna', 'Ms Anna', 'one word and a title'],
    ['😀', ' 😀 ', 'no letters at all'],
  ])('%j is %j: %s', (invited, typed) => {
    expect(namesMatch(invited, typed)).toBe(true);
    expect(namesMatch(typed, invited)).toBe(true);
  });
});

describe('names of two people', () => {
  test.each([
    ['Nguyễn Văn A', 'Nguyễn Văn B'],
    ['Nguyễn Văn An', 'Tran Binh'],
    ['Nguyễn Văn An', 'Nguyen'],
    ['Nguyễn Văn An', 'Mr. Nguyen'],
    ['Nguyễn Văn An', 'Ông An'],
    ['Nguyễn Văn An', 'Nguyen Binh'],
    ['Nguyễn Văn An', 'Nguyen Van Binh An Khang X Van Anh'.replace(/\bAn\b/, 'Ann')],
    ['Anna Parker', 'Anna Barker'],
    ['Anna Parker', 'Ann Aparkerr'],
    ['Anna Parker', 'Anna'],
    ['Anna Parker', 'Mr'],
    ['Anna Parker', '../'],
    ['Anna Parker', '\ud800'],
    ['Mr Dr', 'Mr'],
    ['😀', '😎'],
    ['😀', ''],
    ['😀', 'Anna'],
    ['', 'Anna'],
  ])('%j is not %j', (invited, typed) => {
    expect(namesMatch(invited, typed)).toBe(false);
    expect(namesMatch(typed, invited)).toBe(false);
  });
});
