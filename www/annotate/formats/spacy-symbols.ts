// The strings that have small numbers in spaCy instead of hashes (`spacy/symbols.pyx` of spaCy 3.8.18). Their order is their number, from 1.

/** `FLAG19..63` stands for FLAG19 to FLAG63. */
const NAMES = `
  IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM LIKE_EMAIL IS_STOP IS_OOV_DEPRECATED IS_BRACKET
  IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY FLAG19..63 ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB
  ENT_TYPE HEAD SENT_START SPACY PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X EOL SPACE
  DEPRECATED001..276 PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY QUANTITY ORDINAL CARDINAL
  acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm conj cop csubj csubjpass dep det dobj expl hmod hyph infmod intj iobj
  mark meta neg nmod nn npadvmod nsubj nsubjpass num number oprd obj obl parataxis partmod pcomp pobj poss possessive preconj prep prt punct
  quantmod relcl rcmod root xcomp acl ENT_KB_ID MORPH ENT_ID IDX _
`;

/** The number of each symbol. */
export const SPACY_SYMBOLS: ReadonlyMap<string, bigint> = new Map(symbols().map((name, index) => [name, BigInt(index + 1)]));

function symbols(): string[] {
  return NAMES.trim().split(/\s+/).flatMap((name) => {
    const range = /^([A-Z]+)(\d+)\.\.(\d+)$/.exec(name);
    if (!range) return [name];
    const [, word, first, last] = range as unknown as [string, string, string, string];
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => word + String(Number(first) + index).padStart(first.length, '0'));
  });
}
