/** The application and sessions as fixtures of a vitest file: opened and closed by hooks, so that tests hold neither. */
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { type OpenSession, openSession } from '../tus/tus.ts';
import { type AppOptions, openApp, type TestApp } from './server.ts';

/** An application that a hook closes. */
export type AppFixture = Omit<TestApp, 'close'>;

/**
 * Opens an application before the first test of the file (or of the surrounding `describe`) and closes it after the
 * last. Its members are read through getters: `app.url` inside a test is right, `const { url } = app` outside is an error.
 * @param options `every: 'test'` opens a new application for each test instead
 */
export function useApp({ every = 'file', ...options }: AppOptions & { every?: 'file' | 'test' } = {}): AppFixture {
  const [before, after] = every === 'file' ? [beforeAll, afterAll] : [beforeEach, afterEach];
  let app: TestApp | undefined;
  before(async () => {
    app = await openApp(options);
  });
  after(() => app?.close());
  return getters(['url', 'storage', 'dataDir', 'token'], () => app);
}

/**
 * Starts a session before each test, of a new candidate unless a name is given. Its members are read through getters, as
 * those of `useApp`.
 */
export function useSession(app: AppFixture, name?: string): OpenSession {
  let session: OpenSession | undefined;
  beforeEach(async () => {
    session = await openSession(app, name);
  });
  return getters(['tokenId', 'token', 'folder', 'path', 'tus'], () => session);
}

/** Opens an application inside a test, for tests that need options of their own; it is closed when the test ends. */
export async function openAppInTest(options: AppOptions = {}): Promise<AppFixture> {
  const app = await openApp(options);
  onTestFinished(() => app.close());
  return app;
}

/** An object whose members are those of `current()` at the moment they are read. */
function getters<T extends object, K extends keyof T>(keys: K[], current: () => T | undefined): Pick<T, K> {
  const properties = keys.map((key) => {
    const get = () => {
      const object = current();
      if (!object) throw new Error(`${String(key)} is there only while tests run`);
      return object[key];
    };
    return [key, { get, enumerable: true }];
  });
  return Object.defineProperties({}, Object.fromEntries(properties)) as Pick<T, K>;
}
