/** A certificate of one's own for 127.0.0.1, as people make it with openssl. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Writes one into the folder. Returns the settings that make the server take it. */
export async function makeCertificate(folder: string): Promise<Record<string, string>> {
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', [...how, ...subject, '-keyout', key, '-out', cert]);
  return { TRESGO_TLS_CERT: cert, TRESGO_TLS_KEY: key };
}
