// What `luke.teach` is given, in the form that the wasm reads: spans of a place and a label alone, mentions as pairs. The wasm checks the rest.
import { checkPlain, readable, withoutUndefined } from './plain.js';
import type { OffsetUnit } from './tasks.js';
import type { ExampleSpan, TaughtTask, TeachInput, TeachOptions } from './teach.js';
import { checkOptions, isObject, isString, need, pairOf, wrong } from './validate.js';

/** An example of each task. */
const FORMS: Record<TaughtTask, string> = { ner: '{ text, spans }', typing: '{ text, span, labels }', relation: '{ text, head, tail, label }' };
const EXAMPLE_SPAN = '{ start, end, label }';

type Fields = Readonly<Record<string, unknown>>;

/** Rejects what is no lesson of a task that can be taught, and names the part that is wrong. */
export function checkTeach(input: unknown, options: TeachOptions): TeachInput {
  checkOptions('teach', options);
  const unit = options.offsets ?? 'utf16';
  checkPlain('teach', 'input', input);
  if (!isObject(input)) throw wrong('teach', 'input', 'an object { task, name, examples }', input);
  return readable('teach', 'input', () => {
    const { task, name, examples, ...rest } = withoutUndefined<Fields>({ ...input });
    if (!isTask(task)) throw wrong('teach', 'task', '"ner", "typing" or "relation"', task);
    need(isString(name), 'teach', 'name', 'a string', name);
    if (!Array.isArray(examples)) throw wrong('teach', 'examples', `a list of ${FORMS[task]}`, examples);
    const checked = examples.map((example: unknown, i) => exampleOf(task, `examples[${i}]`, example, unit));
    return { ...rest, task, name, examples: checked } as unknown as TeachInput; // the wasm refuses other fields
  });
}

function isTask(task: unknown): task is TaughtTask {
  return isString(task) && Object.hasOwn(FORMS, task);
}

function exampleOf(task: TaughtTask, what: string, example: unknown, unit: OffsetUnit): Fields {
  if (!isObject(example)) throw wrong('teach', what, `an object ${FORMS[task]}`, example);
  const fields: Fields = { ...example };
  need(isString(fields.text), 'teach', `${what}.text`, 'a string', fields.text);
  return { ...fields, ...MARKS[task](what, fields, unit) };
}

/** What is marked in an example of each task. */
const MARKS: Record<TaughtTask, (what: string, fields: Fields, unit: OffsetUnit) => Fields> = {
  ner: (what, { spans }, unit) => {
    if (!Array.isArray(spans)) throw wrong('teach', `${what}.spans`, `a list of ${EXAMPLE_SPAN}`, spans);
    return { spans: spans.map((span: unknown, i) => exampleSpanOf(`${what}.spans[${i}]`, span, unit)) };
  },
  typing: (what, { span, labels }, unit) => {
    if (!Array.isArray(labels)) throw wrong('teach', `${what}.labels`, 'a list of strings', labels);
    return { span: pairOf('teach', `${what}.span`, span, unit), labels: labels.map((label: unknown, i) => labelOf(`${what}.labels[${i}]`, label)) };
  },
  relation: (what, { head, tail, label }, unit) => {
    const pair = (name: string, span: unknown) => pairOf('teach', `${what}.${name}`, span, unit);
    return { head: pair('head', head), tail: pair('tail', tail), label: labelOf(`${what}.label`, label) };
  },
};

/** What else an entity has is left out. */
function exampleSpanOf(what: string, span: unknown, unit: OffsetUnit): ExampleSpan {
  if (!isObject(span)) throw wrong('teach', what, EXAMPLE_SPAN, span);
  const [start, end] = pairOf('teach', what, span, unit, EXAMPLE_SPAN);
  return { start, end, label: labelOf(`${what}.label`, 'label' in span ? span.label : undefined) };
}

function labelOf(what: string, label: unknown): string {
  if (!isString(label)) throw wrong('teach', what, 'a string', label);
  return label;
}
