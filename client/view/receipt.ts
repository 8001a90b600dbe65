/** The receipt: the answers that the server holds, as a proof for the candidate. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import type { SavedReceipt } from '../interview/state.ts';
import { button, h, show } from './dom.ts';
import { formatBytes, formatMoment, formatTime } from './format.ts';
import type { Part } from './part.ts';

/** Hexadecimal digits of a digest in the table: enough to distinguish the answers. */
const SHORT_DIGITS = 8;

/** The receipt on the last screen, with the button that saves it as a file. */
export function createReceipt(messages: Messages, actions: Pick<Actions, 'saveReceipt'>): Part {
  const { receipt: words } = messages;
  const facts = h('dl', { class: 'receipt-facts' });
  const table = h('div', { class: 'receipt-answers' });
  const digests = h('ol', {});
  const full = h(
    'details',
    { class: 'receipt-full' },
    h('summary', {}, words.full),
    h('p', { class: 'hint' }, words.hint),
    digests,
  );
  const save = button('secondary', words.save, () => actions.saveReceipt());
  const folded = h('details', { class: 'receipt-fold' }, h('summary', {}, words.heading), facts, table, full);
  const element = h('section', { class: 'receipt', 'aria-label': words.heading }, folded, save);
  let shown: SavedReceipt | null = null;
  return {
    element,
    render({ phase, receipt }) {
      show(element, phase.name === 'finished' && receipt !== null);
      if (receipt === null || receipt === shown) return;
      shown = receipt;
      facts.replaceChildren(
        ...[
          [words.interview, receipt.title],
          [words.name, receipt.userName],
          [words.folder, receipt.folder],
          [words.finishedAt, formatMoment(receipt.finishedAt, messages.lang)],
        ].map(([label = '', value = '']) => h('div', {}, h('dt', {}, label), h('dd', {}, value))),
      );
      table.replaceChildren(answersTable(receipt, messages));
      digests.replaceChildren(
        ...receipt.answers.map(({ question, sha256 }) => h('li', { value: String(question) }, h('code', {}, sha256))),
      );
    },
  };
}

/** The roles are written out: on a phone the table is laid out as cards, and some browsers then drop a table's roles. */
function answersTable({ answers, recordedMs }: SavedReceipt, { receipt: words, lang }: Messages): HTMLTableElement {
  const columns = [words.question, words.length, words.size, words.received, words.digest];
  const head = columns.map((name) => h('th', { role: 'columnheader', scope: 'col' }, name));
  const rows = answers.map(({ question, bytes, receivedAt, sha256 }) => {
    const ms = recordedMs[question];
    const cells: (string | Node)[] = [
      String(question),
      ms === undefined ? words.unknown : formatTime(ms),
      formatBytes(bytes, lang),
      formatMoment(receivedAt, lang),
      h('code', { title: sha256 }, sha256.slice(0, SHORT_DIGITS)),
    ];
    const labelled = cells.map((cell, at) => h('td', { role: 'cell', 'data-label': columns[at] ?? '' }, cell));
    return h('tr', { role: 'row' }, ...labelled);
  });
  return h(
    'table',
    { class: 'receipt-table', role: 'table', 'aria-label': words.heading },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...head)),
    h('tbody', { role: 'rowgroup' }, ...rows),
  );
}

/**
 * The receipt as plain text, for a file that opens anywhere and can be mailed: in the page's language, with whole digests,
 * and with each date in ISO 8601, too. Lines end with CR LF.
 */
export function receiptText(receipt: SavedReceipt, { receipt: words, lang }: Messages): string {
  const moment = (iso: string) => `${formatMoment(iso, lang)} (${iso})`;
  const answers = receipt.answers.map(({ question, fileName, bytes, sha256, receivedAt }) => {
    const ms = receipt.recordedMs[question];
    return [
      `${words.question} ${question}: ${fileName}`,
      `  ${words.length}: ${ms === undefined ? words.unknown : formatTime(ms)}`,
      `  ${words.size}: ${formatBytes(bytes, lang)} (${bytes} B)`,
      `  ${words.received}: ${moment(receivedAt)}`,
      `  SHA-256: ${sha256}`,
    ].join('\r\n');
  });
  return [
    `TresGo · ${words.heading}`,
    [
      `${words.interview}: ${receipt.title}`,
      `${words.name}: ${receipt.userName}`,
      `${words.folder}: ${receipt.folder}`,
      `${words.finishedAt}: ${moment(receipt.finishedAt)}`,
    ].join('\r\n'),
    ...answers,
    '',
  ].join('\r\n\r\n');
}
