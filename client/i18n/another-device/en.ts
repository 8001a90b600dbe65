/** English words of the way to another device. */

/** English words of the way to another device. */
export const another = {
  offer: 'Continue on another device',
  how: 'Scan this code with the other device, or open your link there. The interview goes on where you are now.',
  keep: 'Keep this page open until your answers have arrived.',
  code: 'QR code of your link',
  link: 'Your link',
  copy: 'Copy link',
  copied: 'The link is copied.',
  notCopied: 'Please copy the link by hand.',
  share: 'Share link',
  secret: 'The link is yours alone: please don’t pass it on.',

  elsewhere: 'Your interview continues on your other device',
  allSent: 'Everything from this device has arrived.',
  close: 'You can close this page.',
  here: 'Continue here instead',
  waiting: 'This page goes on by itself.',
  awaiting:
    'Your answer to this question is still coming from your other device. Keep the page open there, with a connection.',
  answerHere: 'Answer it here instead',
};
