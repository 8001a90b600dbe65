// `npm run dev [-- --data-dir DIR]`: the pages with hot reload in front of a running server.
//
// This process serves the pages from their sources (Vite) and passes the paths of the API on to a second process, the
// server. The server is bundled into .cache/dev, and is bundled and started again after each change of its sources.
// Plain JavaScript, since the script runs before there is a build.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const script = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(script), '../..');
const bundle = path.join(root, '.cache/dev');
const HOST = '127.0.0.1';
/** Other than the port of `npm start`: a service worker that the browser keeps for that address would answer here, too. */
const PORT = 5173;
const API = ['/api', '/files', '/healthz', '/readyz'];

if (process.send) await runServer();
else await main().catch(fail);

/** What the second process does: runs the newest bundle until a signal comes, or until the first process is gone. */
async function runServer() {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  const { main: tresgo } = await import(path.join(bundle, 'server/index.js'));
  process.exit(await tresgo(process.argv.slice(2)));
}

async function main() {
  const { values } = parseArgs({ options: { 'data-dir': { type: 'string' } } });
  const { build, createServer } = await import('vite').catch(() => {
    throw new Error('the tools to build with are missing: run "npm ci" first');
  });
  const serverPort = await findFreePort();
  const pages = await createServer({
    configFile: path.join(root, 'vite.config.ts'),
    cacheDir: path.join(root, '.cache/vite'),
    clearScreen: false,
    server: {
      host: HOST,
      port: Number(process.env.PORT || PORT),
      strictPort: true,
      proxy: Object.fromEntries(API.map((prefix) => [prefix, `http://${HOST}:${serverPort}`])),
    },
  });
  await pages.listen();
  const address = `http://${HOST}:${pages.httpServer.address().port}`;
  // The server asks for built pages. Here nobody opens them.
  mkdirSync(path.join(bundle, 'client'), { recursive: true });
  writeFileSync(path.join(bundle, 'client/login.html'), `<!doctype html><a href="${address}">${address}</a>\n`);

  const server = createServerProcess({
    args: values['data-dir'] ? ['--data-dir', values['data-dir']] : [],
    env: { HOST, PORT: String(serverPort), TRESGO_PUBLIC_URL: address, TRESGO_TLS_CERT: '', TRESGO_TLS_KEY: '' },
  });
  const watcher = await build({
    configFile: path.join(root, 'vite.server.config.ts'),
    logLevel: 'warn',
    clearScreen: false,
    build: { outDir: bundle, emptyOutDir: false, watch: {} },
  });
  watcher.on('event', (event) => {
    if (event.code === 'ERROR') console.error(event.error.message);
    if (event.code !== 'BUNDLE_END') return;
    void event.result.close();
    server.restart().catch(fail);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, async () => {
      await Promise.all([server.stop(), watcher.close(), pages.close()]);
      process.exit(0);
    });
  }
}

/** The server as a process: one at a time, since a data folder has one server. */
function createServerProcess({ args, env }) {
  let child = null;
  let started = 0;
  let stopping = false;
  let last = Promise.resolve();

  async function end() {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGTERM');
    await exited;
  }

  async function start() {
    await end();
    if (stopping) return;
    started += 1;
    // One demo token is enough: its link stays good when the server starts again.
    const isFirst = started === 1;
    const mine = fork(script, ['serve', ...(isFirst ? ['--demo'] : []), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', isFirst ? 'inherit' : 'ignore', 'inherit', 'ipc'],
    });
    child = mine;
    mine.once('exit', (status) => {
      if (stopping || child !== mine) return;
      if (isFirst) process.exit(status ?? 1);
      console.error('The server has ended. It starts again after the next change.');
    });
    if (!isFirst) console.log('The server starts again with your change.');
  }

  return {
    restart() {
      last = last.then(start);
      return last;
    },
    async stop() {
      stopping = true;
      await last;
      await end();
    },
  };
}

async function findFreePort() {
  const server = createNetServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function fail(error) {
  console.error(`tresgo dev: ${error.message}`);
  process.exit(1);
}
