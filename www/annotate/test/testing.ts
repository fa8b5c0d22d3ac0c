// Random corpora, and the property that every format must have: what is written and read back equals the corpus after the declared losses.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LossKind } from '../formats/losses.js';
import type { Format, Loss, WriteOptions, ReadOptions } from '../formats/format.js';
import { applyLosses, comparable } from './expected.js';
import type { AnnotatedDocument, Corpus, Extra, Label, LabelSet, Piece, Question, Relation, Span } from '../model/types.js';

const SEED = 20200;

/** How a property is tried: with a fixed seed, so that a failure comes again. `ANNOTATE_RUNS=2000` tries all properties more often. */
export function property(runs: number, seed = SEED): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns: Number(process.env.ANNOTATE_RUNS ?? runs) };
}

/** For a property that one module has and that takes little time. */
export const PROPERTY = property(50);

/** For the property that all formats have, with many options: a few runs of each are many together, because the seeds differ. */
function formatProperty(name: string): ReturnType<typeof property> {
  return property(10, [...name].reduce((hash, character) => (31 * hash + character.codePointAt(0)!) | 0, SEED));
}

/** Of `tests/browser/specs/unicode.mjs`: astral characters, clusters, right-to-left, controls, white space, halves of pairs. */
export const HALVES = ['\ud800', '\udfff', 'x\ud83d', '\udc00y'];
export const PIECES = [
  'Paris', 'Tokyo', 'Ana Ivanovic', 'Beyoncé', 'Beyonce\u0301', 'Los Angeles.', 'the', 'of', '3.14', 'AT&T', "L'Oréal", '“quoted”', '—', '...', '!?',
  '@highlight\n', '👨‍👩‍👧‍👦', '🇨🇭', '👍🏽', '1\ufe0f\u20e3', '🙂', '❤\ufe0f', 'Z\u0351\u036b\u0343a\u0317\u0331l\u0334go',
  'e\u0301\u0323', '\u0301', 'क्षि', 'ภาษาไทย',
  '한국어', '\u1112\u1161\u11ab', 'القاهرة', '\u202eevil\u202c', '\u200fשלום\u200e', '東京', '首都です。', '𝔏𝔬𝔫𝔡𝔬𝔫', '𠮷野家', '\u{10ffff}', '\ufdd0', '\ufffd',
  '\r\n', '\n\n', '\r', '\t', '\u00a0', '\u202f', '\u3000', '\u2028', '\u200b', '\u200d', '\ufeff', '\0', '\u0007', '\u0085', 'ﬁ', 'ß', 'İ', 'ǆ',
  '<mask>', '</s>', '"', '\\', ',', ';', '=1', 'a'.repeat(40),
];
const NAMES = ['PER', 'ORG', 'LOC', 'PERSON', 'born in', 'Größe', '人名', '🙂', 'B-PER', 'a:b', '__proto__', 'constructor', 'O', '<&">', "it's"];

export interface CorpusShape {
  /** Texts may have halves of surrogate pairs. */
  readonly halves?: boolean;
  /** Names of labels. */
  readonly names?: readonly string[];
  /** Pieces of texts. */
  readonly pieces?: readonly string[];
  /** Most documents. */
  readonly documents?: number;
}

export function texts(shape: CorpusShape = {}): fc.Arbitrary<string> {
  const pieces = [...(shape.pieces ?? PIECES), ...(shape.halves ? HALVES : [])];
  const any = shape.pieces
    ? fc.constantFrom(...pieces)
    : fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }));
  const part = fc.tuple(any, fc.boolean()).map(([piece, space]) => piece + (space ? ' ' : ''));
  return fc.array(part, { maxLength: 25 }).map((parts) => parts.join(''));
}

/** Offsets that are not between the halves of a pair. */
export function edgesOf(text: string): number[] {
  const edges = [0];
  for (const character of text) edges.push(edges.at(-1)! + character.length);
  return edges;
}

/** One to three pieces at edges of characters; none of them is empty. The text must not be empty. */
function piecesIn(edges: readonly number[]): fc.Arbitrary<Piece[]> {
  const one = fc
    .tuple(fc.nat(edges.length - 2), fc.nat(12))
    .map(([start, length]): Piece[] => [[edges[start]!, edges[Math.min(start + 1 + length, edges.length - 1)]!]]);
  if (edges.length < 5) return one;
  const several = fc.uniqueArray(fc.nat(edges.length - 1), { minLength: 4, maxLength: 6 }).map((picked) => {
    const sorted = picked.sort((a, b) => a - b).map((index) => edges[index]!);
    return Array.from({ length: sorted.length >> 1 }, (_, index): Piece => [sorted[2 * index]!, sorted[2 * index + 1]!]);
  });
  return fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: several });
}

const extras: fc.Arbitrary<Extra> = fc.dictionary(
  fc.constantFrom('a', 'id', 'x y', 'constructor', 'ü'),
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant([1, { b: null }])),
  { minKeys: 1, noNullPrototype: true },
);
const scores = fc.nat(1000).map((n) => n / 1000);
const notes = fc.constantFrom('sure?', 'line\r\nbreak', '🙂 "quoted", with comma', '\t');
const models = fc.record(
  { name: fc.constantFrom('luke-mini-en', 'x'), manifestHash: fc.constantFrom('ab'.repeat(32), '0'.repeat(64)), head: fc.constantFrom('mine') },
  { noNullPrototype: true, requiredKeys: ['name', 'manifestHash'] },
);

const made = {
  by: fc.constantFrom('human', 'model', 'import'),
  state: fc.constantFrom('suggested', 'accepted', 'accepted', 'rejected'),
  score: scores,
  model: models,
  at: fc.nat(2_000_000_000_000),
  note: notes,
  extra: extras,
} as const;

function spanList(text: string, sets: readonly LabelSet[]): fc.Arbitrary<Span[]> {
  const labels = idsOf(sets, 'span');
  const types = idsOf(sets, 'type');
  const edges = edgesOf(text);
  if (edges.length < 2 || labels.length === 0) return fc.constant([]);
  const label = fc.constantFrom(...labels);
  const pieces = piecesIn(edges);
  const was = fc.record({ label, pieces, score: scores }, { noNullPrototype: true, requiredKeys: ['label', 'pieces'] });
  const type = types.length > 0 ? { type: fc.constantFrom(...types) } : {};
  const fields = { pieces, label, ...made, ...type, was, confirmed: models };
  const span = fc.record(fields, { noNullPrototype: true, requiredKeys: ['pieces', 'label', 'by', 'state'] });
  return fc.array(span, { maxLength: 8 }).map((spans) => spans.map((fields, index) => ({ id: `s${index}`, ...fields }) as Span));
}

function relationList(spans: readonly Span[], sets: readonly LabelSet[]): fc.Arbitrary<Relation[]> {
  const labels = idsOf(sets, 'relation');
  if (spans.length < 2 || labels.length === 0) return fc.constant([]);
  const end = fc.constantFrom(...spans.map(({ id }) => id));
  const relation = fc.record(
    { head: end, tail: end, label: fc.constantFrom(...labels), ...made },
    { noNullPrototype: true, requiredKeys: ['head', 'tail', 'label', 'by', 'state'] },
  );
  return fc.array(relation, { maxLength: 4 }).map((relations) => relations.map((fields, index) => ({ id: `r${index}`, ...fields }) as Relation));
}

function questionList(text: string): fc.Arbitrary<Question[]> {
  const edges = edgesOf(text);
  const answers =
    edges.length < 2
      ? fc.constant<Piece[]>([])
      : fc.array(
          piecesIn(edges).map((pieces) => pieces[0]!),
          { maxLength: 3 },
        );
  const question = fc.record(
    { question: fc.constantFrom('Who?', 'Où est 🙂?', ''), answers, ...made },
    { noNullPrototype: true, requiredKeys: ['question', 'answers', 'by', 'state'] },
  );
  return fc.array(question, { maxLength: 2 }).map((questions) => questions.map((fields, index) => ({ id: `q${index}`, ...fields }) as Question));
}

function documentOf(index: number, sets: readonly LabelSet[], shape: CorpusShape): fc.Arbitrary<AnnotatedDocument> {
  const head = fc.record(
    {
      name: fc.constantFrom('a', 'b/c.txt', '', 'ü 🙂'),
      status: fc.constantFrom('new', 'draft', 'done', 'skipped', 'flagged'),
      note: notes,
      meta: extras,
      extra: extras,
    },
    { noNullPrototype: true, requiredKeys: ['name', 'status'] },
  );
  return fc
    .tuple(head, texts(shape))
    .chain(([fields, text]) =>
      spanList(text, sets).chain((spans) =>
        fc
          .tuple(relationList(spans, sets), questionList(text))
          .map(([relations, questions]) => ({ id: `d${index}`, ...fields, text, spans, relations, questions }) as AnnotatedDocument),
      ),
    );
}

function labelSets(names: readonly string[]): fc.Arbitrary<LabelSet[]> {
  const details = fc.record(
    { color: fc.nat(9), key: fc.constantFrom('1', 'a'), guide: fc.constantFrom('# When', 'ü') },
    { noNullPrototype: true, requiredKeys: ['color'] },
  );
  const set = (kind: LabelSet['kind']) =>
    fc
      .record(
        {
          names: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }),
          details: fc.array(details, { minLength: 5, maxLength: 5 }),
          overlap: fc.boolean(),
        },
        { noNullPrototype: true },
      )
      .map((made): LabelSet => ({
        id: kind,
        kind,
        overlap: made.overlap,
        labels: made.names.map((name, index) => ({ ...made.details[index]!, id: `${kind[0]}${index}`, name }) as Label),
      }));
  return fc.tuple(set('span'), set('relation'), set('type')).chain((sets) => fc.subarray(sets));
}

/** Random corpora: overlapping, nested and discontinuous spans, relations, questions, all states, all texts. Label ids are not names. */
export function corpora(shape: CorpusShape = {}): fc.Arbitrary<Corpus> {
  return labelSets(shape.names ?? NAMES).chain((sets) => {
    const documents = fc
      .nat(shape.documents ?? 3)
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => documentOf(index, sets, shape))));
    return fc.record(
      { name: fc.constant('corpus'), labelSets: fc.constant(sets), documents, guide: fc.constantFrom('# Guide\n', 'ü') },
      { noNullPrototype: true, requiredKeys: ['name', 'labelSets', 'documents'] },
    );
  });
}

function idsOf(sets: readonly LabelSet[], kind: LabelSet['kind']): string[] {
  return sets.filter((set) => set.kind === kind).flatMap(({ labels }) => labels.map(({ id }) => id));
}

/** The F1 property of a format. `more` applies losses of kinds that only this format has. */
export async function checkFormat(
  format: Format,
  options: {
    shape?: CorpusShape;
    write?: Omit<WriteOptions, 'include'>;
    read?: ReadOptions;
    more?: (corpus: Corpus, losses: readonly Loss[]) => Corpus;
  } = {},
): Promise<void> {
  const include = fc.constantFrom<WriteOptions['include'][]>('accepted', 'human', 'all');
  await fc.assert(
    fc.asyncProperty(corpora(options.shape), include, async (corpus, include) => {
      const { files, losses } = await format.write!(corpus, { include, ...options.write });
      const { corpus: back, problems } = await format.read(files, {
        ...(format.unit !== 'none' && format.unit !== 'token' && { unit: format.unit }),
        ...options.read,
      });
      assert.deepEqual(problems, []);
      const expected = applyLosses(corpus, losses, include, format.id);
      const isKept = (lost: LossKind) => !losses.some(({ kind }) => kind === lost);
      const compare = { names: isKept('names'), labels: isKept('labels') };
      assert.deepEqual(comparable(back, compare), comparable(options.more?.(expected, losses) ?? expected, compare));
    }),
    formatProperty(JSON.stringify([format.id, options.write, options.read])),
  );
}
