import { LukeError, type Luke, type TokenScore } from 'luke-web';
import { count, percent } from '../dom.js';
import { textField, type Field } from '../fields.js';
import { markedText, type Mark } from '../marked.js';
import { bars, heading } from '../results.js';
import type { Tab } from './tab.js';

/** The masks of RoBERTa and BERT. RoBERTa's mask token includes the white space before it. */
const MASKS = [/\s*<mask>/g, /\[MASK\]/g];

/** Masked words: the text with the best words filled in, and the best words for each mask. */
export function fillMask(): Tab {
  const text = textField('fillMask-text', 'Text with <mask> or [MASK] in it', 'Tokyo is the <mask> of Japan, and its largest <mask>.', 3);
  return {
    task: 'fillMask',
    name: 'Missing words',
    paper: 'masked words',
    about: 'Guesses the words that a text leaves out.',
    needs: 'a LukeForMaskedLM checkpoint, such as studio-ousia/luke-base',
    action: 'Guess the words',
    runs: 'on open',
    fields: [text],
    text,
    async run(luke, signal) {
      const masks = await predict(luke, text, signal);
      const { value } = text;
      return {
        summary: count(masks.length, 'mask'),
        body: [filled(value, masks), ...masks.flatMap((tokens, i) => [heading(`Mask ${i + 1}`), bars(tokens.map(({ token, score }) => ({ name: token.trim() || token, score })))])],
        data: { text: value, masks },
      };
    },
    args: () => [text.value],
  };
}

/** Calls the model. If the masks of the text are not those of its vocabulary, they are replaced by those in the text and the call is repeated. */
async function predict(luke: Luke, text: Field, signal: AbortSignal): Promise<TokenScore[][]> {
  const { value } = text;
  try {
    return await luke.fillMask(value, { signal });
  } catch (error) {
    const other = value.includes('<mask>') ? value.replaceAll('<mask>', '[MASK]') : value.replaceAll('[MASK]', '<mask>');
    if (!(error instanceof LukeError && error.code === 'input') || other === value) throw error;
    const masks = await luke.fillMask(other, { signal });
    if (text.value === value) text.value = other;
    return masks;
  }
}

/** The text with each mask replaced by its best token. */
function filled(text: string, masks: readonly TokenScore[][]): HTMLElement {
  const mask = MASKS.find((form) => [...text.matchAll(form)].length === masks.length) ?? MASKS[0]!;
  const marks: Mark[] = [];
  let whole = '';
  let at = 0;
  [...text.matchAll(mask)].slice(0, masks.length).forEach((match, i) => {
    const { token, score } = masks[i]![0]!;
    whole += text.slice(at, match.index);
    const start = whole.length + token.length - token.trimStart().length;
    whole += token;
    marks.push({ start, end: whole.length, label: percent(score), tint: 1 });
    at = match.index + match[0].length;
  });
  return markedText(whole + text.slice(at), marks);
}
