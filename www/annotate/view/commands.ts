// What each command does, and which key event runs which command or label.
import { WHEN_TAUGHT } from '../assistant/examples.js';
import { given } from '../formats/fields.js';
import type { Move } from '../model/spans.js';
import { commandInfo, keyOf, type CommandId, type KeyEvent, type Place } from './keys.js';
import { warning } from './messages.js';
import type { DialogName, Screen } from './screen.js';

/** Where a key was pressed: in the text, in the list of spans, in a field for text, or anywhere else. */
export type Where = 'text' | 'spans' | 'field' | 'elsewhere';

function move(edge: Move['edge'], direction: Move['direction'], by: Move['by']): (screen: Screen) => unknown {
  return ({ editing, pieces }) => editing.move({ edge, direction, by, ...given('piece', pieces.chosen.value) });
}

function dialog(name: DialogName): (screen: Screen) => unknown {
  return (screen) => (screen.dialog.value = name);
}

const ACTIONS: { readonly [C in CommandId]: (screen: Screen) => unknown } = {
  'next-span': ({ editing }) => editing.moveFocus(1),
  'previous-span': ({ editing }) => editing.moveFocus(-1),
  accept: ({ editing }) => editing.accept(),
  remove: ({ editing }) => (editing.mode.value === 'type' ? editing.clearType() : editing.remove()),
  'accept-all': ({ editing }) => editing.acceptAll(),
  'start-left': move('start', 'left', 'word'),
  'start-right': move('start', 'right', 'word'),
  'end-left': move('end', 'left', 'word'),
  'end-right': move('end', 'right', 'word'),
  'start-left-character': move('start', 'left', 'character'),
  'start-right-character': move('start', 'right', 'character'),
  'end-left-character': move('end', 'left', 'character'),
  'end-right-character': move('end', 'right', 'character'),
  occurrences: (screen) => {
    const { selection, focused } = screen.session;
    if (selection.value || focused.value) screen.dialog.value = 'occurrences';
    else screen.session.say(warning('Select some text first, or go to a span by Tab.'));
  },
  'add-piece': ({ pieces }) => pieces.add(),
  'remove-piece': ({ pieces }) => pieces.remove(),
  'split-piece': ({ pieces, text }) => pieces.split(text?.caret),
  'next-piece': ({ pieces }) => pieces.chooseNext(),
  'whole-words': (screen) => screen.toggle('wholeWords'),
  'all-arcs': (screen) => screen.toggle('allArcs'),
  'hide-suggestions': ({ session }) => (session.suggestionsHidden.value = !session.suggestionsHidden.value),
  relation: ({ editing }) => editing.startRelation(),
  type: ({ editing }) => editing.startType(),
  'done-next': ({ navigation }) => navigation.finish('done'),
  'next-document': ({ navigation }) => navigation.step(1),
  'previous-document': ({ navigation }) => navigation.step(-1),
  'next-open': ({ navigation }) => navigation.nextOpen(),
  'next-uncertain': ({ navigation }) => navigation.nextUncertain(),
  skip: ({ navigation }) => navigation.finish('skipped'),
  flag: ({ session, editing }) => editing.setStatus(session.document.value?.head.status === 'flagged' ? 'draft' : 'flagged'),
  note: (screen) => {
    if (screen.session.document.value) screen.dialog.value = 'note';
  },
  'delete-document': (screen) => {
    const { session } = screen;
    if (session.isReadOnly || !session.document.value) session.say(warning('There is no document open that can be deleted here.'));
    else screen.dialog.value = 'delete-document';
  },
  find: ({ text }) => text?.openSearch(),
  ask: dialog('ask'),
  question: (screen) => {
    if (!screen.session.document.value) return;
    screen.question.value = undefined;
    screen.dialog.value = 'question';
  },
  palette: dialog('palette'),
  import: dialog('import'),
  export: dialog('export'),
  labels: dialog('labels'),
  'load-model': ({ assistant, text }) => {
    text?.focusText(); // the button of this command goes
    return assistant.loadModel();
  },
  teach: ({ assistant, session, text }) => {
    text?.focusText();
    if (assistant.modelState.value.kind !== 'ready') return session.say(warning('Load the model first.'));
    if (!assistant.canTeach.value) return session.say(warning(WHEN_TAUGHT));
    return assistant.teachNow();
  },
  'model-labels': dialog('model-labels'),
  'second-look': dialog('second-look'),
  compare: dialog('compare'),
  project: dialog('project'),
  'compare-model': dialog('compare-model'),
  storage: dialog('storage'),
  'save-backup': ({ backup }) => backup.save(),
  undo: ({ session }) => session.undo(),
  redo: ({ session }) => session.redo(),
  help: dialog('help'),
};

/** Runs a command. What it says goes to the line of messages; it never rejects. */
export function run(screen: Screen, id: CommandId): void {
  ACTIONS[id](screen);
}

const PLACES: { readonly [P in Place]: readonly Where[] } = {
  text: ['text'], spans: ['text', 'spans'], screen: ['text', 'spans', 'elsewhere'], always: ['text', 'spans', 'elsewhere', 'field'],
};

/** Turns key events into commands and labels. */
export class KeyHandler {
  readonly #screen: Screen;
  /** Escape was pressed in the text: then Tab leaves the text, as everywhere else. */
  #leaving = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Whether the event had a meaning; then the browser is not to act on it. */
  handle(event: KeyEvent, where: Where): boolean {
    const key = keyOf(event);
    if (!key || this.#screen.dialog.value) return false;
    if (key === 'Escape') return this.#escape(where);
    if (this.#leaving && (key === 'Tab' || key === 'Shift+Tab')) return false;
    this.#leaving = false;
    const command = this.#screen.keys.value.commandOf(key);
    if (command !== undefined) return this.#runAt(command, where);
    return where !== 'field' && this.#label(key);
  }

  #runAt(command: CommandId, where: Where): boolean {
    const isMeant = PLACES[commandInfo(command).where].includes(where);
    if (isMeant) run(this.#screen, command);
    return isMeant;
  }

  /** The first Escape steps out of a relation, a type or a new piece, the next lets Tab leave the text. The text view may use it too. */
  #escape(where: Where): boolean {
    if (this.#screen.editing.stepOut() || this.#screen.pieces.stepOut()) return true;
    this.#leaving = where === 'text';
    return false;
  }

  #label(key: string): boolean {
    const { editing } = this.#screen;
    const label = editing.labels.value.find((each) => each.key !== undefined && keyOfLabel(each.key) === key);
    if (!label) return false;
    void editing.label(label.id);
    return true;
  }
}

/** The key of a label as key events are written: a capital letter needs Shift. */
function keyOfLabel(key: string): string {
  return /^\p{Lu}$/u.test(key) ? `Shift+${key.toLowerCase()}` : key;
}
