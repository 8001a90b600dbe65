/** What to expect, said before it begins: how many questions, how long, how many takes, until when, and for whom. */
import type { Question } from '../../server/wire.ts';
import type { Messages } from '../i18n/index.ts';
import { takesLeft } from '../interview/progress.ts';
import { currentQuestion, type InterviewState } from '../interview/state.ts';
import { h, setText, show } from './dom.ts';
import { formatDay } from './format.ts';
import { isBeforeStart, type Part } from './part.ts';

/** What most answers stay below where their limit is longer, in seconds; an eighth of what is above it is planned. */
const USUAL_SECONDS = 120;
/** What the check of the devices takes, and the countdown before each recording, in seconds. */
const CHECK_SECONDS = 120;
const COUNTDOWN_SECONDS = 3;

/** How the day of a deadline is said: `Friday, December 4`. */
const DEADLINE = { weekday: 'long', day: 'numeric', month: 'long' } as const;

/** How long a whole interview may take, in minutes: exact up to 20, in steps of 5 above. */
export function plannedMinutes(questions: readonly Question[]): number {
  const seconds = questions.reduce((sum, { readSeconds = 0, thinkSeconds, maxSeconds }) => {
    const speaking = Math.min(maxSeconds, USUAL_SECONDS + (maxSeconds - USUAL_SECONDS) / 8);
    return sum + readSeconds + thinkSeconds + COUNTDOWN_SECONDS + speaking;
  }, CHECK_SECONDS);
  const minutes = Math.ceil(seconds / 60);
  return minutes <= 20 ? minutes : Math.ceil(minutes / 5) * 5;
}

type Told = Pick<InterviewState, 'questions' | 'answered' | 'about'>;

/** The facts of an interview, each a few words. `nowMs` is in ms since 1970: a deadline that is over is not told. */
export function factsOf({ questions, answered, about }: Told, { facts, lang }: Messages, nowMs: number): string[] {
  if (questions.length === 0) return [];
  const extremes = (values: number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [least, most] = extremes(questions.map(({ maxSeconds }) => maxSeconds));
  const [fewest, highest] = extremes(questions.map(({ maxTakes }) => maxTakes));
  const takes = fewest === highest ? facts.takes(highest) : facts.takesRange(fewest, highest);
  const { expiresAt } = about;
  return [
    facts.questions(questions.length),
    least === most ? facts.each(most) : facts.range(most, least),
    highest === 1 ? facts.oneTake : takes,
    // Who comes back has a part behind them.
    ...(answered.length === 0 ? [facts.minutes(plannedMinutes(questions))] : []),
    ...(expiresAt !== null && Date.parse(expiresAt) > nowMs
      ? [facts.until(...formatDay(expiresAt, lang, DEADLINE))]
      : []),
  ];
}

/** What this person has beyond the others, in words; empty as a rule. */
export function accommodationOf({ timeFactor, extraTakes }: InterviewState['about'], messages: Messages): string {
  const { facts, lang } = messages;
  const sentences = [
    ...(timeFactor > 1 ? [facts.moreTime(new Intl.NumberFormat(lang).format(timeFactor))] : []),
    ...(extraTakes > 0 ? [facts.moreTakes(extraTakes)] : []),
  ];
  return sentences.join(' ');
}

/** The facts, before the start. `now` is in ms since 1970. */
export function createFacts(messages: Messages, now: () => number = Date.now): Part {
  const list = h('ul', { class: 'facts', 'aria-label': messages.facts.label });
  const accommodation = h('p', { class: 'accommodation' });
  const element = h('section', { class: 'words expectations' }, list, accommodation);
  let shown = '';
  return {
    element,
    render(state) {
      show(element, isBeforeStart(state.phase));
      const facts = factsOf(state, messages, now());
      if (facts.join() !== shown) list.replaceChildren(...facts.map((fact) => h('li', {}, fact)));
      shown = facts.join();
      setText(accommodation, accommodationOf(state.about, messages));
      show(accommodation, accommodation.textContent !== '');
    },
  };
}

/** The limits of a question: how long, and how often it may still be answered. */
export function limitsOf(
  state: Pick<InterviewState, 'questions' | 'takesUsed'>,
  { index, maxSeconds, maxTakes }: Question,
  { facts }: Messages,
): string {
  // A question that is asked once more, since its last take was lost, allows this one.
  const left = Math.max(1, takesLeft(state, index));
  return facts.limits(maxSeconds, maxTakes, left);
}

/** The limits of a question, before its recording begins. */
export function createLimits(messages: Messages): Part {
  const element = h('p', { class: 'hint limits' });
  return {
    element,
    render(state) {
      const question = currentQuestion(state);
      const before = question !== null && !['recording', 'gate', 'recovered'].includes(state.phase.name);
      show(element, before);
      if (before) setText(element, limitsOf(state, question, messages));
    },
  };
}
