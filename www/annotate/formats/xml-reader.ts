// Reads XML files of any size, of versions 1.0 and 1.1. Nothing outside of the file is read, and no entity is expanded but the five of XML:
// a file with a DOCTYPE is refused. Workers have no DOMParser, and DOMParser has no XML 1.1, which UIMA writes.
import { SaxesParser, type SaxesTagNS, type XMLDecl } from 'saxes';
import { show } from '../model/show.js';
import { decodeUtf8 } from './json.js';
import { messageOf, type Reporter } from './problems.js';

const MOST_BYTES = 1 << 28;
const MOST_DEPTH = 100;
/** The parser gets the text in parts, so that it holds no second copy of it. */
const PART = 1 << 16;

/** Encodings whose bytes `decodeUtf8` reads. */
const ENCODINGS = /^(utf-?8|utf-?16(le|be)?|(us-)?ascii)$/i;

export interface XmlElement {
  /** The namespace; empty, if it has none. */
  readonly namespace: string;
  /** Without prefix. */
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** The text directly in it. */
  readonly text: string;
  /** The line in which its first tag ends, counted from 1. */
  readonly line: number;
}

export interface XmlAttribute {
  readonly namespace: string;
  /** Without prefix. */
  readonly name: string;
  readonly value: string;
}

type OpenElement = XmlElement & { text: string; readonly children: XmlElement[] };

/** What ends the reading. */
class XmlFault extends Error {}

/**
 * Reads a file. `take` gets each child of the root as soon as it ends, so that a large file is never a whole tree. Returns the root, without
 * children; `undefined` and an error, if the file is not good XML, which is known only at its end.
 */
export function readXml(bytes: Uint8Array, report: Reporter, take: (child: XmlElement, root: XmlElement) => void): XmlElement | undefined {
  if (bytes.length > MOST_BYTES) return void report.error(`${bytes.length} bytes are more than the ${MOST_BYTES} that are read`);
  const text = decodeUtf8(bytes, report);
  if (text === undefined) return undefined;
  const reader = new Reader(take);
  try {
    return reader.read(text);
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    report.at(reader.line).error(error.message);
    return undefined;
  }
}

class Reader {
  readonly #parser = new SaxesParser({ xmlns: true });
  readonly #take: (child: XmlElement, root: XmlElement) => void;
  readonly #open: OpenElement[] = [];
  #root: OpenElement | undefined;

  constructor(take: (child: XmlElement, root: XmlElement) => void) {
    this.#take = take;
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw new XmlFault(`the XML is not valid at column ${Math.max(parser.column, 1)}: ${messageOf(error).replace(/^[\d:]+ |\.$/g, '')}`);
    });
    parser.on('xmldecl', (declaration) => checkEncoding(declaration));
    parser.on('doctype', () => {
      throw new XmlFault('the file has a DOCTYPE, which could define entities without end; such files are not read');
    });
    parser.on('opentag', (tag) => this.#enter(tag));
    parser.on('closetag', () => this.#leave());
    parser.on('text', (text) => this.#addText(text));
    parser.on('cdata', (text) => this.#addText(text));
  }

  get line(): number {
    return this.#parser.line;
  }

  read(text: string): XmlElement | undefined {
    for (let start = 0; start < text.length; start += PART) this.#parser.write(text.slice(start, start + PART));
    this.#parser.close();
    return this.#root;
  }

  #enter({ uri, local, attributes }: SaxesTagNS): void {
    if (this.#open.length === MOST_DEPTH) throw new XmlFault(`elements are nested more than ${MOST_DEPTH} deep`);
    const element: OpenElement = {
      namespace: uri,
      name: local,
      attributes: Object.values(attributes).map((attribute) => ({ namespace: attribute.uri, name: attribute.local, value: attribute.value })),
      children: [],
      text: '',
      line: this.line,
    };
    this.#root ??= element;
    if (this.#open.length > 1) this.#open.at(-1)!.children.push(element);
    this.#open.push(element);
  }

  #leave(): void {
    const element = this.#open.pop()!;
    if (this.#open.length === 1) this.#take(element, this.#root!);
  }

  #addText(text: string): void {
    const element = this.#open.at(-1);
    if (element && this.#open.length > 1) element.text += text;
  }
}

function checkEncoding({ encoding }: XMLDecl): void {
  if (encoding !== undefined && !ENCODINGS.test(encoding))
    throw new XmlFault(`the file says that its encoding is ${show(encoding)}; only UTF-8 and UTF-16 are read`);
}
