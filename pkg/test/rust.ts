// Reads the structs of the Rust side as TypeScript. They are the truth about what the wasm takes and gives; the types in pkg/src are
// written by hand, because they say more than serde can. `differences` compares the two.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, ROOT } from './compile.js';

/** A struct, and the type in TypeScript that has to agree with it. */
export interface Pairing {
  file: string;
  struct: string;
  /** An expression; see `HEAD` for the names that it may use. */
  type: string;
  /** Fields for which one side accepts more than the other. */
  oneWay?: readonly string[];
}

/** Names in a Rust file, and the type in TypeScript that has to list them. */
export interface Names {
  file: string;
  /** Finds a name in its group. */
  pattern: RegExp;
  type: string;
}

/** Texts of Rust files by their path; tests change them. */
export type Sources = (file: string) => string;

export const fromDisk: Sources = (file) => readFileSync(join(ROOT, file), 'utf8');

/** Files in which enums and structs are that others name. */
const NAMED: Record<string, string> = {
  SpecialTokens: 'src/text/tokenizer/mod.rs', OffsetUnit: 'src/text/offsets.rs', Candidates: 'src/heads/spec.rs', Capitals: 'src/heads/spec.rs', NerContext: 'src/heads/spec.rs', Sentences: 'src/tasks/ner/types.rs',
  SentenceRule: 'src/tasks/ner/types.rs', LostTo: 'src/tasks/ner/types.rs', Pooling: 'src/tasks/embed.rs', TaughtTask: 'src/taught/mod.rs', TeachPhase: 'src/tasks/teach/types.rs',
  Example: 'src/tasks/teach/types.rs', ExampleSpan: 'src/tasks/teach/types.rs', Quality: 'src/tasks/teach/types.rs', LabelReport: 'src/tasks/teach/types.rs', Confusion: 'src/tasks/teach/types.rs',
  ExampleMention: 'src/tasks/teach/types.rs',
};

const PRIMITIVES: Record<string, string> = { String: 'string', bool: 'boolean', f32: 'number', f64: 'number', usize: 'number', u8: 'number', u32: 'number', u64: 'number', i32: 'number' };

/** Compares structs and types; gives what the compiler reports, with the names of the fields that differ. */
export async function differences(name: string, pairings: readonly (Pairing | Names)[], sources: Sources): Promise<string> {
  const checks = pairings.map((pairing, i) => {
    const { file, type } = pairing;
    if ('struct' in pairing) {
      const oneWay = (pairing.oneWay ?? []).map((field) => `'${field}'`).join(' | ') || 'never';
      return `export const check${i}: Difference<${structType(sources, file, pairing.struct)}, ${type}, ${oneWay}> = 'none';`;
    }
    const names = [...sources(file).matchAll(pairing.pattern)].map(([, found]) => `'${found}'`);
    if (names.length === 0) throw new Error(`${file} has no ${pairing.pattern}`);
    return `export const check${i}: Difference<Record<${names.join(' | ')}, 1>, Record<${type}, 1>, never> = 'none';`;
  });
  return compile(name, { lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable'], types: [], skipLibCheck: true }, { 'rust.ts': [HEAD, ...checks].join('\n') });
}

const HEAD = `
import type * as Tasks from '../../../src/tasks.js';
import type * as Types from '../../../src/types.js';
import type * as Forward from '../../../src/forward.js';
import type * as Teach from '../../../src/teach.js';
import type * as Head from '../../../src/head.js';
import type { LukeErrorCode } from '../../../src/errors.js';
import type * as P from '../../../src/protocol.js';
/** Not a list of inputs. */
type Input<M> = Exclude<Extract<P.Call, { method: M }>['input'], readonly unknown[]>;
type Plain<T> = Required<Omit<T, 'unit'>>;
type Keys<A, B> = Exclude<keyof A, keyof B>;
type Difference<R, T, OneWay> = [Keys<R, T>] extends [never]
  ? [Keys<T, R>] extends [never] ? ([Mismatch<R, T, OneWay>] extends [never] ? 'none' : \`other type: \${Mismatch<R, T, OneWay> & string}\`) : \`only in TypeScript: \${Keys<T, R> & string}\`
  : \`only in Rust: \${Keys<R, T> & string}\`;
type Agree<R, T, OneWay> = [R] extends [T] ? ([T] extends [R] ? true : OneWay) : [T] extends [R] ? OneWay : false;
type Mismatch<R, T, OneWay> = { [K in keyof R & keyof T]-?: Agree<R[K], T[K], K extends OneWay ? true : false> extends true ? never : K }[keyof R & keyof T];
`;

/** A struct as a type literal. A field that may be left out is optional. */
function structType(sources: Sources, file: string, struct: string): string {
  const { attributes, body } = block(sources(file), 'struct', struct, file);
  const isInput = attributes.includes('Deserialize');
  const camel = attributes.includes('camelCase');
  const hasDefaults = /serde\([^)]*\bdefault\b/.test(attributes);
  // What the wasm does not know must be an error there: nothing on this side checks it.
  if (isInput && !attributes.includes('deny_unknown_fields')) throw new Error(`${struct} in ${file} takes unknown fields`);
  const parts: string[] = [];
  const fields = [...body.matchAll(/((?:^\s*(?:\/\/\/.*|#\[.*\])\n)*)^\s*pub (\w+): (.+),$/gm)].map(([, before, name, type]) => {
    if (/serde\(flatten\)/.test(before!)) {
      parts.push(`${structType(sources, file, type!)} & `);
      return '';
    }
    const isOptional = isInput ? hasDefaults || /serde\(default/.test(before!) || /^Option</.test(type!) : /skip_serializing_if/.test(before!);
    const value = type!.replace(/^Option<(.*)>$/, (whole, inner) => (isOptional ? inner : whole));
    return `${camel ? name!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) : name}${isOptional ? '?' : ''}: ${valueType(sources, value, isInput)}${isOptional ? ' | undefined' : ''};`;
  });
  const count = body.match(/^\s*pub /gm)?.length ?? 0;
  if (fields.length === 0 || fields.length !== count) throw new Error(`${struct} in ${file} cannot be read`);
  return `${parts.join('')}{ ${fields.join(' ')} }`;
}

function valueType(sources: Sources, type: string, isInput: boolean): string {
  const inner = (pattern: RegExp) => pattern.exec(type)?.[1];
  const list = isInput ? 'readonly ' : '';
  const item = inner(/^Vec<(.*)>$/);
  if (item !== undefined) return `${list}(${valueType(sources, item, isInput)})[]`;
  const optional = inner(/^Option<(.*)>$/);
  if (optional !== undefined) return `${valueType(sources, optional, isInput)} | null`;
  const entry = inner(/^BTreeMap<String, (.*)>$/);
  if (entry !== undefined) return `Readonly<Record<string, ${valueType(sources, entry, isInput)}>>`;
  if (type === '[usize; 2]') return 'Tasks.Pair';
  if (type in PRIMITIVES) return PRIMITIVES[type]!;
  if (type === 'Answer') return 'Tasks.Alternative';
  return namedType(sources, type, isInput);
}

/** A struct, or an enum: names in lower case, or what its untagged variants contain. */
function namedType(sources: Sources, name: string, isInput: boolean): string {
  const file = NAMED[name];
  if (!file) throw new Error(`the type ${name} has no form in TypeScript`);
  if (sources(file).includes(`\npub struct ${name} {`)) return structType(sources, file, name);
  const { attributes, body } = block(sources(file), 'enum', name, file);
  const variants = [...body.matchAll(/^ {4}(\w+)(?:\((.*)\)| \{\n([^}]*) {4}\})?,$/gm)];
  if (attributes.includes('untagged')) return variants.map(([, , content, fields]) => (fields === undefined ? valueType(sources, content!, isInput) : objectType(sources, fields, isInput))).join(' | ');
  if (!attributes.includes('rename_all = "lowercase"')) throw new Error(`${name} in ${file} is not written in lower case`);
  return variants.map(([, variant]) => `'${variant!.toLowerCase()}'`).join(' | ');
}

/** A variant with fields, all of which must be there. */
function objectType(sources: Sources, body: string, isInput: boolean): string {
  const fields = [...body.matchAll(/^ {8}(\w+): (.+),$/gm)].map(([, name, type]) => `${isInput ? 'readonly ' : ''}${name}: ${valueType(sources, type!, isInput)};`);
  return `{ ${fields.join(' ')} }`;
}

function block(text: string, kind: 'struct' | 'enum', name: string, file: string): { attributes: string; body: string } {
  const found = new RegExp(`((?:^#\\[[^\\n]*\\]\\n)*)^pub ${kind} ${name} \\{\\n(.*?)^\\}`, 'ms').exec(text);
  if (!found) throw new Error(`${file} has no ${kind} ${name}`);
  return { attributes: found[1]!, body: found[2]! };
}
