// The tags of small XML files, such as configurations. Text between tags is passed over.

export interface Tag {
  readonly name: string;
  readonly kind: 'open' | 'close' | 'empty';
  readonly attributes: ReadonlyMap<string, string>;
  /** Where it begins in the text. */
  readonly at: number;
}

const SKIPPED = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<![^>]*>/y;
const NAME = /<\/?([A-Za-z_][\w.:-]*)/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const END = /\s*(\/?)>/y;
const ENTITIES: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Yields the tags in order. It stops at a `<` that does not begin a tag, and returns its offset. */
export function* xmlTags(text: string): Generator<Tag, number | undefined> {
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const skipped = match(SKIPPED, text, at);
    if (skipped) {
      at += skipped[0].length;
      continue;
    }
    const tag = tagAt(text, at);
    if (!tag) return at;
    yield tag.tag;
    at = tag.end;
  }
  return undefined;
}

function tagAt(text: string, at: number): { tag: Tag; end: number } | undefined {
  const name = match(NAME, text, at);
  if (!name) return undefined;
  let end = at + name[0].length;
  const attributes = new Map<string, string>();
  for (let found = match(ATTRIBUTE, text, end); found; found = match(ATTRIBUTE, text, end)) {
    attributes.set(found[1]!, unescapeXml((found[2] ?? found[3]!).replace(/\r\n|[\r\n\t]/g, ' ')));
    end += found[0].length;
  }
  const close = match(END, text, end);
  if (!close) return undefined;
  const kind = text[at + 1] === '/' ? 'close' : close[1] ? 'empty' : 'open';
  return { tag: { name: name[1]!, kind, attributes, at }, end: end + close[0].length };
}

function match(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-fA-F]+)|(\w+));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex!, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Text for an attribute between double quotes. Characters that XML cannot have become U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[<>&"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Whether XML can have all characters of a text. */
export function isXmlText(text: string): boolean {
  return text.search(FORBIDDEN) < 0;
}

const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu;
