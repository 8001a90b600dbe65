/** Candidates of a server that runs as a process of its own: their tokens are made in this process, as the command line does. */
import { openStorage } from '../../../storage/index.ts';
import { createTusClient, type Tus } from '../tus/tus.ts';
import { startSession, type TestServer } from './server.ts';

/** A candidate whose session has started. */
export interface Candidate {
  /** The secret of the token. */
  token: string;
  /** Name of the session folder. */
  folder: string;
  /** Absolute path of the session folder. */
  path: string;
  /** A tus client for the server at its present address: a restarted server has another port. */
  tus(server: Pick<TestServer, 'url'>): Tus;
  /** Absolute path of the file in which an upload's bytes are stored until the take is placed. */
  uploadFile(location: string): string;
}

/** Creates a token in the catalog of a data folder, beside the server that runs on it. */
export async function createToken(
  dataDir: string,
  name: string,
  interview = 'default',
): Promise<{ id: string; secret: string }> {
  const storage = await openStorage({ dataDir });
  try {
    const { token, secret } = await storage.tokens.create({ name, interview, expiresAt: null, maxSessions: 1 });
    return { id: token.id, secret };
  } finally {
    await storage.close();
  }
}

/** Creates a token for `name` and starts its session over HTTP. */
export async function openCandidate(server: Pick<TestServer, 'url' | 'dataDir'>, name: string): Promise<Candidate> {
  const { url, dataDir } = server;
  const { secret: token } = await createToken(dataDir, name);
  const folder = await startSession(url, token, name);
  return {
    token,
    folder,
    path: `${dataDir}/sessions/${folder}`,
    tus: (at) => createTusClient({ url: at.url, token, folder }),
    uploadFile: (location) => `${dataDir}/uploads/${location.split('/').at(-1)}`,
  };
}
