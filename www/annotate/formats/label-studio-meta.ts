// Who made a result of Label Studio, and when. Label Studio has no fields for some of it. That is in `meta.luke`, which Label Studio keeps.
import { labelId } from '../model/labels.js';
import { ORIGINS, STATUSES, type Extra, type Origin, type Piece, type Span, type Status } from '../model/types.js';
import { checkedPiece, readModel } from './documents.js';
import { filled, given, type Fields } from './fields.js';
import { isList } from './json-values.js';
import type { RawResults } from './label-studio-task.js';
import type { OffsetTable } from './offsets.js';


/** What spans and relations have in common. */
type Made = Pick<Span, 'by' | 'state' | 'score' | 'model' | 'at' | 'note' | 'was'>;

/** Reads what we have written about a task. */
export function readLuke(meta: Fields): { readonly name?: string; readonly status?: Status; readonly note?: string } | undefined {
  const luke = meta.object('luke');
  return luke && { ...given('name', luke.string('name')), ...given('status', luke.word('status', STATUSES)), ...given('note', luke.string('note')) };
}

/** Reads what results of one list have in common. */
export class MadeReader {
  readonly #list: RawResults;
  readonly #table: OffsetTable;
  /** The score of the whole prediction. It is used for each result, if no result has its own. */
  readonly #score: number | undefined;

  constructor(list: RawResults, table: OffsetTable) {
    this.#list = list;
    this.#table = table;
    const results = [...list.spans.map(({ fields }) => fields), ...list.relations];
    this.#score = results.some((fields) => fields.has('score')) ? undefined : list.score;
  }

  read(fields: Fields): Made {
    const isSuggestion = this.#list.kind === 'prediction';
    const score = fields.score('score') ?? this.#score;
    const origin = fields.raw('origin');
    const meta = fields.object('meta');
    const luke = meta?.object('luke');
    const at = luke?.number('at');
    const note = meta && noteOf(meta);
    const was = luke?.object('was');
    const model = luke ? readModel(luke.object('model')) : isSuggestion ? { name: this.#list.model ?? 'model', manifestHash: '' } : undefined;
    const by = origin === 'prediction-changed' ? 'human' : (luke?.word('by', ORIGINS) ?? (isSuggestion ? 'model' : originOf(origin)));
    meta?.reportRest();
    return {
      by,
      state: isSuggestion ? 'suggested' : 'accepted',
      ...given('score', score),
      ...given('model', model),
      ...given('at', at),
      ...given('note', note),
      ...given('was', was && this.#was(was)),
    };
  }

  #was(fields: Fields): Span['was'] {
    const pieces = (fields.list('pieces') ?? []).flatMap((value, index): Piece[] => {
      const [start, end] = isList(value) ? value.map((offset) => (typeof offset === 'number' ? offset : undefined)) : [];
      const piece = checkedPiece(this.#table, start, end, fields.report.in('pieces').in(index));
      return piece ? [piece] : [];
    });
    const label = fields.string('label');
    return pieces.length > 0 && label !== undefined
      ? { label: labelId('span', label), pieces, ...given('score', fields.score('score')) }
      : undefined;
  }
}

function originOf(origin: unknown): Origin {
  return origin === 'manual' ? 'human' : origin === 'prediction' ? 'model' : 'import';
}

function noteOf(meta: Fields): string | undefined {
  const lines = (meta.list('text') ?? []).filter((line) => typeof line === 'string');
  return lines.length > 0 ? lines.join('\n') : undefined;
}

/** The fields of a result that say who made it. `name` gives the names of labels. */
export function madeFields({ by, state, score, model, at, note, was }: Made, name: (label: string) => string): Extra {
  const before = was && { label: name(was.label), pieces: was.pieces, ...given('score', was.score) };
  const isTold = by !== 'import' || state === 'suggested' || model !== undefined || at !== undefined || before !== undefined;
  const luke = { by, ...(model && { model: { ...model } }), ...given('at', at), ...given('was', before) };
  const origin = by === 'human' ? (was ? 'prediction-changed' : 'manual') : by === 'model' ? 'prediction' : undefined;
  const meta = { ...(note !== undefined && { text: [note] }), ...(isTold && { luke }) };
  return { ...given('score', score), ...given('origin', origin), ...given('meta', filled(meta)) };
}
