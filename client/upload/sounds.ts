/**
 * Sound that goes ahead of its answer, where the link is too slow for the picture: a small recording of its own, kept in
 * memory and uploaded beside the answers. The answer has its own sound and needs none of this: whatever happens to the sound
 * that goes ahead, no answer waits for it, and what is left of it is dropped with its answer.
 */
import { createMemorySpool } from '../spool/memory-spool.ts';
import type { NewTake } from '../spool/spool.ts';
import { createThroughput } from './throughput.ts';
import { createUploader, type Uploader, type UploaderOptions } from './uploader.ts';

/** More than half an hour of sound. Memory holds no more, of all answers together: the longer one goes no further ahead. */
const MAX_KEPT_BYTES = 4_194_304;

/** What is known of a sound before its first chunk. */
export interface NewSound extends Pick<NewTake, 'question' | 'mimeType' | 'startedAt'> {
  /** The takeId of its answer. */
  aheadOf: string;
}

/** The sound of one answer, while it is recorded. */
export interface Sound {
  /** Adds a chunk. Rejects where the sound goes no further ahead: its recorder can stop. */
  append(data: ArrayBuffer, recordedMs: number): Promise<unknown>;
  /** The recorder was stopped: its last chunk waits for the end, to be sent with it. */
  expectEnd(): void;
  /** No chunk follows. Never rejects. */
  end(): Promise<void>;
}

/** The sounds of a session. */
export interface Sounds {
  /** Begins the sound of an answer; it is uploaded while it grows. */
  begin(sound: NewSound): Sound;
  /** The answer is whole at the server, or given up. */
  drop(aheadOf: string): void;
  /** Whether bytes of a sound wait for the link, or are on their way: the bodies of answers should be small then. */
  areMoving(): boolean;
  /** The connection may be back: an attempt at once. */
  retryNow(): void;
  /** Ends all uploads. */
  close(): void;
}

/** Creates the sounds of a session. */
export function createSounds({
  folder,
  newId = () => crypto.randomUUID(),
  ...options
}: Omit<UploaderOptions, 'spool' | 'take' | 'onEvent' | 'throughput' | 'sessionState'> & { folder: string }): Sounds {
  const spool = createMemorySpool();
  const throughput = createThroughput();
  const kept = new Map<string, { takeId: string; bytes: number; uploader: Uploader | null }>();

  function drop(aheadOf: string): void {
    const sound = kept.get(aheadOf);
    if (!sound) return;
    kept.delete(aheadOf);
    sound.uploader?.pause();
    void spool.forget(sound.takeId);
  }

  return {
    begin({ aheadOf, ...about }) {
      const sound = { takeId: newId(), bytes: 0, uploader: null as Uploader | null };
      kept.set(aheadOf, sound);
      const created = spool.create({ ...about, takeId: sound.takeId, folder });
      const isKept = () => kept.get(aheadOf) === sound;
      return {
        async append(data, recordedMs) {
          const take = await created;
          const all = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, data.byteLength);
          if (all > MAX_KEPT_BYTES) drop(aheadOf);
          if (!isKept()) throw new Error('The sound goes no further ahead');
          sound.bytes = await spool.append(sound.takeId, data, recordedMs);
          // Not before the first chunk: a recorder that brings nothing needs no upload.
          sound.uploader ??= createUploader({
            ...{ ...options, spool, throughput, newId, take: { ...take, aheadOf } },
            // An upload that the server does not know any more is not created again: its answer may be whole.
            sessionState: async () => 'finished',
            onEvent(event) {
              if (event.type === 'refused' ? event.final : event.gate.kind === 'open') drop(aheadOf);
            },
          });
          sound.uploader.start();
        },
        expectEnd: () => sound.uploader?.expectEnd(),
        async end() {
          await created;
          if (sound.bytes === 0) drop(aheadOf);
          await spool.end(sound.takeId);
        },
      };
    },
    drop,
    areMoving: () => [...kept.values()].some(({ uploader }) => uploader?.status().gate.kind === 'uploading'),
    retryNow() {
      for (const { uploader } of kept.values()) uploader?.retryNow();
    },
    close() {
      for (const aheadOf of [...kept.keys()]) drop(aheadOf);
    },
  };
}
