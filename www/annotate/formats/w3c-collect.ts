// Collects the content of Web Annotations, before their places in the texts are known.
import { addTo } from '../model/lists.js';
import { show } from '../model/show.js';
import { STATES, type Extra, type Json, type ModelRef, type Span } from '../model/types.js';
import { IMPORTED } from './documents.js';
import { Fields, filled, given } from './fields.js';
import type { InputFile } from './format.js';
import { isList, isObject } from './json-values.js';
import { parseJsonFile } from './json.js';
import type { Reporter } from './problems.js';
import { anchorOf, type Anchor } from './w3c-anchor.js';
import { bodiesOf, type Bodies } from './w3c-body.js';

/** An annotation of a part of a text, before its place is known. */
export interface RawAnnotation {
  readonly id: string;
  readonly source: string;
  readonly anchors: readonly Anchor[];
  readonly bodies: Bodies;
  readonly made: Made;
  readonly extra: Extra | undefined;
  readonly report: Reporter;
}

/** An annotation that joins two others. */
interface RawLink {
  readonly id: string;
  readonly head: string;
  readonly tail: string;
  readonly bodies: Bodies;
  readonly made: Made;
  readonly extra: Extra | undefined;
  readonly report: Reporter;
}

type Made = Pick<Span, 'by' | 'state' | 'score' | 'model' | 'at'>;

/** Collects annotations and links of all files. */
export class Collector {
  readonly annotations: RawAnnotation[] = [];
  readonly #links: RawLink[] = [];
  readonly #used = new Set<RawLink>();
  readonly #byHead = new Map<string, RawLink[]>();
  /** Bodies of annotations whose target is another annotation: tags of links, as Recogito writes them. */
  readonly #about = new Map<string, Bodies>();
  #number = 0;

  addFile(file: InputFile, report: Reporter): void {
    const value = parseJsonFile(file.bytes, report);
    if (value !== undefined) this.#addAll(value, report);
  }

  /** The links of an annotation, each once. */
  linksFrom(head: string): readonly RawLink[] {
    return this.#byHead.get(head) ?? [];
  }

  use(link: RawLink): void {
    this.#used.add(link);
  }

  labelOf({ id, bodies }: RawLink): string | undefined {
    return bodies.tags[0] ?? this.#about.get(id)?.tags[0];
  }

  reportLinks(): void {
    for (const link of this.#links)
      if (!this.#used.has(link))
        link.report.loss(`it links ${show(link.head)} to ${show(link.tail)}, which are not two annotations of one text; it is left out`);
  }

  #addAll(value: Json, report: Reporter): void {
    if (isList(value)) return value.forEach((each, index) => this.#addAll(each, report.in(index)));
    if (!isObject(value)) return report.loss(`${show(value)} is not an annotation`);
    const list = ['items', 'rows', '@graph'].find((name) => isList(value[name]));
    if (list !== undefined) return this.#addAll(value[list]!, report.in(list));
    if (isObject(value['first'])) return this.#addAll(value['first'], report.in('first'));
    if (value['target'] === undefined) return report.loss('it has no "target"; it is left out');
    this.#addOne(new Fields(value, report));
  }

  #addOne(fields: Fields): void {
    const { report } = fields;
    this.#number += 1;
    const id = fields.string('id') ?? `annotation ${this.#number}`;
    fields.raw('@context');
    fields.raw('type');
    const target = fields.raw('target')!;
    const bodies = bodiesOf(fields);
    const made = madeOf(fields);
    const about = typeof target === 'string' ? target : undefined;
    if (about !== undefined && bodies.links.length > 0)
      return this.#addLink({ id, head: about, tail: bodies.links[0]!, bodies, made, extra: restOf(fields, bodies, 'linking'), report });
    if (about !== undefined && bodies.tags.length > 0) return void this.#about.set(about, bodies);
    const targets = (isList(target) ? target : [target]).filter(isObject).map((each) => new Fields(each, report.in('target')));
    const sources = new Set(targets.map(sourceOf));
    const anchors = targets.map((each) => anchorOf(each.raw('selector'), report));
    if (sources.size !== 1 || anchors.some((anchor) => anchor === undefined)) {
      return report.loss(
        sources.size > 1 ? 'its targets are in several texts; it is left out' : 'no quote and no position in a text was found; it is left out',
      );
    }
    this.annotations.push({
      id,
      source: [...sources][0]!,
      anchors: anchors as Anchor[],
      bodies,
      made,
      extra: restOf(fields, bodies, 'tagging'),
      report,
    });
  }

  #addLink(link: RawLink): void {
    this.#links.push(link);
    addTo(this.#byHead, link.head, link);
  }
}

function sourceOf(target: Fields): string {
  const source = target.raw('source') ?? target.raw('id');
  if (isObject(source)) return typeof source['id'] === 'string' ? source['id'] : '';
  return typeof source === 'string' ? source : '';
}

/** Fields that we do not know. Other bodies are in `body`. */
function restOf(fields: Fields, { others }: Bodies, usual: string): Extra | undefined {
  const motivation = fields.raw('motivation');
  return filled({
    ...(motivation !== undefined && motivation !== usual && { motivation }),
    ...fields.rest(),
    ...(others.length > 0 && { body: others }),
  });
}


function madeOf(fields: Fields): Made {
  const creator = fields.peek('creator');
  const type = isObject(creator) ? creator['type'] : undefined;
  // A creator with a name is kept with the fields that we do not know.
  if (isObject(creator) && Object.keys(creator).length === 1) fields.raw('creator');
  const modified = fields.peek('modified');
  const at = typeof modified === 'string' ? Date.parse(modified) : NaN;
  if (typeof modified === 'string' && Number.isFinite(at) && new Date(at).toISOString() === modified) fields.raw('modified');
  return {
    by: type === 'Person' ? 'human' : type === 'Software' ? 'model' : IMPORTED.by,
    state: fields.word('luke:state', STATES) ?? IMPORTED.state,
    ...given('score', fields.score('luke:score')),
    ...given('model', modelOf(fields)),
    ...(Number.isFinite(at) && { at }),
  };
}

/** The model, if it is one of ours. Other generators are kept as unknown fields. */
function modelOf(fields: Fields): ModelRef | undefined {
  const generator = fields.peek('generator');
  if (!isObject(generator) || typeof generator['luke:manifest'] !== 'string' || typeof generator['name'] !== 'string') return undefined;
  const head = generator['luke:head'];
  fields.raw('generator');
  return { name: generator['name'], manifestHash: generator['luke:manifest'], ...(typeof head === 'string' && { head }) };
}
