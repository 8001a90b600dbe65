/** A recording as a MediaRecorder makes it: a head, then clusters that grow, without a length. */
import { element, opusTrack, vp8Track, webm } from '../../faults/hostile/webm-bytes.ts';

/** The head of a recording with sound (track 1) and picture (track 2). */
export function liveHead(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(webm({ tracks: [opusTrack(1), vp8Track(2, 320, 180)], blocks: [] }));
}

/** What is recorded from one time to another, in ms: a packet of each track every 100 ms. `filler`: bytes in each packet. */
export function liveSlice(
  fromMs: number,
  toMs: number,
  { tracks = [1, 2], filler = 8 }: { tracks?: readonly number[]; filler?: number } = {},
): Uint8Array<ArrayBuffer> {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(fromMs));
  const blocks: Buffer[] = [];
  for (let at = 0; at < toMs - fromMs; at += 100)
    for (const track of tracks)
      blocks.push(element('a3', Buffer.from([0x80 | track, at >> 8, at & 0xff, 0x80]), Buffer.alloc(filler, at)));
  return new Uint8Array(element('1f43b675', element('e7', stamp), ...blocks));
}
