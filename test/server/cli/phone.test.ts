/** `serve --phone`: its addresses, its certificate, its QR code, and the server behind them. */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { NetworkInterfaceInfo } from 'node:os';
import { DateTime } from 'luxon';
import { encode } from 'uqr';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureCertificate } from '../../../server/cli/certificate.ts';
import { localAddresses, phoneText, preparePhone, qrCode } from '../../../server/cli/phone.ts';
import { inThisProcess } from '../../support/server/in-this-process.ts';
import { openServe, temporaryFolder } from '../../support/server/server.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
  for (const name of ['HOST', 'PORT', 'TRESGO_PUBLIC_URL', 'TRESGO_TLS_CERT', 'TRESGO_TLS_KEY'])
    vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await root.remove();
});

/** Network interfaces as the system tells them, IPv4 alone. */
function interfacesOf(addresses: Record<string, string[]>): NodeJS.Dict<NetworkInterfaceInfo[]> {
  const info = (address: string, internal: boolean) =>
    ({ address, internal, family: 'IPv4', netmask: '', mac: '', cidr: null }) as NetworkInterfaceInfo;
  return Object.fromEntries(
    Object.entries(addresses).map(([name, all]) => [name, all.map((address) => info(address, name === 'lo'))]),
  );
}

const WIFI = interfacesOf({ lo: ['127.0.0.1'], docker0: ['172.17.0.1'], eth0: ['10.1.2.3'], wlan0: ['192.168.1.23'] });

test('addresses of home networks come first, then others, then link-local ones, then bridges; internal ones never', () => {
  expect(localAddresses(WIFI)).toEqual(['192.168.1.23', '10.1.2.3', '172.17.0.1']);
  const many = interfacesOf({
    lo: ['127.0.0.1'],
    eth3: ['169.254.7.7'],
    tun0: ['10.8.0.2'],
    eth2: ['203.0.113.9'],
    eth1: ['172.32.0.1', '172.31.0.1'],
  });
  expect(localAddresses(many)).toEqual(['172.31.0.1', '203.0.113.9', '172.32.0.1', '169.254.7.7', '10.8.0.2']);
  expect(localAddresses(interfacesOf({ lo: ['127.0.0.1'] }))).toEqual([]);
  const ipv6 = { eth0: [{ ...WIFI.eth0?.[0], family: 'IPv6', address: 'fe80::1' } as NetworkInterfaceInfo] };
  expect(localAddresses(ipv6)).toEqual([]);
});

test('the certificate is private, valid for its hosts, and kept', async () => {
  const hosts = ['192.168.1.23', '10.1.2.3'];
  const made = await ensureCertificate(root.path, hosts);
  const certificate = new X509Certificate(await readFile(made.files.certFile));
  for (const host of [...hosts, '127.0.0.1']) expect(certificate.checkIP(host)).toBe(host);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('192.168.1.24')).toBeUndefined();
  expect(certificate.ca).toBe(false);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
  expect(certificate.fingerprint256).toBe(made.fingerprint);
  const days = DateTime.fromISO(made.expiresAt).diffNow('days').days;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThanOrEqual(30);
  expect((await readdir(root.path)).sort()).toEqual(['phone-cert.pem', 'phone-key.pem']);
  for (const file of Object.values(made.files)) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await ensureCertificate(root.path, hosts)).toEqual(made);
  expect(await ensureCertificate(root.path, ['10.1.2.3'])).toEqual(made);
});

test('the certificate is made anew for another address, before it expires, and where its key is another one', async () => {
  const hosts = ['192.168.1.23'];
  const fingerprints = [(await ensureCertificate(root.path, hosts)).fingerprint];
  const again = async (with_: string[], now = DateTime.now()) =>
    fingerprints.push((await ensureCertificate(root.path, with_, () => now)).fingerprint);
  await again(['192.168.1.24']);
  await again(['192.168.1.24'], DateTime.now().plus({ days: 29, hours: 1 }));
  await writeFile(`${root.path}/phone-key.pem`, 'no key');
  await again(['192.168.1.24'], DateTime.now().plus({ days: 29, hours: 1 }));
  await writeFile(`${root.path}/phone-cert.pem`, '');
  await again(['192.168.1.24']);
  expect(new Set(fingerprints).size).toBe(5);
  await again(['192.168.1.24']);
  expect(new Set(fingerprints).size).toBe(5);
});

test.each([false, true])(
  'the QR code has the modules of its matrix, dark on light, and a quiet zone (coloured: %s)',
  async (coloured) => {
    const link = 'https://192.168.1.23:8002/#t=4RZ0Hh1JqkHs8C5v7bXWmP2nLdTgYfEa';
    const rows = (await qrCode(link, coloured)).split('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's colours
    const bare = rows.map((row) => row.replace(/^\u001b\[38;5;231;48;5;16m(.*)\u001b\[0m$/, '$1'));
    expect(bare.every((row, at) => (row !== rows[at]) === coloured)).toBe(true);
    const isDark = bare.flatMap((row) => [
      [...row].map((half) => half === ' ' || half === '▄'),
      [...row].map((half) => half === ' ' || half === '▀'),
    ]);
    const { data, size } = encode(link, { border: 4 });
    expect(isDark.slice(0, size)).toEqual(data);
    expect(data.slice(0, 4).flat()).not.toContain(true);
    expect(rows[0]?.length).toBeLessThanOrEqual(80);
  },
);

test('the server listens on all addresses over HTTPS unless HOST is set, and links begin with the likeliest one', async () => {
  const all = await preparePhone(root.path, WIFI);
  expect(all.config).toMatchObject({ host: '0.0.0.0', tls: { certFile: `${root.path}/phone-cert.pem` } });
  expect(all.isReachable).toBe(true);
  const origins = ['https://192.168.1.23:8002', 'https://10.1.2.3:8002', 'https://172.17.0.1:8002'];
  expect(all.originsAt(8002)).toEqual(origins);
  vi.stubEnv('HOST', '10.1.2.3');
  const one = await preparePhone(root.path, WIFI);
  expect([one.config.host, one.originsAt(1)]).toEqual(['10.1.2.3', ['https://10.1.2.3:1']]);
  vi.stubEnv('HOST', '');
  const none = await preparePhone(root.path, interfacesOf({ lo: ['127.0.0.1'] }));
  expect([none.isReachable, none.originsAt(1)]).toEqual([false, ['https://localhost:1']]);
});

test('the output has the code, the link, the name, the other addresses, and a line each on the warning and on reloads', async () => {
  const phone = await preparePhone(root.path, WIFI);
  const links = phone.originsAt(8002).map((origin) => `${origin}/#t=abcd`);
  const lines = phoneText(phone, { links, code: 'CODE', name: 'Demo Candidate', hours: 24 });
  const text = lines.join('\n');
  expect(text).toMatch(
    /scan this or open the link:\n\nCODE\n\n {2}https:\/\/192\.168\.1\.23:8002\/#t=abcd\nand type the name {2}Demo/,
  );
  expect(text).toMatch(/other addresses:\n {2}https:\/\/10\.1\.2\.3:8002\/#t=abcd\n {2}https:\/\/172/);
  expect(lines.filter((line) => /warn of the certificate/.test(line))).toHaveLength(1);
  expect(lines.filter((line) => /reload without a network does not work/.test(line))).toHaveLength(1);
  const unreachable = phoneText(
    { ...phone, isReachable: false, certificate: null },
    { links, code: 'CODE', name: null, hours: 24 },
  );
  expect(unreachable.join('\n')).toMatch(/works on this machine alone:\n {2}https/);
  expect(unreachable.join('\n')).not.toMatch(/CODE|certificate|type the name/);
});

interface PhoneDocument {
  url: string;
  demo?: { link: string; token: string };
  phone: { links: string[]; certificate: { file: string } | null };
}

test('the server speaks HTTPS with the certificate, and the demo link works', async () => {
  const { printed, stop } = await openServe(['--demo', '--phone', '--json', '--data-dir', root.path], {
    HOST: '127.0.0.1',
  });
  try {
    const { url, demo, phone } = JSON.parse(printed()) as PhoneDocument;
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(phone.links).toEqual([demo?.link]);
    expect(demo?.link).toBe(`${url}/#t=${demo?.token}`);
    // A link of another command is that of the server which runs: a phone can open it, and its camera.
    const made = await inThisProcess(['token', 'create', '--name', 'A', '--json', '--data-dir', root.path]);
    expect({ link: JSON.parse(made.stdout).link, said: made.stderr }).toEqual({
      link: expect.stringMatching(new RegExp(`^${url}/#t=.{32}$`)),
      said: '',
    });
    const ca = await readFile(phone.certificate?.file ?? '');
    const status = await new Promise((resolve, reject) => {
      const call = request(`${url}/api/verify-token`, { ca, method: 'POST' }, (response) =>
        resolve(response.resume().statusCode),
      );
      call.on('error', reject).end(JSON.stringify({ token: demo?.token }));
    });
    expect(status).toBe(200);
  } finally {
    await stop();
  }
});

test('the admin’s certificate is used, a public address comes first, and without --demo no secret is printed', async () => {
  const { files } = await ensureCertificate(root.path, []);
  const env = { HOST: '127.0.0.1', TRESGO_TLS_CERT: files.certFile, TRESGO_TLS_KEY: files.keyFile };
  const own = await openServe(['--phone', '--data-dir', `${root.path}/own`], env);
  await own.stop();
  expect(own.printed()).toMatch(/this machine alone:\n {2}https:\/\/127\.0\.0\.1:\d+\n$/);
  expect(own.printed()).not.toMatch(/#t=|warn|█/);
  expect(await readdir(`${root.path}/own`)).not.toContain('phone-cert.pem');

  const tunnel = { TRESGO_PUBLIC_URL: 'https://try.example' };
  const through = await openServe(['--demo', '--phone', '--data-dir', `${root.path}/tunnel`], tunnel);
  const [, link = ''] = through.printed().match(/^ {2}(https:\/\/try\.example\/#t=\S{32})$/m) ?? [];
  await through.stop();
  expect(through.printed()).toContain(await qrCode(link, false));
  expect(through.printed()).not.toMatch(/certificate/);
  expect(await readdir(`${root.path}/tunnel`)).not.toContain('phone-cert.pem');
});
