// The documents that other tools read: hard ones made by hand, and some of the random ones.
import fc from 'fast-check';
import { newLabelSet } from '../../model/labels.js';
import type { AnnotatedDocument, Corpus, Piece, Question, Relation, Span } from '../../model/types.js';
import { corpora } from '../testing.js';

/** Of the random documents. Another one tries others. */
const SEED = Number(process.env.ORACLE_SEED ?? 5909);
const MADE = { by: 'human', state: 'accepted' } as const;
const SUGGESTED = { by: 'model', state: 'suggested', score: 0.75, model: { name: 'luke', manifestHash: 'ab'.repeat(32) } } as const;

/** A label with the texts of the pieces, which are found one behind the other. */
type MadeSpan = readonly [label: string, ...pieces: string[]];

interface Made {
  readonly spans?: readonly MadeSpan[];
  /** Labels with the numbers of two spans. */
  readonly relations?: readonly (readonly [label: string, head: number, tail: number])[];
  readonly questions?: readonly (readonly [question: string, ...answers: string[]])[];
  /** Relations that a model suggests. */
  readonly suggested?: Made['relations'];
}

function made(name: string, text: string, { spans = [], relations = [], questions = [], suggested = [] }: Made = {}): AnnotatedDocument {
  const links = [...relations.map((relation) => ({ relation, how: MADE })), ...suggested.map((relation) => ({ relation, how: SUGGESTED }))];
  return {
    id: `made:${name}`, name, text, status: 'done',
    spans: spans.map(([label, ...pieces], index): Span => ({ id: `s${index}`, label: `span:${label}`, pieces: find(text, pieces), ...MADE })),
    relations: links.map(({ relation: [label, head, tail], how }, index): Relation => {
      return { id: `r${index}`, label: `relation:${label}`, head: `s${head}`, tail: `s${tail}`, ...how };
    }),
    questions: questions.map(([question, ...answers], index): Question => {
      return { id: `${name}-q${index}`, question, answers: answers.flatMap((answer) => find(text, [answer])), ...MADE };
    }),
  };
}

function find(text: string, quotes: readonly string[]): Piece[] {
  let from = 0;
  return quotes.map((quote) => {
    const start = text.indexOf(quote, from);
    if (start < 0 || quote === '') throw new Error(`${JSON.stringify(quote)} is not in the text ${JSON.stringify(text)}`);
    from = start + quote.length;
    return [start, from];
  });
}

const BY_HAND: readonly AnnotatedDocument[] = [
  made('emoji 🙂', '🥳 Ada Lovelace 👩‍💻 met 𝔏𝔬𝔫𝔡𝔬𝔫 👍🏽. 🇨🇭 won!', {
    spans: [['PER', 'Ada Lovelace'], ['LOC', '𝔏𝔬𝔫𝔡𝔬𝔫'], ['🙂', '👩‍💻'], ['🙂', '🥳'], ['LOC', '🇨🇭']],
    relations: [['born in', 0, 1]],
    questions: [['Where 🙂?', '𝔏𝔬𝔫𝔡𝔬𝔫', '👍🏽'], ['Why?']],
  }),
  made('empty', ''),
  made('combining', 'Beyonce\u0301 sang Z\u0351a\u0317lgo in Sa\u0303o Paulo, e\u0301\u0323 \u0301x.', {
    spans: [['PER', 'Beyonce\u0301'], ['LOC', 'Sa\u0303o Paulo'], ['Größe', 'e\u0301\u0323'], ['人名', 'Z\u0351a\u0317lgo']],
    questions: [['Who?', 'Beyonce\u0301']],
  }),
  made('folder/crlf.txt', 'Ada met\r\nCharles\r\n\r\nBabbage in\r\n  Paris.\r\nNew York\rLos Angeles\r\n', {
    spans: [['PER', 'Ada'], ['PER', 'Charles\r\n\r\nBabbage'], ['LOC', '  Paris'], ['LOC', 'New York\rLos Angeles']],
    relations: [['met', 0, 1], ['born in', 1, 2]],
    questions: [['Who met whom?', 'Charles\r\n\r\nBabbage']],
  }),
  made('right to left', 'שלום \u200fאדה לאבלייס\u200e בלונדון. ذهبت إلى القاهرة \u202eevil\u202c abc.', {
    spans: [['PER', 'אדה לאבלייס'], ['LOC', 'לונדון'], ['LOC', 'القاهرة'], ['born in', 'evil']],
    questions: [['أين؟', 'القاهرة']],
  }),
  made('nested', 'The Bank of England Museum in New York City, New York.', {
    spans: [
      ['ORG', 'Bank of England Museum'], ['ORG', 'Bank of England'], ['LOC', 'England'], ['FAC', 'Bank of England Museum'],
      ['A', 'Museum in New'], ['LOC', 'New York City'], ['LOC', 'City, New York'], ['B-PER', 'York'], ['LOC', 'York'],
    ],
    relations: [['part of', 1, 0], ['part of', 2, 1], ['part of', 3, 0]],
    suggested: [['near', 2, 5]],
  }),
  made('pieces', 'New and old York Times. Left or right\natrium and ventricle.', {
    spans: [['ORG', 'New', 'York Times'], ['ORG', 'old York Times'], ['ANAT', 'Left', 'atrium'], ['ANAT', 'right\natrium'], ['ANAT', 'right', 'ventricle']],
    relations: [['near', 0, 1]],
  }),
  made('neighbors', 'AnnaBob Carl Dora. Emil. Fritz\n\n\nGrete', {
    suggested: [['near', 0, 6]],
    spans: [['PER', 'Anna'], ['PER', 'Bob'], ['PER', 'Carl'], ['PER', 'Dora'], ['PER', 'Emil'], ['PER', 'Fritz'], ['PER', 'Grete']],
  }),
  made('white space', '\ufeff  \u00a0a\u2028b c\u0085d\u3000e \u200b\u00a0 f\u001cg \t \r\n', {
    spans: [['X', 'a'], ['X', 'b c\u0085d'], ['X', ' \u200b\u00a0'], ['X', 'g \t'], ['X', '\u001c'], ['X', '\ufeff']],
  }),
  made('syntax', '# text = x\n-DOCSTART- -X- O\n=SUM(A1);"q", |p|\tNER=B-PER _ -LRB- a=b <&> \'=x \\s O I-PER B-ORG', {
    spans: [
      ['O', '# text'], ['I-PER', '-DOCSTART-'], ['<&">', '=SUM(A1)'], ['__proto__', '"q"'], ['a:b', '|p|'], ["it's", '_'], ['PER', '-LRB-'],
      ['x=y|z', '\'=x \\s'], ['PER', '<&>'], ['two  words', 'NER=B-PER'],
    ],
    relations: [['a:b', 0, 1], ['<&">', 1, 2]],
    questions: [['What, "exactly"?', '"q"', '=SUM(A1)']],
  }),
  made('controls', 'a\u0007b \0 c \ufdd0 \u{10ffff} d', { spans: [['PER', 'a\u0007b'], ['X', '\0'], ['X', '\u{10ffff}'], ['LOC', 'd']] }),
];

/** Random documents with many annotations; their label ids are not names. */
function random(): Corpus {
  const isRich = ({ labelSets, documents }: Corpus) =>
    labelSets.length === 3 && documents.filter(({ spans, relations }) => spans.length > 3 && relations.length > 1).length > 2;
  const found = fc.sample(corpora({ documents: 6 }), { seed: SEED, numRuns: 2000 }).find(isRich);
  if (!found) throw new Error('No random corpus has enough documents with annotations.');
  return found;
}

export function oracleCorpus(): Corpus {
  const { labelSets, documents } = random();
  const named = documents.map((document, index): AnnotatedDocument => ({
    ...document, name: `random ${index + 1}`, questions: document.questions.map((question) => ({ ...question, id: `${index}-${question.id}` })),
  }));
  const names = (of: (document: AnnotatedDocument) => readonly { readonly label: string }[]) =>
    [...new Set(BY_HAND.flatMap(of).map(({ label }) => label.slice(label.indexOf(':') + 1)))];
  const own = [newLabelSet('span', names(({ spans }) => spans)), newLabelSet('relation', names(({ relations }) => relations))];
  return { name: 'oracle', labelSets: [...own, ...labelSets], documents: [...BY_HAND, ...named] };
}
