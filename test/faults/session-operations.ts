/** The two operations on a session, and the promises that must hold if the server dies in one. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { openStorage } from '../../storage/index.ts';
import { openCandidate } from '../support/server/candidate.ts';
import type { TestServer } from '../support/server/server.ts';
import { recording } from '../support/tus/tus.ts';
import type { Operation } from './operations.ts';

const QUESTIONS = [1, 2, 3, 4, 5];

const post = (server: TestServer, what: 'start' | 'finish', body: object) =>
  fetch(`${server.url}/api/session/${what}`, { method: 'POST', body: JSON.stringify(body) });

/** Both operations, for one data folder. */
export function createSessionOperations(): Operation[] {
  let count = 0;
  const start: Operation = {
    name: 'start of a session',
    async prepare(server) {
      const userName = `Berta ${++count}`;
      const storage = await openStorage({ dataDir: server.dataDir });
      const { secret: token } = await storage.tokens.create({
        name: userName,
        interview: 'default',
        expiresAt: null,
        maxSessions: 1,
      });
      await storage.close();
      return {
        run: () => post(server, 'start', { token, userName }),
        async check(after, response) {
          const first = response ? ((await response.json()) as { folder: string }).folder : null;
          const again = await post(after, 'start', { token, userName });
          expect(again.status).toBe(200);
          const { folder } = (await again.json()) as { folder: string };
          expect(folder).toBe(first ?? folder);
          const folders = await readdir(path.join(after.dataDir, 'sessions'));
          expect(folders.filter((name) => name.includes(`berta_${count}`))).toEqual([folder]);
          const meta = await readFile(path.join(after.dataDir, 'sessions', folder, 'meta.json'), 'utf8');
          expect(JSON.parse(meta)).toMatchObject({ userName, status: 'started' });
        },
      };
    },
  };

  const finish: Operation = {
    name: 'finish of a session',
    async prepare(server) {
      const { token, folder, path: at, tus } = await openCandidate(server, `Carla ${++count}`);
      await Promise.all(QUESTIONS.map((question) => tus(server).send(recording(100), { question })));
      const body = { token, folder, questionsCount: QUESTIONS.length };
      return {
        run: () => post(server, 'finish', body),
        async check(after, response) {
          if (response) expect(response.status).toBe(200);
          expect((await post(after, 'finish', body)).status).toBe(200);
          const meta = JSON.parse(await readFile(path.join(at, 'meta.json'), 'utf8'));
          expect(meta).toMatchObject({ status: 'finished', endTime: expect.any(String) });
          expect(meta.files).toHaveLength(QUESTIONS.length);
          expect((await readdir(at)).sort()).toEqual([...QUESTIONS.map((at) => `Q${at}.webm`), 'meta.json']);
        },
      };
    },
  };
  return [start, finish];
}
