/** `--phone`: the server on the local network over HTTPS, and what a person with a phone in the hand must be told. */
import { networkInterfaces } from 'node:os';
import { makeDataFolder } from '../../storage/index.ts';
import { type Config, publicUrl, readConfig } from '../config.ts';
import { localAddresses } from './addresses.ts';
import { ensureCertificate, type OwnCertificate } from './certificate.ts';

const ANY_HOST = new Set(['0.0.0.0', '::']);
const OWN_HOST = /^(localhost|127\.|::1$)/;

/** How the server is reached from a phone. */
export interface Phone {
  /** What the server starts with. */
  config: Config;
  /** Made by ourselves, so that browsers warn of it; null where the certificate, or the proxy, is the admin's. */
  certificate: OwnCertificate | null;
  /** Whether a phone can get there at all. */
  isReachable: boolean;
  /** What links begin with, the likeliest address first. */
  originsAt(port: number): string[];
}

/**
 * Listens on all addresses unless HOST is set, with our own certificate unless TRESGO_TLS_CERT is. Where
 * TRESGO_PUBLIC_URL is set, people come through what answers there, a tunnel or a proxy, and nothing is changed.
 * @param interfaces as `os.networkInterfaces()` gives them
 */
export async function preparePhone(
  dataDir: string | undefined,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): Promise<Phone> {
  const given = readConfig({ dataDir });
  if (given.publicUrl)
    return { config: given, certificate: null, isReachable: true, originsAt: (port) => [publicUrl(given, port)] };
  const config = readConfig({ dataDir, defaultHost: '0.0.0.0' });
  const hosts = ANY_HOST.has(config.host) ? localAddresses(interfaces) : [config.host];
  let certificate: OwnCertificate | null = null;
  if (!config.tls) {
    await makeDataFolder(config.dataDir);
    certificate = await ensureCertificate(config.dataDir, hosts);
  }
  const withTls = { ...config, tls: certificate?.files ?? config.tls };
  return {
    config: withTls,
    certificate,
    isReachable: hosts.some((host) => !OWN_HOST.test(host)),
    originsAt: (port) =>
      (hosts.length > 0 ? hosts : ['localhost']).map((host) => publicUrl({ ...withTls, host }, port)),
  };
}

/**
 * What is printed about the way in.
 * @param links to the page, the likeliest first
 * @param code the first link as a QR code; null where the links hold no token
 */
export function phoneText(
  { certificate, isReachable }: Phone,
  { links, code, name, hours }: { links: string[]; code: string | null; name: string | null; hours: number },
): string[] {
  const [first = '', ...others] = links;
  return [
    '',
    isReachable
      ? 'On a phone in the same network, scan this or open the link:'
      : 'This machine has no address in a local network that a phone could reach; the link works on this machine alone:',
    ...(code && isReachable ? ['', code, ''] : []),
    `  ${first}`,
    ...(name ? [`and type the name  ${name}`, `(good for ${hours} hours)`] : []),
    ...(others.length > 0 ? ['', 'Should it not open there, try this machine’s other addresses:'] : []),
    ...others.map((link) => `  ${link}`),
    ...(certificate
      ? [
          '',
          'The browser will warn of the certificate, because this machine made it itself: choose "Advanced" or "Show details", and go on.',
          'Under such a certificate a reload without a network does not work: the README shows a tunnel, under which it does.',
        ]
      : []),
  ];
}
