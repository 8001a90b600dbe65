// The limit: a bare Node handler that writes bodies without sync, checks or state. It is plain JavaScript, so that the
// process holds only the measured code: node bench/server/bare.mjs FOLDER
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
// The bench holds the other end of standard input: this process ends with the bench, however that ends.
process.stdin.on('end', () => process.exit()).resume();
