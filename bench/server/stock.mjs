// The peer: @tus/server with FileStore, as its README shows it: node bench/server/stock.mjs FOLDER
import { createServer } from 'node:http';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [folder] = process.argv.slice(2);
const tus = new Server({ path: '/files', datastore: new FileStore({ directory: folder }) });
const server = createServer((request, response) => void tus.handle(request, response));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
// The bench holds the other end of standard input: this process ends with the bench, however that ends.
process.stdin.on('end', () => process.exit()).resume();
