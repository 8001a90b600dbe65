/** A self-signed certificate for 127.0.0.1, made by openssl as admins make it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Writes the certificate and its key into a folder. Returns the environment with which a server uses them. */
export async function makeCertificate(folder: string): Promise<Record<string, string>> {
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', [...request, ...subject, '-keyout', key, '-out', cert]);
  return { TRESGO_TLS_CERT: cert, TRESGO_TLS_KEY: key };
}
