/** Files that commands read. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { CommandError, FileErrors } from './command.ts';

/**
 * Reads a file in UTF-8.
 * @param file its path; `-` is standard input
 * @param maxBytes the most that it may have
 * @param advice what to do where it can't be read
 * @returns the text, and the name of the file for messages
 * @throws FileErrors with the place of what is wrong in it; CommandError where it can't be read
 */
export async function readTextFile(
  file: string,
  maxBytes: number,
  advice: string,
): Promise<{ label: string; text: string }> {
  const label = file === '-' ? '<stdin>' : file;
  const source = file === '-' ? process.stdin : createReadStream(file, { end: maxBytes });
  const bytes = await readAtMost(source, maxBytes).catch(({ code }: NodeJS.ErrnoException) => {
    const why = { ENOENT: 'there is no such file', EISDIR: 'it is a folder' }[code ?? ''] ?? code;
    throw new CommandError(`${label} can’t be read (${why}): ${advice}`);
  });
  if (bytes.length > maxBytes)
    throw new FileErrors([`${label}:1:1: the file has more than ${maxBytes} bytes: this is another kind of file`]);
  return { label, text: decode(bytes, label) };
}

/** Decodes UTF-8, without its byte order mark. */
function decode(bytes: Buffer, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const readable = bytes.toString('utf8').split('�')[0] ?? '';
    const line = readable.split('\n').length;
    throw new FileErrors([`${label}:${line}:1: this is not UTF-8: save the file as UTF-8`]);
  }
}

async function readAtMost(source: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += (chunk as Uint8Array).length;
    if (bytes > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
