// Writes model folders of any size with seeded random weights: for speed, which does not depend on the weights. Their answers mean nothing.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The sizes of a model. `vocabulary` is that of the template's tokenizer, so word tables are smaller than in real models. */
export const SIZES = {
  mini: { hidden: 384, intermediate: 1536, layers: 6, heads: 12, entity: 64 },
  base: { hidden: 768, intermediate: 3072, layers: 12, heads: 12, entity: 256 },
  large: { hidden: 1024, intermediate: 4096, layers: 24, heads: 16, entity: 256 },
};
const CHUNK_BYTES = 8 << 20;
/** Different rows of one kind; they repeat. */
const ROWS = 61;
const SEED = 7;

/** The tensors of a model with a head for entities: `[name, shape]` in their order. */
export function tensorsOf({ hidden: h, intermediate: f, layers, entity: e }, { vocab_size: vocabulary, entity_vocab_size: entities, max_position_embeddings: positions }, labels) {
  const norm = (name) => [[`${name}.LayerNorm.bias`, [h]], [`${name}.LayerNorm.weight`, [h]]];
  const dense = (name, rows, columns) => [[`${name}.bias`, [rows]], [`${name}.weight`, [rows, columns]]];
  const table = (name, rows, columns = h) => [[`${name}.weight`, [rows, columns]]];
  const layer = (i) => {
    const at = `luke.encoder.layer.${i}`;
    return [
      ...norm(`${at}.attention.output`),
      ...dense(`${at}.attention.output.dense`, h, h),
      ...['e2e_query', 'e2w_query', 'key', 'query', 'value', 'w2e_query'].flatMap((name) => dense(`${at}.attention.self.${name}`, h, h)),
      ...dense(`${at}.intermediate.dense`, f, h),
      ...norm(`${at}.output`),
      ...dense(`${at}.output.dense`, h, f),
    ];
  };
  return [
    ...norm('luke.embeddings'),
    ...table('luke.embeddings.position_embeddings', positions),
    ...table('luke.embeddings.token_type_embeddings', 1),
    ...table('luke.embeddings.word_embeddings', vocabulary),
    ...norm('luke.entity_embeddings'),
    ...table('luke.entity_embeddings.entity_embedding_dense', h, e),
    ...table('luke.entity_embeddings.entity_embeddings', entities, e),
    ...table('luke.entity_embeddings.position_embeddings', positions),
    ...table('luke.entity_embeddings.token_type_embeddings', 1),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...dense('classifier', labels, 3 * h),
    ...dense('luke.pooler.dense', h, h),
  ];
}

/** The bytes of a row of `n` numbers, as docs/FORMATS.md says. `draw` gives numbers from -1 to 1. */
export function encodeRow(dtype, n, draw) {
  const numbers = Float32Array.from({ length: n }, () => 0.05 * draw());
  switch (dtype) {
    case 'f32':
      return Buffer.from(numbers.buffer);
    case 'f16':
      return Buffer.from(Uint16Array.from(numbers, half).buffer);
    case 'q8': {
      const bytes = Buffer.alloc(n + 4);
      numbers.forEach((number, i) => bytes.writeInt8(Math.round(number * 1200), i)); // at most 60, which cannot overflow the CPU's sums
      bytes.writeFloatLE(1 / 1200, n);
      return bytes;
    }
    case 'q4': {
      const groups = Array.from({ length: Math.ceil(n / 32) }, () => {
        const bytes = Buffer.alloc(18);
        bytes.writeUInt16LE(half(0.05 / 8), 0);
        for (let i = 2; i < 18; i += 1) bytes[i] = Math.floor((draw() + 1) * 127.9);
        return bytes;
      });
      return Buffer.concat(groups);
    }
    default:
      throw new Error(`no dtype ${dtype}`);
  }
}

/** The bits of the f16 next to a number of size 2^-14 to 1, or of 0 for smaller ones. */
export function half(number) {
  const size = Math.abs(number);
  if (size < 2 ** -14) return 0;
  const exponent = Math.floor(Math.log2(size));
  return (number < 0 ? 0x8000 : 0) + ((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024);
}

/** Writes a folder. `template` is the folder of a small model with a head for entities, whose tokenizer and settings it gets. */
export function writeModel(folder, template, size, dtype) {
  const from = JSON.parse(readFileSync(join(template, 'manifest.json'), 'utf8'));
  const { hidden, intermediate, layers, heads, entity } = SIZES[size];
  const config = { ...from.config, hidden_size: hidden, intermediate_size: intermediate, num_hidden_layers: layers, num_attention_heads: heads, entity_emb_size: entity };
  mkdirSync(join(folder, 'chunks'), { recursive: true });
  for (const { path } of Object.values(from.files)) copyFileSync(join(template, path), join(folder, path));
  const chunks = new Chunks(folder);
  const tensors = [];
  for (const [name, shape] of tensorsOf(SIZES[size], config, from.heads.ner.labels.length)) {
    const isVector = shape.length === 1;
    const stored = isVector || (name.startsWith('classifier') && !dtype.startsWith('f')) ? 'f32' : dtype;
    const rows = rowsOf(stored, shape, name);
    const perChunk = isVector ? 1 : Math.max(1, Math.floor(CHUNK_BYTES / rows[0].length));
    const count = isVector ? 1 : shape[0];
    for (let first = 0; first < count; first += perChunk) {
      const end = Math.min(count, first + perChunk);
      const bytes = Buffer.concat(Array.from({ length: end - first }, (_, i) => rows[(first + i) % rows.length]));
      tensors.push({ name, dtype: stored, shape, ...chunks.add(bytes), ...(end - first < count && { rows: [first, end] }) });
    }
  }
  chunks.end();
  const manifest = {
    format: 'luke-web', version: 1, name: `synthetic ${size}`, license: '', source: 'random numbers', config, dtype, heads: from.heads, files: from.files,
    chunks: chunks.list, tensors, entityTable: null,
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return manifest;
}

/** The bytes of the rows of a tensor, or of the one vector. LayerNorm changes nothing. */
function rowsOf(dtype, shape, name) {
  if (/LayerNorm.weight$/.test(name)) return [Buffer.from(new Float32Array(shape[0]).fill(1).buffer)];
  const draw = generator(SEED + name.length + shape[0]);
  return Array.from({ length: shape.length === 1 ? 1 : ROWS }, () => encodeRow(dtype, shape.at(-1), draw));
}

/** Puts bytes into files of about the same size. */
class Chunks {
  list = [];
  #folder;
  #parts = [];
  #bytes = 0;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Where the bytes are. */
  add(bytes) {
    if (this.#bytes > 0 && this.#bytes + bytes.length > CHUNK_BYTES) this.end();
    const offset = this.#bytes;
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    return { chunk: this.list.length, offset, bytes: bytes.length };
  }

  /** Writes the file that is not full. */
  end() {
    if (this.#bytes === 0) return;
    const bytes = Buffer.concat(this.#parts);
    const path = `chunks/${String(this.list.length).padStart(4, '0')}.bin`;
    writeFileSync(join(this.#folder, path), bytes);
    this.list.push({ path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    this.#parts = [];
    this.#bytes = 0;
  }
}

/** Random numbers from -1 to 1 (mulberry32). */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
