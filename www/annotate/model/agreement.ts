// How far two versions of the same documents agree: span F1, Cohen's kappa on tokens, per label. Only accepted spans count. Labels are
// compared by name, because two projects may have other ids for the same labels.
import { tokensOf } from './boundaries.js';
import { labelsById } from './labels.js';
import { addTo } from './lists.js';
import { OverlapIndex, piecesKey } from './pieces.js';
import type { AnnotatedDocument, Corpus, Span } from './types.js';

/** Two versions of one document. */
export interface DocumentPair {
  readonly mine: AnnotatedDocument;
  readonly theirs: AnnotatedDocument;
}

export interface Pairing {
  readonly pairs: readonly DocumentPair[];
  readonly onlyMine: readonly AnnotatedDocument[];
  readonly onlyTheirs: readonly AnnotatedDocument[];
}

/** Finds the versions of each document: the same text, if possible with the same id, else with the same name, else in order. */
export function pairDocuments(mine: readonly AnnotatedDocument[], theirs: readonly AnnotatedDocument[]): Pairing {
  const free = new Map<string, AnnotatedDocument[]>();
  for (const document of theirs) addTo(free, document.text, document);
  const partners = new Map<AnnotatedDocument, AnnotatedDocument>();
  const tests: ((a: AnnotatedDocument, b: AnnotatedDocument) => boolean)[] = [(a, b) => a.id === b.id, (a, b) => a.name === b.name, () => true];
  for (const test of tests) {
    for (const document of mine) {
      const candidates = partners.has(document) ? [] : (free.get(document.text) ?? []);
      const place = candidates.findIndex((candidate) => test(document, candidate));
      if (place >= 0) partners.set(document, candidates.splice(place, 1)[0]!);
    }
  }
  const taken = new Set(partners.values());
  return {
    pairs: mine.flatMap((document) => (partners.has(document) ? [{ mine: document, theirs: partners.get(document)! }] : [])),
    onlyMine: mine.filter((document) => !partners.has(document)),
    onlyTheirs: theirs.filter((document) => !taken.has(document)),
  };
}

/** Precision and recall would depend on who is right; F1 is the same for both sides. `undefined`: neither has a span. */
export interface SpanAgreement {
  readonly mine: number;
  readonly theirs: number;
  /** Spans of both with the same pieces and label. */
  readonly equal: number;
  readonly exactF1: number | undefined;
  /** A span counts as found if it overlaps one of the other side with the same label. */
  readonly overlapF1: number | undefined;
}

export interface LabelAgreement extends SpanAgreement {
  /** Cohen's kappa of the question whether a token has this label. `undefined`, if chance alone gives full agreement. */
  readonly kappa: number | undefined;
}

export interface Agreement extends LabelAgreement {
  readonly tokens: number;
  readonly labels: ReadonlyMap<string, LabelAgreement>;
}

/** Gives the name of a label of the corpus; for an unknown id the id. */
export function namesOf({ labelSets }: Pick<Corpus, 'labelSets'>): (id: string) => string {
  const labels = labelsById(labelSets);
  return (id) => labels.get(id)?.name ?? id;
}

/** The agreement over all pairs of documents together. */
export function agreement(pairs: readonly DocumentPair[], mineName: (id: string) => string, theirName: (id: string) => string): Agreement {
  const total = new SpanCounter();
  const totalTokens = new KappaCounter();
  const spans = new Map<string, SpanCounter>();
  const tokens = new Map<string, KappaCounter>();
  let count = 0;
  for (const { mine, theirs } of pairs) {
    const sides = [named(mine, mineName), named(theirs, theirName)] as const;
    const [a, b] = [byName(sides[0]), byName(sides[1])];
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      for (const counter of [total, entry(spans, name, () => new SpanCounter())]) counter.add(a.get(name) ?? [], b.get(name) ?? []);
    }
    count += countTokens(mine.text, sides, totalTokens, tokens);
  }
  const labels = [...spans].map(([name, counter]) => {
    const kappas = tokens.get(name) ?? new KappaCounter();
    return [name, { ...counter.result(), kappa: kappas.kappa(count) }] as const;
  });
  return { ...total.result(), kappa: totalTokens.kappa(count), tokens: count, labels: new Map(labels) };
}

interface NamedSpan {
  readonly pieces: Span['pieces'];
  readonly name: string;
}

function named({ spans }: AnnotatedDocument, nameOf: (id: string) => string): NamedSpan[] {
  return spans.filter(({ state }) => state === 'accepted').map(({ pieces, label }) => ({ pieces, name: nameOf(label) }));
}

function byName(spans: readonly NamedSpan[]): Map<string, NamedSpan[]> {
  const groups = new Map<string, NamedSpan[]>();
  for (const span of spans) addTo(groups, span.name, span);
  return groups;
}

/** Counts spans of one label at a time. */
class SpanCounter {
  #mine = 0;
  #theirs = 0;
  #equal = 0;
  #mineFound = 0;
  #theirsFound = 0;

  add(mine: readonly NamedSpan[], theirs: readonly NamedSpan[]): void {
    const keys = new Set(theirs.map(({ pieces }) => piecesKey(pieces)));
    this.#mine += mine.length;
    this.#theirs += theirs.length;
    this.#equal += new Set(mine.map(({ pieces }) => piecesKey(pieces)).filter((key) => keys.has(key))).size;
    this.#mineFound += found(mine, theirs);
    this.#theirsFound += found(theirs, mine);
  }

  result(): SpanAgreement {
    const [mine, theirs, equal] = [this.#mine, this.#theirs, this.#equal];
    const precision = this.#theirsFound / theirs;
    const recall = this.#mineFound / mine;
    const overlapF1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
    const none = mine + theirs === 0;
    return { mine, theirs, equal, exactF1: none ? undefined : (2 * equal) / (mine + theirs), overlapF1: none ? undefined : overlapF1 };
  }
}

function found(spans: readonly NamedSpan[], others: readonly NamedSpan[]): number {
  const index = new OverlapIndex(others);
  return spans.filter(({ pieces }) => index.overlapping(pieces).length).length;
}

/** Counts categories of tokens. Tokens without a label are not counted here: they are the rest. */
class KappaCounter {
  readonly #mine = new Map<string, number>();
  readonly #theirs = new Map<string, number>();
  #labeledEqual = 0;
  /** Tokens to which at least one side gave a label. */
  #labeled = 0;

  add(mine: string, theirs: string): void {
    if (!mine && !theirs) return;
    this.#labeled++;
    if (mine === theirs) this.#labeledEqual++;
    if (mine) this.#mine.set(mine, (this.#mine.get(mine) ?? 0) + 1);
    if (theirs) this.#theirs.set(theirs, (this.#theirs.get(theirs) ?? 0) + 1);
  }

  kappa(tokens: number): number | undefined {
    const none = (counts: ReadonlyMap<string, number>): number => tokens - [...counts.values()].reduce((sum, count) => sum + count, 0);
    let chance = none(this.#mine) * none(this.#theirs);
    for (const [category, count] of this.#mine) chance += count * (this.#theirs.get(category) ?? 0);
    const expected = chance / tokens ** 2;
    const observed = (tokens - this.#labeled + this.#labeledEqual) / tokens;
    return expected < 1 ? (observed - expected) / (1 - expected) : undefined;
  }
}

/** A token has the labels of all spans that share a character with it. Several labels are one category, in alphabetic order. */
function countTokens(text: string, sides: readonly [NamedSpan[], NamedSpan[]], total: KappaCounter, labels: Map<string, KappaCounter>): number {
  const [mineIndex, theirIndex] = [new OverlapIndex(sides[0]), new OverlapIndex(sides[1])];
  const tokens = tokensOf(text);
  for (const { start, end } of tokens) {
    const [a, b] = [labelsAt(mineIndex, start, end), labelsAt(theirIndex, start, end)];
    total.add(category(a), category(b));
    for (const name of new Set([...a, ...b])) entry(labels, name, () => new KappaCounter()).add(a.has(name) ? '+' : '', b.has(name) ? '+' : '');
  }
  return tokens.length;
}

function labelsAt(index: OverlapIndex<NamedSpan>, start: number, end: number): Set<string> {
  return new Set(index.overlapping([[start, end]]).map(({ name }) => name));
}

function category(labels: ReadonlySet<string>): string {
  return labels.size ? JSON.stringify([...labels].sort()) : '';
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
