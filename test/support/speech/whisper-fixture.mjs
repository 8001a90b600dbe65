#!/usr/bin/env node
// A hand-made Whisper model in ggml format that gives the same two sentences for every sound:
//   node whisper-fixture.mjs out.bin            (7.9 MB)
// It proves the plumbing of an engine built on whisper.cpp: loading a model, decoding sound, segments, times of words, JSON,
// the HTTP shape. It proves NOTHING about recognition, and every test that uses it says "plumbing" in its name.
import { closeSync, openSync, realpathSync, renameSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The sentences of the model, with their times. */
export const SENTENCES = [
  { text: 'hello world.', startMs: 0, endMs: 1_500 },
  { text: 'this is a test interview answer.', startMs: 1_500, endMs: 5_000 },
];

// The size of the smallest network that whisper.cpp takes, with Whisper's own vocabulary, sound and text contexts.
const STATE = 64;
const HEADS = 1;
const LAYERS = 1;
const VOCABULARY = 51_865;
const TEXT_TOKENS = 50_257;
const SOUND_CONTEXT = 1_500;
const TEXT_CONTEXT = 448;
const MELS = 80;
const BINS = 201;
/** The first tokens of the vocabulary; the others are fillers. */
const TOKENS = [' ', ' hello', ' world', ' this', ' is', ' a', ' test', '.', ' interview', ' answer', ' -', " '", '!'];
const END_OF_TEXT = 50_257;
const ENGLISH = 50_259;
const FIRST_TIME = 50_364;
const timeToken = (seconds) => FIRST_TIME + Math.round(seconds / 0.02);
/** The sentences, token by token. */
const SCRIPT = [
  ...[timeToken(0), 1, 2, 7, timeToken(1.5)],
  ...[timeToken(1.5), 3, 4, 5, 6, 8, 9, 7, timeToken(5), END_OF_TEXT],
];
/** The script begins after the tokens for the start, the language and the task. */
const PROMPT_TOKENS = 2;

/** Writes the model. */
export function writeWhisperFixture(file) {
  const half = `${file}.${process.pid}.tmp`;
  const output = openSync(half, 'w');
  try {
    writeModel((bytes) => writeSync(output, bytes));
  } finally {
    closeSync(output);
  }
  renameSync(half, file);
}

function writeModel(write) {
  const integers = (...values) => write(Buffer.from(Int32Array.from(values).buffer));
  integers(0x67676d6c, VOCABULARY, SOUND_CONTEXT, STATE, HEADS, LAYERS, TEXT_CONTEXT, STATE, HEADS, LAYERS, MELS, 1);
  integers(MELS, BINS);
  write(melFilters());
  integers(TEXT_TOKENS);
  for (let token = 0; token < TEXT_TOKENS; token++) {
    const text = Buffer.from(TOKENS[token] ?? `<w${token}>`);
    integers(text.length);
    write(text);
  }

  /** A tensor of zeros, or of what `valueAt` gives; in half or single precision. */
  const tensor = (name, shape, precision, valueAt) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const label = Buffer.from(name);
    const isHalf = precision === 'half';
    integers(shape.length, label.length, isHalf ? 1 : 0, ...shape);
    write(label);
    const values = isHalf ? new Uint16Array(length) : new Float32Array(length);
    if (valueAt) for (let at = 0; at < length; at++) values[at] = isHalf ? toHalf(valueAt(at)) : valueAt(at);
    write(Buffer.from(values.buffer));
  };
  const ones = () => 1;
  const matrix = (name, shape = [STATE, STATE]) => tensor(`${name}.weight`, shape, 'half');
  const bias = (name, size = STATE) => tensor(`${name}.bias`, [size], 'single');
  const norm = (name) => {
    tensor(`${name}.weight`, [STATE], 'single', ones);
    bias(name);
  };
  const attention = (name) => {
    matrix(`${name}.query`);
    bias(`${name}.query`);
    matrix(`${name}.key`);
    matrix(`${name}.value`);
    bias(`${name}.value`);
    matrix(`${name}.out`);
    bias(`${name}.out`);
  };
  const feedForward = (name) => {
    norm(`${name}.mlp_ln`);
    matrix(`${name}.mlp.0`, [STATE, 4 * STATE]);
    bias(`${name}.mlp.0`, 4 * STATE);
    matrix(`${name}.mlp.2`, [4 * STATE, STATE]);
    bias(`${name}.mlp.2`);
  };

  tensor('encoder.positional_embedding', [STATE, SOUND_CONTEXT], 'single');
  for (const [name, inputs] of [
    ['encoder.conv1', MELS],
    ['encoder.conv2', STATE],
  ]) {
    matrix(name, [3, inputs, STATE]);
    tensor(`${name}.bias`, [1, STATE], 'single');
  }
  norm('encoder.ln_post');
  for (let layer = 0; layer < LAYERS; layer++) {
    const name = `encoder.blocks.${layer}`;
    feedForward(name);
    norm(`${name}.attn_ln`);
    attention(`${name}.attn`);
  }

  // The decoder hears nothing: at each position, its embedding points at the token that is next in the script.
  const directions = randomDirections([...SCRIPT, ENGLISH]);
  tensor('decoder.positional_embedding', [STATE, TEXT_CONTEXT], 'single', (at) => {
    const position = Math.floor(at / STATE);
    const token = position === 0 ? ENGLISH : (SCRIPT[position - PROMPT_TOKENS] ?? END_OF_TEXT);
    return 5 * directions.get(token)[at % STATE];
  });
  tensor('decoder.token_embedding.weight', [STATE, VOCABULARY], 'half', (at) => {
    const direction = directions.get(Math.floor(at / STATE));
    return direction ? direction[at % STATE] * 0.5 : 0;
  });
  norm('decoder.ln');
  for (let layer = 0; layer < LAYERS; layer++) {
    const name = `decoder.blocks.${layer}`;
    feedForward(name);
    norm(`${name}.attn_ln`);
    attention(`${name}.attn`);
    norm(`${name}.cross_attn_ln`);
    attention(`${name}.cross_attn`);
  }
}

/** Triangles on the mel scale, up to 8 kHz. */
function melFilters() {
  const toMel = (hertz) => 2_595 * Math.log10(1 + hertz / 700);
  const toHertz = (mel) => 700 * (10 ** (mel / 2_595) - 1);
  const points = Array.from({ length: MELS + 2 }, (_, at) => toHertz((toMel(8_000) * at) / (MELS + 1)));
  const filters = new Float32Array(MELS * BINS);
  for (let mel = 0; mel < MELS; mel++) {
    const [low, middle, high] = points.slice(mel, mel + 3);
    for (let bin = 0; bin < BINS; bin++) {
      const hertz = (bin * 8_000) / 200;
      const height = Math.min((hertz - low) / (middle - low), (high - hertz) / (high - middle));
      filters[mel * BINS + bin] = (Math.max(0, height) * 2) / (high - low);
    }
  }
  return Buffer.from(filters.buffer);
}

/** For each token a vector of mean 0 and variance 1, always the same. */
function randomDirections(tokens) {
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random());
  const directions = new Map();
  for (const token of new Set(tokens)) {
    const raw = Array.from({ length: STATE }, normal);
    const mean = raw.reduce((sum, value) => sum + value, 0) / STATE;
    const deviation = Math.sqrt(raw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / STATE);
    directions.set(
      token,
      raw.map((value) => (value - mean) / deviation),
    );
  }
  return directions;
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The bits of a number in half precision; what is too small is 0. */
function toHalf(value) {
  single[0] = value;
  const bits = singleBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return sign | 0x7c00;
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [file] = process.argv.slice(2);
  if (file) writeWhisperFixture(file);
  else {
    console.error('usage: whisper-fixture.mjs FILE');
    process.exitCode = 2;
  }
}
