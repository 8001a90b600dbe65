import type { NetworkInterfaceInfo } from 'node:os';

/** Bridges, containers and tunnels: a phone in the same Wi-Fi is never behind them. */
const VIRTUAL =
  /^(docker|br-|virbr|veth|vbox|vmnet|vmenet|bridge|cni|flannel|lxc|lxd|podman|tun|tap|utun|wg|zt|tailscale)/i;
/** What home and office networks use comes first: RFC 1918. Link-local addresses (RFC 3927) come last. */
const PREFERRED = [/^192\.168\./, /^10\./, /^172\.(1[6-9]|2\d|3[01])\./, /^(?!169\.254\.)/];

/**
 * The IPv4 addresses that other devices may find this machine at, the likeliest first.
 * @param interfaces as `os.networkInterfaces()` gives them
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
