/** A self-signed certificate for phones: browsers warn of it, but a page behind the warning can use the camera. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { DateTime } from 'luxon';
import { giveToOwnerOfFolder } from '../../storage/index.ts';
import type { Config } from '../config.ts';

const CERT_NAME = 'phone-cert.pem';
const KEY_NAME = 'phone-key.pem';
const VALID_DAYS = 30;
/** A certificate that expires within this time is made anew, so that it lasts for the day. */
const SPARE_DAYS = 1;
/** A new certificate is valid from one day ago: the clocks of phones and laptops differ. */
const BACKDATED_DAYS = 1;
const KEY_BITS = 2048;

/** A certificate of this machine. */
export interface OwnCertificate {
  files: NonNullable<Config['tls']>;
  /** ISO 8601, UTC. */
  expiresAt: string;
  /** SHA-256, as browsers show it: `AB:CD:…`. */
  fingerprint: string;
}

/**
 * The data folder's certificate. It is kept for later starts, since a phone asks its user again about each new certificate;
 * it is made anew where it is missing, broken, about to expire, or for other addresses.
 * @param dataDir a folder that exists
 * @param hosts addresses and names; the certificate is always for localhost and 127.0.0.1, too
 */
export async function ensureCertificate(
  dataDir: string,
  hosts: readonly string[],
  now: () => DateTime = () => DateTime.now(),
): Promise<OwnCertificate> {
  const files = { certFile: path.join(dataDir, CERT_NAME), keyFile: path.join(dataDir, KEY_NAME) };
  const names = [...new Set(['localhost', '127.0.0.1', ...hosts])];
  const known = await readCertificate(files);
  const isGood =
    known !== null &&
    endOf(known) > now().plus({ days: SPARE_DAYS }) &&
    names.every((name) => (isIP(name) ? known.checkIP(name) : known.checkHost(name)) !== undefined);
  const certificate = isGood ? known : await makeCertificate(files, names, now());
  return {
    files,
    expiresAt: endOf(certificate).toUTC().toISO() as string,
    fingerprint: certificate.fingerprint256,
  };
}

function endOf({ validTo }: X509Certificate): DateTime {
  return DateTime.fromJSDate(new Date(validTo));
}

/** The certificate in the files; null where there is none, or none that belongs to its key. */
async function readCertificate({ certFile, keyFile }: OwnCertificate['files']): Promise<X509Certificate | null> {
  try {
    const certificate = new X509Certificate(await readFile(certFile));
    return certificate.checkPrivateKey(createPrivateKey(await readFile(keyFile))) ? certificate : null;
  } catch {
    return null;
  }
}

async function makeCertificate(
  { certFile, keyFile }: OwnCertificate['files'],
  names: readonly string[],
  now: DateTime,
): Promise<X509Certificate> {
  // Loaded here alone: the library and its ASN.1 would cost every other command a tenth of a second.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'TresGo on this network' }], {
    keySize: KEY_BITS,
    algorithm: 'sha256',
    notBeforeDate: now.minus({ days: BACKDATED_DAYS }).toJSDate(),
    notAfterDate: now.plus({ days: VALID_DAYS }).toJSDate(),
    extensions: [
      // No authority: a phone that trusts this certificate trusts this server alone.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      // "TLS server certificates must contain an ExtendedKeyUsage extension containing the id-kp-serverAuth OID"
      // (Apple, Requirements for trusted certificates in iOS 13).
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  // A crash between the two writes leaves a key without its certificate: the next start makes both anew.
  await writePrivately(keyFile, made.private);
  await writePrivately(certFile, made.cert);
  return new X509Certificate(made.cert);
}

async function writePrivately(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  giveToOwnerOfFolder(temporary);
  await rename(temporary, file);
}
