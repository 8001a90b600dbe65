import { type Command, InvalidArgumentError } from 'commander';
import { CommandError, type CommonOptions, type Print, say, show, withStorage } from './command.ts';
import { requireSession } from './session-name.ts';

interface ReopenOptions extends CommonOptions {
  question?: number[];
}

/** Makes `command` into `tresgo session reopen`. */
export function addReopenCommand(command: Command, print: Print): void {
  command
    .description('open a finished session again, by the same link; what was received is kept')
    .option(
      '--question <n>',
      'an answer that no longer counts: the candidate is asked again (may be given several times)',
      (text, before?: number[]) => [...(before ?? []), parseQuestion(text)],
    )
    .action(async (folder: string, options: ReopenOptions) => {
      const questions = [...new Set(options.question ?? [])].sort((a, b) => a - b);
      const { done, state } = await withStorage(options, async (storage) => {
        const session = await requireSession(storage, folder);
        const overview = await storage.lists.session(session.id);
        const count = session.interview.questions.length;
        const unknown = questions.find((question) => question > count);
        if (unknown !== undefined)
          throw new CommandError(`the session ${session.folder} has ${count} questions, and no question ${unknown}`);
        if (!session.finishedAt)
          throw new CommandError(`the session ${session.folder} is open already: its candidate can go on by the link`);
        await storage.reopen(session.id, questions);
        const after = await storage.lists.session(session.id);
        const token = await storage.lists.token(session.tokenId);
        const answered = (after?.answers ?? []).map(({ question }) => question);
        const withdrawn = (overview?.answers ?? [])
          .map(({ question }) => question)
          .filter((n) => !answered.includes(n));
        return {
          done: { folder: session.folder, token: session.tokenId, withdrawn, answered, totalQuestions: count },
          state: token?.state,
        };
      });
      const { token, withdrawn, answered, totalQuestions } = done;
      if (state === 'revoked')
        say(`its link opens nothing yet, since the token is revoked: "tresgo token restore ${token}"`);
      if (state === 'expired')
        say(`its link opens nothing yet, since the token has expired: "tresgo token update ${token} --expires 7d"`);
      show(print, options, done, () =>
        [
          `${done.folder} is open again, ${answered.length} of ${totalQuestions} answered: its candidate goes on by the same link.`,
          ...withdrawn.map((n) => `Question ${n} is asked again; the earlier recording is in takes/.`),
        ].join('\n'),
      );
    });
}

function parseQuestion(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('It takes the number of a question, from 1.');
  return Number(text);
}
