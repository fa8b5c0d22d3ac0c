// What tests of the assistant share: documents, an assistant with a loaded model, and decisions.
import assert from 'node:assert/strict';
import { isRefusal, type Refusal } from '../model/refusal.js';
import { mergeSuggestions, type Suggestions } from '../model/suggest.js';
import type { DocumentChange } from '../model/changes.js';
import type { AnnotatedDocument, Notes, Span } from '../model/types.js';
import type { Assistant } from '../assistant/assistant.js';
import { document, notes, SETS, span } from './scenes.js';
import { Bench, HASH } from './assistant-fakes.js';

export const TEXT = 'Ada Byron met Charles Babbage in London.';
export const OTHER = 'Paris is far from Berlin. Rome is not.';
export const REF = { name: 'fake', manifestHash: HASH };

export async function loaded(documents: readonly AnnotatedDocument[], labelSets = SETS): Promise<{ bench: Bench; assistant: Assistant }> {
  const bench = await Bench.open(documents, labelSets);
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  await bench.quiet(assistant);
  return { bench, assistant };
}

export function shown(of: Notes, found: readonly Suggestions[], threshold = 0): readonly Span[] {
  return found.reduce((merged, each) => mergeSuggestions(merged, each, { threshold }), of).spans;
}

/** Decides on a span that is shown. */
export async function decide(bench: Bench, id: string, make: (of: Notes, text: string) => DocumentChange | Refusal): Promise<void> {
  const { notes: of, body } = await bench.project.document(id);
  const change = make(of, body.text);
  assert.ok(!isRefusal(change));
  await bench.project.edit({ documents: [{ id, change }] });
  await bench.refresh();
}

/** Documents that are done, with three spans each. */
export function doneDocuments(count: number): AnnotatedDocument[] {
  const spans = [span('a', 0, 9), span('b', 14, 29), span('c', 33, 39, 'LOC')];
  return Array.from({ length: count }, (_, index) => document(`d${index}`, TEXT, notes(spans), { status: 'done' }));
}
