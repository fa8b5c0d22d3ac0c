// The labeling configuration of Label Studio: its labels, and the field of tasks that has the text. Label Studio shows no annotation if the
// configuration does not match the tasks.
import { COLORS, labelId } from '../model/labels.js';
import { show } from '../model/show.js';
import type { Label, LabelSet } from '../model/types.js';
import { given } from './fields.js';
import type { InputFile } from './format.js';
import { decodeUtf8 } from './json.js';
import type { Reporter } from './problems.js';
import { escapeXml, isXmlText, xmlTags, type Tag } from './xml-tags.js';

const MOST_BYTES = 1 << 20;

/** The ten colors of our palette, as Label Studio writes colors. A label with another color gets the next one of these. */
const BACKGROUNDS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#bcbd22', '#17becf'];

/** Names in the configuration that results of tasks refer to. */
export interface ConfigNames {
  /** The name of the tag with the labels. */
  readonly from: string;
  /** The name of the tag with the text. */
  readonly to: string;
  /** The field of a task that has the text. */
  readonly key: string;
}

export const USUAL_NAMES: ConfigNames = { from: 'label', to: 'text', key: 'text' };

export interface Config {
  readonly labelSets: readonly LabelSet[];
  /** Tags with plain text, by their names: the field of the task, and whether that has the address of the text instead. */
  readonly texts: ReadonlyMap<string, { readonly key: string; readonly isUrl: boolean }>;
  /** Fields that have HTML. */
  readonly htmlKeys: ReadonlySet<string>;
}

export function isConfig({ name }: InputFile): boolean {
  return /\.xml$/i.test(name);
}

export function readConfig({ bytes }: InputFile, report: Reporter): Config | undefined {
  if (bytes.length > MOST_BYTES) return void report.error(`${bytes.length} bytes are too many for a labeling configuration`);
  const text = decodeUtf8(bytes, report);
  if (text === undefined) return undefined;
  const reader = new ConfigReader();
  const tags = xmlTags(text);
  let next = tags.next();
  for (; !next.done; next = tags.next()) reader.tag(next.value);
  if (next.value !== undefined)
    report.at(lineOf(text, next.value)).loss(`${show(text.slice(next.value, next.value + 40))} is not a tag; the rest of the file is left out`);
  return reader.config;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

class ConfigReader {
  readonly #spans: Label[] = [];
  readonly #relations: Label[] = [];
  readonly #texts = new Map<string, { key: string; isUrl: boolean }>();
  readonly #htmlKeys = new Set<string>();
  readonly #ids = new Set<string>();
  #inLabels = false;

  tag({ name, kind, attributes }: Tag): void {
    if (name === 'Labels') this.#inLabels = kind === 'open';
    if (kind === 'close') return;
    const key = (attributes.get('value') ?? '').replace(/^\$/, '');
    if (name === 'Text') this.#texts.set(attributes.get('name') ?? '', { key, isUrl: attributes.get('valueType') === 'url' });
    else if (name === 'HyperText') this.#htmlKeys.add(key);
    else if (name === 'Label' && this.#inLabels) this.#add('span', this.#spans, attributes);
    else if (name === 'Relation') this.#add('relation', this.#relations, attributes);
  }

  #add(kind: 'span' | 'relation', labels: Label[], attributes: Tag['attributes']): void {
    const name = attributes.get('value');
    if (!name || this.#ids.has(labelId(kind, name))) return;
    this.#ids.add(labelId(kind, name));
    const color = BACKGROUNDS.indexOf(attributes.get('background')?.toLowerCase() ?? '');
    const hotkey = attributes.get('hotkey');
    labels.push({
      id: labelId(kind, name), name, color: color < 0 ? labels.length % COLORS : color,
      ...given('key', hotkey && [...hotkey].length === 1 ? hotkey : undefined), ...given('guide', attributes.get('hint')),
    });
  }

  get config(): Config {
    const sets = [
      { id: 'span', kind: 'span', overlap: true, labels: this.#spans },
      { id: 'relation', kind: 'relation', overlap: true, labels: this.#relations },
    ] as const;
    return { labelSets: sets.filter(({ labels }) => labels.length > 0), texts: this.#texts, htmlKeys: this.#htmlKeys };
  }
}

/** Whether a configuration can hold all that we know of these labels. */
export function fitsConfig(sets: readonly LabelSet[]): boolean {
  if (!['', 'span', 'relation', 'span,relation'].includes(sets.map(({ kind }) => kind).join())) return false;
  return sets.every(({ labels, overlap, extra }) => {
    const names = new Set(labels.map(({ name }) => name));
    return overlap && !extra && names.size === labels.length && labels.length > 0 && labels.every(fitsTag);
  });
}

function fitsTag({ id: _, name, color, key, guide, ...more }: Label): boolean {
  return (
    name !== '' &&
    color < BACKGROUNDS.length &&
    Object.keys(more).length === 0 &&
    [name, key, guide].every((text) => text === undefined || isXmlText(text))
  );
}

export function writeConfig(sets: readonly LabelSet[], { from, to, key }: ConfigNames): string {
  const labelsOf = (kind: LabelSet['kind']) => sets.filter((set) => set.kind === kind).flatMap(({ labels }) => labels);
  const relations = labelsOf('relation');
  return [
    '<View>',
    `  <Labels name="${escapeXml(from)}" toName="${escapeXml(to)}">`,
    ...labelsOf('span').map((label) => `    ${labelTag('Label', label)}`),
    '  </Labels>',
    ...(relations.length > 0 ? ['  <Relations>', ...relations.map((label) => `    ${labelTag('Relation', label)}`), '  </Relations>'] : []),
    `  <Text name="${escapeXml(to)}" value="$${escapeXml(key)}"/>`,
    '</View>',
    '',
  ].join('\n');
}

function labelTag(tag: string, { name, color, key, guide }: Label): string {
  const attributes: [string, string | undefined][] = [['value', name], ['background', BACKGROUNDS[color]], ['hotkey', key], ['hint', guide]];
  const written = attributes.flatMap(([attribute, value]) => (value === undefined ? [] : [` ${attribute}="${escapeXml(value)}"`]));
  return `<${tag}${written.join('')}/>`;
}
