/** An interview's YAML file: its keys and limits, and each mistake with its line. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { interviewText, nearest, parseInterview } from '../../../server/cli/interview-file.ts';
import { interviewJsonSchema, KNOWN_KEYS } from '../../../server/cli/interview-schema.ts';

const cli = path.resolve(import.meta.dirname, '../../../server/cli');
const QUESTION = { readSeconds: 0, thinkSeconds: 0, maxSeconds: 600, maxTakes: 1 };
/** Six valid lines. */
const GOOD = 'slug: a-1\ntitle: A title\ngate: end\nkeepTakes: false\nquestions:\n  - text: One?\n';

/** The errors of a file that is refused. */
function errorsIn(text: string): string[] {
  const parsed = parseInterview(text, 'x.yaml');
  if (!('errors' in parsed)) throw new Error(`it is accepted: ${JSON.stringify(parsed)}`);
  return parsed.errors;
}

test('keys that are left out have their defaults, and texts are trimmed', () => {
  const text = 'slug: a\ntitle: " T "\nquestions:\n  - {text: One?}\n  - text: |\n      Two\n      lines\n';
  expect(parseInterview(text, 'x')).toEqual({
    slug: 'a',
    title: 'T',
    gate: 'each',
    keepTakes: true,
    questions: [
      { text: 'One?', ...QUESTION },
      { text: 'Two\nlines', ...QUESTION },
    ],
  });
});

test('values at the limits are accepted', () => {
  const question = (...values: number[]) =>
    `  - {text: ${'x'.repeat(2000)}, thinkSeconds: ${values[0]}, maxSeconds: ${values[1]}, maxTakes: ${values[2]}}\n`;
  const questions = [...Array(99).fill(question(0, 5, 1)), question(3600, 7200, 10)].join('');
  const parsed = parseInterview(`slug: ${'a'.repeat(60)}\ntitle: ${'t'.repeat(200)}\nquestions:\n${questions}`, 'x');
  expect(parsed).toMatchObject({ slug: 'a'.repeat(60) });
});

test('the example is valid, shows every key, and names its schema', async () => {
  const text = await readFile(path.join(cli, 'interview.example.yaml'), 'utf8');
  const example = parseInterview(text, 'example');
  expect(example).toMatchObject({ slug: 'product-designer', gate: 'each', keepTakes: true });
  for (const key of ['thinkSeconds: 30', 'maxSeconds: 180', 'maxTakes: 3', '# gate: end']) expect(text).toContain(key);
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./interview.schema.json');
  // What is a comment in it is right, too.
  expect(parseInterview(text.replace('# gate: end\ngate: each', 'gate: end'), 'example')).toMatchObject({
    gate: 'end',
  });
});

test('docs/commands.md and the example have every key', async () => {
  const docs = await readFile('docs/commands.md', 'utf8');
  const example = await readFile(path.join(cli, 'interview.example.yaml'), 'utf8');
  const keys = Object.values(KNOWN_KEYS).flat();
  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter((key) => !docs.includes(`\`${key}\``))).toEqual([]);
  expect(keys.filter((key) => !example.includes(`${key}: `) && !example.includes(`${key}:\n`))).toEqual([]);
});

test('interview.schema.json is the schema that the command checks with: `npx vitest run -u` writes it', async () => {
  const onOneLine = JSON.stringify(interviewJsonSchema(), null, 2).replace(
    /\[\s+("[^\]{]*?")\s+\]/g,
    (_, list: string) => {
      return `[${list.replace(/\s+/g, ' ')}]`;
    },
  );
  await expect(`${onOneLine}\n`).toMatchFileSnapshot(path.join(cli, 'interview.schema.json'));
});

test('an interview that is written as text and read again is the same', () => {
  const interview = parseInterview(GOOD.replace('One?', '"No: #1\\n - \'yes\' \\u00e9 王"'), 'x');
  if ('errors' in interview) throw new Error(interview.errors.join());
  expect(parseInterview(interviewText(interview), 'x')).toEqual(interview);
});

test.each([
  ['\ufeff', GOOD],
  ['CRLF', GOOD.replaceAll('\n', '\r\n')],
  [
    'JSON',
    JSON.stringify({ slug: 'a-1', title: 'A title', gate: 'end', keepTakes: false, questions: [{ text: 'One?' }] }),
  ],
  ['an anchor', GOOD.replace('One?', '&one One?')],
  ['%YAML 1.2', `%YAML 1.2\n---\n${GOOD}...\n`],
])('it may begin with, or be, %j', (_what, text) => {
  const start = _what === '\ufeff' ? _what : '';
  expect(parseInterview(start + text, 'x')).toMatchObject({ slug: 'a-1', questions: [{ text: 'One?' }] });
});

test.each([
  // Values, each where it stands.
  ['slug: a-1', 'slug: A_1', /^x.yaml:1:7: slug: takes a short name: 1 to 60 of a-z, 0-9 and -, not "A_1"$/],
  ['slug: a-1', `slug: ${'a'.repeat(61)}`, /^x.yaml:1:7: slug: takes .*, not one of 61 characters$/],
  ['slug: a-1', 'slug: 7', /^x.yaml:1:7: slug: takes .* \(in quotes .*\), not 7$/],
  ['title: A title', 'title:', /^x.yaml:2:7: title: takes a text of 1 to 200 characters .*, not nothing$/],
  ['title: A title', 'title: "  "', /^x.yaml:2:8: title: takes a text of 1 to 200 characters/],
  ['title: A title', `title: ${'x'.repeat(201)}`, /^x.yaml:2:8: title: takes .*, not one of 201 characters$/],
  ['title: A title', 'title: "a\\u0000b"', /^x.yaml:2:8: title: has control characters; take them out$/],
  ['gate: end', 'gate: never', /^x.yaml:3:7: gate: takes each or end, not "never"$/],
  ['keepTakes: false', 'keepTakes: no', /^x.yaml:4:12: keepTakes: takes true or false, not "no"$/],
  [
    'questions:\n  - text: One?',
    'questions: []',
    /^x.yaml:5:12: questions: takes 1 to 100 questions, not an empty list$/,
  ],
  [
    'questions:\n  - text: One?',
    `questions: [${'{text: a},'.repeat(101)}]`,
    /^x.yaml:5:12: questions: takes 1 to 100 questions, not a list of 101$/,
  ],
  [
    'questions:\n  - text: One?',
    'questions: {a: 1}',
    /^x.yaml:5:12: questions: takes a list of questions.* not a group/,
  ],
  ['  - text: One?', '  - One?', /^x.yaml:6:5: questions\[0\]: takes a question with the key text.*, not "One\?"$/],
  ['One?', `${'x'.repeat(2001)}`, /^x.yaml:6:11: questions\[0\].text: takes .*, not one of 2001 characters$/],
  [
    'One?',
    'One?\n    maxSeconds: 4',
    /^x.yaml:7:17: questions\[0\].maxSeconds: takes a whole number from 5 to 7200 \(seconds\), not 4$/,
  ],
  ['One?', 'One?\n    maxSeconds: 7201', /^x.yaml:7:17: questions\[0\].maxSeconds: .* not 7201$/],
  ['One?', 'One?\n    maxSeconds: 10m', /^x.yaml:7:17: questions\[0\].maxSeconds: .* not "10m"$/],
  [
    'One?',
    'One?\n    thinkSeconds: -1',
    /^x.yaml:7:19: questions\[0\].thinkSeconds: takes a whole number from 0 to 3600/,
  ],
  ['One?', 'One?\n    thinkSeconds: 1.5', /^x.yaml:7:19: questions\[0\].thinkSeconds: .* not 1.5$/],
  [
    'One?',
    'One?\n    maxTakes: 11',
    /^x.yaml:7:15: questions\[0\].maxTakes: takes a whole number from 1 to 10, not 11$/,
  ],
  ['One?', 'One?\n    maxTakes: 0', /^x.yaml:7:15: questions\[0\].maxTakes: /],
  // Keys that are missing or not known.
  ['slug: a-1\n', '', /^x.yaml:1:1: slug: is missing; it takes a short name/],
  ['  - text: One?', '  - maxTakes: 2', /^x.yaml:6:5: questions\[0\].text: is missing; it takes a text/],
  ['gate: end', 'Gate: end', /^x.yaml:3:1: Gate: is no key here: did you mean gate\?$/],
  ['keepTakes', 'keep_takes', /^x.yaml:4:1: keep_takes: is no key here: did you mean keepTakes\?$/],
  [
    'One?',
    'One?\n    maxSecond: 9',
    /^x.yaml:7:5: questions\[0\].maxSecond: is no key here: did you mean maxSeconds\?$/,
  ],
  [
    'One?',
    'One?\n    wholly: 9',
    /^x.yaml:7:5: questions\[0\].wholly: is no key here: there are text, readSeconds, thinkSeconds, maxSeconds, maxTakes$/,
  ],
  ['gate: end', '__proto__: {gate: end}', /^x.yaml:3:1: __proto__: is no key here/],
  ['gate: end', '? [a, b]\n: 1', /^x.yaml:\d:\d: .* is no key here/],
  // What YAML itself does not take, or nobody should.
  [
    'title: A title',
    'title: A: title',
    /^x.yaml:2:\d+: is not readable as YAML: put a text that has a colon in quotes/,
  ],
  ['title: A title', 'title: "A title', /^x.yaml:\d:\d+: is not readable as YAML: /],
  ['title: A title', 'title: “A title: new”', /^x.yaml:2:\d+: is not readable as YAML: typographic quotes are letters/],
  ['title: A title', 'title: «A: b»', /typographic quotes are letters like others here: use the straight ones/],
  ['  - text', '\t- text', /^x.yaml:6:1: is not readable as YAML: a tab stands where spaces must be/],
  ['gate: end', 'slug: a-2', /^x.yaml:3:1: the key slug is here twice: take one out$/],
  ['gate: end', 'gate: *gate', /^x.yaml:3:7: \*gate stands for nothing: there is no &gate before it$/],
  ['title: A title', 'title: !!binary aGVsbG8=', /^x.yaml:2:17: title: takes a text/],
  ['title: A title', 'title: !mine x', /^x.yaml:2:8: is not readable as YAML: Unresolved tag/],
  ['One?\n', 'One?\n---\nslug: b\n', /^x.yaml:7:1: is not readable as YAML: there is more than one interview/],
])('%j as %.40j is one line', (good, bad, line) => {
  expect(GOOD).toContain(good);
  const errors = errorsIn(GOOD.replace(good, bad));
  expect(errors[0]).toMatch(line);
  expect(errors).toHaveLength(1);
});

test.each([
  ['', /^x.yaml:1:1: the file is empty: it takes the keys slug, title and questions$/],
  ['# only this\n', /^x.yaml:1:1: the file is empty/],
  ['null', /^x.yaml:1:1: takes the keys slug, title and questions, not nothing$/],
  ['hello', /^x.yaml:1:1: takes the keys slug, title and questions, not "hello"$/],
  ['- a\n- b', /^x.yaml:1:1: takes the keys slug, title and questions, not a list of 2$/],
])('the file %j is one line', (text, line) => {
  expect(errorsIn(text)).toEqual([expect.stringMatching(line)]);
});

test('all mistakes are listed in the order of the file, up to the first hundred', () => {
  const bad = 'slug: A\ntitel: T\nquestions:\n  - {text: a, maxTakes: 0}\n  - {maxSeconds: 1}\n  - x\n';
  expect(
    errorsIn(bad).map((line) => line.replace(/^x.yaml:|: .*/g, '').concat(line.match(/: ([^:]+):/)?.[1] ?? '')),
  ).toEqual([
    '1:1title',
    '1:7slug',
    '2:1titel',
    '4:25questions[0].maxTakes',
    '5:5questions[1].text',
    '5:18questions[1].maxSeconds',
    '6:5questions[2]',
  ]);
  const many = errorsIn(GOOD + Array.from({ length: 150 }, (_, at) => `key${at}: 1\n`).join(''));
  expect(many).toHaveLength(101);
  expect(many.at(-1)).toBe('x.yaml: and 50 more');
});

test('aliases are accepted, and aliases that unfold to millions of values are refused', () => {
  const shared = 'slug: a\ntitle: &t Same\nquestions: [&q {text: *t, maxTakes: 2}, *q]';
  const twice = { text: 'Same', ...QUESTION, maxTakes: 2 };
  expect(parseInterview(shared, 'x')).toMatchObject({ questions: [twice, twice] });
  const levels = Array.from({ length: 9 }, (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}]`);
  expect(errorsIn(`l0: &l0 [x,x]\n${levels.join('\n')}`)).toEqual([
    expect.stringMatching(/aliases .* can’t be unfolded/),
  ]);
  // A mistake in the value of an alias is reported at the alias.
  expect(errorsIn('slug: a\ntitle: T\nquestions: [&q {text: a, maxTakes: 0}, *q]').at(1)).toMatch(
    /^x.yaml:3:40: questions\[1\]/,
  );
});

test.each([
  ['brackets', '['.repeat(20_000), /nested too deeply/],
  ['dashes', '- '.repeat(20_000), /nested too deeply/],
  ['keys', Array.from({ length: 10_000 }, (_, at) => `k${at}:\n`).join(''), /and 9903 more/],
])('a file of many %s is refused quickly', (_what, text, words) => {
  const errors = errorsIn(text);
  expect(errors.at(-1)).toMatch(words);
  expect(errors.join('\n').length).toBeLessThan(20_000);
});

test('an unknown word gets the nearest known word, or none', () => {
  const known = ['slug', 'title', 'gate', 'keepTakes', 'maxSeconds'];
  const asked = ['Titel', 'max-seconds', 'MAX_SECOND', 'keeptake', 'gates', 'name', 'color', '', 'x'.repeat(5_000)];
  expect(asked.map((word) => nearest(word, known))).toEqual([
    ...['title', 'maxSeconds', 'maxSeconds', 'keepTakes', 'gate'],
    ...[null, null, null, null],
  ]);
});
