import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeXml, isXmlText, xmlTags } from '../formats/xml-tags.js';
import { PROPERTY, texts } from './testing.js';

function read(text: string): { tags: string[]; stop: number | undefined } {
  const tags: string[] = [];
  const reader = xmlTags(text);
  let next = reader.next();
  for (; !next.done; next = reader.next()) tags.push(`${next.value.kind} ${next.value.name} ${JSON.stringify([...next.value.attributes])}`);
  return { tags, stop: next.value };
}

test('tags with attributes', () => {
  const { tags, stop } = read('<?xml version="1.0"?>\n<!DOCTYPE x><!-- <no/> --><A b="1" c=\'"\'>text &lt; <B/><![CDATA[<no>]]></A >');
  assert.deepEqual([tags, stop], [['open A [["b","1"],["c","\\""]]', 'empty B []', 'close A []'], undefined]);
});

test('entities and white space in attributes', () => {
  assert.deepEqual(read('<A b="&amp;&#38;&#x1F642;&lt;&quot;&apos;&none;&#99999999;&toString;\r\n\tx&#10;"/>').tags, [
    'empty A [["b","&&🙂<\\"\'&none;&#99999999;&toString;  x\\n"]]',
  ]);
});

test('what is no tag stops it', () => {
  for (const text of ['<A b>', '<A b=1>', '<A b="x>', '< A>', '<A', '<A b="<"/>', '<!-- x', '<1/>'])
    assert.deepEqual(read(text), { tags: [], stop: 0 }, text);
});

test('text in an attribute comes back', () => {
  fc.assert(fc.property(texts({ halves: true }), (text) => {
    const [tag] = xmlTags(`<A b="${escapeXml(text)}"/>`);
    const back = tag!.attributes.get('b')!;
    if (isXmlText(text)) assert.equal(back, text);
    else assert.equal(back.length <= text.length && back.includes('\ufffd'), true);
  }), PROPERTY);
});
