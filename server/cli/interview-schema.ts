/** The schema of an interview's file: its keys, their limits, and the words for each mistake. */
import { z } from 'zod';

/** The keys of an interview and of a question: an unknown key is compared with them. */
export const KNOWN_KEYS = {
  interview: [
    ...['slug', 'title', 'gate', 'keepTakes', 'language', 'normalizeAudio', 'organization', 'logo', 'contact'],
    ...['privacyUrl', 'intro', 'outro', 'allowAudioOnly', 'consent', 'questions'],
  ],
  consent: ['text', 'version'],
  question: ['text', 'readSeconds', 'thinkSeconds', 'maxSeconds', 'maxTakes'],
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it keeps out
const PLAIN = /^[^\u0000-\u0008\u000b-\u001f\u007f]*$/;

/** The words `is missing; it takes …` for a missing key, else `takes …`. */
const takes = (what: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? `is missing; it takes ${what}` : `takes ${what}`),
});

function text(maxCharacters: number) {
  const what = `a text of 1 to ${maxCharacters} characters (in quotes where it looks like a number)`;
  return z
    .string(takes(what))
    .trim()
    .min(1, takes(what))
    .max(maxCharacters, takes(what))
    .regex(PLAIN, 'has control characters; take them out');
}

function whole(from: number, to: number, unit: string) {
  const what = takes(`a whole number from ${from} to ${to}${unit}`);
  return z.int(what).min(from, what).max(to, what);
}

const ADDRESS = 'an address that begins with https://';
const address = z
  .url({ protocol: /^https$/, ...takes(ADDRESS) })
  .max(2000, takes(ADDRESS))
  .regex(PLAIN, 'has control characters; take them out');

const CONTACT = 'a mail address, a phone number with its country (+84 …), or an address that begins with https://';
const contact = z
  .string(takes(CONTACT))
  .trim()
  .max(200, takes(CONTACT))
  .regex(/^([^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+|\+[\d ().-]{5,30}|https:\/\/[^\s<>"]+)$/, takes(CONTACT));

const consent = z.strictObject(
  {
    text: text(5000).describe('What the candidate agrees to by a tick, before the camera opens.'),
    version: text(60).describe('Kept with the tick in meta.json: change it with the text.'),
  },
  takes('the keys text and version'),
);

const question = z
  .strictObject(
    {
      text: text(2000).describe('What is asked, as the candidate reads it.'),
      readSeconds: whole(0, 600, ' (seconds)')
        .default(0)
        .describe('Time to read the question before the countdown to the recording, in seconds; 0 = none.'),
      thinkSeconds: whole(0, 3600, ' (seconds)')
        .default(0)
        .describe('Time to think before the recording begins, counted down in seconds; 0 = it begins at once.'),
      maxSeconds: whole(5, 7200, ' (seconds)')
        .default(600)
        .describe('The longest answer, in seconds; the recording stops by itself.'),
      maxTakes: whole(1, 10, '')
        .default(1)
        .describe('How often the question may be answered; the last whole take counts. 1 = no retakes.'),
    },
    takes('a question with the key text, like "- text: …"'),
  )
  .describe('One question.');

/** An interview in its file. Keys that are left out get their defaults. */
export const interviewSchema = z
  .strictObject(
    {
      slug: z
        .string(takes('a short name of a-z, 0-9 and - (in quotes where it looks like a number)'))
        .regex(/^[a-z0-9-]{1,60}$/, 'takes a short name: 1 to 60 of a-z, 0-9 and -')
        .describe('The short name that commands know it by.'),
      title: text(200).describe('What the candidate is greeted with.'),
      gate: z
        .enum(['each', 'end'], takes('each or end'))
        .default('each')
        .describe(
          'When the server must hold an answer: before the next question opens (each), or before the finish (end), so that all can be recorded without a network.',
        ),
      keepTakes: z
        .boolean(takes('true or false'))
        .default(true)
        .describe('Whether earlier whole takes are kept in takes/ of the session folder.'),
      language: z
        .string(takes('a language tag like vi, th or en'))
        .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'takes a language tag like vi, th or en')
        .optional()
        .describe('What candidates speak, for the transcript; left out, it is detected.'),
      normalizeAudio: z
        .boolean(takes('true or false'))
        .optional()
        .describe('Whether the copies for reviewers get their loudness evened out; the recordings stay as they are.'),
      organization: text(120).optional().describe('Who asks, as candidates know it.'),
      logo: address.optional().describe('The https address of a picture of the organization, about 240 x 80 pixels.'),
      contact: contact
        .optional()
        .describe('Whom candidates may ask: a mail address, a phone number or the https address of a chat.'),
      privacyUrl: address.optional().describe('The https address of the page that says what happens to the video.'),
      intro: text(2000).optional().describe('What candidates read before the check of camera and microphone.'),
      outro: text(2000).optional().describe('What candidates read first at the end: thanks, and what happens next.'),
      allowAudioOnly: z
        .boolean(takes('true or false'))
        .optional()
        .describe(
          'Whether candidates may answer by voice alone; offered where the camera fails or the network is too slow.',
        ),
      consent: consent.optional().describe('What candidates must agree to before the camera opens.'),
      questions: z
        .array(question, takes('a list of questions, each like "- text: …"'))
        .min(1, 'takes 1 to 100 questions')
        .max(100, 'takes 1 to 100 questions')
        .describe('In the order they are asked.'),
    },
    takes('the keys slug, title and questions'),
  )
  .describe('A set of questions for TresGo: tresgo interview create FILE.yaml');

/** The same schema as JSON Schema, for editors. */
export function interviewJsonSchema(): object {
  return { title: 'TresGo interview', ...z.toJSONSchema(interviewSchema, { io: 'input' }) };
}
