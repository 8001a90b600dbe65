/** English words of the log-in page. */

/** English words of the log-in page. */
export const login = {
  login: {
    pageTitle: 'Log in · TresGo',
    title: 'Welcome to your interview',
    lead: 'Use the token you were sent, and your name as it stands in your invitation.',
    token: 'Token',
    fullName: 'Full name',
    logIn: 'Log in',
    working: 'Logging in…',
    tokenMissing: 'Please type the token from your invitation.',
    nameMissing: 'Please type your full name.',
    kept: (name: string) => `You have already started on this device as ${name}. Nothing is lost.`,
    goOn: 'Continue your interview',
    storageRefused:
      'This browser keeps nothing for this site, so your answers could be lost. Leave private browsing or allow cookies and site data, then reload this page.',
    promise: 'Your answers are kept on your device until they have safely arrived.',
  },
};
