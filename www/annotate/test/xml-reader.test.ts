import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ProblemList } from '../formats/problems.js';
import { readXml, type XmlElement } from '../formats/xml-reader.js';
import { escapeXmlText, forbiddenIn, type XmlVersion } from '../formats/xmi-values.js';
import { reasons, textFile } from './helpers.js';
import { PROPERTY, texts } from './testing.js';

function read(file: string | Uint8Array): { children: XmlElement[]; root: XmlElement | undefined; problems: string[] } {
  const list = new ProblemList();
  const children: XmlElement[] = [];
  const bytes = typeof file === 'string' ? textFile(file, 'a.xml').bytes : file;
  const root = readXml(bytes, list.of('a.xml'), (child) => children.push(child));
  return { children, root, problems: reasons(list.all) };
}

test('elements with namespaces, attributes, children and text', () => {
  const { children, root, problems } = read(
    '<r xmlns:p="urn:p" a="1">\n<p:x p:id="2" b="&lt;&#10;&#x1F642;">t<y>u &amp; <![CDATA[<v>]]></y></p:x><z/>text</r>',
  );
  assert.deepEqual([problems, root?.name, root?.children, root?.text], [[], 'r', [], '']);
  assert.deepEqual(
    children.map(({ namespace, name, text, line }) => [namespace, name, text, line]),
    [
      ['urn:p', 'x', 't', 2],
      ['', 'z', '', 2],
    ],
  );
  assert.deepEqual(children[0]!.attributes, [
    { namespace: 'urn:p', name: 'id', value: '2' },
    { namespace: '', name: 'b', value: '<\n🙂' },
  ]);
  assert.deepEqual(
    children[0]!.children.map(({ name, text }) => [name, text]),
    [['y', 'u & <v>']],
  );
});

test('a DOCTYPE is refused before anything of it is expanded', () => {
  const laughs = Array.from({ length: 30 }, (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`).join('');
  for (const doctype of [
    `<!DOCTYPE r [<!ENTITY e0 "ha">${laughs}]>`,
    '<!DOCTYPE r SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1/">]>',
    '<!DOCTYPE r>',
  ])
    assert.deepEqual(read(`<?xml version="1.0"?>\n${doctype}<r>&e30;&x;</r>`).problems, [
      '2 error: the file has a DOCTYPE, which could define entities without end; such files are not read',
    ]);
  assert.deepEqual(read('<r>&x;</r>').problems, ['1 error: the XML is not valid at column 6: undefined entity']);
});

test('elements may be nested, but not without end', () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  assert.deepEqual(read(nested(100)).problems, []);
  for (const depth of [101, 200_000]) assert.deepEqual(read(nested(depth)).problems, ['1 error: elements are nested more than 100 deep']);
});

test('encodings', () => {
  const utf16 = (text: string) => new Uint8Array(Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0)).buffer);
  assert.deepEqual(
    read(utf16('<?xml version="1.0" encoding="UTF-16"?><r><x>é</x></r>')).children.map(({ text }) => text),
    ['é'],
  );
  assert.deepEqual(read('<?xml version="1.0" encoding="ASCII"?><r/>').problems, []);
  assert.deepEqual(read('<?xml version="1.0" encoding="ISO-8859-1"?><r/>').problems, [
    '1 error: the file says that its encoding is "ISO-8859-1"; only UTF-8 and UTF-16 are read',
  ]);
});

test('what is not XML is an error with its place', () => {
  for (const [text, reason] of [
    ['<r>\n<x></r>', '2 error: the XML is not valid at column 7: unexpected close tag'],
    ['<r a="1" a="2"/>', '1 error: the XML is not valid at column 16: duplicate attribute: a'],
    ['<p:r/>', '1 error: the XML is not valid at column 6: unbound namespace prefix: "p"'],
    ['<r>\u0001</r>', '1 error: the XML is not valid at column 4: disallowed character'],
    ['<r>&#1;</r>', '1 error: the XML is not valid at column 7: malformed character entity'],
    ['<?xml version="1.1"?><r>&#0;</r>', '1 error: the XML is not valid at column 28: malformed character entity'],
    ['<r', '1 error: the XML is not valid at column 2: document must contain a root element'],
    ['<r><x>', '1 error: the XML is not valid at column 6: unclosed tag: x'],
    ['<r/><r/>', ''],
  ] as const) {
    const { root, problems } = read(text);
    assert.equal(root, undefined, text);
    assert.equal(problems.length, 1);
    if (reason) assert.equal(problems[0], reason);
  }
});

test('a text comes back from an attribute and from an element, also over the parts in which the parser gets it', () => {
  fc.assert(
    fc.property(
      texts({ halves: true }),
      fc.constantFrom<XmlVersion[]>('1.0', '1.1'),
      fc.integer({ min: (1 << 16) - 120, max: (1 << 16) + 20 }),
      (text, version, before) => {
        const written = escapeXmlText(text, version);
        const head = `<?xml version="${version}"?>\n<r>`;
        const { children, problems } = read(`${head}${' '.repeat(before - head.length)}<x a="${written}">${written}</x></r>`);
        assert.deepEqual(problems, []);
        const [{ attributes, text: content }] = children as [XmlElement];
        assert.equal(attributes[0]!.value, content);
        if (forbiddenIn(text, version) === undefined) assert.equal(content, text);
        else assert.ok(content.length === text.length && content.includes('\ufffd'));
      },
    ),
    PROPERTY,
  );
});

test('line ends of the file are not those of the text', () => {
  const { children } = read('<r>\r\n<x a="1\r\n2\t3">4\r\n5\r6</x></r>');
  assert.deepEqual([children[0]!.attributes[0]!.value, children[0]!.text, children[0]!.line], ['1 2 3', '4\n5\n6', 3]);
});
