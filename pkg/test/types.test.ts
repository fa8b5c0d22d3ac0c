// What callers write compiles: the type tests in pkg/test/types, and every example of the documents.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { BROWSER, compile, installDeclarations, NODE, PKG } from './compile.js';
import { CONTEXT, documentExamples, sourceExamples } from './examples.js';

before(() => installDeclarations('types'));

const typeTest = (name: string) => readFileSync(join(PKG, 'test/types', name), 'utf8');

test('a page under the strictest flags', async () => {
  assert.equal(await compile('types/strict', BROWSER, { 'strict.ts': typeTest('strict.ts') }), '');
});

test('a project for Node.js without the types of the DOM, which checks declarations too', async () => {
  assert.equal(await compile('types/node', NODE, { 'node.ts': typeTest('node.ts') }), '');
});

test('a project that is not strict', async () => {
  const loose = { strict: false, exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false, noPropertyAccessFromIndexSignature: false };
  assert.equal(await compile('types/loose', { ...NODE, ...loose }, { 'node.ts': typeTest('node.ts') }), '');
});

test('every example of the documents and of the declarations', async () => {
  const examples = { ...sourceExamples(), ...documentExamples() };
  assert.ok(Object.keys(examples).length >= 25, `only ${Object.keys(examples).length} examples`);
  assert.equal(await compile('types/examples', BROWSER, { 'context.d.ts': CONTEXT, ...examples }), '');
});

test('an example that is wrong is found', async () => {
  const reported = await compile('types/wrong', BROWSER, { 'context.d.ts': CONTEXT, 'wrong.ts': "const { answer } = await luke.qa(question, context);\nawait luke.ner(text, { treshold: 1 });" });
  assert.match(reported, /wrong\.ts\(1,.*'answer'/);
  assert.match(reported, /wrong\.ts\(2,.*treshold/s);
});

test('every option of the declarations may be undefined', () => {
  const declarations = ['types', 'tasks', 'forward', 'store-types', 'pipeline', 'service-worker'].map((name) => readFileSync(join(PKG, `src/${name}.ts`), 'utf8')).join('\n');
  const optional = [...declarations.matchAll(/^  (?:readonly )?(\w+)\?: (.*);$/gm)];
  assert.ok(optional.length > 70, `only ${optional.length}`);
  assert.deepEqual(optional.filter(([, , type]) => !/\| undefined$/.test(type!)).map(([, name]) => name), []);
});
