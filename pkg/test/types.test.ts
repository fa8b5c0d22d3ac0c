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
  const [inSource, inDocuments] = [sourceExamples(), documentExamples()];
  assert.ok(Object.keys(inSource).length >= 18, `only ${Object.keys(inSource).length} examples in the source`);
  assert.ok(Object.keys(inDocuments).length >= 22, `only ${Object.keys(inDocuments).length} examples in the documents`);
  assert.equal(await compile('types/source', { ...BROWSER, jsx: 'react-jsx' }, { 'context.d.ts': CONTEXT, ...inSource }), '');
  // In JavaScript, parameters have no types.
  const javaScript = { ...BROWSER, allowJs: true, checkJs: true, noImplicitAny: false, jsx: 'react-jsx' };
  assert.equal(await compile('types/documents', javaScript, { 'context.d.ts': CONTEXT, ...inDocuments }), '');
});

test('an example that is wrong is found', async () => {
  const reported = await compile('types/wrong', BROWSER, { 'context.d.ts': CONTEXT, 'wrong.ts': "const { answer } = await luke.qa(question, context);\nawait luke.ner(text, { treshold: 1 });" });
  assert.match(reported, /wrong\.ts\(1,.*'answer'/);
  assert.match(reported, /wrong\.ts\(2,.*treshold/s);
  const inScript = await compile('types/wrong-js', { ...BROWSER, allowJs: true, checkJs: true }, { 'context.d.ts': CONTEXT, 'wrong.js': "console.log((await luke.qa(question, context)).answer);" });
  assert.match(inScript, /wrong\.js\(1,.*'answer'/);
});

test('every option of the declarations may be undefined', () => {
  const declarations = ['types', 'tasks', 'teach', 'head', 'forward', 'store-types', 'pipeline', 'service-worker'].map((name) => readFileSync(join(PKG, `src/${name}.ts`), 'utf8')).join('\n');
  const optional = [...declarations.matchAll(/^  (?:readonly )?(\w+)\?: (.*);$/gm)];
  assert.ok(optional.length > 70, `only ${optional.length}`);
  assert.deepEqual(optional.filter(([, , type]) => !/\| undefined$/.test(type!)).map(([, name]) => name), []);
});
