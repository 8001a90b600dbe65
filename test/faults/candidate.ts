/** A candidate of a real server: the token is made in this process, as the command line would, beside the server. */
import { openStorage } from '../../storage/index.ts';
import { startSession, type TestServer } from '../support/server.ts';
import { createTusClient, type Tus } from '../support/tus.ts';

export interface Candidate {
  token: string;
  folder: string;
  /** The session folder. */
  path: string;
  /** Speaks to the server as it is reached now: a restarted one has another port. */
  tus(server: Pick<TestServer, 'url'>): Tus;
  /** Where the bytes of an upload lie until it is placed. */
  uploadFile(location: string): string;
}

export async function openCandidate(server: Pick<TestServer, 'url' | 'dataDir'>, name: string): Promise<Candidate> {
  const { url, dataDir } = server;
  const storage = await openStorage({ dataDir });
  const { secret: token } = await storage.tokens.create({
    name,
    interview: 'default',
    expiresAt: null,
    maxSessions: 1,
  });
  await storage.close();
  const folder = await startSession(url, token, name);
  return {
    token,
    folder,
    path: `${dataDir}/sessions/${folder}`,
    tus: (at) => createTusClient({ url: at.url, token, folder }),
    uploadFile: (location) => `${dataDir}/uploads/${location.split('/').at(-1)}`,
  };
}
