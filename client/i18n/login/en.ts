/** English words of the log-in page. */

/** English words of the log-in page. */
export const login = {
  login: {
    pageTitle: 'Log in · TresGo',
    title: 'Welcome to your interview',
    lead: 'Type the token from your invitation, and your name as it is written there.',
    leadName: 'Type your name as it is written in your invitation.',
    token: 'Token',
    fullName: 'Full name',
    logIn: 'Log in',
    working: 'Logging in…',
    tokenMissing: 'Please type the token from your invitation.',
    nameMissing: 'Please type your full name.',
    tokenUnknown:
      'This token is not known, or it has expired or been withdrawn. Compare it with your invitation, or open the link in it once more.',
    nameDiffers:
      'The token is right, but the name does not match your invitation. Please type it as it is written there.',
    linkKnown: 'Your link is recognised.',
    linkRead: 'Your link has filled in your token.',
    changeToken: 'Use another token',
    greeting: (title: string, count: number) => `${title} · ${count === 1 ? '1 question' : `${count} questions`}`,
    kept: (name: string) => `You have already started on this device as ${name}. Nothing is lost.`,
    goOn: 'Continue your interview',
    storageRefused:
      'This browser keeps nothing for this site, so your answers could be lost. Leave private browsing or allow cookies and site data, then reload this page.',
    promise: 'Your answers are kept on your device until they have safely arrived.',
  },
};
