// W3C Web Annotation (JSON-LD): text files, and a file with their annotations. Files of Hypothesis are read too.
import { addTo } from '../model/lists.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Piece, Relation, Span } from '../model/types.js';
import { detectEach, firstRow, hasExtension, headText } from './detect.js';
import { checkedPieces, fileLabelId, fileName, importedStatus, newCorpus } from './documents.js';
import { given } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult } from './format.js';
import { isObject } from './json-values.js';
import { decodeUtf8 } from './json.js';
import { offsetTable, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { detectUnit, type RawSpan } from './units.js';
import { Anchors } from './w3c-anchor.js';
import { Collector, type RawAnnotation } from './w3c-collect.js';
import { writeW3c } from './w3c-write.js';

/** Code points by the specification. Hypothesis and Recogito write UTF-16 units. */
const UNITS: readonly TextUnit[] = ['code-point', 'utf-16'];

export const w3c: Format = {
  id: 'w3c',
  name: 'W3C Web Annotation',
  extensions: ['.jsonld', '.json', '.txt'],
  unit: 'code-point',
  readUnits: UNITS,
  detect: (files) =>
    detectEach(
      files.filter((file) => !isText(file)),
      likely,
    ),
  read,
  write: writeW3c,
};

function isText(file: InputFile): boolean {
  return hasExtension(file, ['.txt']);
}

function likely(file: InputFile): number {
  const row = firstRow(file);
  if (/"http:\/\/www\.w3\.org\/ns\/anno(\.jsonld)?"/.test(headText(file))) return 0.97;
  if (isObject(row) && (row['type'] === 'Annotation' || row['motivation'] !== undefined) && row['target'] !== undefined) return 0.9;
  return /"selector"\s*:/.test(headText(file)) && /"TextQuoteSelector"/.test(headText(file)) ? 0.8 : 0;
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const texts = files.filter(isText).flatMap((file) => {
    const text = decodeUtf8(file.bytes, problems.of(file.name));
    return text === undefined ? [] : [{ file: file.name, name: file.name.replace(/\.txt$/i, ''), text }];
  });
  const collected = new Collector();
  for (const file of files.filter((each) => !isText(each))) collected.addFile(file, problems.of(file.name));
  const byText = sorted(collected.annotations, texts);
  const unit = detectUnit(
    [...byText].map(([{ text }, annotations]) => ({ text, spans: annotations.map(rawSpan) })),
    UNITS,
    options.unit,
  );
  const anchors = new Anchors();
  const documents = texts.map((text) => new DocumentBuilder(text, unit.unit, anchors).build(byText.get(text) ?? [], collected));
  collected.reportLinks();
  return { corpus: newCorpus(files, documents), problems: problems.all, unit };
}

function rawSpan({ anchors }: RawAnnotation): RawSpan {
  const isPosition = anchors.every(({ start, end }) => start !== undefined && end !== undefined);
  const quotes = anchors.map(({ exact }) => exact).filter((exact) => exact !== undefined);
  const pieces = isPosition ? anchors.map(({ start, end }) => [start!, end!] as const) : [];
  return { pieces, ...(pieces.length > 0 && quotes.length === anchors.length && { quote: quotes.join(' ') }) };
}

interface TextFile {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** Annotations by the text that they are about: its file is the source, or it is the only text. */
function sorted(annotations: readonly RawAnnotation[], texts: readonly TextFile[]): Map<TextFile, RawAnnotation[]> {
  const byName = new Map<string, TextFile>();
  for (const text of texts.toReversed()) byName.set(fileName(text.file), text);
  for (const text of texts) byName.set(text.file, text);
  const found = new Map<TextFile, RawAnnotation[]>();
  for (const annotation of annotations) {
    const { source, report } = annotation;
    const path = decoded(source).replace(/^file:\/*|^\.\//, '');
    const text = byName.get(source) ?? byName.get(path) ?? byName.get(fileName(path)) ?? (texts.length === 1 ? texts[0] : undefined);
    if (!text) report.loss(`its source is ${show(source)}, and no text file of this name was chosen; it is left out`);
    else addTo(found, text, annotation);
  }
  return found;
}

function decoded(source: string): string {
  try {
    return decodeURI(source);
  } catch {
    return source;
  }
}

class DocumentBuilder {
  readonly #text: TextFile;
  readonly #table: OffsetTable;
  readonly #anchors: Anchors;
  readonly #spans = new Map<string, Span>();

  constructor(text: TextFile, unit: TextUnit, anchors: Anchors) {
    this.#text = text;
    this.#table = offsetTable(text.text, unit);
    this.#anchors = anchors;
  }

  build(annotations: readonly RawAnnotation[], collected: Collector): AnnotatedDocument {
    for (const annotation of annotations) this.#addSpans(annotation);
    const relations = [...this.#spans.keys()]
      .flatMap((head) => collected.linksFrom(head))
      .flatMap((link): Relation[] => {
        if (!this.#spans.has(link.tail)) return [];
        collected.use(link);
        const { id, head, tail, bodies, made, extra, report } = link;
        return [
          {
            id,
            head,
            tail,
            label: fileLabelId('relation', collected.labelOf(link), report),
            ...made,
            ...given('note', bodies.note),
            ...given('extra', extra),
          },
        ];
      });
    const { file, name, text } = this.#text;
    const notes = { spans: [...this.#spans.values()], relations, questions: [] };
    return { id: file, name, text, status: importedStatus(notes), ...notes, source: { format: 'w3c', file } };
  }

  /** A span for each tag. */
  #addSpans({ id, anchors, bodies, made, extra, report }: RawAnnotation): void {
    const pieces = checkedPieces(anchors.map((anchor) => this.#anchors.find(anchor, this.#text.text, this.#table, report)), report);
    if (!pieces) return;
    const tags = bodies.tags.length > 0 ? bodies.tags : [undefined];
    for (const [index, tag] of tags.entries())
      this.#addSpan(
        index === 0 ? id : `${id}#${index + 1}`,
        pieces,
        tag,
        { ...made, ...given('note', bodies.note), ...given('extra', extra) },
        bodies.type,
        report,
      );
  }

  #addSpan(
    id: string,
    pieces: readonly Piece[],
    tag: string | undefined,
    made: Omit<Span, 'id' | 'pieces' | 'label'>,
    type: string | undefined,
    report: Reporter,
  ): void {
    if (this.#spans.has(id)) return report.loss(`the id ${show(id)} occurs twice; the second annotation is left out`);
    this.#spans.set(id, {
      id,
      pieces,
      label: fileLabelId('span', tag, report),
      ...(type !== undefined && { type: fileLabelId('type', type, report) }),
      ...made,
    });
  }
}
