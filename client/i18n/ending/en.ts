/** English words of the end. */

/** English words of the end. */
export const ending = {
  finishing: { heading: 'Almost done', text: 'We are closing your interview. This takes a moment.' },

  finished: {
    heading: 'Interview finished',
    thanks: 'Thank you! Every answer has arrived safely.',
    earlier: (day: string, time: string, count: number) =>
      `You finished on ${day} at ${time}. ${count === 1 ? '1 answer' : `${count} answers`} arrived. There is nothing more to do.`,
    with: (organization: string) => `Your answers are now with ${organization}.`,
    withInviter: 'Your answers are now with the person who invited you.',
    close: 'You can close this page now.',
  },

  receipt: {
    heading: 'Your receipt',
    save: 'Save receipt',
    interview: 'Interview',
    name: 'Name',
    folder: 'Folder',
    finishedAt: 'Finished',
    question: 'Question',
    length: 'Length',
    size: 'Size',
    received: 'Received',
    digest: 'Digest',
    unknown: 'unknown',
    full: 'Digests in full (SHA-256)',
    hint: 'A digest is the fingerprint of an answer. It proves that the server holds exactly what was recorded.',
  },
};
