/** The Web Lock of a session: whoever holds it alone sends, and changes, what the device holds of the session. */
export const sessionLock = (folder: string) => `tresgo ${folder}`;

/**
 * The Web Lock by which the pages of a session keep the background worker away: each page holds it, shared, for its life; the
 * worker holds it alone while it sends.
 */
export const backgroundLock = (folder: string) => `tresgo background ${folder}`;
