// The limit: a bare Node handler that writes what comes, without sync, checks or memory. In plain JavaScript, as a process
// that holds nothing but what is measured: node bench/server/bare.mjs FOLDER
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const [folder] = process.argv.slice(2);
const fileOf = (request) => path.join(folder, path.basename(request.url));

const methods = {
  async POST(_request, response) {
    const id = randomUUID();
    await (await open(path.join(folder, id), 'wx')).close();
    response.writeHead(201, { Location: `/files/${id}`, 'Content-Length': 0 });
  },
  async HEAD(request, response) {
    const { size } = await stat(fileOf(request));
    response.writeHead(200, { 'Upload-Offset': size });
  },
  async PATCH(request, response) {
    const start = Number(request.headers['upload-offset']);
    const file = createWriteStream(fileOf(request), { flags: 'r+', start });
    await pipeline(request, file);
    response.writeHead(204, { 'Upload-Offset': start + file.bytesWritten });
  },
};

const server = createServer((request, response) => {
  methods[request.method](request, response).then(
    () => response.end(),
    (error) => response.destroy(error),
  );
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
// Whoever started it holds the other end: it ends with them, however they end.
process.stdin.on('end', () => process.exit()).resume();
