// Files of UIMA with faults: each is named, and nothing throws.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { InputFile, ReadResult } from '../formats/format.js';
import { ProblemList } from '../formats/problems.js';
import { mergeTypes, readTypeSystem } from '../formats/type-system.js';
import { xmi } from '../formats/xmi.js';
import { reasons, textFile } from './helpers.js';
import { property } from './testing.js';
import { INCEPTION, sofa, xmiFile } from './xmi-scenes.js';

const read = (...files: readonly InputFile[]) => xmi.read(files) as ReadResult;

test('a file that is cut anywhere is an error, and gives no document', () => {
  const [file, types] = INCEPTION;
  const end = file!.bytes.length - 1 - '</xmi:XMI>'.length;
  fc.assert(
    fc.property(fc.nat(end), (length) => {
      const { corpus, problems } = read({ name: 'a.xmi', bytes: file!.bytes.slice(0, length) }, types!);
      assert.equal(corpus.documents.length, 0);
      assert.ok(problems.some(({ kind, file: name }) => kind === 'error' && name === 'a.xmi'));
    }),
    property(30),
  );
});

test('broken files are named', () => {
  const entity = (attributes: string) => `<type3:NamedEntity ${attributes}/>`;
  const good = 'xmi:id="2" sofa="1" begin="3" end="6" value="PER"';
  const lines = (...elements: readonly string[]) => xmiFile([sofa('🙂 Ada'), ...elements]);
  const broken: readonly (readonly [InputFile, number, readonly string[]])[] = [
    [lines(entity(good.replace('6', '99'))), 1, ['4 loss: xmi:id 2: 3 to 99 is outside of the text, which is 6 long in the unit utf-16']],
    [lines(entity(good.replace('"3"', '"1"'))), 1, ['4 loss: xmi:id 2: start 1 is inside of a character in the unit utf-16']],
    [lines(entity(good.replace('"3"', '"-1"'))), 1, ['4 loss: xmi:id 2: -1 to 6 is outside of the text, which is 6 long in the unit utf-16']],
    [lines(entity(good.replace('"3"', '"x"'))), 1, ['4 loss: xmi:id 2.begin: "x" is not a whole number; the structure is left out']],
    [
      lines(entity(good.replace('"6"', '"99999999999999999999"'))),
      1,
      ['4 loss: xmi:id 2.end: "99999999999999999999" is not a whole number; the structure is left out'],
    ],
    [lines(entity(good.replace(' end="6"', ''))), 1, ['4 loss: xmi:id 2: end is missing or not a number']],
    [lines(entity(good.replace('"3"', '"6"'))), 1, ['4 loss: xmi:id 2: 6 to 6 is empty; it is not shown, and is written again to a file of UIMA']],
    [lines(entity(good.replace('sofa="1"', 'sofa="9"'))), 1, ['4 loss: xmi:id 2: it refers to 9, which is not in the file']],
    [lines(entity(good), entity(good)), 1, ['5 loss: xmi:id 2: the id 2 occurs twice; the second structure is left out']],
    [lines(entity(good.replace('xmi:id="2" ', ''))), 1, ['4 loss: "NamedEntity" has no xmi:id; it is left out']],
    [lines(entity(good.replace('"2"', '"a2"'))), 1, ['4 loss: "NamedEntity" has the xmi:id "a2", which is no id; it is left out']],
    [lines(entity(good.replace('"2"', '"4294967296"'))), 1, ['4 loss: "NamedEntity" has the xmi:id "4294967296", which is no id; it is left out']],
    [lines(entity(`${good} xmi:x="1"`)), 1, ['4 loss: xmi:id 2: the attribute "x" is not a feature; it is left out']],
    [lines(entity(`${good} __proto__="1"`)), 1, ['4 loss: xmi:id 2: the attribute "__proto__" is not a feature; it is left out']],
    [lines('<type3:__proto__ xmi:id="2"/>'), 1, ['4 loss: "__proto__" is not a structure of UIMA; it is left out']],
    [
      lines(`<type3:NamedEntity ${good}><value>LOC</value></type3:NamedEntity>`),
      1,
      ['4 loss: xmi:id 2.value: it is an attribute and an element; the attribute is left out'],
    ],
    [
      lines(`<type3:NamedEntity ${good.replace('value="PER"', '')}><value>A</value><value>B</value></type3:NamedEntity>`),
      1,
      ['4 loss: xmi:id 2.value: 2 values are given, not one; they are left out'],
    ],
    [lines('<x xmi:id="3"/>'), 1, ['4 loss: "x" is not a structure of UIMA; it is left out']],
    [lines('<cas:View sofa="9" members="2"/>'), 1, ['4 loss: cas:View: the file has no cas:Sofa 9; it is left out']],
    [
      lines('<cas:View sofa="1" members="7 x 8"/>'),
      1,
      [
        '4 loss: cas:View: "x" is not the id of a structure; it is left out',
        '4 loss: cas:View: 2 of its members are not in the file, such as 7; they are left out',
      ],
    ],
    [lines('<cas:View sofa="1"/>', '<cas:View sofa="1"/>'), 1, ['5 loss: cas:View: "_InitialView" occurs twice; it is left out']],
    [lines('<cas:IntegerArray xmi:id="3" elements="1 b"/>'), 1, ['4 loss: xmi:id 3: "b" is not a whole number; it is left out']],
    [lines('<cas:ByteArray xmi:id="3" elements="0"/>'), 1, ['4 loss: xmi:id 3: "0" is not bytes in hexadecimal digits; they are left out']],
    [lines('<cas:FSArray xmi:id="3" elements="2 1"/>'), 1, ['4 loss: xmi:id 3: it refers to 2, which is not in the file']],
    [xmiFile([]), 0, ['- error: the file has no text: no "uima.cas.Sofa" with "sofaString"']],
    [textFile('<a/>', 'a.xmi'), 0, ['1 error: the file is not XMI: it begins with "a"']],
    [textFile('', 'a.xmi'), 0, ['1 error: the XML is not valid at column 1: document must contain a root element']],
    [{ name: 'a.xmi', bytes: new Uint8Array([0x3c, 0xff]) }, 0, ['1 error: the line is not valid UTF-8']],
  ];
  for (const [file, documents, expected] of broken) {
    const { corpus, problems } = read(file);
    assert.deepEqual(reasons(problems), expected);
    assert.equal(corpus.documents.length, documents);
  }
  assert.equal(({} as { x?: number }).x, undefined);
});

test('type systems: what is wrong in them, and what two of them have in common', () => {
  const list = new ProblemList();
  const types = (content: string) =>
    readTypeSystem(
      new TextEncoder().encode(`<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier">\n${content}</typeSystemDescription>`),
      list.of('t.xml'),
    );
  const one =
    '<types><typeDescription><name> a.B </name><supertypeName>a.A</supertypeName><features><featureDescription><name>x</name><rangeTypeName>uima.cas.Byte</rangeTypeName></featureDescription></features></typeDescription></types>';
  assert.deepEqual(types(one), { 'a.B': { '%NAME': 'a.B', '%SUPER_TYPE': 'a.A', x: { '%NAME': 'x', '%RANGE': 'uima.cas.Byte' } } });
  types('<imports><import location="b.xml"/></imports>');
  types('<types><typeDescription/><typeDescription><name>__proto__</name></typeDescription></types>');
  types(
    '<types><typeDescription><name>c</name><features><featureDescription><name>x</name></featureDescription></features></typeDescription></types>',
  );
  assert.equal(readTypeSystem(new TextEncoder().encode('<a/>'), list.of('t.xml')), undefined);
  assert.deepEqual(reasons(list.all), [
    '1 error: the file describes no types: it begins with "a"',
    '2 loss: it imports types of other files, which are not read',
    '2 loss: a type has the name nothing; it is left out',
    '2 loss: a type has the name "__proto__"; it is left out',
    '2 loss: c: the feature "x" has no name or no type; it is left out',
  ]);
  const type = (range: string, superType = 'a.A') => ({ 'a.B': { '%NAME': 'a.B', '%SUPER_TYPE': superType, x: { '%NAME': 'x', '%RANGE': range } } });
  assert.deepEqual(mergeTypes(type('p'), { ...type('p'), c: {} }), { ...type('p'), c: {} });
  assert.equal(mergeTypes(type('p'), type('q')), undefined);
  assert.equal(mergeTypes(type('p'), type('p', 'other')), undefined);
});
