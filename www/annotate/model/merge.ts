// The differences between two versions of a document, and the merge by decisions. Only accepted spans and relations are compared; labels by
// name. The result is a change of my version, so it can be undone.
import type { DocumentPair } from './agreement.js';
import { group, type DocumentChange } from './changes.js';
import { freshIds } from './ids.js';
import { addTo } from './lists.js';
import { comparePieces, OverlapIndex, piecesKey, spanKey } from './pieces.js';
import { show } from './show.js';
import { textOf } from './spans.js';
import type { Notes, Relation, Span } from './types.js';

/** Spans that differ in `edges` overlap and have the same label, those that differ in `label` have the same pieces. */
export interface Difference {
  /** Unique among the differences of a document. */
  readonly id: string;
  readonly kind: 'only-mine' | 'only-theirs' | 'label' | 'edges' | 'type';
  readonly mine?: Span;
  readonly theirs?: Span;
}

export interface RelationDifference {
  readonly id: string;
  readonly kind: 'relation';
  readonly mine?: Relation;
  readonly theirs?: Relation;
}

export type Decision = 'mine' | 'theirs' | 'both' | 'neither';

/** Names of label ids, and the label ids of my project for their names. */
export interface MergeNames {
  readonly mine: (id: string) => string;
  readonly theirs: (id: string) => string;
  /** My id of a label of theirs; `undefined`, if my project does not have it (`mergeLabelSets` adds it). */
  readonly toMine: (theirId: string) => string | undefined;
}

/** The differences of spans in text order, then those of relations. */
export function differences({ mine, theirs }: DocumentPair, names: MergeNames): (Difference | RelationDifference)[] {
  const spans = spanDifferences(accepted(mine), accepted(theirs), names);
  return [...spans, ...relationDifferences(mine, theirs, names, partners({ mine, theirs }, spans, names))];
}

function accepted({ spans }: Notes): Span[] {
  return spans.filter(({ state }) => state === 'accepted');
}

function spanDifferences(mine: readonly Span[], theirs: readonly Span[], names: MergeNames): Difference[] {
  const left = new Remaining(mine);
  const right = new Remaining(theirs);
  const found: Omit<Difference, 'id'>[] = [];
  for (const [a, b] of left.match(right, fullKey(names.mine), fullKey(names.theirs))) {
    if (typeName(a, names.mine) !== typeName(b, names.theirs)) found.push({ kind: 'type', mine: a, theirs: b });
  }
  const place = ({ pieces }: Span): string => piecesKey(pieces);
  for (const [a, b] of left.match(right, place, place)) found.push({ kind: 'label', mine: a, theirs: b });
  const index = new OverlapIndex(right.spans);
  for (const a of left.spans) {
    const b = index.overlapping(a.pieces).find((span) => right.has(span) && names.theirs(span.label) === names.mine(a.label));
    if (!b) continue;
    left.take(a);
    right.take(b);
    found.push({ kind: 'edges', mine: a, theirs: b });
  }
  for (const span of left.spans) found.push({ kind: 'only-mine', mine: span });
  for (const span of right.spans) found.push({ kind: 'only-theirs', theirs: span });
  found.sort((a, b) => comparePieces((a.mine ?? a.theirs)!.pieces, (b.mine ?? b.theirs)!.pieces));
  return found.map((difference, number) => ({ id: `d${number + 1}`, ...difference }));
}

function typeName({ type }: Span, name: (id: string) => string): string | undefined {
  return type === undefined ? undefined : name(type);
}

/** Spans that have no partner yet. */
class Remaining {
  readonly #spans: Set<Span>;

  constructor(spans: readonly Span[]) {
    this.#spans = new Set(spans);
  }

  get spans(): Span[] {
    return [...this.#spans];
  }

  has(span: Span): boolean {
    return this.#spans.has(span);
  }

  take(span: Span): void {
    this.#spans.delete(span);
  }

  /** Takes pairs with equal keys from both. */
  match(other: Remaining, key: (span: Span) => string, otherKey: (span: Span) => string): [Span, Span][] {
    const byKey = new Map<string, Span[]>();
    for (const span of other.spans.reverse()) addTo(byKey, otherKey(span), span);
    return this.spans.flatMap((span) => {
      const partner = byKey.get(key(span))?.pop();
      if (!partner) return [];
      this.take(span);
      other.take(partner);
      return [[span, partner] as [Span, Span]];
    });
  }
}

/** Equal for spans with the same pieces and the same name of the label. */
function fullKey(name: (id: string) => string): (span: Span) => string {
  return (span) => JSON.stringify([name(span.label), piecesKey(span.pieces)]);
}

/** For ids of their spans: my span that is equal or was found to belong to it. */
function partners(pair: DocumentPair, found: readonly (Difference | RelationDifference)[], names: MergeNames): Map<string, string> {
  const [mineKey, theirKey] = [fullKey(names.mine), fullKey(names.theirs)];
  const mine = new Map(accepted(pair.mine).map((span) => [mineKey(span), span.id]));
  const ids = new Map<string, string>();
  for (const span of accepted(pair.theirs)) {
    const id = mine.get(theirKey(span));
    if (id !== undefined) ids.set(span.id, id);
  }
  for (const { mine: a, theirs: b, kind } of found) if (a && b && kind !== 'relation') ids.set(b.id, a.id);
  return ids;
}

function relationDifferences(mine: Notes, theirs: Notes, names: MergeNames, ids: ReadonlyMap<string, string>): RelationDifference[] {
  const key = (head: string, tail: string, label: string): string => JSON.stringify([head, tail, label]);
  const myId = (id: string): string => (ids.has(id) ? `mine ${ids.get(id)}` : `theirs ${id}`);
  const left = new Map(acceptedRelations(mine).map((item) => [key(`mine ${item.head}`, `mine ${item.tail}`, names.mine(item.label)), item]));
  const right = new Map(acceptedRelations(theirs).map((item) => [key(myId(item.head), myId(item.tail), names.theirs(item.label)), item]));
  const found: Omit<RelationDifference, 'id'>[] = [];
  for (const [place, relation] of left) if (!right.has(place)) found.push({ kind: 'relation', mine: relation });
  for (const [place, relation] of right) if (!left.has(place)) found.push({ kind: 'relation', theirs: relation });
  return found.map((difference, number) => ({ id: `r${number + 1}`, ...difference }));
}

function acceptedRelations({ relations }: Notes): Relation[] {
  return relations.filter(({ state }) => state === 'accepted');
}

export interface Merged {
  /** Absent, if nothing changes. */
  readonly change?: DocumentChange;
  /** What could not be taken over, in plain words. */
  readonly losses: readonly string[];
}

/** My version with the decisions, by id of the difference. What is not decided stays as it is in mine. */
export function mergeDocuments(
  pair: DocumentPair, found: readonly (Difference | RelationDifference)[], decisions: ReadonlyMap<string, Decision>, names: MergeNames,
): Merged {
  const merger = new Merger(pair, found, names);
  const decided = found.map((difference) => ({ difference, decision: decisions.get(difference.id) ?? 'mine' }));
  for (const { difference, decision } of decided) if (difference.kind !== 'relation') merger.mergeSpan(difference, decision);
  for (const { difference, decision } of decided) if (difference.kind === 'relation') merger.mergeRelation(difference, decision);
  return merger.result();
}

class Merger {
  readonly #pair: DocumentPair;
  readonly #names: MergeNames;
  readonly #newId: () => string;
  readonly #newRelationId: () => string;
  readonly #changes: DocumentChange[] = [];
  readonly #losses: string[] = [];
  /** Ids of my spans that are removed. */
  readonly #removed = new Set<string>();
  /** For ids of their spans: the span of the result. */
  readonly #ids: Map<string, string>;
  /** My suggested and rejected spans. One that equals a span that is taken over gives way. */
  readonly #undecided: Map<string, string>;

  constructor(pair: DocumentPair, found: readonly (Difference | RelationDifference)[], names: MergeNames) {
    this.#pair = pair;
    this.#names = names;
    this.#newId = freshIds(pair.mine.spans, 's');
    this.#newRelationId = freshIds(pair.mine.relations, 'r');
    this.#ids = partners(pair, found, names);
    this.#undecided = new Map(pair.mine.spans.filter(({ state }) => state !== 'accepted').map((span) => [spanKey(span), span.id]));
  }

  mergeSpan({ mine, theirs }: Difference, decision: Decision): void {
    const wanted = decision === 'theirs' || decision === 'both' ? theirs : undefined;
    const span = wanted && this.#toMine(wanted);
    if (wanted && !span) return;
    const goes = mine && (decision === 'theirs' || decision === 'neither');
    const same = span && this.#undecided.get(spanKey(span));
    if (same !== undefined) this.#remove(same);
    if (goes && span) this.#changes.push({ type: 'replace', list: 'spans', item: { ...span, id: mine.id } });
    else if (goes) this.#remove(mine.id);
    else if (span) {
      const item = { ...span, id: this.#newId() };
      this.#changes.push({ type: 'add', list: 'spans', item });
      this.#ids.set(theirs!.id, item.id);
    }
  }

  #remove(id: string): void {
    this.#changes.push({ type: 'remove', list: 'spans', id });
    this.#removed.add(id);
  }

  mergeRelation({ mine, theirs }: RelationDifference, decision: Decision): void {
    if (mine && (decision === 'theirs' || decision === 'neither')) {
      const gone = [mine.head, mine.tail].some((end) => this.#removed.has(end));
      if (!gone) this.#changes.push({ type: 'remove', list: 'relations', id: mine.id });
    }
    if (!theirs || (decision !== 'theirs' && decision !== 'both')) return;
    const label = this.#names.toMine(theirs.label);
    const [head, tail] = [this.#end(theirs.head), this.#end(theirs.tail)];
    const what = `relation "${this.#names.theirs(theirs.label)}"`;
    if (label === undefined) this.#losses.push(`${what}: this project has no such label`);
    else if (head === undefined || tail === undefined) this.#losses.push(`${what}: one of its spans was not taken over`);
    else this.#changes.push({ type: 'add', list: 'relations', item: { ...theirs, id: this.#newRelationId(), head, tail, label } });
  }

  result(): Merged {
    return { ...(this.#changes.length && { change: group(this.#changes) }), losses: this.#losses };
  }

  #end(theirId: string): string | undefined {
    const id = this.#ids.get(theirId);
    return id === undefined || this.#removed.has(id) ? undefined : id;
  }

  /** Their span with my label ids. */
  #toMine(span: Span): Span | undefined {
    const { type, was, ...rest } = span;
    const label = this.#names.toMine(span.label);
    const myType = type === undefined ? undefined : this.#names.toMine(type);
    if (label === undefined) {
      this.#losses.push(`span ${show(textOf(span, this.#pair.theirs.text))}: this project has no label "${this.#names.theirs(span.label)}"`);
      return undefined;
    }
    if (type !== undefined && myType === undefined) this.#losses.push(`type "${this.#names.theirs(type)}" of a span: this project has no such type`);
    const myWas = was && { ...was, label: this.#names.toMine(was.label) ?? was.label };
    return { ...rest, label, ...(myType !== undefined && { type: myType }), ...(myWas && { was: myWas }) };
  }
}
