// Writes rows for token classification.
import type { Corpus, Extra, Json } from '../model/types.js';
import { newFile } from './bytes.js';
import { choice, chosen, preference } from './choice.js';
import { corpusFile, labelNames } from './documents.js';
import type { Loss, WriteOptions, WriteResult } from './format.js';
import { isList } from './json-values.js';
import { jsonLines } from './lines.js';
import { reduceCorpus } from './losses.js';
import { offsetTable, pieceFromUtf16 } from './offsets.js';
import { withoutMark } from './rebuilt.js';
import { tagsOf, type TagSpan } from './tags.js';
import { rebuiltIds, TokenDocuments, type TokenDocument } from './token-documents.js';
import { withoutBlankSpans } from './without.js';

export const ROWS = choice('rows', 'A row is', { sentence: 'a sentence', document: 'a document' });
export const TAGS = choice('tags', 'Tags are', { numbers: 'numbers, with their names beside them', names: 'names' });

export function writeHuggingFace(whole: Corpus, options: WriteOptions): WriteResult {
  const rebuilt = rebuiltIds(whole.documents);
  const written = withoutBlankSpans(withoutMark(whole), options);
  const abilities = { overlap: preference(options), names: true, loneSurrogates: true };
  const { corpus, losses } = reduceCorpus(written.corpus, options, 'huggingface', abilities);
  const names = labelNames(corpus.labelSets);
  const labels = corpus.labelSets.filter(({ kind }) => kind === 'span').flatMap((set) => set.labels.map(({ name }) => name));
  const tags = ['O', ...labels.flatMap((label) => [`B-${label}`, `I-${label}`])];
  const documents = new TokenDocuments();
  const writer = new Writer(options, tags, (id) => names('span', id));
  const rows = corpus.documents.flatMap((document, index) => writer.rows(documents.of(document, rebuilt), index + 1));
  const numbered = rows.map((row, index) => ({ id: String(index), ...row }));
  const info = newFile('dataset_info.json', `${JSON.stringify(infoOf(tags, options), null, 2)}\n`);
  return {
    files: [corpusFile(corpus, '.jsonl', jsonLines(numbered)), info],
    losses: [...written.losses, ...losses, ...documents.losses('none'), ...writer.losses],
  };
}

/** The description of the data set: it has the names of the tags. */
function infoOf(tags: readonly string[], options: WriteOptions): Json {
  const value = (dtype: string) => ({ dtype, _type: 'Value' });
  const list = (feature: Json) => ({ feature, _type: 'Sequence' });
  const names = list(value('string'));
  const isNames = chosen(TAGS, options) === 'names';
  return {
    features: {
      id: value('string'),
      document: value('int64'),
      name: value('string'),
      tokens: names,
      ner_tags: isNames ? names : list({ names: tags, _type: 'ClassLabel' }),
      ...(!isNames && { ner_tags_str: names }),
      text: value('string'),
      offsets: list(list(value('int64'))),
    },
  };
}

class Writer {
  readonly losses: Loss[] = [];
  readonly #options: WriteOptions;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #name: (label: string) => string;

  constructor(options: WriteOptions, tags: readonly string[], name: (label: string) => string) {
    this.#options = options;
    this.#numbers = new Map(tags.map((tag, index) => [tag, index]));
    this.#name = name;
  }

  rows(tokens: TokenDocument, number: number): Extra[] {
    const { document, words, spans, sentences } = tokens;
    const tags = tagsOf(
      words.length,
      spans.map(({ span, first, last }): TagSpan => ({ first, last, label: this.#name(span.label) })),
      'IOB2',
    );
    const bySentence = chosen(ROWS, this.#options) === 'sentence' && sentences.length > 1;
    const ranges = bySentence ? sentences : [[0, words.length] as const];
    const own = this.#ownFields(tokens, ranges.length);
    return ranges.map(([first, end], index) => {
      const from = index === 0 ? 0 : words[first]!.start;
      const to = end === words.length ? document.text.length : words[end]!.start;
      const text = document.text.slice(from, to);
      const table = offsetTable(text, 'code-point');
      const parts = words.slice(first, end).map(({ start, end: stop }) => [start - from, stop - from] as const);
      const rowTags = tags.slice(first, end);
      const numbers = rowTags.map((tag) => this.#numbers.get(tag)!);
      return {
        document: number,
        name: document.name,
        tokens: parts.map(([start, stop]) => text.slice(start, stop)),
        ...(chosen(TAGS, this.#options) === 'names' ? { ner_tags: rowTags } : { ner_tags: numbers, ner_tags_str: rowTags }),
        text,
        offsets: parts.map((part) => pieceFromUtf16(table, part)!),
        ...own,
      };
    });
  }

  /** Other fields of the row that the document was read from, if it still has the same tokens. */
  #ownFields({ document, words }: TokenDocument, rows: number): Extra {
    const { extra } = document;
    if (!extra) return {};
    const lists = Object.values(extra).filter(isList);
    const isSame = rows === 1 && words.every(({ token }, index) => token === index) && lists.every((list) => list.length === words.length);
    if (isSame) return extra;
    const { id } = extra;
    this.losses.push({
      kind: 'columns',
      document: document.id,
      reason: 'other fields of the row are left out: the text does not have the same tokens any more',
    });
    return id === undefined ? {} : { id };
  }
}
