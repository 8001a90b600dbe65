import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, publicUrl, readConfig } from '../../server/config.ts';

test('nothing set: the documented defaults, frozen', () => {
  const config = readConfig({}, {});
  expect(config).toEqual({
    port: 8002,
    host: '127.0.0.1',
    dataDir: path.resolve('data'),
    publicUrl: null,
    tls: null,
    maxAnswerBytes: 500_000_000,
    minFreeBytes: 1_000_000_000,
    trustProxy: [],
    allowedOrigins: [],
    logLevel: 'info',
    ffmpeg: null,
    programFolders: ['/usr/local/bin', '/usr/bin', '/bin'],
    transcription: { kind: 'off' },
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('an empty variable counts as absent, and the command line goes before the environment', () => {
  expect(readConfig({}, { PORT: '', TRESGO_DATA_DIR: '' })).toMatchObject({ port: 8002 });
  expect(readConfig({ dataDir: '/a' }, { TRESGO_DATA_DIR: '/b' }).dataDir).toBe('/a');
  expect(readConfig({}, { TRESGO_DATA_DIR: '/b' }).dataDir).toBe('/b');
});

test('everything set', () => {
  const config = readConfig(
    {},
    {
      PORT: '0',
      HOST: '::',
      TRESGO_PUBLIC_URL: 'https://interviews.example:8443/',
      TRESGO_TLS_CERT: 'c.pem',
      TRESGO_TLS_KEY: 'k.pem',
      TRESGO_MAX_ANSWER_BYTES: '1',
      TRESGO_MIN_FREE_BYTES: '0',
      TRESGO_TRUST_PROXY: '10.0.0.0/8, ::1,192.0.2.1',
      TRESGO_ALLOWED_ORIGINS: 'HTTPS://A.example:443, http://b.example:81',
      TRESGO_LOG_LEVEL: 'warn',
    },
  );
  expect(config).toMatchObject({
    port: 0,
    publicUrl: 'https://interviews.example:8443',
    tls: { certFile: 'c.pem', keyFile: 'k.pem' },
    maxAnswerBytes: 1,
    minFreeBytes: 0,
    trustProxy: ['10.0.0.0/8', '::1', '192.0.2.1'],
    allowedOrigins: ['https://a.example', 'http://b.example:81'],
    logLevel: 'warn',
  });
});

test.each([
  ['PORT', ['65536', '-1', '80.5', 'http', '1e3', ' 80']],
  ['HOST', ['a b', ' ']],
  [
    'TRESGO_PUBLIC_URL',
    ['interviews.example', 'ftp://a.example', '//a.example', 'https://', 'https://a b', 'https://a:x'],
  ],
  // The pages use absolute paths, and a token follows the origin as a fragment.
  [
    'TRESGO_PUBLIC_URL',
    ['https://a.example/x', 'https://a.example/?q=1', 'https://a.example#f', 'https://u:p@a.example'],
  ],
  ['TRESGO_MAX_ANSWER_BYTES', ['0', '-1', '500MB', '1e9', '0x10', '1.5', '9'.repeat(16)]],
  ['TRESGO_MIN_FREE_BYTES', ['-1', '1GB', 'all']],
  ['TRESGO_TRUST_PROXY', ['localhost', '10.0.0', '10.0.0.0/33', '::/129', '10.0.0.1/8/8', '300.0.0.1', 'a']],
  ['TRESGO_TRUST_PROXY', ['loopback', '1', '0x7f.1', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/x', '::1,a']],
  // A server that trusts every address lets every client choose its own.
  ['TRESGO_TRUST_PROXY', ['0.0.0.0/0', '::/0', '10.0.0.0/8, 0.0.0.0/0']],
  ['TRESGO_ALLOWED_ORIGINS', ['*', 'a.example', 'https://a.example/', 'https://a.example/path', 'https://a b']],
  ['TRESGO_LOG_LEVEL', ['loud', 'INFO', '3']],
  ['TRESGO_TRANSCRIBE', ['on', 'whisper', 'whisper-cli', 'openai']],
  [
    'TRESGO_OPENAI_BASE_URL',
    ['api.example/v1', 'ftp://a.example', 'https://a.example/v1?q=1', 'https://u:p@a.example'],
  ],
  ['TRESGO_TLS_CERT', ['c.pem']],
  ['TRESGO_TLS_KEY', ['k.pem']],
])('a wrong %s is one line that names it', (name, values) => {
  for (const value of values) {
    let message = 'accepted';
    try {
      readConfig({}, { [name]: value });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      message = (error as Error).message;
    }
    expect(message, value).toContain(name);
    expect(message).not.toContain('\n');
    expect(message).not.toMatch(/undefined|expected|invalid input/i);
  }
});

test('an address with a password in it is not printed', () => {
  for (const name of ['TRESGO_PUBLIC_URL', 'TRESGO_OPENAI_BASE_URL'])
    expect(() => readConfig({}, { [name]: 'https://user:secret@a.example' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
});

test('what transcribes, and what each way needs', () => {
  const of = (env: Record<string, string>) => readConfig({}, env).transcription;
  expect(of({ TRESGO_TRANSCRIBE: 'whisper-cli', TRESGO_WHISPER_MODEL: '/models/base.bin' })).toEqual({
    kind: 'whisper-cli',
    model: '/models/base.bin',
  });
  expect(of({ TRESGO_TRANSCRIBE: 'openai', TRESGO_OPENAI_API_KEY: 'k' })).toEqual({
    kind: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    apiKey: 'k',
    model: 'whisper-1',
  });
  // A server of one's own may want no key.
  const own = { TRESGO_OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1/', TRESGO_OPENAI_MODEL: 'openai/whisper-large-v3' };
  expect(of({ TRESGO_TRANSCRIBE: 'openai', ...own })).toEqual({
    kind: 'openai',
    baseUrl: 'http://127.0.0.1:8080/v1',
    apiKey: null,
    model: 'openai/whisper-large-v3',
  });
});

test.each([
  [{ HOST: '0.0.0.0' }, 'http://localhost:8002'],
  [{ HOST: '::' }, 'http://localhost:8002'],
  [{ HOST: '::1', PORT: '81' }, 'http://[::1]:81'],
  [{ TRESGO_TLS_CERT: 'c', TRESGO_TLS_KEY: 'k' }, 'https://127.0.0.1:8002'],
  [{ TRESGO_PUBLIC_URL: 'https://a.example/' }, 'https://a.example'],
])('with %o links begin with %s', (env, url) => {
  expect(publicUrl(readConfig({}, env))).toBe(url);
});
