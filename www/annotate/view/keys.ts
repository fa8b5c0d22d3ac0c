// The keyboard map as data: which key runs which command, and where. A person can choose other keys; a key never runs two commands.
import type { Json } from '../model/types.js';

/**
 * Where a key acts: `text` in the text, `spans` in the text and in the list of spans, `screen` everywhere outside fields and dialogs, `always`
 * in fields too.
 */
export type Place = 'text' | 'spans' | 'screen' | 'always';

export interface CommandInfo {
  readonly id: string;
  /** As the help and the palette name it. */
  readonly name: string;
  /** Empty: it has no key, as long as nobody gives it one. */
  readonly key: string;
  readonly where: Place;
  readonly group: 'Spans' | 'Relations and types' | 'Documents' | 'Find' | 'Project' | 'History and help';
}

const inText = { where: 'text', group: 'Spans' } as const;
const spans = { where: 'spans', group: 'Spans' } as const;
const screenSpans = { where: 'screen', group: 'Spans' } as const;
const relations = { where: 'screen', group: 'Relations and types' } as const;
const documents = { where: 'screen', group: 'Documents' } as const;
const find = { where: 'screen', group: 'Find' } as const;
const project = { where: 'screen', group: 'Project' } as const;
const help = { where: 'screen', group: 'History and help' } as const;

export const COMMANDS = [
  { id: 'next-span', name: 'Next span or suggestion', key: 'Tab', ...inText },
  { id: 'previous-span', name: 'Previous span or suggestion', key: 'Shift+Tab', ...inText },
  { id: 'accept', name: 'Accept the suggestion', key: 'Enter', ...spans },
  { id: 'remove', name: 'Reject the suggestion or remove the span', key: 'Backspace', ...spans },
  { id: 'accept-all', name: 'Accept all suggestions that are shown', key: 'Shift+Enter', ...spans },
  { id: 'start-left', name: 'Start of the span: one word to the left', key: '[', ...screenSpans },
  { id: 'start-right', name: 'Start of the span: one word to the right', key: ']', ...screenSpans },
  { id: 'end-left', name: 'End of the span: one word to the left', key: '{', ...screenSpans },
  { id: 'end-right', name: 'End of the span: one word to the right', key: '}', ...screenSpans },
  { id: 'start-left-character', name: 'Start of the span: one character to the left', key: 'Alt+[', ...screenSpans },
  { id: 'start-right-character', name: 'Start of the span: one character to the right', key: 'Alt+]', ...screenSpans },
  { id: 'end-left-character', name: 'End of the span: one character to the left', key: 'Alt+{', ...screenSpans },
  { id: 'end-right-character', name: 'End of the span: one character to the right', key: 'Alt+}', ...screenSpans },
  { id: 'occurrences', name: 'Label all occurrences', key: 'g', ...screenSpans },
  { id: 'add-piece', name: 'Add what is selected to the span, as a piece', key: '+', ...screenSpans },
  { id: 'remove-piece', name: 'Take what is selected, or the chosen piece, out of the span', key: '-', ...screenSpans },
  { id: 'split-piece', name: 'Split the span at the caret', key: '_', ...screenSpans },
  { id: 'next-piece', name: 'Choose the next piece, to move its edges', key: '.', ...screenSpans },
  { id: 'whole-words', name: 'Select whole words only, or any characters', key: '', ...screenSpans },
  { id: 'hide-suggestions', name: 'Hide or show suggestions', key: 'h', ...screenSpans },
  { id: 'relation', name: 'Relation from the span', key: 'r', ...relations },
  { id: 'all-arcs', name: 'All relations as arcs, or only those of the span', key: '', ...relations },
  { id: 'type', name: 'Type of the span', key: 't', ...relations },
  { id: 'done-next', name: 'Done, and the next document', key: 'Ctrl+Enter', ...documents },
  { id: 'next-document', name: 'Next document', key: 'j', ...documents },
  { id: 'previous-document', name: 'Previous document', key: 'k', ...documents },
  { id: 'next-open', name: 'Next open document', key: 'n', ...documents },
  { id: 'next-uncertain', name: 'Next most uncertain document', key: 'u', ...documents },
  { id: 'skip', name: 'Skip the document', key: 's', ...documents },
  { id: 'flag', name: 'Flag the document, or take the flag away', key: 'f', ...documents },
  { id: 'note', name: 'Note for the document', key: 'm', ...documents },
  { id: 'delete-document', name: 'Delete the document', key: '', ...documents },
  { id: 'find', name: 'Find in the document', key: '/', ...find },
  { id: 'ask', name: 'Ask the texts a question', key: 'q', ...find },
  { id: 'question', name: 'Write a question about the text', key: '', ...find },
  { id: 'palette', name: 'Documents and commands', key: 'Ctrl+k', where: 'always', group: 'Find' },
  { id: 'import', name: 'Import files', key: '', ...project },
  { id: 'export', name: 'Export', key: '', ...project },
  { id: 'labels', name: 'Edit labels', key: '', ...project },
  { id: 'load-model', name: 'Load the model', key: '', ...project },
  { id: 'teach', name: 'Teach my labels to the model', key: '', ...project },
  { id: 'model-labels', name: 'What the labels of the model mean', key: '', ...project },
  { id: 'second-look', name: 'Second look at documents that are done', key: '', ...project },
  { id: 'compare', name: 'Compare and merge with another version', key: '', ...project },
  { id: 'project', name: 'Name and guide of the project', key: '', ...project },
  { id: 'compare-model', name: 'Compare with the model', key: '', ...project },
  { id: 'storage', name: 'Storage and backup', key: '', ...project },
  { id: 'save-backup', name: 'Save a backup', key: '', ...project },
  { id: 'undo', name: 'Undo', key: 'Ctrl+z', ...help },
  { id: 'redo', name: 'Redo', key: 'Ctrl+Shift+z', ...help },
  { id: 'help', name: 'Keys', key: '?', ...help },
] as const satisfies readonly CommandInfo[];

export type CommandId = (typeof COMMANDS)[number]['id'];

/** Keys with a fixed meaning: they step out, move the caret, or belong to controls. */
const FIXED: ReadonlySet<string> = new Set([
  'Escape', 'Space', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown', 'Ctrl+c', 'Ctrl+a', 'Ctrl+v', 'Ctrl+x',
  'Ctrl+f', 'Ctrl+w', 'Ctrl+t', 'Ctrl+n', 'Ctrl+r', 'Ctrl+l',
]);

/** The part of a `KeyboardEvent` that says which key it was. */
export interface KeyEvent {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const BRACKETS: { readonly [code: string]: readonly [plain: string, shifted: string] } = { BracketLeft: ['[', '{'], BracketRight: [']', '}'] };

/** A key as the map writes it: `Ctrl+Shift+z`, `Alt+[`, `?`. Command keys of Macs count as Ctrl. A modifier alone is `''`. */
export function keyOf({ key, code, ctrlKey, metaKey, altKey, shiftKey }: KeyEvent): string {
  if (['Control', 'Shift', 'Alt', 'AltGraph', 'Meta', 'Dead', 'Process', 'Unidentified'].includes(key)) return '';
  const ctrl = ctrlKey || metaKey;
  const isCharacter = [...key].length === 1 && key !== ' ';
  // AltGr, and Alt on a Mac, type characters of their own: "[" on a German keyboard is AltGr+8, which browsers report as Ctrl+Alt.
  if (isCharacter && altKey && ctrl && !/^[a-z0-9]$/i.test(key)) return key;
  const base = isCharacter ? (altKey ? (plainOf(code, shiftKey) ?? key) : key) : key === ' ' ? 'Space' : key;
  const isLetter = /^\p{L}$/u.test(base);
  const parts = [ctrl && 'Ctrl', altKey && 'Alt', shiftKey && (isLetter || !isCharacter) && 'Shift', isLetter ? base.toLowerCase() : base];
  return parts.filter((part) => part !== false).join('+');
}

function plainOf(code: string, shiftKey: boolean): string | undefined {
  const bracket = BRACKETS[code];
  return bracket ? bracket[shiftKey ? 1 : 0] : /^(?:Key|Digit)(.)$/.exec(code)?.[1]?.toLowerCase();
}

/** A key for people: `Ctrl+Shift+Z`, `←`. */
export function showKey(key: string): string {
  const parts = key === '+' || key.endsWith('++') ? [...key.slice(0, -1).split('+').filter(Boolean), '+'] : key.split('+');
  return parts.map((part) => (part.length === 1 ? part.toUpperCase() : part)).join('+');
}

export interface Conflict {
  readonly conflict: string;
}

type Keys = { readonly [C in CommandId]?: string };

export class KeyMap {
  /** Only keys that a person chose. */
  readonly chosen: Keys;
  readonly #commands = new Map<string, CommandId>();

  private constructor(chosen: Keys) {
    this.chosen = chosen;
    for (const { id } of COMMANDS) if (this.keyOf(id)) this.#commands.set(this.keyOf(id), id);
  }

  static readonly standard = new KeyMap({});

  /** The map of stored settings. What does not fit, as from another version of the page, is left out. */
  static read(stored: Json | undefined): KeyMap {
    let map = KeyMap.standard;
    if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return map;
    for (const [id, key] of Object.entries(stored)) {
      if (!isCommand(id) || typeof key !== 'string' || !isKey(key)) continue;
      const next = map.with(id, key);
      if (next instanceof KeyMap) map = next;
    }
    return map;
  }

  keyOf(id: CommandId): string {
    return this.chosen[id] ?? standardKey(id);
  }

  commandOf(key: string): CommandId | undefined {
    return this.#commands.get(key);
  }

  /** The map with another key for a command; refused, if the key has another meaning. `labelKeys` has the labels by their keys. */
  with(id: CommandId, key: string, labelKeys: ReadonlyMap<string, string> = new Map()): KeyMap | Conflict {
    if (!isKey(key)) return { conflict: 'This is no key that can be used.' };
    if (FIXED.has(key)) return { conflict: `${showKey(key)} has a fixed meaning.` };
    const other = this.commandOf(key);
    if (other !== undefined && other !== id) return { conflict: `${showKey(key)} is the key of "${commandName(other)}".` };
    const label = labelKeys.get(key);
    if (label !== undefined) return { conflict: `${showKey(key)} is the key of the label ${label}.` };
    const { [id]: _, ...others } = this.chosen;
    return new KeyMap(key === standardKey(id) ? others : { ...others, [id]: key });
  }

  /** For the settings. */
  toJson(): Json {
    return { ...this.chosen };
  }
}

export function commandInfo(id: CommandId): CommandInfo {
  return COMMANDS.find((command) => command.id === id) ?? COMMANDS[0];
}

export function commandName(id: CommandId): string {
  return commandInfo(id).name;
}

function standardKey(id: CommandId): string {
  return commandInfo(id).key;
}

function isCommand(id: string): id is CommandId {
  return COMMANDS.some((command) => command.id === id);
}

/** Whether this may be the name of a key. */
function isKey(key: string): boolean {
  return /^(?:Ctrl\+)?(?:Alt\+)?(?:Shift\+)?(?:[^\s\p{Lu}\p{C}]|[A-Z][A-Za-z]+|F\d{1,2})$/u.test(key);
}
