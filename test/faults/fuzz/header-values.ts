/** Methods and header values, valid and invalid. */
import { NUMBERS } from './values.ts';

/** Methods that Node's parser knows. */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PUT',
  'TRACE',
  'PROPFIND',
  'PURGE',
  'M-SEARCH',
];
/** Methods that Node's parser does not know; it closes the connection on CONNECT without a response. */
export const NO_METHODS = ['patch', 'FOO', 'CONNECT', 'PRI', '', 'GET\t', 'P\xc3\xa4TCH', 'PATCH'.repeat(100)];

/** Values of each header that has a meaning here or for a proxy. */
export const HEADER_VALUES: Record<string, readonly string[]> = {
  'Upload-Offset': NUMBERS,
  'Upload-Length': NUMBERS,
  'Upload-Defer-Length': [...NUMBERS, '1', '1', 'true'],
  'Tus-Resumable': ['', '0.2.2', '1.0', '1.0.0, 1.0.0', '1.0.0,', 'x'.repeat(500), '\xff'],
  'Content-Type': [
    '',
    'application/offset+octet-stream; charset=x',
    'APPLICATION/OFFSET+OCTET-STREAM',
    'text/plain',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'application/json',
    '/',
  ],
  'X-HTTP-Method-Override': [
    ...METHODS,
    ...METHODS.map((name) => name.toLowerCase()),
    'CONNECT',
    'TRACK',
    '',
    'x y',
    '*',
  ],
  'X-Forwarded-For': [
    '',
    '1.2.3.4',
    '1.2.3.4, 5.6.7.8',
    '::1',
    '::ffff:1.2.3.4',
    'unknown',
    ',,,',
    '1.2.3',
    'x'.repeat(900),
  ],
  'X-Forwarded-Proto': ['https', 'https, http', 'javascript', ''],
  'X-Forwarded-Host': ['evil.example', 'a, b', 'x:99999', ''],
  Forwarded: ['for=1.2.3.4;proto=https', 'for="[::1', ''],
  Origin: ['https://a.example', 'https://evil.example', 'null', '*', '', 'https://a.example.evil'],
  'Access-Control-Request-Method': ['PATCH', 'x'],
  Authorization: [
    '',
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'bearer x',
    `Bearer ${'x'.repeat(201)}`,
    'Bearer \xff',
    'Digest x=y',
  ],
  'Upload-Checksum': ['sha1 AAAA', 'md5', 'sha1 Lve95gjOVATpfV8EL5X4nxwjKHE=', ''],
  'Upload-Concat': ['partial', 'final;/files/a /files/b', 'final', ''],
  'Upload-Metadata': ['', ' ', ',', 'folder', 'folder !!!', '=', 'x'.repeat(8_000)],
  'Content-Encoding': ['gzip', 'identity', 'x'],
  'Accept-Encoding': ['gzip', 'identity;q=0', '*;q=0'],
  'X-Request-Id': ['x', 'x'.repeat(300), '../..', '\xff', ''],
  Range: ['bytes=0-', 'bytes=-1', 'x'],
  Cookie: ['a=b', '=', 'x'.repeat(4_000)],
  'If-Match': ['*', '"x"'],
  Accept: ['text/html', '*/*', '', 'x'.repeat(1_000)],
  Date: ['x'],
};
