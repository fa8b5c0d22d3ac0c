// The types of options and results agree with the structs of the Rust side: a field that only one of them has is found.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ENTITY } from '../src/info.js';
import { differences, fromDisk, type Names, type Pairing, type Sources } from './rust.js';

const options = (name: string) => `Omit<Tasks.${name}, keyof Tasks.CallOptions>`;

const PAIRINGS: (Pairing | Names)[] = [
  { file: 'src/tasks/ner/types.rs', struct: 'NerOptions', type: options('NerOptions<string, boolean, number>'), oneWay: ['sentences'] },
  { file: 'src/tasks/labels.rs', struct: 'LabelOptions', type: options('LabelOptions') },
  { file: 'src/tasks/qa/types.rs', struct: 'QaOptions', type: options('QaOptions') },
  { file: 'src/tasks/cloze/types.rs', struct: 'ClozeOptions', type: options('ClozeOptions') },
  { file: 'src/tasks/fill_mask.rs', struct: 'FillMaskOptions', type: options('FillMaskOptions') },
  { file: 'src/tasks/predict_entities.rs', struct: 'PredictEntitiesOptions', type: options('PredictEntitiesOptions') },
  { file: 'src/tasks/embed.rs', struct: 'EmbedOptions', type: options('EmbedOptions') },

  { file: 'src/tasks/ner/types.rs', struct: 'Words', type: 'Tasks.WordList', oneWay: ['sentences'] },
  { file: 'src/tasks/typing.rs', struct: 'TypingInput', type: "Input<'typing'>" },
  { file: 'src/tasks/relation.rs', struct: 'RelationInput', type: "Input<'relation'>" },
  { file: 'src/tasks/qa/types.rs', struct: 'QaInput', type: "Input<'qa'>" },
  { file: 'src/tasks/cloze/types.rs', struct: 'ClozeInput', type: "Input<'cloze'>" },
  { file: 'src/tasks/fill_mask.rs', struct: 'FillMaskInput', type: "Input<'fillMask'>" },
  { file: 'src/tasks/predict_entities.rs', struct: 'PredictEntitiesInput', type: "Input<'predictEntities'>" },
  { file: 'src/tasks/embed.rs', struct: 'EmbedInput', type: "Input<'embed'>", oneWay: ['spans'] },
  { file: 'src/inputs.rs', struct: 'ModelInputs', type: 'Forward.ForwardInputs' },
  // A generic struct inside of a function there.
  { file: 'src/tasks/teach/types.rs', pattern: /^ {12}_?(\w+): (?:TaughtTask|String|Option<Vec<String>>|Vec<E>),$/gm, type: "keyof Input<'teach'>" },
  { file: 'src/tasks/teach/types.rs', struct: 'Example', type: 'Teach.Example' },
  { file: 'src/tasks/teach/types.rs', struct: 'TypingExample', type: 'Teach.TypingExample', oneWay: ['span'] },
  { file: 'src/tasks/teach/types.rs', struct: 'RelationExample', type: 'Teach.RelationExample', oneWay: ['head', 'tail'] },
  { file: 'src/tasks/teach/types.rs', struct: 'ExampleSpan', type: "Omit<Teach.ExampleSpan, 'unit'>" },
  { file: 'src/tasks/teach/types.rs', struct: 'TeachOptions', type: "Omit<Teach.TeachOptions, keyof Tasks.CallOptions | 'onProgress'>" },
  { file: 'src/tasks/rank.rs', struct: 'RankOptions', type: "Omit<Head.RankOptions, keyof Tasks.CallOptions | 'head'>" },

  { file: 'src/tasks/ner/types.rs', struct: 'Entity', type: "Omit<Tasks.Entity, 'unit'>" },
  { file: 'src/tasks/ner/types.rs', struct: 'RunnerUp', type: "Omit<Tasks.RunnerUp, 'unit'>" },
  { file: 'src/tasks/labels.rs', struct: 'LabelScore', type: 'Tasks.LabelScore' },
  // `answerable` is the discriminant of a union there.
  { file: 'src/tasks/qa/types.rs', struct: 'Answer', type: 'Plain<Tasks.FoundAnswer>', oneWay: ['answerable'] },
  { file: 'src/tasks/cloze/types.rs', struct: 'ClozeAnswer', type: 'Plain<Tasks.ClozeAnswer>' },
  { file: 'src/tasks/fill_mask.rs', struct: 'TokenScore', type: 'Tasks.TokenScore' },
  { file: 'src/tasks/predict_entities.rs', struct: 'EntityScore', type: 'Tasks.EntityScore' },
  { file: 'src/tasks/embed.rs', struct: 'Token', type: 'Plain<Tasks.Token>' },
  { file: 'src/taught/mod.rs', struct: 'About', type: 'Teach.HeadFacts' },
  { file: 'src/tasks/teach/types.rs', struct: 'TeachReport', type: 'Teach.TeachReport' },
  { file: 'src/tasks/teach/types.rs', struct: 'LabelReport', type: 'Teach.LabelReport' },
  { file: 'src/tasks/teach/types.rs', struct: 'Quality', type: 'Teach.Quality' },
  { file: 'src/tasks/teach/types.rs', struct: 'Confusion', type: 'Teach.Confusion' },
  { file: 'src/tasks/teach/types.rs', struct: 'TeachProgress', type: 'Teach.TeachProgress' },
  { file: 'src/tasks/rank.rs', struct: 'Ranked', type: 'Head.Ranked' },
  // `src/wasm/mod.rs` makes tensors of the vectors.
  { file: 'src/tasks/embed.rs', pattern: /^ +pub (\w+): (?:Option<)?Vec<(?:f32|Token)>>?,$/gm, type: 'keyof Tasks.Embedding' },

  { file: 'src/heads/table.rs', pattern: /^ +key: "(\w+)",$/gm, type: 'Types.Head' },
  { file: 'src/heads/table.rs', pattern: /^ +Self::\w+ => "(\w+)",$/gm, type: 'Types.Task' },
  { file: 'src/compute/dtype.rs', pattern: /^ {4}(\w+\d),$/gm, type: "Capitalize<Types.RuntimeInfo['dtype']>" },
  // The wasm never gives the hidden states of all layers.
  { file: 'src/model/output.rs', pattern: /^ +Self::(?!Hidden)\w+ => "(\w+)",$/gm, type: 'keyof Forward.ForwardOutputs' },
  // Ended calls have the reason of their end instead; the other codes are those of the package.
  { file: 'src/compute/error.rs', pattern: /^ +Self::(?!Aborted)\w+.* => "([\w-]+)",$/gm, type: "Exclude<LukeErrorCode, 'quota' | 'worker-lost' | 'disposed' | 'internal'>" },
];

test('all options, arguments and results agree', async () => {
  assert.equal(await differences('rust/all', PAIRINGS, fromDisk), '');
});

test('"no entity" has the same names', () => {
  const [, names] = /^const NO_ENTITY: \[&str; \d\] = (.*);$/m.exec(fromDisk('src/heads/spec.rs'))!;
  assert.deepEqual(JSON.parse(names!), NO_ENTITY);
});

/** The sources with a change in one of them. */
const changed = (file: string, from: string | RegExp, to: string): Sources => (asked) => {
  const text = fromDisk(asked);
  if (asked !== file) return text;
  assert.match(text, typeof from === 'string' ? new RegExp(from.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')) : from);
  return text.replace(from, to);
};

test('a field that only one side has is named, and so is one of another type', async () => {
  const found = (file: string, from: string, to: string) => differences('rust/changed', PAIRINGS, changed(file, from, to));
  const ner = 'src/tasks/ner/types.rs';
  assert.match(await found(ner, '    pub threshold: Option<f64>,\n', '    pub threshold: Option<f64>,\n    /// New.\n    pub at_most: Option<f64>,\n'), /only in Rust: atMost/);
  assert.match(await found(ner, '    pub max_span_tokens: Option<usize>,\n', ''), /only in TypeScript: maxSpanTokens/);
  assert.match(await found(ner, '    pub score: f64,\n', '    pub score: String,\n'), /other type: score/);
  assert.match(await found(ner, '    pub lost_to: LostTo,\n', '    pub lost_to: LostTo,\n    /// New.\n    pub rank: usize,\n'), /only in Rust: rank/);
  assert.match(await found('src/tasks/embed.rs', '    Cls,\n', '    Cls,\n    /// New.\n    Max,\n'), /other type: pooling/);
  assert.match(await found('src/heads/table.rs', '        key: "qa",', '        key: "qaNew",'), /only in Rust: qaNew/);
  assert.match(await found('src/heads/spec.rs', '    Likely,\n', '    Likely,\n    /// New.\n    Unlikely,\n'), /other type: candidates/);
  const teach = 'src/tasks/teach/types.rs';
  assert.match(await found(teach, '    pub folds: usize,\n', ''), /only in TypeScript: folds/);
  assert.match(await found(teach, '    pub label: String,\n}', '    pub label: usize,\n}'), /other type: label/);
  assert.match(await found(teach, '    Teaching,\n', '    Teaching,\n    /// New.\n    Judging,\n'), /other type: phase/);
  assert.match(await found(teach, '            examples: Vec<E>,\n', ''), /only in TypeScript: examples/);
  assert.match(await found(teach, '    pub span: ExampleMention,\n', '    pub span: Vec<String>,\n'), /other type: span/);
  assert.match(await found(teach, '        end: usize,\n', '        last: usize,\n'), /other type: (span|head|tail)/);
  assert.match(await found('src/tasks/rank.rs', '    pub top_k: Option<usize>,\n', '    pub top_k: Option<usize>,\n    /// New.\n    pub seed: u64,\n'), /only in Rust: seed/);
  assert.match(await found('src/taught/mod.rs', '    pub hidden: usize,\n', ''), /only in TypeScript: hidden/);
  assert.match(await found('src/tasks/fill_mask.rs', '    pub logit: f32,\n', '    pub logit: f32,\n    /// New.\n    pub rank: usize,\n'), /only in Rust: rank/);
});

test('options that would take unknown fields are refused, as nothing else would notice them', async () => {
  const lax = changed('src/tasks/labels.rs', 'deny_unknown_fields, ', '');
  await assert.rejects(differences('rust/lax', PAIRINGS, lax), /LabelOptions in src\/tasks\/labels.rs takes unknown fields/);
});
