// Who made a result of Label Studio, and when. What Label Studio has no field for is in `meta.luke`, which it keeps.
import { labelId } from '../model/labels.js';
import type { Extra, ModelRef, Origin, Piece, Span, Status } from '../model/types.js';
import { checkedPiece } from './documents.js';
import { given, type Fields } from './fields.js';
import { isList } from './json.js';
import type { RawResults } from './label-studio-task.js';
import type { OffsetTable } from './offsets.js';
import { show } from './problems.js';

const ORIGINS = ['human', 'model', 'import'] as const;
const STATUSES = ['new', 'draft', 'done', 'skipped', 'flagged'] as const;

/** What spans and relations have in common. */
type Made = Pick<Span, 'by' | 'state' | 'score' | 'model' | 'at' | 'note' | 'was'>;

/** What we wrote of a task. */
export function readLuke(meta: Fields): { readonly name?: string; readonly status?: Status; readonly note?: string } | undefined {
  const luke = meta.object('luke');
  return luke && { ...given('name', luke.string('name')), ...given('status', luke.word('status', STATUSES)), ...given('note', luke.string('note')) };
}

/** Reads what results of one list have in common. */
export class MadeReader {
  readonly #list: RawResults;
  readonly #table: OffsetTable;
  /** The score of the whole prediction counts for each of its results, if none has its own. */
  readonly #score: number | undefined;

  constructor(list: RawResults, table: OffsetTable) {
    this.#list = list;
    this.#table = table;
    const results = [...list.spans.map(({ fields }) => fields), ...list.relations];
    this.#score = results.some((fields) => fields.has('score')) ? undefined : list.score;
  }

  read(fields: Fields): Made {
    const isSuggestion = this.#list.kind === 'prediction';
    const score = scoreOf(fields, this.#score);
    const origin = fields.raw('origin');
    const meta = fields.object('meta');
    const luke = meta?.object('luke');
    const at = luke?.number('at');
    const note = meta && noteOf(meta);
    const was = luke?.object('was');
    const model = luke ? readModel(luke.object('model')) : isSuggestion ? { name: this.#list.model ?? 'model', manifestHash: '' } : undefined;
    const by = origin === 'prediction-changed' ? 'human' : (luke?.word('by', ORIGINS) ?? (isSuggestion ? 'model' : originOf(origin)));
    const more = meta?.rest();
    if (more) meta!.report.loss(`unknown fields are left out: ${show(Object.keys(more).join(', '))}`);
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
      ? { label: labelId('span', label), pieces, ...given('score', scoreOf(fields, undefined)) }
      : undefined;
  }
}

function scoreOf(fields: Fields, otherwise: number | undefined): number | undefined {
  const score = fields.number('score') ?? otherwise;
  if (score === undefined || (score >= 0 && score <= 1)) return score;
  return void fields.report.in('score').loss(`${show(score)} is not between 0 and 1`);
}

function originOf(origin: unknown): Origin {
  return origin === 'manual' ? 'human' : origin === 'prediction' ? 'model' : 'import';
}

function noteOf(meta: Fields): string | undefined {
  const lines = (meta.list('text') ?? []).filter((line) => typeof line === 'string');
  return lines.length > 0 ? lines.join('\n') : undefined;
}

function readModel(fields: Fields | undefined): ModelRef | undefined {
  return fields && { name: fields.string('name') ?? '', manifestHash: fields.string('manifestHash') ?? '', ...given('head', fields.string('head')) };
}

/** The fields of a result that say who made it. `name` tells the names of labels. */
export function madeFields({ by, state, score, model, at, note, was }: Made, name: (label: string) => string): Extra {
  const before = was && { label: name(was.label), pieces: was.pieces, ...given('score', was.score) };
  const isTold = by !== 'import' || state === 'suggested' || model !== undefined || at !== undefined || before !== undefined;
  const luke = { by, ...(model && { model: { ...model } }), ...given('at', at), ...given('was', before) };
  const origin = by === 'human' ? (was ? 'prediction-changed' : 'manual') : by === 'model' ? 'prediction' : undefined;
  const meta = { ...(note !== undefined && { text: [note] }), ...(isTold && { luke }) };
  return { ...given('score', score), ...given('origin', origin), ...(Object.keys(meta).length > 0 && { meta }) };
}
