/** The receipt as plain text, for a file that opens anywhere and can be mailed. */
import type { Messages } from '../i18n/index.ts';
import type { SavedReceipt } from '../interview.ts';
import { formatBytes, formatMoment, formatTime } from './format.ts';

/** In the page's language; digests are whole, and moments are given as ISO 8601 too. */
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
