/** `serve --phone`: the server on the local network over HTTPS, and the words for a person who holds a phone. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { makeDataFolder } from '../../storage/index.ts';
import { type Config, publicUrl, readConfig } from '../config.ts';
import { ensureCertificate, type OwnCertificate } from './certificate.ts';

const ANY_HOST = new Set(['0.0.0.0', '::']);
const OWN_HOST = /^(localhost|127\.|::1$)/;

/** How a phone reaches the server. */
export interface Phone {
  /** The configuration that the server starts with. */
  config: Config;
  /** The certificate that this machine made, of which browsers warn; null where the admin has a certificate or a proxy. */
  certificate: OwnCertificate | null;
  /** Whether a phone can reach the server at all. */
  isReachable: boolean;
  /** The origins of links, the one with the likeliest address first. */
  originsAt(port: number): string[];
}

/**
 * The configuration for phones: the server listens on all addresses unless HOST is set, with a certificate of its own unless
 * TRESGO_TLS_CERT is set. Where TRESGO_PUBLIC_URL is set, phones come through the tunnel or proxy at that address, and the
 * configuration stays as it is.
 * @param interfaces the result of `os.networkInterfaces()`
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
 * The lines to print about how a phone reaches the server.
 * @param links to the page, the likeliest first
 * @param code the first link as a QR code; null where the links have no token
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
          'Under such a certificate a reload without a network does not work: docs/operating.md shows a tunnel, under which it does.',
        ]
      : []),
  ];
}

/** Names of bridges, containers and tunnels: a phone in the same Wi-Fi is never behind one of them. */
const VIRTUAL =
  /^(docker|br-|virbr|veth|vbox|vmnet|vmenet|bridge|cni|flannel|lxc|lxd|podman|tun|tap|utun|wg|zt|tailscale)/i;
/** Addresses of home and office networks (RFC 1918) come first, link-local addresses (RFC 3927) last. */
const PREFERRED = [/^192\.168\./, /^10\./, /^172\.(1[6-9]|2\d|3[01])\./, /^(?!169\.254\.)/];

/**
 * The IPv4 addresses at which other devices may reach this machine, the likeliest first.
 * @param interfaces the result of `os.networkInterfaces()`
 */
export function localAddresses(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string[] {
  const ranked = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    infos
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => {
        const place = PREFERRED.findIndex((range) => range.test(address));
        const rank = (place < 0 ? PREFERRED.length : place) + (VIRTUAL.test(name) ? 10 : 0);
        return { address, rank };
      }),
  );
  ranked.sort((a, b) => a.rank - b.rank);
  return [...new Set(ranked.map(({ address }) => address))];
}

/** White blocks on black, whatever the terminal's own colours are: many scanners don't read an inverted code. */
const BLACK_BEHIND_WHITE = '\u001b[38;5;231;48;5;16m';
const RESET = '\u001b[0m';
/** The width of the quiet zone around a code, in modules (ISO/IEC 18004). */
const QUIET_MODULES = 4;

/**
 * A text as a QR code of half blocks, two modules in a character: dark modules on a light background.
 * @param isColoured with a terminal's colours; without them the code is right only where the background is dark
 */
export async function qrCode(text: string, isColoured: boolean): Promise<string> {
  // Loaded here alone: no other command waits for the library.
  const { renderUnicodeCompact } = await import('uqr');
  const rows = renderUnicodeCompact(text, { border: QUIET_MODULES }).split('\n');
  return rows.map((row) => (isColoured ? `${BLACK_BEHIND_WHITE}${row}${RESET}` : row)).join('\n');
}
