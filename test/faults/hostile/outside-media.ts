/** An MP4 that refers to media in another file. */

/** The boxes on the path to a track's `dref`, which names the file of its media. */
const PARENTS = new Set(['moov', 'trak', 'mdia', 'minf', 'dinf']);

/**
 * The MP4 with a Macintosh alias to `target` in every `dref`, which is how QuickTime files refer to others; ffmpeg with
 * `-enable_drefs 1 -use_absolute_path 1` opens it. Its index has to be at its end, so that a longer index moves no media.
 */
export function withOutsideMedia(mp4: Buffer, target: string): Buffer {
  return Buffer.concat(
    boxesOf(mp4).map(({ name, body }) => {
      if (PARENTS.has(name)) return box(name, withOutsideMedia(body, target));
      return box(name, name === 'dref' ? dref(target) : body);
    }),
  );
}

function boxesOf(bytes: Buffer): { name: string; body: Buffer }[] {
  const boxes = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    boxes.push({ name: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + size) });
    at += size;
  }
  return boxes;
}

function box(name: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(name, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** A `dref` with one entry, an alias record: fixed fields, the absolute path with `:` between folders as tag 2, and the end. */
function dref(target: string): Buffer {
  const volume = 'disk';
  const name = `${volume}${target.replaceAll('/', ':')}`;
  const fixed = Buffer.alloc(154);
  fixed[14] = volume.length;
  fixed.write(volume, 15);
  const tag = Buffer.alloc(4);
  tag.writeUInt16BE(2, 0);
  tag.writeUInt16BE(name.length, 2);
  const padded = Buffer.from(name.length % 2 ? `${name}\0` : name);
  const alias = box('alis', Buffer.concat([fixed, tag, padded, Buffer.from('ffff0000', 'hex')]));
  return Buffer.concat([Buffer.from('0000000000000001', 'hex'), alias]);
}
