// The configuration files of brat that name labels: `annotation.conf`, and `visual.conf` for names that brat cannot store.
import { labelId, newLabelSet, type LabelKind } from '../model/labels.js';
import type { Label, LabelSet } from '../model/types.js';
import { linesOf } from './lines.js';
import { safeNames } from './safe-names.js';

/** A type as brat stores it: other characters become underscores. */
function storedType(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_');
}

/** The type of each name. The types of all labels differ, also of spans and relations, because `visual.conf` has one list for both. */
export function typesOf(names: Iterable<string>): ReadonlyMap<string, string> {
  return safeNames(names, (name) => storedType(name) || '_');
}

/** What the configuration says of labels. */
export interface Configuration {
  readonly entities: readonly Entry[];
  readonly relations: readonly Entry[];
  /** The names that are shown, by type. */
  readonly shown: ReadonlyMap<string, string>;
}

/** Bounds, because macros could make a line grow without end. */
const MAX_MACRO = 1000;
const MAX_LINE = 10_000;

interface Entry {
  readonly type: string;
  /** The parent type. */
  readonly parent?: string;
  /** Types that the arguments may have; absent: all. */
  readonly ends: readonly (readonly string[] | undefined)[];
}

/** Reads `annotation.conf` and `visual.conf`. brat accepts every line, so nothing in them is an error. */
export function readConfiguration(annotation: string, visual: string): Configuration {
  const sections = sectionsOf(annotation);
  const shown = new Map<string, string>();
  for (const line of sectionsOf(visual).get('labels') ?? []) {
    const [type, name] = line.split('|').map((part) => part.trim());
    // Other configurations show abbreviations and translations: the label keeps its type then.
    if (type && name && isStoredAs(name, type)) shown.set(type, name);
  }
  return {
    entities: entriesOf([...(sections.get('entities') ?? []), ...(sections.get('spans') ?? [])]),
    relations: entriesOf(sections.get('relations') ?? []),
    shown,
  };
}

function isStoredAs(name: string, type: string): boolean {
  return type.replace(/_\d+$/, '') === storedType(name) || type === storedType(name);
}

function sectionsOf(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of linesOf(text)) {
    const name = /^\s*\[(.*)\]\s*$/.exec(line)?.[1];
    if (name !== undefined) sections.set(name, (lines = sections.get(name) ?? []));
    else if (/^\s*[^\s#]/.test(line)) lines.push(line);
  }
  return sections;
}

function entriesOf(lines: readonly string[]): Entry[] {
  const macros = new Map<string, string>();
  const above: string[] = [];
  const entries: Entry[] = [];
  for (const line of lines) {
    const macro = /^<([A-Za-z_-]+)>=/.exec(line);
    if (macro) macros.set(macro[1]!, line.slice(macro[0].length).trim().slice(0, MAX_MACRO));
    const [, indent, term, rest] = /^(\s*)(\S+)(.*)$/s.exec(line)!;
    if (macro || /^(<|-+$)/.test(term!)) continue;
    const type = term!.split('|')[0]!.replace(/^!/, '');
    const depth = indent!.length;
    above.length = Math.min(depth, above.length);
    const parent = above.at(-1);
    above[depth] = type;
    const words = rest!.slice(0, MAX_LINE).replace(/<([A-Za-z_-]+)>/g, (whole, name: string) => macros.get(name) ?? whole);
    if (type !== '') entries.push({ type, ...(parent !== undefined && { parent }), ends: words.split(',').map(endTypes) });
  }
  return entries;
}

/** The types in `Arg1:PER|ORG`; `undefined` if any are allowed. */
function endTypes(argument: string): readonly string[] | undefined {
  const types = argument
    .slice(argument.indexOf(':') + 1)
    .split('|')
    .map((type) => type.trim())
    .filter((type) => type !== '');
  return !argument.includes(':') || types.length === 0 || types.some((type) => type.startsWith('<')) ? undefined : types;
}

/** The label sets of a configuration. Labels that only the documents have come after its own. */
export function configuredSets({ entities, relations, shown }: Configuration, used: readonly LabelSet[]): LabelSet[] {
  const name = (type: string) => shown.get(type) ?? type;
  const set = (kind: 'span' | 'relation', entries: readonly Entry[]): LabelSet => {
    const names = [
      ...entries.map(({ type }) => name(type)),
      ...used.filter((each) => each.kind === kind).flatMap(({ labels }) => labels.map((label) => label.name)),
    ];
    const details = new Map(entries.map((entry) => [labelId(kind, name(entry.type)), detailsOf(kind, entry, name)]));
    const plain = newLabelSet(kind, names);
    return { ...plain, labels: plain.labels.map((label) => ({ ...label, ...details.get(label.id) })) };
  };
  return [set('span', entities), set('relation', relations)].filter(({ labels }) => labels.length > 0);
}

function detailsOf(kind: LabelKind, { parent, ends }: Entry, name: (type: string) => string): Partial<Label> {
  const ids = (types: readonly string[]) => types.map((type) => labelId('span', name(type)));
  const [from, to] = kind === 'relation' ? ends : [];
  return { ...(parent !== undefined && { parent: labelId(kind, name(parent)) }), ...(from && { from: ids(from) }), ...(to && { to: ids(to) }) };
}

/** Types of events and attributes that are kept but not edited: brat shows an error for those that the configuration does not know. */
export interface Carried {
  /** Roles of arguments by type, with duplicates. */
  readonly events: Map<string, string[]>;
  /** Values by type, with duplicates. */
  readonly attributes: Map<string, (string | undefined)[]>;
}

/** Writes `annotation.conf`. */
export function writeAnnotationConf(sets: readonly LabelSet[], typeOf: (name: string) => string, carried: Carried): string {
  const byId = new Map(sets.flatMap(({ kind, labels }) => labels.map((label) => [label.id, { kind, label }] as const)));
  const labels = (kind: LabelKind) => sets.filter((set) => set.kind === kind).flatMap((set) => set.labels);
  const ends = (ids: readonly string[] | undefined) => {
    const types = ids?.flatMap((id) => (byId.get(id)?.kind === 'span' ? [typeOf(byId.get(id)!.label.name)] : [])) ?? [];
    return types.length > 0 ? types.join('|') : '<ANY>';
  };
  const relations = labels('relation').map(({ name, from, to }) => `${typeOf(name)}\tArg1:${ends(from)}, Arg2:${ends(to)}`);
  const events = [...carried.events].map(
    ([type, roles]) =>
      `${type}\t${unique(roles)
        .map((role) => `${role}*:<ANY>`)
        .join(', ')}`,
  );
  const attributes = [...carried.attributes].map(([type, all]) => {
    const values = unique(all.filter((value) => value !== undefined));
    return `${type}\tArg:<ANY>${values.length > 0 ? `, Value:${values.join('|')}` : ''}`;
  });
  const overlap = '<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>';
  return [
    '[entities]',
    ...unique(labels('span').map(({ name }) => typeOf(name))),
    '',
    '[relations]',
    ...(labels('span').length > 0 ? [overlap] : []),
    ...unique(relations),
    '',
    '[events]',
    ...events,
    '',
    '[attributes]',
    ...attributes,
    '',
  ].join('\n');
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

/** Writes `visual.conf`, for names that differ from their types; `undefined` if there are none. */
export function writeVisualConf(types: ReadonlyMap<string, string>): string | undefined {
  const lines = [...types].filter(([name, type]) => name !== type && canBeShown(name)).map(([name, type]) => `${type} | ${name}`);
  return lines.length > 0 ? ['[labels]', ...lines, '', '[drawing]', ''].join('\n') : undefined;
}

/** Whether `visual.conf` can hold a name. What is in angle brackets is a macro there. */
export function canBeShown(name: string): boolean {
  return name === name.trim() && name !== '' && !/[|<\t\r\n]/.test(name);
}
